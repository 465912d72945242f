//! The networks of the mapping benchmark, drawn exactly as those that the anchors were scored on.

mod anchors;
mod layered;
mod numpy_random;
mod recurrent;

use std::fs::File;
use std::path::Path;

use ndarray::Array1;
use ndarray_npy::NpzReader;
use quarrion_compiler::mapping::{
    Budget, Grid, Hypergraph, Limits, ListFormat, Mapping, MappingError, Objective, map, partition,
};

pub use anchors::{
    Anchor, Best, Optima, PartitionCase, PlacementCase, Proved, best_anchor, data_folder,
    load_anchors, load_optima, solve_optima,
};
pub use numpy_random::Generator;
pub use recurrent::{random_sparse, reservoir};

/// A network as the benchmark stores it: per neuron its targets and its rate.
#[derive(Clone, Debug, PartialEq)]
pub struct BenchmarkNet {
    /// What it is called.
    pub name: String,
    /// Row starts of `targets`, one more than neurons.
    pub ptr: Vec<usize>,
    /// Targets of each neuron, ascending.
    pub targets: Vec<u32>,
    /// Spikes per timestep of each neuron.
    pub rates: Vec<f64>,
}

/// The names of the six reference networks.
pub const NAMES: [&str; 6] = ["mlp", "vgg", "resnet", "reservoir", "random", "microcircuit"];

/// Draws a reference network; `None` for a name that is none.
#[must_use]
pub fn reference_net(name: &str) -> Option<BenchmarkNet> {
    Some(match name {
        "mlp" => layered::mlp(),
        "vgg" => layered::vgg(),
        "resnet" => layered::resnet(),
        "reservoir" => recurrent::reservoir(4, 128),
        "random" => recurrent::random_sparse(5, 16384),
        "microcircuit" => recurrent::microcircuit(),
        _ => return None,
    })
}

/// Reads a network from a file with arrays `ptr` (i64), `tgt` (i32) and `rate` (f64).
///
/// # Errors
/// The file's fault, or the file system's, as a sentence.
pub fn load_npz(path: &Path) -> Result<BenchmarkNet, String> {
    let say = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let file = File::open(path).map_err(|e| say(&e))?;
    let mut npz = NpzReader::new(file).map_err(|e| say(&e))?;
    let ptr: Array1<i64> = npz.by_name("ptr").map_err(|e| say(&e))?;
    let targets: Array1<i32> = npz.by_name("tgt").map_err(|e| say(&e))?;
    let rates: Array1<f64> = npz.by_name("rate").map_err(|e| say(&e))?;
    let name = path.file_stem().map_or("net".into(), |s| s.to_string_lossy().into_owned());
    let wrong = |_| format!("{}: a negative index", path.display());
    let ptr = ptr.iter().map(|&p| usize::try_from(p).map_err(wrong)).collect::<Result<_, _>>()?;
    let targets = targets.iter().map(|&t| u32::try_from(t).map_err(wrong));
    let targets = targets.collect::<Result<_, _>>()?;
    Ok(BenchmarkNet { name, ptr, targets, rates: rates.to_vec() })
}

impl BenchmarkNet {
    /// How many synapses end on each neuron.
    #[must_use]
    pub fn in_degrees(&self) -> Vec<u32> {
        let mut degrees = vec![0; self.rates.len()];
        for &t in &self.targets {
            degrees[t as usize] += 1;
        }
        degrees
    }

    /// The network under the anchors' cost model: two bytes of memory per synapse.
    ///
    /// # Errors
    /// The file's fault: rows that don't fit together.
    pub fn two_byte_graph(&self) -> Result<Hypergraph, MappingError> {
        let demands = self.in_degrees().iter().map(|&d| [1, 2 * d, 0, 0]).collect();
        Hypergraph::from_neurons(demands, &self.rates, self.ptr.clone(), self.targets.clone())
    }

    /// The network when memory is counted in packed words, see [`packed_limits`].
    ///
    /// # Errors
    /// As [`Self::two_byte_graph`].
    pub fn packed_graph(&self) -> Result<Hypergraph, MappingError> {
        let demands = vec![[1, 0, 0, 0]; self.rates.len()];
        Hypergraph::from_neurons(demands, &self.rates, self.ptr.clone(), self.targets.clone())
    }
}

/// The anchors' limits: 1,024 neurons, 4,096 input axons, 128 KiB at two bytes a synapse.
#[must_use]
pub fn anchor_limits() -> Limits {
    Limits {
        additive: [Some(1024), Some(131_072), None, None],
        input_axons: Some(4096),
        ..Limits::default()
    }
}

/// All four limits of a Loihi core, with memory as 16,384 packed words of 64 bits.
///
/// A list has a 20-bit header (two 10-bit fields: what follows and how many) and 18 bits a
/// synapse (8-bit weight, 10-bit compartment), in whole words.
#[must_use]
pub fn packed_limits() -> Limits {
    Limits {
        additive: [Some(1024), Some(16_384), None, None],
        input_axons: Some(4096),
        output_edges: Some(4096),
        lists: Some(ListFormat { header: 20, synapse: 18, word: 64 }),
        ..Limits::default()
    }
}

/// Sorts synapses given as (source, target) into rows and drops doubles.
fn rows(neurons: usize, mut synapses: Vec<(u32, u32)>) -> (Vec<usize>, Vec<u32>) {
    synapses.sort_unstable();
    synapses.dedup();
    let mut ptr = vec![0_usize; neurons + 1];
    for &(source, _) in &synapses {
        ptr[source as usize + 1] += 1;
    }
    for i in 0..neurons {
        ptr[i + 1] += ptr[i];
    }
    (ptr, synapses.into_iter().map(|(_, target)| target).collect())
}

/// Lognormal rates of the given mean, between 1e-4 and 1.
fn lognormal_rates(random: &mut Generator, neurons: usize, mean: f64, sigma: f64) -> Vec<f64> {
    let scale = mean / (sigma * sigma / 2.0).exp();
    (0..neurons).map(|_| ((sigma * random.normal()).exp() * scale).clamp(1e-4, 1.0)).collect()
}

/// The mesh that the anchors of a reference network were placed on.
fn anchor_grid(name: &str) -> Option<Grid> {
    match name {
        "mlp" | "reservoir" => Some(Grid::mesh(8, 8)),
        "vgg" => Some(Grid::mesh(16, 8)),
        "resnet" | "random" | "microcircuit" => Some(Grid::mesh(16, 16)),
        _ => None,
    }
}

/// Maps a network at the benchmark's one setting, and names the least number of cores that the
/// sums of its demands allow.
///
/// A reference network goes on the mesh of its anchors, any other on the first of 8x8, 16x8, 16x16,
/// 32x16, … that holds it: what it needs beside the sums (input axons) shows in its mapping only.
///
/// # Errors
/// As [`map`].
pub fn map_benchmark(
    net: &BenchmarkNet,
    limits: &Limits,
    budget: &Budget,
) -> Result<(usize, Mapping), MappingError> {
    let packed = limits.lists.is_some();
    let graph = if packed { net.packed_graph()? } else { net.two_byte_graph()? };
    let bound = limits.core_bound(&graph);
    let grid = match anchor_grid(&net.name) {
        Some(grid) => grid,
        None => {
            let glance = Budget { cores: usize::MAX, effort: budget.effort / 50, ..*budget };
            smallest_grid(partition(&graph, limits, Objective::default(), &glance)?.cores)
        }
    };
    let on = |grid: &Grid| {
        let budget = Budget { cores: grid.tiles(), ..*budget };
        map(&graph, limits, grid, Objective::default(), &budget)
    };
    let mapping = match on(&grid) {
        Err(MappingError::TooFewCores { needed, .. }) if anchor_grid(&net.name).is_none() => {
            on(&smallest_grid(needed))
        }
        other => other,
    };
    Ok((bound, mapping?))
}

/// The smallest of the anchors' kind of mesh, 8x8, 16x8, 16x16, 32x16, …, with so many cores.
fn smallest_grid(cores: usize) -> Grid {
    let (mut width, mut height) = (8_u32, 8_u32);
    while (width as usize * height as usize) < cores {
        if width == height { width *= 2 } else { height *= 2 }
    }
    Grid::mesh(width, height)
}
