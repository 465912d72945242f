//! What a caller of the compiler may choose.

use quarrion_isa::learning::LearningRule;

use crate::layout::Mapping;
use crate::planner::PlannerOptions;

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
