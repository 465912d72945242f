//! Rules on counts and lists of widths.

use super::findings::Findings;

/// Whether the count is at least one.
pub(super) fn at_least_one(found: &mut Findings, path: &str, count: u64) -> bool {
    if count == 0 {
        let message = format!("`{path}` is 0, but at least 1 is needed");
        found.error("QC020", path, message, "write a positive whole number");
    }
    count > 0
}

/// Whether the number lies within `low..=high`.
pub(super) fn within(
    found: &mut Findings,
    code: &'static str,
    path: &str,
    number: i64,
    (low, high): (i64, i64),
) -> bool {
    let inside = (low..=high).contains(&number);
    if !inside {
        let message = format!("`{path}` is {number}, but it must lie from {low} to {high}");
        found.error(code, path, message, format!("write a whole number from {low} to {high}"));
    }
    inside
}

/// Whether the widths are there, ascending and within `low..=high`.
pub(super) fn widths(
    found: &mut Findings,
    code: &'static str,
    path: &str,
    widths: &[u32],
    (low, high): (u32, u32),
) -> bool {
    if widths.is_empty() {
        let message = format!("`{path}` is empty, but at least one width is needed");
        found.error(code, path, message, "write a list of widths in bits, such as [8]");
        return false;
    }
    for (position, &width) in widths.iter().enumerate() {
        let place = format!("{path}.{position}");
        if !within(found, code, &place, i64::from(width), (i64::from(low), i64::from(high))) {
            return false;
        }
        if position > 0 && widths[position - 1] >= width {
            let message = format!(
                "`{place}` is {width}, after {}, but widths must ascend",
                widths[position - 1]
            );
            found.error(code, &place, message, "sort the widths and drop repeated ones");
            return false;
        }
    }
    true
}
