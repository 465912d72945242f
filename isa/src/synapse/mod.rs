//! Synapse memory: what one arriving spike reads.
//!
//! A block holds the lists of one projection's part on one core. A *packed* block stores every
//! synapse in the chip's own words; a *kernel* block stores one shared convolution kernel, and the
//! list of a source is worked out from its place in the input. `encode` makes words, `decode` is
//! their meaning, and the size formula counts exactly what `encode` writes.

mod kernel;
mod packed;

pub use kernel::{KernelBlock, KernelShape, Region};
pub use packed::{ListRef, PackedBlock, encode_lists};

use serde::{Deserialize, Serialize};

use crate::chip::{SignMode, SynapseFormat, SynapseFormatKind};

/// One synapse of a list, decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Synapse {
    /// Compartment of this core where it ends.
    pub target: u32,
    /// Delay in steps beyond the one that every spike takes.
    pub delay: u32,
    /// Weight mantissa as the list's format can store it.
    pub weight: i32,
}

/// How the lists of a block are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ListFormat {
    /// Dense, sparse, run-length or shared kernel.
    pub kind: SynapseFormatKind,
    /// Stored bits per weight.
    pub weight_bits: u32,
    /// Width of the chip's widest weight; narrower weights lose their low bits.
    pub weight_bits_max: u32,
    /// Shared sign mode.
    pub sign: SignMode,
    /// Bits of the destination index (sparse) or skip (run-length); 0 elsewhere.
    pub index_bits: u32,
    /// Bits of the delay field.
    pub delay_bits: u32,
    /// Bits of the tag that a learning rule keeps of the synapse; 0 where none does.
    pub tag_bits: u32,
    /// Bits before the first synapse of an entry.
    pub prefix_bits: u32,
    /// Synapses that one entry holds at most.
    pub entry_synapses: u32,
    /// Width of a synapse memory word.
    pub word_bits: u32,
}

impl ListFormat {
    /// The format with the widths chosen for a list; the rest is the chip's.
    #[must_use]
    pub fn new(format: &SynapseFormat, word_bits: u32, weight: WeightWidth) -> Self {
        Self {
            kind: format.kind,
            weight_bits: weight.bits,
            weight_bits_max: weight.bits_max,
            sign: weight.sign,
            index_bits: 0,
            delay_bits: 0,
            tag_bits: 0,
            prefix_bits: format.prefix_bits,
            entry_synapses: format.entry_synapses.unwrap_or(u32::MAX),
            word_bits,
        }
    }

    /// Left shift between the stored field and the weight: what the precision leaves out.
    #[must_use]
    pub fn weight_shift(&self) -> u32 {
        let mixed = u32::from(self.sign == SignMode::Mixed);
        (self.weight_bits_max + mixed).saturating_sub(self.weight_bits)
    }

    /// Smallest and largest weight that a list of this format can hold.
    #[must_use]
    pub fn weight_range(&self) -> (i32, i32) {
        let shift = self.weight_shift();
        let magnitude = (1_i32 << self.weight_bits) - 1;
        match self.sign {
            SignMode::Excitatory => (0, magnitude << shift),
            SignMode::Inhibitory => (-(magnitude << shift), 0),
            SignMode::Mixed => {
                let half = 1_i32 << self.weight_bits >> 1;
                (-(half << shift), (half - 1).max(0) << shift)
            }
        }
    }

    /// Bits of one synapse.
    #[must_use]
    pub fn synapse_bits(&self) -> u64 {
        let fields = [self.weight_bits, self.index_bits, self.delay_bits, self.tag_bits];
        fields.into_iter().map(u64::from).sum()
    }

    /// How many compartments a list of the format may go on by from one synapse to the next; `None`
    /// where it may name any.
    #[must_use]
    pub fn longest_skip(&self) -> Option<u32> {
        match self.kind {
            SynapseFormatKind::Dense => Some(1),
            SynapseFormatKind::RunLength => Some((1 << self.index_bits) - 1),
            SynapseFormatKind::Sparse | SynapseFormatKind::Kernel => None,
        }
    }

    /// Words that a list of `synapses` synapses takes: the exact size that `encode` writes.
    ///
    /// # Source
    /// nengo-loihi 1.1.0, `block.py`, `bits_per_axon`.
    #[must_use]
    pub fn list_words(&self, synapses: u64) -> u64 {
        let entries = synapses.div_ceil(u64::from(self.entry_synapses));
        let bits = entries * u64::from(self.prefix_bits) + synapses * self.synapse_bits();
        bits.div_ceil(u64::from(self.word_bits))
    }
}

/// Width and sign mode chosen for the weights of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeightWidth {
    /// Stored bits.
    pub bits: u32,
    /// Widest stored width of the core.
    pub bits_max: u32,
    /// Sign mode.
    pub sign: SignMode,
}

/// The synapse lists of one projection's part on one core.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SynapseBlock {
    /// Lists in the chip's words.
    Packed(PackedBlock),
    /// One shared kernel.
    Kernel(KernelBlock),
}

impl SynapseBlock {
    /// The storage format of the lists.
    #[must_use]
    pub fn format(&self) -> &ListFormat {
        match self {
            Self::Packed(block) => &block.format,
            Self::Kernel(block) => &block.format,
        }
    }

    /// How many lists the block has.
    #[must_use]
    pub fn list_count(&self) -> u32 {
        match self {
            Self::Packed(block) => block.lists.len() as u32,
            Self::Kernel(block) => block.shape.sources(),
        }
    }

    /// Words of synapse memory that the block takes.
    #[must_use]
    pub fn words(&self) -> u64 {
        match self {
            Self::Packed(block) => block.words.len() as u64,
            Self::Kernel(block) => block.words.len() as u64,
        }
    }

    /// Calls `visit` with every synapse of the list, in stored order.
    ///
    /// # Errors
    /// The stored words contradict the list table; the program is corrupt.
    pub fn decode_list(&self, list: u32, visit: impl FnMut(Synapse)) -> Result<(), CorruptList> {
        match self {
            Self::Packed(block) => block.decode_list(list, visit),
            Self::Kernel(block) => block.decode_list(list, visit),
        }
    }

    /// Synaptic operations that one spike into the list costs.
    ///
    /// # Errors
    /// The stored words contradict the list table; the program is corrupt.
    pub fn list_synapses(&self, list: u32) -> Result<u32, CorruptList> {
        match self {
            Self::Packed(block) => {
                block.lists.get(list as usize).map(|list| list.synapses).ok_or(CorruptList { list })
            }
            Self::Kernel(block) => {
                let mut synapses = 0;
                block.visit_taps(list, |_, _| synapses += 1)?;
                Ok(synapses)
            }
        }
    }

    /// Synapse memory words that one spike into the list reads.
    ///
    /// # Errors
    /// The stored words contradict the list table; the program is corrupt.
    pub fn list_words(&self, list: u32) -> Result<u32, CorruptList> {
        match self {
            Self::Packed(block) => {
                block.lists.get(list as usize).map(|list| list.words).ok_or(CorruptList { list })
            }
            Self::Kernel(block) => {
                Ok(block.format.list_words(u64::from(self.list_synapses(list)?)) as u32)
            }
        }
    }
}

/// A list whose words contradict its table entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("synapse list {list} is corrupt: its words contradict its table entry")]
pub struct CorruptList {
    /// The list.
    pub list: u32,
}
