//! Rules on weights and synapse formats.

use super::super::SynapseFormatKind;
use super::super::file::{CoreTypeFile, FormatFile};
use super::counts;
use super::findings::Findings;

/// Widths, signs and exponents of weights against the accumulator.
pub(super) fn check_weights(path: &str, file: &CoreTypeFile, found: &mut Findings) {
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
pub(super) fn check_formats(path: &str, file: &CoreTypeFile, found: &mut Findings) {
    let list = format!("{path}.formats");
    if file.formats.is_empty() {
        let message = format!("`{list}` is empty, but a core needs a synapse format");
        found.error("QC032", &list, message, "add a dense, sparse, run_length or kernel format");
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
        match format.kind {
            SynapseFormatKind::Sparse => check_index(path, position, format, file, found),
            SynapseFormatKind::RunLength => {
                counts::widths(found, "QC030", &at("index_widths"), &format.index_widths, (1, 31));
            }
            _ if !format.index_widths.is_empty() => {
                let place = at("index_widths");
                let message = format!(
                    "`{place}` is given, but only sparse and run-length lists store where they end"
                );
                found.clash("QC030", (&place, &at("kind")), message, "drop `index_widths`");
            }
            SynapseFormatKind::Dense | SynapseFormatKind::Kernel => {}
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
pub(super) fn check_delay(path: &str, file: &CoreTypeFile, found: &mut Findings) {
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
