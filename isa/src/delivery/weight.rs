//! Which weights a list can store, and how the others are rounded.

use serde::{Deserialize, Serialize};

use crate::chip::SignMode;
use crate::diagnostic::Diagnostic;

/// How a weight that cannot be stored is rounded to one that can.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeightRounding {
    /// Down; inhibitory lists round the magnitude down.
    #[default]
    Down,
    /// Toward zero.
    ToZero,
    /// To nearest, ties to even.
    Nearest,
}

/// Which weights a list can store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeightRule {
    bits: u32,
    bits_max: u32,
    sign: SignMode,
    rounding: WeightRounding,
}

impl WeightRule {
    /// Checks a rule: `bits` of precision on a chip whose weights have `bits_max` magnitude bits.
    ///
    /// # Errors
    /// Bits outside 1..=`bits_max` + 1 (the last only with mixed signs), or `bits_max` above 16;
    /// whoever chose the rule must act.
    pub fn check(
        bits: u32,
        bits_max: u32,
        sign: SignMode,
        rounding: WeightRounding,
    ) -> Result<Self, Diagnostic> {
        let mixed = u32::from(sign == SignMode::Mixed);
        if bits_max > 16 || !(1..=bits_max + mixed).contains(&bits) {
            let message = format!(
                "a weight has 1 to {} bits here (and a chip at most 16), but {bits} are asked for",
                bits_max + mixed
            );
            return Err(Diagnostic::error("QP043", message).help("choose a width in the range"));
        }
        Ok(Self { bits, bits_max, sign, rounding })
    }

    /// Low bits of a weight that are always zero: what the precision leaves out.
    #[must_use]
    pub fn zero_bits(&self) -> u32 {
        let mixed = u32::from(self.sign == SignMode::Mixed);
        self.bits_max + mixed - self.bits
    }

    /// Smallest and largest weight that can be stored.
    #[must_use]
    pub fn range(&self) -> (i32, i32) {
        let zero_bits = self.zero_bits();
        let largest = |bits: u32| ((1 << bits) - 1) << zero_bits;
        match self.sign {
            SignMode::Excitatory => (0, largest(self.bits)),
            SignMode::Inhibitory => (-largest(self.bits), 0),
            SignMode::Mixed => (-(1 << (self.bits - 1 + zero_bits)), largest(self.bits - 1)),
        }
    }

    /// The stored weight nearest to `weight` by the rule: clipped, then rounded.
    #[must_use]
    pub fn stored(&self, weight: i32) -> i32 {
        let (low, high) = self.range();
        let full = (1 << self.bits_max) - 1;
        let weight = match self.sign {
            SignMode::Excitatory => weight.clamp(0, full),
            SignMode::Inhibitory => weight.clamp(-full, 0),
            SignMode::Mixed => weight.clamp(-full - 1, full),
        };
        self.rounded(weight).clamp(low, high)
    }

    /// A weight on the grid that the precision leaves, whatever the range.
    ///
    /// brian2-loihi stops here: its inhibitory lists keep a magnitude of 2^8, which has no room in
    /// 8 bits.
    #[must_use]
    pub fn rounded(&self, weight: i32) -> i32 {
        let zero_bits = self.zero_bits();
        let down = |magnitude: i32| magnitude >> zero_bits << zero_bits;
        match self.rounding {
            WeightRounding::Down if self.sign == SignMode::Inhibitory => -down(-weight),
            WeightRounding::Down => down(weight),
            WeightRounding::ToZero => weight.signum() * down(weight.abs()),
            WeightRounding::Nearest if zero_bits == 0 => weight,
            // No farther from zero than the next multiple.
            WeightRounding::Nearest => {
                (super::nearest(i64::from(weight), zero_bits) as i32) << zero_bits
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{WeightRounding, WeightRule};
    use crate::chip::SignMode;

    #[test]
    fn stored_weights_are_in_range_on_the_grid_and_stable() {
        for sign in [SignMode::Mixed, SignMode::Excitatory, SignMode::Inhibitory] {
            for bits in 1..=9 {
                for rounding in
                    [WeightRounding::Down, WeightRounding::ToZero, WeightRounding::Nearest]
                {
                    let Ok(rule) = WeightRule::check(bits, 8, sign, rounding) else {
                        assert_eq!(bits, 9);
                        assert_ne!(sign, SignMode::Mixed);
                        continue;
                    };
                    let (low, high) = rule.range();
                    assert_eq!((rule.stored(low), rule.stored(high)), (low, high));
                    for weight in -300..=300 {
                        let stored = rule.stored(weight);
                        assert!((low..=high).contains(&stored));
                        assert_eq!(stored % (1 << rule.zero_bits()), 0);
                        assert_eq!(rule.stored(stored), stored);
                        let inside = (low..=high).contains(&weight);
                        assert!(!inside || (stored - weight).abs() < 1 << rule.zero_bits());
                    }
                }
            }
        }
    }

    #[test]
    fn the_roundings_differ_where_public_models_do() {
        let rule = |sign, rounding| WeightRule::check(6, 8, sign, rounding).expect("legal");
        let mixed = |rounding| rule(SignMode::Mixed, rounding).stored(-13);
        assert_eq!(mixed(WeightRounding::Down), -16);
        assert_eq!(mixed(WeightRounding::ToZero), -8);
        assert_eq!(mixed(WeightRounding::Nearest), -16);
        assert_eq!(rule(SignMode::Inhibitory, WeightRounding::Down).stored(-13), -12);
    }
}
