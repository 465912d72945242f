//! The passes from network to program, one file each.

mod assemble;
mod axon_delays;
mod axons;
mod balance;
pub mod codes;
pub(crate) mod demand;
mod learn;
pub(crate) mod lists;
mod map;
mod pack;
mod quantise;
pub(crate) mod registers;
mod select;
mod split;
#[cfg(test)]
pub(crate) mod test_networks;
mod validate;
mod verify;

use quarrion_isa::chip::Chip;
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::id::PopulationId;
use quarrion_isa::program::{AxonTable, Program};

use crate::failure::CompileFailure;
use crate::layout::{Mapping, Sums};
use crate::network::Network;
use crate::options::CompileOptions;
use crate::planner::Plan;
use crate::quantised::QuantisedNetwork;

pub(crate) use axon_delays::Waits;
pub(crate) use axons::CoreAxons;
pub(crate) use pack::CoreBlocks;
pub(crate) use select::Choice;
pub(crate) use split::{more_sums, sum_program};

/// One pass.
#[derive(Clone, Copy)]
pub struct Pass {
    /// Its name in traces.
    pub name: &'static str,
    /// What it does, in a few words.
    pub purpose: &'static str,
    pub(crate) run: fn(&mut Draft<'_>) -> Result<(), CompileFailure>,
}

/// All passes in order.
pub const PASSES: &[Pass] = &[
    Pass { name: "validate", purpose: "refuse what no chip can run", run: validate::run },
    Pass { name: "select", purpose: "a kind of core and a neuron program", run: select::run },
    Pass { name: "balance", purpose: "phases, and delays where paths differ", run: balance::run },
    Pass { name: "quantise", purpose: "scales and the chip's integers", run: quantise::run },
    Pass { name: "split", purpose: "partial sums of what no core holds", run: split::run },
    Pass { name: "learn", purpose: "rules onto projections", run: learn::run },
    Pass { name: "map", purpose: "which neurons on which core", run: map::run },
    Pass { name: "pack", purpose: "synapse lists into words", run: pack::run },
    Pass { name: "axons", purpose: "routing tables in and out", run: axons::run },
    Pass { name: "assemble", purpose: "compartments, groups, the program", run: assemble::run },
    Pass { name: "verify", purpose: "prove it by decoding it", run: verify::run },
];

/// What the passes have made so far; each fills its own fields and reads those before it.
pub(crate) struct Draft<'a> {
    pub(crate) network: &'a Network,
    pub(crate) chip: &'a Chip,
    pub(crate) options: &'a CompileOptions,
    pub(crate) notes: Vec<Diagnostic>,
    /// Populations whose input is to be summed in parts.
    pub(crate) sums: Sums,
    /// Validate: the program's id of each population of the network.
    pub(crate) ids: Vec<PopulationId>,
    /// Balance: phase of each population of the network.
    pub(crate) phases: Vec<u32>,
    /// Balance: delay of each projection of the network beyond the step that every spike takes.
    pub(crate) delays: Vec<u32>,
    /// Balance: steps that spikes of each population of the network wait.
    pub(crate) waits: Vec<Waits>,
    /// Select: kind of core and neuron program of each population; `None` for inputs.
    pub(crate) choices: Vec<Option<Choice>>,
    /// Quantise.
    pub(crate) quantised: QuantisedNetwork,
    /// Map: as the name says.
    pub(crate) mapping: Mapping,
    /// Map: what the mapping is worth, and what else was found.
    pub(crate) plan: Plan,
    /// Pack: synapse blocks, as the mapping's cores.
    pub(crate) blocks: Vec<CoreBlocks>,
    /// Axons: tables, as the mapping's cores.
    pub(crate) axons: Vec<CoreAxons>,
    /// Axons: those of the input neurons.
    pub(crate) input_axons: AxonTable,
    /// Assemble.
    pub(crate) program: Option<Program>,
}

impl<'a> Draft<'a> {
    /// Nothing done yet.
    pub(crate) fn new(
        network: &'a Network,
        chip: &'a Chip,
        options: &'a CompileOptions,
        sums: Sums,
    ) -> Self {
        Self {
            network,
            chip,
            options,
            notes: Vec::new(),
            sums,
            ids: Vec::new(),
            phases: Vec::new(),
            delays: Vec::new(),
            waits: Vec::new(),
            choices: Vec::new(),
            quantised: QuantisedNetwork::default(),
            mapping: Mapping::default(),
            plan: Plan::default(),
            blocks: Vec::new(),
            axons: Vec::new(),
            input_axons: AxonTable::default(),
            program: None,
        }
    }
}
