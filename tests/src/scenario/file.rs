//! A scenario as it is written.

use std::collections::BTreeMap;

use quarrion_isa::chip::{SignMode, SynapseFormatKind};
use quarrion_isa::delivery::{Scaling, SynapseMode};
use quarrion_isa::event::EventKind;
use quarrion_isa::join::JoinOp;
use serde::Deserialize;

/// A scenario file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioFile {
    /// What it shows, in a sentence.
    pub about: String,
    /// Changes to the bench chip, as `--set` takes them.
    #[serde(default)]
    pub chip: Vec<String>,
    /// Seed of the draws inside the run.
    #[serde(default)]
    pub seed: u32,
    /// Populations, inputs first.
    pub populations: Vec<PopulationFile>,
    /// Projections.
    pub projections: Vec<ProjectionFile>,
    /// Name of the population that is read out.
    pub output: String,
    /// What goes in.
    pub samples: Vec<SampleFile>,
    /// What must come out.
    pub expect: ExpectFile,
}

/// A population.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PopulationFile {
    /// Name.
    pub name: String,
    /// Channels, rows, columns.
    pub shape: (u32, u32, u32),
    /// A shipped neuron program by name, or the text of one; an input has none.
    #[serde(default)]
    pub program: Option<String>,
    /// Parameters by name; the rest have their defaults.
    #[serde(default)]
    pub parameters: BTreeMap<String, ParameterFile>,
    /// Bits of the accumulators, where not those that the neuron program declares.
    #[serde(default)]
    pub accumulator_bits: Option<u32>,
    /// Where the weight exponent is applied.
    #[serde(default)]
    pub scaling: Scaling,
    /// Exponent of the accumulator's sum, with `scaling: sum`.
    #[serde(default)]
    pub exponent: i32,
    /// Step at which it starts.
    #[serde(default)]
    pub phase: u32,
    /// The populations that it joins, neuron by neuron: they lie on the same cores, before it.
    #[serde(default)]
    pub join: Option<JoinFile>,
    /// Where its neurons lie, in order of neuron; compartments of a core follow in the order of the
    /// file.
    #[serde(default)]
    pub places: Vec<PlaceFile>,
}

/// A parameter's value.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParameterFile {
    /// The same for all neurons.
    Shared(i64),
    /// One for each neuron.
    Each(Vec<i64>),
}

/// What a population joins.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JoinFile {
    /// How.
    pub op: JoinOp,
    /// Names of the populations.
    pub from: Vec<String>,
}

/// A run of neurons on a core.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceFile {
    /// The core.
    pub core: u32,
    /// How many neurons.
    pub count: u32,
}

/// A projection: its synapses, or a shared kernel.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectionFile {
    /// Source population.
    pub from: String,
    /// Target population.
    pub to: String,
    /// Accumulator by name; the first if not given.
    #[serde(default)]
    pub input: Option<String>,
    /// Weight exponent.
    #[serde(default)]
    pub exponent: i32,
    /// What a synapse does with its weight.
    #[serde(default)]
    pub synapse: SynapseMode,
    /// Stored bits per weight.
    #[serde(default = "eight")]
    pub weight_bits: u32,
    /// Sign mode.
    #[serde(default = "mixed")]
    pub sign: SignMode,
    /// How lists are stored.
    #[serde(default = "sparse")]
    pub format: SynapseFormatKind,
    /// Synapses: (source, target, weight, delay), in stored order.
    #[serde(default)]
    pub synapses: Vec<(u32, u32, i32, u32)>,
    /// A shared kernel instead of synapses.
    #[serde(default)]
    pub kernel: Option<KernelFile>,
}

fn eight() -> u32 {
    8
}

fn mixed() -> SignMode {
    SignMode::Mixed
}

fn sparse() -> SynapseFormatKind {
    SynapseFormatKind::Sparse
}

/// A shared kernel; its shapes are those of the populations.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KernelFile {
    /// Kernel rows, columns.
    pub size: (u32, u32),
    /// Stride down, across.
    pub stride: (u32, u32),
    /// Padding above, left.
    pub padding: (u32, u32),
    /// Channel groups.
    pub groups: u32,
    /// Weights `[output channel][group input][kernel row][kernel column]`.
    pub weights: Vec<i32>,
    /// Delay of every synapse.
    #[serde(default)]
    pub delay: u32,
}

/// A sample.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleFile {
    /// Length of the input.
    pub steps: u32,
    /// Binary spikes: (step, input neuron).
    #[serde(default)]
    pub spikes: Vec<(u32, u32)>,
    /// Graded spikes: (step, input neuron, payload).
    #[serde(default)]
    pub graded: Vec<(u32, u32, i32)>,
    /// Parameter writes: (population, neuron, parameter, value).
    #[serde(default)]
    pub writes: Vec<(String, u32, String, i64)>,
}

/// What must come out; whatever is not given is not checked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExpectFile {
    /// All spikes: (sample, step, population, neuron), in any order.
    pub spikes: Option<Vec<(u32, u32, String, u32)>>,
    /// Payloads of some of them: (sample, step, population, neuron, payload).
    pub payloads: Vec<(u32, u32, String, u32, i32)>,
    /// Some state words: (sample, step, population, neuron, word, value).
    pub state: Vec<(u32, u32, String, u32, String, i32)>,
    /// Output spikes per sample.
    pub output_counts: Option<Vec<Vec<u32>>>,
    /// Events of the whole run; kinds that are not named must not happen.
    pub counts: Option<BTreeMap<EventKind, u64>>,
    /// Packets and flits on the links that carry any.
    pub links: Option<Vec<LinkExpected>>,
    /// Times of some steps.
    pub times: Vec<TimeExpected>,
    /// What becomes of a step when a figure of the chip changes.
    pub changed: Vec<ChangeExpected>,
}

/// Traffic of one link.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkExpected {
    /// The tile that it leaves: from the west, from the north.
    pub from: (u32, u32),
    /// The tile that it enters, next to it.
    pub to: (u32, u32),
    /// Packets.
    pub packets: u64,
    /// Flits.
    pub flits: u64,
}

/// Time of a step under the `count` model.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeExpected {
    /// Sample.
    pub sample: u32,
    /// Step.
    pub step: u32,
    /// Update phase.
    pub update_ns: u64,
    /// Flush phase.
    pub flush_ns: u64,
    /// Barrier.
    pub barrier_ns: u64,
    /// Resets and writes.
    #[serde(default)]
    pub management_ns: u64,
    /// Host.
    pub host_ns: u64,
    /// What bounds the step, as it is displayed.
    pub bound: String,
}

/// What becomes of a step when a figure of the chip changes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeExpected {
    /// The change, as `--set` takes it.
    pub set: Vec<String>,
    /// Sample.
    pub sample: u32,
    /// Step.
    pub step: u32,
    /// What the whole step then takes.
    pub total_ns: u64,
}
