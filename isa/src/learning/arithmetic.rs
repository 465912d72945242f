//! The arithmetic of an epoch: traces, products, accumulator, rounding.
//!
//! # Source
//! Lava 0.10.0, `LearningDense`, bit-approximate model, which its authors compare with Loihi 1.
//! Where that model drops low bits of a wide product it also loses its scale; here the scale stays.

use serde::{Deserialize, Serialize};

use super::draws::TraceDraw;
use super::rule::{Decay, Factor, Form, IMPULSE_FRACTION, Source, Term, TraceDecl, Variable};

/// Widths that a chip computes changes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LearningSettings {
    /// Bits of the accumulator that a variable's changes are added up in, sign included.
    pub accumulator_bits: u32,
    /// Magnitude bits of the widest weight; what is left of the accumulator is fraction.
    pub weight_bits: u32,
    /// Bits of a delay.
    pub delay_bits: u32,
    /// Bits of a term's mantissa, sign included.
    pub mantissa_bits: u32,
    /// Bits, without the sign, that a product is cut to: factors whose widths together with the
    /// mantissa's are more lose so many low bits. `None`: products are exact.
    pub product_bits: Option<u32>,
}

/// Everything that a factor can read of one synapse at one moment of the epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scene {
    /// Whether source and target have spiked in the epoch.
    pub spikes: [i32; 2],
    /// Traces of the source.
    pub pre: [i32; 2],
    /// Traces of the target.
    pub post: [i32; 3],
    /// Weight, delay and tag before the epoch's end.
    pub variables: [i32; 3],
    /// Third factor.
    pub reward: i32,
}

impl LearningSettings {
    /// Fraction bits of the accumulator.
    #[must_use]
    pub fn fraction_bits(&self) -> u32 {
        self.accumulator_bits.saturating_sub(self.weight_bits + 1)
    }

    /// Whether the arithmetic is defined for these widths.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let widths = [self.weight_bits, self.delay_bits, self.mantissa_bits];
        self.accumulator_bits > self.weight_bits
            && self.accumulator_bits <= 32
            && widths.iter().all(|bits| (1..=16).contains(bits))
            && self.product_bits.is_none_or(|bits| bits <= 60)
    }

    /// A variable as the accumulator holds it.
    #[must_use]
    pub fn widen(&self, value: i32) -> i64 {
        i64::from(value) << self.fraction_bits()
    }

    /// Adds a term's contribution; the accumulator saturates.
    #[must_use]
    #[inline]
    pub fn accumulate(&self, accumulator: i64, contribution: i64) -> i64 {
        let end = 1_i64 << (self.accumulator_bits - 1);
        (accumulator + contribution).clamp(-end, end - 1)
    }

    /// The variable behind an accumulator: a multiple of 2^step that is chosen at random between
    /// the two nearest, and stays inside the range.
    ///
    /// The draw is asked for only where chance decides.
    #[inline]
    pub fn round(
        &self,
        accumulator: i64,
        step: u32,
        range: (i32, i32),
        random: impl FnOnce() -> u32,
    ) -> Rounded {
        let places = self.fraction_bits() + step;
        let floor = accumulator >> places;
        let rest = (accumulator - (floor << places)) as u64;
        // The share of the way up, in parts of 2^32.
        let share = if places == 0 { 0 } else { (rest << 32) >> places };
        let up = rest != 0 && u64::from(random()) < share;
        let value = (floor + i64::from(up)) << step;
        let (low, high) = range;
        let kept = value.clamp(low.into(), high.into());
        Rounded { value: kept as i32, inexact: rest != 0, saturated: kept != value }
    }
}

/// A rounded variable and what happened on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rounded {
    /// The new value.
    pub value: i32,
    /// Whether chance decided.
    pub inexact: bool,
    /// Whether it stopped at an end of the range.
    pub saturated: bool,
}

impl Decay {
    /// What a timestep leaves, in parts of 2^32.
    #[must_use]
    pub fn factor(self) -> u64 {
        const ONE: u64 = 1 << 32;
        match self {
            Self::None => ONE,
            Self::Register(register) => ONE - (u64::from(register.min(4096)) << 20),
            Self::Tau(tau) => {
                // exp(-1 / tau) by its series, with 64 fraction bits; tau is at least one.
                let (mut sum, mut term) = (1_i128 << 64, 1_i128 << 64);
                for n in 1..40 {
                    term /= i128::from(tau.max(1)) * n;
                    sum += if n % 2 == 0 { term } else { -term };
                }
                ((sum + (1 << 31)) >> 32) as u64
            }
        }
    }
}

/// One timestep of decay, rounded at random: `factor` in parts of 2^32.
#[must_use]
#[inline]
pub fn decay(value: i32, factor: u64, random: u32) -> i32 {
    let product = value as u64 * factor;
    (product >> 32) as i32 + i32::from(random < product as u32)
}

impl TraceDecl {
    /// The largest value.
    #[must_use]
    pub fn largest(&self) -> i32 {
        (1 << self.bits) - 1
    }

    /// The trace after a spike.
    #[must_use]
    #[inline]
    pub fn add_impulse(&self, value: i32, random: u32) -> i32 {
        let fraction = self.impulse & ((1 << IMPULSE_FRACTION) - 1);
        let up = random < fraction << (32 - IMPULSE_FRACTION);
        let impulse = (self.impulse >> IMPULSE_FRACTION) as i32 + i32::from(up);
        (value + impulse).min(self.largest())
    }

    /// The trace at every step of the epoch: `history[s]` is its value after step s, counted from
    /// one; `history[0]` must hold its value before. The spike is the epoch's last one, 0 for none;
    /// earlier ones were added as they came.
    pub fn fill_history(&self, spike: u32, factor: u64, draw: TraceDraw, history: &mut [i32]) {
        for step in 1..history.len() {
            let mut value = decay(history[step - 1], factor, draw.decay);
            if step as u32 == spike {
                value = self.add_impulse(value, draw.impulse);
            }
            history[step] = value;
        }
    }
}

impl Term {
    /// Whether the term applies in an epoch, counted from one.
    #[must_use]
    pub fn is_due(&self, epoch: u32) -> bool {
        epoch.trailing_zeros() >= self.period
    }

    /// What the term adds to its variable's accumulator.
    #[must_use]
    pub fn contribution(&self, widths: &TermWidths, scene: &Scene) -> i64 {
        let mut product = self.mantissa;
        for (factor, bits) in self.factors.iter().zip(&widths.factors) {
            product *= factor.value(scene, *bits);
        }
        widths.scale(product)
    }
}

/// What a term's scaling depends on beside the term: worked out once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TermWidths {
    /// Bits of each factor.
    pub factors: Vec<u32>,
    /// Low bits that the product loses.
    pub cut: u32,
    /// Power of two from the product to the accumulator.
    pub shift: i32,
    /// Ends of the accumulator.
    pub end: i64,
}

impl TermWidths {
    /// A product on the accumulator's scale: low bits cut, scaled rounding down, saturated.
    #[must_use]
    #[inline]
    pub fn scale(&self, product: i64) -> i64 {
        let cut = product >> self.cut;
        let scaled = if self.shift < 0 {
            cut >> (-self.shift).min(63)
        } else {
            // Beyond the accumulator in any case.
            let bound = (1_i64 << 62) >> self.shift.min(62);
            cut.clamp(-bound, bound) << self.shift.min(62)
        };
        scaled.clamp(-self.end, self.end - 1)
    }
}

impl Factor {
    /// The factor's value; with an offset it stops at `bits` bits and sign.
    #[must_use]
    #[inline]
    pub fn value(&self, scene: &Scene, bits: u32) -> i64 {
        let source = match self.source {
            Source::PreSpike => scene.spikes[0],
            Source::PostSpike => scene.spikes[1],
            Source::PreTrace(index) => scene.pre[index],
            Source::PostTrace(index) => scene.post[index],
            Source::Variable(Variable::Weight) => scene.variables[0],
            Source::Variable(Variable::Delay) => scene.variables[1],
            Source::Variable(Variable::Tag) => scene.variables[2],
            Source::Reward => scene.reward,
        };
        self.shape(source, bits)
    }

    /// The factor's value for what its source holds.
    #[must_use]
    #[inline]
    pub fn shape(&self, source: i32, bits: u32) -> i64 {
        let sum = i64::from(source) + i64::from(self.offset);
        match self.form {
            Form::Sign => sum.signum(),
            Form::Value => sum.clamp(-(1 << bits), (1 << bits) - 1),
        }
    }
}
