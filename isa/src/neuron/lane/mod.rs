//! The fast interpreter: each instruction runs over a lane of compartments.
//!
//! A lane is a contiguous range of compartments of one group, its data held as structure of
//! arrays. It is worked off in blocks that stay in the nearest cache; each instruction is a plain
//! loop over one block, which the compiler turns into vector code. Values whose range fits 32 bits
//! are held in 32-bit registers, the others in 64-bit ones; what depends on constants and group
//! parameters only is computed once a call.
//!
//! Both sides of `sel` and the bodies of `when` are always computed and then chosen from. The
//! side that is not chosen may leave its proved range, so all arithmetic here wraps.

mod code;
mod kernels;
mod lower;
mod values;

use super::NeuronProgram;
use crate::random::{self, Counter, Purpose};
pub(super) use code::LaneCode;
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

/// What one update of a lane reads; `n` is the number of compartments.
#[derive(Clone, Copy, Debug)]
pub struct LaneInputs<'a> {
    /// Settled accumulators, one slice of `n` for each input in order.
    pub inputs: &'a [&'a [i32]],
    /// Values of the group parameters in the order of declaration.
    pub group: &'a [i32],
    /// Values of the compartment parameters: parameter `p` of compartment `c` at `p * n + c`.
    pub compartment: &'a [i32],
    /// Added to a compartment's place in the lane to give the position in the spike list.
    pub first_position: u32,
}

/// What one update of a lane did besides changing the state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LaneOutcome {
    /// Bit `c % 64` of word `c / 64` says whether compartment `c` counts as active.
    pub active: Vec<u64>,
    /// Compartments that count as active.
    pub active_count: u32,
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
    let LaneState { words, compartments: n, resting } = state;
    debug_assert_eq!(lane.inputs.len(), program.inputs().len());
    code.prepare(lane.group, scratch);
    outcome.active.clear();
    outcome.active.resize(n.div_ceil(64), 0);
    outcome.active_count = 0;
    for (start, resting) in (0..*n).step_by(BLOCK).zip(resting) {
        let block = Block { start, length: BLOCK.min(*n - start), n: *n };
        if *resting && lane.inputs.iter().all(|input| is_silent(&input[block.range()])) {
            continue;
        }
        code.load(words, lane, block, scratch);
        for (call, register, bits) in code.randoms() {
            let register = &mut scratch.wide[usize::from(register)];
            for (offset, value) in register.iter_mut().take(block.length).enumerate() {
                *value = i64::from(random.draw(start + offset, call) >> (32 - bits));
            }
        }
        code.run_body(scratch);
        code.store(words, block, scratch);
        let active = code.collect_active(block, scratch, &mut outcome.active);
        outcome.active_count += active;
        code.collect_spikes(lane.first_position, block, scratch, spiked);
        // Whoever is active now will hardly rest in the next step: not worth the question.
        *resting = (active == 0 || code.active.is_none()) && code.rests(block.length, scratch);
    }
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
