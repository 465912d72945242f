//! Lane code: what a program is lowered to, and how a block is loaded, stored and read off.

use super::kernels::run;
use super::values::{binary_64, unary_64};
use super::{BLOCK, Block, LaneInputs, LaneScratch, gather_bits};
use crate::neuron::meaning::{Binary, Unary, clip};

/// What one instruction does; 32 or 64 says how wide its operands are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Unary32(Unary),
    Binary32(Binary),
    /// `<<` by 0 or more.
    ShiftLeft32,
    /// `>>` by 0 or more.
    ShiftRight32,
    /// `dec` by a factor of at most 4096 in magnitude.
    DecaySmall32,
    Select32,
    Clip32,
    Unary64(Unary),
    Binary64(Binary),
    /// A truth value from wide operands.
    Truth64(Binary),
    /// `not` of a wide operand.
    Not64,
    /// Chooses between wide values by a narrow condition.
    Select64,
    Clip64,
    /// Narrow to wide.
    Widen,
    /// Wide to narrow: the value fits wherever it matters.
    Truncate,
}

/// One instruction over a block: registers are positions in the narrow or wide file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instruction {
    pub(super) op: Op,
    pub(super) to: u16,
    pub(super) a: u16,
    pub(super) b: u16,
    pub(super) c: u16,
}

/// A value that all compartments of a group share, computed once a call.
#[derive(Clone, Copy, Debug)]
pub(super) enum Uniform {
    Constant(i64),
    /// The group parameter of this slot.
    Parameter(usize),
    Unary(Unary, usize),
    Binary(Binary, usize, usize),
    Select(usize, usize, usize),
    Clip(usize, usize, usize),
}

/// Where a narrow register is loaded from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Load {
    Input(usize),
    State(usize),
    /// The compartment parameter of this slot.
    Parameter(usize),
}

/// A program lowered for lanes.
#[derive(Clone, Debug, Default)]
pub(in crate::neuron) struct LaneCode {
    pub(super) uniforms: Vec<Uniform>,
    /// Uniforms that fill the first narrow registers.
    pub(super) narrow_broadcasts: Vec<usize>,
    /// Uniforms that fill the first wide registers.
    pub(super) wide_broadcasts: Vec<usize>,
    pub(super) loads: Vec<(Load, u16)>,
    /// Call, wide register, bits.
    pub(super) randoms: Vec<(u32, u16, u32)>,
    pub(super) instructions: Vec<Instruction>,
    /// How many of the instructions are the update; the others decide whether a block rests.
    pub(super) body_length: usize,
    /// State word, narrow register.
    pub(super) stores: Vec<(usize, u16)>,
    /// Narrow register of the flag; `None` where every compartment is active.
    pub(super) active: Option<u16>,
    /// Narrow register that says whether the compartment rests while no input comes.
    pub(super) rest: Option<u16>,
    /// Narrow registers of the flag and of the payload.
    pub(super) spike: Option<(u16, Option<u16>)>,
    /// Narrow register of what is put out.
    pub(super) output: Option<u16>,
    pub(super) narrow_registers: usize,
    pub(super) wide_registers: usize,
}

impl LaneCode {
    /// Computes a block: its registers are loaded.
    pub(super) fn run_body(&self, scratch: &mut LaneScratch) {
        let body = &self.instructions[..self.body_length];
        run(body, &mut scratch.narrow, &mut scratch.wide);
    }

    /// Whether a block that was just computed stays as it is until an input comes.
    pub(super) fn rests(&self, length: usize, scratch: &mut LaneScratch) -> bool {
        let Some(rest) = self.rest else { return false };
        run(&self.instructions[self.body_length..], &mut scratch.narrow, &mut scratch.wide);
        scratch.narrow[usize::from(rest)][..length].iter().all(|flag| *flag != 0)
    }

    pub(super) fn randoms(&self) -> impl Iterator<Item = (u32, u16, u32)> + '_ {
        self.randoms.iter().copied()
    }

    /// Computes what the group shares and fills the registers that hold it.
    pub(super) fn prepare(&self, group: &[i32], scratch: &mut LaneScratch) {
        grow(&mut scratch.narrow, self.narrow_registers, [0; BLOCK]);
        grow(&mut scratch.wide, self.wide_registers, [0; BLOCK]);
        grow(&mut scratch.bytes, BLOCK, 0);
        let values = &mut scratch.uniforms;
        values.clear();
        for uniform in &self.uniforms {
            let value = match *uniform {
                Uniform::Constant(value) => value,
                Uniform::Parameter(slot) => group[slot].into(),
                Uniform::Unary(op, x) => unary_64(op, values[x]),
                Uniform::Binary(op, x, y) => binary_64(op, values[x], values[y]),
                Uniform::Select(condition, x, y) => {
                    values[if values[condition] != 0 { x } else { y }]
                }
                Uniform::Clip(x, low, high) => clip(values[x], values[low], values[high]),
            };
            values.push(value);
        }
        for (register, uniform) in scratch.narrow.iter_mut().zip(&self.narrow_broadcasts) {
            // The value fits wherever it matters.
            register.fill(values[*uniform] as i32);
        }
        for (register, uniform) in scratch.wide.iter_mut().zip(&self.wide_broadcasts) {
            register.fill(values[*uniform]);
        }
    }

    /// Copies a block of inputs, state and compartment parameters into registers.
    pub(super) fn load(
        &self,
        state: &[i32],
        lane: &LaneInputs<'_>,
        block: Block,
        scratch: &mut LaneScratch,
    ) {
        for (load, register) in &self.loads {
            let from = match *load {
                Load::Input(index) => &lane.inputs[index][block.range()],
                Load::State(word) => &state[block.of_array(word)],
                Load::Parameter(slot) => &lane.compartment[block.of_array(slot)],
            };
            scratch.narrow[usize::from(*register)][..block.length].copy_from_slice(from);
        }
    }

    /// Copies the new state of a block out of registers.
    pub(super) fn store(&self, state: &mut [i32], block: Block, scratch: &LaneScratch) {
        for (word, register) in &self.stores {
            let from = &scratch.narrow[usize::from(*register)][..block.length];
            state[block.of_array(*word)].copy_from_slice(from);
        }
    }

    /// Copies what a block puts out.
    pub(super) fn collect_output(&self, block: Block, scratch: &LaneScratch, output: &mut [i32]) {
        if let Some(register) = self.output {
            let from = &scratch.narrow[usize::from(register)][..block.length];
            output[block.range()].copy_from_slice(from);
        }
    }

    /// The bits of a block's active compartments.
    pub(super) fn collect_active(
        &self,
        block: Block,
        scratch: &mut LaneScratch,
    ) -> [u64; BLOCK / 64] {
        let LaneScratch { narrow, bytes, .. } = scratch;
        match self.active {
            Some(register) => {
                for (byte, flag) in bytes.iter_mut().zip(&narrow[usize::from(register)]) {
                    *byte = u8::from(*flag != 0);
                }
            }
            None => bytes.fill(1),
        }
        bytes[block.length..].fill(0);
        let mut active = [0; BLOCK / 64];
        for (word, bytes) in active.iter_mut().zip(bytes.as_chunks::<64>().0) {
            *word = gather_bits(bytes);
        }
        active
    }

    /// Appends a block's spikes.
    pub(super) fn collect_spikes(
        &self,
        first_position: u32,
        block: Block,
        scratch: &LaneScratch,
        spiked: &mut Vec<(u32, i32)>,
    ) {
        let Some((flag, payload)) = self.spike else { return };
        // A lane has fewer than 2^32 compartments.
        let first = first_position + block.start as u32;
        let flags = &scratch.narrow[usize::from(flag)];
        let payloads = payload.map(|payload| &scratch.narrow[usize::from(payload)]);
        for (chunk, flags) in flags[..block.length].chunks(16).enumerate() {
            if flags.iter().fold(0, |any, flag| any | flag) == 0 {
                continue;
            }
            for (offset, flag) in flags.iter().enumerate() {
                if *flag != 0 {
                    let at = chunk * 16 + offset;
                    spiked.push((first + at as u32, payloads.map_or(1, |payloads| payloads[at])));
                }
            }
        }
    }
}

/// Makes room; the files serve programs of unlike size in turn, so they never shrink.
fn grow<T: Clone>(file: &mut Vec<T>, length: usize, empty: T) {
    if file.len() < length {
        file.resize(length, empty);
    }
}
