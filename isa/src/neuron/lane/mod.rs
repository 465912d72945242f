//! The fast interpreter: each instruction runs over a lane of compartments.
//!
//! A lane is a contiguous range of compartments of one group, its data held as structure of
//! arrays. It is worked off in blocks that stay in the nearest cache; each instruction is a plain
//! loop over one block, which the compiler turns into vector code. Values whose range fits 32 bits
//! are held in 32-bit registers, the others in 64-bit ones; what depends on constants and group
//! parameters only is computed once a call.
//!
//! Programs that are exactly a shipped one may have a hand-written kernel (`hand`) instead.
//!
//! Both sides of `sel` and the bodies of `when` are always computed and then chosen from. The
//! side that is not chosen may leave its proved range, so all arithmetic here wraps.

mod code;
mod hand;
mod kernels;
mod lower;
mod values;

use super::NeuronProgram;
use crate::random::{self, Counter, Purpose};
pub(super) use code::LaneCode;
pub(super) use hand::Hand;
pub(super) use lower::lower_program;

/// Compartments that an instruction works on at once.
pub(super) const BLOCK: usize = 128;

/// Where the 32 bits of a `rand` call come from.
pub enum LaneRandom<'a> {
    /// The run's counter-based generator.
    Counter {
        /// Seed of the run.
        seed: u32,
        /// Timestep in the sample.
        step: u32,
        /// Sample.
        sample: u32,
        /// Logical ordinal of the neuron in each compartment of the lane.
        ordinals: &'a [u32],
    },
    /// A record: called with the compartment's position in the lane and the call's in the text.
    Recorded(&'a mut dyn FnMut(u32, u32) -> u32),
}

impl LaneRandom<'_> {
    fn draw(&mut self, position: usize, call: u32) -> u32 {
        match self {
            Self::Counter { seed, step, sample, ordinals } => {
                let ordinal = ordinals[position];
                let at = Counter { ordinal, step: *step, sample: *sample, draw: call };
                random::draw(*seed, Purpose::Neuron, at)
            }
            // A lane has fewer than 2^32 compartments.
            Self::Recorded(record) => record(position as u32, call),
        }
    }
}

/// The state of a lane of compartments, as structure of arrays.
#[derive(Clone, Debug)]
pub struct LaneState {
    words: Vec<i32>,
    compartments: usize,
    /// Blocks that stay as they are until an input comes.
    resting: Vec<bool>,
}

impl LaneState {
    /// A lane whose words are all zero; [`Self::words_mut`] sets them.
    #[must_use]
    pub fn new(program: &NeuronProgram, compartments: usize) -> Self {
        Self {
            words: vec![0; compartments * program.state().len()],
            compartments,
            resting: vec![false; compartments.div_ceil(BLOCK)],
        }
    }

    /// Compartments in the lane.
    #[must_use]
    pub fn compartments(&self) -> usize {
        self.compartments
    }

    /// All words: word `w` of compartment `c` is at `w * compartments + c`.
    #[must_use]
    pub fn words(&self) -> &[i32] {
        &self.words
    }

    /// All words, to be changed from outside; the whole lane is computed in the next step.
    pub fn words_mut(&mut self) -> &mut [i32] {
        self.wake();
        &mut self.words
    }

    /// One state word of all compartments.
    #[must_use]
    pub fn word(&self, word: usize) -> &[i32] {
        &self.words[word * self.compartments..][..self.compartments]
    }

    /// Says that something the lane depends on has changed: a parameter.
    pub fn wake(&mut self) {
        self.resting.fill(false);
    }
}

/// How lanes are computed; no choice changes a state word, a spike or a count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LaneOptions {
    /// Who computes.
    pub kernels: Kernels,
    /// What is done where `idle when` holds.
    pub idle: Idling,
}

/// Who computes a lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kernels {
    /// The hand-written kernel of a program that has one; the interpreter for the others.
    #[default]
    HandWritten,
    /// The interpreter for all.
    Interpreted,
}

/// What is done with compartments that need no update.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Idling {
    /// They are passed over.
    #[default]
    Skip,
    /// They are updated like the others.
    Update,
}

/// What one update of a lane reads; `n` is the number of compartments.
#[derive(Clone, Copy, Debug)]
pub struct LaneInputs<'a> {
    /// Settled accumulators, one slice of `n` for each input in order; then the joined values.
    pub inputs: &'a [&'a [i32]],
    /// Values of the group parameters in the order of declaration.
    pub group: &'a [i32],
    /// Values of the compartment parameters: parameter `p` of compartment `c` at `p * n + c`.
    pub compartment: &'a [i32],
    /// Added to a compartment's place in the lane to give the position in the spike list.
    pub first_position: u32,
    /// How to compute.
    pub options: LaneOptions,
}

/// What one update of a lane did besides changing the state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LaneOutcome {
    /// Bit `c % 64` of word `c / 64` says whether compartment `c` counts as active.
    pub active: Vec<u64>,
    /// Compartments that count as active.
    pub active_count: u32,
    /// Compartments that were passed over.
    pub skipped: u32,
    /// What each compartment puts out; empty where the program puts out nothing.
    pub output: Vec<i32>,
}

/// Registers of the lane interpreter, kept between calls so that nothing is allocated in a step.
#[derive(Clone, Debug, Default)]
pub struct LaneScratch {
    uniforms: Vec<i64>,
    narrow: Vec<[i32; BLOCK]>,
    wide: Vec<[i64; BLOCK]>,
    bytes: Vec<u8>,
}

/// Updates a lane; equal to [`super::step_compartment`] on each compartment, bit for bit.
///
/// Blocks of which the program's `idle when` says that nothing can happen are passed over while
/// no input comes. Spikes are appended to `spiked` as (position, payload) in the order of the
/// compartments; `outcome` is overwritten.
///
/// # Shape
/// The slices of `lane` have the lane's length; all values lie in their declared ranges. When a
/// parameter has changed since the last call, [`LaneState::wake`] comes first.
pub fn step_lane(
    program: &NeuronProgram,
    state: &mut LaneState,
    lane: &LaneInputs<'_>,
    random: &mut LaneRandom<'_>,
    scratch: &mut LaneScratch,
    spiked: &mut Vec<(u32, i32)>,
    outcome: &mut LaneOutcome,
) {
    let code = &program.lane;
    let hand = program.hand.filter(|_| lane.options.kernels == Kernels::HandWritten);
    let LaneState { words, compartments: n, resting } = state;
    debug_assert_eq!(lane.inputs.len(), program.columns().len());
    if hand.is_none() {
        code.prepare(lane.group, scratch);
    }
    outcome.output.clear();
    // An idle compartment puts out zero.
    outcome.output.resize(if code.output.is_some() { *n } else { 0 }, 0);
    outcome.active.clear();
    outcome.active.resize(n.div_ceil(64), 0);
    (outcome.active_count, outcome.skipped) = (0, 0);
    for (start, resting) in (0..*n).step_by(BLOCK).zip(resting) {
        let block = Block { start, length: BLOCK.min(*n - start), n: *n };
        if *resting && lane.inputs.iter().all(|input| is_silent(&input[block.range()])) {
            outcome.skipped += block.length as u32;
            continue;
        }
        let rests = match hand {
            Some(hand) => {
                let did = hand.step(words, lane, block);
                outcome.note(block, &did.active);
                push_spikes(&did.spiked, lane.first_position + start as u32, spiked);
                did.rests && program.has_idle()
            }
            None => {
                interpret(code, words, lane, block, random, scratch);
                let active = code.collect_active(block, scratch);
                outcome.note(block, &active);
                code.collect_output(block, scratch, &mut outcome.output);
                code.collect_spikes(lane.first_position, block, scratch, spiked);
                // Whoever is active now will hardly rest in the next step: not worth the question.
                (active == [0; 2] || code.active.is_none()) && code.rests(block.length, scratch)
            }
        };
        *resting = rests && lane.options.idle == Idling::Skip;
    }
}

/// One block through the interpreter.
fn interpret(
    code: &LaneCode,
    words: &mut [i32],
    lane: &LaneInputs<'_>,
    block: Block,
    random: &mut LaneRandom<'_>,
    scratch: &mut LaneScratch,
) {
    code.load(words, lane, block, scratch);
    for (call, register, bits) in code.randoms() {
        let register = &mut scratch.wide[usize::from(register)];
        for (offset, value) in register.iter_mut().take(block.length).enumerate() {
            *value = i64::from(random.draw(block.start + offset, call) >> (32 - bits));
        }
    }
    code.run_body(scratch);
    code.store(words, block, scratch);
}

impl LaneOutcome {
    /// Notes which compartments of a block count as active.
    fn note(&mut self, block: Block, active: &[u64; BLOCK / 64]) {
        let words = &mut self.active[block.start / 64..];
        for (word, active) in words.iter_mut().zip(active) {
            *word = *active;
            self.active_count += active.count_ones();
        }
    }
}

/// Appends the binary spikes of a block whose first compartment has position `first`.
fn push_spikes(bits: &[u64; BLOCK / 64], first: u32, spiked: &mut Vec<(u32, i32)>) {
    for (bits, first) in bits.iter().zip([first, first + 64]) {
        let mut left = *bits;
        while left != 0 {
            spiked.push((first + left.trailing_zeros(), 1));
            left &= left - 1;
        }
    }
}

/// Packs 64 bytes of 0 or 1 into bits, the first byte lowest.
fn gather_bits(bytes: &[u8; 64]) -> u64 {
    let mut word = 0;
    for (index, eight) in bytes.as_chunks::<8>().0.iter().enumerate() {
        // Each product bit in the top byte comes from exactly one input byte.
        let packed = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        word |= packed << (8 * index);
    }
    word
}

/// Which part of a lane is worked on.
#[derive(Clone, Copy)]
struct Block {
    start: usize,
    length: usize,
    /// Compartments of the whole lane.
    n: usize,
}

impl Block {
    fn range(self) -> std::ops::Range<usize> {
        self.start..self.start + self.length
    }

    /// The block in array `index` of arrays of the lane's length, one after the other.
    fn of_array(self, index: usize) -> std::ops::Range<usize> {
        let start = index * self.n + self.start;
        start..start + self.length
    }
}

fn is_silent(input: &[i32]) -> bool {
    input.iter().fold(0, |any, value| any | value) == 0
}
