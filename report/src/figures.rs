//! Figures for people: three to four digits and a prefix.

/// Prefixes from pico to giga, each a thousand times the one before.
const PREFIXES: [&str; 8] = ["p", "n", "u", "m", "", "k", "M", "G"];

/// A time given in picoseconds.
#[must_use]
pub fn time(ps: f64) -> String {
    scaled(ps, "s")
}

/// An energy given in picojoules.
#[must_use]
pub fn energy(pj: f64) -> String {
    scaled(pj, "J")
}

/// A power given in milliwatts.
#[must_use]
pub fn power(mw: f64) -> String {
    scaled(mw * 1e9, "W")
}

/// A share as a percentage.
#[must_use]
pub fn share(part: f64) -> String {
    format!("{:.1} %", part * 100.0)
}

/// A number of things, with thousands apart.
#[must_use]
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A mean number of things.
#[must_use]
pub fn mean(number: f64) -> String {
    if number >= 1000.0 { count(number.round() as u64) } else { digits(number) }
}

/// A figure in units of 10^-12 with the prefix that leaves one to three digits before the point.
#[must_use]
pub fn scaled(figure: f64, measure: &str) -> String {
    let mut figure = figure;
    let mut prefix = 0;
    // 999.95 would round to 1000.
    while figure >= 999.95 && prefix + 1 < PREFIXES.len() {
        figure /= 1000.0;
        prefix += 1;
    }
    format!("{} {}{measure}", digits(figure), PREFIXES[prefix])
}

/// Four digits at most, at least one of them after the point below a hundred.
fn digits(figure: f64) -> String {
    match figure {
        0.0 => "0".into(),
        small if small < 0.0995 => format!("{small:.2e}"),
        below if below < 9.995 => format!("{below:.2}"),
        _ => format!("{figure:.1}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_keep_their_size() {
        assert_eq!(time(0.0), "0 ps");
        assert_eq!(time(5300.0), "5.30 ns");
        assert_eq!(time(999_960.0), "1.00 us");
        assert_eq!(energy(81.0), "81.0 pJ");
        assert_eq!(power(0.05), "50.0 uW");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!((mean(8.7), mean(12_345.4)), ("8.70".into(), "12,345".into()));
        assert_eq!(share(0.976), "97.6 %");
    }
}
