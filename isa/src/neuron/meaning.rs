//! What each instruction computes: the one definition that both engines are held to.
//!
//! Values are `i64`. The checker has proved that no result leaves 63 bits, so plain operators are
//! used: in test builds an overflow here would be a fault of the checker and panics.

use super::range::Range;

/// The two ways to map a number into N bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrapShape {
    /// Two's complement: into -2^(N-1) ..= 2^(N-1) - 1.
    Low,
    /// Into -2^(N-1) + 1 ..= 2^(N-1): the upper bound survives instead of the lower.
    High,
}

impl WrapShape {
    /// The values that remain.
    #[must_use]
    pub const fn range(self, bits: u32) -> Range {
        let half = 1 << (bits - 1);
        match self {
            Self::Low => Range { low: -half, high: half - 1 },
            Self::High => Range { low: -half + 1, high: half },
        }
    }
}

/// Operators of one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unary {
    /// `-x`
    Negate,
    /// `not x`: 1 where x = 0, else 0.
    Not,
    /// `abs(x)` = |x|
    Magnitude,
    /// `sign(x)`: -1, 0 or 1.
    Sign,
    /// `wrapN(x)` or `wraphiN(x)`: the number congruent to x modulo 2^N in the shape's range.
    Wrap(u32, WrapShape),
}

/// Operators of two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    /// `x + y`
    Add,
    /// `x - y`
    Subtract,
    /// `x * y`
    Multiply,
    /// `x << n` = floor(x * 2^n), n in -63..63.
    ShiftLeft,
    /// `x >> n` = floor(x / 2^n), n in -63..63.
    ShiftRight,
    /// `shr_zero(x, n)` = sign(x) * floor(|x| / 2^n), n in 0..63.
    ShiftToZero,
    /// `dec(x, k)` = sign(x k) * floor(|x k| / 4096).
    Decay,
    /// `min(x, y)`
    Least,
    /// `max(x, y)`
    Greatest,
    /// `x & y`, bit by bit in two's complement.
    BitAnd,
    /// `x | y`, bit by bit in two's complement.
    BitOr,
    /// `x == y`: 1 or 0, as all comparisons.
    Equal,
    /// `x != y`
    Unequal,
    /// `x < y`
    Less,
    /// `x <= y`
    LessEqual,
    /// `x > y`
    Greater,
    /// `x >= y`
    GreaterEqual,
    /// `x and y`: 1 where both are non-zero, else 0.
    And,
    /// `x or y`: 1 where one of them is non-zero, else 0.
    Or,
}

/// The value of `op` at `x`.
#[must_use]
pub fn unary(op: Unary, x: i64) -> i64 {
    match op {
        Unary::Negate => -x,
        Unary::Not => i64::from(x == 0),
        Unary::Magnitude => x.abs(),
        Unary::Sign => x.signum(),
        Unary::Wrap(bits, shape) => wrap(x, bits, shape),
    }
}

/// The value of `op` at `x` and `y`.
#[must_use]
pub fn binary(op: Binary, x: i64, y: i64) -> i64 {
    match op {
        Binary::Add => x + y,
        Binary::Subtract => x - y,
        Binary::Multiply => x * y,
        Binary::ShiftLeft => shift_left(x, y),
        Binary::ShiftRight => shift_left(x, -y),
        Binary::ShiftToZero => x.signum() * (x.abs() >> y),
        Binary::Decay => decay(x, y),
        Binary::Least => x.min(y),
        Binary::Greatest => x.max(y),
        Binary::BitAnd => x & y,
        Binary::BitOr => x | y,
        Binary::Equal => i64::from(x == y),
        Binary::Unequal => i64::from(x != y),
        Binary::Less => i64::from(x < y),
        Binary::LessEqual => i64::from(x <= y),
        Binary::Greater => i64::from(x > y),
        Binary::GreaterEqual => i64::from(x >= y),
        Binary::And => i64::from(x != 0 && y != 0),
        Binary::Or => i64::from(x != 0 || y != 0),
    }
}

/// The number congruent to `x` modulo 2^`bits` in the shape's range.
#[must_use]
pub fn wrap(x: i64, bits: u32, shape: WrapShape) -> i64 {
    let unused = 64 - bits;
    let low = (x << unused) >> unused;
    match shape {
        WrapShape::Low => low,
        WrapShape::High if low == -(1 << (bits - 1)) => -low,
        WrapShape::High => low,
    }
}

/// floor(x * 2^n).
#[must_use]
pub fn shift_left(x: i64, n: i64) -> i64 {
    if n >= 0 { x << n } else { x >> -n }
}

/// sign(x k) * floor(|x k| / 4096).
#[must_use]
pub fn decay(x: i64, k: i64) -> i64 {
    // Rust's division rounds toward zero.
    x * k / 4096
}

/// min(max(x, low), high); where low > high, high.
#[must_use]
pub fn clip(x: i64, low: i64, high: i64) -> i64 {
    x.max(low).min(high)
}
