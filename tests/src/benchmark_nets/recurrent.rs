//! The three recurrent networks.

use super::numpy_random::Generator;
use super::{BenchmarkNet, lognormal_rates, rows};

/// Synapses drawn per neuron of the reservoir and the random network.
const FAN: u32 = 64;

/// A periodic sheet of `side` x `side` neurons in shuffled order: nine tenths of the synapses go
/// near (normal, deviation 6), the others anywhere.
#[must_use]
pub fn reservoir(seed: u32, side: u32) -> BenchmarkNet {
    let mut random = Generator::new(seed);
    let neurons = side * side;
    let name = random.permutation(neurons);
    let drawn = (neurons * FAN) as usize;
    let mut steps =
        || (0..drawn).map(|_| (6.0 * random.normal()).round_ties_even() as i64).collect();
    let (down, right): (Vec<i64>, Vec<i64>) = (steps(), steps());
    let wrap = |at: u32, step: i64| (i64::from(at) + step).rem_euclid(i64::from(side)) as u32;
    let near = |i: usize| {
        let source = i as u32 / FAN;
        wrap(source / side, down[i]) * side + wrap(source % side, right[i])
    };
    let far: Vec<bool> = (0..drawn).map(|_| random.uniform() < 0.1).collect();
    let targets = far.iter().enumerate();
    let targets = targets.map(|(i, &far)| if far { random.below(neurons) } else { near(i) });
    let targets: Vec<u32> = targets.collect();
    let synapses = (0_u32..).zip(targets).map(|(i, target)| (i / FAN, target));
    let synapses = synapses.filter(|(s, t)| s != t);
    let synapses = synapses.map(|(s, t)| (name[s as usize], name[t as usize])).collect();
    let rates = lognormal_rates(&mut random, neurons as usize, 0.02, 1.0);
    let (ptr, targets) = rows(neurons as usize, synapses);
    BenchmarkNet { name: "reservoir".into(), ptr, targets, rates }
}

/// Every neuron listens to 64 others, drawn at random.
#[must_use]
pub fn random_sparse(seed: u32, neurons: u32) -> BenchmarkNet {
    let mut random = Generator::new(seed);
    let sources: Vec<u32> = (0..neurons * FAN).map(|_| random.below(neurons)).collect();
    let synapses = (0_u32..).zip(sources).map(|(i, source)| (source, i / FAN));
    let synapses = synapses.filter(|(s, t)| s != t).collect();
    let rates = lognormal_rates(&mut random, neurons as usize, 0.02, 1.0);
    let (ptr, targets) = rows(neurons as usize, synapses);
    BenchmarkNet { name: "random".into(), ptr, targets, rates }
}

/// Neurons of the eight populations of a cortical column (Potjans, Diesmann 2014, table 5).
const POPULATIONS: [u32; 8] = [20_683, 5_834, 21_915, 5_479, 4_850, 1_065, 14_395, 2_948];

/// Probability that a neuron of the row's population hears one of the column's (same table).
const CONNECTED: [[f64; 8]; 8] = [
    [0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0, 0.0076, 0.0],
    [0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0, 0.0042, 0.0],
    [0.0077, 0.0059, 0.0497, 0.135, 0.0067, 0.0003, 0.0453, 0.0],
    [0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0, 0.1057, 0.0],
    [0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0],
    [0.0548, 0.0269, 0.0257, 0.0022, 0.06, 0.3158, 0.0086, 0.0],
    [0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252],
    [0.0364, 0.001, 0.0034, 0.0005, 0.0277, 0.008, 0.0658, 0.1443],
];

/// Mean rates of the populations in spikes per second (same source, approximate).
const RATES: [f64; 8] = [0.86, 2.80, 4.45, 5.93, 7.59, 8.63, 1.09, 7.88];

/// The column with a tenth of its neurons and a fiftieth of its synapses per neuron.
pub(super) fn microcircuit() -> BenchmarkNet {
    let mut random = Generator::new(6);
    let sizes = POPULATIONS.map(|n| (f64::from(n) * 0.1).round_ties_even() as u32);
    let mut first = [0_u32; 9];
    for i in 0..8 {
        first[i + 1] = first[i] + sizes[i];
    }
    let mut synapses = Vec::new();
    for (t, row) in CONNECTED.iter().enumerate() {
        for (s, &probability) in row.iter().enumerate() {
            if probability == 0.0 {
                continue;
            }
            let (from, to) = (f64::from(POPULATIONS[s]), f64::from(POPULATIONS[t]));
            let pairs = (1.0 - probability).ln() / (1.0 - 1.0 / (to * from)).ln();
            let mean = pairs / to * 0.02;
            let counts: Vec<u32> = (0..sizes[t]).map(|_| random.poisson(mean)).collect();
            for (target, &count) in (first[t]..).zip(&counts) {
                synapses.extend((0..count).map(|_| (first[s] + random.below(sizes[s]), target)));
            }
        }
    }
    synapses.retain(|(s, t)| s != t);
    let rates = sizes.iter().zip(RATES);
    let rates =
        rates.flat_map(|(&n, rate)| lognormal_rates(&mut random, n as usize, rate * 1e-3, 0.8));
    let rates: Vec<f64> = rates.collect();
    let neurons = first[8] as usize;
    let (ptr, targets) = rows(neurons, synapses);
    BenchmarkNet { name: "microcircuit".into(), ptr, targets, rates }
}
