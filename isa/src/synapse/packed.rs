//! Packed lists: every synapse in the chip's own words.
//!
//! Layout of a list, from the lowest bit of its first word: entries of at most `entry_synapses`
//! synapses, each with a prefix (its low bits count the entry's synapses) followed by the synapses:
//! index (sparse) or skip (run-length), delay, tag, weight. Learning starts from tags of zero. A
//! list starts at a word boundary. Dense lists name no targets: the n-th synapse ends in
//! compartment `base + n`. Sparse indices count from `base` as well; a skip counts from the synapse
//! before, the first from `base`.

use bitvec::field::BitField;
use bitvec::order::Lsb0;
use bitvec::slice::BitSlice;
use bitvec::view::BitView;
use serde::{Deserialize, Serialize};

use super::{CorruptList, ListFormat, Synapse};
use crate::chip::{SignMode, SynapseFormatKind};

/// Where one list lies in the words of its block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListRef {
    /// First word.
    pub first_word: u32,
    /// Number of words.
    pub words: u32,
    /// Number of synapses.
    pub synapses: u32,
    /// Compartment that index 0 names.
    pub base: u32,
}

/// Lists in the chip's words.
///
/// # Shape
/// `words` has one element per synapse memory word; a word narrower than 64 bits uses the low bits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackedBlock {
    /// How the lists are stored.
    pub format: ListFormat,
    /// The synapse memory words.
    pub words: Vec<u64>,
    /// Where each list lies.
    pub lists: Vec<ListRef>,
}

impl PackedBlock {
    /// Calls `visit` with every synapse of the list, in stored order.
    ///
    /// # Errors
    /// The stored words contradict the list table; the program is corrupt.
    pub fn decode_list(
        &self,
        list: u32,
        mut visit: impl FnMut(Synapse),
    ) -> Result<(), CorruptList> {
        let corrupt = CorruptList { list };
        let entry = self.lists.get(list as usize).ok_or(corrupt)?;
        let first = entry.first_word as usize;
        let words = self.words.get(first..first + entry.words as usize).ok_or(corrupt)?;
        if self.format.list_words(u64::from(entry.synapses)) != u64::from(entry.words) {
            return Err(corrupt);
        }
        let mut cursor = Cursor { words, at: 0, word_bits: self.format.word_bits as usize };
        let mut left = entry.synapses;
        let mut next = 0_u32;
        while left > 0 {
            let count = left.min(self.format.entry_synapses);
            if cursor.take(self.format.prefix_bits) != prefix(&self.format, count) {
                return Err(corrupt);
            }
            for _ in 0..count {
                let stored = cursor.take(self.format.index_bits) as u32;
                let index = match self.format.kind {
                    SynapseFormatKind::Sparse => stored,
                    SynapseFormatKind::RunLength => {
                        next = next.checked_add(stored).ok_or(corrupt)?;
                        next
                    }
                    SynapseFormatKind::Dense | SynapseFormatKind::Kernel => {
                        next += 1;
                        next - 1
                    }
                };
                let delay = cursor.take(self.format.delay_bits) as u32;
                if cursor.take(self.format.tag_bits) != 0 {
                    return Err(corrupt);
                }
                let weight = weight_of(&self.format, cursor.take(self.format.weight_bits));
                let target = entry.base.checked_add(index).ok_or(corrupt)?;
                visit(Synapse { target, delay, weight });
            }
            left -= count;
        }
        Ok(())
    }
}

/// Writes lists into words; the inverse of [`PackedBlock::decode_list`].
///
/// Weights must lie in [`ListFormat::weight_range`] on multiples of the format's step, sparse
/// indices, skips and delays must fit their fields, a dense list must name consecutive targets and
/// a run-length list ascending ones from its base on: the packing pass sees to that, and the
/// verifier reads the words back.
#[must_use]
pub fn encode_lists(format: ListFormat, lists: &[(u32, Vec<Synapse>)]) -> PackedBlock {
    let mut words = Vec::new();
    let mut refs = Vec::with_capacity(lists.len());
    for (base, synapses) in lists {
        let first_word = words.len();
        let count = format.list_words(synapses.len() as u64) as usize;
        words.resize(first_word + count, 0);
        let mut writer =
            Writer { words: &mut words[first_word..], at: 0, word_bits: format.word_bits as usize };
        let mut last = *base;
        for entry in synapses.chunks(format.entry_synapses as usize) {
            writer.put(format.prefix_bits, prefix(&format, entry.len() as u32));
            for synapse in entry {
                match format.kind {
                    SynapseFormatKind::Sparse => {
                        writer.put(format.index_bits, u64::from(synapse.target - base));
                    }
                    SynapseFormatKind::RunLength => {
                        writer.put(format.index_bits, u64::from(synapse.target - last));
                        last = synapse.target;
                    }
                    SynapseFormatKind::Dense | SynapseFormatKind::Kernel => {}
                }
                writer.put(format.delay_bits, u64::from(synapse.delay));
                writer.put(format.tag_bits, 0);
                writer.put(format.weight_bits, field_of(&format, synapse.weight));
            }
        }
        refs.push(ListRef {
            first_word: first_word as u32,
            words: count as u32,
            synapses: synapses.len() as u32,
            base: *base,
        });
    }
    PackedBlock { format, words, lists: refs }
}

/// The prefix of an entry: its synapse count, cut to the prefix's width.
fn prefix(format: &ListFormat, synapses: u32) -> u64 {
    u64::from(synapses) & mask(format.prefix_bits)
}

/// The stored field of a weight.
pub(super) fn field_of(format: &ListFormat, weight: i32) -> u64 {
    let magnitude = if format.sign == SignMode::Inhibitory { -weight } else { weight };
    (i64::from(magnitude >> format.weight_shift()) as u64) & mask(format.weight_bits)
}

/// The weight behind a stored field.
pub(super) fn weight_of(format: &ListFormat, field: u64) -> i32 {
    let shift = format.weight_shift();
    match format.sign {
        SignMode::Excitatory => (field as i32) << shift,
        SignMode::Inhibitory => -((field as i32) << shift),
        SignMode::Mixed => {
            let unused = 64 - format.weight_bits.max(1);
            (((field << unused) as i64 >> unused) as i32) << shift
        }
    }
}

fn mask(bits: u32) -> u64 {
    if bits >= 64 { u64::MAX } else { (1 << bits) - 1 }
}

/// Reads fields from words of `word_bits` bits, lowest first, over word borders.
pub(super) struct Cursor<'a> {
    pub(super) words: &'a [u64],
    pub(super) at: usize,
    pub(super) word_bits: usize,
}

impl Cursor<'_> {
    pub(super) fn take(&mut self, bits: u32) -> u64 {
        let mut value = 0;
        let mut filled = 0;
        while filled < bits as usize {
            let (word, low) = (self.at / self.word_bits, self.at % self.word_bits);
            let part = (bits as usize - filled).min(self.word_bits - low);
            let view: &BitSlice<u64, Lsb0> = self.words[word].view_bits();
            // Fields wider than a number are prefixes, whose upper bits are zero.
            let field: u64 = view[low..low + part].load_le();
            value |= field.checked_shl(filled as u32).unwrap_or(0);
            filled += part;
            self.at += part;
        }
        value
    }
}

/// Writes fields into words of `word_bits` bits, lowest first, over word borders.
pub(super) struct Writer<'a> {
    pub(super) words: &'a mut [u64],
    pub(super) at: usize,
    pub(super) word_bits: usize,
}

impl Writer<'_> {
    pub(super) fn put(&mut self, bits: u32, value: u64) {
        let mut written = 0;
        while written < bits as usize {
            let (word, low) = (self.at / self.word_bits, self.at % self.word_bits);
            let part = (bits as usize - written).min(self.word_bits - low);
            let view: &mut BitSlice<u64, Lsb0> = self.words[word].view_bits_mut();
            let field = value.checked_shr(written as u32).unwrap_or(0);
            view[low..low + part].store_le::<u64>(field & mask(part as u32));
            written += part;
            self.at += part;
        }
    }
}
