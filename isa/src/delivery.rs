//! Delivery: what happens between an arriving spike and the value that a neuron program reads.
//!
//! Both engines call these functions, so that the arithmetic has one definition. In order:
//!
//! 1. [`WeightRule`] says which weights a list can store and how others are rounded.
//! 2. [`Delivery::contribution`] turns a stored weight and a payload into what the synapse adds:
//!    `weight x payload`, scaled by the weight exponent here or after the sum.
//! 3. [`Delivery::accumulate`] adds it to the accumulator, which wraps or saturates.
//! 4. [`Delivery::slot`] says in which slot of the accumulator ring: delay 0 is read in the next
//!    timestep.
//! 5. [`Delivery::settle`] turns the accumulator into the input of the neuron program.
//!
//! # Source
//! The orders of operations of public Loihi models: brian2-loihi 0.5.2 scales each weight, rounding
//! down, and clips it; nengo-loihi 1.1.0 scales each weight, rounding to nearest; Lava 0.10.0
//! scales the sum, rounding down.

mod weight;

use serde::{Deserialize, Serialize};

use crate::chip::ExponentRounding;
use crate::diagnostic::Diagnostic;
use crate::neuron::{InputDecl, Range};
use crate::random::{Counter, Purpose, draw};
pub use weight::{WeightRounding, WeightRule};

/// What an accumulator does with a sum beyond its width.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overflow {
    /// Two's complement.
    #[default]
    Wrap,
    /// The nearest end of the range.
    Saturate,
}

/// Where the weight exponent is applied, and how a negative one rounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scaling {
    /// To every contribution, rounding down.
    #[default]
    EachDown,
    /// To every contribution, rounding to nearest, ties to even.
    EachNearest,
    /// To the sum of the timestep, rounding down. All lists of one input share the exponent.
    Sum,
}

/// What a synapse does with its weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SynapseMode {
    /// It adds it.
    #[default]
    Plain,
    /// It adds the weight's sign with probability |weight| / 2^bits: where |weight| is at least a
    /// draw of so many bits (TrueNorth: 8).
    Stochastic {
        /// Bits of the draw, 1..=32.
        bits: u32,
    },
}

/// Settings of the delivery arithmetic, unchecked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliverySettings {
    /// Weight exponent: the weight counts 2^exponent.
    pub exponent: i32,
    /// Left shift from a weight to the scale of the input (6 on Loihi).
    pub input_shift: u32,
    /// Where the exponent is applied.
    #[serde(default)]
    pub scaling: Scaling,
    /// Bits of the largest magnitude of one contribution, which is clipped to
    /// ±(2^bits - 2^input_shift); `None` where nothing is clipped.
    #[serde(default)]
    pub contribution_bits: Option<u32>,
    /// Bits of the accumulator, sign included.
    pub accumulator_bits: u32,
    /// What the accumulator does beyond its width.
    pub overflow: Overflow,
    /// What a synapse does with its weight.
    #[serde(default)]
    pub synapse: SynapseMode,
}

/// Checked settings of the delivery arithmetic of one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "DeliverySettings", into = "DeliverySettings")]
pub struct Delivery {
    settings: DeliverySettings,
}

impl TryFrom<DeliverySettings> for Delivery {
    type Error = Diagnostic;

    fn try_from(settings: DeliverySettings) -> Result<Self, Diagnostic> {
        Self::check(settings)
    }
}

impl From<Delivery> for DeliverySettings {
    fn from(delivery: Delivery) -> Self {
        delivery.settings
    }
}

impl Delivery {
    /// The plainest delivery: the exponent scales each weight, rounding down; nothing is clipped.
    #[must_use]
    pub fn new(
        exponent: i32,
        input_shift: u32,
        accumulator_bits: u32,
        overflow: Overflow,
    ) -> Option<Self> {
        let settings = DeliverySettings {
            exponent,
            input_shift,
            scaling: Scaling::EachDown,
            contribution_bits: None,
            accumulator_bits,
            overflow,
            synapse: SynapseMode::Plain,
        };
        Self::check(settings).ok()
    }

    /// The same with weights rounded as a chip says when a negative exponent makes them smaller.
    #[must_use]
    pub fn rounding(mut self, rounding: ExponentRounding) -> Self {
        self.settings.scaling = match rounding {
            ExponentRounding::Down => Scaling::EachDown,
            ExponentRounding::Nearest => Scaling::EachNearest,
        };
        self
    }

    /// Checks settings.
    ///
    /// # Errors
    /// A setting outside the arithmetic's own bounds (a chip's are narrower); whoever chose the
    /// settings must act.
    pub fn check(settings: DeliverySettings) -> Result<Self, Diagnostic> {
        let wrong = |name: &str, value: i64, low: i64, high: i64| {
            let message = format!("delivery: `{name}` is {value}, but it lies in {low} to {high}");
            Err(Diagnostic::error("QP040", message).help("choose a value in the range"))
        };
        let exponent = i64::from(settings.exponent);
        if !(-32..=32).contains(&exponent) {
            return wrong("exponent", exponent, -32, 32);
        }
        if settings.input_shift > 31 {
            return wrong("input_shift", settings.input_shift.into(), 0, 31);
        }
        if !(2..=32).contains(&settings.accumulator_bits) {
            return wrong("accumulator_bits", settings.accumulator_bits.into(), 2, 32);
        }
        if let Some(bits) = settings.contribution_bits
            && !(settings.input_shift + 1..=31).contains(&bits)
        {
            let low = i64::from(settings.input_shift) + 1;
            return wrong("contribution_bits", bits.into(), low, 31);
        }
        if let SynapseMode::Stochastic { bits } = settings.synapse
            && !(1..=32).contains(&bits)
        {
            return wrong("stochastic bits", bits.into(), 1, 32);
        }
        let delivery = Self { settings };
        let settled = delivery.settled_bits();
        if settled > 32 {
            let message = format!(
                "delivery: a sum scaled afterwards fits 32 bits, but {} bits of accumulator \
                 become {settled}",
                settings.accumulator_bits
            );
            let help = "scale each weight instead, or use a narrower accumulator";
            return Err(Diagnostic::error("QP041", message).help(help));
        }
        Ok(delivery)
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &DeliverySettings {
        &self.settings
    }

    /// Bits of what [`Self::settle`] gives, sign included.
    fn settled_bits(&self) -> i64 {
        let bits = i64::from(self.settings.accumulator_bits);
        match self.settings.scaling {
            Scaling::EachDown | Scaling::EachNearest => bits,
            Scaling::Sum => {
                let scaled = bits + i64::from(self.settings.exponent);
                scaled.max(1) + i64::from(self.settings.input_shift)
            }
        }
    }

    /// The values that a neuron program can read.
    #[must_use]
    pub fn settled_range(&self) -> Range {
        let half = 1_i64 << (self.settings.accumulator_bits - 1);
        match self.settings.scaling {
            Scaling::EachDown | Scaling::EachNearest => Range { low: -half, high: half - 1 },
            Scaling::Sum => Range { low: self.scale_down(-half), high: self.scale_down(half - 1) },
        }
    }

    /// Checks that a neuron program can read whatever this delivers.
    ///
    /// # Errors
    /// The delivered values exceed the input's declared width; the chip's or the program's author
    /// must act.
    pub fn check_input(&self, input: &InputDecl, source: &str) -> Result<(), Diagnostic> {
        let (given, taken) = (self.settled_range(), input.width.range());
        if taken.holds(given) {
            return Ok(());
        }
        let message = format!(
            "input `{}` takes {} to {}, but delivery gives {} to {}",
            input.name, taken.low, taken.high, given.low, given.high
        );
        Err(Diagnostic::error("QP042", message)
            .at(source, &input.name, "too narrow")
            .help("widen the input in the program, or narrow the accumulator"))
    }

    /// What one synapse adds, for a weight already drawn where the synapse is stochastic.
    ///
    /// weight x payload x 2^(exponent + input shift), the exponent's part rounded as
    /// [`Scaling`] says, so that a multiple of 2^input shift results; with [`Scaling::Sum`] just
    /// weight x payload.
    #[must_use]
    pub fn contribution(&self, weight: i32, payload: i32) -> i64 {
        let product = i64::from(weight) * i64::from(payload);
        let scaled = match self.settings.scaling {
            Scaling::Sum => return self.clipped(product),
            Scaling::EachDown => return self.clipped(self.scale_down(product)),
            Scaling::EachNearest if self.settings.exponent < 0 => {
                nearest(product, self.settings.exponent.unsigned_abs())
            }
            Scaling::EachNearest => self.scaled_up(product, self.settings.exponent.unsigned_abs()),
        };
        self.clipped(self.scaled_up(scaled, self.settings.input_shift))
    }

    /// floor(value x 2^exponent) x 2^input shift.
    fn scale_down(&self, value: i64) -> i64 {
        let exponent = self.settings.exponent;
        let scaled = if exponent < 0 {
            value >> exponent.unsigned_abs()
        } else {
            self.scaled_up(value, exponent.unsigned_abs())
        };
        self.scaled_up(scaled, self.settings.input_shift)
    }

    /// value x 2^shift; what leaves 64 bits wraps or saturates as the accumulator does.
    fn scaled_up(&self, value: i64, shift: u32) -> i64 {
        let wraps = self.settings.overflow == Overflow::Wrap;
        if wraps && self.settings.contribution_bits.is_none() {
            return value.wrapping_shl(shift);
        }
        if value.unsigned_abs().leading_zeros() > shift {
            value << shift
        } else {
            // Not zero, which has 64 leading zeros.
            i64::MAX * value.signum()
        }
    }

    fn clipped(&self, contribution: i64) -> i64 {
        match self.settings.contribution_bits {
            Some(bits) => {
                let most = (1 << bits) - (1 << self.settings.input_shift);
                contribution.clamp(-most, most)
            }
            None => contribution,
        }
    }

    /// How many 32-bit draws a synapse takes for a spike: 0 or 1.
    #[must_use]
    pub fn draws(&self) -> u32 {
        u32::from(self.settings.synapse != SynapseMode::Plain)
    }

    /// The weight that a synapse uses for one spike, given 32 random bits of its own.
    #[must_use]
    pub fn drawn_weight(&self, weight: i32, random: u32) -> i32 {
        match self.settings.synapse {
            SynapseMode::Plain => weight,
            SynapseMode::Stochastic { bits } => {
                let draw = random >> (32 - bits);
                if weight.unsigned_abs() >= draw { weight.signum() } else { 0 }
            }
        }
    }

    /// Adds a contribution to an accumulator.
    #[must_use]
    pub fn accumulate(&self, accumulator: i32, contribution: i64) -> i32 {
        let accumulator = i64::from(accumulator);
        match self.settings.overflow {
            Overflow::Wrap => self.wrapped(accumulator.wrapping_add(contribution)),
            Overflow::Saturate => {
                let half = 1_i64 << (self.settings.accumulator_bits - 1);
                let sum = accumulator.saturating_add(contribution);
                // At most 32 bits.
                sum.clamp(-half, half - 1) as i32
            }
        }
    }

    fn wrapped(&self, sum: i64) -> i32 {
        let unused = 64 - self.settings.accumulator_bits;
        ((sum << unused) >> unused) as i32
    }

    /// What the neuron program reads for an accumulator.
    ///
    /// A wrapping accumulator may hold its sum modulo 2^32; this wraps it to its own width. All
    /// blocks that add to one accumulator must agree on [`Self::settles_like`].
    #[must_use]
    pub fn settle(&self, accumulator: i32) -> i32 {
        let sum = match self.settings.overflow {
            Overflow::Wrap => self.wrapped(accumulator.into()),
            Overflow::Saturate => accumulator,
        };
        match self.settings.scaling {
            Scaling::EachDown | Scaling::EachNearest => sum,
            // Checked to fit 32 bits.
            Scaling::Sum => self.scale_down(sum.into()) as i32,
        }
    }

    /// Whether two deliveries may add to the same accumulator.
    #[must_use]
    pub fn settles_like(&self, other: &Self) -> bool {
        let (one, two) = (&self.settings, &other.settings);
        let sums = one.scaling == Scaling::Sum;
        one.accumulator_bits == two.accumulator_bits
            && one.overflow == two.overflow
            && sums == (two.scaling == Scaling::Sum)
            && (!sums || (one.exponent, one.input_shift) == (two.exponent, two.input_shift))
    }

    /// The left shift from weight to contribution, where a binary spike needs nothing else: no
    /// rounding, no draw, and a sum that any 32-bit wrapping addition gives.
    #[must_use]
    pub fn plain_shift(&self) -> Option<u32> {
        let settings = &self.settings;
        if !self.commutes() || self.draws() > 0 || settings.contribution_bits.is_some() {
            return None;
        }
        let shift = match settings.scaling {
            Scaling::Sum => 0,
            Scaling::EachDown | Scaling::EachNearest => {
                settings.input_shift + u32::try_from(settings.exponent).ok()?
            }
        };
        (shift < 32).then_some(shift)
    }

    /// Whether the order of summing cannot matter.
    #[must_use]
    pub fn commutes(&self) -> bool {
        self.settings.overflow == Overflow::Wrap
    }

    /// The ring slot that a spike delivered in `step` with `delay` fills.
    #[must_use]
    pub fn slot(step: u32, delay: u32, slots: u32) -> u32 {
        (step + 1 + delay) % slots
    }
}

/// The 32 random bits of one synapse for one spike: of the draw between two neurons, whatever
/// core, list or order they are served in.
#[must_use]
pub fn synapse_random(seed: u32, sample: u32, step: u32, source: u32, target: u32) -> u32 {
    draw(seed, Purpose::Synapse, Counter { ordinal: source, step, sample, draw: target })
}

/// value / 2^shift to the nearest integer, ties to even.
fn nearest(value: i64, shift: u32) -> i64 {
    let floor = value >> shift;
    let rest = value - (floor << shift);
    let half = 1_i64 << (shift - 1);
    floor + i64::from(rest > half || (rest == half && floor & 1 == 1))
}

#[cfg(test)]
mod tests;
