//! The scale of a population: how many of the chip's units one of the network's is.
//!
//! All numbers that meet in a membrane share one scale: weights, biases, thresholds. The larger it
//! is, the finer everything is resolved, until a register or a sum is full:
//!
//! * *hard* bound: threshold, bias and weights fit their registers;
//! * *safe* bound: no sum leaves its word even if every input fires at once;
//! * *expected* bound: the same if inputs fire as the rates say, plus six standard deviations;
//!   where inputs have payloads, all of those at their worst.
//!
//! The safe bound is kept unless it would cost weight precision; then the scale rises until the
//! widest weights use all their bits, but not above the expected bound. Below the bound the scale
//! is one at which the largest weight of some projection is the largest stored one, exactly: of
//! those, one with the least error over all weights, and then the largest.

use crate::network::{Connectivity, NeuronModel};
use crate::options::InputValues;

/// Share of the inputs that fire at once where nobody knows the rates.
const DEFAULT_RATE: f64 = 0.25;
/// Standard deviations above the expected input that must not overflow.
const DEVIATIONS: f64 = 6.0;
/// Steps after which a drift of the membrane without leak is cut off in the bounds.
const DRIFT_STEPS: f64 = 128.0;
/// Errors this close count as equal, so that the larger scale is taken.
const ERROR_TOLERANCE: f64 = 1.01;

/// A projection as the scale sees it.
pub(super) struct Incoming<'a> {
    pub(super) connectivity: &'a Connectivity,
    /// Spikes per step of each source; `None` where unknown.
    pub(super) rates: Option<&'a [f64]>,
    /// Smallest and largest stored weight, and the step between stored weights.
    pub(super) stored: (i32, i32, i32),
    /// What its sources send.
    pub(super) input: InputValues,
}

impl Incoming<'_> {
    /// Largest magnitude of a constant input that comes as a bias instead of spikes.
    fn constant(&self) -> f64 {
        match self.input {
            InputValues::Images { largest } => largest,
            InputValues::Binary | InputValues::Payloads { .. } => 0.0,
        }
    }

    /// Smallest and largest payload of its spikes beside none; `None` where they count one.
    fn payloads(&self) -> Option<(f64, f64)> {
        match self.input {
            InputValues::Payloads { low, high } => Some((low.min(0).into(), high.max(0).into())),
            InputValues::Binary | InputValues::Images { .. } => None,
        }
    }
}

/// The words and registers that bound a scale, in chip units.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    /// Largest threshold.
    pub(super) threshold: f64,
    /// Largest bias.
    pub(super) bias: f64,
    /// Share of the threshold that comes back as input after a spike: 1 where a synapse takes it
    /// off, else 0.
    pub(super) reset_input: f64,
    /// Largest sum of one step's input.
    pub(super) accumulator: f64,
    /// Largest magnitude of the membrane.
    pub(super) membrane: f64,
    /// Largest magnitude of the current.
    pub(super) current: f64,
    /// Left shift from weight to accumulator.
    pub(super) input_shift: u32,
    /// Weight exponents.
    pub(super) exponents: (i32, i32),
}

/// The scale chosen, with the exponent of each projection.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scale {
    pub(super) value: f64,
    pub(super) exponents: Vec<i32>,
    /// Whether sums could leave their words if every input fired at once.
    pub(super) risky: bool,
}

/// What enters a population in one step, at most over its neurons, in network units.
#[derive(Clone, Copy, Debug, Default)]
struct Drive {
    /// Largest input of one step.
    input: f64,
    /// Largest reach of the current.
    current: f64,
    /// Largest reach of the membrane below zero.
    fall: f64,
    /// Largest reach of the membrane above zero: threshold and one step's input.
    rise: f64,
}

/// Chooses the scale of a population; `None` where no scale above zero fits.
pub(super) fn choose(
    model: &NeuronModel,
    incoming: &[Incoming<'_>],
    words: &Words,
) -> Option<Scale> {
    let extremes: Vec<(f64, f64)> = incoming.iter().map(|one| extremes(one.connectivity)).collect();
    let thresholds = model.firing.iter().flat_map(|firing| &firing.threshold);
    let threshold = thresholds.fold(0.0_f64, |most, &value| most.max(value.abs()));
    let bias = largest_bias(model, incoming);
    let (low_exponent, high_exponent) = words.exponents;
    let weights = incoming.iter().zip(&extremes);
    let weights = weights.map(|(one, &extreme)| full_scale(one, extreme, words, high_exponent));
    let hard = (words.threshold / threshold).min(words.bias / bias);
    let hard = weights.fold(hard, f64::min);
    let (worst, expected) = drives(model, incoming, words.reset_input);
    let safe = bound(&worst, words).min(hard);
    let expected = bound(&expected, words).min(hard).max(safe);
    let finest = low_exponent.max(0).min(high_exponent);
    let full = incoming.iter().zip(&extremes);
    let full = full.map(|(one, &extreme)| full_scale(one, extreme, words, finest));
    let full = full.fold(f64::INFINITY, f64::min);
    let cap = if safe >= full { safe } else { full.min(expected) };
    let cap = if cap.is_finite() { cap } else { 1.0 };
    if cap <= 0.0 {
        return None;
    }
    let mut candidates = vec![cap];
    for (one, &extreme) in incoming.iter().zip(&extremes) {
        for exponent in finest..=high_exponent {
            let aligned = full_scale(one, extreme, words, exponent);
            if aligned <= cap {
                candidates.push(aligned);
            }
        }
    }
    candidates.sort_by(|a, b| b.total_cmp(a));
    candidates.dedup();
    let rated: Vec<(f64, f64)> =
        candidates.iter().map(|&scale| (scale, error(incoming, &extremes, words, scale))).collect();
    let least = rated.iter().fold(f64::INFINITY, |least, &(_, error)| least.min(error));
    let chosen = rated.iter().find(|&&(_, error)| error <= least * ERROR_TOLERANCE);
    let value = chosen.map_or(cap, |&(scale, _)| scale);
    let exponents = incoming.iter().zip(&extremes);
    let exponents = exponents.map(|(one, &extreme)| exponent_at(one, extreme, words, value));
    Some(Scale { value, exponents: exponents.collect(), risky: value > safe })
}

/// The largest bias over the neurons, what a constant input adds included.
fn largest_bias(model: &NeuronModel, incoming: &[Incoming<'_>]) -> f64 {
    let biases = (0..model.voltage_bias.len()).map(|neuron| {
        let mut current = model.current_bias[neuron].abs();
        for one in incoming.iter().filter(|one| one.constant() > 0.0) {
            let add = |_, weight: f64| current += weight.abs() * one.constant();
            one.connectivity.for_each_input_of(neuron, add);
        }
        let kept = model.current_decay.as_ref().map_or(0.0, |decay| decay[neuron]);
        model.voltage_bias[neuron].abs() + current / (1.0 - kept).max(f64::MIN_POSITIVE)
    });
    biases.fold(0.0, f64::max)
}

/// The smallest and the largest weight, or zero.
fn extremes(connectivity: &Connectivity) -> (f64, f64) {
    let weights = connectivity.stored_weights();
    weights.fold((0.0, 0.0), |(low, high): (f64, f64), weight| (low.min(weight), high.max(weight)))
}

/// Chip units of one step between stored mantissas at `exponent`.
pub(super) fn weight_measure(words: &Words, exponent: i32) -> f64 {
    // Exact: exponents and shifts are small.
    2_f64.powi(exponent + words.input_shift as i32)
}

/// The scale at which the largest weight is the largest stored one.
fn full_scale(one: &Incoming<'_>, extreme: (f64, f64), words: &Words, exponent: i32) -> f64 {
    let (low, high, _) = one.stored;
    let measure = weight_measure(words, exponent);
    let side = |stored: i32, weight: f64| {
        if weight == 0.0 { f64::INFINITY } else { f64::from(stored) * measure / weight }
    };
    side(low, extreme.0).min(side(high, extreme.1))
}

/// The smallest exponent that holds the projection's weights at a scale.
fn exponent_at(one: &Incoming<'_>, extreme: (f64, f64), words: &Words, scale: f64) -> i32 {
    let (low, high) = words.exponents;
    let finest = low.max(0).min(high);
    // A tenth of a step more than the largest mantissa still rounds to it.
    let holds = |exponent: &i32| full_scale(one, extreme, words, *exponent) >= scale * 0.9999;
    (finest..=high).find(holds).unwrap_or(high)
}

/// One weight as mantissa, the nearest stored one.
pub(super) fn mantissa(weight: f64, scale: f64, stored: (i32, i32, i32), measure: f64) -> i32 {
    let (low, high, step) = stored;
    let steps = (weight * scale / measure / f64::from(step)).round();
    (steps * f64::from(step)).clamp(f64::from(low), f64::from(high)) as i32
}

/// Sum of squared errors over all stored weights, in network units.
fn error(incoming: &[Incoming<'_>], extremes: &[(f64, f64)], words: &Words, scale: f64) -> f64 {
    let projections = incoming.iter().zip(extremes);
    let errors = projections.map(|(one, &extreme)| {
        let measure = weight_measure(words, exponent_at(one, extreme, words, scale));
        let squares = one.connectivity.stored_weights().map(|weight| {
            let held = f64::from(mantissa(weight, scale, one.stored, measure)) * measure / scale;
            (held - weight) * (held - weight)
        });
        squares.sum::<f64>()
    });
    errors.sum()
}

/// The largest scale at which a drive stays inside the words.
fn bound(drive: &Drive, words: &Words) -> f64 {
    let sides = [
        words.accumulator / drive.input,
        words.current / drive.current,
        words.membrane / drive.fall,
        words.membrane / drive.rise,
    ];
    sides.into_iter().fold(f64::INFINITY, f64::min)
}

/// What enters at worst, and as expected.
fn drives(model: &NeuronModel, incoming: &[Incoming<'_>], reset_input: f64) -> (Drive, Drive) {
    let (mut worst, mut expected) = (Drive::default(), Drive::default());
    let raise = |most: &mut f64, value: f64| *most = most.max(value);
    for neuron in 0..model.voltage_decay.len() {
        let (mut up, mut down, mut mean, mut variance) = (0.0, 0.0, 0.0, 0.0);
        // What payloads add to either side: how they are distributed nobody knows.
        let mut graded = (0.0, 0.0);
        for one in incoming {
            one.connectivity.for_each_input_of(neuron, |source, weight| {
                if let Some((low, high)) = one.payloads() {
                    graded.0 += f64::max(weight * low, weight * high);
                    graded.1 -= f64::min(weight * low, weight * high);
                    return;
                }
                if weight > 0.0 {
                    up += weight;
                } else {
                    down -= weight;
                }
                let rate = one.rates.map_or(DEFAULT_RATE, |rates| rates[source]);
                mean += rate * weight;
                variance += rate * (1.0 - rate) * weight * weight;
            });
        }
        up += graded.0;
        down += graded.1;
        let graded = f64::max(graded.0, graded.1);
        let bias = model.voltage_bias[neuron];
        let steps = memory_steps(model.voltage_decay[neuron]);
        let kept = model.current_decay.as_ref().map_or(0.0, |decay| decay[neuron]);
        let held = memory_steps(kept);
        let threshold = model.firing.as_ref().map_or(0.0, |firing| firing.threshold[neuron]);
        let reset = reset_input * threshold.abs();
        let input = f64::max(up, down + reset);
        raise(&mut worst.input, input);
        raise(&mut worst.current, input * held);
        raise(&mut worst.fall, (down * held - bias.min(0.0)) * steps);
        raise(&mut worst.rise, threshold.abs() + up * held + bias.max(0.0));
        let spread = DEVIATIONS * variance.sqrt();
        raise(&mut expected.input, mean.abs() + spread + graded + reset);
        raise(&mut expected.current, (mean.abs() + graded) * held + spread * held.sqrt());
        let drift = (graded * held - (mean * held + bias)).max(0.0) * steps;
        raise(&mut expected.fall, drift + spread * (held * steps).sqrt());
        let rise = (mean * held).max(0.0) + spread * held.sqrt() + graded * held + bias.max(0.0);
        raise(&mut expected.rise, threshold.abs() + rise);
    }
    (worst, expected)
}

/// Steps over which a state with this decay sums its input.
fn memory_steps(decay: f64) -> f64 {
    let leak = (1.0 - decay).max(0.0);
    (1.0 / leak.max(1.0 / DRIFT_STEPS)).min(DRIFT_STEPS)
}
