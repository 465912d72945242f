//! What stands beside the spikes: labels and the length of a timestep.

use quarrion_isa::diagnostic::Diagnostic;

use super::archive::Archive;
use super::{InputRules, SAMPLES_MAX};

/// Reads `labels`, one per sample of the archive.
pub(super) fn read_labels(
    archive: &mut Archive<'_>,
    samples: usize,
    rules: &InputRules<'_>,
) -> Result<Option<Vec<u32>>, Diagnostic> {
    if !archive.has("labels") {
        return Ok(None);
    }
    let (header, numbers) = archive.numbers("labels", SAMPLES_MAX)?;
    let place = format!("shape {:?}", header.shape);
    // With `--samples` the first of more samples were read.
    let enough = match rules.samples {
        Some(_) => numbers.len() >= samples,
        None => numbers.len() == samples,
    };
    if header.shape.len() != 1 || !enough {
        let message = format!("`labels` has one entry per sample, here {samples}");
        return Err(Diagnostic::error("QI009", message)
            .at(rules.source, "labels", place)
            .help("store the labels in the order of the samples"));
    }
    let label = |(at, number): (usize, &super::array::Number)| {
        let label = number.whole().and_then(|whole| u32::try_from(whole).ok());
        label.ok_or_else(|| {
            let message = format!("a label is a class number from 0 up, not {number}");
            Diagnostic::error("QI009", message).at(rules.source, "labels", format!("entry {at}"))
        })
    };
    numbers.iter().enumerate().map(label).collect::<Result<_, _>>().map(Some)
}

/// Reads `dt`, the seconds of a timestep.
pub(super) fn read_dt(
    archive: &mut Archive<'_>,
    rules: &InputRules<'_>,
) -> Result<Option<f64>, Diagnostic> {
    if !archive.has("dt") {
        return Ok(None);
    }
    let (header, numbers) = archive.numbers("dt", 1)?;
    match numbers.first().map(|number| number.real()) {
        Some(dt) if dt > 0.0 && dt.is_finite() => Ok(Some(dt)),
        _ => Err(Diagnostic::error(
            "QI013",
            "`dt` is the seconds of a timestep: one number above zero",
        )
        .at(rules.source, "dt", format!("shape {:?}", header.shape))),
    }
}
