//! Split: neurons with more input than a core holds, into partial sums.
//!
//! On chips whose spikes carry numbers the input of a neuron can be summed on several cores: each
//! sums the spikes of some of the sources and sends its sum on as a payload; the neuron adds the
//! sums, one step later. Sums that wrap do not mind the order, nor do those that cannot reach the
//! end of a word, so the result is the same spike for spike: what would not be exact is refused.
//! `compile` asks for a split where a neuron alone does not fit; balance has left the step that it
//! takes.

use quarrion_isa::chip::CoreType;
use quarrion_isa::delivery::{Delivery, DeliverySettings, Overflow, Scaling, SynapseMode};
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::id::PopulationId;
use quarrion_isa::neuron::{NeuronProgram, library};
use quarrion_isa::program::ParameterValue;
use quarrion_isa::synapse::KernelShape;

use super::balance::{shifted_by, steps_onto};
use super::lists::widest_weights;
use super::select::may_run;
use super::{Draft, codes};
use crate::failure::CompileFailure;
use crate::infeasible::DoesNotFit;
use crate::layout::{MOST_SUMS, Sums, sum_name};
use crate::network::Role;
use crate::options::InputValues;
use crate::quantised::{
    Connections, QuantisedNetwork, QuantisedNeurons, QuantisedPopulation, QuantisedProjection,
};

/// The shipped program that sends its input on.
const PROGRAM: &str = "graded_vec";

pub(super) fn run(draft: &mut Draft<'_>) -> Result<(), CompileFailure> {
    for (whole, parts) in draft.sums.clone() {
        check_exact(draft).map_err(|why| refusal(draft, whole, &why))?;
        let neurons = draft.quantised.population(whole).neurons.clone();
        let neurons = neurons.ok_or_else(|| refusal(draft, whole, "it is an input"))?;
        let core = &draft.chip.core_types[neurons.core_type as usize];
        let split = Split { whole, parts, core, neurons, input: draft.options.input };
        split.apply(&mut draft.quantised).map_err(|why| refusal(draft, whole, &why))?;
        let note = note(draft, whole, parts);
        draft.notes.push(note);
    }
    Ok(())
}

/// The program of partial sums, where a kind of core has what they take.
pub(crate) fn sum_program(core: &CoreType) -> Result<NeuronProgram, String> {
    let shipped = library::find(PROGRAM);
    let program = shipped.and_then(|one| NeuronProgram::parse(one.text, PROGRAM).ok());
    program.filter(|program| may_run(core, program)).ok_or_else(|| {
        format!("core type `{}` has none: its cores do not run `{PROGRAM}`", core.name)
    })
}

/// The sums with which to try again when a neuron alone is too large, or why that would not help.
pub(crate) fn more_sums(draft: &Draft<'_>, short: &DoesNotFit) -> Result<Sums, String> {
    let failed = short.population.ok_or("no neuron alone is too large")?;
    let (whole, of_sums) = draft.sums.whole_of(failed, draft.network.populations.len());
    let parts = u64::from(draft.sums.parts_of(whole).unwrap_or(1));
    if parts > 1 && !of_sums {
        return Err(format!("a neuron alone takes no more than {} of them", short.bound));
    }
    let wanted = (parts * short.total()).div_ceil(short.bound.max(1)).max(parts + 1);
    let index = draft.ids.iter().position(|&id| id == whole).ok_or("it is no layer")?;
    let choice = draft.choices[index].as_ref().ok_or("it is an input")?;
    sum_program(&draft.chip.core_types[choice.core_type as usize])?;
    if wanted > MOST_SUMS.into() {
        return Err(format!("it would take {wanted} of them, and {MOST_SUMS} are tried"));
    }
    Ok(draft.sums.with(whole, wanted as u32))
}

/// Checks that partial sums, found or given by a mapping, change nothing but time.
fn check_exact(draft: &Draft<'_>) -> Result<(), String> {
    if !draft.options.learning.is_empty() {
        return Err("the network learns, and no rule reaches over them".into());
    }
    if draft.choices.iter().flatten().any(|choice| choice.dendrite.is_some()) {
        return Err("neurons take several compartments here".into());
    }
    let whole = steps_onto(draft, &Sums::default());
    shifted_by(draft, &whole, &steps_onto(draft, &draft.sums))
}

/// One population on its way into sums.
struct Split<'a> {
    whole: PopulationId,
    parts: u32,
    core: &'a CoreType,
    neurons: QuantisedNeurons,
    input: InputValues,
}

impl Split<'_> {
    /// Adds the populations of sums, and leads the projections over them.
    fn apply(&self, network: &mut QuantisedNetwork) -> Result<(), String> {
        let program = sum_program(self.core)?;
        let (weight, exponent) = self.stored_one()?;
        let input = self.neurons.inputs.first().ok_or("its neurons have no input")?;
        let summed = unshifted(input)?;
        let (onto, others): (Vec<_>, Vec<_>) = std::mem::take(&mut network.projections)
            .into_iter()
            .partition(|projection| projection.target == self.whole);
        network.projections = others;
        if onto.iter().any(|projection| projection.input != 0) {
            return Err("its neurons have several inputs".into());
        }
        let defaults = program.parameters().iter();
        let parameters = defaults.map(|one| ParameterValue::Shared(one.default.into())).collect();
        if input.settings().overflow == Overflow::Saturate {
            self.check_room(network, &onto, input)?;
        }
        let neurons = QuantisedNeurons {
            core_type: self.neurons.core_type,
            neuron_program: network.program_position(&program),
            parameters,
            inputs: vec![summed],
        };
        for part in 0..self.parts {
            let id = PopulationId::from_index(network.populations.len());
            let population = self.population(network, part, neurons.clone());
            for projection in &onto {
                network.projections.push(self.share(projection, part, id)?);
            }
            let settings = DeliverySettings { exponent, ..*input.settings() };
            network.projections.push(QuantisedProjection {
                name: format!("{} -> {}", population.name, network.population(self.whole).name),
                source: id,
                target: self.whole,
                input: 0,
                delay: 0,
                source_delays: Vec::new(),
                delivery: Delivery::check(settings).map_err(|found| found.message)?,
                exponent,
                connections: one_to_one(population.size, weight),
                learning: None,
                error: 0.0,
            });
            network.populations.push(population);
        }
        Ok(())
    }

    /// Checks that no sum can reach the end of a word that saturates, whatever spikes.
    fn check_room(
        &self,
        network: &QuantisedNetwork,
        onto: &[QuantisedProjection],
        input: &Delivery,
    ) -> Result<(), String> {
        let graded = |projection: &&QuantisedProjection| {
            let source = network.population(projection.source).neurons.as_ref();
            source.map_or(self.input != InputValues::Binary, |neurons| {
                network.neuron_program(neurons).payload_bits() > 0
            })
        };
        if let Some(projection) = onto.iter().find(graded) {
            return Err(format!("its sums saturate, and `{}` carries numbers", projection.name));
        }
        let DeliverySettings { accumulator_bits, input_shift, .. } = *input.settings();
        let most = ((1_i64 << (accumulator_bits - 1)) - 1) >> input_shift;
        for neuron in 0..network.population(self.whole).size {
            let mut sum = 0_i64;
            for projection in onto {
                let summed = unshifted(&projection.delivery)?;
                projection.connections.for_each_input_of(neuron, |_, weight| {
                    sum += summed.contribution(weight, 1).abs();
                });
            }
            if sum > most {
                return Err("its sums could saturate, and then their order would count".into());
            }
        }
        Ok(())
    }

    /// The population of one sum per neuron.
    fn population(
        &self,
        network: &QuantisedNetwork,
        part: u32,
        neurons: QuantisedNeurons,
    ) -> QuantisedPopulation {
        let whole = network.population(self.whole);
        let last = network.populations.last().map_or(0, |last| last.first_ordinal + last.size);
        QuantisedPopulation {
            name: sum_name(&whole.name, part, self.parts),
            first_ordinal: last,
            phase: whole.phase - 1,
            neurons: Some(neurons),
            axon_delays: Vec::new(),
            join: None,
            part_of: None,
            sums_for: Some(self.whole),
            ..whole.clone()
        }
    }

    /// A stored weight and an exponent that count one together.
    fn stored_one(&self) -> Result<(i32, i32), String> {
        let rules = &self.core.weights;
        let steps = rules.signs.iter().filter_map(|&sign| widest_weights(self.core, sign));
        let exponents = rules.exponent_min..=rules.exponent_max;
        let mut ones = steps.filter_map(|(_, high, step)| {
            let exponent = -step.checked_ilog2()?.cast_signed();
            let counts_one = step == 1 << -exponent && step <= high;
            (counts_one && exponents.contains(&exponent)).then_some((step, exponent))
        });
        ones.next().ok_or_else(|| "no stored weight counts one".into())
    }

    /// The synapses of a projection whose sources belong to one sum.
    fn share(
        &self,
        projection: &QuantisedProjection,
        part: u32,
        target: PopulationId,
    ) -> Result<QuantisedProjection, String> {
        let connections = share_of(&projection.connections, part, self.parts);
        Ok(QuantisedProjection {
            name: format!("{} ({} of {})", projection.name, part + 1, self.parts),
            target,
            delivery: unshifted(&projection.delivery)?,
            connections,
            source_delays: projection.source_delays.clone(),
            ..*projection
        })
    }
}

/// The same delivery without the shift, which the neuron applies to the sums.
///
/// # Errors
/// Why sums of sums would differ from the sum.
fn unshifted(delivery: &Delivery) -> Result<Delivery, String> {
    let settings = *delivery.settings();
    if settings.scaling == Scaling::Sum && settings.exponent < 0 {
        return Err("its sums are rounded after they are made".into());
    }
    if settings.contribution_bits.is_some() || settings.synapse != SynapseMode::Plain {
        return Err("what one synapse adds is clipped or drawn".into());
    }
    let settings = DeliverySettings { input_shift: 0, ..settings };
    Delivery::check(settings).map_err(|found| found.message)
}

/// Whether source `index` of `count` belongs to a part.
fn belongs(index: u32, count: u32, (part, parts): (u32, u32)) -> bool {
    let bound = |part: u32| u64::from(count) * u64::from(part) / u64::from(parts);
    (bound(part)..bound(part + 1)).contains(&index.into())
}

/// The synapses of a share of the sources: of a convolution, of a share of its input channels, as
/// long as there is one for every share.
fn share_of(connections: &Connections, part: u32, parts: u32) -> Connections {
    if let Connections::Convolution { shape, weights } = connections
        && parts <= shape.group_inputs()
    {
        let weights = share_of_kernel(shape, weights, (part, parts));
        return Connections::Convolution { shape: *shape, weights };
    }
    let sources = connections.sources();
    let (mut offsets, mut from, mut weights) = (vec![0], Vec::new(), Vec::new());
    for target in 0..connections.targets() {
        connections.for_each_input_of(target, |source, weight| {
            if belongs(source, sources, (part, parts)) {
                from.push(source);
                weights.push(weight);
            }
        });
        offsets.push(from.len() as u32);
    }
    Connections::Sparse { sources, offsets, from, weights }
}

fn share_of_kernel(shape: &KernelShape, weights: &[i32], part: (u32, u32)) -> Vec<i32> {
    let channels = shape.group_inputs();
    let taps = shape.kernel[0] * shape.kernel[1];
    let channel = |at: u32| at / taps.max(1) % channels.max(1);
    let kept = |at: u32| belongs(channel(at), channels, part);
    (0..).zip(weights).map(|(at, &weight)| if kept(at) { weight } else { 0 }).collect()
}

/// Source i reaches target i.
fn one_to_one(size: u32, weight: i32) -> Connections {
    Connections::Sparse {
        sources: size,
        offsets: (0..=size).collect(),
        from: (0..size).collect(),
        weights: vec![weight; size as usize],
    }
}

fn refusal(draft: &Draft<'_>, whole: PopulationId, why: &str) -> CompileFailure {
    let name = &draft.quantised.population(whole).name;
    let message = format!("the input of `{name}` cannot be summed in parts: {why}");
    let found = Diagnostic::error(codes::PARTIAL_SUMS, message)
        .at(&draft.network.name, name, "a mapping wants this layer's input summed in parts")
        .help("let `quarrion map` write a mapping without them, or choose another chip");
    CompileFailure::Diagnostics(vec![found])
}

fn note(draft: &Draft<'_>, whole: PopulationId, parts: u32) -> Diagnostic {
    let population = draft.quantised.population(whole);
    let message = format!(
        "the input of `{}` is summed in {parts} parts, as no core holds that of one neuron: {} \
         compartments more, and one step",
        population.name,
        u64::from(parts) * u64::from(population.size)
    );
    let role = match draft.network.populations.iter().find(|one| one.name == population.name) {
        Some(one) if matches!(one.role, Role::Given(_)) => "the integers stay as they are",
        _ => "the result is the same",
    };
    Diagnostic::note(codes::PARTIAL_SUMS, message)
        .at(&draft.chip.name, "payload_bits", "spikes carry the sums")
        .help(format!(
            "{role}; `{}` and the rest stand in tables like any layer",
            sum_name(&population.name, 0, parts)
        ))
}
