//! Intervals: the values that an expression can take, whatever the state, inputs and parameters.

use super::meaning;

/// An inclusive range of integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Smallest value.
    pub low: i64,
    /// Largest value.
    pub high: i64,
}

/// Largest magnitude of any value: 63 bits.
const LARGEST: i128 = i64::MAX as i128;

/// A range that does not fit 63 bits: the offending bounds.
pub(super) struct TooWide {
    pub(super) low: i128,
    pub(super) high: i128,
}

impl Range {
    /// 0 or 1.
    pub(super) const TRUTH: Self = Self { low: 0, high: 1 };

    /// Exactly one value.
    #[must_use]
    pub const fn exactly(value: i64) -> Self {
        Self { low: value, high: value }
    }

    /// What a word of so many bits holds.
    #[must_use]
    pub const fn of_width(bits: u32, signed: bool) -> Self {
        if signed {
            Self { low: -(1 << (bits - 1)), high: (1 << (bits - 1)) - 1 }
        } else {
            Self { low: 0, high: (1 << bits) - 1 }
        }
    }

    /// Whether every value of `other` lies inside.
    #[must_use]
    pub const fn holds(self, other: Self) -> bool {
        self.low <= other.low && other.high <= self.high
    }

    /// Whether `value` lies inside.
    #[must_use]
    pub const fn contains(self, value: i64) -> bool {
        self.low <= value && value <= self.high
    }

    /// Whether every value fits an `i32`.
    pub(super) const fn is_narrow(self) -> bool {
        self.low >= i32::MIN as i64 && self.high <= i32::MAX as i64
    }

    /// Whether there is one value only.
    pub(super) const fn is_single(self) -> bool {
        self.low == self.high
    }

    /// The smallest range that holds both.
    pub(super) fn union(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    /// The values that both hold, if any.
    pub(super) fn overlap(self, other: Self) -> Option<Self> {
        let both = Self { low: self.low.max(other.low), high: self.high.min(other.high) };
        (both.low <= both.high).then_some(both)
    }

    /// The range of a function that is monotone in each operand: its corners decide.
    fn corners(self, other: Self, of: impl Fn(i128, i128) -> i128) -> Result<Self, TooWide> {
        let mut low = i128::MAX;
        let mut high = i128::MIN;
        for a in [self.low, self.high] {
            for b in [other.low, other.high] {
                let value = of(i128::from(a), i128::from(b));
                low = low.min(value);
                high = high.max(value);
            }
        }
        checked(low, high)
    }

    pub(super) fn sum(self, other: Self) -> Result<Self, TooWide> {
        self.corners(other, |a, b| a + b)
    }

    pub(super) fn difference(self, other: Self) -> Result<Self, TooWide> {
        self.corners(other, |a, b| a - b)
    }

    pub(super) fn product(self, other: Self) -> Result<Self, TooWide> {
        self.corners(other, |a, b| a * b)
    }

    /// `dec`: the full product must fit 63 bits too, for that is what is computed.
    pub(super) fn decayed(self, by: Self) -> Result<Self, TooWide> {
        let product = self.product(by)?;
        Ok(Self { low: product.low / 4096, high: product.high / 4096 })
    }

    /// `<<`, of amounts already known to lie in -63..63.
    pub(super) fn shifted_left(self, by: Self) -> Result<Self, TooWide> {
        self.corners(by, |a, n| if n >= 0 { a << n } else { a >> -n })
    }

    /// `>>`, of amounts already known to lie in -63..63.
    pub(super) fn shifted_right(self, by: Self) -> Result<Self, TooWide> {
        self.corners(by, |a, n| if n >= 0 { a >> n } else { a << -n })
    }

    /// `shr_zero`, of amounts already known to lie in 0..63.
    pub(super) fn shifted_to_zero(self, by: Self) -> Result<Self, TooWide> {
        self.corners(by, |a, n| if a < 0 { -(-a >> n) } else { a >> n })
    }

    pub(super) fn least(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.min(other.high) }
    }

    pub(super) fn greatest(self, other: Self) -> Self {
        Self { low: self.low.max(other.low), high: self.high.max(other.high) }
    }

    pub(super) fn magnitude(self) -> Self {
        if self.low >= 0 {
            self
        } else if self.high <= 0 {
            Self { low: -self.high, high: -self.low }
        } else {
            Self { low: 0, high: self.high.max(-self.low) }
        }
    }

    pub(super) fn sign(self) -> Self {
        Self { low: self.low.signum(), high: self.high.signum() }
    }

    pub(super) fn bit_and(self, other: Self) -> Self {
        match (self.low >= 0, other.low >= 0) {
            (true, true) => Self { low: 0, high: self.high.min(other.high) },
            (true, false) => Self { low: 0, high: self.high },
            (false, true) => Self { low: 0, high: other.high },
            (false, false) => self.enclosing_power(other),
        }
    }

    pub(super) fn bit_or(self, other: Self) -> Self {
        let enclosing = self.enclosing_power(other);
        if self.low >= 0 && other.low >= 0 {
            Self { low: self.low.max(other.low), high: enclosing.high }
        } else {
            enclosing
        }
    }

    /// The smallest -2^n ..= 2^n - 1 that holds both.
    fn enclosing_power(self, other: Self) -> Self {
        let both = self.union(other);
        let largest = both.high.max(-(both.low + 1)).max(0) as u64;
        let high = largest.checked_add(1).map_or(u64::MAX, u64::next_power_of_two) - 1;
        let high = i64::try_from(high).unwrap_or(i64::MAX);
        Self { low: -high - i64::from(high < i64::MAX), high }
    }

    /// `wrapN` or `wraphiN`: unchanged where all values fit already.
    pub(super) fn wrapped(self, bits: u32, shape: meaning::WrapShape) -> Self {
        let full = shape.range(bits);
        if full.holds(self) { self } else { full }
    }

    /// Whether all values are true (`Some(true)`), all false (`Some(false)`), or it depends.
    pub(super) fn truth(self) -> Option<bool> {
        if self == Self::exactly(0) {
            Some(false)
        } else if !self.contains(0) {
            Some(true)
        } else {
            None
        }
    }

    /// The range of a truth value known or not.
    pub(super) fn of_truth(known: Option<bool>) -> Self {
        known.map_or(Self::TRUTH, |value| Self::exactly(i64::from(value)))
    }

    /// `self < other`, where the ranges decide it.
    pub(super) fn below(self, other: Self) -> Option<bool> {
        if self.high < other.low {
            Some(true)
        } else if self.low >= other.high {
            Some(false)
        } else {
            None
        }
    }

    /// `self == other`, where the ranges decide it.
    pub(super) fn same(self, other: Self) -> Option<bool> {
        match self.overlap(other) {
            None => Some(false),
            Some(_) if self.is_single() && other.is_single() => Some(true),
            Some(_) => None,
        }
    }
}

fn checked(low: i128, high: i128) -> Result<Range, TooWide> {
    match (i64::try_from(low), i64::try_from(high)) {
        (Ok(low_bound), Ok(high_bound)) if low >= -LARGEST && high <= LARGEST => {
            Ok(Range { low: low_bound, high: high_bound })
        }
        _ => Err(TooWide { low, high }),
    }
}
