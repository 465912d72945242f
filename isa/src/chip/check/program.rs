//! Rules on registers and legal programs.

use std::collections::BTreeSet;

use super::super::file::{CoreTypeFile, ProgramsFile, RegisterFile};
use super::super::{Programs, Register};
use super::core_type::READER_ENTRIES;
use super::counts;
use super::findings::Findings;
use crate::neuron::library;

/// Registers: within 62 bits, and within a state word where the core fixes one.
pub(super) fn registers(
    path: &str,
    file: &CoreTypeFile,
    found: &mut Findings,
) -> Vec<(String, Register)> {
    let parameters = parameters(file);
    let checked = file.registers.iter().map(|(name, register)| {
        let place = format!("{path}.registers.{name}");
        if let Some(parameters) = &parameters {
            check_register_name(&place, path, name, parameters, found);
        }
        check_register(&place, path, register, file, found);
        let RegisterFile { bits, signed, exponent_min, exponent_max } = *register;
        (name.clone(), Register { bits, signed, exponent_min, exponent_max })
    });
    checked.collect()
}

/// The parameters of the legal programs; `None` where a program's text is not at hand.
fn parameters(file: &CoreTypeFile) -> Option<BTreeSet<String>> {
    let ProgramsFile::Fixed(programs) = &file.programs else { return None };
    if programs.is_empty() || file.registers.is_empty() {
        return None;
    }
    let mut names = BTreeSet::new();
    for program in programs {
        names.extend(declared(library::find(program)?.text).map(str::to_owned));
    }
    Some(names)
}

/// The parameters that a program text declares, without the cost of checking the program.
fn declared(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let rest = line.strip_prefix("group ").or_else(|| line.strip_prefix("compartment "))?;
        rest.split_once(':').map(|(name, _)| name.trim())
    })
}

/// A register feeds a parameter of a legal program; one that feeds none is a slip.
fn check_register_name(
    place: &str,
    path: &str,
    name: &str,
    parameters: &BTreeSet<String>,
    found: &mut Findings,
) {
    if parameters.contains(name) {
        return;
    }
    let message = format!(
        "`{place}` feeds the parameter `{name}`, but no program of the core has one of that name"
    );
    let known: Vec<&str> = parameters.iter().map(String::as_str).collect();
    let help = format!("the parameters are {}", known.join(", "));
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

#[cfg(test)]
mod tests {
    use super::declared;
    use crate::neuron::{NeuronProgram, library};

    #[test]
    fn the_declared_parameters_are_the_programs() {
        assert!(!library::SHIPPED.is_empty());
        for shipped in library::SHIPPED {
            let program = NeuronProgram::parse(shipped.text, shipped.name).expect("it is checked");
            let names = program.parameters().iter().map(|parameter| parameter.name.as_str());
            assert_eq!(declared(shipped.text).collect::<Vec<_>>(), names.collect::<Vec<_>>());
        }
    }
}
