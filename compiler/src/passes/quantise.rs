//! Quantise: every number of the network in the chip's integers.

use quarrion_isa::chip::{CoreType, SignMode};
use quarrion_isa::delivery::{Delivery, Overflow};
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::neuron::{NeuronProgram, Overflow as InputOverflow};
use quarrion_isa::program::ParameterValue;
use quarrion_isa::synapse::KernelShape;

use super::lists::widest_weights;
use super::registers::{largest, nearest};
use super::scale::{self, Incoming, Scale, Words};
use super::{Choice, Draft, codes};
use crate::compile::CompileFailure;
use crate::network::window::{ConvolutionShape, Window};
use crate::network::{Comparison, Connectivity, NeuronModel, Population, Projection};
use crate::quantised::{
    Connections, QuantisedNetwork, QuantisedNeurons, QuantisedPopulation, QuantisedProjection,
};

/// Relative error of a projection's weights that is worth a warning.
const COARSE_WEIGHTS: f64 = 0.1;
/// Relative error of a time constant that is worth a warning.
const COARSE_DECAY: f64 = 0.05;
/// Fractions of a decay: the divisor of `dec` in every program.
const DECAY_ONE: f64 = 4096.0;

pub(super) fn run(draft: &mut Draft<'_>) -> Result<(), CompileFailure> {
    let network = draft.network;
    let mut quantised =
        QuantisedNetwork { name: network.name.clone(), ..QuantisedNetwork::default() };
    let mut order: Vec<usize> = (0..network.populations.len()).collect();
    order.sort_by_key(|&index| draft.ids[index]);
    let mut errors = Vec::new();
    let mut first_ordinal = 0_u32;
    for index in order {
        let population = &network.populations[index];
        if population.is_output {
            quantised.output = draft.ids[index];
        }
        let mut made = QuantisedPopulation {
            name: population.name.clone(),
            shape: population.shape.iter().map(|&extent| extent as u32).collect(),
            size: population.len() as u32,
            first_ordinal,
            phase: draft.phases[index],
            scale: 1.0,
            neurons: None,
        };
        first_ordinal += made.size;
        if let (Some(model), Some(choice)) = (population.model(), draft.choices[index].clone()) {
            let core = &draft.chip.core_types[choice.core_type as usize];
            let work = Work { population, model, choice: &choice, core, source: &network.name };
            match quantise_population(draft, index, &work, &mut quantised) {
                Ok((scale, neurons)) => (made.scale, made.neurons) = (scale, Some(neurons)),
                Err(found) => errors.push(found),
            }
        }
        quantised.populations.push(made);
    }
    if !errors.is_empty() {
        return Err(CompileFailure::Diagnostics(errors));
    }
    draft.quantised = quantised;
    Ok(())
}

/// One population on its way into integers.
struct Work<'a> {
    population: &'a Population,
    model: &'a NeuronModel,
    choice: &'a Choice,
    core: &'a CoreType,
    /// The network's name, for messages.
    source: &'a str,
}

/// Chooses the scale, then quantises the projections onto the population and its parameters.
fn quantise_population(
    draft: &mut Draft<'_>,
    index: usize,
    work: &Work<'_>,
    quantised: &mut QuantisedNetwork,
) -> Result<(f64, QuantisedNeurons), Diagnostic> {
    let network = draft.network;
    let onto: Vec<(usize, &Projection)> = network
        .projections
        .iter()
        .enumerate()
        .filter(|(_, projection)| projection.target.index() == index)
        .collect();
    let parts: Vec<SignedPart> =
        onto.iter().flat_map(|&(id, projection)| signed_parts(id, projection, work.core)).collect();
    let rates = draft.options.rates.as_deref();
    let incoming: Vec<Incoming<'_>> = parts
        .iter()
        .map(|part| {
            let rates = rates.map(|all| &*all[network.projections[part.id].source.index()]);
            Incoming { connectivity: &part.connectivity, rates, stored: part.stored }
        })
        .collect();
    let words = words(work);
    let scale = scale::choose(work.model, &incoming, &words).ok_or_else(|| {
        let message = format!("at no scale does `{}` fit its registers", work.population.name);
        Diagnostic::error(codes::NO_REGISTER, message)
            .at(work.source, &work.population.name, "thresholds, biases and weights of this node")
            .help("check for a threshold of zero or a bias far above it")
    })?;
    let neurons = quantise_parameters(work, scale.value, quantised, &mut draft.notes)?;
    if scale.risky {
        draft.notes.push(risk(work));
    }
    for (part, &exponent) in parts.iter().zip(&scale.exponents) {
        let projection = &network.projections[part.id];
        let made = QuantisedProjection {
            name: format!("{}{}", projection.name, part.suffix),
            source: draft.ids[projection.source.index()],
            target: draft.ids[index],
            input: 0,
            delay: draft.delays[part.id],
            delivery: delivery(work, exponent)?,
            exponent,
            connections: quantise_connections(part, &words, scale.value, exponent),
            error: 0.0,
        };
        let error = relative_error(part, &made, &words, &scale);
        if error > COARSE_WEIGHTS {
            draft.notes.push(coarse_weights(work, &made.name, error));
        }
        quantised.projections.push(QuantisedProjection { error, ..made });
    }
    Ok((scale.value, neurons))
}

/// A projection, or the part of it with weights of one sign.
struct SignedPart {
    /// Position in the network's projections.
    id: usize,
    suffix: &'static str,
    connectivity: Connectivity,
    /// Smallest and largest stored weight, and the step between.
    stored: (i32, i32, i32),
}

/// The projection as the core's sign modes can store it: whole, or split by sign.
fn signed_parts(id: usize, projection: &Projection, core: &CoreType) -> Vec<SignedPart> {
    let connectivity = &projection.connectivity;
    let legal = |sign: SignMode| core.weights.signs.contains(&sign);
    let (mut up, mut down) = (false, false);
    connectivity.stored_weights().for_each(|weight| {
        up |= weight > 0.0;
        down |= weight < 0.0;
    });
    let part = |suffix, connectivity, sign| {
        let stored = widest_weights(core, sign)?;
        Some(SignedPart { id, suffix, connectivity, stored })
    };
    let whole = |sign| part("", connectivity.clone(), sign);
    let parts = if !down && legal(SignMode::Excitatory) {
        vec![whole(SignMode::Excitatory)]
    } else if !up && legal(SignMode::Inhibitory) {
        vec![whole(SignMode::Inhibitory)]
    } else if legal(SignMode::Mixed) {
        vec![whole(SignMode::Mixed)]
    } else {
        let of = |keep: fn(f64) -> bool| keep_weights(connectivity, keep);
        vec![
            part(" (excitatory)", of(|weight| weight > 0.0), SignMode::Excitatory),
            part(" (inhibitory)", of(|weight| weight < 0.0), SignMode::Inhibitory),
        ]
    };
    parts.into_iter().flatten().collect()
}

/// The same synapses with other weights than the kept ones set to zero.
fn keep_weights(connectivity: &Connectivity, keep: fn(f64) -> bool) -> Connectivity {
    let mut kept = connectivity.clone();
    let clear = |weight: &mut f64| {
        if !keep(*weight) {
            *weight = 0.0;
        }
    };
    match &mut kept {
        Connectivity::Dense { weights, .. } | Connectivity::OneToOne { weights } => {
            weights.iter_mut().for_each(clear);
        }
        Connectivity::Convolution { kernel, .. } => kernel.iter_mut().for_each(clear),
        Connectivity::Pooling { weight, .. } => clear(weight),
        Connectivity::Sparse { synapses, .. } => {
            synapses.iter_mut().for_each(|synapse| clear(&mut synapse.weight));
        }
    }
    kept
}

/// The words and registers of the core and program that bound the scale.
fn words(work: &Work<'_>) -> Words {
    let (program, core) = (&work.choice.program, work.core);
    let limit = |name: &str| {
        let declared = program.parameter_index(name).map(|index| &program.parameters()[index]);
        declared.map_or(f64::INFINITY, |declared| largest(declared, core.register(name)) as f64)
    };
    let state = |name: &str| {
        let word = program.state_index(name).map(|index| program.state()[index].width.range().high);
        word.map_or(f64::INFINITY, |high| high as f64)
    };
    let shift = f64::from(1_u32 << work.choice.binding.threshold_shift);
    let half = (1_u64 << (accumulator_bits(work) - 1)) as f64;
    Words {
        threshold: limit("vth") * shift,
        bias: limit("bias"),
        accumulator: half - 1.0,
        membrane: state("v"),
        current: state("u"),
        input_shift: core.weights.input_shift,
        exponents: (core.weights.exponent_min, core.weights.exponent_max),
    }
}

/// Bits of the accumulator: the core's, as far as the program reads them.
fn accumulator_bits(work: &Work<'_>) -> u32 {
    let program = work.choice.program.inputs().first().map_or(32, |input| input.width.bits);
    work.core.weights.accumulator_bits.min(program)
}

/// The delivery arithmetic of a projection.
fn delivery(work: &Work<'_>, exponent: i32) -> Result<Delivery, Diagnostic> {
    let input = work.choice.program.inputs().first();
    let overflow = match input.map(|input| input.overflow) {
        Some(InputOverflow::Saturate) => Overflow::Saturate,
        Some(InputOverflow::Wrap) | None => Overflow::Wrap,
    };
    let shift = work.core.weights.input_shift;
    Delivery::new(exponent, shift, accumulator_bits(work), overflow).ok_or_else(|| {
        let path = format!("core_types.{}.weights", work.core.name);
        let message = format!("no delivery arithmetic has exponent {exponent} and shift {shift}");
        Diagnostic::error(codes::NO_REGISTER, message)
            .at("chip", &path, "these widths")
            .help("narrow the exponent range or the accumulator")
    })
}

/// The integer synapses of a projection.
fn quantise_connections(part: &SignedPart, words: &Words, scale: f64, exponent: i32) -> Connections {
    let measure = scale::weight_measure(words, exponent);
    let integer = |weight: f64| scale::mantissa(weight, scale, part.stored, measure);
    let all = |weights: &[f64]| weights.iter().map(|&weight| integer(weight)).collect();
    match &part.connectivity {
        Connectivity::Dense { inputs, weights, .. } => {
            Connections::Dense { sources: *inputs as u32, weights: all(weights) }
        }
        Connectivity::Convolution { shape, kernel } => {
            Connections::Convolution { shape: kernel_shape(shape), weights: all(kernel) }
        }
        Connectivity::Pooling { channels, window, weight } => {
            let shape = ConvolutionShape {
                in_channels: *channels,
                out_channels: *channels,
                groups: *channels,
                window: *window,
            };
            let weights = vec![integer(*weight); shape.kernel_len()];
            Connections::Convolution { shape: kernel_shape(&shape), weights }
        }
        Connectivity::Sparse { .. } | Connectivity::OneToOne { .. } => {
            let connectivity = &part.connectivity;
            let (mut offsets, mut from, mut weights) = (vec![0], Vec::new(), Vec::new());
            for target in 0..connectivity.outputs() {
                connectivity.for_each_input_of(target, |source, weight| {
                    from.push(source as u32);
                    weights.push(integer(weight));
                });
                offsets.push(from.len() as u32);
            }
            Connections::Sparse { sources: connectivity.inputs() as u32, offsets, from, weights }
        }
    }
}

/// A convolution's geometry as the chip's kernels have it.
fn kernel_shape(shape: &ConvolutionShape) -> KernelShape {
    let pair = |pair: [usize; 2]| pair.map(|extent| extent as u32);
    let Window { input, output, kernel, stride, padding, dilation } = shape.window;
    let planes = |channels: usize, plane: [usize; 2]| {
        [channels as u32, plane[0] as u32, plane[1] as u32]
    };
    KernelShape {
        input: planes(shape.in_channels, input),
        output: planes(shape.out_channels, output),
        kernel: pair(kernel),
        stride: pair(stride),
        padding: pair(padding),
        dilation: pair(dilation),
        groups: shape.groups as u32,
    }
}

/// Root mean square of what rounding changed, relative to the weights' own.
fn relative_error(
    part: &SignedPart,
    made: &QuantisedProjection,
    words: &Words,
    scale: &Scale,
) -> f64 {
    let measure = scale::weight_measure(words, made.exponent);
    let stored = made.connections.stored_weights();
    let (mut wrong, mut whole) = (0.0, 0.0);
    for (weight, &held) in part.connectivity.stored_weights().zip(stored) {
        let held = f64::from(held) * measure / scale.value;
        wrong += (held - weight) * (held - weight);
        whole += weight * weight;
    }
    if whole == 0.0 { 0.0 } else { (wrong / whole).sqrt() }
}

/// The values of the program's parameters for every neuron.
fn quantise_parameters(
    work: &Work<'_>,
    scale: f64,
    quantised: &mut QuantisedNetwork,
    notes: &mut Vec<Diagnostic>,
) -> Result<QuantisedNeurons, Diagnostic> {
    let program = &work.choice.program;
    let model = work.model;
    let mut parameters = Vec::with_capacity(program.parameters().len());
    for declared in program.parameters() {
        let wanted: Option<Vec<f64>> = match declared.name.as_str() {
            "vth" => Some(thresholds(work, scale)),
            "bias" => Some(biases(work, scale, notes)),
            "dv" => Some(model.voltage_decay.iter().map(|keep| DECAY_ONE * (1.0 - keep)).collect()),
            "du" => Some(current_losses(model)),
            _ => None,
        };
        let register = work.core.register(&declared.name);
        let value = match wanted {
            None => ParameterValue::Shared(declared.default.into()),
            Some(wanted) => {
                let is_decay = matches!(declared.name.as_str(), "du" | "dv");
                let mut values = Vec::with_capacity(wanted.len());
                for (neuron, &wanted) in wanted.iter().enumerate() {
                    let top = largest(declared, register) as f64;
                    let wanted = if is_decay { wanted.clamp(0.0, top) } else { wanted };
                    let value = nearest(wanted, declared, register)
                        .ok_or_else(|| no_register(work, &declared.name, neuron, wanted))?;
                    values.push(value);
                }
                shared_if_equal(values)
            }
        };
        parameters.push(value);
    }
    warn_coarse_decays(work, program, &parameters, notes);
    let position = quantised.neuron_programs.iter().position(|known| known == program);
    let neuron_program = position.unwrap_or_else(|| {
        quantised.neuron_programs.push(program.clone());
        quantised.neuron_programs.len() - 1
    });
    Ok(QuantisedNeurons {
        core_type: work.choice.core_type,
        neuron_program: neuron_program as u32,
        parameters,
        inputs: vec![delivery(work, 0)?; program.inputs().len()],
    })
}

/// One value where all are equal.
fn shared_if_equal(values: Vec<i64>) -> ParameterValue {
    match values.split_first() {
        Some((first, rest)) if rest.iter().all(|value| value == first) => {
            ParameterValue::Shared(*first)
        }
        _ => ParameterValue::Each(values),
    }
}

/// Thresholds in the program's measure; programs fire strictly above them.
fn thresholds(work: &Work<'_>, scale: f64) -> Vec<f64> {
    let measure = f64::from(1_u32 << work.choice.binding.threshold_shift);
    let Some(firing) = &work.model.firing else { return Vec::new() };
    let thresholds = firing.threshold.iter().map(|threshold| threshold * scale / measure);
    match firing.comparison {
        Comparison::Greater => thresholds.collect(),
        // The largest threshold that a membrane at the wanted one is strictly above.
        Comparison::GreaterOrEqual => thresholds.map(|threshold| threshold.ceil() - 1.0).collect(),
    }
}

/// Constant inputs of the membrane, with what a constant current adds in the long run.
fn biases(work: &Work<'_>, scale: f64, notes: &mut Vec<Diagnostic>) -> Vec<f64> {
    let model = work.model;
    let mut replaced = false;
    let mut biases = Vec::with_capacity(model.voltage_bias.len());
    for (neuron, &bias) in model.voltage_bias.iter().enumerate() {
        let current = model.current_bias[neuron];
        let keep = model.current_decay.as_ref().map_or(0.0, |decay| decay[neuron]);
        replaced |= current != 0.0 && keep != 0.0;
        biases.push((bias + current / (1.0 - keep).max(f64::MIN_POSITIVE)) * scale);
    }
    if replaced {
        let message = format!(
            "`{}` has a constant input of its synaptic current, which `{}` can only give to the \
             membrane: the first steps will differ",
            work.population.name,
            work.choice.program.name()
        );
        notes.push(
            Diagnostic::warning(codes::CURRENT_BIAS, message)
                .at(work.source, &work.population.name, "biases before this node")
                .help("train without biases before neurons with a synaptic current"),
        );
    }
    biases
}

/// What the current loses each step, as the register counts: the offset bit loses one more.
fn current_losses(model: &NeuronModel) -> Vec<f64> {
    match &model.current_decay {
        Some(decay) => decay.iter().map(|keep| DECAY_ONE * (1.0 - keep) - 1.0).collect(),
        None => vec![DECAY_ONE - 1.0; model.voltage_decay.len()],
    }
}

/// Warns where a rounded decay makes a time constant far off.
fn warn_coarse_decays(
    work: &Work<'_>,
    program: &NeuronProgram,
    parameters: &[ParameterValue],
    notes: &mut Vec<Diagnostic>,
) {
    let decays = [
        ("dv", Some(&work.model.voltage_decay), 0.0),
        ("du", work.model.current_decay.as_ref(), 1.0),
    ];
    for (name, decays, offset) in decays {
        let (Some(index), Some(decays)) = (program.parameter_index(name), decays) else { continue };
        for (neuron, &keep) in (0..).zip(decays) {
            let (wanted, held) =
                (DECAY_ONE * (1.0 - keep), parameters[index].at(neuron) as f64 + offset);
            if (held - wanted).abs() <= COARSE_DECAY * wanted {
                continue;
            }
            let message = format!(
                "a decay of `{}` rounds from {wanted:.3}/4096 to {held}/4096 a step",
                work.population.name
            );
            notes.push(
                Diagnostic::warning(codes::COARSE_DECAY, message)
                    .at(work.source, &work.population.name, format!("neuron {neuron}, `{name}`"))
                    .help("import with a longer --dt, or train with a shorter time constant"),
            );
            break;
        }
    }
}

fn no_register(work: &Work<'_>, parameter: &str, neuron: usize, wanted: f64) -> Diagnostic {
    let message = format!(
        "`{parameter}` of `{}` would be {wanted:.0}, which its register cannot hold",
        work.population.name
    );
    let path = format!("core_types.{}.registers.{parameter}", work.core.name);
    Diagnostic::error(codes::NO_REGISTER, message)
        .at(work.source, &work.population.name, format!("neuron {neuron}"))
        .at("chip", &path, "this register")
        .help("thresholds must not be negative; biases not far above the threshold")
}

fn risk(work: &Work<'_>) -> Diagnostic {
    let message = format!(
        "sums of `{}` could leave their words if all its inputs fired at once; weights keep all \
         their bits instead",
        work.population.name
    );
    Diagnostic::note(codes::SCALE_RISK, message)
        .at(work.source, &work.population.name, "inputs of this node")
        .help("give the rates of a run to have this settled")
}

fn coarse_weights(work: &Work<'_>, projection: &str, error: f64) -> Diagnostic {
    let message = format!("weights of `{projection}` lose {:.0} % to rounding", error * 100.0);
    Diagnostic::warning(codes::COARSE_WEIGHTS, message)
        .at(work.source, &work.population.name, "weights into this node")
        .help("a few very large weights or biases set the scale: clip them in training")
}
