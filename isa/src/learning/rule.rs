//! A checked rule: traces, terms and what they read.

use serde::{Deserialize, Serialize};

/// A trace: a value that jumps at each spike of a neuron and decays between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceDecl {
    /// Bits; the trace stops at 2^bits - 1.
    pub bits: u32,
    /// What a spike adds, in parts of 2^-[`IMPULSE_FRACTION`]; the rest is rounded at random.
    pub impulse: u32,
    /// What a timestep leaves.
    pub decay: Decay,
}

/// Fraction bits of an impulse.
pub const IMPULSE_FRACTION: u32 = 7;

/// What a timestep leaves of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decay {
    /// All of it.
    None,
    /// exp(-1 / tau).
    Tau(u32),
    /// (4096 - k) / 4096, as chips store decays.
    Register(u32),
}

/// A variable of a synapse that a rule changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Variable {
    /// The weight, `w`.
    Weight,
    /// The delay, `d`.
    Delay,
    /// The tag, `t`: a value that only rules read.
    Tag,
}

impl Variable {
    /// All of them, in the order in which rules are printed.
    pub const ALL: [Self; 3] = [Self::Weight, Self::Delay, Self::Tag];

    /// Its name as a factor; `d` before it makes the left side of a rule.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Weight => "w",
            Self::Delay => "d",
            Self::Tag => "t",
        }
    }
}

/// When a term applies, and at which moment of the epoch its traces are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Where the source has spiked in the epoch; traces as of its last spike.
    Pre,
    /// Where the target has spiked in the epoch; traces as of its last spike.
    Post,
    /// Always; traces as of the epoch's end.
    Epoch,
}

/// What a factor reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Whether the source has spiked in the epoch: 0 or 1.
    PreSpike,
    /// Whether the target has spiked in the epoch: 0 or 1.
    PostSpike,
    /// A trace of the source: 0 is `x1`.
    PreTrace(usize),
    /// A trace of the target: 0 is `y1`.
    PostTrace(usize),
    /// A variable of the synapse, as it was before the epoch's end.
    Variable(Variable),
    /// The third factor, `r`.
    Reward,
}

/// One factor of a term: `source + offset`, or the sign of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factor {
    /// What it reads.
    pub source: Source,
    /// What is added.
    pub offset: i32,
    /// Value or sign.
    pub form: Form,
}

/// What of a factor counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The value.
    Value,
    /// Its sign: -1, 0 or 1.
    Sign,
}

/// One product: mantissa x 2^exponent x factors, added to a variable every 2^period epochs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// What it changes.
    pub variable: Variable,
    /// When it applies.
    pub gate: Gate,
    /// It applies in every 2^period-th epoch.
    pub period: u32,
    /// Odd.
    pub mantissa: i64,
    /// Power of two.
    pub exponent: i32,
    /// The factors, without the spike that is the gate.
    pub factors: Vec<Factor>,
}

/// Where the third factor comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RewardSource {
    /// The host writes it during a sample; 0 until it does.
    Host,
    /// A state word or parameter of the target's neuron program.
    Compartment(String),
}

/// The third factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RewardDecl {
    /// Bits, sign included; values beyond stop at the ends.
    pub bits: u32,
    /// Where it comes from.
    pub source: RewardSource,
}

impl RewardDecl {
    /// The value that rules read.
    #[must_use]
    pub fn narrow(&self, value: i64) -> i32 {
        let end = 1_i64 << (self.bits - 1);
        value.clamp(-end, end - 1) as i32
    }
}

/// Which signs learned weights may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WeightSigns {
    /// Those that the weights had before learning; both where they were all zero.
    #[default]
    AsCompiled,
    /// Both.
    Mixed,
}

/// Everything that a rule says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Checked {
    pub(super) name: String,
    pub(super) epoch: u32,
    pub(super) pre: [Option<TraceDecl>; PRE_TRACES],
    pub(super) post: [Option<TraceDecl>; POST_TRACES],
    pub(super) tag_bits: Option<u32>,
    pub(super) reward: Option<RewardDecl>,
    pub(super) signs: WeightSigns,
    /// By variable, then as written.
    pub(super) terms: Vec<Term>,
}

/// Traces of a source: `x1`, `x2`.
pub const PRE_TRACES: usize = 2;
/// Traces of a target: `y1`, `y2`, `y3`.
pub const POST_TRACES: usize = 3;
