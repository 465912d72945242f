//! The working network: populations and projections, discretised and checked, weights in f64.
//!
//! A population is a group of neurons with one discrete model, or the place where a stimulus
//! enters. A projection is a symbolic group of synapses: a matrix, a kernel, a list, never one
//! object a synapse. Chains of linear layers between two populations are folded into one
//! projection, gains into weights, and biases into the population. One step of the network, in
//! the semantics of the training frameworks:
//!
//! 1. populations are visited in order, which is a topological one;
//! 2. `a` = sum over projections of weight times the source's output, taken `delay` steps ago
//!    (see [`Projection::total_delay`]; 0 means this very step);
//! 3. with a current: `u = current_decay u + a + current_bias` and `drive = u`, else `drive = a`;
//! 4. `v = voltage_decay v + drive + voltage_bias`;
//! 5. where `v` crosses the threshold the output is 1 and `v` is reset, else it is 0; without
//!    firing the output is `v` itself.
//!
//! All states start at zero. A chip takes one step a layer instead; balancing that is the work of
//! the passes.

pub mod connectivity;
mod fold;
#[cfg(test)]
mod fold_test;
mod fold_window;
mod form;
mod lower;
mod neuron;
mod order;
mod own;
pub mod window;

use std::borrow::Cow;

use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::id::{PopulationId, ProjectionId};
use quarrion_isa::neuron::NeuronProgram;
use quarrion_isa::program::ParameterValue;

pub use connectivity::{Connectivity, Synapse};
pub use lower::lower_network;
pub use own::OwnNeurons;

pub use crate::import::policy::{Comparison, ResetMode};

/// A checked network; see the module for what a step does.
///
/// Ids are positions: projections name existing populations, every vector is as long as its
/// population, every number is finite.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// Name for reports; where the network came from.
    pub name: String,
    /// Populations in topological order: a projection that is not delayed leads forward.
    pub populations: Vec<Population>,
    /// Projections ordered by target, then by source.
    pub projections: Vec<Projection>,
    /// What the import assumed, as (what, value): to print and to store.
    pub assumptions: Vec<(String, String)>,
    /// What a reader should doubt.
    pub warnings: Vec<Diagnostic>,
}

/// A logical group of neurons, or the place where a stimulus enters.
#[derive(Clone, Debug, PartialEq)]
pub struct Population {
    /// Name of the node it came from.
    pub name: String,
    /// Extents of the group, channels first.
    pub shape: Vec<usize>,
    /// What its members do.
    pub role: Role,
    /// Whether an Output node reads it.
    pub is_output: bool,
    /// Steps that each neuron's spikes wait before they leave it; empty where none waits.
    pub axon_delays: Vec<u32>,
}

/// What the members of a population do.
#[derive(Clone, Debug, PartialEq)]
pub enum Role {
    /// They repeat the stimulus.
    Input,
    /// They compute a model that the compiler brings onto the chip's scale.
    Neurons(NeuronModel),
    /// They compute with integers that are taken as they are.
    Given(GivenNeurons),
}

/// Neurons whose program and integers come with the network.
#[derive(Clone, Debug, PartialEq)]
pub struct GivenNeurons {
    /// What they compute.
    pub program: GivenProgram,
    /// Values by the name of the program's parameter; the others keep their defaults.
    pub parameters: Vec<(Cow<'static, str>, ParameterValue)>,
    /// Left shift from weight times payload to what the program reads.
    pub input_shift: u32,
}

/// The neuron program of given neurons.
#[derive(Clone, Debug, PartialEq)]
pub enum GivenProgram {
    /// A shipped one, by its name.
    Shipped(&'static str),
    /// One of the user's.
    Own(Box<NeuronProgram>),
}

/// Which kind of neuron a population came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NeuronKind {
    /// Compares its input, keeps nothing.
    Threshold,
    /// Integrates; no spikes.
    I,
    /// Integrates and fires.
    If,
    /// Leaky; no spikes.
    Li,
    /// Leaky, fires.
    Lif,
    /// Leaky behind a leaky current; no spikes.
    CubaLi,
    /// Leaky behind a leaky current, fires.
    CubaLif,
    /// Sums what a linear output layer puts out over all steps; read once, at the end.
    Accumulator,
}

/// The discrete model of a population; every vector has one value a neuron.
#[derive(Clone, Debug, PartialEq)]
pub struct NeuronModel {
    /// Where the model came from.
    pub kind: NeuronKind,
    /// Share of the synaptic current that is kept each step; `None` without a current.
    pub current_decay: Option<Vec<f64>>,
    /// Constant input of the current each step; zeros without a current.
    pub current_bias: Vec<f64>,
    /// Share of the membrane that is kept each step: 1 without leak, 0 without memory.
    pub voltage_decay: Vec<f64>,
    /// Constant input of the membrane each step.
    pub voltage_bias: Vec<f64>,
    /// How the neurons fire; `None` where the membrane itself is the output.
    pub firing: Option<Firing>,
}

/// How the neurons of a population fire.
#[derive(Clone, Debug, PartialEq)]
pub struct Firing {
    /// Firing threshold, one a neuron.
    pub threshold: Vec<f64>,
    /// What counts as crossing it.
    pub comparison: Comparison,
    /// What a spike does to the membrane.
    pub reset: ResetMode,
}

/// A logical group of synapses from one population to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Projection {
    /// The nodes it was folded from, in the direction of the signal.
    pub name: String,
    /// Where it comes from.
    pub source: PopulationId,
    /// Where it leads.
    pub target: PopulationId,
    /// Its synapses.
    pub connectivity: Connectivity,
    /// Steps of explicit Delay nodes.
    pub delay_steps: u32,
    /// Whether it is part of a cycle, where a neuron's output arrives one step later.
    pub recurrent: bool,
    /// How its integers are meant, where they are taken as they are.
    pub given: Option<GivenSynapses>,
}

/// Synapses onto given neurons: their weights are whole numbers and keep their values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GivenSynapses {
    /// Input of the neuron program that they add to.
    pub input: u32,
    /// A weight counts 2^exponent.
    pub exponent: i32,
}

impl Network {
    /// The population `id`.
    #[must_use]
    pub fn population(&self, id: PopulationId) -> &Population {
        &self.populations[id.index()]
    }

    /// The projection `id`.
    #[must_use]
    pub fn projection(&self, id: ProjectionId) -> &Projection {
        &self.projections[id.index()]
    }

    /// Every population with its id, in topological order.
    pub fn populations_with_ids(&self) -> impl Iterator<Item = (PopulationId, &Population)> {
        self.populations
            .iter()
            .enumerate()
            .map(|(index, population)| (PopulationId::from_index(index), population))
    }

    /// Every projection with its id.
    pub fn projections_with_ids(&self) -> impl Iterator<Item = (ProjectionId, &Projection)> {
        self.projections
            .iter()
            .enumerate()
            .map(|(index, projection)| (ProjectionId::from_index(index), projection))
    }

    /// The projections onto `target`, in their order.
    pub fn projections_onto(
        &self,
        target: PopulationId,
    ) -> impl Iterator<Item = (ProjectionId, &Projection)> {
        self.projections_with_ids().filter(move |(_, projection)| projection.target == target)
    }

    /// Populations where a stimulus enters.
    pub fn inputs(&self) -> impl Iterator<Item = (PopulationId, &Population)> {
        self.populations_with_ids().filter(|(_, population)| population.role == Role::Input)
    }

    /// Names of the populations as a program numbers them: inputs first.
    #[must_use]
    pub fn names_in_program(&self) -> Vec<String> {
        let mut ordered: Vec<&Population> = self.populations.iter().collect();
        ordered.sort_by_key(|population| population.role != Role::Input);
        ordered.into_iter().map(|population| population.name.clone()).collect()
    }

    /// Populations whose output is the result.
    pub fn outputs(&self) -> impl Iterator<Item = (PopulationId, &Population)> {
        self.populations_with_ids().filter(|(_, population)| population.is_output)
    }
}

impl Population {
    /// Number of neurons, or of stimulus lines.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there are none; never true in a checked network.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The model, for populations that compute one.
    #[must_use]
    pub fn model(&self) -> Option<&NeuronModel> {
        match &self.role {
            Role::Input | Role::Given(_) => None,
            Role::Neurons(model) => Some(model),
        }
    }
}

impl Projection {
    /// Steps between a source's output and its arrival, in the framework's semantics.
    #[must_use]
    pub fn total_delay(&self) -> u32 {
        self.delay_steps + u32::from(self.recurrent)
    }
}

impl NeuronModel {
    /// A model without current, leak, bias or firing.
    pub(crate) fn plain(kind: NeuronKind, neurons: usize) -> Self {
        Self {
            kind,
            current_decay: None,
            current_bias: vec![0.0; neurons],
            voltage_decay: vec![1.0; neurons],
            voltage_bias: vec![0.0; neurons],
            firing: None,
        }
    }

    /// Whether the output is the membrane itself and not a spike.
    #[must_use]
    pub fn is_graded(&self) -> bool {
        self.firing.is_none()
    }
}

impl NeuronKind {
    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Threshold => "Threshold",
            Self::I => "I",
            Self::If => "IF",
            Self::Li => "LI",
            Self::Lif => "LIF",
            Self::CubaLi => "CubaLI",
            Self::CubaLif => "CubaLIF",
            Self::Accumulator => "accumulator",
        }
    }
}
