//! What a layer puts out: neurons of one population or, behind a `concat`, of several.

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
    /// Neurons.
    pub(super) size: usize,
}

impl Signal {
    /// The output of one population.
    pub(super) fn of(population: usize, shape: &[usize]) -> Self {
        let size = shape.iter().product();
        Self { parts: vec![Part { population, size }], shape: shape.to_vec() }
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
}
