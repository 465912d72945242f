//! Damaged programs: one table entry of a valid program replaced by a value that may name nothing.

use quarrion_isa::id::{AxonInId, CoreId, PopulationId};
use quarrion_isa::join::JoinOp;
use quarrion_isa::program::{AxonTable, CoreProgram, Join, ParameterValue, Program};
use quarrion_isa::synapse::SynapseBlock;

use super::dice::Dice;

/// Replaces one entry; says which.
pub fn damage(dice: &mut Dice, program: &mut Program) -> &'static str {
    let value = dice.pick(&[0, 1, 2, 7, 100, u32::MAX]);
    let cores = program.cores.len();
    let populations = program.populations.len();
    match dice.below(9) {
        0 => program.output = PopulationId(value),
        1 => program.populations[dice.below(populations)].size = value.min(1000),
        2 => program.populations[dice.below(populations)].first_ordinal = value.min(1000),
        3 => program.cores[dice.below(cores)].core = CoreId(value),
        4 => return damage_axons(dice, &mut program.inputs, value),
        5 => {
            if let Some(text) = program.neuron_programs.first_mut() {
                text.truncate(text.len() / 2);
            }
        }
        6 => {
            let population = &mut program.populations[dice.below(populations)];
            if let Some(place) = population.places.first_mut() {
                (place.compartment, place.count) = (value.min(1000), dice.count(0, 9));
            }
        }
        _ => {
            let core = dice.below(cores);
            return damage_core(dice, &mut program.cores[core], value);
        }
    }
    "network"
}

fn damage_axons(dice: &mut Dice, table: &mut AxonTable, value: u32) -> &'static str {
    if dice.chance(50) && !table.entries.is_empty() {
        let at = dice.below(table.entries.len());
        let entry = &mut table.entries[at];
        if dice.chance(50) {
            entry.core = CoreId(value);
        } else {
            entry.axon = AxonInId(value);
        }
        return "axon";
    }
    let at = dice.below(table.offsets.len());
    table.offsets[at] = value;
    "axon offset"
}

fn damage_core(dice: &mut Dice, core: &mut CoreProgram, value: u32) -> &'static str {
    let group = dice.below(core.groups.len());
    let group = &mut core.groups[group];
    match dice.below(11) {
        0 => core.ring_slots = value.min(100),
        1 => core.compartments = value.min(1000),
        2 => core.ordinals.truncate(value as usize),
        3 => group.neuron_program = value,
        4 => group.population = PopulationId(value),
        5 => (group.first, group.count) = (value.min(1000), dice.count(0, 9)),
        6 => {
            if let Some(parameter) = group.parameters.first_mut() {
                *parameter = ParameterValue::Shared(i64::from(value) << dice.below(20));
            }
        }
        7 => {
            if let Some(axon) = core.axons_in.first_mut() {
                (axon.block, axon.list) = dice.pick(&[(value, 0), (axon.block, value)]);
            }
        }
        8 => return damage_axons(dice, &mut core.axons_out, value),
        9 => {
            let join = Join { op: dice.pick(&JoinOp::ALL), from: vec![value] };
            group.join = Some(join).filter(|_| dice.chance(70));
            return "join";
        }
        _ => return damage_block(dice, core, value),
    }
    "core"
}

fn damage_block(dice: &mut Dice, core: &mut CoreProgram, value: u32) -> &'static str {
    let Some(block) = core.blocks.last_mut() else { return "nothing" };
    if dice.chance(30) {
        block.input = value;
        return "accumulator";
    }
    match &mut block.synapses {
        SynapseBlock::Packed(packed) => match packed.lists.last_mut() {
            Some(list) if dice.chance(50) => match dice.below(4) {
                0 => list.first_word = value,
                1 => list.words = value,
                2 => list.synapses = value,
                _ => list.base = value.min(1 << 20),
            },
            _ => packed.words.iter_mut().for_each(|word| *word = !*word),
        },
        SynapseBlock::Kernel(kernel) => match dice.below(4) {
            0 => kernel.delay = value.min(1 << 20),
            1 => kernel.region.base = value.min(1 << 20),
            2 => kernel.words.truncate(kernel.words.len() / 2),
            _ => kernel.region.size[dice.below(3)] = dice.count(0, 9),
        },
    }
    "synapses"
}
