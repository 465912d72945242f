//! Folding of linear layers: the composition of two maps, kept symbolic where that is exact.

use super::connectivity::{Connectivity, Synapse};
use super::fold_window::{Mixing, fold_windows, folds_small, reaches_past_border, tap_places};
use super::window::ConvolutionShape;

/// Multiplications that folding one network may take.
const MAX_WORK: u64 = 1 << 32;
/// Synapses that folding may write out one by one.
const MAX_WRITTEN: u64 = 1 << 26;
/// A linear map from the output of one node to the input of another.
#[derive(Clone, Debug)]
pub(super) enum LinearMap {
    /// Everything as it is.
    Identity,
    /// Through synapses.
    Synapses(Connectivity),
}

impl LinearMap {
    /// Whether the map shares weights between positions.
    pub(super) fn is_spatial(&self) -> bool {
        matches!(self, Self::Synapses(map) if map.is_spatial())
    }
}

/// Folding would take more work or memory than a network may claim.
#[derive(Clone, Copy, Debug)]
pub(super) struct FoldTooLarge {
    /// What it would take.
    pub(super) demand: u64,
    /// What is left.
    pub(super) left: u64,
}

/// Composes maps within a budget.
pub(super) struct Folding {
    work_left: u64,
    written_left: u64,
}

impl Folding {
    /// A fresh budget for one network.
    pub(super) fn new() -> Self {
        Self { work_left: MAX_WORK, written_left: MAX_WRITTEN }
    }

    fn claim_work(&mut self, demand: u64) -> Result<(), FoldTooLarge> {
        let left = self.work_left;
        self.work_left = left.checked_sub(demand).ok_or(FoldTooLarge { demand, left })?;
        Ok(())
    }

    fn claim_written(&mut self, demand: u64) -> Result<(), FoldTooLarge> {
        let left = self.written_left;
        self.written_left = left.checked_sub(demand).ok_or(FoldTooLarge { demand, left })?;
        Ok(())
    }

    /// The map that first takes `inner`, then `outer`.
    pub(super) fn compose(
        &mut self,
        outer: &Connectivity,
        inner: LinearMap,
    ) -> Result<Connectivity, FoldTooLarge> {
        let LinearMap::Synapses(inner) = inner else {
            return Ok(outer.clone());
        };
        match (outer, inner) {
            (Connectivity::OneToOne { weights }, inner) => self.scale_targets(inner, weights),
            (outer, Connectivity::OneToOne { weights }) => self.scale_sources(outer, &weights),
            (outer, inner) => {
                if let (Some((outer_shape, outer_kernel)), Some((inner_shape, inner_kernel))) =
                    (as_convolution(outer), as_convolution(&inner))
                    && let Some(folded) = self.compose_convolutions(
                        (outer_shape, &outer_kernel),
                        (inner_shape, &inner_kernel),
                    )?
                {
                    return Ok(folded);
                }
                self.compose_rows(outer, &inner)
            }
        }
    }

    /// Multiplies every synapse by the factor of its target.
    pub(super) fn scale_targets(
        &mut self,
        map: Connectivity,
        factors: &[f64],
    ) -> Result<Connectivity, FoldTooLarge> {
        if factors.iter().all(|&factor| factor == 1.0) {
            return Ok(map);
        }
        match map {
            Connectivity::Dense { inputs, outputs, mut weights } => {
                for (row, factor) in weights.chunks_exact_mut(inputs).zip(factors) {
                    row.iter_mut().for_each(|weight| *weight *= factor);
                }
                Ok(Connectivity::Dense { inputs, outputs, weights })
            }
            Connectivity::OneToOne { mut weights } => {
                weights.iter_mut().zip(factors).for_each(|(weight, factor)| *weight *= factor);
                Ok(Connectivity::OneToOne { weights })
            }
            Connectivity::Sparse { inputs, outputs, mut synapses } => {
                for synapse in &mut synapses {
                    synapse.weight *= factors[synapse.target as usize];
                }
                Ok(Connectivity::Sparse { inputs, outputs, synapses })
            }
            spatial => {
                let channels = per_channel(factors, plane_of(&spatial, Side::Targets));
                match (spatial, channels) {
                    (Connectivity::Pooling { channels, window, weight }, Some(factors))
                        if factors.windows(2).all(|pair| pair[0] == pair[1]) =>
                    {
                        let weight = weight * factors[0];
                        Ok(Connectivity::Pooling { channels, window, weight })
                    }
                    (spatial, Some(factors)) => {
                        let Some((shape, mut kernel)) = as_convolution(&spatial) else {
                            return Ok(spatial);
                        };
                        let row = shape.channels_per_group() * shape.window.taps();
                        for (weights, factor) in kernel.chunks_exact_mut(row).zip(factors) {
                            weights.iter_mut().for_each(|weight| *weight *= factor);
                        }
                        Ok(Connectivity::Convolution { shape, kernel })
                    }
                    (spatial, None) => {
                        let mut synapses = self.write_out(&spatial)?;
                        for synapse in &mut synapses {
                            synapse.weight *= factors[synapse.target as usize];
                        }
                        Ok(sparse(&spatial, synapses))
                    }
                }
            }
        }
    }

    /// Multiplies every synapse by the factor of its source.
    fn scale_sources(
        &mut self,
        map: &Connectivity,
        factors: &[f64],
    ) -> Result<Connectivity, FoldTooLarge> {
        if factors.iter().all(|&factor| factor == 1.0) {
            return Ok(map.clone());
        }
        match map {
            Connectivity::Dense { inputs, outputs, weights } => {
                let mut weights = weights.clone();
                for row in weights.chunks_exact_mut(*inputs) {
                    row.iter_mut().zip(factors).for_each(|(weight, factor)| *weight *= factor);
                }
                Ok(Connectivity::Dense { inputs: *inputs, outputs: *outputs, weights })
            }
            spatial @ (Connectivity::Convolution { .. } | Connectivity::Pooling { .. }) => {
                let channels = per_channel(factors, plane_of(spatial, Side::Sources));
                if let (Some(factors), Some((shape, mut kernel))) =
                    (channels, as_convolution(spatial))
                {
                    let (local, taps) = (shape.channels_per_group(), shape.window.taps());
                    for (at, weights) in kernel.chunks_exact_mut(taps).enumerate() {
                        let channel = shape.first_input_channel(at / local) + at % local;
                        weights.iter_mut().for_each(|weight| *weight *= factors[channel]);
                    }
                    return Ok(as_pooling(shape, kernel));
                }
                self.scale_sources_one_by_one(spatial, factors)
            }
            listed => self.scale_sources_one_by_one(listed, factors),
        }
    }

    fn scale_sources_one_by_one(
        &mut self,
        map: &Connectivity,
        factors: &[f64],
    ) -> Result<Connectivity, FoldTooLarge> {
        let mut synapses = self.write_out(map)?;
        for synapse in &mut synapses {
            synapse.weight *= factors[synapse.source as usize];
        }
        Ok(sparse(map, synapses))
    }

    /// Lists the synapses of a map.
    fn write_out(&mut self, map: &Connectivity) -> Result<Vec<Synapse>, FoldTooLarge> {
        self.claim_written(map.synapse_count())?;
        let mut synapses = Vec::new();
        map.for_each_synapse(|source, target, weight| {
            synapses.push(synapse(target, source, weight));
        });
        Ok(synapses)
    }

    /// Two convolutions as one, where zeros between them make no difference.
    ///
    /// The folded kernel has a tap for every sum of an outer and an inner tap. It is exact unless
    /// the outer window reaches past its input (which is zero there) to where the inner window
    /// still sees something.
    fn compose_convolutions(
        &mut self,
        (outer, outer_kernel): (ConvolutionShape, &[f64]),
        (inner, inner_kernel): (ConvolutionShape, &[f64]),
    ) -> Result<Option<Connectivity>, FoldTooLarge> {
        let Some(mixing) = Mixing::of(&outer, &inner) else { return Ok(None) };
        for axis in 0..2 {
            let (far, near) = (&outer.window, &inner.window);
            if !folds_small(far, near, axis) {
                return Ok(None);
            }
            self.claim_work(product(&[far.output[axis], far.kernel[axis], near.kernel[axis]]))?;
            if reaches_past_border(far, near, axis) {
                return Ok(None);
            }
        }
        let window = fold_windows(&outer.window, &inner.window);
        let (in_channels, out_channels) = (inner.in_channels, outer.out_channels);
        let shape = ConvolutionShape { in_channels, out_channels, groups: mixing.groups, window };
        let local = shape.channels_per_group();
        let pairs = mixing.pairs(&inner);
        let taps = [outer.window.taps(), inner.window.taps()];
        self.claim_work(product(&[out_channels, local, pairs, taps[0], taps[1]]))?;
        self.claim_written(product(&[out_channels, local, window.kernel[0], window.kernel[1]]))?;
        let mut kernel = vec![0.0; shape.kernel_len()];
        let places = tap_places(&outer.window, &inner.window, &window);
        let [outer_taps, inner_taps] = taps;
        for (plane, folded) in kernel.chunks_exact_mut(window.taps()).enumerate() {
            let (out, within) = (plane / local, plane % local);
            for pair in 0..pairs {
                let (outer_plane, inner_plane) =
                    mixing.planes(&outer, &inner, &shape, [out, within, pair]);
                let far = &outer_kernel[outer_plane * outer_taps..][..outer_taps];
                let near = &inner_kernel[inner_plane * inner_taps..][..inner_taps];
                for (a, outer_weight) in far.iter().enumerate() {
                    for (b, inner_weight) in near.iter().enumerate() {
                        folded[places[a * inner_taps + b]] += outer_weight * inner_weight;
                    }
                }
            }
        }
        Ok(Some(as_pooling(shape, kernel)))
    }

    /// The composition row by row: dense where at least half of all pairs are connected.
    fn compose_rows(
        &mut self,
        outer: &Connectivity,
        inner: &Connectivity,
    ) -> Result<Connectivity, FoldTooLarge> {
        let (inputs, outputs) = (inner.inputs(), outer.outputs());
        self.claim_work(outer.synapse_count().saturating_mul(u64::from(largest_fan_in(inner))))?;
        let mut synapses = Vec::new();
        let mut sums = vec![0.0; inputs];
        let mut is_reached = vec![false; inputs];
        let mut reached: Vec<usize> = Vec::new();
        for target in 0..outputs {
            outer.for_each_input_of(target, |middle, outer_weight| {
                inner.for_each_input_of(middle, |source, inner_weight| {
                    if !is_reached[source] {
                        is_reached[source] = true;
                        reached.push(source);
                    }
                    sums[source] += outer_weight * inner_weight;
                });
            });
            self.claim_written(reached.len() as u64)?;
            reached.sort_unstable();
            for source in reached.drain(..) {
                synapses.push(synapse(target, source, sums[source]));
                sums[source] = 0.0;
                is_reached[source] = false;
            }
        }
        let pairs = inputs as u64 * outputs as u64;
        if synapses.len() as u64 * 2 < pairs {
            return Ok(Connectivity::Sparse { inputs, outputs, synapses });
        }
        let mut weights = vec![0.0; inputs * outputs];
        for synapse in synapses {
            weights[synapse.target as usize * inputs + synapse.source as usize] = synapse.weight;
        }
        Ok(Connectivity::Dense { inputs, outputs, weights })
    }

    /// The image of one vector, such as a bias.
    pub(super) fn apply(
        &mut self,
        map: &Connectivity,
        vector: &[f64],
    ) -> Result<Vec<f64>, FoldTooLarge> {
        self.claim_work(map.synapse_count())?;
        let mut image = vec![0.0; map.outputs()];
        map.for_each_synapse(|source, target, weight| image[target] += weight * vector[source]);
        Ok(image)
    }

    /// Claims room for `count` synapses that the caller lists itself.
    pub(super) fn claim_list(&mut self, count: u64) -> Result<(), FoldTooLarge> {
        self.claim_written(count)
    }
}

fn synapse(target: usize, source: usize, weight: f64) -> Synapse {
    // Nodes are bounded far below 2^32 elements by the importer.
    Synapse { target: target as u32, source: source as u32, weight }
}

fn sparse(like: &Connectivity, synapses: Vec<Synapse>) -> Connectivity {
    Connectivity::Sparse { inputs: like.inputs(), outputs: like.outputs(), synapses }
}

#[derive(Clone, Copy)]
enum Side {
    Sources,
    Targets,
}

/// Positions of one channel of a spatial map.
fn plane_of(map: &Connectivity, side: Side) -> usize {
    let window = match map {
        Connectivity::Convolution { shape, .. } => &shape.window,
        Connectivity::Pooling { window, .. } => window,
        _ => return 1,
    };
    match side {
        Side::Sources => window.input_area(),
        Side::Targets => window.output_area(),
    }
}

/// One factor a channel, if the factors do not vary inside any.
fn per_channel(factors: &[f64], plane: usize) -> Option<Vec<f64>> {
    let channels = factors.chunks_exact(plane);
    let uniform = channels.clone().all(|channel| channel.iter().all(|&value| value == channel[0]));
    uniform.then(|| channels.map(|channel| channel[0]).collect())
}

/// A spatial map as a convolution; pooling is one with as many groups as channels.
fn as_convolution(map: &Connectivity) -> Option<(ConvolutionShape, Vec<f64>)> {
    match map {
        Connectivity::Convolution { shape, kernel } => Some((*shape, kernel.clone())),
        Connectivity::Pooling { channels, window, weight } => {
            let (in_channels, out_channels, groups) = (*channels, *channels, *channels);
            let shape = ConvolutionShape { in_channels, out_channels, groups, window: *window };
            Some((shape, vec![*weight; channels * window.taps()]))
        }
        _ => None,
    }
}

/// A convolution as pooling if it is that, else as it is.
fn as_pooling(shape: ConvolutionShape, kernel: Vec<f64>) -> Connectivity {
    let weight = kernel[0];
    if shape.is_depthwise() && kernel.iter().all(|&value| value == weight) {
        return Connectivity::Pooling { channels: shape.groups, window: shape.window, weight };
    }
    Connectivity::Convolution { shape, kernel }
}

fn largest_fan_in(map: &Connectivity) -> u32 {
    let bound = match map {
        Connectivity::Dense { inputs, .. } => *inputs,
        Connectivity::Convolution { shape, .. } => shape.channels_per_group() * shape.window.taps(),
        Connectivity::Pooling { window, .. } => window.taps(),
        Connectivity::OneToOne { .. } => 1,
        Connectivity::Sparse { .. } => {
            return map.fan_in().into_iter().max().unwrap_or(0);
        }
    };
    u32::try_from(bound).unwrap_or(u32::MAX)
}

/// A product that saturates instead of wrapping.
fn product(factors: &[usize]) -> u64 {
    factors.iter().fold(1, |product: u64, &factor| product.saturating_mul(factor as u64))
}
