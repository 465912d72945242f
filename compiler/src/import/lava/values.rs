//! Whole numbers of a layer: fetched, checked, spread over its neurons.

use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::program::ParameterValue;

use crate::import::archive::Numbers;
use crate::import::parameter::Parameters;

/// Largest magnitude of a number that is believed; a register of any chip is smaller.
const MAGNITUDE_MAX: f64 = 4_294_967_296.0;

/// Checks that numbers are whole and of a believable size.
pub(super) fn check_whole(
    parameters: &Parameters<'_, '_>,
    name: &str,
    numbers: &Numbers,
) -> Result<(), Diagnostic> {
    let whole = |value: &f64| value.fract() == 0.0 && value.abs() <= MAGNITUDE_MAX;
    let Some(at) = numbers.values.iter().position(|value| !whole(value)) else { return Ok(()) };
    let message =
        format!("a quantised network holds integers, and `{name}` has {}", numbers.values[at]);
    let label = format!("element {at} of shape {:?}", numbers.shape);
    Err(Diagnostic::error("QN046", message)
        .at(parameters.source(), &parameters.path_of(name), label)
        .help("export with quantised weights: with the neuron's pre_hook_fx, and descaled"))
}

/// The whole numbers called `name`, which must be there.
pub(super) fn whole(parameters: &Parameters<'_, '_>, name: &str) -> Result<Numbers, Diagnostic> {
    let numbers = parameters.numbers(name)?;
    check_whole(parameters, name, &numbers)?;
    Ok(numbers)
}

/// One whole number, if it is there.
pub(super) fn single(
    parameters: &Parameters<'_, '_>,
    name: &str,
) -> Result<Option<i64>, Diagnostic> {
    if !parameters.has(name) {
        return Ok(None);
    }
    match whole(parameters, name)?.values.as_slice() {
        [value] => Ok(Some(*value as i64)),
        _ => Err(parameters.wrong_kind(name, "one whole number")),
    }
}

/// Whole numbers of a layer, where they are there: one for all, one a channel or one a neuron.
pub(super) fn spread(
    parameters: &Parameters<'_, '_>,
    name: &str,
    shape: &[usize],
) -> Result<Option<ParameterValue>, Diagnostic> {
    if !parameters.has(name) {
        return Ok(None);
    }
    let numbers = whole(parameters, name)?;
    let neurons: usize = shape.iter().product();
    let channels = shape.first().copied().unwrap_or(1);
    let values: Vec<i64> = numbers.values.iter().map(|&value| value as i64).collect();
    if let Some((first, rest)) = values.split_first()
        && rest.iter().all(|value| value == first)
        && (rest.is_empty() || values.len() == neurons || values.len() == channels)
    {
        return Ok(Some(ParameterValue::Shared(*first)));
    }
    if values.len() == neurons {
        return Ok(Some(ParameterValue::Each(values)));
    }
    if values.len() == channels {
        let area = neurons / channels.max(1);
        let each = values.iter().flat_map(|&value| std::iter::repeat_n(value, area));
        return Ok(Some(ParameterValue::Each(each.collect())));
    }
    let wanted = format!("1, {channels} or {neurons} values");
    Err(parameters.disagreement(name, &numbers.shape, &wanted))
}

/// A number of a spread value turned into another.
pub(super) fn map(value: ParameterValue, turn: impl Fn(i64) -> i64) -> ParameterValue {
    match value {
        ParameterValue::Shared(value) => ParameterValue::Shared(turn(value)),
        ParameterValue::Each(values) => {
            ParameterValue::Each(values.into_iter().map(turn).collect())
        }
    }
}

/// The first value of a spread one that is out of bounds.
pub(super) fn find(value: &ParameterValue, bad: impl Fn(i64) -> bool) -> Option<i64> {
    match value {
        ParameterValue::Shared(value) => Some(*value).filter(|&value| bad(value)),
        ParameterValue::Each(values) => values.iter().copied().find(|&value| bad(value)),
    }
}
