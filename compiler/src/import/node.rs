//! One node of the file: its type, its parameters, and what it alone says about shapes.

use quarrion_isa::diagnostic::Diagnostic;

use super::archive::{Numbers, Value};
use super::graph::{Matrix, Membrane, Neuron, NeuronType, NodeKind, Synapse, Threshold};
use super::parameter::Parameters;

/// Types of nodes that a NIR file can hold, as a message lists them.
const KNOWN_TYPES: &str = "Affine, AvgPool2d, Conv1d, Conv2d, CubaLI, CubaLIF, Delay, Flatten, I, \
                           IF, Input, LI, LIF, Linear, NIRGraph, Output, Scale, SumPool2d, \
                           Threshold";

/// A node as the file describes it; shapes that depend on other nodes are still open.
pub(super) enum FileNode {
    /// Complete in itself.
    Fixed {
        /// What it computes.
        kind: NodeKind,
        /// Shape of what enters.
        input: Vec<usize>,
        /// Shape of what leaves.
        output: Vec<usize>,
    },
    /// Elementwise with single-valued parameters: takes the shape of what enters.
    Stretching {
        /// What it computes, for one element.
        kind: NodeKind,
        /// Shape of the parameters.
        own: Vec<usize>,
    },
    /// A convolution whose plane may still be unknown.
    Convolution(FileConvolution),
    /// Pooling, whose channels and plane are unknown.
    Pooling(FilePooling),
    /// A change of shape.
    Flatten {
        /// First axis to merge.
        start: i64,
        /// Last axis to merge, counted from the end when negative.
        end: i64,
        /// Input shape, when the file has it.
        input: Option<Vec<usize>>,
    },
}

/// Conv1d or Conv2d as stored; one-dimensional layers have a height of 1.
pub(super) struct FileConvolution {
    /// How many spatial axes the signal has.
    pub(super) axes: usize,
    /// Spatial extents, when the file has them.
    pub(super) plane: Option<[usize; 2]>,
    /// Output channels, input channels of a group, vertical and horizontal taps.
    pub(super) extents: [usize; 4],
    pub(super) kernel: Vec<f64>,
    pub(super) stride: [usize; 2],
    pub(super) padding: Padding,
    pub(super) dilation: [usize; 2],
    pub(super) groups: usize,
    pub(super) bias: Option<Vec<f64>>,
}

/// SumPool2d or AvgPool2d as stored.
pub(super) struct FilePooling {
    pub(super) kernel: [usize; 2],
    pub(super) stride: [usize; 2],
    pub(super) padding: [usize; 2],
    pub(super) weight: f64,
}

/// Zeros around a plane.
#[derive(Clone, Copy)]
pub(super) enum Padding {
    /// So many on each side.
    Each([usize; 2]),
    /// As many as keep the extent.
    Same,
}

/// Reads a node that is not a graph.
pub(super) fn parse_node(
    node_type: &str,
    parameters: &Parameters<'_, '_>,
) -> Result<FileNode, Diagnostic> {
    match node_type {
        "Input" => port(NodeKind::Input, parameters),
        "Output" => port(NodeKind::Output, parameters),
        "Affine" | "Linear" => matrix(node_type, parameters),
        "Conv1d" | "Conv2d" => convolution(node_type, parameters),
        "SumPool2d" | "AvgPool2d" => pooling(node_type, parameters),
        "Flatten" => flatten(parameters),
        "Scale" => elementwise(parameters, &["scale"], |[factors]| NodeKind::Scale { factors }),
        "Delay" => elementwise(parameters, &["delay"], |[times]| NodeKind::Delay { times }),
        "Threshold" | "I" | "IF" | "LI" | "LIF" | "CubaLI" | "CubaLIF" => {
            neuron(node_type, parameters)
        }
        _ => Err(Diagnostic::error("QN007", format!("`{node_type}` is not a node type of NIR"))
            .at(parameters.source(), &parameters.path_of("type"), "unknown type")
            .help(format!("known are {KNOWN_TYPES}"))),
    }
}

fn port(kind: NodeKind, parameters: &Parameters<'_, '_>) -> Result<FileNode, Diagnostic> {
    let shape = parameters.shape("shape")?;
    Ok(FileNode::Fixed { kind, input: shape.clone(), output: shape })
}

fn matrix(node_type: &str, parameters: &Parameters<'_, '_>) -> Result<FileNode, Diagnostic> {
    let weight = parameters.numbers("weight")?;
    let [leading @ .., outputs, inputs] = weight.shape.as_slice() else {
        return Err(parameters.disagreement("weight", &weight.shape, "two axes: (out, in)"));
    };
    let input = [leading, &[*inputs]].concat();
    let output = [leading, &[*outputs]].concat();
    parameters.check_extents("weight", &input)?;
    parameters.check_extents("weight", &output)?;
    let bias = match node_type {
        "Affine" => {
            let bias = parameters.numbers("bias")?;
            let wanted: usize = output.iter().product();
            Some(match bias.values.len() {
                length if length == wanted => bias.values,
                // One bias for all leading indices, as PyTorch broadcasts it.
                length if length == *outputs => bias.values.repeat(wanted / outputs),
                _ => {
                    let text = format!("{output:?}, one value an output of `weight`");
                    return Err(parameters.disagreement("bias", &bias.shape, &text));
                }
            })
        }
        _ => None,
    };
    let matrix = Matrix {
        blocks: leading.iter().product(),
        outputs: *outputs,
        inputs: *inputs,
        weights: weight.values,
        bias,
    };
    Ok(FileNode::Fixed { kind: NodeKind::Matrix(matrix), input, output })
}

fn convolution(node_type: &str, parameters: &Parameters<'_, '_>) -> Result<FileNode, Diagnostic> {
    let weight = parameters.numbers("weight")?;
    let (axes, extents) = match (node_type, weight.shape.as_slice()) {
        ("Conv1d", &[out, ingoing, taps]) => (1, [out, ingoing, 1, taps]),
        ("Conv2d", &[out, ingoing, vertical, horizontal]) => {
            (2, [out, ingoing, vertical, horizontal])
        }
        ("Conv1d", found) => {
            return Err(parameters.disagreement("weight", found, "three axes: (out, in, taps)"));
        }
        (_, found) => {
            let wanted = "four axes: (out, in, vertical, horizontal)";
            return Err(parameters.disagreement("weight", found, wanted));
        }
    };
    parameters.check_extents("weight", &weight.shape)?;
    // One-dimensional layers lie flat: their first axis has a single row.
    let flat = |pair: [usize; 2], row: usize| if axes == 1 { [row, pair[1]] } else { pair };
    let groups = parameters.single("groups", 1.0)?;
    if !extents[0].is_multiple_of(groups) || extents[1].checked_mul(groups).is_none() {
        return Err(Diagnostic::error(
            "QN016",
            format!(
                "`groups` must divide the channels, and {groups} does not divide {}",
                extents[0]
            ),
        )
        .at(parameters.source(), &parameters.path_of("groups"), "this value")
        .help("check the layer's definition in the framework"));
    }
    let plane = if parameters.has("input_shape") {
        let shape = parameters.shape("input_shape")?;
        Some(match (axes, shape.as_slice()) {
            (1, &[length]) => [1, length],
            (2, &[height, width]) => [height, width],
            (2, &[both]) => [both, both],
            _ => {
                let wanted = format!("{axes} extents, without channels");
                return Err(parameters.disagreement("input_shape", &shape, &wanted));
            }
        })
    } else {
        None
    };
    let bias = parameters.optional_numbers("bias")?;
    if let Some(bias) = bias.as_ref().filter(|bias| bias.values.len() != extents[0]) {
        let wanted = format!("[{}], one value an output channel", extents[0]);
        return Err(parameters.disagreement("bias", &bias.shape, &wanted));
    }
    Ok(FileNode::Convolution(FileConvolution {
        axes,
        plane,
        extents,
        kernel: weight.values,
        stride: flat(parameters.pair("stride", 1.0)?, 1),
        padding: match padding(parameters)? {
            Padding::Each(pair) => Padding::Each(flat(pair, 0)),
            Padding::Same => Padding::Same,
        },
        dilation: flat(parameters.pair("dilation", 1.0)?, 1),
        groups,
        bias: bias.map(|bias| bias.values),
    }))
}

fn padding(parameters: &Parameters<'_, '_>) -> Result<Padding, Diagnostic> {
    match parameters.value("padding")? {
        Value::Numbers(_) => parameters.pair("padding", 0.0).map(Padding::Each),
        Value::Texts(texts) => match texts.as_slice() {
            [text] if text == "same" => Ok(Padding::Same),
            [text] if text == "valid" => Ok(Padding::Each([0, 0])),
            _ => Err(parameters.wrong_kind("padding", "numbers, 'same' or 'valid'")),
        },
    }
}

fn pooling(node_type: &str, parameters: &Parameters<'_, '_>) -> Result<FileNode, Diagnostic> {
    let kernel = parameters.pair("kernel_size", 1.0)?;
    let weight = match node_type {
        "AvgPool2d" => 1.0 / (kernel[0] as f64 * kernel[1] as f64),
        _ => 1.0,
    };
    Ok(FileNode::Pooling(FilePooling {
        kernel,
        stride: parameters.pair("stride", 1.0)?,
        padding: parameters.pair("padding", 0.0)?,
        weight,
    }))
}

fn flatten(parameters: &Parameters<'_, '_>) -> Result<FileNode, Diagnostic> {
    let input = match parameters.optional_numbers("input_type")? {
        // Old exporters wrote zeros for a shape they did not know.
        Some(shape) if shape.values.iter().all(|&extent| extent >= 1.0) => {
            Some(parameters.shape("input_type")?)
        }
        _ => None,
    };
    Ok(FileNode::Flatten {
        start: parameters.dimension("start_dim", 1)?,
        end: parameters.dimension("end_dim", -1)?,
        input,
    })
}

fn neuron(node_type: &str, parameters: &Parameters<'_, '_>) -> Result<FileNode, Diagnostic> {
    let firing = |[threshold, v_reset]: [Vec<f64>; 2]| Some(Threshold { threshold, v_reset });
    let build = |model, synapse, membrane, firing| {
        NodeKind::Neuron(Neuron { model, synapse, membrane, firing })
    };
    match node_type {
        "Threshold" => elementwise(parameters, &["threshold"], |[threshold]| {
            let v_reset = vec![0.0; threshold.len()];
            let firing = firing([threshold, v_reset]);
            build(NeuronType::Threshold, None, Membrane::Direct, firing)
        }),
        "I" => elementwise(parameters, &["r"], |[r]| {
            build(NeuronType::I, None, Membrane::Integrator { r }, None)
        }),
        "IF" => {
            elementwise(parameters, &["r", "v_threshold", "v_reset"], |[r, threshold, reset]| {
                let membrane = Membrane::Integrator { r };
                build(NeuronType::If, None, membrane, firing([threshold, reset]))
            })
        }
        "LI" => elementwise(parameters, &["tau", "r", "v_leak"], |[tau, r, v_leak]| {
            build(NeuronType::Li, None, Membrane::Leaky { tau, r, v_leak }, None)
        }),
        "LIF" => elementwise(
            parameters,
            &["tau", "r", "v_leak", "v_threshold", "v_reset"],
            |[tau, r, v_leak, threshold, reset]| {
                let membrane = Membrane::Leaky { tau, r, v_leak };
                build(NeuronType::Lif, None, membrane, firing([threshold, reset]))
            },
        ),
        "CubaLI" => elementwise(
            parameters,
            &["tau_syn", "w_in", "tau_mem", "r", "v_leak"],
            |[tau_syn, w_in, tau, r, v_leak]| {
                let synapse = Some(Synapse { tau_syn, w_in });
                build(NeuronType::CubaLi, synapse, Membrane::Leaky { tau, r, v_leak }, None)
            },
        ),
        _ => elementwise(
            parameters,
            &["tau_syn", "w_in", "tau_mem", "r", "v_leak", "v_threshold", "v_reset"],
            |[tau_syn, w_in, tau, r, v_leak, threshold, reset]| {
                let synapse = Some(Synapse { tau_syn, w_in });
                let membrane = Membrane::Leaky { tau, r, v_leak };
                build(NeuronType::CubaLif, synapse, membrane, firing([threshold, reset]))
            },
        ),
    }
}

/// Reads parameters that all have the shape of the layer; single values spread over it.
fn elementwise<const N: usize>(
    parameters: &Parameters<'_, '_>,
    names: &[&str; N],
    build: impl FnOnce([Vec<f64>; N]) -> NodeKind,
) -> Result<FileNode, Diagnostic> {
    let mut read = Vec::with_capacity(N);
    for name in names {
        read.push(match (*name, parameters.has(name)) {
            // Files written before NIR 1.0 lack `w_in`, those before 1.0.6 `v_reset`.
            ("w_in", false) => Numbers { shape: Vec::new(), values: vec![1.0] },
            ("v_reset", false) => Numbers { shape: Vec::new(), values: vec![0.0] },
            _ => parameters.numbers(name)?,
        });
    }
    // The first longest parameter gives the shape.
    let longest = read.iter().map(|numbers| numbers.values.len()).max().unwrap_or(0);
    let model = read.iter().zip(names).find(|(numbers, _)| numbers.values.len() == longest);
    let (shape, first) = match model {
        Some((numbers, name)) => (numbers.shape.clone(), *name),
        None => (Vec::new(), ""),
    };
    parameters.check_extents(first, &shape)?;
    for (numbers, name) in read.iter_mut().zip(names) {
        if numbers.values.len() == 1 {
            numbers.values = vec![numbers.values[0]; longest];
        } else if numbers.shape != shape {
            let wanted = format!("{shape:?} like `{first}`");
            return Err(parameters.disagreement(name, &numbers.shape, &wanted));
        }
    }
    let mut values = read.into_iter().map(|numbers| numbers.values);
    let kind = build(std::array::from_fn(|_| values.next().unwrap_or_default()));
    Ok(if longest == 1 {
        FileNode::Stretching { kind, own: shape }
    } else {
        FileNode::Fixed { kind, input: shape.clone(), output: shape }
    })
}
