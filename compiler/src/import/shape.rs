//! Shape inference: carries shapes along the edges until every node knows its own.
//!
//! The official reader's inference differs in two ways on purpose: rectangular kernels get the
//! right output plane, and shapes that differ only in extents of 1 are accepted with a note.

use std::collections::VecDeque;

use quarrion_isa::diagnostic::Diagnostic;

use super::graph::{Membrane, NirNode, NodeKind};
use super::node::{FileConvolution, FileNode, FilePooling, Padding};
use super::parameter::{MAX_ELEMENTS, element_count};
use crate::network::window::{ConvolutionShape, Window};

/// A node with its name and place in the file.
pub(super) struct NamedNode {
    pub(super) name: String,
    pub(super) path: String,
    pub(super) node: FileNode,
}

/// A finding about one node: code, sentence and way out; the caller adds the place.
struct Fault {
    code: &'static str,
    message: String,
    help: &'static str,
}

/// Gives every node its shapes and checks that each edge joins equal ones.
///
/// # Errors
/// One diagnostic for every node or edge that does not work out.
pub(super) fn infer_shapes(
    nodes: Vec<NamedNode>,
    edges: &[(usize, usize)],
    source: &str,
    warnings: &mut Vec<Diagnostic>,
) -> Result<Vec<NirNode>, Vec<Diagnostic>> {
    let mut inference = Inference {
        source,
        paths: nodes.iter().map(|node| node.path.clone()).collect(),
        names: nodes.iter().map(|node| node.name.clone()).collect(),
        open: nodes.into_iter().map(|node| Some(node.node)).collect(),
        done: Vec::new(),
        errors: Vec::new(),
    };
    inference.done.resize_with(inference.open.len(), || None);
    let mut targets = vec![Vec::new(); inference.open.len()];
    for &(from, to) in edges {
        targets[from].push(to);
    }
    inference.settle(&targets, Patience::Wait);
    // Nobody told these what enters them; single values then mean a single neuron.
    inference.settle(&targets, Patience::Force);
    inference.finish(edges, warnings)
}

/// Whether nodes that could still learn their shape from others are left open.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Patience {
    Wait,
    Force,
}

struct Inference<'a> {
    source: &'a str,
    names: Vec<String>,
    paths: Vec<String>,
    open: Vec<Option<FileNode>>,
    done: Vec<Option<NirNode>>,
    errors: Vec<Diagnostic>,
}

impl Inference<'_> {
    /// Settles what can be settled, following the edges from node to node.
    fn settle(&mut self, targets: &[Vec<usize>], patience: Patience) {
        let mut queue: VecDeque<usize> = VecDeque::new();
        for node in 0..self.open.len() {
            if self.open[node].is_some() && self.try_node(node, None, patience) {
                queue.push_back(node);
            }
            // A forced node may settle others; those must not be forced before they hear of it.
            while let Some(from) = queue.pop_front() {
                let shape = self.done[from].as_ref().map(|node| node.output_shape.clone());
                for &to in &targets[from] {
                    if self.open[to].is_some() && self.try_node(to, shape.as_deref(), patience) {
                        queue.push_back(to);
                    }
                }
            }
        }
    }

    /// Tries to settle one open node; true when it has its shapes now.
    fn try_node(&mut self, at: usize, incoming: Option<&[usize]>, patience: Patience) -> bool {
        let Some(node) = self.open[at].take() else { return false };
        let ready = match &node {
            FileNode::Fixed { .. } => true,
            FileNode::Stretching { .. } => incoming.is_some() || patience == Patience::Force,
            FileNode::Convolution(layer) => layer.plane.is_some() || incoming.is_some(),
            FileNode::Pooling(_) => incoming.is_some(),
            FileNode::Flatten { input, .. } => input.is_some() || incoming.is_some(),
        };
        if !ready {
            self.open[at] = Some(node);
            return false;
        }
        let settled = match node {
            FileNode::Fixed { kind, input, output } => Ok((kind, input, output)),
            FileNode::Stretching { kind, own } => Ok(stretch(kind, own, incoming)),
            FileNode::Convolution(layer) => resolve_convolution(layer, incoming),
            FileNode::Pooling(layer) => resolve_pooling(&layer, incoming.unwrap_or_default()),
            FileNode::Flatten { start, end, input } => {
                let input = input.as_deref().or(incoming).unwrap_or_default();
                resolve_flatten(start, end, input)
            }
        };
        match settled {
            Ok((kind, input_shape, output_shape)) => {
                let name = self.names[at].clone();
                self.done[at] = Some(NirNode { name, kind, input_shape, output_shape });
                true
            }
            Err(fault) => {
                self.errors.push(
                    Diagnostic::error(fault.code, fault.message)
                        .at(self.source, &self.paths[at], "this node")
                        .help(fault.help),
                );
                false
            }
        }
    }

    /// Checks every edge and hands out the nodes.
    fn finish(
        mut self,
        edges: &[(usize, usize)],
        warnings: &mut Vec<Diagnostic>,
    ) -> Result<Vec<NirNode>, Vec<Diagnostic>> {
        for (at, open) in self.open.iter().enumerate() {
            if open.is_some() {
                self.errors.push(
                    Diagnostic::error(
                        "QN015",
                        "the shape of a node does not follow from the graph",
                    )
                    .at(self.source, &self.paths[at], "nothing with a known shape feeds it")
                    .help("add an Input node with the shape of the signal in front of it"),
                );
            }
        }
        for &(from, to) in edges {
            let (Some(source), Some(target)) = (&self.done[from], &self.done[to]) else { continue };
            let (output, input) = (&source.output_shape, &target.input_shape);
            if output == input {
                continue;
            }
            if squeeze(output) == squeeze(input) {
                warnings.push(
                    Diagnostic::note(
                        "QN036",
                        format!("shapes {output:?} and {input:?} differ only in extents of 1"),
                    )
                    .at(
                        self.source,
                        &self.paths[to],
                        format!("fed by `{}`", source.name),
                    ),
                );
                continue;
            }
            let same_count = source.output_len() == target.input_len();
            self.errors.push(
                Diagnostic::error(
                    "QN013",
                    format!(
                        "`{}` puts out {output:?} but `{}` takes {input:?}",
                        source.name, target.name
                    ),
                )
                .at(self.source, &self.paths[to], format!("fed by `{}`", source.name))
                .help(if same_count {
                    "put a Flatten node between the two"
                } else {
                    "correct the layer's size, or the edge"
                }),
            );
        }
        if self.errors.is_empty() {
            Ok(self.done.into_iter().flatten().collect())
        } else {
            Err(self.errors)
        }
    }
}

type Settled = (NodeKind, Vec<usize>, Vec<usize>);

fn squeeze(shape: &[usize]) -> Vec<usize> {
    shape.iter().copied().filter(|&extent| extent != 1).collect()
}

/// Spreads single-valued parameters over what enters.
fn stretch(mut kind: NodeKind, own: Vec<usize>, incoming: Option<&[usize]>) -> Settled {
    let shape = match incoming {
        Some(shape) if shape.iter().product::<usize>() > 1 => shape.to_vec(),
        _ => own,
    };
    let count = shape.iter().product();
    let spread = |values: &mut Vec<f64>| {
        let value = values.first().copied().unwrap_or_default();
        values.resize(count, value);
    };
    match &mut kind {
        NodeKind::Scale { factors: values } | NodeKind::Delay { times: values } => spread(values),
        NodeKind::Neuron(neuron) => {
            if let Some(synapse) = &mut neuron.synapse {
                spread(&mut synapse.tau_syn);
                spread(&mut synapse.w_in);
            }
            match &mut neuron.membrane {
                Membrane::Direct => {}
                Membrane::Integrator { r } => spread(r),
                Membrane::Leaky { tau, r, v_leak } => {
                    spread(tau);
                    spread(r);
                    spread(v_leak);
                }
            }
            if let Some(firing) = &mut neuron.firing {
                spread(&mut firing.threshold);
                spread(&mut firing.v_reset);
            }
        }
        _ => {}
    }
    (kind, shape.clone(), shape)
}

/// Splits an incoming shape into channels and plane, dropping a batch axis of 1.
fn planes(incoming: &[usize], axes: usize) -> Result<(usize, [usize; 2]), Fault> {
    let extra = incoming.len().saturating_sub(axes + 1);
    let (batch, rest) = incoming.split_at(extra);
    match (batch.iter().all(|&extent| extent == 1), axes, rest) {
        (true, 1, &[channels, length]) => Ok((channels, [1, length])),
        (true, 2, &[channels, height, width]) => Ok((channels, [height, width])),
        _ => Err(Fault {
            code: "QN013",
            message: format!(
                "a layer over {axes} spatial axes takes channels and extents, not {incoming:?}"
            ),
            help: "correct the shape of the Input node; NIR shapes have no batch or time axis",
        }),
    }
}

fn resolve_convolution(
    layer: FileConvolution,
    incoming: Option<&[usize]>,
) -> Result<Settled, Fault> {
    let [out_channels, per_group, vertical, horizontal] = layer.extents;
    let in_channels = per_group * layer.groups;
    let input = match (layer.plane, incoming) {
        (Some(plane), _) => plane,
        (None, incoming) => planes(incoming.unwrap_or_default(), layer.axes)?.1,
    };
    let kernel = [vertical, horizontal];
    let padding = match layer.padding {
        Padding::Each(each) => [[each[0], each[0]], [each[1], each[1]]],
        Padding::Same if layer.stride != [1, 1] => {
            return Err(Fault {
                code: "QN016",
                message: format!("padding 'same' needs stride 1, and it is {:?}", layer.stride),
                help: "give the padding as numbers",
            });
        }
        // PyTorch puts the odd zero behind.
        Padding::Same => [0, 1].map(|axis| {
            let total = layer.dilation[axis] * (kernel[axis] - 1);
            [total / 2, total - total / 2]
        }),
    };
    let window = place_window(input, kernel, layer.stride, padding, layer.dilation)?;
    let shape = |channels: usize, plane: [usize; 2]| match layer.axes {
        1 => vec![channels, plane[1]],
        _ => vec![channels, plane[0], plane[1]],
    };
    let input_shape = checked(shape(in_channels, window.input))?;
    let output_shape = checked(shape(out_channels, window.output))?;
    let convolution = ConvolutionShape { in_channels, out_channels, groups: layer.groups, window };
    let kind = NodeKind::Convolution { shape: convolution, kernel: layer.kernel, bias: layer.bias };
    Ok((kind, input_shape, output_shape))
}

fn resolve_pooling(layer: &FilePooling, incoming: &[usize]) -> Result<Settled, Fault> {
    let (channels, input) = planes(incoming, 2)?;
    let padding = layer.padding.map(|each| [each, each]);
    let window = place_window(input, layer.kernel, layer.stride, padding, [1, 1])?;
    let output_shape = checked(vec![channels, window.output[0], window.output[1]])?;
    let kind = NodeKind::Pooling { channels, window, weight: layer.weight };
    Ok((kind, vec![channels, input[0], input[1]], output_shape))
}

fn resolve_flatten(start: i64, end: i64, input: &[usize]) -> Result<Settled, Fault> {
    let axes = i64::try_from(input.len()).unwrap_or(i64::MAX);
    let absolute = |axis: i64| if axis < 0 { axis + axes } else { axis };
    let (first, last) = (absolute(start), absolute(end));
    if axes == 0 {
        return Ok((NodeKind::Flatten, Vec::new(), vec![1]));
    }
    if !(0 <= first && first <= last && last < axes) {
        // A one-axis signal has nothing left to merge, whatever the numbers say.
        if axes == 1 {
            return Ok((NodeKind::Flatten, input.to_vec(), input.to_vec()));
        }
        return Err(Fault {
            code: "QN016",
            message: format!("Flatten from axis {start} to {end} does not fit shape {input:?}"),
            help: "count the axes without batch and time; a whole signal is 0 to -1",
        });
    }
    let (first, last) = (first as usize, last as usize);
    let merged: usize = input[first..=last].iter().product();
    let output = [&input[..first], &[merged], &input[last + 1..]].concat();
    Ok((NodeKind::Flatten, input.to_vec(), output))
}

/// Counts the positions of a window on a padded plane.
fn place_window(
    input: [usize; 2],
    kernel: [usize; 2],
    mut stride: [usize; 2],
    padding: [[usize; 2]; 2],
    mut dilation: [usize; 2],
) -> Result<Window, Fault> {
    let mut output = [0; 2];
    for axis in 0..2 {
        let padded = input[axis] + padding[axis][0] + padding[axis][1];
        let reach = dilation[axis].saturating_mul(kernel[axis] - 1).saturating_add(1);
        let Some(free) = padded.checked_sub(reach) else {
            return Err(Fault {
                code: "QN016",
                message: format!(
                    "a window must fit its padded input, and {reach} is more than {padded}"
                ),
                help: "correct the layer's kernel, dilation, padding or input shape",
            });
        };
        output[axis] = free / stride[axis] + 1;
        // A single position has no stride and a single tap no dilation.
        if output[axis] == 1 {
            stride[axis] = 1;
        }
        if kernel[axis] == 1 {
            dilation[axis] = 1;
        }
    }
    let padding = [padding[0][0], padding[1][0]];
    Ok(Window { input, output, kernel, stride, padding, dilation })
}

fn checked(shape: Vec<usize>) -> Result<Vec<usize>, Fault> {
    if element_count(&shape).is_some() {
        return Ok(shape);
    }
    Err(Fault {
        code: "QN004",
        message: format!("a node must have at most {MAX_ELEMENTS} elements, not {shape:?}"),
        help: "check the layer's shape in the framework",
    })
}
