//! The quantised network: integer weights, delays and parameters, not yet on any core.
//!
//! This is what the chip is asked to compute, free of cores, axons and words. The passes behind
//! quantisation only decide where it lies; the verifier proves that they changed nothing.

mod connections;

use quarrion_isa::chip::{CoreType, SignMode};
use quarrion_isa::delivery::Delivery;
use quarrion_isa::id::{PopulationId, ProjectionId};
use quarrion_isa::join::JoinOp;
use quarrion_isa::neuron::{NeuronProgram, Scope};
use quarrion_isa::program::{ParameterValue, PlasticRule, waiting_bits};

pub use connections::Connections;

use crate::layout::Slice;

/// A network in the chip's integers.
///
/// Ids are those of the program: input populations first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QuantisedNetwork {
    /// Name of the network.
    pub name: String,
    /// The neuron programs that populations name by position.
    pub neuron_programs: Vec<NeuronProgram>,
    /// Learning rules that projections name by position.
    pub learning: Vec<PlasticRule>,
    /// Populations, inputs first.
    pub populations: Vec<QuantisedPopulation>,
    /// Projections, ordered by target.
    pub projections: Vec<QuantisedProjection>,
    /// The population that is read out.
    pub output: PopulationId,
}

/// A population in the chip's integers.
#[derive(Clone, Debug, PartialEq)]
pub struct QuantisedPopulation {
    /// Name in the network.
    pub name: String,
    /// Logical shape, row-major.
    pub shape: Vec<u32>,
    /// Neurons.
    pub size: u32,
    /// Ordinal of neuron 0 among all neurons of the network.
    pub first_ordinal: u32,
    /// Step of a sample at which the population starts.
    pub phase: u32,
    /// Chip integer = network value x this scale.
    pub scale: f64,
    /// What its neurons compute; `None` for inputs.
    pub neurons: Option<QuantisedNeurons>,
    /// Steps that each neuron's spikes wait before they leave its core; empty where none waits.
    pub axon_delays: Vec<u32>,
    /// The populations whose compartments its own join, neuron by neuron, and how.
    pub join: Option<QuantisedJoin>,
    /// The population whose neurons its compartments are inner parts of.
    pub part_of: Option<PopulationId>,
    /// The population whose input its neurons sum a part of.
    pub sums_for: Option<PopulationId>,
}

/// What the compartments of a population join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuantisedJoin {
    /// How several outputs become one value.
    pub op: JoinOp,
    /// The populations, ascending; as large as the one that joins them.
    pub from: Vec<PopulationId>,
}

/// What the neurons of a population compute.
#[derive(Clone, Debug, PartialEq)]
pub struct QuantisedNeurons {
    /// The kind of core that they were quantised for, as the chip numbers them.
    pub core_type: u32,
    /// Position in [`QuantisedNetwork::neuron_programs`].
    pub neuron_program: u32,
    /// Values in the order of the neuron program's parameters, one value a neuron where they
    /// differ.
    pub parameters: Vec<ParameterValue>,
    /// How the accumulator of each input is read, in the order of the program's inputs.
    pub inputs: Vec<Delivery>,
}

/// A projection in the chip's integers.
#[derive(Clone, Debug, PartialEq)]
pub struct QuantisedProjection {
    /// Name in the network.
    pub name: String,
    /// Source population.
    pub source: PopulationId,
    /// Target population.
    pub target: PopulationId,
    /// Accumulator (input of the neuron program) that it adds to.
    pub input: u32,
    /// Steps beyond the one that every spike takes.
    pub delay: u32,
    /// Steps that the spikes of each source take beside them, as far as they do not wait before
    /// they leave; empty where none does.
    pub source_delays: Vec<u32>,
    /// What happens between an arriving spike and the accumulator.
    pub delivery: Delivery,
    /// Weight exponent, as in `delivery`.
    pub exponent: i32,
    /// The synapses.
    pub connections: Connections,
    /// How it learns, where it does.
    pub learning: Option<Plasticity>,
    /// Root mean square of (chip weight / scale - network weight), relative to the weights' own.
    pub error: f64,
}

/// How a projection learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plasticity {
    /// Position in [`QuantisedNetwork::learning`].
    pub rule: u32,
    /// Sign mode of every list, which learning keeps to.
    pub sign: SignMode,
    /// Bits of each synapse's tag; 0 where the rule has none.
    pub tag_bits: u32,
    /// The longest delay that learning may reach, where it changes delays.
    pub delay_max: Option<u32>,
}

impl QuantisedPopulation {
    /// Steps that a neuron's spikes wait before they leave its core.
    #[must_use]
    pub fn axon_delay(&self, neuron: u32) -> u32 {
        self.axon_delays.get(neuron as usize).copied().unwrap_or(0)
    }

    /// Bits of state that some of its compartments take on a core: those of their neuron program,
    /// and of spikes that wait.
    #[must_use]
    pub fn state_bits(
        &self,
        program: &NeuronProgram,
        core: &CoreType,
        neurons: impl Iterator<Item = u32>,
    ) -> u64 {
        let bits = |neuron| (program.state_bits(), self.axon_delay(neuron));
        let (states, delays): (Vec<u32>, Vec<u32>) = neurons.map(bits).unzip();
        let states: u64 = states.into_iter().map(u64::from).sum();
        states + waiting_bits(delays.into_iter(), core.payload_bits)
    }
}

impl QuantisedProjection {
    /// Calls `visit` with (source, weight) for every synapse onto `target`, sources ascending. What
    /// learns has synapses of weight zero.
    pub fn for_each_input_of(&self, target: u32, mut visit: impl FnMut(u32, i32)) {
        self.connections.for_each_stored_of(target, |source, weight| {
            if weight != 0 || self.learning.is_some() {
                visit(source, weight);
            }
        });
    }

    /// Delay of the synapses of one source, in steps beyond the one that every spike takes.
    #[must_use]
    pub fn delay_of(&self, source: u32) -> u32 {
        self.delay + self.source_delays.get(source as usize).copied().unwrap_or(0)
    }

    /// The longest delay that its synapses have or may learn.
    #[must_use]
    pub fn longest_delay(&self) -> u32 {
        let stored = self.delay + self.source_delays.iter().max().copied().unwrap_or(0);
        self.learning.and_then(|one| one.delay_max).map_or(stored, |learned| learned.max(stored))
    }
}

impl QuantisedNetwork {
    /// The position of a neuron program among those of the network, where it is put if it is new.
    pub(crate) fn program_position(&mut self, program: &NeuronProgram) -> u32 {
        let position = self.neuron_programs.iter().position(|known| known == program);
        let position = position.unwrap_or_else(|| {
            self.neuron_programs.push(program.clone());
            self.neuron_programs.len() - 1
        });
        position as u32
    }

    /// The population `id`.
    #[must_use]
    pub fn population(&self, id: PopulationId) -> &QuantisedPopulation {
        &self.populations[id.index()]
    }

    /// The projections onto `target` with their ids, in their order.
    pub fn projections_onto(
        &self,
        target: PopulationId,
    ) -> impl Iterator<Item = (ProjectionId, &QuantisedProjection)> {
        let all = self.projections.iter().enumerate();
        all.filter(move |(_, projection)| projection.target == target)
            .map(|(index, projection)| (ProjectionId::from_index(index), projection))
    }

    /// The populations with their ids.
    pub fn populations_with_ids(
        &self,
    ) -> impl Iterator<Item = (PopulationId, &QuantisedPopulation)> {
        let all = self.populations.iter().enumerate();
        all.map(|(index, population)| (PopulationId::from_index(index), population))
    }

    /// The populations whose compartments make up the neurons of `root`, in the order in which a
    /// core updates them: who joins stands behind what it joins, `root` itself last.
    #[must_use]
    pub fn parts(&self, root: PopulationId) -> Vec<PopulationId> {
        let mut parts = Vec::new();
        if let Some(join) = &self.population(root).join {
            join.from.iter().for_each(|&part| parts.extend(self.parts(part)));
        }
        parts.push(root);
        parts
    }

    /// The population whose neurons the compartments of `part` belong to.
    #[must_use]
    pub fn root(&self, part: PopulationId) -> PopulationId {
        self.population(part).part_of.unwrap_or(part)
    }

    /// The slices of compartments that slices of neurons make, in the order of a core's loop.
    #[must_use]
    pub fn compartments(&self, slices: &[Slice]) -> Vec<Slice> {
        let seat = |slice: &Slice| {
            let part = |population| Slice { population, ..slice.clone() };
            self.parts(slice.population).into_iter().map(part).collect::<Vec<_>>()
        };
        slices.iter().flat_map(seat).collect()
    }

    /// Compartments from the innermost to the outermost of a neuron.
    #[must_use]
    pub fn depth(&self, root: PopulationId) -> u32 {
        let join = self.population(root).join.as_ref();
        let below = join.and_then(|join| join.from.iter().map(|&part| self.depth(part)).max());
        1 + below.unwrap_or(0)
    }

    /// Input neurons over all input populations.
    #[must_use]
    pub fn input_size(&self) -> u32 {
        self.populations.iter().filter(|p| p.neurons.is_none()).map(|p| p.size).sum()
    }

    /// The neuron program of a population's neurons.
    #[must_use]
    pub fn neuron_program(&self, neurons: &QuantisedNeurons) -> &NeuronProgram {
        &self.neuron_programs[neurons.neuron_program as usize]
    }
}

impl QuantisedNeurons {
    /// The values of the parameters that a group shares, for one neuron.
    #[must_use]
    pub fn configuration(&self, program: &NeuronProgram, neuron: u32) -> Vec<i64> {
        let values = program.parameters().iter().zip(&self.parameters);
        let shared = values.filter(|(declared, _)| declared.scope == Scope::Group);
        shared.map(|(_, value)| value.at(neuron)).collect()
    }

    /// Whether all neurons share one configuration.
    #[must_use]
    pub fn is_uniform(&self, program: &NeuronProgram) -> bool {
        let mut values = program.parameters().iter().zip(&self.parameters);
        values.all(|(declared, value)| {
            declared.scope == Scope::Compartment || matches!(value, ParameterValue::Shared(_))
        })
    }
}
