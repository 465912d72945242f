//! Every symbolic composition against the composition row by row.

use super::connectivity::Connectivity;
use super::fold::{Folding, LinearMap};
use super::window::{ConvolutionShape, Window};

/// A small generator with a fixed course.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        ((self.0 >> 33) % bound as u64) as usize
    }

    /// A small whole number, so that sums are exact in any order.
    fn weight(&mut self) -> f64 {
        self.below(7) as f64 - 3.0
    }

    fn weights(&mut self, count: usize) -> Vec<f64> {
        (0..count).map(|_| self.weight()).collect()
    }

    /// A window over a plane, or nothing if the draw does not fit.
    fn window(&mut self, input: [usize; 2]) -> Option<Window> {
        let mut each = |bound| [self.below(bound) + 1, self.below(bound) + 1];
        let (kernel, stride, dilation) = (each(3), each(3), each(2));
        let padding = [self.below(3), self.below(3)];
        let mut output = [0; 2];
        for axis in 0..2 {
            let reach = dilation[axis] * (kernel[axis] - 1) + 1;
            let free = (input[axis] + 2 * padding[axis]).checked_sub(reach)?;
            output[axis] = free / stride[axis] + 1;
        }
        Some(Window { input, output, kernel, stride, padding, dilation })
    }

    fn spatial(&mut self, channels: usize, input: [usize; 2]) -> Option<Connectivity> {
        let window = self.window(input)?;
        if self.below(3) == 0 {
            return Some(Connectivity::Pooling { channels, window, weight: self.weight() });
        }
        let groups = [1, 1, channels, 2][self.below(4)];
        let out_channels = groups * (self.below(2) + 1);
        if !channels.is_multiple_of(groups) {
            return None;
        }
        let shape = ConvolutionShape { in_channels: channels, out_channels, groups, window };
        Some(Connectivity::Convolution { shape, kernel: self.weights(shape.kernel_len()) })
    }
}

fn output_of(map: &Connectivity) -> (usize, [usize; 2]) {
    match map {
        Connectivity::Convolution { shape, .. } => (shape.out_channels, shape.window.output),
        Connectivity::Pooling { channels, window, .. } => (*channels, window.output),
        _ => (map.outputs(), [1, 1]),
    }
}

/// The full matrix of a map, `[outputs][inputs]`.
fn matrix(map: &Connectivity) -> Vec<Vec<f64>> {
    let mut matrix = vec![vec![0.0; map.inputs()]; map.outputs()];
    map.for_each_synapse(|source, target, weight| matrix[target][source] += weight);
    matrix
}

/// The product of two full matrices.
fn product(outer: &Connectivity, inner: &Connectivity) -> Vec<Vec<f64>> {
    let inner = matrix(inner);
    let columns = inner.first().map_or(0, Vec::len);
    let row = |weights: Vec<f64>| -> Vec<f64> {
        (0..columns)
            .map(|column| weights.iter().zip(&inner).map(|(w, row)| w * row[column]).sum())
            .collect()
    };
    matrix(outer).into_iter().map(row).collect()
}

fn compose(outer: &Connectivity, inner: &Connectivity) -> Connectivity {
    let inner = LinearMap::Synapses(inner.clone());
    Folding::new().compose(outer, inner).expect("far within the budget")
}

#[test]
fn two_spatial_maps_fold_to_their_product() {
    let mut numbers = Numbers(1);
    let (mut kept, mut written) = (0, 0);
    while kept + written < 3_000 {
        let input = [numbers.below(6) + 1, numbers.below(6) + 1];
        let channels = numbers.below(3) + 1;
        let Some(inner) = numbers.spatial(channels, input) else { continue };
        let (channels, plane) = output_of(&inner);
        let Some(outer) = numbers.spatial(channels, plane) else { continue };
        let folded = compose(&outer, &inner);
        assert_eq!(matrix(&folded), product(&outer, &inner), "{outer:?} after {inner:?}");
        if folded.is_spatial() { kept += 1 } else { written += 1 }
    }
    assert!(kept > 500 && written > 500, "{kept} kernels kept, {written} written out");
}

#[test]
fn factors_before_and_behind_any_map_multiply_it() {
    let mut numbers = Numbers(2);
    let (mut tried, mut uniform) = (0, 0);
    while tried < 1_000 {
        let channels = numbers.below(3) + 1;
        let spatial = numbers.spatial(channels, [4, 3]);
        let dense = |numbers: &mut Numbers| Connectivity::Dense {
            inputs: 5,
            outputs: 4,
            weights: numbers.weights(20),
        };
        let map = match (numbers.below(3), spatial) {
            (0, _) => dense(&mut numbers),
            (1, Some(spatial)) => compose(
                &Connectivity::OneToOne {
                    // Not alike inside a channel: a list.
                    weights: (0..spatial.outputs()).map(|at| at as f64).collect(),
                },
                &spatial,
            ),
            (_, Some(spatial)) => spatial,
            _ => continue,
        };
        let by_channel = numbers.below(2) == 0;
        let mut factors = |count: usize, plane: usize| -> Connectivity {
            let mut weights = numbers.weights(count);
            if by_channel {
                weights = (0..count).map(|at| weights[at / plane]).collect();
            }
            Connectivity::OneToOne { weights }
        };
        let (out_channels, _) = output_of(&map);
        let before = factors(map.inputs(), map.inputs() / channels.min(map.inputs()));
        let behind = factors(map.outputs(), map.outputs() / out_channels);
        assert_eq!(matrix(&compose(&map, &before)), product(&map, &before), "{map:?}");
        let scaled = compose(&behind, &map);
        assert_eq!(matrix(&scaled), product(&behind, &map), "{behind:?} after {map:?}");
        uniform += usize::from(map.is_spatial() && scaled.is_spatial());
        tried += 1;
    }
    assert!(uniform > 100, "{uniform} kernels stayed kernels");
}
