//! Kernel blocks: one convolution kernel shared by all positions.
//!
//! The words hold the kernel once; the list of source (channel, row, column) follows from its
//! place. Kernels have the cross-correlation orientation of the training frameworks.

use serde::{Deserialize, Serialize};

use super::packed::{Cursor, Writer, field_of, weight_of};
use super::{CorruptList, ListFormat, Synapse};

/// The geometry of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KernelShape {
    /// Input channels, rows, columns.
    pub input: [u32; 3],
    /// Output channels, rows, columns.
    pub output: [u32; 3],
    /// Kernel rows, columns.
    pub kernel: [u32; 2],
    /// Stride down, across.
    pub stride: [u32; 2],
    /// Zero padding above and left.
    pub padding: [u32; 2],
    /// Dilation down, across.
    pub dilation: [u32; 2],
    /// Channel groups.
    pub groups: u32,
}

impl KernelShape {
    /// Neurons of the input.
    #[must_use]
    pub fn sources(&self) -> u32 {
        self.input.iter().product()
    }

    /// Input channels that one output channel sees.
    #[must_use]
    pub fn group_inputs(&self) -> u32 {
        self.input[0] / self.groups
    }

    /// The output row (axis 0) or column (axis 1) that kernel tap `tap` connects `source` to.
    #[must_use]
    pub fn output_of(&self, axis: usize, source: u32, tap: u32) -> Option<u32> {
        let shifted = (source + self.padding[axis]).checked_sub(tap * self.dilation[axis])?;
        let aligned = shifted.is_multiple_of(self.stride[axis]);
        let output = shifted / self.stride[axis];
        (aligned && output < self.output[axis + 1]).then_some(output)
    }
}

/// The part of the output that a core holds: a box of channels, rows and columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Region {
    /// First channel, row, column.
    pub start: [u32; 3],
    /// Number of channels, rows, columns.
    pub size: [u32; 3],
    /// Compartment of the first output of the box; the rest follow row-major.
    pub base: u32,
}

impl Region {
    /// The compartment of an output, if the box holds it.
    #[must_use]
    pub fn compartment(&self, output: [u32; 3]) -> Option<u32> {
        let mut offset = 0;
        for ((&at, &start), &size) in output.iter().zip(&self.start).zip(&self.size) {
            let inside = at.checked_sub(start).filter(|&inside| inside < size)?;
            offset = offset * size + inside;
        }
        Some(self.base + offset)
    }
}

/// One shared kernel for the outputs of a region.
///
/// # Shape
/// Weights `[output channels of the region][group inputs][kernel rows][kernel columns]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KernelBlock {
    /// How the weights are stored.
    pub format: ListFormat,
    /// The convolution.
    pub shape: KernelShape,
    /// The outputs that this core holds.
    pub region: Region,
    /// Delay of every synapse, in steps beyond the one that every spike takes.
    pub delay: u32,
    /// The synapse memory words.
    pub words: Vec<u64>,
}

impl KernelBlock {
    /// Stores the weights of the region's output channels.
    ///
    /// # Shape
    /// `weights`: as [`KernelBlock`] states.
    #[must_use]
    pub fn encode(
        format: ListFormat,
        shape: KernelShape,
        region: Region,
        delay: u32,
        weights: &[i32],
    ) -> Self {
        let mut words = vec![0; Self::words_for(&format, weights.len() as u64) as usize];
        let mut writer = Writer { words: &mut words, at: 0, word_bits: format.word_bits as usize };
        for &weight in weights {
            writer.put(format.weight_bits, field_of(&format, weight));
        }
        Self { format, shape, region, delay, words }
    }

    /// Words that a kernel of `weights` weights takes.
    #[must_use]
    pub fn words_for(format: &ListFormat, weights: u64) -> u64 {
        (weights * u64::from(format.weight_bits)).div_ceil(u64::from(format.word_bits))
    }

    /// Weights that the block stores.
    #[must_use]
    pub fn weight_count(&self) -> u32 {
        self.region.size[0]
            * self.shape.group_inputs()
            * self.shape.kernel[0]
            * self.shape.kernel[1]
    }

    /// The stored weights, decoded.
    ///
    /// # Errors
    /// The block holds too few words; the program is corrupt.
    pub fn weights(&self) -> Result<Vec<i32>, CorruptList> {
        if Self::words_for(&self.format, u64::from(self.weight_count())) != self.words.len() as u64
        {
            return Err(CorruptList { list: 0 });
        }
        let mut cursor =
            Cursor { words: &self.words, at: 0, word_bits: self.format.word_bits as usize };
        Ok((0..self.weight_count())
            .map(|_| weight_of(&self.format, cursor.take(self.format.weight_bits)))
            .collect())
    }

    /// Calls `visit` with every synapse of the source, ordered by output channel and kernel tap.
    ///
    /// # Errors
    /// The block holds too few words, or has no such source; the program is corrupt.
    pub fn decode_list(
        &self,
        list: u32,
        mut visit: impl FnMut(Synapse),
    ) -> Result<(), CorruptList> {
        let weights = self.weights()?;
        self.visit_taps(list, |target, at| {
            visit(Synapse { target, delay: self.delay, weight: weights[at as usize] });
        })
    }

    /// Calls `visit` with the target and the weight's position of every synapse of the source,
    /// ordered by output channel and kernel tap; the geometry alone, without decoding.
    ///
    /// # Errors
    /// The block has no such source; the program is corrupt.
    pub fn visit_taps(
        &self,
        list: u32,
        mut visit: impl FnMut(u32, u32),
    ) -> Result<(), CorruptList> {
        let shape = &self.shape;
        if list >= shape.sources() {
            return Err(CorruptList { list });
        }
        let [_, rows, columns] = shape.input;
        let (channel, row, column) =
            (list / (rows * columns), list / columns % rows, list % columns);
        let group_outputs = shape.output[0] / shape.groups;
        let (group, group_channel) =
            (channel / shape.group_inputs(), channel % shape.group_inputs());
        let [taps_y, taps_x] = shape.kernel;
        for stored in 0..self.region.size[0] {
            let output_channel = self.region.start[0] + stored;
            if output_channel / group_outputs != group {
                continue;
            }
            for tap_y in 0..taps_y {
                let Some(y) = shape.output_of(0, row, tap_y) else { continue };
                for tap_x in 0..taps_x {
                    let Some(x) = shape.output_of(1, column, tap_x) else { continue };
                    let Some(target) = self.region.compartment([output_channel, y, x]) else {
                        continue;
                    };
                    let at = ((stored * shape.group_inputs() + group_channel) * taps_y + tap_y)
                        * taps_x
                        + tap_x;
                    visit(target, at);
                }
            }
        }
        Ok(())
    }
}
