//! Stepping one compartment for a person to look at.

use super::NeuronProgram;
use super::interpret::{default_parameters, is_idle, step_compartment};
use crate::diagnostic::Diagnostic;
use crate::random::{Counter, Purpose, draw};

/// One timestep of a traced compartment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceRow {
    /// The timestep, from 0.
    pub step: u32,
    /// What each input held, in order of declaration, the joined value last.
    pub inputs: Vec<i32>,
    /// The state words after the update, in order of declaration.
    pub state: Vec<i32>,
    /// Whether the compartment counted as active.
    pub active: bool,
    /// Whether the program said that it needed no update.
    pub idle: bool,
    /// The payload of its spike.
    pub spike: Option<i32>,
    /// What it puts out to a compartment that joins it.
    pub output: i32,
}

/// Steps one compartment from its initial state; `inputs` has the values of one timestep a row.
///
/// # Errors
/// A row with the wrong number of values, or a value that the input's width does not hold;
/// whoever wrote the input must act.
pub fn trace(
    program: &NeuronProgram,
    parameters: &[i32],
    inputs: &[Vec<i64>],
    seed: u32,
) -> Result<Vec<TraceRow>, Diagnostic> {
    let mut state = program.initial_state(parameters);
    let mut rows = Vec::with_capacity(inputs.len());
    for (step, given) in (0..).zip(inputs) {
        let inputs = check_inputs(program, step, given)?;
        let idle = is_idle(program, &state, &inputs, parameters);
        let mut random =
            |call| draw(seed, Purpose::Neuron, Counter { step, draw: call, ..Counter::default() });
        let did = step_compartment(program, &mut state, &inputs, parameters, &mut random);
        rows.push(TraceRow {
            step,
            inputs,
            state: state.clone(),
            active: did.active,
            idle,
            spike: did.spike,
            output: did.output,
        });
    }
    Ok(rows)
}

fn check_inputs(program: &NeuronProgram, step: u32, given: &[i64]) -> Result<Vec<i32>, Diagnostic> {
    let declared = program.columns();
    let names: Vec<&str> = declared.iter().map(|input| input.name.as_str()).collect();
    if given.len() != declared.len() {
        let message = format!(
            "`{}` has {} inputs ({}), but step {step} gives {} values",
            program.name(),
            declared.len(),
            names.join(", "),
            given.len()
        );
        return Err(Diagnostic::error("QP030", message).help("give one value for each input"));
    }
    let mut values = Vec::with_capacity(given.len());
    for (input, value) in declared.iter().zip(given) {
        let range = input.width.range();
        match i32::try_from(*value) {
            Ok(value) if range.contains(value.into()) => values.push(value),
            _ => {
                let message = format!(
                    "input `{}` takes {} to {}, but step {step} gives {value}",
                    input.name, range.low, range.high
                );
                return Err(
                    Diagnostic::error("QP030", message).help("stay inside the input's width")
                );
            }
        }
    }
    Ok(values)
}

/// Parameter values in order of declaration: the defaults, changed by (name, value) pairs.
///
/// # Errors
/// An unknown name, or a value outside the parameter's range; whoever wrote the pairs must act.
pub fn set_parameters(
    program: &NeuronProgram,
    settings: &[(&str, i64)],
) -> Result<Vec<i32>, Diagnostic> {
    let mut values = default_parameters(program);
    for (name, value) in settings {
        let Some(index) = program.parameter_index(name) else {
            let names: Vec<&str> =
                program.parameters().iter().map(|parameter| parameter.name.as_str()).collect();
            let message = format!("`{}` has no parameter `{name}`", program.name());
            let help = format!("its parameters are {}", names.join(", "));
            return Err(Diagnostic::error("QP031", message).help(help));
        };
        let range = program.parameters()[index].range;
        match i32::try_from(*value) {
            Ok(value) if range.contains(value.into()) => values[index] = value,
            _ => {
                let message = format!(
                    "parameter `{name}` takes {} to {}, but is given {value}",
                    range.low, range.high
                );
                return Err(Diagnostic::error("QP031", message).help("choose a value in the range"));
            }
        }
    }
    Ok(values)
}
