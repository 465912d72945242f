//! Random networks that a chip holds exactly, and random chips to map them onto.

use proptest::prelude::{Just, Strategy, any, prop, prop_oneof};
use quarrion_compiler::network::window::{ConvolutionShape, Window};
use quarrion_compiler::network::{
    Comparison, Connectivity, Firing, Network, NeuronKind, NeuronModel, Population, Projection,
    ResetMode, Role, Synapse,
};
use quarrion_isa::id::PopulationId;
use quarrion_isa::stimulus::{InputSpike, Sample};

/// Every projection has a weight of this magnitude, which the largest stored weight is twice of:
/// so whole numbers stay whole.
const LARGEST: i32 = 127;

/// Shapes of populations that convolutions can join.
pub(crate) const PLANES: [[usize; 3]; 4] = [[2, 5, 4], [3, 5, 4], [4, 3, 2], [1, 4, 4]];

/// A generator of 64-bit numbers for choices inside one case.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound.max(1)
    }

    fn weight(&mut self) -> f64 {
        let weight = self.below(56) as i32 - 20;
        f64::from(weight)
    }
}

/// What a projection looks like.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Dense,
    Sparse,
    Convolution,
    Pooling,
}

/// An edge on its way: source and target among the populations, kind, delay.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    pub(crate) source: usize,
    pub(crate) target: usize,
    pub(crate) kind: Kind,
    pub(crate) delay_steps: u32,
}

/// Networks of integrate-and-fire neurons with whole weights and thresholds.
pub(crate) fn networks() -> impl Strategy<Value = Network> {
    let kind = prop_oneof![
        3 => Just(Kind::Dense),
        2 => Just(Kind::Sparse),
        3 => Just(Kind::Convolution),
        1 => Just(Kind::Pooling),
    ];
    let edge = (any::<u32>(), any::<u32>(), kind, 0_u32..3);
    let edges = prop::collection::vec(edge, 0..5);
    let planes = prop::collection::vec(0..PLANES.len(), 2..5);
    (planes, edges, any::<u64>(), any::<bool>()).prop_map(|(planes, extra, seed, looped)| {
        let count = planes.len();
        let mut edges: Vec<Edge> = (1..count)
            .map(|target| Edge {
                source: target - 1,
                target,
                kind: Kind::Convolution,
                delay_steps: 0,
            })
            .collect();
        for (a, b, kind, delay_steps) in extra {
            let source = a as usize % (count - 1);
            let target = source + 1 + b as usize % (count - 1 - source);
            edges.push(Edge { source, target, kind, delay_steps });
        }
        if looped {
            let kind = Kind::Dense;
            edges.push(Edge { source: count - 1, target: count - 1, kind, delay_steps: 0 });
        }
        build(&planes, &edges, &mut Dice(seed))
    })
}

fn build(planes: &[usize], edges: &[Edge], dice: &mut Dice) -> Network {
    let shapes: Vec<[usize; 3]> = planes.iter().map(|&plane| PLANES[plane]).collect();
    let population = |index: usize, dice: &mut Dice| Population {
        name: format!("p{index}"),
        shape: shapes[index].to_vec(),
        role: if index == 0 {
            Role::Input
        } else {
            Role::Neurons(integrators(shapes[index].iter().product(), dice))
        },
        is_output: index + 1 == shapes.len(),
        axon_delays: Vec::new(),
    };
    let populations = (0..shapes.len()).map(|index| population(index, dice)).collect();
    let mut projections: Vec<Projection> = edges
        .iter()
        .enumerate()
        .map(|(index, edge)| Projection {
            name: format!("e{index}"),
            source: PopulationId::from_index(edge.source),
            target: PopulationId::from_index(edge.target),
            connectivity: connect(edge.kind, shapes[edge.source], shapes[edge.target], dice),
            delay_steps: edge.delay_steps,
            recurrent: edge.source == edge.target,
            given: None,
        })
        .collect();
    projections.sort_by_key(|projection| (projection.target, projection.source));
    Network {
        name: "random".into(),
        populations,
        projections,
        assumptions: Vec::new(),
        warnings: Vec::new(),
    }
}

/// Neurons without leak; thresholds and biases are whole.
fn integrators(neurons: usize, dice: &mut Dice) -> NeuronModel {
    let mut draw = |low: i64, count: u64| -> Vec<f64> {
        (0..neurons).map(|_| (low + dice.below(count) as i64) as f64).collect()
    };
    NeuronModel {
        kind: NeuronKind::If,
        current_decay: None,
        current_bias: vec![0.0; neurons],
        voltage_decay: vec![1.0; neurons],
        voltage_bias: draw(-2, 6),
        firing: Some(Firing {
            threshold: draw(60, 2).iter().map(|threshold| threshold * 3.0).collect(),
            comparison: Comparison::Greater,
            reset: ResetMode::Zero,
        }),
    }
}

fn connect(kind: Kind, from: [usize; 3], to: [usize; 3], dice: &mut Dice) -> Connectivity {
    let (inputs, outputs): (usize, usize) = (from.iter().product(), to.iter().product());
    // A window that takes every input plane to every output plane.
    let reach = |axis: usize| -> Option<(usize, usize)> {
        let (input, output) = (from[axis + 1], to[axis + 1]);
        let kernel = 1 + dice_free(input, output);
        let padding = (output + kernel - 1).checked_sub(input)?.div_ceil(2);
        (padding < kernel && padding * 2 + input + 1 >= output + kernel)
            .then_some((kernel, padding))
    };
    match kind {
        Kind::Convolution | Kind::Pooling => {
            let Some(((rows, top), (columns, left))) = reach(0).zip(reach(1)) else {
                return connect(Kind::Dense, from, to, dice);
            };
            let window = Window {
                input: [from[1], from[2]],
                output: [to[1], to[2]],
                kernel: [rows, columns],
                stride: [1, 1],
                padding: [top, left],
                dilation: [1, 1],
            };
            if matches!(kind, Kind::Pooling) && from[0] == to[0] {
                return Connectivity::Pooling {
                    channels: from[0],
                    window,
                    weight: f64::from(LARGEST),
                };
            }
            let shape =
                ConvolutionShape { in_channels: from[0], out_channels: to[0], groups: 1, window };
            let mut kernel: Vec<f64> = (0..shape.kernel_len()).map(|_| dice.weight()).collect();
            mark(&mut kernel, dice);
            Connectivity::Convolution { shape, kernel }
        }
        Kind::Dense => {
            let mut weights: Vec<f64> = (0..inputs * outputs).map(|_| dice.weight()).collect();
            mark(&mut weights, dice);
            Connectivity::Dense { inputs, outputs, weights }
        }
        Kind::Sparse => {
            let mut synapses = Vec::new();
            let rarity = 2 + dice.below(6);
            for target in 0..outputs as u32 {
                for source in 0..inputs as u32 {
                    if dice.below(rarity) == 0 {
                        synapses.push(Synapse { target, source, weight: dice.weight() });
                    }
                }
            }
            let mut weights: Vec<f64> = synapses.iter().map(|synapse| synapse.weight).collect();
            mark(&mut weights, dice);
            synapses.iter_mut().zip(weights).for_each(|(synapse, weight)| synapse.weight = weight);
            Connectivity::Sparse { inputs, outputs, synapses }
        }
    }
}

/// A kernel extent less one that fits between two planes.
fn dice_free(input: usize, output: usize) -> usize {
    if input > output { input - output } else { 2.min(input) }
}

/// Gives one weight the largest magnitude.
fn mark(weights: &mut [f64], dice: &mut Dice) {
    let count = weights.len() as u64;
    if let Some(weight) = weights.get_mut(dice.below(count) as usize) {
        *weight = f64::from(LARGEST);
    }
}

/// The same network with neurons that take the threshold off, at lower thresholds, so that a
/// step's input is worth several spikes.
pub(crate) fn subtracting(mut network: Network) -> Network {
    for population in &mut network.populations {
        if let Role::Neurons(model) = &mut population.role
            && let Some(firing) = &mut model.firing
        {
            firing.reset = ResetMode::Subtract;
            firing.threshold.iter_mut().for_each(|threshold| *threshold /= 3.0);
        }
    }
    network
}

/// A random stimulus: about one input in three fires in every step.
pub(crate) fn stimulus(inputs: u32, steps: u32, dice: &mut Dice) -> Sample {
    let mut spikes = Vec::new();
    for step in 0..steps {
        for neuron in 0..inputs {
            if dice.below(3) == 0 {
                spikes.push(InputSpike { step, neuron, payload: 1 });
            }
        }
    }
    Sample { steps, spikes, writes: Vec::new(), rewards: Vec::new() }
}
