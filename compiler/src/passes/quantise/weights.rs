//! Weights: the sign modes that hold them, and the integers.

use quarrion_isa::chip::{CoreType, SignMode};
use quarrion_isa::synapse::KernelShape;

use super::scale::mantissa;
use crate::network::window::{ConvolutionShape, Window};
use crate::network::{Connectivity, Projection};
use crate::passes::lists::widest_weights;
use crate::quantised::Connections;

/// A projection, or the part of it with weights of one sign.
pub(super) struct SignedPart {
    /// Position in the network's projections.
    pub(super) id: usize,
    pub(super) suffix: &'static str,
    pub(super) connectivity: Connectivity,
    /// Smallest and largest stored weight, and the step between.
    pub(super) stored: (i32, i32, i32),
}

/// The projection as the core's sign modes can store it: whole, or split by sign.
pub(super) fn signed_parts(id: usize, projection: &Projection, core: &CoreType) -> Vec<SignedPart> {
    let connectivity = &projection.connectivity;
    let legal = |sign: SignMode| core.weights.signs.contains(&sign);
    let (mut up, mut down) = (false, false);
    connectivity.stored_weights().for_each(|weight| {
        up |= weight > 0.0;
        down |= weight < 0.0;
    });
    let part = |suffix, connectivity, sign| {
        let stored = widest_weights(core, sign)?;
        Some(SignedPart { id, suffix, connectivity, stored })
    };
    let whole = |sign| part("", connectivity.clone(), sign);
    let parts = if !down && legal(SignMode::Excitatory) {
        vec![whole(SignMode::Excitatory)]
    } else if !up && legal(SignMode::Inhibitory) {
        vec![whole(SignMode::Inhibitory)]
    } else if legal(SignMode::Mixed) {
        vec![whole(SignMode::Mixed)]
    } else {
        let of = |keep: fn(f64) -> bool| keep_weights(connectivity, keep);
        vec![
            part(" (excitatory)", of(|weight| weight > 0.0), SignMode::Excitatory),
            part(" (inhibitory)", of(|weight| weight < 0.0), SignMode::Inhibitory),
        ]
    };
    parts.into_iter().flatten().collect()
}

/// The same synapses with other weights than the kept ones set to zero.
pub(super) fn keep_weights(connectivity: &Connectivity, keep: fn(f64) -> bool) -> Connectivity {
    let mut kept = connectivity.clone();
    kept.change_weights(|weight| {
        if !keep(*weight) {
            *weight = 0.0;
        }
    });
    kept
}

/// The integer synapses of a projection.
pub(super) fn quantise_connections(part: &SignedPart, measure: f64, scale: f64) -> Connections {
    let integer = |weight: f64| mantissa(weight, scale, part.stored, measure);
    let all = |weights: &[f64]| weights.iter().map(|&weight| integer(weight)).collect();
    match &part.connectivity {
        Connectivity::Dense { inputs, weights, .. } => {
            Connections::Dense { sources: *inputs as u32, weights: all(weights) }
        }
        Connectivity::Convolution { shape, kernel } => {
            Connections::Convolution { shape: kernel_shape(shape), weights: all(kernel) }
        }
        Connectivity::Pooling { channels, window, weight } => {
            let shape = ConvolutionShape {
                in_channels: *channels,
                out_channels: *channels,
                groups: *channels,
                window: *window,
            };
            let weights = vec![integer(*weight); shape.kernel_len()];
            Connections::Convolution { shape: kernel_shape(&shape), weights }
        }
        Connectivity::Sparse { .. } | Connectivity::OneToOne { .. } => {
            let connectivity = &part.connectivity;
            let (mut offsets, mut from, mut weights) = (vec![0], Vec::new(), Vec::new());
            for target in 0..connectivity.outputs() {
                connectivity.for_each_input_of(target, |source, weight| {
                    from.push(source as u32);
                    weights.push(integer(weight));
                });
                offsets.push(from.len() as u32);
            }
            Connections::Sparse { sources: connectivity.inputs() as u32, offsets, from, weights }
        }
    }
}

/// A convolution's geometry as the chip's kernels have it.
fn kernel_shape(shape: &ConvolutionShape) -> KernelShape {
    let pair = |pair: [usize; 2]| pair.map(|extent| extent as u32);
    let Window { input, output, kernel, stride, padding, dilation } = shape.window;
    let planes =
        |channels: usize, plane: [usize; 2]| [channels as u32, plane[0] as u32, plane[1] as u32];
    KernelShape {
        input: planes(shape.in_channels, input),
        output: planes(shape.out_channels, output),
        kernel: pair(kernel),
        stride: pair(stride),
        padding: pair(padding),
        dilation: pair(dilation),
        groups: shape.groups as u32,
    }
}

/// Root mean square of what rounding changed, relative to the weights' own.
pub(super) fn relative_error(
    part: &SignedPart,
    connections: &Connections,
    measure: f64,
    scale: f64,
) -> f64 {
    let stored = connections.stored_weights();
    let (mut wrong, mut whole) = (0.0, 0.0);
    for (weight, &held) in part.connectivity.stored_weights().zip(stored) {
        let held = f64::from(held) * measure / scale;
        wrong += (held - weight) * (held - weight);
        whole += weight * weight;
    }
    if whole == 0.0 { 0.0 } else { (wrong / whole).sqrt() }
}
