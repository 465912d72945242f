//! Layers become populations and projections, one after the other.

use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::id::PopulationId;
use quarrion_isa::program::ParameterValue;

use super::PeriodicReset;
use super::neuron::{LayerNeurons, Position, read_neurons};
use super::signal::{Fraction, Signal};
use super::values::{check_whole, single, spread, whole};
use crate::import::archive::{Folder, Numbers};
use crate::import::parameter::{MAX_ELEMENTS, Parameters};
use crate::network::window::ConvolutionShape;
use crate::network::{
    Connectivity, GivenNeurons, GivenSynapses, Network, Population, Projection, Role,
};

/// Layer types that are read, as a message lists them.
const TYPES: &str = "input, dense, dense_rec, conv, pool, flatten, average and concat";
/// The value that Lava-DL's importer gives an encoder's weight where the file has none: one, with
/// six bits of fraction.
const INPUT_WEIGHT: f64 = 64.0;

/// A network in the making.
pub(super) struct Builder<'a> {
    source: &'a str,
    reset: Option<PeriodicReset>,
    network: Network,
    /// What each layer so far puts out.
    signals: Vec<Signal>,
}

/// One layer of the file.
pub(super) struct Layer<'f, 'a> {
    pub(super) folder: &'f Folder<'a>,
    pub(super) parameters: Parameters<'f, 'a>,
    /// Name of its population.
    name: String,
}

/// The weights onto a layer: one set for each sum that its neurons take.
struct Weights {
    input: u32,
    numbers: Numbers,
}

impl<'a> Builder<'a> {
    pub(super) fn new(source: &'a str, reset: Option<PeriodicReset>) -> Self {
        let network = Network {
            name: source.to_owned(),
            populations: Vec::new(),
            projections: Vec::new(),
            assumptions: Vec::new(),
            warnings: Vec::new(),
        };
        Self { source, reset, network, signals: Vec::new() }
    }

    /// Adds the next layer.
    pub(super) fn add(
        &mut self,
        number: usize,
        last: bool,
        folder: &Folder<'_>,
    ) -> Result<(), Diagnostic> {
        let parameters = Parameters::of(folder)?;
        let kind = parameters.node_type()?;
        let kind = kind.trim_matches(['\0', ' ']);
        let layer = Layer { folder, parameters, name: format!("{kind}{number}") };
        let signal = match kind {
            "input" => self.input(number, &layer)?,
            "flatten" => self.previous(&layer)?.flattened(),
            "dense" | "dense_rec" | "recurrent" => self.dense(&layer)?,
            "conv" => self.convolution(&layer)?,
            "pool" => self.pooling(&layer)?,
            "concat" => self.concat(number, &layer)?,
            "average" if last => self.readout(&layer)?,
            "average" => self.average(&layer)?,
            _ => {
                let message = format!("`{kind}` is no layer type that is read");
                return Err(Diagnostic::error("QN042", message)
                    .at(self.source, &folder.path_of("type"), "this layer")
                    .help(format!("types are {TYPES}")));
            }
        };
        self.signals.push(signal);
        Ok(())
    }

    /// The finished network: the last population is read out.
    pub(super) fn finish(mut self) -> Result<Network, Diagnostic> {
        match self.network.populations.last_mut() {
            Some(last) if last.role != Role::Input => last.is_output = true,
            _ => {
                return Err(Diagnostic::error("QN029", "the network has no neurons")
                    .at(self.source, "/layer", "no layer with neurons")
                    .help("export a network with dense or convolutional layers"));
            }
        }
        self.network.projections.sort_by_key(|projection| (projection.target, projection.source));
        let told = [
            ("format", "Lava-DL network exchange; integers as they are".to_owned()),
            ("layer", "one timestep each; skips arrive early, as on the chip".to_owned()),
            ("comparison", "fires when v > threshold".to_owned()),
            (
                "reset",
                self.reset.map_or("between samples".to_owned(), |reset| {
                    let PeriodicReset { interval, offset } = reset;
                    format!("every {interval} steps, {offset} steps after a layer's first")
                }),
            ),
        ];
        self.network.assumptions = told.map(|(about, what)| (about.to_owned(), what)).into();
        Ok(self.network)
    }

    /// What the layer before puts out.
    fn previous(&self, layer: &Layer<'_, '_>) -> Result<Signal, Diagnostic> {
        self.signals.last().cloned().ok_or_else(|| {
            let message = "the first layer must be `input`, or `dense`, which says its inputs";
            Diagnostic::error("QN043", message)
                .at(self.source, layer.folder.path(), "nothing comes before this layer")
                .help("add an input layer with its shape")
        })
    }

    fn add_population(&mut self, name: &str, shape: &[usize], role: Role) -> usize {
        self.network.populations.push(Population {
            name: name.to_owned(),
            shape: shape.to_vec(),
            role,
            is_output: false,
            axon_delays: Vec::new(),
        });
        self.network.populations.len() - 1
    }

    /// Adds the neurons of a layer, with the delays of their axons.
    fn add_neurons(
        &mut self,
        layer: &Layer<'_, '_>,
        shape: &[usize],
        neurons: GivenNeurons,
    ) -> Result<usize, Diagnostic> {
        let delays = spread(&layer.parameters, "delay", shape)?;
        let at = self.add_population(&layer.name, shape, Role::Given(neurons));
        let count = shape.iter().product();
        let delays = match delays {
            None | Some(ParameterValue::Shared(0)) => return Ok(at),
            Some(ParameterValue::Shared(delay)) => vec![delay; count],
            Some(ParameterValue::Each(delays)) => delays,
        };
        let delays: Option<Vec<u32>> = delays.iter().map(|&d| u32::try_from(d).ok()).collect();
        self.network.populations[at].axon_delays =
            delays.ok_or_else(|| layer.parameters.wrong_kind("delay", "steps of 0 and more"))?;
        Ok(at)
    }

    fn add_projection(
        &mut self,
        (source, target): (usize, usize),
        connectivity: Connectivity,
        given: GivenSynapses,
        recurrent: bool,
    ) {
        let name = |at: usize| &self.network.populations[at].name;
        let part = if given.input == 1 { " (imaginary)" } else { "" };
        self.network.projections.push(Projection {
            name: format!("{} -> {}{part}", name(source), name(target)),
            source: PopulationId::from_index(source),
            target: PopulationId::from_index(target),
            connectivity,
            delay_steps: 0,
            recurrent,
            given: Some(given),
        });
    }

    /// Where the stimulus enters, and the neurons that encode it where there are any.
    fn input(&mut self, number: usize, layer: &Layer<'_, '_>) -> Result<Signal, Diagnostic> {
        if number != 0 {
            return Err(layer.not_built("an input that is not the first layer"));
        }
        let shape = layer.parameters.shape("shape")?;
        let input = self.add_population("input", &shape, Role::Input);
        if !layer.folder.list()?.folders.iter().any(|name| name == "neuron") {
            return Ok(Signal::of(input, &shape));
        }
        let neurons = self.neurons(layer, &shape, Position::Input)?;
        if neurons.complex {
            return Err(layer.not_built("an input layer of resonators"));
        }
        let weight = match single(&layer.parameters, "weight")? {
            Some(weight) => weight as f64,
            None => INPUT_WEIGHT,
        };
        let given = GivenSynapses { input: 0, exponent: neurons.exponent };
        let encoder = self.add_neurons(layer, &shape, neurons.neurons)?;
        let weights = vec![weight; shape.iter().product()];
        self.add_projection((input, encoder), Connectivity::OneToOne { weights }, given, false);
        Ok(Signal::of(encoder, &shape))
    }

    fn neurons(
        &mut self,
        layer: &Layer<'_, '_>,
        shape: &[usize],
        position: Position,
    ) -> Result<LayerNeurons, Diagnostic> {
        read_neurons(layer.folder, shape, position, self.reset, &mut self.network.warnings)
    }

    /// A matrix, and another onto itself where the layer is recurrent.
    fn dense(&mut self, layer: &Layer<'_, '_>) -> Result<Signal, Diagnostic> {
        let shape = vec![layer.parameters.shape("shape")?.iter().product::<usize>()];
        let outputs = shape[0];
        let neurons = self.neurons(layer, &shape, Position::Hidden)?;
        let sets = layer.weights("weight", neurons.complex)?;
        if self.signals.is_empty() {
            let inputs = sets[0].numbers.values.len() / outputs.max(1);
            let input = self.add_population("input", &[inputs], Role::Input);
            self.signals.push(Signal::of(input, &[inputs]));
        }
        let signal = self.previous(layer)?;
        let inputs = signal.len();
        layer.check_count("weight", &sets, outputs.saturating_mul(inputs), || {
            format!("{outputs} x {inputs} values")
        })?;
        let exponent = neurons.exponent;
        let target = self.add_neurons(layer, &shape, neurons.neurons)?;
        for set in sets {
            let given = GivenSynapses { input: set.input, exponent };
            let whole = Connectivity::Dense { inputs, outputs, weights: set.numbers.values };
            self.connect(layer, &signal, target, &whole, given)?;
        }
        if layer.name.starts_with("dense_rec") || layer.name.starts_with("recurrent") {
            let name = if layer.has("weight_rec") { "weight_rec" } else { "recWeight" };
            let sets = layer.weights(name, neurons.complex)?;
            layer.check_count(name, &sets, outputs.saturating_mul(outputs), || {
                format!("{outputs} x {outputs} values")
            })?;
            for set in sets {
                let given = GivenSynapses { input: set.input, exponent };
                let weights = set.numbers.values;
                let map = Connectivity::Dense { inputs: outputs, outputs, weights };
                self.add_projection((target, target), map, given, true);
            }
        }
        Ok(Signal::of(target, &shape))
    }

    /// One kernel shared by all positions.
    fn convolution(&mut self, layer: &Layer<'_, '_>) -> Result<Signal, Diagnostic> {
        let signal = self.previous(layer)?;
        let [channels, height, width] = layer.planes(&signal)?;
        let shape = layer.parameters.shape("shape")?;
        let neurons = self.neurons(layer, &shape, Position::Hidden)?;
        let sets = layer.weights("weight", neurons.complex)?;
        let groups = layer.optional("groups", 1)?;
        let kernel = layer.kernel(&sets[0].numbers)?;
        let window = layer.window([height, width], kernel, &shape, [1, 1])?;
        let outputs = shape[0];
        if groups == 0 || !channels.is_multiple_of(groups) || !outputs.is_multiple_of(groups) {
            let message =
                format!("{groups} groups do not divide {channels} and {outputs} channels");
            return Err(Diagnostic::error("QN016", message)
                .at(self.source, &layer.parameters.path_of("groups"), "these groups")
                .help("check the layer's definition in the framework"));
        }
        let per_output = channels / groups * window.taps();
        layer.check_count("weight", &sets, outputs.saturating_mul(per_output), || {
            format!("{outputs} x {} x {} x {} values", channels / groups, kernel[0], kernel[1])
        })?;
        let slides =
            ConvolutionShape { in_channels: channels, out_channels: outputs, groups, window };
        let kernels = sets.into_iter().map(|set| (set.input, set.numbers.values));
        self.slide(layer, &signal, (&shape, neurons), slides, kernels.collect())
    }

    /// One kernel that each channel has to itself.
    fn pooling(&mut self, layer: &Layer<'_, '_>) -> Result<Signal, Diagnostic> {
        let signal = self.previous(layer)?;
        let [channels, height, width] = layer.planes(&signal)?;
        let shape = layer.parameters.shape("shape")?;
        let neurons = self.neurons(layer, &shape, Position::Hidden)?;
        let sets = layer.weights("weight", neurons.complex)?;
        let kernel = layer.parameters.pair("kernelSize", 1.0)?;
        let window = layer.window([height, width], kernel, &shape, kernel)?;
        if shape[0] != channels {
            let wanted = format!("{channels} channels, as the layer before");
            return Err(layer.parameters.disagreement("shape", &shape, &wanted));
        }
        let taps = window.taps();
        let one_of = |set: &&Weights| [1, taps].contains(&set.numbers.values.len());
        if let Some(set) = sets.iter().find(|set| !one_of(set)) {
            let wanted = format!("1 or {taps} values");
            return Err(layer.parameters.disagreement("weight", &set.numbers.shape, &wanted));
        }
        let groups = channels;
        let slides =
            ConvolutionShape { in_channels: channels, out_channels: channels, groups, window };
        let kernels = sets.iter().map(|set| {
            let values = &set.numbers.values;
            (set.input, (0..channels * taps).map(|tap| values[tap % values.len()]).collect())
        });
        self.slide(layer, &signal, (&shape, neurons), slides, kernels.collect())
    }

    /// Neurons behind a kernel for each of their sums, shared by all positions.
    fn slide(
        &mut self,
        layer: &Layer<'_, '_>,
        signal: &Signal,
        (planes, neurons): (&[usize], LayerNeurons),
        shape: ConvolutionShape,
        kernels: Vec<(u32, Vec<f64>)>,
    ) -> Result<Signal, Diagnostic> {
        let exponent = neurons.exponent;
        let target = self.add_neurons(layer, planes, neurons.neurons)?;
        for (input, kernel) in kernels {
            let whole = Connectivity::Convolution { shape, kernel };
            self.connect(layer, signal, target, &whole, GivenSynapses { input, exponent })?;
        }
        Ok(Signal::of(target, planes))
    }

    /// Synapses from a signal, as one projection for each population that it comes from.
    fn connect(
        &mut self,
        layer: &Layer<'_, '_>,
        signal: &Signal,
        target: usize,
        whole: &Connectivity,
        given: GivenSynapses,
    ) -> Result<(), Diagnostic> {
        let parts = signal.split(whole).map_err(|Fraction { weight, members }| {
            let message = format!(
                "a weight of {weight} behind an average over {members} neurons counts no whole \
                 number for each of them"
            );
            Diagnostic::error("QN046", message)
                .at(self.source, layer.folder.path(), "the weights of this layer")
                .help("train with weights that the number of neurons divides, or leave it out")
        })?;
        for (part, map) in signal.parts.iter().zip(parts) {
            self.add_projection((part.population, target), map, given, false);
        }
        Ok(())
    }

    /// The layer before with the channels of earlier ones behind its own.
    fn concat(&mut self, number: usize, layer: &Layer<'_, '_>) -> Result<Signal, Diagnostic> {
        let mut signal = self.previous(layer)?;
        for other in layer.parameters.whole_numbers("layers", 0.0)? {
            let Some(earlier) = self.signals.get(other).filter(|_| other < number) else {
                let message = format!("layer {number} joins layer {other}, which is not before it");
                return Err(Diagnostic::error("QN044", message)
                    .at(self.source, &layer.parameters.path_of("layers"), "this layer")
                    .help("loops are read from dense_rec layers only"));
            };
            signal = signal.joined(earlier).ok_or_else(|| {
                let message = format!("layer {number} joins layer {other}, whose planes differ");
                Diagnostic::error("QN044", message)
                    .at(self.source, layer.folder.path(), format!("{:?}", earlier.shape))
                    .help("join layers of one height and width, or flatten both")
            })?;
        }
        if signal.len() > MAX_ELEMENTS {
            return Err(layer.parameters.disagreement("layers", &signal.shape, "fewer elements"));
        }
        Ok(signal)
    }

    /// Groups of neurons one behind the other, each of which counts as one element.
    fn average(&mut self, layer: &Layer<'_, '_>) -> Result<Signal, Diagnostic> {
        let signal = self.previous(layer)?;
        let groups = layer.parameters.shape("shape")?.iter().product();
        signal.averaged(groups).ok_or_else(|| {
            let message = format!("{groups} groups do not divide {:?}", signal.shape);
            Diagnostic::error("QN044", message)
                .at(self.source, layer.folder.path(), "this layer")
                .help("average over groups of one size that no concat cuts")
        })
    }

    /// A readout of groups, which the host does.
    fn readout(&mut self, layer: &Layer<'_, '_>) -> Result<Signal, Diagnostic> {
        let signal = self.previous(layer)?;
        let message = "the last layer averages groups of outputs, which is left to the reader";
        self.network.warnings.push(
            Diagnostic::warning("QN049", message)
                .at(self.source, layer.folder.path(), "spikes are counted before it")
                .help("average the counts of `--counts` over the groups"),
        );
        Ok(signal)
    }
}

impl Layer<'_, '_> {
    pub(super) fn has(&self, name: &str) -> bool {
        self.parameters.has(name)
    }

    /// The refusal of something that the format has and this build has not.
    fn not_built(&self, what: &str) -> Diagnostic {
        Diagnostic::error("QN047", format!("{what} is not built yet"))
            .at(self.parameters.source(), self.folder.path(), "this layer")
            .help("rebuild the network without it")
    }

    /// The weights called `name`: plain, or real and imaginary ones.
    fn weights(&self, name: &str, complex: bool) -> Result<Vec<Weights>, Diagnostic> {
        if !complex {
            return Ok(vec![Weights { input: 0, numbers: whole(&self.parameters, name)? }]);
        }
        if !self.folder.list()?.folders.iter().any(|folder| folder == name) {
            let message = format!("resonators need `{name}/real` and `{name}/imag`");
            return Err(Diagnostic::error("QN005", message)
                .at(self.parameters.source(), self.folder.path(), "this layer")
                .help(self.folder.archive().wording().complete));
        }
        let folder = self.folder.folder(name)?;
        let parameters = Parameters::of(&folder)?;
        let set = |input, part| {
            let numbers = parameters.numbers(part)?;
            check_whole(&parameters, part, &numbers)?;
            Ok(Weights { input, numbers })
        };
        Ok(vec![set(0, "real")?, set(1, "imag")?])
    }

    /// Checks how many weights there are.
    fn check_count(
        &self,
        name: &str,
        sets: &[Weights],
        wanted: usize,
        words: impl Fn() -> String,
    ) -> Result<(), Diagnostic> {
        match sets.iter().find(|set| set.numbers.values.len() != wanted) {
            None => Ok(()),
            Some(set) => Err(self.parameters.disagreement(name, &set.numbers.shape, &words())),
        }
    }
}
