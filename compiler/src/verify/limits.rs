//! Limits of a core, read from the chip and compared with what the program holds.

use std::collections::BTreeSet;

use quarrion_isa::chip::Chip;
use quarrion_isa::neuron::Scope;
use quarrion_isa::program::{CoreProgram, Program};
use quarrion_isa::synapse::SynapseBlock;

use super::Findings;
use crate::infeasible::Resource;
use crate::quantised::QuantisedNetwork;

/// How much a core holds of a resource, and how much it may.
pub type Count = (Resource, u64, Option<u64>);

/// Checks what tables hold; fan-in and delays are checked where synapses are decoded.
pub(super) fn check(
    program: &Program,
    network: &QuantisedNetwork,
    chip: &Chip,
    findings: &mut Findings,
) {
    for core in &program.cores {
        for (what, used, bound) in count_core(core, network, chip) {
            if let Some(bound) = bound.filter(|&bound| used > bound) {
                let what = what.name();
                findings.add(format!("core {}", core.core), format!("{what}: {used} of {bound}"));
            }
        }
    }
}

/// Counts what a core of a program holds, from its tables and packed lists alone.
#[must_use]
pub fn count_core(core: &CoreProgram, network: &QuantisedNetwork, chip: &Chip) -> Vec<Count> {
    let core_type = chip.core_type(core.core);
    let rows = 0..core.axons_out.sources();
    let fan_out = rows.map(|row| core.axons_out.row(row).len()).max().unwrap_or(0);
    let state_bits: u64 = core.groups.iter().map(|group| state_bits(network, group)).sum();
    let state_bits = state_bits + core.waiting_bits(core_type.payload_bits);
    let configured = configurations(core, network);
    vec![
        (Resource::Compartments, core.compartments.into(), Some(core_type.compartments.into())),
        (Resource::StateBits, state_bits, core_type.state_memory_bits),
        (
            Resource::AccumulatorSlots,
            u64::from(core.compartments) * u64::from(core.ring_slots),
            core_type.accumulator_slots.map(u64::from),
        ),
        (Resource::AxonsIn, core.axons_in.len() as u64, Some(core_type.axons_in.into())),
        (Resource::AxonsOut, axon_out_entries(core, chip), Some(core_type.axons_out.into())),
        (Resource::FanOut, fan_out as u64, core_type.fan_out.map(u64::from)),
        (Resource::SynapseWords, core.synapse_words(), Some(core_type.synapse_words())),
        (Resource::ListWords, longest_list(core), core_type.list_words.map(u64::from)),
        (Resource::Configurations, configured, core_type.configurations.map(u64::from)),
    ]
}

/// One entry for every way, and what the chip asks for those that leave the core's chip.
fn axon_out_entries(core: &CoreProgram, chip: &Chip) -> u64 {
    let at = |core| chip.mesh.chip_of(chip.tile_of(core));
    let ways = core.axons_out.entries.iter();
    let leaving = ways.filter(|way| at(way.core) != at(core.core)).count() as u64;
    let own = core.axons_out.entries.len() as u64 - leaving;
    own + leaving * u64::from(chip.core_type(core.core).axon_out_other_chip_entries)
}

/// State bits of a group's compartments.
fn state_bits(network: &QuantisedNetwork, group: &quarrion_isa::program::Group) -> u64 {
    let program = &network.neuron_programs[group.neuron_program as usize];
    u64::from(group.count) * u64::from(program.state_bits())
}

/// Words of the longest packed list.
fn longest_list(core: &CoreProgram) -> u64 {
    let lists = core.blocks.iter().flat_map(|block| match &block.synapses {
        SynapseBlock::Packed(packed) => packed.lists.as_slice(),
        SynapseBlock::Kernel(_) => &[],
    });
    lists.map(|list| u64::from(list.words)).max().unwrap_or(0)
}

/// Distinct neuron programs with group parameters.
fn configurations(core: &CoreProgram, network: &QuantisedNetwork) -> u64 {
    let distinct: BTreeSet<(u32, Vec<i64>)> = core
        .groups
        .iter()
        .map(|group| {
            let declared = network.neuron_programs[group.neuron_program as usize].parameters();
            let shared = declared.iter().zip(&group.parameters);
            let shared = shared.filter(|(declared, _)| declared.scope == Scope::Group);
            (group.neuron_program, shared.map(|(_, value)| value.at(0)).collect())
        })
        .collect();
    distinct.len() as u64
}
