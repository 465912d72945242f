//! Every logical synapse once, and no other: found by following axons and decoding lists.

use quarrion_isa::chip::Chip;
use quarrion_isa::id::{CoreId, TileId};
use quarrion_isa::program::{AxonTable, Block, CoreProgram, Program};
use quarrion_isa::synapse::{Synapse, SynapseBlock};

use super::Findings;
use super::formats::rule_of;
use super::layout::Seat;
use crate::quantised::QuantisedNetwork;

/// One synapse that does something, as found or as wanted; ordered for comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    compartment: u32,
    /// Ordinal of the source neuron.
    source: u32,
    projection: u32,
    delay: u32,
    weight: i32,
}

/// Checks that axon tables have their rows and name entries and lists that exist.
pub(super) fn check_tables(program: &Program, chip: &Chip, findings: &mut Findings) {
    check_table(program, &program.inputs, program.input_size(), "inputs", findings);
    check_ways(&program.inputs, chip.host.port, chip, "inputs", findings);
    for core in &program.cores {
        let place = format!("core {}", core.core);
        check_table(program, &core.axons_out, core.compartments, &place, findings);
        check_ways(&core.axons_out, chip.tile_of(core.core), chip, &place, findings);
        for (position, axon) in core.axons_in.iter().enumerate() {
            let block = core.blocks.get(axon.block as usize);
            let exists = block.is_some_and(|block| axon.list < block.synapses.list_count());
            findings.demand(exists, &place, || format!("axon in {position} names no list"));
        }
    }
}

/// No packet crosses anything dead.
fn check_ways(table: &AxonTable, from: TileId, chip: &Chip, place: &str, findings: &mut Findings) {
    let mut cores: Vec<CoreId> = table.entries.iter().map(|axon| axon.core).collect();
    cores.sort_unstable();
    cores.dedup();
    for core in cores.into_iter().filter(|core| core.index() < chip.cores.len()) {
        let whole = chip.mesh.connects(from, chip.tile_of(core));
        findings.demand(whole, place, || format!("packets to core {core} cross what is dead"));
    }
}

/// One table of axons out.
fn check_table(
    program: &Program,
    table: &AxonTable,
    sources: u32,
    place: &str,
    findings: &mut Findings,
) {
    let rows = table.sources() == sources as usize
        && table.offsets.first() == Some(&0)
        && table.offsets.is_sorted()
        && table.offsets.last().is_some_and(|&last| last as usize == table.entries.len());
    if !rows {
        findings.add(place, format!("axons out do not have one row for each of {sources} sources"));
        return;
    }
    for source in 0..table.sources() {
        let row = table.row(source);
        let ascending = row.is_sorted_by(|a, b| a < b);
        findings.demand(ascending, place, || format!("axons out of {source} do not ascend"));
        for axon in row {
            let core = program.core_position(axon.core).map(|position| &program.cores[position]);
            let exists = core.is_some_and(|core| axon.axon.index() < core.axons_in.len());
            findings.demand(exists, place, || {
                format!("axon out of {source} names axon in {} of core {}", axon.axon, axon.core)
            });
        }
    }
}

/// Compares the synapses of every core with the network's.
pub(super) fn check(
    program: &Program,
    network: &QuantisedNetwork,
    chip: &Chip,
    seats: &[Vec<Seat>],
    findings: &mut Findings,
) {
    let sources = sources_of_axons(program, network);
    for ((core, seats), sources) in program.cores.iter().zip(seats).zip(&sources) {
        let place = format!("core {}", core.core);
        let core_type = chip.core_type(core.core);
        let mut found = Vec::new();
        let mut longest = 0;
        let kernels: Vec<Vec<i32>> = core.blocks.iter().map(kernel_weights).collect();
        for (axon, sources) in sources.iter().enumerate() {
            let used = !sources.is_empty();
            findings.demand(used, &place, || format!("no spike reaches axon {axon}"));
            let decoded = decode_axon(core, &kernels, axon, sources, &mut found, &mut longest);
            if let Err(what) = decoded {
                findings.add(&place, what);
            }
        }
        let learned = core.blocks.iter().filter_map(|block| rule_of(program, block));
        if learned.into_iter().any(|rule| rule.moves_delays()) {
            longest = longest.max(core_type.delay_max);
        }
        let slots = core.ring_slots == longest + 2;
        findings.demand(slots && longest <= core_type.delay_max, &place, || {
            format!("{} ring slots for a delay of {longest}", core.ring_slots)
        });
        found.sort_unstable();
        if let Some(bound) = core_type.fan_in {
            let most = found.chunk_by(|a, b| a.compartment == b.compartment).map(<[_]>::len).max();
            let most = most.unwrap_or(0) as u64;
            findings
                .demand(most <= u64::from(bound), &place, || format!("fan-in {most} of {bound}"));
        }
        let wanted = wanted_synapses(network, seats);
        if found != wanted {
            findings.add(&place, difference(&found, &wanted));
        }
    }
}

/// Ordinals of the neurons that reach each axon-in entry of each core.
fn sources_of_axons(program: &Program, network: &QuantisedNetwork) -> Vec<Vec<Vec<u32>>> {
    let mut sources: Vec<Vec<Vec<u32>>> =
        program.cores.iter().map(|core| vec![Vec::new(); core.axons_in.len()]).collect();
    let mut follow = |table: &AxonTable, ordinals: &mut dyn Iterator<Item = u32>| {
        for (source, ordinal) in (0..table.sources()).zip(ordinals) {
            for axon in table.row(source) {
                if let Some(core) = program.core_position(axon.core) {
                    sources[core][axon.axon.index()].push(ordinal);
                }
            }
        }
    };
    let inputs = network.populations.iter().filter(|population| population.neurons.is_none());
    let mut ordinals = inputs.flat_map(|p| p.first_ordinal..p.first_ordinal + p.size);
    follow(&program.inputs, &mut ordinals);
    for core in &program.cores {
        follow(&core.axons_out, &mut core.ordinals.iter().copied());
    }
    sources
}

/// The decoded weights of a shared kernel; none for lists.
fn kernel_weights(block: &Block) -> Vec<i32> {
    match &block.synapses {
        SynapseBlock::Packed(_) => Vec::new(),
        // A kernel of too few words has been refused with its format.
        SynapseBlock::Kernel(kernel) => kernel.weights().unwrap_or_default(),
    }
}

/// Decodes the list of an axon-in entry, for every neuron that reaches it.
fn decode_axon(
    core: &CoreProgram,
    kernels: &[Vec<i32>],
    axon: usize,
    sources: &[u32],
    found: &mut Vec<Found>,
    longest: &mut u32,
) -> Result<(), String> {
    let entry = core.axons_in[axon];
    let block = &core.blocks[entry.block as usize];
    let mut beyond = None;
    let first = found.len();
    let mut visit = |synapse: Synapse| {
        *longest = (*longest).max(synapse.delay);
        if synapse.target >= core.compartments {
            beyond = Some(synapse.target);
        }
        if synapse.weight != 0 || block.learning.is_some() {
            found.push(Found {
                compartment: synapse.target,
                source: sources.first().copied().unwrap_or(u32::MAX),
                projection: block.projection.0,
                delay: synapse.delay,
                weight: synapse.weight,
            });
        }
    };
    let decoded = match &block.synapses {
        SynapseBlock::Packed(packed) => packed.decode_list(entry.list, visit),
        SynapseBlock::Kernel(kernel) => kernel.visit_taps(entry.list, |target, at| {
            let weight = kernels[entry.block as usize][at as usize];
            visit(Synapse { target, delay: kernel.delay, weight });
        }),
    };
    decoded.map_err(|error| error.to_string())?;
    if let Some(target) = beyond {
        return Err(format!("axon {axon} reaches compartment {target}, which is not there"));
    }
    let last = found.len();
    for &source in sources.iter().skip(1) {
        for at in first..last {
            found.push(Found { source, ..found[at] });
        }
    }
    Ok(())
}

/// The synapses that the network has onto the neurons of a core.
fn wanted_synapses(network: &QuantisedNetwork, seats: &[Seat]) -> Vec<Found> {
    let mut wanted = Vec::new();
    for (compartment, seat) in (0..).zip(seats) {
        for (id, projection) in network.projections_onto(seat.population) {
            let first = network.population(projection.source).first_ordinal;
            projection.for_each_input_of(seat.neuron, |source, weight| {
                wanted.push(Found {
                    compartment,
                    source: first + source,
                    projection: id.0,
                    delay: projection.delay_of(source),
                    weight,
                });
            });
        }
    }
    wanted.sort_unstable();
    wanted
}

/// The first difference in words.
fn difference(found: &[Found], wanted: &[Found]) -> String {
    let at = found.iter().zip(wanted).take_while(|(found, wanted)| found == wanted).count();
    let say = |synapse: Option<&Found>| match synapse {
        Some(s) => format!(
            "neuron {} -> compartment {} (projection {}, delay {}, weight {})",
            s.source, s.compartment, s.projection, s.delay, s.weight
        ),
        None => "none".to_owned(),
    };
    format!(
        "{} synapses for {}; first difference: found {}, wanted {}",
        found.len(),
        wanted.len(),
        say(found.get(at)),
        say(wanted.get(at))
    )
}
