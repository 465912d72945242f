//! What quantisation costs a network: accuracy and spikes, integers beside floats.

use std::path::{Path, PathBuf};

use ndarray::ArrayD;
use quarrion_compiler::compile::Compiled;
use quarrion_compiler::network::Network;
use quarrion_isa::stimulus::{InputSpike, Sample};

use crate::oracle_float::folded::FoldedOracle;
use crate::oracle_float::samples::{Samples, array};
use crate::oracle_integer::{IntegerOracle, Raster};

/// The example networks.
pub const EXAMPLES: [&str; 3] = ["digits", "digits_conv", "digits_recurrent"];

/// Both sides over the same samples.
#[derive(Clone, Debug, Default)]
pub struct Accuracy {
    /// Samples compared.
    pub samples: usize,
    /// Samples that the framework's own counts classify rightly.
    pub float_right: usize,
    /// Samples that the integer oracle's counts classify rightly.
    pub integer_right: usize,
    /// Samples with the framework's own counts.
    pub counts_equal: usize,
    /// Sums that left their accumulator.
    pub overflows: u64,
    /// Spikes of every firing layer.
    pub layers: Vec<LayerSpikes>,
}

/// Spikes of one layer over all samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerSpikes {
    /// Its name.
    pub name: String,
    /// In the float network.
    pub float: u64,
    /// In the quantised network.
    pub integer: u64,
}

impl LayerSpikes {
    /// Difference over the float network's.
    #[must_use]
    pub fn apart(&self) -> f64 {
        (self.integer as f64 - self.float as f64).abs() / (self.float as f64).max(1.0)
    }
}

/// The folder of an example.
#[must_use]
pub fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name)
}

/// The stimulus of one sample of an example.
#[must_use]
pub fn stimulus(samples: &Samples, index: usize) -> Sample {
    let steps = samples.spikes.index_axis(ndarray::Axis(0), index);
    let mut spikes = Vec::new();
    for (step, row) in (0..).zip(steps.outer_iter()) {
        for (neuron, _) in (0..).zip(row.iter()).filter(|(_, spike)| **spike > 0) {
            spikes.push(InputSpike { step, neuron, payload: 1 });
        }
    }
    Sample { steps: steps.dim().0 as u32, spikes, writes: Vec::new(), rewards: Vec::new() }
}

/// Compares the first samples of an example, on all processors.
///
/// # Panics
/// When the example's files are missing, or an oracle panics.
#[must_use]
pub fn measure(name: &str, network: &Network, compiled: &Compiled, samples: usize) -> Accuracy {
    let folder = example(name);
    let loaded = &Samples::load_example(&folder);
    let labels: &ArrayD<i64> = &array(&folder.join("test.npz"), "labels");
    let samples = samples.min(labels.len());
    let integer = &IntegerOracle::new(&compiled.quantised, 0);
    let float = &FoldedOracle::new(network);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = samples.div_ceil(threads).max(1);
    let parts: Vec<Accuracy> = std::thread::scope(|scope| {
        let starts = (0..samples).step_by(share);
        let handles: Vec<_> = starts
            .map(|first| {
                scope.spawn(move || {
                    let mut part = Accuracy::default();
                    for index in first..(first + share).min(samples) {
                        let raster = integer.run(index as u32, &stimulus(loaded, index));
                        part.add_integer(compiled, loaded, index, labels[index], &raster);
                        part.add_float(&float.run(&loaded.stimulus(index)).spikes);
                    }
                    part
                })
            })
            .collect();
        handles.into_iter().map(|handle| handle.join().expect("the oracles end")).collect()
    });
    parts.into_iter().fold(Accuracy::default(), Accuracy::plus)
}

impl Accuracy {
    /// Adds what the integer oracle did with one sample.
    fn add_integer(
        &mut self,
        compiled: &Compiled,
        loaded: &Samples,
        index: usize,
        label: i64,
        raster: &Raster,
    ) {
        let counted = loaded.counts.row(index);
        let counts: Vec<i64> = raster.output_counts.iter().map(|&count| count.into()).collect();
        self.samples += 1;
        self.integer_right += usize::from(class(&counts) == label);
        self.float_right += usize::from(class(counted.iter()) == label);
        self.counts_equal += usize::from(counts == counted.to_vec());
        self.overflows += raster.overflows;
        let populations = compiled.quantised.populations.iter().zip(&raster.window_spikes);
        for (population, &spikes) in populations.filter(|(held, _)| held.neurons.is_some()) {
            self.layer(&population.name).integer += spikes;
        }
    }

    /// Adds the spikes of the float network.
    fn add_float(&mut self, spikes: &[(String, u64)]) {
        for (name, spikes) in spikes {
            self.layer(name).float += spikes;
        }
    }

    /// The layer of a name, made at its first mention.
    fn layer(&mut self, name: &str) -> &mut LayerSpikes {
        let at = self.layers.iter().position(|layer| layer.name == name).unwrap_or_else(|| {
            self.layers.push(LayerSpikes { name: name.to_owned(), float: 0, integer: 0 });
            self.layers.len() - 1
        });
        &mut self.layers[at]
    }

    fn plus(mut self, other: Self) -> Self {
        self.samples += other.samples;
        self.float_right += other.float_right;
        self.integer_right += other.integer_right;
        self.counts_equal += other.counts_equal;
        self.overflows += other.overflows;
        for LayerSpikes { name, float, integer } in other.layers {
            let layer = self.layer(&name);
            layer.float += float;
            layer.integer += integer;
        }
        self
    }

    /// Accuracies of integers and floats in percent.
    #[must_use]
    pub fn percent(&self) -> (f64, f64) {
        let share = |right: usize| 100.0 * right as f64 / self.samples.max(1) as f64;
        (share(self.integer_right), share(self.float_right))
    }
}

/// The first of the largest.
fn class<'a>(counts: impl IntoIterator<Item = &'a i64>) -> i64 {
    let mut best = (-1, i64::MIN);
    for (class, &count) in (0..).zip(counts) {
        if count > best.1 {
            best = (class, count);
        }
    }
    best.0
}
