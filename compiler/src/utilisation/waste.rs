//! Synapse memory that holds no logical synapse, by cause.

use quarrion_isa::chip::SynapseFormatKind;
use quarrion_isa::program::Block;
use quarrion_isa::synapse::{KernelBlock, ListFormat, PackedBlock, SynapseBlock};
use serde::Serialize;

/// Synapse memory bits that hold no logical synapse. The causes do not overlap: with the bits that
/// are of use they are all that is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Waste {
    /// Bits of all words in use.
    pub stored_bits: u64,
    /// Rest of the last word of lists and kernels.
    pub padding_bits: u64,
    /// Prefixes of lists.
    pub prefix_bits: u64,
    /// Synapses of weight zero inside dense lists and kernels.
    pub zero_bits: u64,
    /// Of the other synapses the bits by which fields for weight, index and delay are wider than
    /// any value of their block: what the chip's few formats cost. Lists that learn need them.
    pub format_bits: u64,
    /// Bits of logical synapses, as wide as the values of their block ask for.
    pub useful_bits: u64,
}

/// What the values of a block's synapses span.
#[derive(Clone, Copy, Default)]
struct Span {
    zeros: u64,
    others: u64,
    smallest: i32,
    largest: i32,
    /// All weights' bits together.
    bits: i32,
    index: u32,
    delay: u32,
}

impl Waste {
    /// Wasted bits over stored ones.
    #[must_use]
    pub fn share(&self) -> f64 {
        let wasted = self.padding_bits + self.prefix_bits + self.zero_bits + self.format_bits;
        wasted as f64 / self.stored_bits.max(1) as f64
    }

    /// The waste of a block.
    pub(super) fn of(block: &Block) -> Self {
        let mut waste = match &block.synapses {
            SynapseBlock::Packed(packed) => Self::of_lists(packed),
            SynapseBlock::Kernel(kernel) => Self::of_kernel(kernel),
        };
        if block.learning.is_some() {
            waste.useful_bits += std::mem::take(&mut waste.format_bits);
        }
        waste
    }

    /// Adds other waste.
    pub(super) fn add(&mut self, other: Self) {
        self.stored_bits += other.stored_bits;
        self.padding_bits += other.padding_bits;
        self.prefix_bits += other.prefix_bits;
        self.zero_bits += other.zero_bits;
        self.format_bits += other.format_bits;
        self.useful_bits += other.useful_bits;
    }

    fn of_lists(packed: &PackedBlock) -> Self {
        let format = &packed.format;
        let mut waste = Self::default();
        let mut span = Span::default();
        for (list, entry) in (0..).zip(&packed.lists) {
            let entries = u64::from(entry.synapses).div_ceil(u64::from(format.entry_synapses));
            let prefix = entries * u64::from(format.prefix_bits);
            let held = u64::from(entry.synapses) * format.synapse_bits();
            let stored = u64::from(entry.words) * u64::from(format.word_bits);
            waste.stored_bits += stored;
            waste.prefix_bits += prefix;
            waste.padding_bits += stored.saturating_sub(prefix + held);
            let mut last = entry.base;
            // A corrupt list has been refused by the verifier.
            let _ = packed.decode_list(list, |synapse| {
                let from = match format.kind {
                    SynapseFormatKind::RunLength => std::mem::replace(&mut last, synapse.target),
                    _ => entry.base,
                };
                span.add(synapse.weight, synapse.target - from, synapse.delay);
            });
        }
        waste.zero_bits = span.zeros * format.synapse_bits();
        waste.format_bits = span.others * span.spare_bits(format);
        waste.useful_bits = span.others * (format.synapse_bits() - span.spare_bits(format));
        waste
    }

    fn of_kernel(kernel: &KernelBlock) -> Self {
        let format = &kernel.format;
        let weights = kernel.weights().unwrap_or_default();
        let mut span = Span::default();
        weights.iter().for_each(|&weight| span.add(weight, 0, 0));
        let stored = kernel.words.len() as u64 * u64::from(format.word_bits);
        let held = weights.len() as u64 * u64::from(format.weight_bits);
        Self {
            stored_bits: stored,
            padding_bits: stored.saturating_sub(held),
            prefix_bits: 0,
            zero_bits: span.zeros * u64::from(format.weight_bits),
            format_bits: span.others * u64::from(format.weight_bits - span.weight_bits(format)),
            useful_bits: span.others * u64::from(span.weight_bits(format)),
        }
    }
}

impl Span {
    fn add(&mut self, weight: i32, index: u32, delay: u32) {
        self.smallest = self.smallest.min(weight);
        self.largest = self.largest.max(weight);
        self.bits |= weight;
        self.index = self.index.max(index);
        self.delay = self.delay.max(delay);
        if weight == 0 { self.zeros += 1 } else { self.others += 1 }
    }

    /// Bits of one synapse that no value needs.
    fn spare_bits(&self, format: &ListFormat) -> u64 {
        let bits = |value: u32| u32::BITS - value.leading_zeros();
        let full = ListFormat { tag_bits: 0, ..*format };
        let least = ListFormat {
            weight_bits: self.weight_bits(format),
            index_bits: bits(self.index).min(format.index_bits),
            delay_bits: bits(self.delay).min(format.delay_bits),
            ..full
        };
        full.synapse_bits() - least.synapse_bits()
    }

    /// The fewest bits that hold every weight in the block's sign mode.
    fn weight_bits(&self, format: &ListFormat) -> u32 {
        let holds = |&bits: &u32| {
            let narrow = ListFormat { weight_bits: bits, ..*format };
            let (low, high) = narrow.weight_range();
            let step = (1_i64 << narrow.weight_shift()) - 1;
            i64::from(self.bits) & step == 0 && low <= self.smallest && self.largest <= high
        };
        (1..format.weight_bits).find(holds).unwrap_or(format.weight_bits)
    }
}
