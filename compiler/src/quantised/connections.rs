//! Integer synapses of one projection, symbolically, walked target by target.

use quarrion_isa::synapse::KernelShape;

/// The synapses of a projection; a weight of zero is no synapse.
///
/// # Determinism
/// Walks visit the sources of a target in ascending order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connections {
    /// A matrix.
    Dense {
        /// Sources.
        sources: u32,
        /// `[targets, sources]`, row-major.
        weights: Vec<i32>,
    },
    /// Rows by target.
    Sparse {
        /// Sources.
        sources: u32,
        /// Start of each target's row, and the end of the last.
        offsets: Vec<u32>,
        /// Source of each synapse, ascending in a row, none twice.
        from: Vec<u32>,
        /// Weight of each synapse.
        weights: Vec<i32>,
    },
    /// One kernel shared by all positions.
    Convolution {
        /// Geometry.
        shape: KernelShape,
        /// `[out_channels, in_channels / groups, rows, columns]`, row-major.
        weights: Vec<i32>,
    },
}

impl Connections {
    /// Number of sources.
    #[must_use]
    pub fn sources(&self) -> u32 {
        match self {
            Self::Dense { sources, .. } | Self::Sparse { sources, .. } => *sources,
            Self::Convolution { shape, .. } => shape.sources(),
        }
    }

    /// Number of targets.
    #[must_use]
    pub fn targets(&self) -> u32 {
        match self {
            Self::Dense { sources, weights } => weights.len() as u32 / (*sources).max(1),
            Self::Sparse { offsets, .. } => offsets.len() as u32 - 1,
            Self::Convolution { shape, .. } => shape.output.iter().product(),
        }
    }

    /// The stored weights: each shared weight once.
    #[must_use]
    pub fn stored_weights(&self) -> &[i32] {
        match self {
            Self::Dense { weights, .. }
            | Self::Sparse { weights, .. }
            | Self::Convolution { weights, .. } => weights,
        }
    }

    /// Calls `visit` with (source, weight) for every synapse onto `target`, sources ascending.
    ///
    /// # Complexity
    /// Proportional to the fan-in.
    pub fn for_each_input_of(&self, target: u32, mut visit: impl FnMut(u32, i32)) {
        self.for_each_stored_of(target, |source, weight| {
            if weight != 0 {
                visit(source, weight);
            }
        });
    }

    /// As [`Self::for_each_input_of`], with weights of zero.
    pub fn for_each_stored_of(&self, target: u32, mut visit: impl FnMut(u32, i32)) {
        match self {
            Self::Dense { sources, weights } => {
                let row = weights.chunks_exact(*sources as usize).nth(target as usize);
                let row = (0..).zip(row.unwrap_or_default());
                row.for_each(|(source, &weight)| visit(source, weight));
            }
            Self::Sparse { offsets, from, weights, .. } => {
                let row = offsets[target as usize] as usize..offsets[target as usize + 1] as usize;
                let row = from[row.clone()].iter().zip(&weights[row]);
                row.for_each(|(&source, &weight)| visit(source, weight));
            }
            Self::Convolution { shape, weights } => {
                for_each_tap(shape, target, |source, tap| visit(source, weights[tap]));
            }
        }
    }

    /// Number of synapses: the weights that are not zero, once a target.
    #[must_use]
    pub fn synapse_count(&self) -> u64 {
        match self {
            Self::Dense { weights, .. } | Self::Sparse { weights, .. } => {
                weights.iter().filter(|&&weight| weight != 0).count() as u64
            }
            Self::Convolution { .. } => {
                let mut count = 0;
                for target in 0..self.targets() {
                    self.for_each_input_of(target, |_, _| count += 1);
                }
                count
            }
        }
    }
}

/// Calls `visit` with (source, position of the weight) for every tap of `target` on the input.
fn for_each_tap(shape: &KernelShape, target: u32, mut visit: impl FnMut(u32, usize)) {
    let [_, rows, columns] = shape.output;
    let (channel, row, column) =
        (target / (rows * columns), target / columns % rows, target % columns);
    let group_inputs = shape.group_inputs();
    let first = channel / (shape.output[0] / shape.groups) * group_inputs;
    let [taps_y, taps_x] = shape.kernel;
    // The input coordinate under a tap, unless it is padding.
    let under = |axis: usize, at: u32, tap: u32| {
        let padded = at * shape.stride[axis] + tap * shape.dilation[axis];
        padded.checked_sub(shape.padding[axis]).filter(|&at| at < shape.input[axis + 1])
    };
    for local in 0..group_inputs {
        for tap_y in 0..taps_y {
            let Some(y) = under(0, row, tap_y) else { continue };
            for tap_x in 0..taps_x {
                let Some(x) = under(1, column, tap_x) else { continue };
                let source = ((first + local) * shape.input[1] + y) * shape.input[2] + x;
                let tap = ((channel * group_inputs + local) * taps_y + tap_y) * taps_x + tap_x;
                visit(source, tap as usize);
            }
        }
    }
}
