//! Two sliding windows as one: where that is exact, and where each tap of the one lies in it.

use super::window::{ConvolutionShape, Window};

/// Largest stride, padding or reach of a folded window; keeps coordinates far from overflow.
const MAX_REACH: u128 = 1 << 30;

/// How the channels of two convolutions meet in their composition.
pub(super) struct Mixing {
    kind: MixingKind,
    /// Groups of the folded convolution.
    pub(super) groups: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum MixingKind {
    /// The inner one keeps channels apart.
    InnerDepthwise,
    /// The outer one keeps channels apart.
    OuterDepthwise,
    /// Both mix all channels.
    Full,
}

impl Mixing {
    /// How `outer` and `inner` mix, if one kernel can hold it.
    pub(super) fn of(outer: &ConvolutionShape, inner: &ConvolutionShape) -> Option<Self> {
        if inner.is_depthwise() {
            Some(Self { kind: MixingKind::InnerDepthwise, groups: outer.groups })
        } else if outer.is_depthwise() {
            Some(Self { kind: MixingKind::OuterDepthwise, groups: inner.groups })
        } else if outer.groups == 1 && inner.groups == 1 {
            Some(Self { kind: MixingKind::Full, groups: 1 })
        } else {
            None
        }
    }

    /// How many middle channels connect an output with an input channel.
    pub(super) fn pairs(&self, inner: &ConvolutionShape) -> usize {
        if self.kind == MixingKind::Full { inner.out_channels } else { 1 }
    }

    /// The kernel planes that meet for (output channel, local input channel, middle channel).
    pub(super) fn planes(
        &self,
        outer: &ConvolutionShape,
        inner: &ConvolutionShape,
        folded: &ConvolutionShape,
        [out, within, middle]: [usize; 3],
    ) -> (usize, usize) {
        let local = folded.channels_per_group();
        match self.kind {
            MixingKind::InnerDepthwise => {
                (out * local + within, outer.first_input_channel(out) + within)
            }
            MixingKind::OuterDepthwise => (out, out * local + within),
            MixingKind::Full => {
                (out * outer.in_channels + middle, middle * inner.in_channels + within)
            }
        }
    }
}

/// Whether the folded window stays within what coordinates can hold.
pub(super) fn folds_small(outer: &Window, inner: &Window, axis: usize) -> bool {
    let wide = |value: usize| value as u128;
    let stride = wide(outer.stride[axis]) * wide(inner.stride[axis]);
    let padding = wide(outer.padding[axis]) * wide(inner.stride[axis]) + wide(inner.padding[axis]);
    let reach =
        wide(outer.kernel[axis] - 1) * wide(outer.dilation[axis]) * wide(inner.stride[axis])
            + wide(inner.kernel[axis] - 1) * wide(inner.dilation[axis]);
    stride.max(padding).max(reach) < MAX_REACH
}

/// Whether the outer window sees zeros beyond its input where the inner one would see signal.
pub(super) fn reaches_past_border(outer: &Window, inner: &Window, axis: usize) -> bool {
    let signed = |value: usize| value as i64;
    let (end, input_end) = (signed(inner.output[axis]), signed(inner.input[axis]));
    (0..outer.output[axis]).any(|position| {
        (0..outer.kernel[axis]).any(|tap| {
            let middle = signed(position * outer.stride[axis] + tap * outer.dilation[axis])
                - signed(outer.padding[axis]);
            !(0..end).contains(&middle)
                && (0..inner.kernel[axis]).any(|inner_tap| {
                    let at = middle * signed(inner.stride[axis])
                        + signed(inner_tap * inner.dilation[axis])
                        - signed(inner.padding[axis]);
                    (0..input_end).contains(&at)
                })
        })
    })
}

/// The window of two windows, one after the other.
pub(super) fn fold_windows(outer: &Window, inner: &Window) -> Window {
    let each = |f: &dyn Fn(usize) -> usize| [f(0), f(1)];
    let dilation = each(&|axis| {
        let outer_step =
            if outer.kernel[axis] > 1 { outer.dilation[axis] * inner.stride[axis] } else { 0 };
        let inner_step = if inner.kernel[axis] > 1 { inner.dilation[axis] } else { 0 };
        gcd(outer_step, inner_step).max(1)
    });
    Window {
        input: inner.input,
        output: outer.output,
        kernel: each(&|axis| {
            let reach = (outer.kernel[axis] - 1) * outer.dilation[axis] * inner.stride[axis]
                + (inner.kernel[axis] - 1) * inner.dilation[axis];
            reach / dilation[axis] + 1
        }),
        stride: each(&|axis| outer.stride[axis] * inner.stride[axis]),
        padding: each(&|axis| outer.padding[axis] * inner.stride[axis] + inner.padding[axis]),
        dilation,
    }
}

/// For every (outer tap, inner tap) the tap of the folded window.
pub(super) fn tap_places(outer: &Window, inner: &Window, folded: &Window) -> Vec<usize> {
    let mut places = Vec::with_capacity(outer.taps() * inner.taps());
    for a in 0..outer.taps() {
        for b in 0..inner.taps() {
            let along = |axis: usize, far: usize, near: usize| {
                (far * outer.dilation[axis] * inner.stride[axis] + near * inner.dilation[axis])
                    / folded.dilation[axis]
            };
            let vertical = along(0, a / outer.kernel[1], b / inner.kernel[1]);
            let horizontal = along(1, a % outer.kernel[1], b % inner.kernel[1]);
            places.push(vertical * folded.kernel[1] + horizontal);
        }
    }
    places
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
