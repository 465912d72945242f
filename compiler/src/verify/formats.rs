//! Blocks: stored in formats that the core decodes, delivered as the network says.

use quarrion_isa::chip::{Chip, CoreType, SynapseFormatKind};
use quarrion_isa::learning::LearningRule;
use quarrion_isa::program::{Block, Program};
use quarrion_isa::synapse::{KernelBlock, ListFormat, PackedBlock, SynapseBlock};

use super::Findings;
use super::layout::Seat;
use crate::quantised::{Connections, QuantisedNetwork};

/// Checks every block; after that decoding stays inside the words.
pub(super) fn check(
    program: &Program,
    network: &QuantisedNetwork,
    chip: &Chip,
    seats: &[Vec<Seat>],
    findings: &mut Findings,
) {
    for (at, core) in program.cores.iter().enumerate() {
        let core_type = chip.core_type(core.core);
        for (position, block) in core.blocks.iter().enumerate() {
            let checked = check_format(block.synapses.format(), core_type)
                .and_then(|()| check_learning(program, block, core_type))
                .and_then(|()| check_delivery(block, network))
                .and_then(|()| match &block.synapses {
                    SynapseBlock::Packed(packed) => check_packed(packed, core.compartments),
                    SynapseBlock::Kernel(kernel) => {
                        check_kernel(kernel, block, network, &seats[at])
                            .and_then(|()| check_kernel_delay(kernel, core_type))
                    }
                });
            if let Err(what) = checked {
                findings.add(format!("core {} block {position}", core.core), what);
            }
        }
    }
}

/// What a rule keeps of each synapse has its bits, and no list that stays has any of them.
fn check_learning(program: &Program, block: &Block, core_type: &CoreType) -> Result<(), String> {
    let format = block.synapses.format();
    let rule = rule_of(program, block);
    let tag_bits = rule.as_ref().and_then(LearningRule::tag_bits).unwrap_or(0);
    if format.tag_bits != tag_bits {
        return Err(format!("its tags have {} bits, its rule's {tag_bits}", format.tag_bits));
    }
    let moves = rule.is_some_and(|rule| rule.moves_delays());
    if moves && u64::from(core_type.delay_max) >> format.delay_bits > 0 {
        return Err("its delays cannot become as long as the core's may".into());
    }
    Ok(())
}

/// The rule that teaches a block, as the program states it.
pub(super) fn rule_of(program: &Program, block: &Block) -> Option<LearningRule> {
    let plastic = program.learning.get(block.learning? as usize)?;
    LearningRule::parse(&plastic.text, "program").ok()
}

/// Every width is one that the core offers.
fn check_format(format: &ListFormat, core_type: &CoreType) -> Result<(), String> {
    let offered = core_type.formats.iter().find(|offered| offered.kind == format.kind);
    let offered = offered.ok_or("its format is not one of the core's")?;
    let weights = &core_type.weights;
    let indexed = matches!(format.kind, SynapseFormatKind::Sparse | SynapseFormatKind::RunLength);
    let index = if indexed {
        offered.index_widths.contains(&format.index_bits)
    } else {
        format.index_bits == 0
    };
    let holds = [
        ("weight width", weights.widths.contains(&format.weight_bits)),
        ("widest weight", weights.widths.last() == Some(&format.weight_bits_max)),
        ("sign mode", weights.signs.contains(&format.sign)),
        ("index width", index),
        ("delay width", offered.delay_widths.contains(&format.delay_bits)),
        ("prefix", format.prefix_bits == offered.prefix_bits),
        ("entry", format.entry_synapses == offered.entry_synapses.unwrap_or(u32::MAX)),
        ("word width", format.word_bits == core_type.word_bits),
    ];
    match holds.iter().find(|(_, holds)| !holds) {
        Some((what, _)) => Err(format!("its {what} is not one of the core's")),
        None => Ok(()),
    }
}

/// Arithmetic and accumulator are the projection's.
fn check_delivery(block: &Block, network: &QuantisedNetwork) -> Result<(), String> {
    let projection = network.projections.get(block.projection.index());
    let projection = projection.ok_or("belongs to no projection")?;
    let learning = projection.learning.map(|learning| learning.rule);
    let own = (block.delivery, block.input, block.learning);
    if own == (projection.delivery, projection.input, learning) {
        Ok(())
    } else {
        Err(format!("delivers otherwise than `{}`", projection.name))
    }
}

/// Lists lie one after the other in the words and start inside the core.
fn check_packed(packed: &PackedBlock, compartments: u32) -> Result<(), String> {
    if packed.format.kind == SynapseFormatKind::Kernel {
        return Err("stores lists in the format of a kernel".into());
    }
    let mut next = 0_u64;
    for (position, list) in packed.lists.iter().enumerate() {
        let tiled = u64::from(list.first_word) == next
            && packed.format.list_words(list.synapses.into()) == u64::from(list.words);
        if !tiled || list.base >= compartments {
            return Err(format!("list {position} is out of place"));
        }
        next += u64::from(list.words);
    }
    if next == packed.words.len() as u64 { Ok(()) } else { Err("has words of no list".into()) }
}

/// A kernel stores its delay once: in the narrowest field that holds it.
fn check_kernel_delay(kernel: &KernelBlock, core_type: &CoreType) -> Result<(), String> {
    let offered = core_type.formats.iter().find(|offered| offered.kind == kernel.format.kind);
    let mut widths = offered.into_iter().flat_map(|offered| offered.delay_widths.iter().copied());
    let narrowest = widths.find(|&bits| u64::from(kernel.delay) < 1 << bits);
    if narrowest == Some(kernel.format.delay_bits) {
        Ok(())
    } else {
        Err("stores its delay in another width than it takes".into())
    }
}

/// The kernel has the projection's geometry, and its region is the neurons that sit there.
fn check_kernel(
    kernel: &KernelBlock,
    block: &Block,
    network: &QuantisedNetwork,
    seats: &[Seat],
) -> Result<(), String> {
    let projection = &network.projections[block.projection.index()];
    let Connections::Convolution { shape, .. } = &projection.connections else {
        return Err(format!("stores a kernel, but `{}` is none", projection.name));
    };
    if kernel.format.kind != SynapseFormatKind::Kernel || kernel.shape != *shape {
        return Err("has another geometry than its projection".into());
    }
    let region = &kernel.region;
    let mut size = 1_u64;
    for axis in 0..3 {
        let end = u64::from(region.start[axis]) + u64::from(region.size[axis]);
        if region.size[axis] == 0 || end > u64::from(shape.output[axis]) {
            return Err("has a region beyond its output".into());
        }
        size *= u64::from(region.size[axis]);
    }
    let first = region.base as usize;
    let held =
        usize::try_from(size).ok().and_then(|size| seats.get(first..first.checked_add(size)?));
    let held = held.ok_or("has a region beyond its core")?;
    let places = (0..region.size[0]).flat_map(|channel| {
        (0..region.size[1])
            .flat_map(move |row| (0..region.size[2]).map(move |column| [channel, row, column]))
    });
    let mut outputs = held.iter().zip(places);
    let own = |(seat, place): (&Seat, [u32; 3])| {
        let at = |axis: usize| region.start[axis] + place[axis];
        let neuron = (at(0) * shape.output[1] + at(1)) * shape.output[2] + at(2);
        (seat.population, seat.neuron) == (projection.target, neuron)
    };
    if !outputs.all(own) {
        return Err("has a region of other neurons than sit there".into());
    }
    let taps = u64::from(shape.kernel[0]) * u64::from(shape.kernel[1]);
    let weights = u64::from(region.size[0]) * u64::from(shape.group_inputs()) * taps;
    if KernelBlock::words_for(&kernel.format, weights) != kernel.words.len() as u64 {
        return Err("has other than the words of its weights".into());
    }
    Ok(())
}
