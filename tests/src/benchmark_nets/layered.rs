//! The three feed-forward networks; neurons are numbered layer by layer, inputs first.

use super::numpy_random::Generator;
use super::{BenchmarkNet, lognormal_rates, rows};

/// A feature map: first neuron, channels, side.
#[derive(Clone, Copy)]
struct Map {
    base: u32,
    channels: u32,
    side: u32,
}

impl Map {
    fn neurons(self) -> u32 {
        self.channels * self.side * self.side
    }
}

/// A layered network while it grows.
#[derive(Default)]
struct Layers {
    neurons: u32,
    synapses: Vec<(u32, u32)>,
    rates: Vec<f64>,
}

impl Layers {
    fn map(&mut self, channels: u32, side: u32, rates: Vec<f64>) -> Map {
        let map = Map { base: self.neurons, channels, side };
        self.neurons += map.neurons();
        self.rates.extend(rates);
        map
    }

    fn dense(&mut self, from: Map, to: Map) {
        for s in from.base..from.base + from.neurons() {
            self.synapses.extend((to.base..to.base + to.neurons()).map(|t| (s, t)));
        }
    }

    /// A convolution with `kernel` x `kernel` taps, padded so that sides only shrink by stride.
    fn convolution(&mut self, from: Map, to: Map, kernel: u32) {
        let stride = from.side / to.side;
        let taps = kernel * kernel;
        for (y, x, tap) in positions(to.side, taps) {
            let row = (y * stride + tap / kernel).checked_sub(kernel / 2);
            let column = (x * stride + tap % kernel).checked_sub(kernel / 2);
            let (Some(row), Some(column)) = (row, column) else { continue };
            if row >= from.side || column >= from.side {
                continue;
            }
            for source in 0..from.channels {
                let s = from.base + (source * from.side + row) * from.side + column;
                let target = |c| to.base + (c * to.side + y) * to.side + x;
                self.synapses.extend((0..to.channels).map(|c| (s, target(c))));
            }
        }
    }

    fn finish(self, name: &str) -> BenchmarkNet {
        let (ptr, targets) = rows(self.neurons as usize, self.synapses);
        BenchmarkNet { name: name.into(), ptr, targets, rates: self.rates }
    }
}

/// All (row, column, tap) of a map.
fn positions(side: u32, taps: u32) -> impl Iterator<Item = (u32, u32, u32)> {
    (0..side).flat_map(move |y| (0..side).flat_map(move |x| (0..taps).map(move |t| (y, x, t))))
}

fn beta_rates(random: &mut Generator, neurons: u32, a: f64, b: f64) -> Vec<f64> {
    (0..neurons).map(|_| random.beta(a, b).clamp(1e-3, 1.0)).collect()
}

/// Dense 784-1024-1024-512-10.
pub(super) fn mlp() -> BenchmarkNet {
    let mut random = Generator::new(1);
    let mut layers = Layers::default();
    let mut last = layers.map(784, 1, beta_rates(&mut random, 784, 0.5, 4.0));
    for (neurons, mean) in [(1024, 0.05), (1024, 0.05), (512, 0.05), (10, 0.1)] {
        let rates = lognormal_rates(&mut random, neurons as usize, mean, 1.0);
        let next = layers.map(neurons, 1, rates);
        layers.dense(last, next);
        last = next;
    }
    layers.finish("mlp")
}

/// Four convolutions on 32 x 32 x 3, then dense 256 and 10.
pub(super) fn vgg() -> BenchmarkNet {
    let mut random = Generator::new(2);
    let mut layers = Layers::default();
    let mut last = layers.map(3, 32, beta_rates(&mut random, 3 * 32 * 32, 2.0, 8.0));
    for (channels, stride) in [(16, 1), (32, 2), (32, 1), (64, 2)] {
        let side = last.side / stride;
        let rates = lognormal_rates(&mut random, (channels * side * side) as usize, 0.04, 1.0);
        let next = layers.map(channels, side, rates);
        layers.convolution(last, next, 3);
        last = next;
    }
    for neurons in [256, 10] {
        let rates = lognormal_rates(&mut random, neurons as usize, 0.05, 1.0);
        let next = layers.map(neurons, 1, rates);
        layers.dense(last, next);
        last = next;
    }
    layers.finish("vgg")
}

/// Three residual stages on 32 x 32 x 3 with 1 x 1 projections around each, then dense 10.
pub(super) fn resnet() -> BenchmarkNet {
    let mut random = Generator::new(3);
    let mut layers = Layers::default();
    let mut map = |layers: &mut Layers, channels: u32, side: u32, mean: f64| {
        let rates = lognormal_rates(&mut random, (channels * side * side) as usize, mean, 1.0);
        layers.map(channels, side, rates)
    };
    let input = map(&mut layers, 3, 32, 0.15);
    let mut last = map(&mut layers, 16, 32, 0.05);
    layers.convolution(input, last, 3);
    for (channels, stride) in [(16, 1), (32, 2), (64, 2)] {
        let side = last.side / stride;
        let middle = map(&mut layers, channels, side, 0.04);
        layers.convolution(last, middle, 3);
        let out = map(&mut layers, channels, side, 0.04);
        layers.convolution(middle, out, 3);
        layers.convolution(last, out, 1);
        last = out;
    }
    let head = map(&mut layers, 10, 1, 0.1);
    layers.dense(last, head);
    layers.finish("resnet")
}
