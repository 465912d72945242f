//! The imported graph: typed nodes with checked shapes, in continuous time and floating point.

use quarrion_isa::diagnostic::Diagnostic;

use crate::network::window::{ConvolutionShape, Window};

/// A checked NIR graph without nesting.
///
/// Every edge joins existing nodes of equal extent, every parameter is finite and as long as its
/// node has elements. Nothing is discretised yet.
#[derive(Clone, Debug)]
pub struct NirGraph {
    /// Version of the package that wrote the file, when the file says so.
    pub version: Option<String>,
    /// Nodes in the order of their names; those of a subgraph stand where it stood and are named
    /// `subgraph/node`.
    pub nodes: Vec<NirNode>,
    /// Edges as (from, to) positions in `nodes`, sorted, none twice.
    pub edges: Vec<(usize, usize)>,
    /// What was noticed and does not prevent reading.
    pub warnings: Vec<Diagnostic>,
}

/// One node of the graph.
#[derive(Clone, Debug)]
pub struct NirNode {
    /// Name in the file; unique.
    pub name: String,
    /// What it computes.
    pub kind: NodeKind,
    /// Extents of what enters, without batch and time.
    pub input_shape: Vec<usize>,
    /// Extents of what leaves.
    pub output_shape: Vec<usize>,
}

/// What a node computes.
#[derive(Clone, Debug)]
pub enum NodeKind {
    /// Where a stimulus enters.
    Input,
    /// Where results are read.
    Output,
    /// The border of a subgraph: passes everything on.
    Wire,
    /// Row-major change of shape: passes everything on.
    Flatten,
    /// Affine and Linear: a matrix for each leading index.
    Matrix(Matrix),
    /// Elementwise factors.
    Scale {
        /// One factor an element.
        factors: Vec<f64>,
    },
    /// Conv1d and Conv2d.
    Convolution {
        /// Geometry with padding resolved to numbers.
        shape: ConvolutionShape,
        /// Kernel `[out, in / groups, vertical, horizontal]`.
        kernel: Vec<f64>,
        /// One value an output channel, when there is a bias.
        bias: Option<Vec<f64>>,
    },
    /// SumPool2d and AvgPool2d; padding counts as zeros in both.
    Pooling {
        /// Channels, which do not mix.
        channels: usize,
        /// Geometry.
        window: Window,
        /// Weight of every tap: 1 for a sum, 1 / taps for a mean.
        weight: f64,
    },
    /// Elementwise delays.
    Delay {
        /// One time an element, in the time measure of the file.
        times: Vec<f64>,
    },
    /// Every neuron model, spiking or not.
    Neuron(Neuron),
}

/// `y[b] = weights[b] x[b] + bias[b]` for each block `b`; a plain layer has one block.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// Product of the leading extents.
    pub blocks: usize,
    /// Rows of one block.
    pub outputs: usize,
    /// Columns of one block.
    pub inputs: usize,
    /// `[blocks, outputs, inputs]`, row-major.
    pub weights: Vec<f64>,
    /// `[blocks, outputs]`, when there is a bias.
    pub bias: Option<Vec<f64>>,
}

/// A neuron model as the product of its three stages; NIR's seven models are combinations.
#[derive(Clone, Debug)]
pub struct Neuron {
    /// NIR's name of the combination.
    pub model: NeuronType,
    /// The synaptic low-pass of CubaLI and CubaLIF.
    pub synapse: Option<Synapse>,
    /// What happens to the membrane.
    pub membrane: Membrane,
    /// Threshold and reset; `None` where the membrane itself is the output.
    pub firing: Option<Threshold>,
}

/// NIR's neuron types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NeuronType {
    /// Stateless comparison.
    Threshold,
    /// Integrator.
    I,
    /// Integrate and fire.
    If,
    /// Leaky integrator.
    Li,
    /// Leaky integrate and fire.
    Lif,
    /// Leaky integrator behind a synaptic current.
    CubaLi,
    /// Leaky integrate and fire behind a synaptic current.
    CubaLif,
}

impl NeuronType {
    /// The class name in a NIR file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Threshold => "Threshold",
            Self::I => "I",
            Self::If => "IF",
            Self::Li => "LI",
            Self::Lif => "LIF",
            Self::CubaLi => "CubaLI",
            Self::CubaLif => "CubaLIF",
        }
    }
}

/// `tau_syn dI/dt = -I + w_in S`; one value a neuron.
#[derive(Clone, Debug)]
pub struct Synapse {
    /// Time constant of the synaptic current.
    pub tau_syn: Vec<f64>,
    /// Weight of the input.
    pub w_in: Vec<f64>,
}

/// The membrane equation; one value a neuron.
#[derive(Clone, Debug)]
pub enum Membrane {
    /// No state: the input itself.
    Direct,
    /// `dv/dt = r I`.
    Integrator {
        /// Resistance.
        r: Vec<f64>,
    },
    /// `tau dv/dt = (v_leak - v) + r I`.
    Leaky {
        /// Time constant.
        tau: Vec<f64>,
        /// Resistance.
        r: Vec<f64>,
        /// Resting potential.
        v_leak: Vec<f64>,
    },
}

/// When a neuron fires and where its membrane goes; one value a neuron.
#[derive(Clone, Debug)]
pub struct Threshold {
    /// Firing threshold.
    pub threshold: Vec<f64>,
    /// Potential after a spike.
    pub v_reset: Vec<f64>,
}

impl NirGraph {
    /// For every node the positions of the nodes that feed it, ascending.
    #[must_use]
    pub fn sources(&self) -> Vec<Vec<usize>> {
        let mut sources = vec![Vec::new(); self.nodes.len()];
        for &(from, to) in &self.edges {
            sources[to].push(from);
        }
        sources
    }
}

impl NirNode {
    /// Number of values that leave the node.
    #[must_use]
    pub fn output_len(&self) -> usize {
        self.output_shape.iter().product()
    }

    /// Number of values that enter the node.
    #[must_use]
    pub fn input_len(&self) -> usize {
        self.input_shape.iter().product()
    }
}
