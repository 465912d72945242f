//! Rules on registers and legal programs.

use super::super::file::{CoreTypeFile, ProgramsFile, RegisterFile};
use super::super::{Programs, Register};
use super::core_type::READER_ENTRIES;
use super::counts;
use super::findings::Findings;
use crate::neuron::{NeuronProgram, library};

/// Registers: within 62 bits, and within a state word where the core fixes one.
pub(super) fn registers(
    path: &str,
    file: &CoreTypeFile,
    found: &mut Findings,
) -> Vec<(String, Register)> {
    let checked = file.registers.iter().map(|(name, register)| {
        let place = format!("{path}.registers.{name}");
        check_register_name(&place, path, name, file, found);
        check_register(&place, path, register, file, found);
        let RegisterFile { bits, signed, exponent_min, exponent_max } = *register;
        (name.clone(), Register { bits, signed, exponent_min, exponent_max })
    });
    checked.collect()
}

/// A register feeds a parameter of a legal program; one that feeds none is a slip.
fn check_register_name(
    place: &str,
    path: &str,
    name: &str,
    file: &CoreTypeFile,
    found: &mut Findings,
) {
    let ProgramsFile::Fixed(programs) = &file.programs else { return };
    if programs.is_empty() {
        return;
    }
    let mut parameters = Vec::new();
    for program in programs {
        let Some(shipped) = library::find(program) else { return };
        let Ok(program) = NeuronProgram::parse(shipped.text, shipped.name) else { return };
        let names = program.parameters().iter().map(|parameter| parameter.name.clone());
        parameters.extend(names);
    }
    if parameters.iter().any(|parameter| parameter == name) {
        return;
    }
    parameters.sort_unstable();
    parameters.dedup();
    let message = format!(
        "`{place}` feeds the parameter `{name}`, but no program of the core has one of that name"
    );
    let help = format!("the parameters are {}", parameters.join(", "));
    found.clash("QC064", (place, &format!("{path}.programs")), message, help);
}

/// One register.
fn check_register(
    place: &str,
    path: &str,
    register: &RegisterFile,
    file: &CoreTypeFile,
    found: &mut Findings,
) {
    let bits = format!("{place}.bits");
    let top = format!("{place}.exponent_max");
    let sound = counts::within(found, "QC033", &bits, i64::from(register.bits), (0, 48))
        & counts::within(found, "QC033", &top, i64::from(register.exponent_max), (0, 32));
    if register.exponent_min > register.exponent_max {
        let low = format!("{place}.exponent_min");
        let message = format!(
            "`{low}` is {}, above `exponent_max` {}",
            register.exponent_min, register.exponent_max
        );
        found.clash("QC033", (&low, &top), message, "put the exponents in order");
    }
    let Some(word) = file.state_word_bits.filter(|_| sound) else {
        return;
    };
    if register.bits + register.exponent_max >= word {
        let message = format!(
            "`{bits}` is {}, which with exponent {} makes a value of {} bits and a sign, but a \
             state word has {word} bits",
            register.bits,
            register.exponent_max,
            register.bits + register.exponent_max
        );
        let places = (&*bits, &*format!("{path}.state_word_bits"));
        found.clash("QC045", places, message, "narrow the register or widen the state word");
    }
}

/// The legal programs.
pub(super) fn programs(path: &str, file: &CoreTypeFile, found: &mut Findings) -> Programs {
    match &file.programs {
        ProgramsFile::Fixed(names) => {
            let place = format!("{path}.programs");
            if names.is_empty() {
                let message = format!("`{place}` lists no program, but a core needs one to run");
                found.error("QC036", &place, message, "name a program, such as cuba_lif");
            }
            for (position, name) in names.iter().enumerate() {
                if names[..position].contains(name) {
                    let place = format!("{place}.{position}");
                    let message = format!("`{place}` repeats the program `{name}`");
                    found.error("QC036", &place, message, "keep each program once");
                } else if library::find(name).is_none() {
                    let place = format!("{place}.{position}");
                    let message = format!("`{place}` is `{name}`, which is no shipped program");
                    let help = "give its text with the network, or name a shipped program";
                    found.warning("QC070", &place, message, help);
                }
            }
            Programs::Fixed(names.clone())
        }
        ProgramsFile::Programmable { state_bits, instructions, cycles } => {
            for (operator, &count) in cycles {
                let place = format!("{path}.programs.cycles.{operator}");
                counts::within(found, "QC036", &place, i64::from(count), (1, READER_ENTRIES));
            }
            for (field, count) in [("state_bits", *state_bits), ("instructions", *instructions)] {
                let place = format!("{path}.programs.{field}");
                counts::within(found, "QC036", &place, i64::from(count), (1, READER_ENTRIES));
            }
            Programs::Programmable { state_bits: *state_bits, instructions: *instructions }
        }
    }
}
