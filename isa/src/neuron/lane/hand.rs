//! Hand-written kernels: the commonest shipped programs as plain loops.
//!
//! What a neuron computes is its program's text. A kernel here is only a quicker way to the same
//! integers, taken where a program says exactly what a shipped one says; tests hold each kernel to
//! the interpreters bit for bit, from bound to bound.

use multiversion::multiversion;

use super::values::decay_small;
use super::{BLOCK, Block, LaneInputs, gather_bits};
use crate::neuron::program::Checked;
use crate::neuron::{check, library, parse};

/// A shipped program that has a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::neuron) enum Hand {
    CubaLif,
    CubaLifLava,
    IfZero,
    IfSubtract,
}

/// Kernels and the shipped programs that they compute.
const KERNELS: [(Hand, &str); 4] = [
    (Hand::CubaLif, "cuba_lif"),
    (Hand::CubaLifLava, "cuba_lif_lava"),
    (Hand::IfZero, "if_zero"),
    (Hand::IfSubtract, "if_subtract"),
];

/// What the update of a block did, a byte for each compartment.
struct Flags {
    active: [u8; BLOCK],
    spiked: [u8; BLOCK],
}

/// What the update of a block did.
pub(super) struct BlockOutcome {
    /// A bit for each compartment that counts as active.
    pub(super) active: [u64; BLOCK / 64],
    /// A bit for each compartment that spiked.
    pub(super) spiked: [u64; BLOCK / 64],
    /// Whether the block stays as it is until an input comes.
    pub(super) rests: bool,
}

impl Hand {
    /// The kernel of a program that is a shipped one in everything but its name; its `idle when`
    /// may be missing.
    pub(in crate::neuron) fn of(program: &Checked) -> Option<Self> {
        KERNELS.into_iter().find(|(_, name)| is_shipped(program, name)).map(|(hand, _)| hand)
    }

    /// Updates one block in place.
    pub(super) fn step(
        self,
        words: &mut [i32],
        lane: &LaneInputs<'_>,
        block: Block,
    ) -> BlockOutcome {
        let a = &lane.inputs[0][block.range()];
        let bias = &lane.compartment[block.range()];
        let mut flags = Flags { active: [0; BLOCK], spiked: [0; BLOCK] };
        let (first, rest) = words.split_at_mut(block.n);
        let first = &mut first[block.range()];
        match (self, lane.group) {
            (Self::CubaLif, &[du, dv, du_offset, vth, vmin, vmax, delay]) => {
                let (v, counter) = rest.split_at_mut(block.n);
                let state = [first, &mut v[block.range()], &mut counter[block.range()]];
                let keep = [4096 - du_offset - du, 4096 - dv];
                cuba_lif(state, a, bias, (keep, vth << 6, [vmin, vmax], delay), &mut flags);
            }
            (Self::CubaLifLava, &[du, dv, vth]) => {
                let state = [first, &mut rest[block.range()]];
                cuba_lif_lava(state, a, bias, ([4095 - du, 4096 - dv], vth << 6), &mut flags);
            }
            (Self::IfZero, &[vth, vmin]) => if_zero(first, a, bias, (vth, vmin), &mut flags),
            (Self::IfSubtract, &[vth, vmin]) => {
                if_subtract(first, a, bias, (vth, vmin), &mut flags);
            }
            // The kernel was chosen for the program, and the group's values are the program's.
            _ => debug_assert!(false, "{self:?} has other parameters"),
        }
        let active = bits(&flags.active);
        let rests = active == [0; 2] && self.rests(words, lane, block);
        BlockOutcome { active, spiked: bits(&flags.spiked), rests }
    }

    /// `idle when` on the new state, as if no input came.
    fn rests(self, words: &[i32], lane: &LaneInputs<'_>, block: Block) -> bool {
        let zero = |values: &[i32]| values.iter().all(|value| *value == 0);
        let state = |word: usize| zero(&words[block.of_array(word)]);
        zero(&lane.compartment[block.range()])
            && match (self, lane.group) {
                (Self::CubaLif, _) => state(0) && state(1) && state(2),
                (Self::CubaLifLava, _) => state(0) && state(1),
                (Self::IfZero | Self::IfSubtract, &[vth, vmin]) => {
                    words[block.of_array(0)].iter().all(|v| (vmin..=vth).contains(v))
                }
                _ => false,
            }
    }
}

/// Whether the program computes what the shipped one called `name` does.
fn is_shipped(program: &Checked, name: &str) -> bool {
    let Some(shipped) = library::find(name) else { return false };
    let Ok(tree) = parse::parse_text(shipped.text, name) else { return false };
    let Ok(findings) = check::check_text(&tree, name) else { return false };
    let mut shipped = findings.checked;
    shipped.name.clone_from(&program.name);
    if program.idle.is_none() {
        shipped.idle = None;
    }
    shipped == *program
}

fn bits(bytes: &[u8; BLOCK]) -> [u64; BLOCK / 64] {
    let (words, _) = bytes.as_chunks::<64>();
    [gather_bits(&words[0]), gather_bits(&words[1])]
}

fn wrap_24(x: i32) -> i32 {
    x << 8 >> 8
}

#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl",
    "x86_64+avx2",
    "aarch64+neon"
))]
fn cuba_lif(
    [u, v, counter]: [&mut [i32]; 3],
    a: &[i32],
    bias: &[i32],
    ([keep_u, keep_v], threshold, [vmin, vmax], delay): ([i32; 2], i32, [i32; 2], i32),
    flags: &mut Flags,
) {
    let state = u.iter_mut().zip(v).zip(counter);
    let flags = flags.active.iter_mut().zip(&mut flags.spiked);
    for ((((u, v), counter), (a, bias)), (active, spiked)) in
        state.zip(a.iter().zip(bias)).zip(flags)
    {
        *active = u8::from((*a | *u | *v | *bias | *counter) != 0);
        *u = wrap_24(decay_small(*u, keep_u) + a);
        let integrated = decay_small(*v, keep_v) + wrap_24(*u + bias);
        let held = *counter > 0;
        let reached = if held { 0 } else { integrated.max(vmin).min(vmax) };
        let spikes = reached > threshold;
        *spiked = u8::from(spikes);
        *v = if spikes { 0 } else { reached };
        *counter = (if spikes { delay } else { *counter } - 1).max(0);
    }
}

#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl",
    "x86_64+avx2",
    "aarch64+neon"
))]
fn cuba_lif_lava(
    [u, v]: [&mut [i32]; 2],
    a: &[i32],
    bias: &[i32],
    ([keep_u, keep_v], threshold): ([i32; 2], i32),
    flags: &mut Flags,
) {
    let state = u.iter_mut().zip(v);
    let flags = flags.active.iter_mut().zip(&mut flags.spiked);
    for (((u, v), (a, bias)), (active, spiked)) in state.zip(a.iter().zip(bias)).zip(flags) {
        *active = u8::from((*a | *u | *v | *bias) != 0);
        // The sum wraps at 24 bits, where wrapping at 32 before changes nothing.
        let low = wrap_24(decay_small(*u, keep_u).wrapping_add(*a));
        *u = if low == -(1 << 23) { 1 << 23 } else { low };
        let reached = (decay_small(*v, keep_v) + *u + bias).clamp(-8_388_607, 8_388_607);
        let spikes = reached > threshold;
        *spiked = u8::from(spikes);
        *v = if spikes { 0 } else { reached };
    }
}

#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl",
    "x86_64+avx2",
    "aarch64+neon"
))]
fn if_zero(v: &mut [i32], a: &[i32], bias: &[i32], (vth, vmin): (i32, i32), flags: &mut Flags) {
    let flags = flags.active.iter_mut().zip(&mut flags.spiked);
    for ((v, (a, bias)), (active, spiked)) in v.iter_mut().zip(a.iter().zip(bias)).zip(flags) {
        *active = u8::from((*a | *bias) != 0);
        let reached = (*v + a + bias).max(vmin).min(8_388_607);
        let spikes = reached > vth;
        *spiked = u8::from(spikes);
        *v = if spikes { 0 } else { reached };
    }
}

#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl",
    "x86_64+avx2",
    "aarch64+neon"
))]
fn if_subtract(v: &mut [i32], a: &[i32], bias: &[i32], (vth, vmin): (i32, i32), flags: &mut Flags) {
    let flags = flags.active.iter_mut().zip(&mut flags.spiked);
    for ((v, (a, bias)), (active, spiked)) in v.iter_mut().zip(a.iter().zip(bias)).zip(flags) {
        *active = u8::from((*a | *bias) != 0);
        let reached = (*v + a + bias).max(vmin).min(8_388_607);
        let spikes = reached > vth;
        *spiked = u8::from(spikes);
        *v = reached - if spikes { vth } else { 0 };
    }
}
