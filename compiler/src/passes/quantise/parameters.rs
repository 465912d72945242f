//! Parameters: thresholds, biases and decays in their registers.

use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::neuron::NeuronProgram;
use quarrion_isa::program::ParameterValue;

use super::{Work, delivery};
use crate::network::{Comparison, NeuronModel};
use crate::passes::codes;
use crate::passes::registers::{largest, nearest};
use crate::quantised::{QuantisedNetwork, QuantisedNeurons};

/// Relative error of a time constant that is worth a warning.
const COARSE_DECAY: f64 = 0.05;
/// Fractions of a decay: the divisor of `dec` in every program.
const DECAY_ONE: f64 = 4096.0;

/// The values of the parameters of one of the choice's programs, for every neuron.
pub(super) fn quantise_parameters(
    work: &Work<'_>,
    program: &NeuronProgram,
    scale: f64,
    quantised: &mut QuantisedNetwork,
    notes: &mut Vec<Diagnostic>,
) -> Result<QuantisedNeurons, Diagnostic> {
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
    Ok(QuantisedNeurons {
        core_type: work.choice.core_type,
        neuron_program: quantised.program_position(program),
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
    let measure = f64::from(1_u32 << work.choice.threshold_shift);
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
