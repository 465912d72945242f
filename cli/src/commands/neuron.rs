//! `neuron list|check|show|trace`: looking at neuron programs.

use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::neuron::library::SHIPPED;
use quarrion_isa::neuron::{NeuronProgram, Scope, Width, step_compartment};
use quarrion_isa::random::{Counter, Purpose, draw};
use serde_json::json;

use super::show_checked;
use crate::args::{Format, NeuronCommand, TraceArgs};
use crate::failure::Failure;
use crate::neurons::load_program;
use crate::render::chip::pretty;
use crate::render::table::{Side, aligned};
use crate::terminal::Terminal;
use crate::texts::Texts;

/// Most steps of a trace.
const STEPS_MAX: usize = 1 << 20;

/// Carries out a command on neuron programs.
///
/// # Errors
/// A text that is no neuron program, or inputs and parameters that do not fit it.
pub fn run(command: &NeuronCommand, terminal: &Terminal, texts: &mut Texts) -> Result<(), Failure> {
    match command {
        NeuronCommand::List => terminal.result(&list(terminal.format)),
        NeuronCommand::Check(args) => {
            let program = load_program(&args.program, terminal, texts)?;
            terminal.result(&verdict(&program, terminal.format))
        }
        NeuronCommand::Show(args) => {
            let program = load_program(&args.program, terminal, texts)?;
            terminal.result(&show(&program, terminal.format))
        }
        NeuronCommand::Trace(args) => {
            let program = load_program(&args.program.program, terminal, texts)?;
            terminal.result(&trace(&program, args, terminal.format)?)
        }
    }
}

fn list(format: Format) -> String {
    match format {
        Format::Human => SHIPPED.iter().map(|shipped| format!("{}\n", shipped.name)).collect(),
        Format::Json => {
            let names: Vec<&str> = SHIPPED.iter().map(|shipped| shipped.name).collect();
            pretty(&names.into())
        }
    }
}

fn verdict(program: &NeuronProgram, format: Format) -> String {
    match format {
        Format::Human => {
            let count = program.instruction_count();
            format!(
                "{}: a valid neuron program; {} state bits, {} instructions an update and {} more \
                 for a spike\n",
                program.name(),
                program.state_bits(),
                count.update,
                count.spike
            )
        }
        Format::Json => pretty(&in_json(program)),
    }
}

fn show(program: &NeuronProgram, format: Format) -> String {
    show_checked(program.text(), &verdict(program, Format::Human), in_json(program), format)
}

fn in_json(program: &NeuronProgram) -> serde_json::Value {
    let count = program.instruction_count();
    let width = |width: Width| json!({ "bits": width.bits, "signed": width.signed });
    let inputs = program.inputs().iter();
    let state = program.state().iter();
    let parameters = program.parameters().iter().map(|parameter| {
        json!({
            "name": parameter.name,
            "scope": match parameter.scope {
                Scope::Group => "group",
                Scope::Compartment => "compartment",
            },
            "low": parameter.range.low,
            "high": parameter.range.high,
            "default": parameter.default,
        })
    });
    json!({
        "name": program.name(),
        "state_bits": program.state_bits(),
        "instructions_update": count.update,
        "instructions_spike": count.spike,
        "inputs": inputs
            .map(|input| json!({ "name": input.name, "width": width(input.width) }))
            .collect::<Vec<_>>(),
        "state": state
            .map(|word| json!({ "name": word.name, "width": width(word.width) }))
            .collect::<Vec<_>>(),
        "parameters": parameters.collect::<Vec<_>>(),
    })
}

/// Runs one compartment.
fn trace(program: &NeuronProgram, args: &TraceArgs, format: Format) -> Result<String, Failure> {
    let parameters = read_parameters(program, &args.parameters)?;
    let steps = read_inputs(program, &args.input)?;
    let mut state = program.initial_state(&parameters);
    let mut rows = Vec::new();
    for (step, inputs) in steps.iter().enumerate() {
        let place = |site| Counter { step: step as u32, draw: site, ..Counter::default() };
        let mut random = |site| draw(args.seed, Purpose::Neuron, place(site));
        let outcome = step_compartment(program, &mut state, inputs, &parameters, &mut random);
        let mut row = vec![i64::try_from(step).unwrap_or(i64::MAX)];
        row.extend(inputs.iter().chain(&state).map(|&value| i64::from(value)));
        row.extend(program.output_range().map(|_| i64::from(outcome.output)));
        rows.push((row, outcome.active, outcome.spike));
    }
    let names = ["step"].into_iter().chain(program.columns().iter().map(|i| i.name.as_str()));
    let names = names.chain(program.state().iter().map(|w| w.name.as_str()));
    let names: Vec<&str> = names.chain(program.output_range().map(|_| "output")).collect();
    Ok(match format {
        Format::Human => {
            let row = |(row, active, spike): &(Vec<i64>, bool, Option<i32>)| {
                let numbers = row.iter().map(i64::to_string);
                let active = if *active { "active" } else { "-" }.to_owned();
                let spike = spike.map_or("-".to_owned(), |payload| format!("spike {payload}"));
                numbers.chain([active, spike]).collect()
            };
            let columns = names.iter().copied().chain(["", ""]).map(|name| (name, Side::Right));
            aligned(&columns.collect::<Vec<_>>(), rows.iter().map(row).collect())
        }
        Format::Json => {
            let row = |(row, active, spike): &(Vec<i64>, bool, Option<i32>)| {
                let numbers =
                    names.iter().zip(row).map(|(name, &n)| ((*name).to_owned(), n.into()));
                let mut object: serde_json::Map<String, serde_json::Value> = numbers.collect();
                object.insert("active".into(), (*active).into());
                object.insert("spike".into(), (*spike).into());
                serde_json::Value::Object(object)
            };
            pretty(&rows.iter().map(row).collect::<Vec<_>>().into())
        }
    })
}

fn refuse(flag: &str, message: String, text: &str) -> Diagnostic {
    Diagnostic::error("QU004", message).at(flag, "", text)
}

/// Defaults with what the user gives on top.
fn read_parameters(program: &NeuronProgram, given: &[String]) -> Result<Vec<i32>, Diagnostic> {
    let declared = program.parameters();
    let mut values: Vec<i32> = declared.iter().map(|parameter| parameter.default).collect();
    for text in given {
        let pair = text.split_once('=').map(|(name, value)| (name.trim(), value.trim().parse()));
        let Some((name, Ok(value))) = pair else {
            let message =
                format!("a parameter is given as NAME=VALUE with an integer, not {text:?}");
            return Err(refuse("--parameter", message, "not readable"));
        };
        let Some(position) = program.parameter_index(name) else {
            let known: Vec<&str> = declared.iter().map(|p| p.name.as_str()).collect();
            let message = format!("`{}` has no parameter `{name}`", program.name());
            return Err(refuse("--parameter", message, "unknown")
                .help(format!("its parameters are {}", known.join(", "))));
        };
        let range = declared[position].range;
        if !range.contains(value) {
            let message =
                format!("`{name}` goes from {} to {}, not to {value}", range.low, range.high);
            return Err(refuse("--parameter", message, "out of range"));
        }
        values[position] = value as i32;
    }
    Ok(values)
}

/// One list of inputs a step.
fn read_inputs(program: &NeuronProgram, text: &str) -> Result<Vec<Vec<i32>>, Diagnostic> {
    let declared = program.columns();
    let steps: Vec<&str> = text.split(',').collect();
    if steps.len() > STEPS_MAX {
        let message = format!("a trace has at most {STEPS_MAX} steps, not {}", steps.len());
        return Err(refuse("--input", message, "too long"));
    }
    let step = |(at, text): (usize, &&str)| {
        let mut values = vec![0; declared.len()];
        let parts: Vec<&str> = text.split(':').collect();
        if parts.len() > declared.len() {
            let message =
                format!("`{}` has {} inputs, not {}", program.name(), values.len(), parts.len());
            return Err(refuse("--input", message, &format!("step {at}")));
        }
        for ((value, part), input) in values.iter_mut().zip(parts).zip(declared) {
            let range = input.width.range();
            let number = part.trim().parse().ok().filter(|&number| range.contains(number));
            let Some(number) = number else {
                let message = format!(
                    "the input `{}` is an integer from {} to {}, not {part:?}",
                    input.name, range.low, range.high
                );
                return Err(refuse("--input", message, &format!("step {at}")));
            };
            *value = number as i32;
        }
        Ok(values)
    };
    steps.iter().enumerate().map(step).collect()
}
