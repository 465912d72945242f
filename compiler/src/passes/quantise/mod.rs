//! Quantise: every number of the network in the chip's integers.

mod given;
mod parameters;
mod reset;
mod scale;
mod weights;

use quarrion_isa::chip::CoreType;
use quarrion_isa::delivery::{Delivery, Overflow};
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::id::PopulationId;
use quarrion_isa::join::JoinOp;
use quarrion_isa::neuron::{NeuronProgram, Overflow as InputOverflow};

use self::given::take_given;
use self::parameters::quantise_parameters;
use self::scale::{Incoming, Words};
use self::weights::{SignedPart, quantise_connections, relative_error, signed_parts};
pub(super) use reset::reset_name;

use super::registers::largest;
use super::{Choice, Draft, codes};
use crate::failure::CompileFailure;
use crate::network::{NeuronModel, Population, Projection, Role};
use crate::options::InputValues;
use crate::quantised::{
    QuantisedJoin, QuantisedNetwork, QuantisedNeurons, QuantisedPopulation, QuantisedProjection,
};

/// Relative error of a projection's weights that is worth a warning.
const COARSE_WEIGHTS: f64 = 0.1;

pub(super) fn run(draft: &mut Draft<'_>) -> Result<(), CompileFailure> {
    let network = draft.network;
    let mut quantised =
        QuantisedNetwork { name: network.name.clone(), ..QuantisedNetwork::default() };
    let mut order: Vec<usize> = (0..network.populations.len()).collect();
    order.sort_by_key(|&index| draft.ids[index]);
    let mut errors = Vec::new();
    let mut first_ordinal = 0_u32;
    // Inner compartments stand behind all populations of the network.
    let mut inner: Vec<QuantisedPopulation> = Vec::new();
    for index in order {
        let population = &network.populations[index];
        if population.is_output {
            quantised.output = draft.ids[index];
        }
        let mut made = blank(draft, index, first_ordinal);
        first_ordinal += made.size;
        if let Some(choice) = draft.choices[index].clone() {
            let core = &draft.chip.core_types[choice.core_type as usize];
            let ids = Ids {
                own: draft.ids[index],
                inner: PopulationId::from_index(network.populations.len() + inner.len()),
            };
            let result = match &population.role {
                Role::Input => continue,
                Role::Neurons(model) => {
                    let (choice, source) = (&choice, &network.name);
                    let work = Work { population, model, choice, core, source };
                    quantise_population(draft, (index, ids), &work, &mut quantised)
                }
                Role::Given(given) => take_given(draft, index, given, &choice, &mut quantised)
                    .map(|neurons| Made { scale: 1.0, neurons, dendrite: None }),
            };
            match result {
                Ok(Made { scale, neurons, dendrite }) => {
                    (made.scale, made.neurons) = (scale, Some(neurons));
                    if dendrite.is_some() {
                        made.join = Some(QuantisedJoin { op: JoinOp::Pass, from: vec![ids.inner] });
                        inner.push(QuantisedPopulation {
                            name: format!("{}.dendrite", made.name),
                            neurons: dendrite,
                            axon_delays: Vec::new(),
                            join: None,
                            part_of: Some(ids.own),
                            ..made.clone()
                        });
                    }
                }
                Err(found) => errors.push(found),
            }
        }
        quantised.populations.push(made);
    }
    if !errors.is_empty() {
        return Err(CompileFailure::Diagnostics(errors));
    }
    for mut part in inner {
        part.first_ordinal = first_ordinal;
        first_ordinal += part.size;
        quantised.populations.push(part);
    }
    draft.quantised = quantised;
    Ok(())
}

/// A population whose neurons are not known yet.
fn blank(draft: &Draft<'_>, index: usize, first_ordinal: u32) -> QuantisedPopulation {
    let population = &draft.network.populations[index];
    QuantisedPopulation {
        name: population.name.clone(),
        shape: population.shape.iter().map(|&extent| extent as u32).collect(),
        size: population.len() as u32,
        first_ordinal,
        phase: draft.phases[index],
        scale: 1.0,
        neurons: None,
        axon_delays: draft.waits[index].axon.clone(),
        join: None,
        part_of: None,
        sums_for: None,
    }
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

impl Work<'_> {
    /// The program of the compartment that takes the input.
    fn receiver(&self) -> &NeuronProgram {
        self.choice.dendrite.as_ref().unwrap_or(&self.choice.program)
    }
}

/// Ids in the program.
#[derive(Clone, Copy)]
struct Ids {
    own: PopulationId,
    /// That of its inner compartments, if it gets any.
    inner: PopulationId,
}

/// A quantised population.
struct Made {
    scale: f64,
    neurons: QuantisedNeurons,
    /// Its inner compartments.
    dendrite: Option<QuantisedNeurons>,
}

/// Chooses the scale, then quantises the projections onto the population and its parameters.
fn quantise_population(
    draft: &mut Draft<'_>,
    (index, ids): (usize, Ids),
    work: &Work<'_>,
    quantised: &mut QuantisedNetwork,
) -> Result<Made, Diagnostic> {
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
            let from_input =
                network.population(network.projections[part.id].source).role == Role::Input;
            let input = if from_input { draft.options.input } else { InputValues::Binary };
            Incoming { connectivity: &part.connectivity, rates, stored: part.stored, input }
        })
        .collect();
    let words = words(work);
    let scale = scale::choose(work.model, &incoming, &words).ok_or_else(|| {
        let message = format!("at no scale does `{}` fit its registers", work.population.name);
        Diagnostic::error(codes::NO_REGISTER, message)
            .at(work.source, &work.population.name, "thresholds, biases and weights of this node")
            .help("check for a threshold of zero or a bias far above it")
    })?;
    let mut quantise = |program: &NeuronProgram| {
        quantise_parameters(work, program, scale.value, quantised, &mut draft.notes)
    };
    let mut neurons = quantise(&work.choice.program)?;
    let dendrite = work.choice.dendrite.as_ref().map(&mut quantise).transpose()?;
    let target = if dendrite.is_some() { ids.inner } else { ids.own };
    if scale.risky {
        draft.notes.push(risk(work));
    }
    for (part, &exponent) in parts.iter().zip(&scale.exponents) {
        let projection = &network.projections[part.id];
        let measure = scale::weight_measure(&words, exponent);
        let connections = quantise_connections(part, measure, scale.value);
        let made = QuantisedProjection {
            name: format!("{}{}", projection.name, part.suffix),
            source: draft.ids[projection.source.index()],
            target,
            input: 0,
            delay: draft.delays[part.id],
            source_delays: draft.waits[projection.source.index()].synapses.clone(),
            delivery: delivery(work, exponent)?,
            exponent,
            error: relative_error(part, &connections, measure, scale.value),
            connections,
            learning: None,
        };
        if made.error > COARSE_WEIGHTS {
            draft.notes.push(coarse_weights(work, &made));
        }
        quantised.projections.push(made);
    }
    if dendrite.is_some() {
        let (reset, grain) = reset::connect(work, &mut neurons, (ids.own, ids.inner))?;
        quantised.projections.push(reset);
        draft.notes.push(reset::note(work, grain));
    }
    Ok(Made { scale: scale.value, neurons, dendrite })
}

/// The words and registers of the core and program that bound the scale.
fn words(work: &Work<'_>) -> Words {
    let (program, core) = (work.receiver(), work.core);
    let limit = |program: &NeuronProgram, name: &str| {
        let declared = program.parameter_index(name).map(|index| &program.parameters()[index]);
        declared.map_or(f64::INFINITY, |declared| largest(declared, core.register(name)) as f64)
    };
    let state = |name: &str| {
        let word = program.state_index(name).map(|index| program.state()[index].width.range().high);
        word.map_or(f64::INFINITY, |high| high as f64)
    };
    let shift = f64::from(1_u32 << work.choice.threshold_shift);
    let half = (1_u64 << (accumulator_bits(work) - 1)) as f64;
    let mut threshold = limit(&work.choice.program, "vth");
    if work.choice.dendrite.is_some() {
        threshold = threshold.min(reset::largest_threshold(work));
    }
    Words {
        threshold: threshold * shift,
        reset_input: if work.choice.dendrite.is_some() { 1.0 } else { 0.0 },
        bias: limit(program, "bias"),
        accumulator: half - 1.0,
        membrane: state("v"),
        current: state("u"),
        input_shift: core.weights.input_shift,
        exponents: (core.weights.exponent_min, core.weights.exponent_max),
    }
}

/// Bits of the accumulator: the core's, as far as the program reads them.
fn accumulator_bits(work: &Work<'_>) -> u32 {
    let program = work.receiver().inputs().first().map_or(32, |input| input.width.bits);
    work.core.weights.accumulator_bits.min(program)
}

/// The delivery arithmetic of a projection.
fn delivery(work: &Work<'_>, exponent: i32) -> Result<Delivery, Diagnostic> {
    let input = work.receiver().inputs().first();
    let overflow = match input.map(|input| input.overflow) {
        Some(InputOverflow::Saturate) => Overflow::Saturate,
        Some(InputOverflow::Wrap) | None => Overflow::Wrap,
    };
    let shift = work.core.weights.input_shift;
    let made = Delivery::new(exponent, shift, accumulator_bits(work), overflow);
    let made = made.ok_or_else(|| {
        let path = format!("core_types.{}.weights", work.core.name);
        let message = format!("no delivery arithmetic has exponent {exponent} and shift {shift}");
        Diagnostic::error(codes::NO_REGISTER, message)
            .at("chip", &path, "these widths")
            .help("narrow the exponent range or the accumulator")
    })?;
    Ok(made.rounding(work.core.weights.exponent_rounding))
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

fn coarse_weights(work: &Work<'_>, projection: &QuantisedProjection) -> Diagnostic {
    let (name, percent) = (&projection.name, projection.error * 100.0);
    let message = format!("weights of `{name}` lose {percent:.0} % to rounding");
    Diagnostic::warning(codes::COARSE_WEIGHTS, message)
        .at(work.source, &work.population.name, "weights into this node")
        .help("a few very large weights or biases set the scale: clip them in training")
}
