//! Reset by subtraction where no compartment subtracts: a synapse to the neuron's own dendrite.
//!
//! A spike of step t sends the threshold, with a negative sign, to the inner compartment, which
//! reads it at t + 1 together with the input of that step. The membrane is then what it would be
//! had the threshold been taken off at once, as long as
//!
//! * nothing leaks: neither membrane nor current (the select pass offers it only then),
//! * the weight is the threshold exactly: thresholds are multiples of what a weight can store,
//! * the sum of a step's input and the reset fits the accumulator: the scale leaves room for it.

use quarrion_isa::chip::{CoreType, SignMode};
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::id::PopulationId;
use quarrion_isa::program::ParameterValue;

use super::{Work, delivery};
use crate::passes::codes;
use crate::passes::lists::widest_weights;
use crate::quantised::{Connections, QuantisedNeurons, QuantisedProjection};

/// The name of the projection by which a population resets itself.
pub(in crate::passes) fn reset_name(population: &str) -> String {
    format!("{population} reset")
}

/// One exponent of the reset synapses: thresholds are multiples of `grain` up to `largest`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Lattice {
    exponent: i32,
    /// Threshold that a weight of -1 takes off.
    unit: i64,
    /// Step between the thresholds that weights can be.
    grain: i64,
    largest: i64,
}

/// What the core's weights can take off, for every exponent, finest first.
fn lattices(core: &CoreType, threshold_shift: u32) -> Vec<Lattice> {
    let weights = &core.weights;
    let legal = |sign: &SignMode| weights.signs.contains(sign);
    let sign = [SignMode::Inhibitory, SignMode::Mixed].into_iter().find(legal);
    let Some((low, _, step)) = sign.and_then(|sign| widest_weights(core, sign)) else {
        return Vec::new();
    };
    let shift = i64::from(weights.input_shift) - i64::from(threshold_shift);
    let lattice = |exponent: i32| {
        // Below zero a weight would be rounded on its way.
        let places = u32::try_from(i64::from(exponent) + shift).ok().filter(|&p| p < 32)?;
        let unit = 1_i64 << places;
        let (grain, largest) = (i64::from(step) << places, -i64::from(low) << places);
        Some(Lattice { exponent, unit, grain, largest })
    };
    (weights.exponent_min.max(0)..=weights.exponent_max).filter_map(lattice).collect()
}

/// The largest threshold that a reset synapse takes off.
pub(super) fn largest_threshold(work: &Work<'_>) -> f64 {
    let all = lattices(work.core, work.choice.threshold_shift);
    all.last().map_or(0.0, |lattice| lattice.largest as f64)
}

/// Rounds the thresholds of `neurons` to what a weight can be, and makes the reset synapses.
pub(super) fn connect(
    work: &Work<'_>,
    neurons: &mut QuantisedNeurons,
    (source, target): (PopulationId, PopulationId),
) -> Result<(QuantisedProjection, i64), Diagnostic> {
    let refused = || {
        let message = format!(
            "no weight takes the threshold off `{}`, which is reset by subtraction",
            work.population.name
        );
        let path = format!("core_types.{}.weights", work.core.name);
        Diagnostic::error(codes::NO_REGISTER, message)
            .at("chip", &path, "these widths and exponents")
            .help("import with `--reset zero`")
    };
    let vth = work.choice.program.parameter_index("vth").ok_or_else(refused)?;
    let size = work.population.len() as u32;
    let thresholds: Vec<i64> = (0..size).map(|n| neurons.parameters[vth].at(n)).collect();
    let most = thresholds.iter().copied().max().unwrap_or(0);
    let all = lattices(work.core, work.choice.threshold_shift);
    let lattice = all.iter().find(|lattice| most <= lattice.largest).ok_or_else(refused)?;
    let rounded = |&threshold: &i64| {
        let steps = (threshold + lattice.grain / 2) / lattice.grain;
        let steps = if threshold > 0 { steps.max(1) } else { steps };
        (steps * lattice.grain).min(lattice.largest)
    };
    let held: Vec<i64> = thresholds.iter().map(rounded).collect();
    // A weight has at most 16 bits.
    let weights = held.iter().map(|threshold| -(threshold / lattice.unit) as i32).collect();
    neurons.parameters[vth] = match held.first() {
        Some(first) if held.iter().all(|one| one == first) => ParameterValue::Shared(*first),
        _ => ParameterValue::Each(held),
    };
    let projection = QuantisedProjection {
        name: reset_name(&work.population.name),
        source,
        target,
        input: 0,
        delay: 0,
        source_delays: Vec::new(),
        delivery: delivery(work, lattice.exponent)?,
        exponent: lattice.exponent,
        connections: Connections::Sparse {
            sources: size,
            offsets: (0..=size).collect(),
            from: (0..size).collect(),
            weights,
        },
        error: 0.0,
        learning: None,
    };
    Ok((projection, lattice.grain))
}

/// What a reader should know of a population whose neurons take two compartments.
pub(super) fn note(work: &Work<'_>, grain: i64) -> Diagnostic {
    let size = work.population.len();
    let message = format!(
        "a neuron of `{}` takes two compartments, since a reset by subtraction needs a second one: \
         {} compartments for {size} neurons, all updated in every timestep, and a packet to itself \
         for every spike",
        work.population.name,
        2 * size,
    );
    let label = format!("thresholds are multiples of {grain}");
    Diagnostic::note(codes::TWO_COMPARTMENTS, message)
        .at(work.source, &work.population.name, label)
        .help("import with `--reset zero` for one compartment a neuron")
}
