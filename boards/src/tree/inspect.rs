//! What RON lets pass and a chip file must not hold: repeated keys, numbers that are none.

use super::{Node, Origin, Value};

/// Something that a chip file must not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// A name given twice: the second place, and the first.
    RepeatedKey {
        /// The name.
        key: String,
        /// The second place.
        second: Origin,
        /// The first place.
        first: Origin,
    },
    /// A number that is not finite, or no number at all.
    NotANumber {
        /// The number as written.
        number: String,
        /// The place.
        at: Origin,
    },
}

/// Every flaw of the tree, in the order of the text.
pub(crate) fn flaws(node: &Node) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    inspect(node, &mut flaws);
    flaws
}

/// Inspects a value and what it holds.
fn inspect(node: &Node, flaws: &mut Vec<Flaw>) {
    if let Value::Number(number) = &node.value
        && !is_number(number)
    {
        flaws.push(Flaw::NotANumber { number: number.clone(), at: node.origin });
    }
    let mut seen = std::collections::BTreeMap::new();
    for field in node.fields() {
        if let Some(&first) = seen.get(field.key.as_str()) {
            let (key, second) = (field.key.clone(), field.key_origin);
            flaws.push(Flaw::RepeatedKey { key, second, first });
        }
        seen.insert(field.key.as_str(), field.key_origin);
        inspect(&field.node, flaws);
    }
    for item in node.items() {
        inspect(item, flaws);
    }
}

/// Whether the word is a finite number; `1e999` is none, `0x10` is one.
fn is_number(number: &str) -> bool {
    let digits = number.trim_start_matches(['+', '-']);
    let prefixed = ["0x", "0o", "0b"].iter().any(|prefix| digits.starts_with(prefix));
    let decimal = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    prefixed || decimal && number.parse::<f64>().is_ok_and(f64::is_finite)
}
