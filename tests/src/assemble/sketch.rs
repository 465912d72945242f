//! What a sketch says.

use quarrion_isa::chip::{SignMode, SynapseFormatKind};
use quarrion_isa::delivery::{DeliverySettings, SynapseMode};
use quarrion_isa::id::CoreId;
use quarrion_isa::join::JoinOp;
use quarrion_isa::learning::LearningRule;
use quarrion_isa::program::PlasticRule;
use quarrion_isa::synapse::{KernelShape, Synapse};

/// A network with its mapping, before words and tables.
#[derive(Clone, Debug)]
pub struct Sketch {
    /// Learning rules.
    pub learning: Vec<PlasticRule>,
    /// Name of the network.
    pub name: String,
    /// Texts of the neuron programs.
    pub neuron_programs: Vec<String>,
    /// Populations, inputs first.
    pub populations: Vec<PopulationSketch>,
    /// Projections; their order is part of the logical order of synapses.
    pub projections: Vec<ProjectionSketch>,
    /// Cores by ascending id, each with its compartments in order.
    pub cores: Vec<CoreSketch>,
    /// Position of the population that is read out.
    pub output: usize,
}

/// A population.
#[derive(Clone, Debug)]
pub struct PopulationSketch {
    /// Name.
    pub name: String,
    /// Channels, rows, columns.
    pub shape: [u32; 3],
    /// First step that is not held.
    pub phase: u32,
    /// Position of the neuron program; `None` for an input.
    pub neuron_program: Option<usize>,
    /// Parameters in order of declaration.
    pub parameters: Vec<ParameterSketch>,
    /// Accumulators in order of declaration.
    pub inputs: Vec<DeliverySettings>,
    /// Which populations of the same size it joins, neuron by neuron, and how; each lies on the
    /// same core as the neuron, before it.
    pub join: Option<JoinSketch>,
    /// Steps that each neuron's spikes wait before they leave; empty where none waits.
    pub axon_delays: Vec<u32>,
}

/// A join.
#[derive(Clone, Debug)]
pub struct JoinSketch {
    /// How.
    pub op: JoinOp,
    /// Positions of the populations.
    pub from: Vec<usize>,
}

/// A parameter of a population.
#[derive(Clone, Debug)]
pub enum ParameterSketch {
    /// The same for all neurons.
    Shared(i64),
    /// One for each neuron of the population.
    Each(Vec<i64>),
}

/// A core with its compartments.
#[derive(Clone, Debug)]
pub struct CoreSketch {
    /// The core.
    pub core: CoreId,
    /// Runs of neurons in order of compartment.
    pub pieces: Vec<PieceSketch>,
}

/// A run of neurons of one population in consecutive compartments.
#[derive(Clone, Debug)]
pub struct PieceSketch {
    /// Position of the population.
    pub population: usize,
    /// First neuron.
    pub first: u32,
    /// Lengths of the groups that the run is cut into.
    pub groups: Vec<u32>,
}

/// A projection.
#[derive(Clone, Debug)]
pub struct ProjectionSketch {
    /// Name.
    pub name: String,
    /// Position of the source population.
    pub source: usize,
    /// Position of the target population.
    pub target: usize,
    /// Accumulator of the target's neuron program.
    pub input: u32,
    /// Weight exponent, unless the accumulator has one for all.
    pub exponent: i32,
    /// What a synapse does with its weight.
    pub synapse: SynapseMode,
    /// Stored bits per weight.
    pub weight_bits: u32,
    /// Shared sign mode.
    pub sign: SignMode,
    /// The synapses and how they are stored.
    pub block: BlockSketch,
    /// Position in [`Sketch::learning`] of the rule that teaches them.
    pub learning: Option<usize>,
}

/// The synapses of a projection.
#[derive(Clone, Debug)]
pub enum BlockSketch {
    /// One list per source; the targets are neurons of the target population.
    Packed {
        /// Dense, sparse or run-length.
        kind: SynapseFormatKind,
        /// Synapses of each source, in stored order.
        lists: Vec<Vec<Synapse>>,
        /// How a source's synapses are spread over lists.
        spread: Spread,
    },
    /// One shared kernel.
    Kernel {
        /// The convolution.
        shape: KernelShape,
        /// Weights `[output channel][group input][kernel row][kernel column]`.
        weights: Vec<i32>,
        /// Delay of every synapse.
        delay: u32,
    },
}

/// How a source's synapses on one core are spread over lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// One list, and none for a source without synapses.
    Whole,
    /// One list, also for a source without synapses.
    WithEmpty,
    /// Lists of at most so many synapses.
    Split(u32),
}

impl PopulationSketch {
    /// Neurons.
    #[must_use]
    pub fn size(&self) -> u32 {
        self.shape.iter().product()
    }
}

impl PieceSketch {
    /// Neurons of the run.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.groups.iter().sum()
    }
}

impl Sketch {
    /// The population whose neurons those of this one are parts of.
    #[must_use]
    pub fn root(&self, population: usize) -> usize {
        let joins = |other: &PopulationSketch| {
            other.join.as_ref().is_some_and(|join| join.from.contains(&population))
        };
        let parent = self.populations.iter().position(joins);
        parent.map_or(population, |parent| self.root(parent))
    }

    /// The rule that teaches a population's targets.
    #[must_use]
    pub fn taught(&self, population: usize) -> Option<usize> {
        let mut own = self.projections.iter().filter(|one| one.target == population);
        own.find_map(|projection| projection.learning)
    }

    /// The rule that teaches a projection.
    ///
    /// # Panics
    /// It does not parse.
    #[must_use]
    pub fn rule_of(&self, projection: &ProjectionSketch) -> Option<LearningRule> {
        let parse = |rule: usize| LearningRule::parse(&self.learning[rule].text, "sketch");
        projection.learning.map(|rule| parse(rule).expect("the sketch's rule parses"))
    }

    /// Position of the core in the sketch and compartment of a neuron.
    ///
    /// # Panics
    /// The neuron lies nowhere.
    #[must_use]
    pub fn find(&self, population: usize, neuron: u32) -> (usize, u32) {
        for (position, core) in self.cores.iter().enumerate() {
            let mut base = 0;
            for piece in &core.pieces {
                let inside = neuron.wrapping_sub(piece.first) < piece.count();
                if piece.population == population && inside {
                    return (position, base + neuron - piece.first);
                }
                base += piece.count();
            }
        }
        panic!("neuron {neuron} of `{}` lies nowhere", self.populations[population].name)
    }
}
