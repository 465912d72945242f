//! The geometry of sliding windows: convolutions and pooling over two spatial axes.

/// A window that slides over a plane; one-dimensional layers have a height of 1.
///
/// # Shape
/// Every pair is (vertical, horizontal).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Extent of the input plane.
    pub input: [usize; 2],
    /// Extent of the output plane: how many positions the window takes.
    pub output: [usize; 2],
    /// Extent of the window, in taps.
    pub kernel: [usize; 2],
    /// Distance between two positions.
    pub stride: [usize; 2],
    /// Zero rows above and zero columns left of the input; those below and right follow from
    /// `output`.
    pub padding: [usize; 2],
    /// Distance between two taps.
    pub dilation: [usize; 2],
}

impl Window {
    /// The input coordinate under tap `tap` at output coordinate `position` along `axis`, if it
    /// is not padding.
    #[must_use]
    pub fn input_under(&self, axis: usize, position: usize, tap: usize) -> Option<usize> {
        let padded = position * self.stride[axis] + tap * self.dilation[axis];
        padded.checked_sub(self.padding[axis]).filter(|&at| at < self.input[axis])
    }

    /// Number of positions of the input plane.
    #[must_use]
    pub fn input_area(&self) -> usize {
        self.input[0] * self.input[1]
    }

    /// Number of positions of the output plane.
    #[must_use]
    pub fn output_area(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// Number of taps of the window.
    #[must_use]
    pub fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Calls `f` with (tap, input position) for every tap that lies on the input plane at output
    /// position `[y, x]`, in ascending order of both.
    pub fn for_each_tap(&self, position: [usize; 2], mut f: impl FnMut(usize, usize)) {
        for ky in 0..self.kernel[0] {
            let Some(y) = self.input_under(0, position[0], ky) else { continue };
            for kx in 0..self.kernel[1] {
                if let Some(x) = self.input_under(1, position[1], kx) {
                    f(ky * self.kernel[1] + kx, y * self.input[1] + x);
                }
            }
        }
    }
}

/// A convolution in PyTorch's sense (cross-correlation) over channels-first planes.
///
/// # Shape
/// Input `[in_channels, window.input..]`, output `[out_channels, window.output..]`, kernel
/// `[out_channels, in_channels / groups, window.kernel..]`, all row-major.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvolutionShape {
    /// Channels of the input.
    pub in_channels: usize,
    /// Channels of the output.
    pub out_channels: usize,
    /// Groups of channels that do not mix; divides both channel counts.
    pub groups: usize,
    /// The spatial part.
    pub window: Window,
}

impl ConvolutionShape {
    /// Input channels that one output channel sees.
    #[must_use]
    pub fn channels_per_group(&self) -> usize {
        self.in_channels / self.groups
    }

    /// First input channel that output channel `channel` sees.
    #[must_use]
    pub fn first_input_channel(&self, channel: usize) -> usize {
        channel / (self.out_channels / self.groups) * self.channels_per_group()
    }

    /// Number of kernel values.
    #[must_use]
    pub fn kernel_len(&self) -> usize {
        self.out_channels * self.channels_per_group() * self.window.taps()
    }

    /// Calls `f` with (source, kernel index) for every synapse onto `target`, sources ascending.
    pub fn for_each_input_of(&self, target: usize, mut f: impl FnMut(usize, usize)) {
        let window = &self.window;
        let area = window.output_area();
        let (channel, place) = (target / area, target % area);
        let position = [place / window.output[1], place % window.output[1]];
        let first = self.first_input_channel(channel);
        for local in 0..self.channels_per_group() {
            let plane = (first + local) * window.input_area();
            let kernel = (channel * self.channels_per_group() + local) * window.taps();
            window.for_each_tap(position, |tap, at| f(plane + at, kernel + tap));
        }
    }
}
