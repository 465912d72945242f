//! A kind of core as the chip file writes it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::{ExponentRounding, Joins, Overlap, SignMode, Standing, SynapseFormatKind};
use super::ScalingLaw;

/// One kind of core: resources, number formats, stages, legal programs.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoreTypeFile {
    /// Compartments of the core.
    pub compartments: u32,
    /// Bits of a state word, sign included, where the core fixes them.
    #[serde(default)]
    pub state_word_bits: Option<u32>,
    /// State memory in bits, where it is a limit of its own.
    #[serde(default)]
    pub state_memory_bits: Option<u64>,
    /// Synapse memory in bits.
    pub synapse_memory_bits: u64,
    /// Width of a synapse memory word in bits.
    pub word_bits: u32,
    /// Memory that state and synapses share, in bits, where they do.
    #[serde(default)]
    pub memory_bits: Option<u64>,
    /// Axon-in entries.
    pub axons_in: u32,
    /// Axon-out entries.
    pub axons_out: u32,
    /// Axon-out entries that a way to a core of another chip takes; one to a core of the same chip
    /// takes one.
    #[serde(default = "one")]
    pub axon_out_other_chip_entries: u32,
    /// Synapses that may end in one compartment, if limited.
    #[serde(default)]
    pub fan_in: Option<u32>,
    /// Axon-out entries that one compartment may own, if limited.
    #[serde(default)]
    pub fan_out: Option<u32>,
    /// Distinct compartment groups per core, if limited.
    #[serde(default)]
    pub configurations: Option<u32>,
    /// Distinct thresholds per core, if limited.
    #[serde(default)]
    pub threshold_configurations: Option<u32>,
    /// Distinct list formats (widths and signs) per core, if limited.
    #[serde(default)]
    pub list_formats: Option<u32>,
    /// Groups of destinations that axons of the core may have, if limited.
    #[serde(default)]
    pub destination_groups: Option<u32>,
    /// Synapse memory words that one list may own, if limited.
    #[serde(default)]
    pub list_words: Option<u32>,
    /// Accumulator slots of all compartments together, if limited: a compartment takes as many as
    /// the longest delay of its core plus two.
    #[serde(default)]
    pub accumulator_slots: Option<u32>,
    /// Bits and signs of weights.
    pub weights: WeightsFile,
    /// Bits of a spike's payload; 0 where spikes are binary.
    #[serde(default)]
    pub payload_bits: u32,
    /// Largest synaptic delay in steps beyond the one that every spike takes.
    pub delay_max: u32,
    /// Most timesteps that a compartment's spike can wait before it leaves the core.
    #[serde(default)]
    pub axon_delay_max: u32,
    /// Synapse formats.
    pub formats: Vec<FormatFile>,
    /// Registers by the program's parameter name.
    #[serde(default)]
    pub registers: BTreeMap<String, RegisterFile>,
    /// Neuron programs that may run.
    pub programs: ProgramsFile,
    /// Compartments updated at once.
    #[serde(default = "one")]
    pub lanes: u32,
    /// Whether lists are served while the core's own update loop runs.
    pub overlap: Overlap,
    /// Time of each stage; a stage that is missing is not modelled.
    #[serde(default)]
    pub services: ServicesFile,
    /// How compartments of one neuron join.
    #[serde(default)]
    pub joins: Option<Joins>,
    /// Traces and epochs of on-chip learning.
    #[serde(default)]
    pub learning: Option<LearningFile>,
}

/// One of anything, for fields that a plain core leaves out.
fn one() -> u32 {
    1
}

/// Bits, signs and exponents of stored weights.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightsFile {
    /// Stored widths that a list may choose from, ascending.
    pub widths: Vec<u32>,
    /// Sign modes that a list may choose from.
    pub signs: Vec<SignMode>,
    /// Smallest weight exponent.
    pub exponent_min: i32,
    /// Largest weight exponent.
    pub exponent_max: i32,
    /// Left shift from a weight to the accumulator's scale.
    pub input_shift: u32,
    /// Bits of the accumulator, sign included.
    pub accumulator_bits: u32,
    /// What becomes of the bits that a negative exponent shifts out of a weight.
    #[serde(default)]
    pub exponent_rounding: ExponentRounding,
}

/// One way to store a synapse list.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormatFile {
    /// Dense, sparse, shared kernel or run-length.
    pub kind: SynapseFormatKind,
    /// Bits before the first synapse of an entry.
    pub prefix_bits: u32,
    /// Widths that the destination index or skip may take, ascending.
    #[serde(default)]
    pub index_widths: Vec<u32>,
    /// Widths that the delay field may take, ascending; 0 where no delay is stored.
    pub delay_widths: Vec<u32>,
    /// Synapses after which a list needs a further prefix, if limited.
    #[serde(default)]
    pub entry_synapses: Option<u32>,
}

/// The register behind one program parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterFile {
    /// Mantissa bits, without the sign; 0 where the core has no such register.
    pub bits: u32,
    /// Whether the mantissa has a sign.
    pub signed: bool,
    /// Smallest exponent: value = mantissa x 2^exponent.
    #[serde(default)]
    pub exponent_min: u32,
    /// Largest exponent.
    #[serde(default)]
    pub exponent_max: u32,
}

/// Which neuron programs a core may run.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum ProgramsFile {
    /// A fixed list, by program name.
    Fixed(Vec<String>),
    /// Any program that fits.
    Programmable {
        /// State bits that one compartment may have.
        state_bits: u32,
        /// Instruction memory in instructions.
        instructions: u32,
        /// Cycles of operators that take more than one, by the operator's name in programs.
        #[serde(default)]
        cycles: BTreeMap<String, u32>,
    },
}

/// Time of each stage; a stage that is missing is not modelled.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServicesFile {
    /// Update of an inactive compartment.
    pub neuron_inactive: Option<StageFigure>,
    /// Update of an active compartment.
    pub neuron_active: Option<StageFigure>,
    /// Update of a spiking compartment.
    pub neuron_spiking: Option<StageFigure>,
    /// One instruction.
    pub instruction: Option<StageFigure>,
    /// One packet sent.
    pub axon_out: Option<StageFigure>,
    /// One packet taken.
    pub axon_in: Option<StageFigure>,
    /// One synapse memory word read.
    pub synapse_word: Option<StageFigure>,
    /// One synaptic operation from a dense list.
    pub synaptic_op_dense: Option<StageFigure>,
    /// One synaptic operation from a sparse list.
    pub synaptic_op_sparse: Option<StageFigure>,
    /// One synaptic operation from a shared kernel.
    pub synaptic_op_kernel: Option<StageFigure>,
    /// One synaptic operation from a run-length list.
    pub synaptic_op_run_length: Option<StageFigure>,
    /// One visit of a plastic synapse.
    pub synaptic_update: Option<StageFigure>,
    /// One trace brought to the end of an epoch.
    pub trace_update: Option<StageFigure>,
}

/// Time of one stage: when its result is there, and when it can take the next.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageFigure {
    /// From start to result.
    pub latency_ns: f64,
    /// From start to the next start.
    pub occupancy_ns: f64,
    /// Where the figures come from.
    pub source: String,
    /// What the figures rest on.
    pub standing: Standing,
    /// How the figures follow parameters of the chip.
    #[serde(default)]
    pub scaling: Vec<ScalingLaw>,
}

/// What on-chip learning can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LearningFile {
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
    #[serde(default)]
    pub products: Option<u32>,
    /// Bits of a product's mantissa, sign included.
    pub mantissa_bits: u32,
    /// Smallest exponent of a product: it counts mantissa x 2^exponent.
    pub exponent_min: i32,
    /// Largest exponent of a product.
    pub exponent_max: i32,
    /// Bits, without the sign, that products are cut to, if they are.
    #[serde(default)]
    pub product_bits: Option<u32>,
}
