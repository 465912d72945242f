//! From a network to a program for a chip.

use quarrion_isa::chip::Chip;
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::program::Program;

pub use crate::failure::CompileFailure;
use crate::layout::Mapping;
use crate::network::Network;
pub use crate::options::{CompileOptions, InputValues, Taught};
use crate::passes::{self, Draft};
use crate::planner::{Answer, Kept, Plan};
use crate::quantised::QuantisedNetwork;
use crate::utilisation::Utilisation;

/// A compiled network.
#[derive(Clone, Debug, PartialEq)]
pub struct Compiled {
    /// What the engines run.
    pub program: Program,
    /// What the program computes, free of cores: for oracles and reports.
    pub quantised: QuantisedNetwork,
    /// Which neuron lies on which core; can be given to another compilation.
    pub mapping: Mapping,
    /// What the mapping is predicted to take; behind it what the objectives `latency` and `cores`
    /// would have chosen, where they are not the one asked for.
    pub answers: Vec<Answer>,
    /// The best mapping of every strategy by the objective asked for.
    pub strategies: Vec<Answer>,
    /// Spikes per step of every neuron that the mapping was made for, population by population as
    /// the program numbers them.
    pub rates: Vec<Vec<f64>>,
    /// Cores that no mapping can do without, by volume.
    pub core_bound: u32,
    /// How much of an earlier mapping was kept, where one was to be.
    pub kept: Option<Kept>,
    /// How full the cores are.
    pub utilisation: Utilisation,
    /// What a reader should know or doubt.
    pub notes: Vec<Diagnostic>,
}

/// Maps a network onto a chip.
///
/// # Errors
/// [`CompileFailure::Diagnostics`] where the network or an option must change,
/// [`CompileFailure::DoesNotFit`] where the chip is too small.
///
/// # Determinism
/// The same network, chip and options give the same program.
pub fn compile(
    network: &Network,
    chip: &Chip,
    options: &CompileOptions,
) -> Result<Compiled, CompileFailure> {
    let mut draft = Draft::new(network, chip, options);
    for pass in passes::PASSES {
        (pass.run)(&mut draft)?;
    }
    let Draft { program, quantised, mapping, plan, notes, .. } = draft;
    let program = program.expect("the assemble pass makes the program");
    let utilisation = Utilisation::measure(&program, chip);
    let Plan { answers, strategies, rates, core_bound, kept, .. } = plan;
    Ok(Compiled {
        program,
        quantised,
        mapping,
        answers,
        strategies,
        rates,
        core_bound,
        kept,
        utilisation,
        notes,
    })
}
