//! The float oracle: an imported graph run in f64, node by node, as the frameworks run it.
//!
//! Nothing is folded, and nothing is shared with the lowering but the graph and the policy's
//! fields: convolutions are sums over taps, gains multiply at the neuron, delays are queues. All
//! layers are evaluated within one step; a neuron's output enters its own cycle one step later.
//! [`folded`] runs the lowered network instead, so that the two together check the folding.

pub mod folded;
pub mod samples;

use std::collections::VecDeque;

use quarrion_compiler::import::graph::{Membrane, Neuron, NirGraph, NodeKind};
use quarrion_compiler::import::policy::{
    Comparison, ImportPolicy, InitialVoltage, Integrator, IntegratorGain, LeakyGain, ResetMode,
    TauMeasure,
};

/// What one sample did.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// For each Output node, in the order of the graph, its values summed over the steps.
    pub outputs: Vec<Vec<f64>>,
    /// For each firing neuron node (name, spikes of all its neurons over all steps).
    pub spikes: Vec<(String, u64)>,
    /// Smallest distance between a membrane and its threshold when compared.
    pub margin: f64,
}

/// An interpreter of one graph.
pub struct FloatOracle<'g> {
    graph: &'g NirGraph,
    policy: ImportPolicy,
    order: Vec<usize>,
    /// For each node its (source, whether one step late).
    sources: Vec<Vec<(usize, bool)>>,
}

/// What a node remembers from step to step.
enum Memory {
    Nothing,
    Neuron { current: Vec<f64>, voltage: Vec<f64> },
    Queues(Vec<VecDeque<f64>>),
}

impl<'g> FloatOracle<'g> {
    /// Prepares a graph.
    ///
    /// # Panics
    /// When a cycle has no neuron.
    #[must_use]
    pub fn new(graph: &'g NirGraph, policy: ImportPolicy) -> Self {
        let count = graph.nodes.len();
        let reach: Vec<Vec<bool>> = (0..count).map(|node| reachable(graph, node)).collect();
        let mut sources = vec![Vec::new(); count];
        for &(from, to) in &graph.edges {
            let is_neuron = matches!(graph.nodes[from].kind, NodeKind::Neuron(_));
            sources[to].push((from, is_neuron && reach[to][from]));
        }
        let mut order: Vec<usize> = Vec::new();
        while order.len() < count {
            let ready = (0..count).find(|node| {
                !order.contains(node)
                    && sources[*node].iter().all(|(from, late)| *late || order.contains(from))
            });
            order.push(ready.expect("every cycle has a neuron"));
        }
        Self { graph, policy, order, sources }
    }

    /// Runs one sample from rest.
    ///
    /// # Shape
    /// `stimulus[step][input node, in the order of the graph][element]`.
    #[must_use]
    pub fn run(&self, stimulus: &[Vec<Vec<f64>>]) -> Outcome {
        let nodes = &self.graph.nodes;
        let mut memory: Vec<Memory> =
            nodes.iter().map(|node| self.rest(&node.kind, node.output_len())).collect();
        let silent = || nodes.iter().map(|node| vec![0.0; node.output_len()]).collect();
        let (mut now, mut before): (Vec<Vec<f64>>, Vec<Vec<f64>>) = (silent(), silent());
        let of_kind = |wanted: fn(&NodeKind) -> bool| -> Vec<usize> {
            (0..nodes.len()).filter(|&node| wanted(&nodes[node].kind)).collect()
        };
        let inputs = of_kind(|kind| matches!(kind, NodeKind::Input));
        let outputs = of_kind(|kind| matches!(kind, NodeKind::Output));
        let mut sums: Vec<Vec<f64>> =
            outputs.iter().map(|&node| vec![0.0; nodes[node].output_len()]).collect();
        let mut spikes = vec![0; nodes.len()];
        let mut margin = f64::INFINITY;
        for step in stimulus {
            for &node in &self.order {
                let mut entering = vec![0.0; nodes[node].input_len()];
                for &(from, late) in &self.sources[node] {
                    let value = if late { &before[from] } else { &now[from] };
                    entering.iter_mut().zip(value).for_each(|(sum, value)| *sum += value);
                }
                now[node] = match (&nodes[node].kind, &mut memory[node]) {
                    (NodeKind::Input, _) => {
                        let place = inputs.iter().position(|&input| input == node);
                        step[place.expect("listed")].clone()
                    }
                    (NodeKind::Neuron(neuron), Memory::Neuron { current, voltage }) => {
                        let out = self.neuron(neuron, &entering, current, voltage, &mut margin);
                        if neuron.firing.is_some() {
                            spikes[node] += out.iter().filter(|&&value| value > 0.0).count() as u64;
                        }
                        out
                    }
                    (_, Memory::Queues(queues)) => entering
                        .iter()
                        .zip(queues)
                        .map(|(&value, queue)| {
                            queue.push_back(value);
                            queue.pop_front().unwrap_or_default()
                        })
                        .collect(),
                    (kind, _) => stateless(kind, entering, nodes[node].output_len()),
                };
            }
            for (sum, &node) in sums.iter_mut().zip(&outputs) {
                sum.iter_mut().zip(&now[node]).for_each(|(sum, value)| *sum += value);
            }
            std::mem::swap(&mut now, &mut before);
        }
        let firing = |kind: &NodeKind| matches!(kind, NodeKind::Neuron(n) if n.firing.is_some());
        let spikes = (0..nodes.len())
            .filter(|&node| firing(&nodes[node].kind))
            .map(|node| (nodes[node].name.clone(), spikes[node]))
            .collect();
        Outcome { outputs: sums, spikes, margin }
    }

    fn rest(&self, kind: &NodeKind, count: usize) -> Memory {
        match kind {
            NodeKind::Neuron(neuron) => {
                let mut voltage = vec![0.0; count];
                if let (InitialVoltage::Reset, Some(firing)) =
                    (self.policy.initial_voltage, &neuron.firing)
                {
                    voltage.clone_from(&firing.v_reset);
                }
                Memory::Neuron { current: vec![0.0; count], voltage }
            }
            NodeKind::Delay { times } => Memory::Queues(
                times
                    .iter()
                    .map(|&time| vec![0.0; (time / self.dt()).round() as usize].into())
                    .collect(),
            ),
            _ => Memory::Nothing,
        }
    }

    /// Length of a step in the time measure of the file.
    fn dt(&self) -> f64 {
        match self.policy.tau_measure {
            TauMeasure::Seconds => self.policy.dt_seconds,
            TauMeasure::Milliseconds => self.policy.dt_seconds * 1e3,
            TauMeasure::Steps => 1.0,
        }
    }

    /// `tau dx/dt = rest - x + gain input`, one step.
    fn leak(&self, x: f64, tau: f64, rest: f64, gain: f64, input: f64, before: bool) -> f64 {
        let ratio = self.dt() / tau;
        let step = match self.policy.integrator {
            Integrator::Euler => ratio,
            Integrator::Exponential => 1.0 - (-ratio).exp(),
        };
        let relaxed = x + step * (rest - x);
        match self.policy.leaky_gain {
            LeakyGain::Matched => relaxed + step * gain * input,
            LeakyGain::Unscaled => relaxed + input,
            LeakyGain::BeforeDecay if before => relaxed + (1.0 - step) * gain * input,
            LeakyGain::BeforeDecay => relaxed + ratio * gain * input,
        }
    }

    fn neuron(
        &self,
        neuron: &Neuron,
        entering: &[f64],
        current: &mut [f64],
        voltage: &mut [f64],
        margin: &mut f64,
    ) -> Vec<f64> {
        let mut out = vec![0.0; entering.len()];
        for at in 0..entering.len() {
            let mut drive = entering[at];
            if let Some(synapse) = &neuron.synapse {
                let (tau, w_in) = (synapse.tau_syn[at], synapse.w_in[at]);
                current[at] = self.leak(current[at], tau, 0.0, w_in, drive, true);
                drive = current[at];
            }
            let v = &mut voltage[at];
            *v = match &neuron.membrane {
                Membrane::Direct => drive,
                Membrane::Integrator { r } => match self.policy.if_gain {
                    IntegratorGain::PerStep => *v + r[at] * drive,
                    IntegratorGain::TimesDt => *v + r[at] * self.policy.dt_seconds * drive,
                },
                Membrane::Leaky { tau, r, v_leak } => {
                    let unscaled = neuron.synapse.is_some()
                        && self.policy.leaky_gain == LeakyGain::BeforeDecay;
                    if unscaled {
                        self.leak(*v, tau[at], v_leak[at], 0.0, 0.0, false) + drive
                    } else {
                        self.leak(*v, tau[at], v_leak[at], r[at], drive, false)
                    }
                }
            };
            let Some(firing) = &neuron.firing else {
                out[at] = *v;
                continue;
            };
            let threshold = firing.threshold[at];
            *margin = margin.min((*v - threshold).abs());
            let fires = match self.policy.comparison {
                Comparison::Greater => *v > threshold,
                Comparison::GreaterOrEqual => *v >= threshold,
            };
            if fires {
                out[at] = 1.0;
                *v = match self.policy.reset {
                    ResetMode::Zero => firing.v_reset[at],
                    ResetMode::Subtract => *v - threshold,
                };
            }
        }
        out
    }
}

/// The nodes that can be reached from `start`.
fn reachable(graph: &NirGraph, start: usize) -> Vec<bool> {
    let mut seen = vec![false; graph.nodes.len()];
    let mut stack = vec![start];
    while let Some(node) = stack.pop() {
        for &(_, to) in graph.edges.iter().filter(|edge| edge.0 == node) {
            if !seen[to] {
                seen[to] = true;
                stack.push(to);
            }
        }
    }
    seen
}

/// What a node without memory puts out.
fn stateless(kind: &NodeKind, entering: Vec<f64>, count: usize) -> Vec<f64> {
    let mut out = vec![0.0; count];
    match kind {
        NodeKind::Matrix(matrix) => {
            for (row, sum) in out.iter_mut().enumerate() {
                let block = row / matrix.outputs;
                let x = &entering[block * matrix.inputs..][..matrix.inputs];
                let w = &matrix.weights[row * matrix.inputs..][..matrix.inputs];
                *sum = w.iter().zip(x).map(|(w, x)| w * x).sum();
                *sum += matrix.bias.as_ref().map_or(0.0, |bias| bias[row]);
            }
        }
        NodeKind::Scale { factors } => {
            out = entering.iter().zip(factors).map(|(x, factor)| x * factor).collect();
        }
        NodeKind::Convolution { shape, kernel, bias } => {
            let local = shape.in_channels / shape.groups;
            let of_group = shape.out_channels / shape.groups;
            let taps = shape.window.kernel[0] * shape.window.kernel[1];
            for channel in 0..shape.out_channels {
                let weights = |input: usize| &kernel[(channel * local + input) * taps..][..taps];
                let offset = bias.as_ref().map_or(0.0, |bias| bias[channel]);
                let area = shape.window.output[0] * shape.window.output[1];
                for place in 0..area {
                    let sum: f64 = (0..local)
                        .map(|input| {
                            let plane = channel / of_group * local + input;
                            under_window(&shape.window, place, plane, &entering, weights(input))
                        })
                        .sum();
                    out[channel * area + place] = offset + sum;
                }
            }
        }
        NodeKind::Pooling { channels, window, weight } => {
            let area = window.output[0] * window.output[1];
            let weights = vec![*weight; window.kernel[0] * window.kernel[1]];
            for channel in 0..*channels {
                for place in 0..area {
                    out[channel * area + place] =
                        under_window(window, place, channel, &entering, &weights);
                }
            }
        }
        _ => out = entering,
    }
    out
}

/// Sum of weight times value under a window, over one plane.
fn under_window(
    window: &quarrion_compiler::network::window::Window,
    place: usize,
    plane: usize,
    entering: &[f64],
    weights: &[f64],
) -> f64 {
    let [height, width] = window.input.map(|extent| extent as i64);
    let mut sum = 0.0;
    for (tap, weight) in weights.iter().enumerate() {
        let at = |axis: usize, position: usize, tap: usize| {
            (position * window.stride[axis] + tap * window.dilation[axis]) as i64
                - window.padding[axis] as i64
        };
        let y = at(0, place / window.output[1], tap / window.kernel[1]);
        let x = at(1, place % window.output[1], tap % window.kernel[1]);
        if (0..height).contains(&y) && (0..width).contains(&x) {
            sum += weight * entering[plane * (height * width) as usize + (y * width + x) as usize];
        }
    }
    sum
}
