//! The geometry of sliding windows: convolutions and pooling over two spatial axes.

use std::ops::Range;

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

    /// The taps along `axis` that lie on the input plane at output coordinate `position`.
    #[must_use]
    pub fn taps_on_input(&self, axis: usize, position: usize) -> Range<usize> {
        let start = position * self.stride[axis];
        let (padding, dilation) = (self.padding[axis], self.dilation[axis]);
        let first = padding.saturating_sub(start).div_ceil(dilation);
        let end = (padding + self.input[axis]).saturating_sub(start).div_ceil(dilation);
        first..end.min(self.kernel[axis]).max(first)
    }

    /// Number of (output position, tap) pairs on the input plane, along both axes.
    #[must_use]
    pub fn tap_count(&self) -> u64 {
        let along = |axis: usize| -> u64 {
            (0..self.output[axis])
                .map(|position| self.taps_on_input(axis, position).len() as u64)
                .sum()
        };
        along(0) * along(1)
    }

    /// Calls `f` with (tap, input position) for every tap that lies on the input plane at output
    /// position `[y, x]`, in ascending order of both.
    pub fn for_each_tap(&self, position: [usize; 2], mut f: impl FnMut(usize, usize)) {
        for ky in self.taps_on_input(0, position[0]) {
            let row = position[0] * self.stride[0] + ky * self.dilation[0] - self.padding[0];
            for kx in self.taps_on_input(1, position[1]) {
                let column = position[1] * self.stride[1] + kx * self.dilation[1] - self.padding[1];
                f(ky * self.kernel[1] + kx, row * self.input[1] + column);
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

    /// Whether every channel stays by itself.
    #[must_use]
    pub fn is_depthwise(&self) -> bool {
        self.groups == self.in_channels && self.groups == self.out_channels
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

#[cfg(test)]
mod tests {
    use super::Window;

    #[test]
    fn taps_on_the_input_are_those_that_a_search_finds() {
        let mut checked = 0;
        for (input, kernel, stride, padding, dilation) in (0..3_usize.pow(5))
            .map(|n| (n % 3 + 1, n / 3 % 3 + 1, n / 9 % 3 + 1, n / 27 % 3, n / 81 + 1))
        {
            let reach = dilation * (kernel - 1) + 1;
            let Some(free) = (input + 2 * padding).checked_sub(reach) else { continue };
            let both = |value| [value, value];
            let window = Window {
                input: both(input),
                output: both(free / stride + 1),
                kernel: both(kernel),
                stride: both(stride),
                padding: both(padding),
                dilation: both(dilation),
            };
            for position in 0..window.output[0] {
                let found: Vec<usize> = (0..kernel)
                    .filter(|tap| {
                        let at = position * stride + tap * dilation;
                        (padding..padding + input).contains(&at)
                    })
                    .collect();
                let told: Vec<usize> = window.taps_on_input(0, position).collect();
                assert_eq!(told, found, "{window:?} at {position}");
                checked += 1;
            }
        }
        assert!(checked > 100);
    }
}
