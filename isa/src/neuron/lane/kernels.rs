//! The instructions as loops over a block.

use multiversion::multiversion;

use super::BLOCK;
use super::code::{Instruction, Op};
use super::values::{
    binary_64, decay_32, decay_small, shift_64, to_zero_64, truth_64, unary_64, wrap_32,
};
use crate::neuron::meaning::{Binary, Unary};

type Narrow = [i32; BLOCK];
type Wide = [i64; BLOCK];

/// Runs the instructions over the register files.
///
/// Registers are written once and operands lie below their result, so that a file can be split.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl",
    "x86_64+avx2",
    "aarch64+neon"
))]
pub(super) fn run(instructions: &[Instruction], narrow: &mut [Narrow], wide: &mut [Wide]) {
    for instruction in instructions {
        let Instruction { op, to, a, b, c } = *instruction;
        let (to, a, b, c) = (usize::from(to), usize::from(a), usize::from(b), usize::from(c));
        match op {
            Op::Unary32(op) => {
                let (low, high) = narrow.split_at_mut(to);
                unary_block(op, &mut high[0], &low[a]);
            }
            Op::Binary32(op) => {
                let (low, high) = narrow.split_at_mut(to);
                binary_block(op, &mut high[0], &low[a], &low[b]);
            }
            Op::ShiftLeft32 => {
                let (low, high) = narrow.split_at_mut(to);
                map2(&mut high[0], &low[a], &low[b], |x, n| x.wrapping_shl(n as u32));
            }
            Op::ShiftRight32 => {
                let (low, high) = narrow.split_at_mut(to);
                map2(&mut high[0], &low[a], &low[b], |x, n| x >> n.clamp(0, 31));
            }
            Op::DecaySmall32 => {
                let (low, high) = narrow.split_at_mut(to);
                map2(&mut high[0], &low[a], &low[b], decay_small);
            }
            Op::Select32 => {
                let (low, high) = narrow.split_at_mut(to);
                map3(&mut high[0], &low[a], &low[b], &low[c], |t, x, y| if t != 0 { x } else { y });
            }
            Op::Clip32 => {
                let (low, high) = narrow.split_at_mut(to);
                map3(&mut high[0], &low[a], &low[b], &low[c], |x, low, high| x.max(low).min(high));
            }
            Op::Unary64(op) => {
                let (low, high) = wide.split_at_mut(to);
                map1(&mut high[0], &low[a], |x| unary_64(op, x));
            }
            Op::Binary64(op) => {
                let (low, high) = wide.split_at_mut(to);
                wide_block(op, &mut high[0], &low[a], &low[b]);
            }
            Op::Truth64(op) => truth_block(op, &mut narrow[to], &wide[a], &wide[b]),
            Op::Not64 => map1(&mut narrow[to], &wide[a], |x| i32::from(x == 0)),
            Op::Select64 => {
                let (low, high) = wide.split_at_mut(to);
                let condition = &narrow[a];
                map3(
                    &mut high[0],
                    condition,
                    &low[b],
                    &low[c],
                    |t, x, y| if t != 0 { x } else { y },
                );
            }
            Op::Clip64 => {
                let (low, high) = wide.split_at_mut(to);
                map3(&mut high[0], &low[a], &low[b], &low[c], |x, low, high| x.max(low).min(high));
            }
            Op::Widen => map1(&mut wide[to], &narrow[a], i64::from),
            Op::Truncate => map1(&mut narrow[to], &wide[a], |x| x as i32),
        }
    }
}

#[inline(always)]
fn map1<X: Copy, Z>(to: &mut [Z; BLOCK], x: &[X; BLOCK], of: impl Fn(X) -> Z) {
    for (to, x) in to.iter_mut().zip(x) {
        *to = of(*x);
    }
}

#[inline(always)]
fn map2<X: Copy, Y: Copy, Z>(
    to: &mut [Z; BLOCK],
    x: &[X; BLOCK],
    y: &[Y; BLOCK],
    of: impl Fn(X, Y) -> Z,
) {
    for ((to, x), y) in to.iter_mut().zip(x).zip(y) {
        *to = of(*x, *y);
    }
}

#[inline(always)]
fn map3<W: Copy, X: Copy, Z>(
    to: &mut [Z; BLOCK],
    w: &[W; BLOCK],
    x: &[X; BLOCK],
    y: &[X; BLOCK],
    of: impl Fn(W, X, X) -> Z,
) {
    for (((to, w), x), y) in to.iter_mut().zip(w).zip(x).zip(y) {
        *to = of(*w, *x, *y);
    }
}

#[inline(always)]
fn unary_block(op: Unary, to: &mut Narrow, x: &Narrow) {
    match op {
        Unary::Negate => map1(to, x, i32::wrapping_neg),
        Unary::Not => map1(to, x, |x| i32::from(x == 0)),
        Unary::Magnitude => map1(to, x, i32::wrapping_abs),
        Unary::Sign => map1(to, x, i32::signum),
        Unary::Wrap(bits, shape) => map1(to, x, |x| wrap_32(x, bits, shape)),
    }
}

#[inline(always)]
fn binary_block(op: Binary, to: &mut Narrow, x: &Narrow, y: &Narrow) {
    match op {
        Binary::Add => map2(to, x, y, i32::wrapping_add),
        Binary::Subtract => map2(to, x, y, i32::wrapping_sub),
        Binary::Multiply => map2(to, x, y, i32::wrapping_mul),
        Binary::ShiftLeft => {
            map2(to, x, y, |x, n| shift_64(i64::from(x), i64::from(n)) as i32);
        }
        Binary::ShiftRight => {
            map2(to, x, y, |x, n| shift_64(i64::from(x), -i64::from(n)) as i32);
        }
        Binary::ShiftToZero => {
            map2(to, x, y, |x, n| to_zero_64(i64::from(x), i64::from(n)) as i32);
        }
        Binary::Decay => map2(to, x, y, decay_32),
        Binary::Least => map2(to, x, y, i32::min),
        Binary::Greatest => map2(to, x, y, i32::max),
        Binary::BitAnd => map2(to, x, y, |x, y| x & y),
        Binary::BitOr => map2(to, x, y, |x, y| x | y),
        Binary::Equal => map2(to, x, y, |x, y| i32::from(x == y)),
        Binary::Unequal => map2(to, x, y, |x, y| i32::from(x != y)),
        Binary::Less => map2(to, x, y, |x, y| i32::from(x < y)),
        Binary::LessEqual => map2(to, x, y, |x, y| i32::from(x <= y)),
        Binary::Greater => map2(to, x, y, |x, y| i32::from(x > y)),
        Binary::GreaterEqual => map2(to, x, y, |x, y| i32::from(x >= y)),
        Binary::And => map2(to, x, y, |x, y| i32::from(x != 0) & i32::from(y != 0)),
        Binary::Or => map2(to, x, y, |x, y| i32::from((x | y) != 0)),
    }
}

#[inline(always)]
fn wide_block(op: Binary, to: &mut Wide, x: &Wide, y: &Wide) {
    // One loop an operator, so that the choice is made once a block.
    match op {
        Binary::Add => map2(to, x, y, i64::wrapping_add),
        Binary::Subtract => map2(to, x, y, i64::wrapping_sub),
        Binary::Multiply => map2(to, x, y, i64::wrapping_mul),
        Binary::ShiftLeft => map2(to, x, y, shift_64),
        Binary::ShiftRight => map2(to, x, y, |x, n| shift_64(x, n.wrapping_neg())),
        Binary::Decay => map2(to, x, y, |x, k| binary_64(Binary::Decay, x, k)),
        Binary::Least => map2(to, x, y, i64::min),
        Binary::Greatest => map2(to, x, y, i64::max),
        other => map2(to, x, y, |x, y| binary_64(other, x, y)),
    }
}

#[inline(always)]
fn truth_block(op: Binary, to: &mut Narrow, x: &Wide, y: &Wide) {
    match op {
        Binary::Less => map2(to, x, y, |x, y| i32::from(x < y)),
        Binary::Greater => map2(to, x, y, |x, y| i32::from(x > y)),
        other => map2(to, x, y, |x, y| i32::from(truth_64(other, x, y))),
    }
}
