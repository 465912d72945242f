//! Neuron programs by name or file, and `--neuron`, which gives one to a layer.

use quarrion_compiler::network::OwnNeurons;
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::neuron::NeuronProgram;
use quarrion_isa::neuron::library::find;

use crate::failure::Failure;
use crate::terminal::Terminal;
use crate::texts::Texts;

/// Most places that what arrives at a neuron can be shifted by.
const SHIFT_MAX: u32 = 31;

/// A shipped program by name, or one from a file.
///
/// # Errors
/// A file that cannot be read, or a text that is no neuron program.
pub fn load_program(
    name: &str,
    terminal: &Terminal,
    texts: &mut Texts,
) -> Result<NeuronProgram, Failure> {
    let shipped = find(name).map(|shipped| (shipped.name, shipped.text));
    let (source, text) = texts.take_shipped(name, shipped)?;
    let program = NeuronProgram::parse(&text, &source)?;
    terminal.say(program.warnings(), texts);
    Ok(program)
}

/// The layers that compute a program of the user's, as `--neuron` names them:
/// LAYER=PROGRAM and after commas `scale=X`, `shift=N` and the program's parameters.
///
/// # Errors
/// QU016: words of another form; or what [`load_program`] says.
pub fn read_neurons(
    asked: &[String],
    terminal: &Terminal,
    texts: &mut Texts,
) -> Result<Vec<OwnNeurons>, Failure> {
    asked.iter().map(|text| read_one(text, terminal, texts)).collect()
}

fn read_one(text: &str, terminal: &Terminal, texts: &mut Texts) -> Result<OwnNeurons, Failure> {
    let refuse = |rule: String| {
        Diagnostic::error("QU016", rule)
            .at("--neuron", text, "cannot be read")
            .help("write it such as --neuron 'lif1=my.neuron,scale=64,vth=100'")
    };
    let mut parts = text.split(',');
    let first = parts.next().and_then(|first| first.split_once('='));
    let Some((layer, program)) = first else {
        return Err(refuse("neurons are given as LAYER=PROGRAM".into()).into());
    };
    let mut own = OwnNeurons {
        population: layer.trim().to_owned(),
        program: load_program(program.trim(), terminal, texts)?,
        parameters: Vec::new(),
        scale: 1.0,
        input_shift: 0,
    };
    for part in parts {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let (name, value) = (name.trim(), value.trim());
        match name {
            "scale" => {
                let scale = value.parse().ok().filter(|scale: &f64| scale.is_normal());
                let rule = || format!("`scale` is a number that is not 0, and `{value}` is none");
                own.scale = scale.ok_or_else(|| refuse(rule()))?;
            }
            "shift" => {
                let shift = value.parse().ok().filter(|&shift| shift <= SHIFT_MAX);
                let rule = || format!("`shift` is 0 to {SHIFT_MAX}, and `{value}` is not");
                own.input_shift = shift.ok_or_else(|| refuse(rule()))?;
            }
            _ => {
                let rule = || format!("`{name}` is set to a whole number, and `{value}` is none");
                let value = value.parse().map_err(|_| refuse(rule()))?;
                own.parameters.push((name.to_owned(), value));
            }
        }
    }
    Ok(own)
}
