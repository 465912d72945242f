//! Kernel blocks lowered for delivery: which taps reach outputs of the core, by row and by column.
//!
//! Rows and columns are independent, so a source's synapses are the pairs of its row's and its
//! column's taps, for every output channel. So the kernel is kept once, and no synapse takes a
//! division.

use std::ops::Range;

use quarrion_isa::synapse::KernelBlock;

use super::lists::ListError;

/// A tap that connects a source row (or column) to an output one.
#[derive(Clone, Copy, Debug)]
struct Tap {
    /// Distance of the compartment from the first one of the channel.
    target: u32,
    /// Distance of the weight from the first one of the channel pair.
    weight: u32,
}

/// Taps by source row, or by source column.
#[derive(Clone, Debug)]
struct Axis {
    taps: Vec<Tap>,
    /// First tap of each source, and the end of the last.
    first: Vec<u32>,
}

/// What a source channel's synapses have in common.
#[derive(Clone, Debug)]
struct Channel {
    /// Compartment of the first output of the first output channel that it reaches.
    target: u32,
    /// Weights of it and each output channel that it reaches: first one, and past the last.
    weights: Range<u32>,
}

/// A kernel with its weights decoded and its taps worked out.
#[derive(Clone, Debug)]
pub(super) struct Kernel {
    weights: Vec<i16>,
    channels: Vec<Channel>,
    rows: Axis,
    columns: Axis,
    /// Compartments of one output channel.
    plane: u32,
    /// Weights from one output channel to the next, and those of one pair of channels.
    stride: u32,
    taps: u32,
}

/// Where a source lies: channel, row, column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    channel: u16,
    row: u16,
    column: u16,
}

impl Place {
    /// The place of a source of the block; `None` beyond 16 bits.
    pub(super) fn of(block: &KernelBlock, source: u32) -> Option<Self> {
        let [_, rows, columns] = block.shape.input;
        let narrow = |extent: u32| u16::try_from(extent).ok();
        Some(Self {
            channel: narrow(source / (rows * columns))?,
            row: narrow(source / columns % rows)?,
            column: narrow(source % columns)?,
        })
    }
}

impl Axis {
    /// The taps along axis 0 (rows) or 1 (columns), those of a source in order.
    fn new(block: &KernelBlock, axis: usize, target_step: u32, weight_step: u32) -> Self {
        let (shape, region) = (&block.shape, &block.region);
        let (start, size) = (region.start[axis + 1], region.size[axis + 1]);
        let mut own = Self { taps: Vec::new(), first: vec![0] };
        for source in 0..shape.input[axis + 1] {
            for tap in 0..shape.kernel[axis] {
                let output = shape.output_of(axis, source, tap);
                let inside = output.and_then(|output| output.checked_sub(start));
                if let Some(inside) = inside.filter(|&inside| inside < size) {
                    let (target, weight) = (inside * target_step, tap * weight_step);
                    own.taps.push(Tap { target, weight });
                }
            }
            own.first.push(own.taps.len() as u32);
        }
        own
    }

    #[inline(always)]
    fn taps(&self, source: u16) -> &[Tap] {
        let source = usize::from(source);
        &self.taps[self.first[source] as usize..self.first[source + 1] as usize]
    }
}

impl Kernel {
    pub(super) fn new(block: &KernelBlock) -> Result<Self, ListError> {
        let (shape, region) = (&block.shape, &block.region);
        let (inputs, outputs) = (shape.group_inputs(), shape.output[0] / shape.groups);
        let taps = shape.kernel[0] * shape.kernel[1];
        let (stride, plane) = (inputs * taps, region.size[1] * region.size[2]);
        let (start, end) = (region.start[0], region.start[0] + region.size[0]);
        let channel = |channel: u32| {
            let group = channel / inputs;
            let first = (group * outputs).clamp(start, end) - start;
            let end = ((group + 1) * outputs).clamp(start, end) - start;
            let own = channel % inputs * taps;
            Channel {
                target: region.base + first * plane,
                weights: first * stride + own..end * stride + own,
            }
        };
        let weights = block
            .weights()?
            .into_iter()
            .map(|weight| i16::try_from(weight).ok())
            .collect::<Option<_>>();
        Ok(Self {
            weights: weights.ok_or(ListError::TooWide)?,
            channels: (0..shape.input[0]).map(channel).collect(),
            rows: Axis::new(block, 0, region.size[2], shape.kernel[1]),
            columns: Axis::new(block, 1, 1, 1),
            plane,
            stride,
            taps,
        })
    }

    /// Calls `add` with the compartment and the weight of every synapse of the source, in stored
    /// order: by output channel and kernel tap.
    #[inline(always)]
    pub(super) fn visit(&self, place: Place, mut add: impl FnMut(usize, i32)) {
        let (rows, columns) = (self.rows.taps(place.row), self.columns.taps(place.column));
        if rows.is_empty() || columns.is_empty() {
            return;
        }
        let channel = &self.channels[usize::from(place.channel)];
        let (mut target, mut weight) = (channel.target, channel.weights.start);
        while weight < channel.weights.end {
            let weights = &self.weights[weight as usize..(weight + self.taps) as usize];
            for row in rows {
                for column in columns {
                    let weight = weights[(row.weight + column.weight) as usize];
                    add((target + row.target + column.target) as usize, i32::from(weight));
                }
            }
            target += self.plane;
            weight += self.stride;
        }
    }
}
