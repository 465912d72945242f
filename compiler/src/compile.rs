//! From a network to a program for a chip.

use std::fmt;

use quarrion_isa::chip::Chip;
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::learning::LearningRule;
use quarrion_isa::program::Program;

use crate::infeasible::DoesNotFit;
use crate::layout::Mapping;
use crate::network::Network;
use crate::passes::{self, Draft};
use crate::planner::{Answer, Plan, PlannerOptions};
use crate::quantised::QuantisedNetwork;
use crate::utilisation::Utilisation;

/// A projection that learns.
#[derive(Clone, Debug, PartialEq)]
pub struct Taught {
    /// The projection's name, or its populations' as `SOURCE->TARGET`.
    pub projection: String,
    /// The rule.
    pub rule: LearningRule,
}

/// What a caller may choose.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CompileOptions {
    /// Seed of every random choice; stored in the program.
    pub seed: u64,
    /// The mapping to use instead of the compiler's own.
    pub mapping: Option<Mapping>,
    /// How the compiler makes its own.
    pub planner: PlannerOptions,
    /// Spikes per step of each neuron, population by population as the network orders them: from
    /// a run, or given. They bound how much input a neuron sees at once.
    pub rates: Option<Vec<Vec<f64>>>,
    /// What the input sends: no sum of it may leave its word.
    pub input: InputValues,
    /// Projections that learn, and by which rules.
    pub learning: Vec<Taught>,
}

/// What an input sends, at most.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum InputValues {
    /// Spikes that count one.
    #[default]
    Binary,
    /// Spikes that count their payload.
    Payloads {
        /// Smallest payload.
        low: i32,
        /// Largest payload.
        high: i32,
    },
    /// Constant images as biases (see [`crate::bias_images`]): the scale leaves room for them in
    /// the bias registers.
    Images {
        /// Largest magnitude.
        largest: f64,
    },
}

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
    /// How full the cores are.
    pub utilisation: Utilisation,
    /// What a reader should know or doubt.
    pub notes: Vec<Diagnostic>,
}

/// Why there is no program.
#[derive(Clone, Debug, PartialEq)]
pub enum CompileFailure {
    /// The network asks for what the chip has not, or an input is wrong: its author must act.
    Diagnostics(Vec<Diagnostic>),
    /// Both are valid, but the network is too large for the chip.
    DoesNotFit(Box<DoesNotFit>),
}

impl From<Diagnostic> for CompileFailure {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Diagnostics(vec![diagnostic])
    }
}

impl From<Box<DoesNotFit>> for CompileFailure {
    fn from(result: Box<DoesNotFit>) -> Self {
        Self::DoesNotFit(result)
    }
}

impl fmt::Display for CompileFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Diagnostics(diagnostics) => {
                let mut texts = diagnostics.iter().map(Diagnostic::to_string);
                f.write_str(&texts.next().unwrap_or_default())?;
                texts.try_for_each(|text| write!(f, "\n{text}"))
            }
            Self::DoesNotFit(result) => result.fmt(f),
        }
    }
}

impl std::error::Error for CompileFailure {}

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
    let Plan { answers, strategies, rates, core_bound, .. } = plan;
    Ok(Compiled {
        program,
        quantised,
        mapping,
        answers,
        strategies,
        rates,
        core_bound,
        utilisation,
        notes,
    })
}
