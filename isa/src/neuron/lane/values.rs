//! Scalar forms of the instructions that wrap where the plain ones would overflow.

use crate::neuron::meaning::{Binary, Unary, WrapShape, wrap};

#[inline(always)]
pub(super) fn unary_64(op: Unary, x: i64) -> i64 {
    match op {
        Unary::Negate => x.wrapping_neg(),
        Unary::Not => i64::from(x == 0),
        Unary::Magnitude => x.wrapping_abs(),
        Unary::Sign => x.signum(),
        Unary::Wrap(bits, shape) => wrap(x, bits, shape),
    }
}

#[inline(always)]
pub(super) fn shift_64(x: i64, n: i64) -> i64 {
    if n >= 0 { x.wrapping_shl(n as u32) } else { x.wrapping_shr(n.wrapping_neg() as u32) }
}

#[inline(always)]
pub(super) fn to_zero_64(x: i64, n: i64) -> i64 {
    let magnitude = x.unsigned_abs().wrapping_shr(n as u32) as i64;
    if x < 0 { magnitude.wrapping_neg() } else { magnitude }
}

#[inline(always)]
pub(super) fn decay_64(x: i64, k: i64) -> i64 {
    let product = x.wrapping_mul(k);
    // Division by a power of two toward zero.
    product.wrapping_add((product >> 63) & 4095) >> 12
}

/// Operators of two operands whose result is a truth value.
#[inline(always)]
pub(super) fn truth_64(op: Binary, x: i64, y: i64) -> bool {
    match op {
        Binary::Equal => x == y,
        Binary::Unequal => x != y,
        Binary::Less => x < y,
        Binary::LessEqual => x <= y,
        Binary::Greater => x > y,
        Binary::GreaterEqual => x >= y,
        Binary::And => x != 0 && y != 0,
        _ => x != 0 || y != 0,
    }
}

#[inline(always)]
pub(super) fn binary_64(op: Binary, x: i64, y: i64) -> i64 {
    match op {
        Binary::Add => x.wrapping_add(y),
        Binary::Subtract => x.wrapping_sub(y),
        Binary::Multiply => x.wrapping_mul(y),
        Binary::ShiftLeft => shift_64(x, y),
        Binary::ShiftRight => shift_64(x, y.wrapping_neg()),
        Binary::ShiftToZero => to_zero_64(x, y),
        Binary::Decay => decay_64(x, y),
        Binary::Least => x.min(y),
        Binary::Greatest => x.max(y),
        Binary::BitAnd => x & y,
        Binary::BitOr => x | y,
        _ => i64::from(truth_64(op, x, y)),
    }
}

/// `dec` of narrow operands, by magnitude so that vector units without 64-bit signed shifts serve.
#[inline(always)]
pub(super) fn decay_32(x: i32, k: i32) -> i32 {
    let product = u64::from(x.unsigned_abs()) * u64::from(k.unsigned_abs());
    let magnitude = (product >> 12) as i32;
    // All ones where the signs differ: negates.
    let sign = (x ^ k) >> 31;
    (magnitude ^ sign).wrapping_sub(sign)
}

/// [`decay_32`] for factors up to 4096 in magnitude, in 32 bits alone.
///
/// With |x| = 4096 high + low, floor(|x| k / 4096) = high k + floor(low k / 4096), which stays
/// below 2^32.
#[inline(always)]
pub(super) fn decay_small(x: i32, k: i32) -> i32 {
    let (magnitude, factor) = (x.unsigned_abs(), k.unsigned_abs());
    let low = (magnitude & 4095).wrapping_mul(factor) >> 12;
    let decayed = (magnitude >> 12).wrapping_mul(factor).wrapping_add(low) as i32;
    let sign = (x ^ k) >> 31;
    (decayed ^ sign).wrapping_sub(sign)
}

/// `wrapN` or `wraphiN` of a narrow operand, N below 32.
#[inline(always)]
pub(super) fn wrap_32(x: i32, bits: u32, shape: WrapShape) -> i32 {
    let unused = 32 - bits;
    let low = x.wrapping_shl(unused).wrapping_shr(unused);
    match shape {
        WrapShape::Low => low,
        // The lowest value of the other shape is congruent to its negative.
        WrapShape::High => {
            let lowest = (-1_i32).wrapping_shl(bits - 1);
            if low == lowest { low.wrapping_neg() } else { low }
        }
    }
}
