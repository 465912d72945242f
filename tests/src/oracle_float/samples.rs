//! Test samples from `.npz` files: spikes, and what the framework counted.

use std::fs::File;
use std::path::Path;

use ndarray::{Array, Array2, Array3, ArrayD, IxDyn, OwnedRepr};
use ndarray_npy::{NpzReader, ReadableElement};

/// Spikes of every sample with the framework's own output counts.
pub struct Samples {
    /// `[sample, step, element]`.
    pub spikes: Array3<u8>,
    /// `[sample, output]`.
    pub counts: Array2<i64>,
    /// Spikes of each firing layer over all samples, in the order of the file.
    pub layer_totals: Vec<i64>,
}

impl Samples {
    /// Loads `test.npz` and `expected.npz` of an example.
    ///
    /// # Panics
    /// When a file is missing or not as the examples' scripts write it.
    #[must_use]
    pub fn load_example(folder: &Path) -> Self {
        let spikes: ArrayD<u8> = array(&folder.join("test.npz"), "spikes");
        let counts: ArrayD<i64> = array(&folder.join("expected.npz"), "counts");
        let totals: ArrayD<i64> = array(&folder.join("expected.npz"), "layer_totals");
        let (samples, steps) = (spikes.shape()[0], spikes.shape()[1]);
        let elements = spikes.len() / (samples * steps);
        let spikes =
            spikes.into_shape_with_order((samples, steps, elements)).expect("row-major spikes");
        let counts = counts.into_dimensionality().expect("two axes");
        Self { spikes, counts, layer_totals: totals.into_iter().collect() }
    }

    /// Loads `test_input.npz` and `expected.npz` of a network of the reference folder, whose
    /// spikes are packed eight to a byte, step before sample.
    ///
    /// # Panics
    /// When a file is missing or not as its README says.
    #[must_use]
    pub fn load_packed(folder: &Path) -> Self {
        let input = folder.join("test_input.npz");
        let packed: Array3<u8> =
            array::<u8>(&input, "spikes_packed").into_dimensionality().expect("three axes");
        let shape: ArrayD<i64> = array(&input, "shape");
        let elements = shape.iter().skip(2).product::<i64>() as usize;
        let (steps, samples, _) = packed.dim();
        let spikes = Array::from_shape_fn((samples, steps, elements), |(sample, step, at)| {
            packed[[step, sample, at / 8]] >> (7 - at % 8) & 1
        });
        let counts: ArrayD<i32> = array(&folder.join("expected.npz"), "output_counts");
        let counts = counts.mapv(i64::from).into_dimensionality().expect("two axes");
        Self { spikes, counts, layer_totals: Vec::new() }
    }

    /// The stimulus of one sample for a network with one input.
    #[must_use]
    pub fn stimulus(&self, sample: usize) -> Vec<Vec<Vec<f64>>> {
        let steps = self.spikes.index_axis(ndarray::Axis(0), sample);
        steps
            .outer_iter()
            .map(|step| vec![step.iter().map(|&spike| f64::from(spike)).collect()])
            .collect()
    }
}

/// Reads one array of an `.npz` file.
///
/// # Panics
/// When it is not there or of another type.
#[must_use]
pub fn array<T: ReadableElement>(path: &Path, name: &str) -> ArrayD<T> {
    let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut archive = NpzReader::new(file).expect("an npz file");
    let read = archive.by_name::<OwnedRepr<T>, IxDyn>(name);
    read.unwrap_or_else(|error| panic!("{} {name}: {error}", path.display()))
}
