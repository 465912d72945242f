//! Core counts that other compilers' makers printed, and ours for the same layers.
//!
//! A layer is compiled alone, as those compilers give every layer cores of its own, for as few
//! cores as it needs: once as the chip file packs lists, once under the rule that explains theirs.

use std::fs::File;
use std::path::Path;

use ndarray::Array1;
use ndarray_npy::NpzReader;
use quarrion_boards::load_chip;
use quarrion_compiler::compile::{CompileOptions, compile};
use quarrion_compiler::network::window::{ConvolutionShape, Window};
use quarrion_compiler::network::{
    Comparison, Connectivity, Firing, Network, NeuronKind, NeuronModel, Population, Projection,
    ResetMode, Role, Synapse,
};
use quarrion_compiler::planner::{Objective, PlannerOptions};
use quarrion_isa::id::PopulationId;

/// A dense network whose cores were printed by layer.
#[derive(Clone, Copy, Debug)]
pub struct Published {
    /// What it is called.
    pub name: &'static str,
    /// The chip that it was compiled for.
    pub chip: &'static str,
    /// Neurons of the input and of every layer.
    pub sizes: &'static [usize],
    /// Cores of every layer, as printed.
    pub cores: &'static [u64],
    /// Edits of the chip under which every layer takes as many, and what they stand for: found from
    /// these very counts, so an explanation that is possible, and no evidence.
    pub rule: (&'static [&'static str], &'static str),
}

/// Sparse lists only, with six bits of delay whether they are used or not.
const SPARSE: &str = "core_types.neuro.formats=[(kind: sparse, prefix_bits: 10, \
                      index_widths: [7, 8, 13], delay_widths: [6], entry_synapses: 60)]";

/// What Lava-DL's tutorials print for Loihi 2.
pub const PUBLISHED: [Published; 2] = [
    Published {
        name: "MNIST 784-128-64-10",
        chip: "loihi2",
        sizes: &[784, 128, 64, 10],
        cores: &[3, 1, 1],
        rule: (&[SPARSE], "sparse lists with a delay field of 6 bits"),
    },
    Published {
        name: "Oxford 200-256-200",
        chip: "loihi2",
        sizes: &[200, 256, 200],
        cores: &[3, 2],
        rule: (
            &[SPARSE, "core_types.neuro.compartments=127"],
            "the same, and 100 to 127 neurons a core (no limit that is published)",
        ),
    },
];

/// A layer of a convolutional network whose cores were printed.
#[derive(Clone, Copy, Debug)]
pub struct Convolved {
    /// Channels of its input and of itself.
    pub channels: [usize; 2],
    /// Rows, and as many columns, of its input.
    pub extent: usize,
    /// Rows, and as many columns, of the kernel; half of them, rounded down, is the padding.
    pub kernel: usize,
    /// Positions of the input between two of its own.
    pub stride: usize,
    /// Columns, rows and channels of the patch that each core has, as printed.
    pub patch: [usize; 3],
    /// Cores, as printed.
    pub cores: u64,
}

/// The layers of YOLO-KP on Loihi 2, with what Lava-DL's tutorial prints for each.
///
/// # Source
/// lava-dl, `tutorials/lava/lib/dl/netx/yolo_kp/run.ipynb`: the network's architecture, and the
/// compiler's utilisation of cores.
pub const YOLO_KP: [Convolved; 10] = [
    convolved([3, 16], 448, 3, 2, [8, 28, 16], 224),
    convolved([16, 32], 224, 3, 2, [8, 14, 32], 112),
    convolved([32, 64], 112, 3, 2, [4, 14, 64], 56),
    convolved([64, 128], 56, 3, 2, [4, 7, 128], 28),
    convolved([128, 256], 28, 3, 1, [4, 7, 128], 56),
    convolved([256, 256], 28, 3, 2, [8, 7, 64], 16),
    convolved([256, 512], 14, 3, 1, [8, 7, 64], 32),
    convolved([512, 256], 14, 1, 1, [2, 7, 256], 14),
    convolved([256, 512], 14, 3, 1, [8, 7, 64], 32),
    convolved([512, 48], 14, 1, 1, [4, 14, 48], 4),
];

/// Edits of Loihi 2 that the shares printed for YOLO-KP imply.
pub const YOLO_RULE: [&str; 3] = [
    "core_types.neuro.compartments=4096",
    "core_types.neuro.axons_in=1000000",
    "core_types.neuro.axons_out=1000000",
];

const fn convolved(
    channels: [usize; 2],
    extent: usize,
    kernel: usize,
    stride: usize,
    patch: [usize; 3],
    cores: u64,
) -> Convolved {
    Convolved { channels, extent, kernel, stride, patch, cores }
}

impl Convolved {
    /// Rows, and as many columns, of the layer.
    #[must_use]
    pub fn size(&self) -> usize {
        (self.extent + 2 * (self.kernel / 2) - self.kernel) / self.stride + 1
    }

    /// Cores that patches of the printed extents take.
    #[must_use]
    pub fn patches(&self) -> u64 {
        let extents = [self.size(), self.size(), self.channels[1]];
        extents.iter().zip(self.patch).map(|(all, patch)| all.div_ceil(patch) as u64).product()
    }

    /// Cores that the layer needs here, compiled alone for Loihi 2; `sets` are edits of the chip.
    ///
    /// # Errors
    /// An edit that is none, a layer that does not compile.
    pub fn cores_with(&self, sets: &[&str]) -> Result<u64, String> {
        let size = self.size();
        let window = Window {
            input: [self.extent; 2],
            output: [size; 2],
            kernel: [self.kernel; 2],
            stride: [self.stride; 2],
            padding: [self.kernel / 2; 2],
            dilation: [1; 2],
        };
        let [in_channels, out_channels] = self.channels;
        let shape = ConvolutionShape { in_channels, out_channels, groups: 1, window };
        let weights = in_channels * out_channels * window.taps();
        let kernel = (0..weights).map(weight).collect();
        let mut network = layer_of(Connectivity::Convolution { shape, kernel });
        network.populations[0].shape = vec![in_channels, self.extent, self.extent];
        network.populations[1].shape = vec![out_channels, size, size];
        cores_of(&network, "loihi2", sets)
    }
}

impl Published {
    /// Cores of every layer, each compiled alone; `sets` are edits of the chip.
    ///
    /// # Errors
    /// An edit that is none, a layer that does not compile.
    pub fn cores_with(&self, sets: &[&str]) -> Result<Vec<u64>, String> {
        let layers = self.sizes.windows(2);
        layers.map(|pair| cores_of(&dense_layer(pair[0], pair[1]), self.chip, sets)).collect()
    }
}

/// Cores of every layer of a network given as synapses, each layer compiled alone for `chip`.
///
/// # Shape
/// An archive with `pre`, `post`, `w` by synapse, neurons numbered layer by layer, and `off`, the
/// first neuron of every layer and the end of the last.
///
/// # Errors
/// The file's fault, or a layer that does not compile.
pub fn cores_of_npz(path: &Path, chip: &str) -> Result<Vec<(usize, u64)>, String> {
    let say = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let mut npz = NpzReader::new(File::open(path).map_err(|e| say(&e))?).map_err(|e| say(&e))?;
    let pre: Array1<i32> = npz.by_name("pre").map_err(|e| say(&e))?;
    let post: Array1<i32> = npz.by_name("post").map_err(|e| say(&e))?;
    let weights: Array1<i16> = npz.by_name("w").map_err(|e| say(&e))?;
    let starts: Array1<i64> = npz.by_name("off").map_err(|e| say(&e))?;
    let starts = starts.to_vec();
    let mut cores = Vec::new();
    for layer in starts.windows(3) {
        let (sources, targets) = (layer[0]..layer[1], layer[1]..layer[2]);
        let inside = |(&source, &target): (&i32, &i32)| {
            sources.contains(&source.into()) && targets.contains(&target.into())
        };
        let all = pre.iter().zip(&post).zip(&weights);
        let own = all.filter(|(ends, weight)| **weight != 0 && inside(*ends));
        let mut synapses: Vec<Synapse> = own
            .map(|((&source, &target), &weight)| Synapse {
                source: (i64::from(source) - sources.start) as u32,
                target: (i64::from(target) - targets.start) as u32,
                weight: weight.into(),
            })
            .collect();
        synapses.sort_by_key(|synapse| (synapse.target, synapse.source));
        let inputs = (sources.end - sources.start) as usize;
        let outputs = (targets.end - targets.start) as usize;
        let connectivity = Connectivity::Sparse { inputs, outputs, synapses };
        cores.push((outputs, cores_of(&layer_of(connectivity), chip, &[])?));
    }
    Ok(cores)
}

/// Cores that a network needs where as few as possible are asked for.
fn cores_of(network: &Network, chip: &str, sets: &[&str]) -> Result<u64, String> {
    let sets: Vec<String> = sets.iter().map(|&set| set.to_owned()).collect();
    let chip = load_chip(chip, &sets).map_err(|error| error.to_string())?.chip;
    let planner = PlannerOptions { objective: Objective::Cores, ..PlannerOptions::default() };
    let options = CompileOptions { planner, ..CompileOptions::default() };
    let made = compile(network, &chip, &options).map_err(|failure| failure.to_string())?;
    Ok(made.program.cores.len() as u64)
}

/// Weights of eight bits, none of them zero.
fn dense_layer(inputs: usize, outputs: usize) -> Network {
    let weights = (0..inputs * outputs).map(weight).collect();
    layer_of(Connectivity::Dense { inputs, outputs, weights })
}

/// A weight of eight bits that is not zero.
fn weight(at: usize) -> f64 {
    let magnitude = (at * 7919 % 127 + 1) as f64;
    if at.is_multiple_of(3) { -magnitude } else { magnitude }
}

/// An input and a layer of neurons that integrate and fire.
fn layer_of(connectivity: Connectivity) -> Network {
    let (inputs, outputs) = (connectivity.inputs(), connectivity.outputs());
    let neurons = NeuronModel {
        kind: NeuronKind::If,
        current_decay: None,
        current_bias: vec![0.0; outputs],
        voltage_decay: vec![1.0; outputs],
        voltage_bias: vec![0.0; outputs],
        firing: Some(Firing {
            threshold: vec![500.0; outputs],
            comparison: Comparison::Greater,
            reset: ResetMode::Zero,
        }),
    };
    let population = |name: &str, size: usize, role: Role| Population {
        name: name.into(),
        shape: vec![size],
        is_output: role != Role::Input,
        role,
        axon_delays: Vec::new(),
    };
    Network {
        name: "layer".into(),
        populations: vec![
            population("input", inputs, Role::Input),
            population("neurons", outputs, Role::Neurons(neurons)),
        ],
        projections: vec![Projection {
            name: "input -> neurons".into(),
            source: PopulationId(0),
            target: PopulationId(1),
            connectivity,
            delay_steps: 0,
            recurrent: false,
            given: None,
        }],
        assumptions: Vec::new(),
        warnings: Vec::new(),
    }
}
