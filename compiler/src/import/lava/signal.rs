//! What a layer puts out: neurons of one population or, behind a `concat`, of several.

use crate::network::Connectivity;
use crate::network::connectivity::Synapse;
use crate::network::window::ConvolutionShape;

/// The signal between two layers.
#[derive(Clone, Debug)]
pub(super) struct Signal {
    /// Populations in order of channel, each with how many channels (or plain elements) it brings.
    pub(super) parts: Vec<Part>,
    /// Extents: (channels, height, width), or one.
    pub(super) shape: Vec<usize>,
}

/// A population's share of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Position among the network's populations.
    pub(super) population: usize,
    /// Elements of the signal.
    pub(super) size: usize,
    /// Neurons, one behind the other, that are averaged to an element.
    pub(super) members: usize,
}

impl Part {
    fn neurons(&self) -> usize {
        self.size * self.members
    }
}

/// A weight that the neurons of an average cannot share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fraction {
    pub(super) weight: f64,
    pub(super) members: usize,
}

impl Signal {
    /// The output of one population.
    pub(super) fn of(population: usize, shape: &[usize]) -> Self {
        let size = shape.iter().product();
        Self { parts: vec![Part { population, size, members: 1 }], shape: shape.to_vec() }
    }

    /// Elements of the signal.
    pub(super) fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// The same elements along one axis.
    pub(super) fn flattened(mut self) -> Self {
        self.shape = vec![self.len()];
        self
    }

    /// Extents as planes: what has fewer axes has planes of one element.
    pub(super) fn planes(&self) -> Option<[usize; 3]> {
        match *self.shape.as_slice() {
            [channels] => Some([channels, 1, 1]),
            [channels, height] => Some([channels, height, 1]),
            [channels, height, width] => Some([channels, height, width]),
            _ => None,
        }
    }

    /// Both signals, the other's channels behind this one's; `None` where the planes differ.
    pub(super) fn joined(mut self, other: &Self) -> Option<Self> {
        let ([mine, ..], [theirs, ..]) = (self.shape.as_slice(), other.shape.as_slice()) else {
            return None;
        };
        if self.shape.get(1..) != other.shape.get(1..) {
            return None;
        }
        self.shape[0] = mine.checked_add(*theirs)?;
        self.parts.extend_from_slice(&other.parts);
        Some(self)
    }

    /// The signal's elements averaged in `groups` groups of neighbours; `None` where they are not
    /// of one size, or of several populations.
    pub(super) fn averaged(&self, groups: usize) -> Option<Self> {
        let own = Some(self.len() / groups.max(1)).filter(|own| own * groups == self.len())?;
        let join = |part: &Part| {
            let whole = own > 0 && part.size.is_multiple_of(own);
            whole.then(|| Part { size: part.size / own, members: part.members * own, ..*part })
        };
        let parts = self.parts.iter().map(join).collect::<Option<_>>()?;
        Some(Self { parts, shape: vec![groups, 1, 1] })
    }

    /// Synapses from the signal's elements as synapses from the neurons of each part.
    pub(super) fn split(&self, whole: &Connectivity) -> Result<Vec<Connectivity>, Fraction> {
        let plain = self.parts.iter().all(|part| part.members == 1);
        match whole {
            _ if plain && self.parts.len() == 1 => Ok(vec![whole.clone()]),
            Connectivity::Dense { inputs, outputs, weights } => {
                self.split_dense((*inputs, *outputs), weights)
            }
            Connectivity::Convolution { shape, kernel } if plain && shape.groups == 1 => {
                Ok(self.split_kernel(*shape, kernel))
            }
            _ => self.split_synapses(whole),
        }
    }

    /// Columns of a matrix.
    fn split_dense(
        &self,
        (inputs, outputs): (usize, usize),
        weights: &[f64],
    ) -> Result<Vec<Connectivity>, Fraction> {
        let mut first = 0;
        let split = |part: &Part| {
            let columns = first..first + part.size;
            first = columns.end;
            let mut own = Vec::with_capacity(outputs * part.neurons());
            for row in weights.chunks_exact(inputs) {
                for &weight in &row[columns.clone()] {
                    let shared = share(weight, part.members)?;
                    own.extend(std::iter::repeat_n(shared, part.members));
                }
            }
            Ok(Connectivity::Dense { inputs: part.neurons(), outputs, weights: own })
        };
        self.parts.iter().map(split).collect()
    }

    /// Input channels of a kernel that mixes all of them.
    fn split_kernel(&self, shape: ConvolutionShape, kernel: &[f64]) -> Vec<Connectivity> {
        let (taps, area) = (shape.window.taps(), shape.window.input_area().max(1));
        let mut first = 0;
        let split = |part: &Part| {
            let columns = first..first + part.size / area * taps;
            first = columns.end;
            let rows = kernel.chunks_exact((shape.in_channels * taps).max(1));
            let kernel = rows.flat_map(|row| row[columns.clone()].iter().copied()).collect();
            let shape = ConvolutionShape { in_channels: part.size / area, ..shape };
            Connectivity::Convolution { shape, kernel }
        };
        self.parts.iter().map(split).collect()
    }

    /// Synapse by synapse: what no part has a matrix or a kernel of its own for.
    fn split_synapses(&self, whole: &Connectivity) -> Result<Vec<Connectivity>, Fraction> {
        let mut lists = vec![Vec::new(); self.parts.len()];
        let mut fraction = None;
        whole.for_each_synapse(|source, target, weight| {
            let mut element = source;
            for (part, list) in self.parts.iter().zip(&mut lists) {
                let Some(behind) = element.checked_sub(part.size) else {
                    let weight = share(weight, part.members).unwrap_or_else(|found| {
                        fraction = Some(found);
                        0.0
                    });
                    let neurons = element * part.members..(element + 1) * part.members;
                    list.extend(neurons.map(|neuron| Synapse {
                        target: target as u32,
                        source: neuron as u32,
                        weight,
                    }));
                    return;
                };
                element = behind;
            }
        });
        if let Some(fraction) = fraction {
            return Err(fraction);
        }
        let outputs = whole.outputs();
        let sparse = |(part, synapses): (&Part, Vec<Synapse>)| Connectivity::Sparse {
            inputs: part.neurons(),
            outputs,
            synapses,
        };
        Ok(self.parts.iter().zip(lists).map(sparse).collect())
    }
}

/// What each of `members` neurons counts of a weight behind their average.
fn share(weight: f64, members: usize) -> Result<f64, Fraction> {
    let own = weight / members as f64;
    if own.fract() == 0.0 { Ok(own) } else { Err(Fraction { weight, members }) }
}
