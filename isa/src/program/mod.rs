//! The mapped program: the compiler's result and the engines' input. Immutable.
//!
//! A program holds, per used core, the axon-in table, synapse blocks, compartment groups and the
//! axon-out table, and beside them what lets a person read results: where each population lies,
//! when it starts, how weights were scaled and what was assumed.

mod container;

pub use container::{MAGIC, VERSION};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::chip::Chip;
use crate::delivery::Delivery;
use crate::id::{AxonInId, CoreId, PopulationId, ProjectionId};
use crate::join::JoinOp;
use crate::learning::LearningSettings;
use crate::synapse::SynapseBlock;

/// A network mapped onto a chip.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Program {
    /// Name of the network.
    pub name: String,
    /// Name of the chip that the program was compiled for.
    pub chip: String,
    /// Texts of the neuron programs that the groups name by position.
    pub neuron_programs: Vec<String>,
    /// Learning rules that blocks and groups name by position.
    pub learning: Vec<PlasticRule>,
    /// Logical groups of neurons, input populations first.
    pub populations: Vec<Population>,
    /// Logical groups of synapses.
    pub projections: Vec<Projection>,
    /// The used cores, by ascending id.
    pub cores: Vec<CoreProgram>,
    /// Axons that each input neuron's spike reaches, over all input populations in order.
    pub inputs: AxonTable,
    /// The population that is read out.
    pub output: PopulationId,
    /// What was assumed, from which files, with which seed: (key, value).
    pub provenance: Vec<(String, String)>,
}

/// A learning rule with the widths that the chip computes it in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlasticRule {
    /// The rule's text.
    pub text: String,
    /// The chip's widths.
    pub settings: LearningSettings,
}

/// A logical group of neurons and where it lies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Population {
    /// Name in the network.
    pub name: String,
    /// Logical shape, row-major.
    pub shape: Vec<u32>,
    /// Neurons.
    pub size: u32,
    /// Ordinal of neuron 0 among all neurons of the network; ordinals key randomness.
    pub first_ordinal: u32,
    /// What the population is.
    pub role: Role,
    /// Step of a sample at which the population starts: before it, its state is held at reset.
    pub phase: u32,
    /// Chip integer = network value x this scale (thresholds, weights on the accumulator's scale).
    pub scale: f64,
    /// Where the neurons lie, in order of neuron; empty for inputs. Groups tell of copies.
    pub places: Vec<Place>,
    /// The population whose neurons these compartments are inner parts of; `None` where they are
    /// neurons themselves, or the outermost part of neurons of several compartments.
    pub part_of: Option<PopulationId>,
}

/// What a population is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Spikes come from the stimulus.
    Input,
    /// Compartments on cores.
    Neurons,
}

/// A run of consecutive neurons in consecutive compartments of one core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// First neuron of the run in its population.
    pub neuron: u32,
    /// Length of the run.
    pub count: u32,
    /// Core.
    pub core: CoreId,
    /// Compartment of the first neuron.
    pub compartment: u32,
}

/// A logical group of synapses and what quantisation did to its weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Projection {
    /// Name in the network.
    pub name: String,
    /// Source population.
    pub source: PopulationId,
    /// Target population.
    pub target: PopulationId,
    /// Logical synapses.
    pub synapses: u64,
    /// Steps added so that paths of unlike length meet.
    pub delay: u32,
    /// Weight exponent chosen.
    pub exponent: i32,
    /// Root mean square of (chip weight / scale - network weight), relative to the weights' own.
    pub error: f64,
}

/// What one core holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CoreProgram {
    /// The core.
    pub core: CoreId,
    /// Compartments in use.
    pub compartments: u32,
    /// Groups in order of compartment, without gaps.
    pub groups: Vec<Group>,
    /// Logical ordinal of each compartment's neuron.
    pub ordinals: Vec<u32>,
    /// Slots of the accumulator ring: the longest delay plus two.
    pub ring_slots: u32,
    /// Which list each axon-in entry names.
    pub axons_in: Vec<AxonIn>,
    /// Synapse blocks.
    pub blocks: Vec<Block>,
    /// Axons that each compartment's spike reaches.
    pub axons_out: AxonTable,
    /// Timesteps that each compartment's spike waits before it leaves the core; empty where none
    /// waits. A spike without destinations does not wait.
    pub axon_delays: Vec<u32>,
}

/// Consecutive compartments that run one neuron program with the same group parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Population that the compartments belong to.
    pub population: PopulationId,
    /// Whether they are read, or compute once more what others do.
    pub occurrence: Occurrence,
    /// Position in [`Program::neuron_programs`].
    pub neuron_program: u32,
    /// First compartment.
    pub first: u32,
    /// Number of compartments.
    pub count: u32,
    /// Values in the order of the neuron program's parameters.
    pub parameters: Vec<ParameterValue>,
    /// How the accumulator of each input is read ([`Delivery::settle`]), in the order of the neuron
    /// program's inputs; blocks that add to it agree by [`Delivery::settles_like`].
    pub inputs: Vec<Delivery>,
    /// Position in [`Program::learning`] of the rule whose traces of targets the compartments keep:
    /// that of every plastic block that ends here.
    pub learning: Option<u32>,
    /// The compartments that these join, where the neuron program reads a joined value.
    pub join: Option<Join>,
}

/// Which of the compartments that compute the same neuron.
///
/// A neuron whose spikes leave over more axons than a core has is computed by several compartments.
/// Each gets every spike that the neuron gets and draws the same numbers, so all fire alike, and
/// each sends to a share of the destinations.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Occurrence {
    /// The one that results and probes are read from.
    #[default]
    First,
    /// One more, which only sends.
    Copy,
}

/// Which compartments of the same core a group joins, and how.
///
/// Compartment `i` of the group joins compartment `i` of every run. The runs lie before the group,
/// so that the update loop has passed them, and their neuron programs put a value out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Join {
    /// How several outputs become one value.
    pub op: JoinOp,
    /// First compartment of each run, ascending; a run is as long as the group.
    pub from: Vec<u32>,
}

impl Join {
    /// The same with every run starting so many compartments later.
    #[must_use]
    pub fn shifted(mut self, compartments: u32) -> Self {
        self.from.iter_mut().for_each(|first| *first += compartments);
        self
    }
}

/// The value of one parameter of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ParameterValue {
    /// The same for every compartment.
    Shared(i64),
    /// One value per compartment of the group.
    Each(Vec<i64>),
}

impl ParameterValue {
    /// The value for one compartment of the group.
    #[must_use]
    pub fn at(&self, compartment: u32) -> i64 {
        match self {
            Self::Shared(value) => *value,
            Self::Each(values) => values[compartment as usize],
        }
    }
}

/// One axon-in entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AxonIn {
    /// Position in [`CoreProgram::blocks`].
    pub block: u32,
    /// List of the block.
    pub list: u32,
}

/// A synapse block with what happens between an arriving spike and the accumulator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// Projection that the synapses belong to.
    pub projection: ProjectionId,
    /// Accumulator (input of the neuron program) that the lists add to.
    pub input: u32,
    /// Settings of the delivery arithmetic.
    pub delivery: Delivery,
    /// Position in [`Program::learning`] of the rule that changes the synapses; `None` where they
    /// stay. Plastic lists are packed, and one source and one axon-in entry reach each. The words
    /// hold what learning starts from; what it makes of them is state.
    pub learning: Option<u32>,
    /// The lists.
    pub synapses: SynapseBlock,
}

/// One axon-out entry: where a copy of the spike goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AxonOut {
    /// Destination core.
    pub core: CoreId,
    /// Axon-in entry there.
    pub axon: AxonInId,
}

/// Axon-out entries by source (compressed rows).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AxonTable {
    /// Start of each source's entries, and the end of the last.
    pub offsets: Vec<u32>,
    /// The entries.
    pub entries: Vec<AxonOut>,
}

impl AxonTable {
    /// Builds the table from one list per source.
    #[must_use]
    pub fn from_rows(rows: &[Vec<AxonOut>]) -> Self {
        let mut table = Self { offsets: vec![0], entries: Vec::new() };
        for row in rows {
            table.entries.extend_from_slice(row);
            table.offsets.push(table.entries.len() as u32);
        }
        table
    }

    /// Sources of the table.
    #[must_use]
    pub fn sources(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// The entries of a source.
    #[must_use]
    pub fn row(&self, source: usize) -> &[AxonOut] {
        &self.entries[self.offsets[source] as usize..self.offsets[source + 1] as usize]
    }
}

/// Longest axon delay that is read; a longer one is damage.
const AXON_DELAY_READ: u32 = 1 << 16;

/// Bits that hold spikes which wait so many timesteps each: a place for every timestep, as wide as
/// the payload.
#[must_use]
pub fn waiting_bits(delays: impl Iterator<Item = u32>, payload_bits: u32) -> u64 {
    delays.map(u64::from).sum::<u64>() * u64::from(payload_bits.max(1))
}

impl Program {
    /// Input neurons over all input populations.
    #[must_use]
    pub fn input_size(&self) -> u32 {
        self.populations.iter().filter(|p| p.role == Role::Input).map(|p| p.size).sum()
    }

    /// Compartments beyond the first of every neuron that several compute, by the neuron's ordinal.
    #[must_use]
    pub fn copies(&self) -> BTreeMap<u32, u32> {
        let mut copies = BTreeMap::new();
        for core in &self.cores {
            for group in core.groups.iter().filter(|group| group.occurrence == Occurrence::Copy) {
                let ordinals = core.ordinals.iter().skip(group.first as usize);
                for &ordinal in ordinals.take(group.count as usize) {
                    *copies.entry(ordinal).or_insert(0) += 1;
                }
            }
        }
        copies
    }

    /// The population that is read out.
    #[must_use]
    pub fn output_population(&self) -> &Population {
        &self.populations[self.output.index()]
    }

    /// Steps that a sample of `input_steps` steps takes: until the output's window has passed.
    #[must_use]
    pub fn sample_steps(&self, input_steps: u32) -> u32 {
        let last = self.populations.iter().map(|p| p.phase).max().unwrap_or(0);
        input_steps + last
    }

    /// The steps in which a population sees the sample: its phase and as many as the input had.
    #[must_use]
    pub fn window(&self, population: &Population, input_steps: u32) -> std::ops::Range<u32> {
        population.phase..population.phase + input_steps
    }

    /// The source neuron of every axon-in entry, by core and entry: its ordinal, where exactly one
    /// reaches the entry.
    #[must_use]
    pub fn axon_sources(&self) -> Vec<Vec<Option<u32>>> {
        let mut sources: Vec<Vec<(u32, u32)>> =
            self.cores.iter().map(|core| vec![(0, 0); core.axons_in.len()]).collect();
        let mut reach = |table: &AxonTable, source: usize, ordinal: u32| {
            for entry in table.row(source) {
                let core = self.core_position(entry.core);
                let found = core.and_then(|core| sources[core].get_mut(entry.axon.index()));
                if let Some((times, first)) = found {
                    (*times, *first) = (*times + 1, ordinal);
                }
            }
        };
        let inputs = self.populations.iter().filter(|p| p.role == Role::Input);
        let ordinals = inputs.flat_map(|p| (0..p.size).map(|n| p.first_ordinal.wrapping_add(n)));
        for (source, ordinal) in ordinals.enumerate() {
            reach(&self.inputs, source, ordinal);
        }
        for core in &self.cores {
            for (source, &ordinal) in core.ordinals.iter().enumerate() {
                reach(&core.axons_out, source, ordinal);
            }
        }
        let single = |(times, ordinal): (u32, u32)| (times == 1).then_some(ordinal);
        sources.into_iter().map(|core| core.into_iter().map(single).collect()).collect()
    }

    /// Position of the core in [`Program::cores`].
    #[must_use]
    pub fn core_position(&self, core: CoreId) -> Option<usize> {
        self.cores.binary_search_by_key(&core, |entry| entry.core).ok()
    }
}

impl CoreProgram {
    /// Entries of the axon-out table in use; a way to another chip may take several.
    #[must_use]
    pub fn axon_out_entries(&self, chip: &Chip) -> u64 {
        let ways = self.axons_out.entries.iter();
        ways.map(|way| chip.axon_out_entries(self.core, way.core)).sum()
    }

    /// The outermost compartment of the neuron that each compartment is a part of: itself, where
    /// none joins it.
    #[must_use]
    pub fn outermost(&self) -> Vec<u32> {
        let mut outermost: Vec<u32> = (0..self.ordinals.len() as u32).collect();
        // Who joins stands behind what it joins, and so is met first from behind.
        for group in self.groups.iter().rev() {
            for first in group.join.iter().flat_map(|join| &join.from) {
                for place in 0..group.count {
                    let whole = outermost.get((group.first + place) as usize).copied();
                    let part = outermost.get_mut((first + place) as usize);
                    if let (Some(part), Some(whole)) = (part, whole) {
                        *part = whole;
                    }
                }
            }
        }
        outermost
    }

    /// Timesteps that a compartment's spike waits before it leaves the core.
    #[must_use]
    pub fn axon_delay(&self, compartment: u32) -> u32 {
        self.axon_delays.get(compartment as usize).copied().unwrap_or(0)
    }

    /// Whether the axon delays are one a compartment or none at all, and short enough to be run.
    #[must_use]
    pub fn axon_delays_are_sound(&self) -> bool {
        let delays = &self.axon_delays;
        (delays.is_empty() || delays.len() == self.compartments as usize)
            && delays.iter().all(|&delay| delay <= AXON_DELAY_READ)
    }

    /// Bits that hold the waiting spikes of the compartments: a place for every timestep of a
    /// compartment's delay, as wide as the payload.
    #[must_use]
    pub fn waiting_bits(&self, payload_bits: u32) -> u64 {
        waiting_bits(self.axon_delays.iter().copied(), payload_bits)
    }

    /// Words of synapse memory in use.
    #[must_use]
    pub fn synapse_words(&self) -> u64 {
        self.blocks.iter().map(|block| block.synapses.words()).sum()
    }

    /// Which occurrence of its neuron a compartment is.
    #[must_use]
    pub fn occurrence(&self, compartment: u32) -> Occurrence {
        let after = self.groups.partition_point(|group| group.first <= compartment);
        let group = after.checked_sub(1).and_then(|at| self.groups.get(at));
        group.map_or(Occurrence::First, |group| group.occurrence)
    }
}
