//! Spikes as a table: `sample,step,neuron` and perhaps `payload`, one line per spike.

use quarrion_isa::diagnostic::{Diagnostic, Span};
use quarrion_isa::stimulus::InputSpike;

use super::array::Number;
use super::events::{EventNames, arrange_events};
use super::{Content, Input, InputRules, SPIKES_MAX};

const COLUMNS: EventNames = EventNames { sample: "sample", step: "step", neuron: "neuron" };

/// Reads a spike table; the numbers of samples and steps follow from the last spike.
pub(super) fn read_table(bytes: &[u8], rules: &InputRules<'_>) -> Result<Input, Diagnostic> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    let expected = ["sample", "step", "neuron", "payload"];
    let header = reader.headers().map_err(|error| malformed(rules, &error))?;
    let graded = header.len() == expected.len();
    if header.iter().ne(expected.into_iter().take(header.len().max(3))) {
        let message = "the first line of a spike table is `sample,step,neuron`, or this with \
                       `,payload`";
        let found = header.iter().take(8).collect::<Vec<_>>().join(",");
        return Err(Diagnostic::error("QI012", message)
            .at(rules.source, "line 1", format!("{found:.80}"))
            .help("add the header line"));
    }
    let mut spikes = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|error| malformed(rules, &error))?;
        let (sample, step, neuron, payload) = if graded {
            row.deserialize(None).map_err(|error| malformed(rules, &error))?
        } else {
            let plain: (u32, u32, u32) =
                row.deserialize(None).map_err(|error| malformed(rules, &error))?;
            (plain.0, plain.1, plain.2, 1)
        };
        let number = Number::Integer(payload);
        let payload = rules.payload.take(number).ok_or_else(|| {
            let place = format!("sample {sample}, step {step}, neuron {neuron}");
            rules.payload.refuse(number, rules, "payload", place)
        })?;
        if spikes.len() == SPIKES_MAX {
            return Err(super::too_many_spikes(rules, "sample"));
        }
        spikes.push((sample, InputSpike { step, neuron, payload }));
    }
    let content = Content::Spikes(arrange_events(spikes, None, None, rules, &COLUMNS)?);
    Ok(Input { content, labels: None, rewards: Vec::new(), dt: None, warnings: Vec::new() })
}

/// A line that does not parse, with its place.
fn malformed(rules: &InputRules<'_>, error: &csv::Error) -> Diagnostic {
    let message = "each line of a spike table has integers, of which the first three are from 0 up";
    let found = Diagnostic::error("QI012", message).help("write sample,step,neuron");
    match error.position() {
        Some(position) => {
            let at = usize::try_from(position.byte()).unwrap_or(usize::MAX);
            let text = format!("line {}: {}", position.line(), cause(error));
            found.at_span(rules.source, Span { start: at, end: at.saturating_add(1) }, text)
        }
        None => found.at(rules.source, "", cause(error)),
    }
}

/// What the reader says, without the position that the label has already.
pub(super) fn cause(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Deserialize { err, .. } => err.to_string(),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} values instead of {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "not text".into(),
        _ => error.to_string(),
    }
}
