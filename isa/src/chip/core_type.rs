//! What one core can hold and how long its stages take.

use serde::{Deserialize, Serialize};

use crate::join::JoinOp;
use crate::quantity::Picoseconds;

/// One kind of core: its resources, number formats, stages and legal programs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CoreType {
    /// Name in the chip file, such as `neuro`.
    pub name: String,
    /// Compartments of the core.
    pub compartments: u32,
    /// Bits of a state word, sign included, where the core fixes them.
    pub state_word_bits: Option<u32>,
    /// State memory of the core in bits, if it is a limit of its own.
    pub state_memory_bits: Option<u64>,
    /// Synapse memory in bits.
    pub synapse_memory_bits: u64,
    /// Width of a synapse memory word in bits.
    pub word_bits: u32,
    /// Memory that state and synapses share, in bits, where they do.
    pub memory_bits: Option<u64>,
    /// Axon-in entries.
    pub axons_in: u32,
    /// Axon-out entries.
    pub axons_out: u32,
    /// Axon-out entries that a way to a core of another chip takes.
    pub axon_out_other_chip_entries: u32,
    /// Synapses that may end in one compartment, if limited.
    pub fan_in: Option<u32>,
    /// Axon-out entries that one compartment may own, if limited.
    pub fan_out: Option<u32>,
    /// Distinct compartment groups (configurations) per core, if limited.
    pub configurations: Option<u32>,
    /// Synapse memory words that one list may own, if limited.
    pub list_words: Option<u32>,
    /// Accumulator slots of all compartments together, if limited: a compartment takes as many as
    /// the longest delay of its core plus two.
    pub accumulator_slots: Option<u32>,
    /// Bits and signs of weights.
    pub weights: WeightRules,
    /// Bits of a spike's payload; 0 where spikes are binary.
    pub payload_bits: u32,
    /// Largest synaptic delay in steps beyond the one that every spike takes.
    pub delay_max: u32,
    /// Most timesteps that a compartment's spike can wait before it leaves the core; 0 where spikes
    /// leave at once.
    pub axon_delay_max: u32,
    /// Synapse formats that the core can decode.
    pub formats: Vec<SynapseFormat>,
    /// Width and exponent of each parameter register, by the program's parameter name.
    pub registers: Vec<(String, Register)>,
    /// Neuron programs that may run.
    pub programs: Programs,
    /// Compartments updated at once.
    pub lanes: u32,
    /// Whether lists are served while the core's own update loop runs.
    pub overlap: Overlap,
    /// Service time of each stage.
    pub services: Services,
    /// How compartments of one neuron join, where the core lets them.
    pub joins: Option<Joins>,
    /// On-chip learning, where the core has it.
    pub learning: Option<Learning>,
}

/// How compartments of one neuron join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Joins {
    /// Operations.
    pub ops: Vec<JoinOp>,
    /// Compartments from the innermost to the outermost of a neuron, if limited.
    #[serde(default)]
    pub depth: Option<u32>,
}

/// What on-chip learning can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Learning {
    /// Bits of a trace.
    pub trace_bits: u32,
    /// Distinct presynaptic trace configurations per core.
    pub trace_configurations: u32,
    /// Bits of a synapse's tag.
    pub tag_bits: u32,
    /// Bits of the learning accumulator, sign included.
    pub accumulator_bits: u32,
    /// Largest epoch in steps.
    pub epoch_max: u32,
    /// Products that a rule may have, if limited.
    pub products: Option<u32>,
    /// Bits of a product's mantissa, sign included.
    pub mantissa_bits: u32,
    /// Smallest exponent of a product: it counts mantissa x 2^exponent.
    pub exponent_min: i32,
    /// Largest exponent of a product.
    pub exponent_max: i32,
    /// Bits, without the sign, that products are cut to, if they are.
    pub product_bits: Option<u32>,
}

/// Whether the synapse stage runs beside the update loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// Both at once.
    Overlapped,
    /// Lists wait for the end of the core's own loop.
    Sequential,
}

/// Bits, signs and exponent of the stored weights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeightRules {
    /// Stored widths that a list may choose from, ascending, magnitude bits without the sign mode.
    pub widths: Vec<u32>,
    /// Sign modes that a list may choose from.
    pub signs: Vec<SignMode>,
    /// Smallest weight exponent.
    pub exponent_min: i32,
    /// Largest weight exponent.
    pub exponent_max: i32,
    /// Left shift from a weight to the accumulator's scale (6 on Loihi).
    pub input_shift: u32,
    /// Bits of the accumulator, sign included.
    pub accumulator_bits: u32,
    /// What becomes of the bits that a negative exponent shifts out of a weight.
    pub exponent_rounding: ExponentRounding,
}

/// How a weight that a negative exponent makes smaller is rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExponentRounding {
    /// Down.
    #[default]
    Down,
    /// To nearest, ties to even.
    Nearest,
}

/// Which signs the weights of one list may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignMode {
    /// Both signs; one bit of precision is lost to the sign.
    Mixed,
    /// Weights are zero or positive.
    Excitatory,
    /// Weights are zero or negative.
    Inhibitory,
}

/// One way to store a synapse list, with the exact size formula's constants.
///
/// A list of n synapses takes `prefix_bits + n * (weight + delay + tag + index)` bits, with the
/// index (sparse) or skip (run-length) only where the format has one, rounded up to whole words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SynapseFormat {
    /// Dense, sparse, shared kernel or run-length.
    pub kind: SynapseFormatKind,
    /// Bits before the first synapse of an entry.
    pub prefix_bits: u32,
    /// Widths that the destination index (sparse) or skip (run-length) may take, ascending.
    pub index_widths: Vec<u32>,
    /// Widths that the delay field may take, ascending; 0 where no delay is stored.
    pub delay_widths: Vec<u32>,
    /// Synapses after which a list needs a further prefix, if limited.
    pub entry_synapses: Option<u32>,
}

/// The kinds of synapse format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SynapseFormatKind {
    /// Weights for consecutive compartments; no index.
    Dense,
    /// (index, weight) pairs.
    Sparse,
    /// One shared convolution kernel.
    Kernel,
    /// (skip, weight) pairs: how many compartments further than the one before.
    RunLength,
}

/// The register behind one parameter: mantissa bits, sign and exponent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Register {
    /// Mantissa bits, without the sign.
    pub bits: u32,
    /// Whether the mantissa has a sign.
    pub signed: bool,
    /// Smallest exponent: value = mantissa x 2^exponent.
    pub exponent_min: u32,
    /// Largest exponent.
    pub exponent_max: u32,
}

/// Which neuron programs a core may run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Programs {
    /// A fixed list, by program name; updates are priced as inactive, active, spiking.
    Fixed(Vec<String>),
    /// Any program that fits; instructions are priced.
    Programmable {
        /// State bits that one compartment may have.
        state_bits: u32,
        /// Instruction memory in instructions.
        instructions: u32,
    },
}

/// Time of one stage: when its result is there, and when it can take the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// From start to result.
    pub latency: Picoseconds,
    /// From start to the next start.
    pub occupancy: Picoseconds,
}

/// Service times of a core's stages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Services {
    /// Update of an inactive compartment.
    pub neuron_inactive: Stage,
    /// Update of an active compartment.
    pub neuron_active: Stage,
    /// Update of a spiking compartment.
    pub neuron_spiking: Stage,
    /// One instruction (programmable cores).
    pub instruction: Stage,
    /// One packet sent.
    pub axon_out: Stage,
    /// One packet taken.
    pub axon_in: Stage,
    /// One synapse memory word read.
    pub synapse_word: Stage,
    /// One synaptic operation from a dense list.
    pub synaptic_op_dense: Stage,
    /// One synaptic operation from a sparse list.
    pub synaptic_op_sparse: Stage,
    /// One synaptic operation from a shared kernel.
    pub synaptic_op_kernel: Stage,
    /// One synaptic operation from a run-length list.
    pub synaptic_op_run_length: Stage,
    /// One visit of a plastic synapse.
    pub synaptic_update: Stage,
    /// One trace brought to the end of an epoch.
    pub trace_update: Stage,
}

impl CoreType {
    /// The register behind the parameter, where the file declares one.
    #[must_use]
    pub fn register(&self, parameter: &str) -> Option<&Register> {
        self.registers.iter().find(|(name, _)| name == parameter).map(|(_, register)| register)
    }

    /// Whether compartments of the core may join so, in a neuron of so many one behind the other.
    #[must_use]
    pub fn may_join(&self, op: JoinOp, depth: u32) -> bool {
        self.joins.as_ref().is_some_and(|joins| {
            joins.ops.contains(&op) && joins.depth.is_none_or(|bound| depth <= bound)
        })
    }

    /// Words of synapse memory in the core.
    #[must_use]
    pub fn synapse_words(&self) -> u64 {
        self.synapse_memory_bits / u64::from(self.word_bits)
    }

    /// Widest field of a synaptic delay in bits.
    #[must_use]
    pub fn delay_bits(&self) -> u32 {
        let widths = self.formats.iter().flat_map(|format| &format.delay_widths);
        widths.copied().max().unwrap_or(0)
    }

    /// Service time of one synaptic operation in the format.
    #[must_use]
    pub fn synaptic_op(&self, kind: SynapseFormatKind) -> Stage {
        match kind {
            SynapseFormatKind::Dense => self.services.synaptic_op_dense,
            SynapseFormatKind::Sparse => self.services.synaptic_op_sparse,
            SynapseFormatKind::Kernel => self.services.synaptic_op_kernel,
            SynapseFormatKind::RunLength => self.services.synaptic_op_run_length,
        }
    }
}

impl Register {
    /// The largest mantissa.
    #[must_use]
    pub fn mantissa_max(&self) -> i64 {
        (1_i64 << self.bits) - 1
    }
}
