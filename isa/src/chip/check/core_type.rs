//! Rules on a kind of core.

use super::super::file::{
    CoreTypeFile, FormatFile, ProgramsFile, RegisterFile, ServicesFile, StageFigure,
};
use super::super::{
    CoreType, Programs, Register, Services, Stage, SynapseFormat, SynapseFormatKind, WeightRules,
};
use super::findings::Findings;
use super::{counts, figures};
use crate::neuron::{NeuronProgram, library};

/// The most compartments, entries or instructions of a core; a reader's limit, no chip's.
const READER_ENTRIES: i64 = 1 << 24;
/// The most bits of one memory of a core; a reader's limit, no chip's.
const READER_BITS: u64 = 1 << 40;

/// One kind of core, with every rule on it.
pub(super) fn check_core_type(name: &str, file: &CoreTypeFile, found: &mut Findings) -> CoreType {
    let path = format!("core_types.{name}");
    check_entries(&path, file, found);
    check_memory(&path, file, found);
    check_weights(&path, file, found);
    check_formats(&path, file, found);
    check_delay(&path, file, found);
    CoreType {
        name: name.to_owned(),
        compartments: file.compartments,
        state_memory_bits: file.state_memory_bits,
        synapse_memory_bits: file.synapse_memory_bits,
        word_bits: file.word_bits,
        axons_in: file.axons_in,
        axons_out: file.axons_out,
        fan_in: file.fan_in,
        fan_out: file.fan_out,
        configurations: file.configurations,
        list_words: file.list_words,
        weights: WeightRules {
            widths: file.weights.widths.clone(),
            signs: file.weights.signs.clone(),
            exponent_min: file.weights.exponent_min,
            exponent_max: file.weights.exponent_max,
            input_shift: file.weights.input_shift,
            accumulator_bits: file.weights.accumulator_bits,
        },
        delay_max: file.delay_max,
        formats: file.formats.iter().map(format).collect(),
        registers: registers(&path, file, found),
        programs: programs(&path, file, found),
        lanes: file.lanes,
        overlap: file.overlap,
        services: services(&path, file, found),
    }
}

/// Counts of compartments and table entries.
fn check_entries(path: &str, file: &CoreTypeFile, found: &mut Findings) {
    let counted = [
        ("compartments", Some(file.compartments)),
        ("axons_in", Some(file.axons_in)),
        ("axons_out", Some(file.axons_out)),
        ("fan_in", file.fan_in),
        ("fan_out", file.fan_out),
        ("configurations", file.configurations),
        ("list_words", file.list_words),
        ("lanes", Some(file.lanes)),
    ];
    for (field, count) in counted {
        let Some(count) = count else { continue };
        let place = format!("{path}.{field}");
        counts::within(found, "QC020", &place, i64::from(count), (1, READER_ENTRIES));
    }
    if let Some(fan_out) = file.fan_out.filter(|&fan_out| fan_out > file.axons_out) {
        let message = format!(
            "`{path}.fan_out` is {fan_out}, but the core has {} axon-out entries for all its \
             compartments together",
            file.axons_out
        );
        let places = (&*format!("{path}.fan_out"), &*format!("{path}.axons_out"));
        found.clash("QC066", places, message, "lower `fan_out` or raise `axons_out`");
    }
}

/// Memories against their words and against each other.
fn check_memory(path: &str, file: &CoreTypeFile, found: &mut Findings) {
    let word = format!("{path}.word_bits");
    let synapses = format!("{path}.synapse_memory_bits");
    let sized = [
        (&synapses, Some(file.synapse_memory_bits)),
        (&format!("{path}.state_memory_bits"), file.state_memory_bits),
        (&format!("{path}.memory_bits"), file.memory_bits),
    ];
    for (place, bits) in sized {
        let Some(bits) = bits else { continue };
        counts::at_least_one(found, place, bits);
        if bits > READER_BITS {
            let message = format!("`{place}` is {bits}, but at most {READER_BITS} bits are read");
            found.error("QC021", place, message, "check the figure: it is in bits of one core");
        }
        if let Some(whole) = file.memory_bits.filter(|&whole| bits > whole) {
            let message = format!(
                "`{place}` is {bits}, more than the {whole} bits of `{path}.memory_bits` that it \
                 is a part of"
            );
            let places = (place.as_str(), &*format!("{path}.memory_bits"));
            found.clash("QC062", places, message, "lower the part or raise the whole");
        }
    }
    if !counts::within(found, "QC020", &word, i64::from(file.word_bits), (1, 4096)) {
        return;
    }
    if !file.synapse_memory_bits.is_multiple_of(u64::from(file.word_bits)) {
        let message = format!(
            "`{synapses}` is {}, which is no multiple of the {}-bit word",
            file.synapse_memory_bits, file.word_bits
        );
        let whole = file.synapse_memory_bits / u64::from(file.word_bits);
        let help = format!("{whole} words are {} bits", whole * u64::from(file.word_bits));
        found.clash("QC040", (&synapses, &word), message, help);
    }
    if let Some(words) = file.list_words {
        let bits = u64::from(words) * u64::from(file.word_bits);
        if bits > file.synapse_memory_bits {
            let message = format!(
                "`{path}.list_words` is {words}, which makes {bits} bits for one list, but the \
                 core has {} bits of synapse memory",
                file.synapse_memory_bits
            );
            let places = (&*format!("{path}.list_words"), synapses.as_str());
            found.clash("QC042", places, message, "lower `list_words`");
        }
    }
    check_state(path, file, found);
}

/// One state word a compartment is the least that a state memory must hold.
fn check_state(path: &str, file: &CoreTypeFile, found: &mut Findings) {
    let (Some(memory), Some(word)) = (file.state_memory_bits, file.state_word_bits) else {
        return;
    };
    let needed = u64::from(file.compartments) * u64::from(word);
    if needed > memory {
        let message = format!(
            "`{path}.state_memory_bits` is {memory}, but {} compartments with one {word}-bit word \
             each need {needed}",
            file.compartments
        );
        let places = (&*format!("{path}.state_memory_bits"), &*format!("{path}.compartments"));
        found.clash("QC067", places, message, "raise the memory or lower `compartments`");
    }
}

/// Widths, signs and exponents of weights against the accumulator.
fn check_weights(path: &str, file: &CoreTypeFile, found: &mut Findings) {
    let weights = &file.weights;
    let at = |field: &str| format!("{path}.weights.{field}");
    let mut sound = counts::widths(found, "QC027", &at("widths"), &weights.widths, (1, 31));
    if weights.signs.is_empty() {
        let message = format!("`{}` is empty, but a list needs a sign mode", at("signs"));
        let help = "write at least one of mixed, excitatory, inhibitory";
        found.error("QC028", &at("signs"), message, help);
    }
    for (position, sign) in weights.signs.iter().enumerate() {
        if weights.signs[..position].contains(sign) {
            let place = at(&format!("signs.{position}"));
            let message = format!("`{place}` names a sign mode that the list has already");
            found.error("QC028", &place, message, "drop the repeated sign mode");
        }
    }
    let numbers = [
        ("exponent_min", i64::from(weights.exponent_min), (-32, 32)),
        ("exponent_max", i64::from(weights.exponent_max), (-32, 32)),
        ("input_shift", i64::from(weights.input_shift), (0, 32)),
        ("accumulator_bits", i64::from(weights.accumulator_bits), (2, 63)),
    ];
    for (field, number, limits) in numbers {
        sound &= counts::within(found, "QC029", &at(field), number, limits);
    }
    if weights.exponent_min > weights.exponent_max {
        let message = format!(
            "`{}` is {}, above `exponent_max` {}",
            at("exponent_min"),
            weights.exponent_min,
            weights.exponent_max
        );
        let places = (&*at("exponent_min"), &*at("exponent_max"));
        found.clash("QC029", places, message, "put the exponents in order");
        sound = false;
    }
    let Some(&widest) = weights.widths.last().filter(|_| sound) else {
        return;
    };
    let bits = i64::from(widest) + i64::from(weights.exponent_max) + i64::from(weights.input_shift);
    if bits >= i64::from(weights.accumulator_bits) {
        let message = format!(
            "`{}` is {}, but one weight of {widest} bits, shifted left by {} + {}, takes {bits} \
             bits and a sign",
            at("accumulator_bits"),
            weights.accumulator_bits,
            weights.exponent_max,
            weights.input_shift
        );
        let places = (&*at("accumulator_bits"), &*at("exponent_max"));
        found.clash(
            "QC044",
            places,
            message,
            format!("widen the accumulator to {} bits", bits + 1),
        );
    }
}

/// Synapse formats: one of a kind, with the fields that its kind has.
fn check_formats(path: &str, file: &CoreTypeFile, found: &mut Findings) {
    let list = format!("{path}.formats");
    if file.formats.is_empty() {
        let message = format!("`{list}` is empty, but a core needs a synapse format");
        found.error("QC032", &list, message, "add a dense, sparse or kernel format");
    }
    for (position, format) in file.formats.iter().enumerate() {
        let at = |field: &str| format!("{list}.{position}.{field}");
        if file.formats[..position].iter().any(|earlier| earlier.kind == format.kind) {
            let message = format!("`{}` repeats a kind of format", at("kind"));
            found.error("QC032", &at("kind"), message, "keep one format of each kind");
        }
        let prefix = i64::from(format.prefix_bits);
        counts::within(found, "QC031", &at("prefix_bits"), prefix, (0, 4096));
        counts::widths(found, "QC031", &at("delay_widths"), &format.delay_widths, (0, 16));
        if let Some(synapses) = format.entry_synapses {
            counts::at_least_one(found, &at("entry_synapses"), u64::from(synapses));
        }
        if format.kind == SynapseFormatKind::Sparse {
            check_index(path, position, format, file, found);
        } else if !format.index_widths.is_empty() {
            let place = at("index_widths");
            let message = format!("`{place}` is given, but only sparse lists store an index");
            found.clash("QC030", (&place, &at("kind")), message, "drop `index_widths`");
        }
    }
}

/// A sparse list's index must reach every compartment.
fn check_index(
    path: &str,
    position: usize,
    format: &FormatFile,
    file: &CoreTypeFile,
    found: &mut Findings,
) {
    let place = format!("{path}.formats.{position}.index_widths");
    if !counts::widths(found, "QC030", &place, &format.index_widths, (0, 31)) {
        return;
    }
    let widest = format.index_widths.last().copied().unwrap_or_default();
    if 1_u64 << widest < u64::from(file.compartments) {
        let last = format!("{place}.{}", format.index_widths.len() - 1);
        let message = format!(
            "`{last}` is {widest} bits, which reaches {} compartments, but the core has {}",
            1_u64 << widest,
            file.compartments
        );
        let needed = u32::BITS - (file.compartments - 1).leading_zeros();
        let help = format!("add an index width of {needed} bits, or lower `compartments`");
        found.clash("QC041", (&last, &format!("{path}.compartments")), message, help);
    }
}

/// The largest delay must fit a delay field of some format.
fn check_delay(path: &str, file: &CoreTypeFile, found: &mut Findings) {
    let widest = file.formats.iter().filter_map(|format| format.delay_widths.last()).max();
    let Some(&widest) = widest.filter(|&&widest| widest <= 16) else {
        return;
    };
    let reach = (1_u32 << widest) - 1;
    if file.delay_max > reach {
        let place = format!("{path}.delay_max");
        let message = format!(
            "`{place}` is {}, but the widest delay field has {widest} bits and reaches {reach}",
            file.delay_max
        );
        let help = format!("set `delay_max` to at most {reach}, or widen `delay_widths`");
        found.clash("QC043", (&place, &format!("{path}.formats")), message, help);
    }
}

/// A synapse format as it stands.
fn format(file: &FormatFile) -> SynapseFormat {
    SynapseFormat {
        kind: file.kind,
        prefix_bits: file.prefix_bits,
        index_widths: file.index_widths.clone(),
        delay_widths: file.delay_widths.clone(),
        entry_synapses: file.entry_synapses,
    }
}

/// Registers: within 62 bits, and within a state word where the core fixes one.
fn registers(path: &str, file: &CoreTypeFile, found: &mut Findings) -> Vec<(String, Register)> {
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
fn programs(path: &str, file: &CoreTypeFile, found: &mut Findings) -> Programs {
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
                    let shipped: Vec<&str> =
                        library::SHIPPED.iter().map(|shipped| shipped.name).collect();
                    let help = format!(
                        "give its text with the network, or use one of {}",
                        shipped.join(", ")
                    );
                    found.warning("QC070", &place, message, help);
                }
            }
            Programs::Fixed(names.clone())
        }
        ProgramsFile::Programmable { state_bits, instructions } => {
            for (field, count) in [("state_bits", *state_bits), ("instructions", *instructions)] {
                let place = format!("{path}.programs.{field}");
                counts::within(found, "QC036", &place, i64::from(count), (1, READER_ENTRIES));
            }
            Programs::Programmable { state_bits: *state_bits, instructions: *instructions }
        }
    }
}

/// Service times; a stage that is missing takes no time and is noted as not modelled.
fn services(path: &str, file: &CoreTypeFile, found: &mut Findings) -> Services {
    let ServicesFile {
        neuron_inactive,
        neuron_active,
        neuron_spiking,
        instruction,
        axon_out,
        axon_in,
        synapse_word,
        synaptic_op_dense,
        synaptic_op_sparse,
        synaptic_op_kernel,
        synaptic_update,
    } = &file.services;
    check_service_kinds(path, file, found);
    let mut missing = Vec::new();
    let mut stage = |name: &'static str, figure: &Option<StageFigure>| match figure {
        Some(figure) => figures::stage(found, &format!("{path}.services.{name}"), figure),
        None => {
            missing.push(name);
            Stage::default()
        }
    };
    let checked = Services {
        neuron_inactive: stage("neuron_inactive", neuron_inactive),
        neuron_active: stage("neuron_active", neuron_active),
        neuron_spiking: stage("neuron_spiking", neuron_spiking),
        instruction: stage("instruction", instruction),
        axon_out: stage("axon_out", axon_out),
        axon_in: stage("axon_in", axon_in),
        synapse_word: stage("synapse_word", synapse_word),
        synaptic_op_dense: stage("synaptic_op_dense", synaptic_op_dense),
        synaptic_op_sparse: stage("synaptic_op_sparse", synaptic_op_sparse),
        synaptic_op_kernel: stage("synaptic_op_kernel", synaptic_op_kernel),
        synaptic_update: stage("synaptic_update", synaptic_update),
    };
    note_missing(path, file, &missing, found);
    checked
}

/// A fixed core times updates, a programmable core times instructions; never both.
fn check_service_kinds(path: &str, file: &CoreTypeFile, found: &mut Findings) {
    let services = &file.services;
    let updates = [
        ("neuron_inactive", services.neuron_inactive.is_some()),
        ("neuron_active", services.neuron_active.is_some()),
        ("neuron_spiking", services.neuron_spiking.is_some()),
    ];
    let programs = format!("{path}.programs");
    let (wrong, what): (Vec<&str>, &str) = match file.programs {
        ProgramsFile::Fixed(_) => (
            services.instruction.iter().map(|_| "instruction").collect(),
            "a core with fixed programs times whole updates, never instructions",
        ),
        ProgramsFile::Programmable { .. } => (
            updates.iter().filter(|(_, given)| *given).map(|&(name, _)| name).collect(),
            "a programmable core times instructions, never whole updates",
        ),
    };
    for name in wrong {
        let place = format!("{path}.services.{name}");
        let message = format!("`{place}` is given, but {what}");
        found.clash("QC055", (&place, &programs), message, format!("drop `{name}`"));
    }
}

/// Says once which stages of a core take no time because the file gives none.
fn note_missing(path: &str, file: &CoreTypeFile, missing: &[&str], found: &mut Findings) {
    let fixed = matches!(file.programs, ProgramsFile::Fixed(_));
    let has = |kind| file.formats.iter().any(|format| format.kind == kind);
    let applies = |name: &str| match name {
        "instruction" => !fixed,
        "neuron_inactive" | "neuron_active" | "neuron_spiking" => fixed,
        "synaptic_op_dense" => has(SynapseFormatKind::Dense),
        "synaptic_op_sparse" => has(SynapseFormatKind::Sparse),
        "synaptic_op_kernel" => has(SynapseFormatKind::Kernel),
        _ => true,
    };
    let missing: Vec<&str> = missing.iter().copied().filter(|name| applies(name)).collect();
    if !missing.is_empty() {
        let place = format!("{path}.services");
        let message = format!("time not modelled in `{path}`: {}", missing.join(", "));
        found.note("QC091", &place, message);
    }
}
