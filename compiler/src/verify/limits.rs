//! Limits of a core, read from the chip and compared with what the program holds.

use std::collections::BTreeSet;

use quarrion_isa::chip::Chip;
use quarrion_isa::neuron::Scope;
use quarrion_isa::program::{CoreProgram, Program};
use quarrion_isa::synapse::SynapseBlock;

use super::Findings;
use crate::quantised::QuantisedNetwork;

/// Checks what tables hold; fan-in and delays are checked where synapses are decoded.
pub(super) fn check(
    program: &Program,
    network: &QuantisedNetwork,
    chip: &Chip,
    findings: &mut Findings,
) {
    for core in &program.cores {
        let core_type = chip.core_type(core.core);
        let rows = 0..core.axons_out.sources();
        let fan_out = rows.map(|row| core.axons_out.row(row).len()).max().unwrap_or(0);
        let state_bits: u64 = core.groups.iter().map(|group| state_bits(network, group)).sum();
        let limits = [
            ("compartments", u64::from(core.compartments), Some(core_type.compartments.into())),
            ("state bits", state_bits, core_type.state_memory_bits),
            ("axons in", core.axons_in.len() as u64, Some(core_type.axons_in.into())),
            ("axons out", core.axons_out.entries.len() as u64, Some(core_type.axons_out.into())),
            ("axons out of a compartment", fan_out as u64, core_type.fan_out.map(u64::from)),
            ("synapse words", core.synapse_words(), Some(core_type.synapse_words())),
            ("words of a list", longest_list(core), core_type.list_words.map(u64::from)),
            (
                "configurations",
                configurations(core, network),
                core_type.configurations.map(u64::from),
            ),
        ];
        for (what, used, bound) in limits {
            if let Some(bound) = bound.filter(|&bound| used > bound) {
                findings.add(format!("core {}", core.core), format!("{what}: {used} of {bound}"));
            }
        }
    }
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
