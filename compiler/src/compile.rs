//! From a network to a program for a chip.

use quarrion_isa::chip::Chip;
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::program::Program;

pub use crate::failure::CompileFailure;
use crate::infeasible::DoesNotFit;
use crate::layout::Mapping;
use crate::network::Network;
pub use crate::options::{CompileOptions, InputValues, Taught};
use crate::passes::{self, Draft, more_sums};
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
    let given = options.mapping.as_ref();
    let mut sums = given.map(|mapping| mapping.sums.clone()).unwrap_or_default();
    // Why the network does not fit without partial sums.
    let mut whole: Option<Box<DoesNotFit>> = None;
    loop {
        let mut draft = Draft::new(network, chip, options, sums);
        let short = match run_passes(&mut draft) {
            Ok(()) => return Ok(finish(draft)),
            Err(CompileFailure::DoesNotFit(short)) => short,
            Err(CompileFailure::Diagnostics(found)) => match whole {
                Some(whole) => {
                    let why = found.first().map(|found| found.message.clone());
                    return Err(lacking(*whole, &why.unwrap_or_default()));
                }
                None => return Err(CompileFailure::Diagnostics(found)),
            },
        };
        sums = match (short.population, given) {
            (Some(_), None) => match more_sums(&draft, &short) {
                Ok(sums) => sums,
                Err(why) => return Err(lacking(*whole.unwrap_or(short), &why)),
            },
            _ => return Err(CompileFailure::DoesNotFit(short)),
        };
        whole.get_or_insert(short);
    }
}

fn run_passes(draft: &mut Draft<'_>) -> Result<(), CompileFailure> {
    passes::PASSES.iter().try_for_each(|pass| (pass.run)(draft))
}

/// A network that does not fit although the chip could sum in parts, and why those do not help.
fn lacking(mut short: DoesNotFit, why: &str) -> CompileFailure {
    if short.population.is_some() && short.lacks.is_none() {
        short.lacks = Some(format!("partial sums that would do: {why}"));
    }
    CompileFailure::DoesNotFit(Box::new(short))
}

fn finish(draft: Draft<'_>) -> Compiled {
    let chip = draft.chip;
    let Draft { program, quantised, mapping, plan, notes, .. } = draft;
    let program = program.expect("the assemble pass makes the program");
    let utilisation = Utilisation::measure(&program, chip);
    let Plan { answers, strategies, rates, core_bound, kept, .. } = plan;
    Compiled {
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
    }
}
