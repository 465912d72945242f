//! Delivery: what happens between an arriving spike and the accumulator that the next update reads.
//!
//! Both engines call these functions, so weight scaling, summing and delay have one definition.

use serde::{Deserialize, Serialize};

/// What an accumulator does with a sum beyond its width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overflow {
    /// Two's complement.
    Wrap,
    /// The nearest end of the range.
    Saturate,
}

/// Checked settings of the delivery arithmetic of one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Delivery {
    exponent: i32,
    input_shift: u32,
    accumulator_bits: u32,
    overflow: Overflow,
}

impl Delivery {
    /// Checks the settings: exponent in -32..=32, shift at most 31, accumulator of 2..=32 bits.
    #[must_use]
    pub fn new(
        exponent: i32,
        input_shift: u32,
        accumulator_bits: u32,
        overflow: Overflow,
    ) -> Option<Self> {
        let legal = (-32..=32).contains(&exponent)
            && input_shift <= 31
            && (2..=32).contains(&accumulator_bits);
        legal.then_some(Self { exponent, input_shift, accumulator_bits, overflow })
    }

    /// What one synapse adds: weight x payload x 2^(input shift + exponent), rounded down, on
    /// multiples of 2^(input shift).
    #[must_use]
    pub fn contribution(&self, weight: i32, payload: i32) -> i64 {
        let product = i64::from(weight) * i64::from(payload);
        let scaled = if self.exponent >= 0 {
            product << self.exponent.min(20)
        } else {
            product >> -self.exponent
        };
        scaled << self.input_shift.min(20)
    }

    /// Adds a contribution to an accumulator.
    #[must_use]
    pub fn accumulate(&self, accumulator: i32, contribution: i64) -> i32 {
        let sum = i64::from(accumulator) + contribution;
        let unused = 64 - self.accumulator_bits;
        match self.overflow {
            Overflow::Wrap => (sum << unused >> unused) as i32,
            Overflow::Saturate => {
                let half = 1_i64 << (self.accumulator_bits - 1);
                sum.clamp(-half, half - 1) as i32
            }
        }
    }

    /// Whether the order of summing cannot matter.
    #[must_use]
    pub fn commutes(&self) -> bool {
        self.overflow == Overflow::Wrap
    }

    /// The ring slot that a spike delivered in `step` with `delay` fills.
    #[must_use]
    pub fn slot(step: u32, delay: u32, slots: u32) -> u32 {
        (step + 1 + delay) % slots
    }
}
