//! Given neurons: integers that the network file gives are checked against the chip, and kept.

use quarrion_isa::chip::{CoreType, SignMode};
use quarrion_isa::delivery::{Delivery, Overflow};
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::neuron::Overflow as InputOverflow;
use quarrion_isa::program::ParameterValue;

use super::weights::{SignedPart, keep_weights, quantise_connections, signed_parts};
use super::{Choice, Draft};
use crate::network::{GivenNeurons, GivenSynapses, Population, Projection};
use crate::passes::codes;
use crate::passes::lists::widest_weights;
use crate::passes::registers::nearest;
use crate::quantised::{QuantisedNetwork, QuantisedNeurons, QuantisedProjection};

/// One population of given neurons on its way onto the chip.
struct Given<'a> {
    population: &'a Population,
    neurons: &'a GivenNeurons,
    choice: &'a Choice,
    core: &'a CoreType,
    /// The network's name, for messages.
    source: &'a str,
}

/// Takes over the integers of a population and of the projections onto it.
///
/// # Errors
/// An integer that the chip or the program cannot hold.
pub(super) fn take_given(
    draft: &Draft<'_>,
    index: usize,
    neurons: &GivenNeurons,
    choice: &Choice,
    quantised: &mut QuantisedNetwork,
) -> Result<QuantisedNeurons, Diagnostic> {
    let network = draft.network;
    let population = &network.populations[index];
    let core = &draft.chip.core_types[choice.core_type as usize];
    let given = Given { population, neurons, choice, core, source: &network.name };
    let program = &choice.program;
    let parameters = given.parameters()?;
    for (id, projection) in network.projections.iter().enumerate() {
        if projection.target.index() != index {
            continue;
        }
        let meant = projection.given.unwrap_or(GivenSynapses { input: 0, exponent: 0 });
        let waits = &draft.waits[projection.source.index()];
        let axon = waits.axon.iter().max().copied().unwrap_or(0);
        let stored = draft.delays[id] + waits.longest_in_synapses();
        given.check_delay(projection, stored, axon)?;
        let (parts, exponent) = given.exact_parts(id, projection, meant)?;
        let delivery = given.delivery(meant.input, exponent)?;
        let measure = 2_f64.powi(exponent - meant.exponent);
        for part in parts {
            quantised.projections.push(QuantisedProjection {
                name: format!("{}{}", projection.name, part.suffix),
                source: draft.ids[projection.source.index()],
                target: draft.ids[index],
                input: meant.input,
                delay: draft.delays[id],
                source_delays: waits.synapses.clone(),
                delivery,
                exponent,
                error: 0.0,
                connections: quantise_connections(&part, measure, 1.0),
                learning: None,
            });
        }
    }
    let inputs = (0..).zip(program.inputs()).map(|(input, _)| given.delivery(input, 0));
    Ok(QuantisedNeurons {
        core_type: choice.core_type,
        neuron_program: quantised.program_position(program),
        parameters,
        inputs: inputs.collect::<Result<_, _>>()?,
    })
}

impl Given<'_> {
    /// Values of the program's parameters, each one that its register holds exactly.
    fn parameters(&self) -> Result<Vec<ParameterValue>, Diagnostic> {
        let program = &self.choice.program;
        let mut parameters = Vec::with_capacity(program.parameters().len());
        for declared in program.parameters() {
            let mut named = self.neurons.parameters.iter();
            let Some((_, value)) = named.find(|(name, _)| *name == declared.name) else {
                parameters.push(ParameterValue::Shared(declared.default.into()));
                continue;
            };
            let register = self.core.register(&declared.name);
            let values = match value {
                ParameterValue::Shared(value) => std::slice::from_ref(value),
                ParameterValue::Each(values) => values,
            };
            let exact = |value: i64| nearest(value as f64, declared, register) == Some(value);
            if let Some(neuron) = values.iter().position(|&value| !exact(value)) {
                let message = format!(
                    "`{}` of `{}` is {}, which its register cannot hold as it is",
                    declared.name, self.population.name, values[neuron]
                );
                let path = format!("core_types.{}.registers.{}", self.core.name, declared.name);
                return Err(Diagnostic::error(codes::GIVEN_INTEGER, message)
                    .at(self.source, &self.population.name, format!("neuron {neuron}"))
                    .at("chip", &path, "this register")
                    .help("train with the ranges of this chip, or choose a chip with wider ones"));
            }
            parameters.push(value.clone());
        }
        Ok(parameters)
    }

    /// Refuses a delay that the chip does not store.
    fn check_delay(
        &self,
        projection: &Projection,
        delay: u32,
        axon: u32,
    ) -> Result<(), Diagnostic> {
        let most = self.core.delay_max;
        if delay <= most {
            return Ok(());
        }
        let beside = match axon {
            0 => String::new(),
            axon => format!(" beside {axon} in the axon"),
        };
        let message = format!(
            "the synapses of `{}` wait {delay} steps{beside}, and the chip stores delays up to \
             {most}",
            projection.name
        );
        let path = format!("core_types.{}.delay_max", self.core.name);
        Err(Diagnostic::error(codes::GIVEN_DELAY, message)
            .at(self.source, &self.population.name, "spikes into this layer")
            .at("chip", &path, "the longest delay")
            .help("train with shorter delays, or choose a chip with longer ones"))
    }

    /// The projection as lists that hold every weight exactly, and their exponent.
    ///
    /// The file's own exponent is tried first, then the others; and one list for both signs before
    /// one for each, as a list of both signs loses a bit.
    fn exact_parts(
        &self,
        id: usize,
        projection: &Projection,
        meant: GivenSynapses,
    ) -> Result<(Vec<SignedPart>, i32), Diagnostic> {
        let rules = &self.core.weights;
        let others = rules.exponent_min..=rules.exponent_max;
        let own = std::iter::once(meant.exponent).filter(|own| others.contains(own));
        let exponents: Vec<i32> = own.chain(others.clone()).collect();
        let whole = signed_parts(id, projection, self.core);
        let apart = [
            (" (excitatory)", SignMode::Excitatory, (|weight| weight > 0.0) as fn(f64) -> bool),
            (" (inhibitory)", SignMode::Inhibitory, |weight| weight < 0.0),
        ];
        let apart: Option<Vec<SignedPart>> = apart
            .into_iter()
            .map(|(suffix, sign, keep)| {
                let legal = rules.signs.contains(&sign);
                let stored = widest_weights(self.core, sign).filter(|_| legal)?;
                let connectivity = keep_weights(&projection.connectivity, keep);
                Some(SignedPart { id, suffix, connectivity, stored })
            })
            .collect();
        for parts in [Some(whole), apart].into_iter().flatten() {
            let held = |exponent: &i32| {
                let factor = 2_f64.powi(meant.exponent - exponent);
                parts.iter().all(|part| holds(part, factor))
            };
            if let Some(exponent) = exponents.iter().copied().find(held) {
                return Ok((parts, exponent));
            }
        }
        Err(self.weight_out_of_range(projection, meant))
    }

    fn weight_out_of_range(&self, projection: &Projection, meant: GivenSynapses) -> Diagnostic {
        let largest = projection.connectivity.largest_weight();
        let rules = &self.core.weights;
        let signs = [SignMode::Mixed, SignMode::Excitatory, SignMode::Inhibitory];
        let legal = signs.into_iter().filter(|sign| rules.signs.contains(sign));
        let ranges: Vec<String> = legal
            .filter_map(|sign| widest_weights(self.core, sign))
            .map(|(low, high, step)| match step {
                1 => format!("{low}..{high}"),
                step => format!("{low}..{high} in steps of {step}"),
            })
            .collect();
        let message = format!(
            "the weights of `{}` reach {} in magnitude, and no list of the chip holds them all as \
             they are",
            projection.name,
            largest * 2_f64.powi(meant.exponent)
        );
        let stores = format!(
            "stores {}, times 2^{} to 2^{}",
            ranges.join(", or "),
            rules.exponent_min,
            rules.exponent_max
        );
        Diagnostic::error(codes::GIVEN_WEIGHT, message)
            .at(self.source, &self.population.name, "weights into this layer")
            .at("chip", &format!("core_types.{}.weights", self.core.name), stores)
            .help("train with the chip's weight range, or choose a chip with a wider one")
    }

    /// The delivery arithmetic of one input of the program.
    fn delivery(&self, input: u32, exponent: i32) -> Result<Delivery, Diagnostic> {
        let declared = self.choice.program.inputs().get(input as usize);
        let bits = declared.map_or(32, |input| input.width.bits);
        let overflow = match declared.map(|input| input.overflow) {
            Some(InputOverflow::Saturate) => Overflow::Saturate,
            Some(InputOverflow::Wrap) | None => Overflow::Wrap,
        };
        let bits = bits.min(self.core.weights.accumulator_bits);
        let shift = self.neurons.input_shift;
        let made = Delivery::new(exponent, shift, bits, overflow);
        let made = made.ok_or_else(|| {
            let message =
                format!("no delivery arithmetic has exponent {exponent} and shift {shift}");
            Diagnostic::error(codes::NO_REGISTER, message)
                .at("chip", &format!("core_types.{}.weights", self.core.name), "these widths")
                .help("narrow the exponent range or the accumulator")
        })?;
        Ok(made.rounding(self.core.weights.exponent_rounding))
    }
}

/// Whether a list holds every weight of the part, times `factor`, exactly.
fn holds(part: &SignedPart, factor: f64) -> bool {
    let (low, high, step) = part.stored;
    let held = |weight: f64| {
        let stored = weight * factor;
        (f64::from(low)..=f64::from(high)).contains(&stored)
            && (stored / f64::from(step)).fract() == 0.0
    };
    part.connectivity.stored_weights().all(held)
}
