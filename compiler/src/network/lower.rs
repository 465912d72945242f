//! Lowering: a continuous graph of nodes becomes populations and folded projections.

use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::id::PopulationId;

use super::connectivity::Connectivity;
use super::fold::{FoldTooLarge, Folding, LinearMap};
use super::form::{Chain, Form};
use super::neuron::discretise;
use super::order::{find_recurrent_edges, order_nodes};
use super::{Network, NeuronKind, NeuronModel, Population, Projection, Role};
use crate::import::graph::{NirGraph, NirNode, NodeKind};
use crate::import::policy::ImportPolicy;

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

struct Lowering<'a> {
    graph: &'a NirGraph,
    chain: Chain<'a>,
    /// For each node its (source, whether recurrent).
    sources: Vec<Vec<(usize, bool)>>,
    /// How many nodes still want the form of a node.
    wanted: Vec<usize>,
    forms: Vec<Option<Form>>,
    populations: Vec<Population>,
    /// The population of each node that is one.
    population_of: Vec<Option<PopulationId>>,
    /// Projections with the node they come from, whose population may not exist yet.
    projections: Vec<(usize, Projection)>,
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
            chain: Chain {
                source,
                policy,
                folding: Folding::new(),
                warnings: graph.warnings.clone(),
            },
            sources,
            wanted,
            forms: vec![None; count],
            populations: Vec::new(),
            population_of: vec![None; count],
            projections: Vec::new(),
        }
    }

    fn visit(&mut self, at: usize) -> Result<(), Vec<Diagnostic>> {
        let node = &self.graph.nodes[at];
        if matches!(node.kind, NodeKind::Input) {
            self.add_population(at, Role::Input);
            return Ok(());
        }
        let mut form = self.gather(at).map_err(|error| vec![error])?;
        match &node.kind {
            NodeKind::Input | NodeKind::Wire | NodeKind::Flatten => {}
            NodeKind::Neuron(neuron) => {
                let (policy, source) = (self.chain.policy, self.chain.source);
                let discretised =
                    discretise(node, neuron, policy, source, &mut self.chain.warnings)?;
                self.add_neurons(at, form, discretised.model, &discretised.gain)?;
                return Ok(());
            }
            NodeKind::Output => return self.add_output(at, form),
            NodeKind::Delay { times } => {
                self.chain.delay(node, times, &mut form).map_err(|error| vec![error])?;
            }
            _ => {
                form = self
                    .linear(node, &form)
                    .map_err(|fault| vec![self.chain.too_large(node, fault)])?;
            }
        }
        self.forms[at] = Some(form);
        Ok(())
    }

    /// Puts a form through a node of weights.
    fn linear(&mut self, node: &NirNode, form: &Form) -> Result<Form, FoldTooLarge> {
        match &node.kind {
            NodeKind::Matrix(matrix) => {
                let map = self.chain.matrix(matrix)?;
                self.chain.through(node, form, &map, matrix.bias.as_deref())
            }
            NodeKind::Scale { factors } => {
                let map = Connectivity::OneToOne { weights: factors.clone() };
                self.chain.through(node, form, &map, None)
            }
            NodeKind::Convolution { shape, kernel, bias } => {
                let map = Connectivity::Convolution { shape: *shape, kernel: kernel.clone() };
                let area = shape.window.output_area();
                let spread = |bias: &Vec<f64>| -> Vec<f64> {
                    bias.iter().flat_map(|&value| std::iter::repeat_n(value, area)).collect()
                };
                self.chain.through(node, form, &map, bias.as_ref().map(spread).as_deref())
            }
            NodeKind::Pooling { channels, window, weight } => {
                let (channels, window, weight) = (*channels, *window, *weight);
                let map = Connectivity::Pooling { channels, window, weight };
                self.chain.through(node, form, &map, None)
            }
            _ => Ok(form.clone()),
        }
    }

    /// The sum of everything that enters a node.
    fn gather(&mut self, at: usize) -> Result<Form, Diagnostic> {
        let mut sum = Form::default();
        for (from, is_recurrent) in self.sources[at].clone() {
            if matches!(self.graph.nodes[from].kind, NodeKind::Input | NodeKind::Neuron(_)) {
                sum.add(Form::of_population(from, is_recurrent));
                continue;
            }
            // The last one to want a form takes it.
            self.wanted[from] -= 1;
            let form = match self.wanted[from] {
                0 => self.forms[from].take(),
                _ => self.forms[from].clone(),
            };
            sum.add(form.unwrap_or_default());
        }
        self.chain.check_terms(&self.graph.nodes[at], sum.terms.len())?;
        Ok(sum)
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
            axon_delays: Vec::new(),
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
            let was_spatial = map.is_spatial();
            let scaled = self.chain.folding.scale_targets(map, gain);
            let connectivity = scaled.map_err(|fault| vec![self.chain.too_large(node, fault)])?;
            if was_spatial && !connectivity.is_spatial() {
                let why = "the gain r dt/tau differs between neurons of one channel";
                self.chain.note_written(node, connectivity.synapse_count(), why);
            }
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
                given: None,
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
            .at(self.chain.source, &node.name, "the gain and the layers before it multiply")
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
                        .at(
                            self.chain.source,
                            &node.name,
                            "no path leads here from an Input or neuron",
                        )
                        .help("add the missing edge, or remove the Output"),
                ]);
            }
            self.chain.warnings.push(
                Diagnostic::warning(
                    "QN030",
                    format!("the Output `{}` reads a linear layer and no neuron", node.name),
                )
                .at(self.chain.source, &node.name, "becomes neurons that sum over the sample")
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
            name: self.chain.source.to_owned(),
            populations: self.populations,
            projections,
            assumptions: self.chain.policy.assumptions(),
            warnings: self.chain.warnings,
        }
    }
}
