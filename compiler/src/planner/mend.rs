//! Cores that turn out too full are split until every one fits.

use super::Part;
use super::measure::{Measured, Meter};
use crate::compile::CompileFailure;
use crate::layout::{Run, Slice};

/// Splits parts that do not fit; `None` where single neurons do not, or where more than `most`
/// parts would be needed.
pub(super) fn mend(
    meter: &Meter<'_>,
    mut parts: Vec<Part>,
    most: usize,
) -> Result<Option<Vec<Part>>, CompileFailure> {
    loop {
        let measured = Measured::of(meter, parts.iter().map(|part| part.slices.as_slice()))?;
        let mut whole = Vec::with_capacity(parts.len());
        let mut split = false;
        for (at, part) in parts.into_iter().enumerate() {
            if measured.check(at, meter.kind(part.core_type), "").is_ok() {
                whole.push(part);
                continue;
            }
            let Some((one, other)) = halve(part) else { return Ok(None) };
            whole.extend([one, other]);
            split = true;
        }
        parts = whole;
        if parts.len() > most {
            return Ok(None);
        }
        if !split {
            return Ok(Some(parts));
        }
    }
}

/// Two halves of a part: some of its slices each, or half of its only slice.
fn halve(mut part: Part) -> Option<(Part, Part)> {
    let core_type = part.core_type;
    if part.slices.len() > 1 {
        let rest = part.slices.split_off(part.slices.len() / 2);
        return Some((part, Part { core_type, slices: rest }));
    }
    let slice = part.slices.pop()?;
    let half = slice.size() / 2;
    if half == 0 {
        return None;
    }
    let (mut first, mut rest) = (Vec::new(), Vec::new());
    let mut left = half;
    for run in slice.runs {
        let here = run.count.min(left);
        if here > 0 {
            first.push(Run { first: run.first, count: here });
        }
        if run.count > here {
            rest.push(Run { first: run.first + here, count: run.count - here });
        }
        left -= here;
    }
    let part = |runs| {
        let slice = Slice { population: slice.population, runs };
        Part { core_type, slices: vec![slice] }
    };
    Some((part(first), part(rest)))
}
