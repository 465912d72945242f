//! Rules on a kind of core.

use super::super::file::{CoreTypeFile, FormatFile};
use super::super::{CoreType, SynapseFormat, WeightRules};
use super::findings::Findings;
use super::{counts, learning, program, services, synapse};

/// The most compartments, entries or instructions of a core; a reader's limit, no chip's.
pub(super) const READER_ENTRIES: i64 = 1 << 24;
/// The most bits of one memory of a core; a reader's limit, no chip's.
const READER_BITS: u64 = 1 << 40;

/// One kind of core, with every rule on it.
pub(super) fn check_core_type(name: &str, file: &CoreTypeFile, found: &mut Findings) -> CoreType {
    let path = format!("core_types.{name}");
    check_entries(&path, file, found);
    check_joins(&path, file, found);
    check_memory(&path, file, found);
    synapse::check_weights(&path, file, found);
    synapse::check_formats(&path, file, found);
    synapse::check_delay(&path, file, found);
    CoreType {
        name: name.to_owned(),
        compartments: file.compartments,
        state_word_bits: file.state_word_bits,
        state_memory_bits: file.state_memory_bits,
        synapse_memory_bits: file.synapse_memory_bits,
        word_bits: file.word_bits,
        memory_bits: file.memory_bits,
        axons_in: file.axons_in,
        axons_out: file.axons_out,
        axon_out_other_chip_entries: file.axon_out_other_chip_entries,
        fan_in: file.fan_in,
        fan_out: file.fan_out,
        configurations: file.configurations,
        list_words: file.list_words,
        accumulator_slots: file.accumulator_slots,
        weights: WeightRules {
            widths: file.weights.widths.clone(),
            signs: file.weights.signs.clone(),
            exponent_min: file.weights.exponent_min,
            exponent_max: file.weights.exponent_max,
            input_shift: file.weights.input_shift,
            accumulator_bits: file.weights.accumulator_bits,
            exponent_rounding: file.weights.exponent_rounding,
        },
        payload_bits: file.payload_bits,
        delay_max: file.delay_max,
        axon_delay_max: file.axon_delay_max,
        formats: file.formats.iter().map(format).collect(),
        registers: program::registers(&path, file, found),
        programs: program::programs(&path, file, found),
        lanes: file.lanes,
        overlap: file.overlap,
        services: services::services(&path, file, found),
        joins: file.joins.clone(),
        learning: file.learning.map(|learning| learning::check(&path, file, &learning, found)),
    }
}

/// Operations once each, and room for two compartments at least.
fn check_joins(path: &str, file: &CoreTypeFile, found: &mut Findings) {
    let Some(joins) = &file.joins else { return };
    let mut ops = joins.ops.clone();
    ops.sort_unstable();
    ops.dedup();
    if ops.is_empty() || ops.len() != joins.ops.len() {
        let place = format!("{path}.joins.ops");
        let message = format!("`{place}` names at least one operation, and each once");
        found.error("QC087", &place, message, "leave `joins` out where compartments join nothing");
    }
    if let Some(depth) = joins.depth {
        counts::within(found, "QC088", &format!("{path}.joins.depth"), depth.into(), (2, 1 << 16));
    }
}

/// Counts of compartments and table entries.
fn check_entries(path: &str, file: &CoreTypeFile, found: &mut Findings) {
    let counted = [
        ("compartments", Some(file.compartments)),
        ("axons_in", Some(file.axons_in)),
        ("axons_out", Some(file.axons_out)),
        ("axon_out_other_chip_entries", Some(file.axon_out_other_chip_entries)),
        ("fan_in", file.fan_in),
        ("fan_out", file.fan_out),
        ("configurations", file.configurations),
        ("threshold_configurations", file.threshold_configurations),
        ("list_formats", file.list_formats),
        ("destination_groups", file.destination_groups),
        ("list_words", file.list_words),
        ("accumulator_slots", file.accumulator_slots),
        ("lanes", Some(file.lanes)),
    ];
    for (field, count) in counted {
        let Some(count) = count else { continue };
        let place = format!("{path}.{field}");
        counts::within(found, "QC020", &place, i64::from(count), (1, READER_ENTRIES));
    }
    for (field, count, most) in
        [("payload_bits", file.payload_bits, 32), ("axon_delay_max", file.axon_delay_max, 1 << 16)]
    {
        counts::within(found, "QC020", &format!("{path}.{field}"), i64::from(count), (0, most));
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
