//! Spikes as events: one entry per spike in `sample`, `t` and `i`.

use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::stimulus::{InputSpike, Stimulus};

use super::archive::Archive;
use super::array::{Go, Number};
use super::{InputRules, SPIKES_MAX, collect_samples, samples_to_read, steps_to_run};

/// Where events come from, for messages.
pub(super) struct EventNames {
    /// Name of the sample column.
    pub(super) sample: &'static str,
    /// Name of the step column.
    pub(super) step: &'static str,
    /// Name of the neuron column.
    pub(super) neuron: &'static str,
}

const ARRAYS: EventNames = EventNames { sample: "sample", step: "t", neuron: "i" };

/// The array of payloads, which may be missing.
const PAYLOAD: &str = "payload";

/// Reads the three arrays, with `samples` and `steps` where the archive has them.
pub(super) fn read_events(
    archive: &mut Archive<'_>,
    rules: &InputRules<'_>,
) -> Result<Stimulus, Diagnostic> {
    let samples = column(archive, ARRAYS.sample, rules)?;
    let steps = column(archive, ARRAYS.step, rules)?;
    let neurons = column(archive, ARRAYS.neuron, rules)?;
    if samples.len() != steps.len() || samples.len() != neurons.len() {
        let message = format!(
            "`sample`, `t` and `i` have one entry per spike, but their lengths are {}, {} and {}",
            samples.len(),
            steps.len(),
            neurons.len()
        );
        return Err(Diagnostic::error("QI005", message).at(
            rules.source,
            "sample",
            "unlike lengths",
        ));
    }
    let payloads = payloads(archive, samples.len(), rules)?;
    let events = samples.into_iter().zip(steps).zip(neurons).zip(payloads);
    let spikes = events
        .map(|(((sample, step), neuron), payload)| (sample, InputSpike { step, neuron, payload }))
        .collect();
    let labels =
        if archive.has("labels") { Some(archive.header("labels")?.elements) } else { None };
    let samples = scalar(archive, "samples", rules)?.or(labels);
    let steps = scalar(archive, "steps", rules)?;
    arrange_events(spikes, samples, steps, rules, &ARRAYS)
}

/// Sorts events into samples; unknown numbers of samples and steps follow from the last event.
pub(super) fn arrange_events(
    mut spikes: Vec<(u32, InputSpike)>,
    samples: Option<u64>,
    steps: Option<u64>,
    rules: &InputRules<'_>,
    names: &EventNames,
) -> Result<Stimulus, Diagnostic> {
    spikes.sort_unstable();
    let last_sample = spikes.last().map(|&(sample, _)| u64::from(sample));
    let last_step = spikes.iter().map(|(_, spike)| u64::from(spike.step)).max();
    let there = samples.unwrap_or(last_sample.map_or(0, |last| last + 1));
    if there == 0 {
        return Ok(Stimulus::default());
    }
    let read = samples_to_read(there, rules, names.sample)?;
    let steps = steps.unwrap_or(last_step.map_or(0, |last| last + 1));
    let steps = steps_to_run(steps, rules, names.step)?;
    for (sample, spike) in &spikes {
        let checks = [
            (names.sample, u64::from(*sample), there, "samples"),
            (names.step, u64::from(spike.step), u64::from(steps), "steps"),
            (names.neuron, u64::from(spike.neuron), u64::from(rules.neurons), "input neurons"),
        ];
        if let Some(&(array, value, bound, what)) = checks.iter().find(|c| c.1 >= c.2) {
            let message =
                format!("there are {bound} {what}, counted from 0, but a spike names {value}");
            return Err(Diagnostic::error("QI008", message)
                .at(
                    rules.source,
                    array,
                    format!("sample {sample}, step {}, neuron {}", spike.step, spike.neuron),
                )
                .help(format!("{what} are numbered 0 to {}", bound.saturating_sub(1))));
        }
    }
    let kept = spikes.partition_point(|&(sample, _)| sample < read);
    collect_samples(&spikes[..kept], read, steps, rules, names.sample)
}

/// One column of indices.
fn column(
    archive: &mut Archive<'_>,
    array: &str,
    rules: &InputRules<'_>,
) -> Result<Vec<u32>, Diagnostic> {
    let header = archive.header(array)?;
    if header.shape.len() != 1 {
        let message = format!("`{array}` has one dimension, not {}", header.shape.len());
        return Err(Diagnostic::error("QI005", message).at(
            rules.source,
            array,
            format!("shape {:?}", header.shape),
        ));
    }
    if header.elements > SPIKES_MAX as u64 {
        return Err(super::too_many_spikes(rules, array));
    }
    let mut indices = vec![0; header.elements as usize];
    archive.visit_nonzero(array, |at, number| {
        let index = number.whole().and_then(|whole| u32::try_from(whole).ok());
        indices[at as usize] = index.ok_or_else(|| {
            let message = format!("an index is an integer from 0 to 2^32 - 1, not {number}");
            Diagnostic::error("QI008", message).at(rules.source, array, format!("entry {at}"))
        })?;
        Ok(Go::On)
    })?;
    Ok(indices)
}

/// The payload of each event; 1 where the archive has none.
fn payloads(
    archive: &mut Archive<'_>,
    events: usize,
    rules: &InputRules<'_>,
) -> Result<Vec<i32>, Diagnostic> {
    if !archive.has(PAYLOAD) {
        return Ok(vec![1; events]);
    }
    let header = archive.header(PAYLOAD)?;
    if header.shape != [events as u64] {
        let message =
            format!("`payload` has one entry for each of {events} spikes, not {:?}", header.shape);
        return Err(Diagnostic::error("QI005", message)
            .at(rules.source, PAYLOAD, "unlike lengths")
            .help("leave it out where spikes are binary"));
    }
    let mut payloads = vec![0; events];
    archive.visit_nonzero(PAYLOAD, |at, number| {
        let refuse = || rules.payload.refuse(number, rules, PAYLOAD, format!("entry {at}"));
        payloads[at as usize] = rules.payload.take(number).ok_or_else(refuse)?;
        Ok(Go::On)
    })?;
    match payloads.iter().position(|&payload| payload == 0) {
        None => Ok(payloads),
        Some(at) => {
            let zero = Number::Integer(0);
            Err(rules.payload.refuse(zero, rules, PAYLOAD, format!("entry {at}")))
        }
    }
}

/// A single number of the archive, such as `steps`.
pub(super) fn scalar(
    archive: &mut Archive<'_>,
    array: &str,
    rules: &InputRules<'_>,
) -> Result<Option<u64>, Diagnostic> {
    if !archive.has(array) {
        return Ok(None);
    }
    let (header, numbers) = archive.numbers(array, 1)?;
    let whole = numbers.first().and_then(|number| number.whole());
    let count = whole.and_then(|whole| u64::try_from(whole).ok());
    let wrong = || {
        Diagnostic::error("QI005", format!("`{array}` is a single number of {array}")).at(
            rules.source,
            array,
            format!("shape {:?}", header.shape),
        )
    };
    count.map(Some).ok_or_else(wrong)
}
