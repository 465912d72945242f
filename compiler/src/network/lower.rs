//! Lowering: a continuous graph of nodes becomes populations and folded projections.

use petgraph::algo::kosaraju_scc;
use petgraph::graph::DiGraph;
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::id::PopulationId;

use super::connectivity::{Connectivity, Synapse};
use super::fold::{FoldTooLarge, Folding, LinearMap};
use super::neuron::discretise;
use super::{Network, NeuronKind, NeuronModel, Population, Projection, Role};
use crate::import::graph::{Matrix, NirGraph, NirNode, NodeKind};
use crate::import::policy::ImportPolicy;

/// Terms that may meet at one node; more come only from graphs made to explode.
const MAX_TERMS: usize = 1 << 10;
/// Longest delay that is believed, in steps.
const MAX_DELAY_STEPS: f64 = 1_048_576.0;
/// How far a delay may be from a whole number of steps without a warning.
const DELAY_TOLERANCE: f64 = 1e-3;

/// Discretises a graph under `policy` and folds its linear chains.
///
/// # Errors
/// Everything that cannot be represented, each naming its node and a way out.
pub fn lower_network(
    graph: &NirGraph,
    policy: &ImportPolicy,
    source: &str,
) -> Result<Network, Vec<Diagnostic>> {
    policy.check().map_err(|error| vec![error])?;
    let is_neuron = |node: &NirNode| matches!(node.kind, NodeKind::Neuron(_));
    if !graph.nodes.iter().any(is_neuron) {
        return Err(vec![
            Diagnostic::error("QN029", "the network has no neurons")
                .at(source, "/node/nodes", "only linear nodes")
                .help("export a spiking network; a linear one needs no chip of this kind"),
        ]);
    }
    let recurrent = find_recurrent_edges(graph);
    let order = order_nodes(graph, &recurrent, source).map_err(|error| vec![error])?;
    let mut lowering = Lowering::new(graph, policy, source, &recurrent);
    let mut errors = Vec::new();
    for node in order {
        if let Err(found) = lowering.visit(node) {
            errors.extend(found);
            // What follows would only repeat the trouble.
            break;
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(lowering.finish())
}

/// For each edge whether it carries a neuron's output back into its own cycle.
pub(super) fn find_recurrent_edges(graph: &NirGraph) -> Vec<bool> {
    let edges = graph.edges.iter().map(|&(from, to)| (from as u32, to as u32));
    let mut directed: DiGraph<(), ()> = DiGraph::from_edges(edges);
    while directed.node_count() < graph.nodes.len() {
        directed.add_node(());
    }
    let mut component = vec![0; graph.nodes.len()];
    for (index, members) in kosaraju_scc(&directed).into_iter().enumerate() {
        for member in members {
            component[member.index()] = index;
        }
    }
    let is_neuron = |node: usize| matches!(graph.nodes[node].kind, NodeKind::Neuron(_));
    graph
        .edges
        .iter()
        .map(|&(from, to)| is_neuron(from) && component[from] == component[to])
        .collect()
}

/// Sorts nodes layer by layer; within a layer they keep the order of the graph.
fn order_nodes(
    graph: &NirGraph,
    recurrent: &[bool],
    source: &str,
) -> Result<Vec<usize>, Diagnostic> {
    let count = graph.nodes.len();
    let mut targets = vec![Vec::new(); count];
    let mut waiting = vec![0_usize; count];
    for (&(from, to), _) in graph.edges.iter().zip(recurrent).filter(|(_, recurrent)| !**recurrent)
    {
        targets[from].push(to);
        waiting[to] += 1;
    }
    let mut order = Vec::with_capacity(count);
    let mut layer: Vec<usize> = (0..count).filter(|&node| waiting[node] == 0).collect();
    while !layer.is_empty() {
        let mut next = Vec::new();
        for node in layer {
            order.push(node);
            for &target in &targets[node] {
                waiting[target] -= 1;
                if waiting[target] == 0 {
                    next.push(target);
                }
            }
        }
        next.sort_unstable();
        layer = next;
    }
    if order.len() == count {
        return Ok(order);
    }
    // Whatever still waits is on such a cycle or behind one; walking back stays on one.
    let mut at = (0..count).find(|&node| waiting[node] > 0).unwrap_or_default();
    let mut cycle: Vec<usize> = Vec::new();
    let sources = graph.sources();
    while !cycle.contains(&at) && cycle.len() < count {
        cycle.push(at);
        at = sources[at].iter().copied().find(|&node| waiting[node] > 0).unwrap_or(at);
    }
    let start = cycle.iter().position(|&node| node == at).unwrap_or_default();
    let mut names: Vec<&str> =
        cycle[start..].iter().rev().map(|&node| graph.nodes[node].name.as_str()).collect();
    names.truncate(8);
    Err(Diagnostic::error("QN024", format!("a cycle without a neuron: {}", names.join(" -> ")))
        .at(source, names.first().copied().unwrap_or_default(), "part of the cycle")
        .help("put a neuron into the cycle; only its output is delayed by a step"))
}

/// One linear path from a population to a node.
#[derive(Clone)]
struct Term {
    /// The node of the population.
    origin: usize,
    map: LinearMap,
    delay_steps: u32,
    is_recurrent: bool,
    /// Names of the nodes that were folded into the map.
    through: Vec<String>,
}

/// What a node puts out, as a sum of linear paths and a constant.
#[derive(Clone, Default)]
struct Form {
    terms: Vec<Term>,
    bias: Option<Vec<f64>>,
}

struct Lowering<'a> {
    graph: &'a NirGraph,
    policy: &'a ImportPolicy,
    source: &'a str,
    /// For each node its (source, whether recurrent).
    sources: Vec<Vec<(usize, bool)>>,
    /// How many nodes still want the form of a node.
    wanted: Vec<usize>,
    forms: Vec<Option<Form>>,
    folding: Folding,
    populations: Vec<Population>,
    /// The population of each node that is one.
    population_of: Vec<Option<PopulationId>>,
    /// Projections with the node they come from, whose population may not exist yet.
    projections: Vec<(usize, Projection)>,
    warnings: Vec<Diagnostic>,
}

impl<'a> Lowering<'a> {
    fn new(
        graph: &'a NirGraph,
        policy: &'a ImportPolicy,
        source: &'a str,
        recurrent: &[bool],
    ) -> Self {
        let count = graph.nodes.len();
        let mut sources = vec![Vec::new(); count];
        let mut wanted = vec![0; count];
        for (&(from, to), &is_recurrent) in graph.edges.iter().zip(recurrent) {
            sources[to].push((from, is_recurrent));
            wanted[from] += 1;
        }
        Self {
            graph,
            policy,
            source,
            sources,
            wanted,
            forms: vec![None; count],
            folding: Folding::new(),
            populations: Vec::new(),
            population_of: vec![None; count],
            projections: Vec::new(),
            warnings: graph.warnings.clone(),
        }
    }

    fn visit(&mut self, at: usize) -> Result<(), Vec<Diagnostic>> {
        let node = &self.graph.nodes[at];
        if matches!(node.kind, NodeKind::Input) {
            self.add_population(at, Role::Input);
            return Ok(());
        }
        let mut form = self.gather(at).map_err(|error| vec![error])?;
        let too_large = |fault| vec![too_large(node, self.source, fault)];
        match &node.kind {
            NodeKind::Input | NodeKind::Wire | NodeKind::Flatten => {}
            NodeKind::Neuron(neuron) => {
                let discretised =
                    discretise(node, neuron, self.policy, self.source, &mut self.warnings)?;
                self.add_neurons(at, form, discretised.model, &discretised.gain)?;
                return Ok(());
            }
            NodeKind::Output => return self.add_output(at, form),
            NodeKind::Delay { times } => {
                self.delay(node, times, &mut form).map_err(|error| vec![error])?;
            }
            NodeKind::Matrix(matrix) => {
                let map = self.matrix(matrix).map_err(too_large)?;
                form =
                    self.through(node, &form, &map, matrix.bias.as_deref()).map_err(too_large)?;
            }
            NodeKind::Scale { factors } => {
                let map = Connectivity::OneToOne { weights: factors.clone() };
                form = self.through(node, &form, &map, None).map_err(too_large)?;
            }
            NodeKind::Convolution { shape, kernel, bias } => {
                let map = Connectivity::Convolution { shape: *shape, kernel: kernel.clone() };
                let area = shape.window.output_area();
                let spread = |bias: &Vec<f64>| -> Vec<f64> {
                    bias.iter().flat_map(|&value| std::iter::repeat_n(value, area)).collect()
                };
                let bias = bias.as_ref().map(spread);
                form = self.through(node, &form, &map, bias.as_deref()).map_err(too_large)?;
            }
            NodeKind::Pooling { channels, window, weight } => {
                let (channels, window, weight) = (*channels, *window, *weight);
                let map = Connectivity::Pooling { channels, window, weight };
                form = self.through(node, &form, &map, None).map_err(too_large)?;
            }
        }
        self.forms[at] = Some(form);
        Ok(())
    }

    /// The sum of everything that enters a node.
    fn gather(&mut self, at: usize) -> Result<Form, Diagnostic> {
        let mut sum = Form::default();
        for (from, is_recurrent) in self.sources[at].clone() {
            if matches!(self.graph.nodes[from].kind, NodeKind::Input | NodeKind::Neuron(_)) {
                let (map, through) = (LinearMap::Identity, Vec::new());
                let term = Term { origin: from, map, delay_steps: 0, is_recurrent, through };
                sum.terms.push(term);
                continue;
            }
            self.wanted[from] -= 1;
            let form = if self.wanted[from] == 0 {
                self.forms[from].take()
            } else {
                self.forms[from].clone()
            };
            let Form { terms, bias } = form.unwrap_or_default();
            sum.terms.extend(terms);
            if let Some(bias) = bias {
                add_bias(&mut sum.bias, &bias);
            }
        }
        if sum.terms.len() > MAX_TERMS {
            let node = &self.graph.nodes[at];
            let demand = sum.terms.len() as u64;
            return Err(too_large(
                node,
                self.source,
                FoldTooLarge { demand, left: MAX_TERMS as u64 },
            ));
        }
        Ok(sum)
    }

    /// Puts a form through a linear node.
    fn through(
        &mut self,
        node: &NirNode,
        form: &Form,
        map: &Connectivity,
        bias: Option<&[f64]>,
    ) -> Result<Form, FoldTooLarge> {
        let mut image = Form::default();
        for term in &form.terms {
            let folded = self.folding.compose(map, term.map.clone())?;
            let mut term = Term { map: LinearMap::Synapses(folded), ..term.clone() };
            term.through.push(node.name.clone());
            image.terms.push(term);
        }
        if let Some(before) = &form.bias {
            image.bias = Some(self.folding.apply(map, before)?);
        }
        if let Some(bias) = bias {
            add_bias(&mut image.bias, bias);
        }
        Ok(image)
    }

    fn matrix(&mut self, matrix: &Matrix) -> Result<Connectivity, FoldTooLarge> {
        let Matrix { blocks, outputs, inputs, weights, .. } = matrix;
        let (blocks, outputs, inputs) = (*blocks, *outputs, *inputs);
        if blocks == 1 {
            return Ok(Connectivity::Dense { inputs, outputs, weights: weights.clone() });
        }
        self.folding.claim_list(weights.len() as u64)?;
        let place = |at: usize| {
            let (row, column) = (at / inputs, at % inputs);
            (row as u32, (row / outputs * inputs + column) as u32)
        };
        let synapses = weights
            .iter()
            .enumerate()
            .map(|(at, &weight)| {
                let (target, source) = place(at);
                Synapse { target, source, weight }
            })
            .collect();
        let (inputs, outputs) = (blocks * inputs, blocks * outputs);
        Ok(Connectivity::Sparse { inputs, outputs, synapses })
    }

    /// Delays every term; neurons with unlike delays get a term for each delay.
    fn delay(&mut self, node: &NirNode, times: &[f64], form: &mut Form) -> Result<(), Diagnostic> {
        let steps = self.delay_steps(node, times)?;
        if let (Some(_), Some(_)) = (&form.bias, steps.iter().find(|&&steps| steps > 0)) {
            let message = format!("`{}` delays a constant bias, which a chip cannot", node.name);
            return Err(Diagnostic::error("QN028", message)
                .at(self.source, &node.name, "behind a layer with a bias")
                .help("move the bias behind the delay, or the delay to the neuron's output"));
        }
        let mut distinct = steps.clone();
        distinct.sort_unstable();
        distinct.dedup();
        let mut terms = Vec::new();
        for term in &form.terms {
            for &delay in &distinct {
                let mut delayed = term.clone();
                delayed.delay_steps += delay;
                delayed.through.push(node.name.clone());
                if distinct.len() > 1 {
                    let synapses: Vec<Synapse> = (0_u32..)
                        .zip(&steps)
                        .filter(|&(_, &steps)| steps == delay)
                        .map(|(at, _)| Synapse { target: at, source: at, weight: 1.0 })
                        .collect();
                    let (inputs, outputs) = (steps.len(), steps.len());
                    let mask = Connectivity::Sparse { inputs, outputs, synapses };
                    let folded = self
                        .folding
                        .compose(&mask, delayed.map)
                        .map_err(|fault| too_large(node, self.source, fault))?;
                    delayed.map = LinearMap::Synapses(folded);
                }
                terms.push(delayed);
                if terms.len() > MAX_TERMS {
                    let (demand, left) = (terms.len() as u64, MAX_TERMS as u64);
                    return Err(too_large(node, self.source, FoldTooLarge { demand, left }));
                }
            }
        }
        form.terms = terms;
        Ok(())
    }

    fn delay_steps(&mut self, node: &NirNode, times: &[f64]) -> Result<Vec<u32>, Diagnostic> {
        let mut worst = None;
        let mut steps = Vec::with_capacity(times.len());
        for &time in times {
            let exact = self.policy.in_steps(time);
            let rounded = exact.round();
            if !(0.0..=MAX_DELAY_STEPS).contains(&rounded) {
                let message = format!("a delay must be 0 to {MAX_DELAY_STEPS} steps, not {exact}");
                return Err(Diagnostic::error("QN027", message)
                    .at(self.source, &node.name, format!("delay {time}"))
                    .help("give the right --dt, or the --dialect whose time measure this is"));
            }
            if (exact - rounded).abs() > DELAY_TOLERANCE && worst.is_none() {
                worst = Some((exact, rounded));
            }
            steps.push(rounded as u32);
        }
        if let Some((exact, rounded)) = worst {
            let message = format!("a delay of {exact:.4} steps becomes {rounded}");
            self.warnings.push(
                Diagnostic::warning("QN026", message)
                    .at(self.source, &node.name, "rounded to whole steps")
                    .help("train with delays that are multiples of dt"),
            );
        }
        Ok(steps)
    }

    fn add_population(&mut self, at: usize, role: Role) -> PopulationId {
        let node = &self.graph.nodes[at];
        let id = PopulationId::from_index(self.populations.len());
        self.population_of[at] = Some(id);
        self.populations.push(Population {
            name: node.name.clone(),
            shape: node.output_shape.clone(),
            role,
            is_output: false,
        });
        id
    }

    /// Adds a population of neurons with everything that enters it.
    fn add_neurons(
        &mut self,
        at: usize,
        form: Form,
        mut model: NeuronModel,
        gain: &[f64],
    ) -> Result<PopulationId, Vec<Diagnostic>> {
        let node = &self.graph.nodes[at];
        let mut projections = Vec::new();
        for term in form.terms {
            let map = match term.map {
                LinearMap::Identity => Connectivity::OneToOne { weights: vec![1.0; gain.len()] },
                LinearMap::Synapses(map) => map,
            };
            let connectivity = self
                .folding
                .scale_targets(map, gain)
                .map_err(|fault| vec![too_large(node, self.source, fault)])?;
            if let Some(weight) = connectivity.stored_weights().find(|weight| !weight.is_finite()) {
                return Err(vec![self.overflow(node, "weight", weight)]);
            }
            let origin = &self.graph.nodes[term.origin].name;
            let name = match term.through.is_empty() {
                true => format!("{origin} -> {}", node.name),
                false => term.through.join(" + "),
            };
            let projection = Projection {
                name,
                source: PopulationId::default(),
                target: PopulationId::default(),
                connectivity,
                delay_steps: term.delay_steps,
                recurrent: term.is_recurrent,
            };
            projections.push((term.origin, projection));
        }
        if let Some(bias) = form.bias {
            let target = match model.current_decay {
                Some(_) => &mut model.current_bias,
                None => &mut model.voltage_bias,
            };
            for ((target, bias), gain) in target.iter_mut().zip(&bias).zip(gain) {
                *target += bias * gain;
            }
            if let Some(&bias) = target.iter().find(|bias| !bias.is_finite()) {
                return Err(vec![self.overflow(node, "bias", bias)]);
            }
        }
        let id = self.add_population(at, Role::Neurons(model));
        self.projections.extend(projections.into_iter().map(|(origin, mut projection)| {
            projection.target = id;
            (origin, projection)
        }));
        Ok(id)
    }

    fn overflow(&self, node: &NirNode, what: &str, value: f64) -> Diagnostic {
        let message = format!("a {what} of `{}` becomes {value} when layers are folded", node.name);
        Diagnostic::error("QN035", message)
            .at(self.source, &node.name, "the gain and the layers before it multiply")
            .help("check the weights and the node's gain")
    }

    /// Marks the population that an Output reads, or adds one that sums a linear layer.
    fn add_output(&mut self, at: usize, form: Form) -> Result<(), Vec<Diagnostic>> {
        let node = &self.graph.nodes[at];
        if let ([term], None) = (form.terms.as_slice(), &form.bias)
            && let (LinearMap::Identity, 0) = (&term.map, term.delay_steps)
            && let Some(id) = self.population_of[term.origin]
            && let Role::Neurons(_) = self.populations[id.index()].role
        {
            self.populations[id.index()].is_output = true;
        } else {
            if form.terms.is_empty() {
                let message = format!("nothing feeds the Output `{}`", node.name);
                return Err(vec![
                    Diagnostic::error("QN037", message)
                        .at(self.source, &node.name, "no path leads here from an Input or neuron")
                        .help("add the missing edge, or remove the Output"),
                ]);
            }
            self.warnings.push(
                Diagnostic::warning(
                    "QN030",
                    format!("the Output `{}` reads a linear layer and no neuron", node.name),
                )
                .at(self.source, &node.name, "becomes neurons that sum over the sample")
                .help("end the network with a neuron to count spikes instead"),
            );
            let gain = vec![1.0; node.output_len()];
            let model = NeuronModel::plain(NeuronKind::Accumulator, gain.len());
            let id = self.add_neurons(at, form.clone(), model, &gain)?;
            self.populations[id.index()].is_output = true;
        }
        self.forms[at] = Some(form);
        Ok(())
    }

    fn finish(self) -> Network {
        let mut projections: Vec<Projection> = self
            .projections
            .into_iter()
            .filter_map(|(origin, projection)| {
                let source = self.population_of[origin]?;
                Some(Projection { source, ..projection })
            })
            .collect();
        projections.sort_by_key(|projection| (projection.target, projection.source));
        Network {
            name: self.source.to_owned(),
            populations: self.populations,
            projections,
            assumptions: self.policy.assumptions(),
            warnings: self.warnings,
        }
    }
}

fn add_bias(sum: &mut Option<Vec<f64>>, bias: &[f64]) {
    match sum {
        None => *sum = Some(bias.to_vec()),
        Some(sum) => sum.iter_mut().zip(bias).for_each(|(sum, bias)| *sum += bias),
    }
}

fn too_large(node: &NirNode, source: &str, fault: FoldTooLarge) -> Diagnostic {
    let FoldTooLarge { demand, left } = fault;
    let message = format!(
        "folding the linear layers up to `{}` takes {demand} operations, and {left} are left",
        node.name
    );
    Diagnostic::error("QN031", message)
        .at(source, &node.name, "too large to fold")
        .help("put a neuron between the linear layers, or merge them before exporting")
}
