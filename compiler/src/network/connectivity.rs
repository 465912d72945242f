//! Synapses of one projection, symbolically, and walks over them in a fixed order.

use super::window::{ConvolutionShape, Window};

/// One synapse of a list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Synapse {
    /// Position in the target population.
    pub target: u32,
    /// Position in the source population.
    pub source: u32,
    /// What one spike adds.
    pub weight: f64,
}

/// The synapses of a projection.
///
/// # Determinism
/// Every walk visits targets in ascending order and, for each, sources in ascending order.
#[derive(Clone, Debug, PartialEq)]
pub enum Connectivity {
    /// Every source reaches every target, also where the weight is zero.
    Dense {
        /// Sources.
        inputs: usize,
        /// Targets.
        outputs: usize,
        /// `[outputs, inputs]`, row-major.
        weights: Vec<f64>,
    },
    /// A list, sorted by (target, source), each pair at most once.
    Sparse {
        /// Sources.
        inputs: usize,
        /// Targets.
        outputs: usize,
        /// The synapses.
        synapses: Vec<Synapse>,
    },
    /// One kernel shared by all positions.
    Convolution {
        /// Geometry.
        shape: ConvolutionShape,
        /// `[out_channels, in_channels / groups, vertical, horizontal]`, row-major.
        kernel: Vec<f64>,
    },
    /// Each channel by itself, every tap with the same weight.
    Pooling {
        /// Channels.
        channels: usize,
        /// Geometry.
        window: Window,
        /// Weight of every tap.
        weight: f64,
    },
    /// Source i reaches target i.
    OneToOne {
        /// One weight a pair.
        weights: Vec<f64>,
    },
}

impl Connectivity {
    /// Changes every stored weight, each once: the taps of a kernel, not their copies.
    pub fn change_weights(&mut self, mut change: impl FnMut(&mut f64)) {
        match self {
            Self::Dense { weights, .. } | Self::OneToOne { weights } => {
                weights.iter_mut().for_each(change);
            }
            Self::Convolution { kernel, .. } => kernel.iter_mut().for_each(change),
            Self::Pooling { weight, .. } => change(weight),
            Self::Sparse { synapses, .. } => {
                synapses.iter_mut().for_each(|synapse| change(&mut synapse.weight));
            }
        }
    }

    /// Number of sources.
    #[must_use]
    pub fn inputs(&self) -> usize {
        match self {
            Self::Dense { inputs, .. } | Self::Sparse { inputs, .. } => *inputs,
            Self::Convolution { shape, .. } => shape.in_channels * shape.window.input_area(),
            Self::Pooling { channels, window, .. } => channels * window.input_area(),
            Self::OneToOne { weights } => weights.len(),
        }
    }

    /// Number of targets.
    #[must_use]
    pub fn outputs(&self) -> usize {
        match self {
            Self::Dense { outputs, .. } | Self::Sparse { outputs, .. } => *outputs,
            Self::Convolution { shape, .. } => shape.out_channels * shape.window.output_area(),
            Self::Pooling { channels, window, .. } => channels * window.output_area(),
            Self::OneToOne { weights } => weights.len(),
        }
    }

    /// Calls `f` with (source, weight) for every synapse onto `target`, sources ascending.
    ///
    /// # Complexity
    /// Proportional to the fan-in; lists add a binary search.
    pub fn for_each_input_of(&self, target: usize, mut f: impl FnMut(usize, f64)) {
        match self {
            Self::Dense { inputs, weights, .. } => {
                let row = &weights[target * inputs..(target + 1) * inputs];
                row.iter().enumerate().for_each(|(source, &weight)| f(source, weight));
            }
            Self::Sparse { synapses, .. } => {
                let first = synapses.partition_point(|synapse| (synapse.target as usize) < target);
                synapses[first..]
                    .iter()
                    .take_while(|synapse| synapse.target as usize == target)
                    .for_each(|synapse| f(synapse.source as usize, synapse.weight));
            }
            Self::Convolution { shape, kernel } => {
                shape.for_each_input_of(target, |source, tap| f(source, kernel[tap]));
            }
            Self::Pooling { window, weight, .. } => {
                let (channel, place) =
                    (target / window.output_area(), target % window.output_area());
                let position = [place / window.output[1], place % window.output[1]];
                let plane = channel * window.input_area();
                window.for_each_tap(position, |_, at| f(plane + at, *weight));
            }
            Self::OneToOne { weights } => f(target, weights[target]),
        }
    }

    /// Calls `f` with (source, target, weight) for every synapse, by target, then by source.
    pub fn for_each_synapse(&self, mut f: impl FnMut(usize, usize, f64)) {
        if let Self::Sparse { synapses, .. } = self {
            for synapse in synapses {
                f(synapse.source as usize, synapse.target as usize, synapse.weight);
            }
            return;
        }
        for target in 0..self.outputs() {
            self.for_each_input_of(target, |source, weight| f(source, target, weight));
        }
    }

    /// Number of synapses; taps on padding are none.
    #[must_use]
    pub fn synapse_count(&self) -> u64 {
        match self {
            Self::Dense { weights, .. } | Self::OneToOne { weights } => weights.len() as u64,
            Self::Sparse { synapses, .. } => synapses.len() as u64,
            Self::Convolution { shape, .. } => {
                shape.out_channels as u64
                    * shape.channels_per_group() as u64
                    * shape.window.tap_count()
            }
            Self::Pooling { channels, window, .. } => *channels as u64 * window.tap_count(),
        }
    }

    /// Number of synapses onto each target.
    #[must_use]
    pub fn fan_in(&self) -> Vec<u32> {
        let mut counts = vec![0; self.outputs()];
        self.for_each_synapse(|_, target, _| counts[target] += 1);
        counts
    }

    /// Number of synapses from each source.
    #[must_use]
    pub fn fan_out(&self) -> Vec<u32> {
        let mut counts = vec![0; self.inputs()];
        self.for_each_synapse(|source, _, _| counts[source] += 1);
        counts
    }

    /// Largest absolute weight; 0 without synapses.
    #[must_use]
    pub fn largest_weight(&self) -> f64 {
        self.stored_weights().fold(0.0, |largest, weight| weight.abs().max(largest))
    }

    /// The stored weights: each shared weight once.
    pub fn stored_weights(&self) -> impl Iterator<Item = f64> + '_ {
        let (plain, listed): (&[f64], &[Synapse]) = match self {
            Self::Dense { weights, .. } | Self::OneToOne { weights } => (weights, &[]),
            Self::Convolution { kernel, .. } => (kernel, &[]),
            Self::Pooling { weight, .. } => (std::slice::from_ref(weight), &[]),
            Self::Sparse { synapses, .. } => (&[], synapses),
        };
        plain.iter().copied().chain(listed.iter().map(|synapse| synapse.weight))
    }

    /// Whether the synapses share weights between positions.
    #[must_use]
    pub fn is_spatial(&self) -> bool {
        matches!(self, Self::Convolution { .. } | Self::Pooling { .. })
    }

    /// The word for this kind in reports.
    #[must_use]
    pub fn kind_name(&self) -> &'static str {
        match self {
            Self::Dense { .. } => "dense",
            Self::Sparse { .. } => "sparse",
            Self::Convolution { .. } => "convolution",
            Self::Pooling { .. } => "pooling",
            Self::OneToOne { .. } => "one-to-one",
        }
    }
}
