//! A derived description laid over its base.

use std::collections::BTreeMap;

use super::{Field, Node, Origin, Value};

/// A figure of which a derived description changes a part without saying on what grounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartialFigure {
    /// Path of the figure.
    pub(crate) path: String,
    /// Where the derived description changes it.
    pub(crate) origin: Origin,
}

/// Lays `over` on `base`: records and maps merge by name, everything else is replaced.
///
/// A record that carries its own source replaces the figure beneath it whole, since the source
/// speaks for all of it. Figures changed in part are returned.
pub(crate) fn merge(base: Node, over: Node) -> (Node, Vec<PartialFigure>) {
    let mut partial = Vec::new();
    let merged = merge_at(base, over, "", &mut partial);
    (merged, partial)
}

/// Merges at a path.
fn merge_at(base: Node, over: Node, path: &str, partial: &mut Vec<PartialFigure>) -> Node {
    if over.is_sourced() {
        return over;
    }
    let origin = over.origin;
    let sourced = base.is_sourced();
    let value = match (base.value, over.value) {
        (Value::Record(name, under), Value::Record(over_name, above))
            if over_name.is_none() || over_name == name =>
        {
            if sourced {
                partial.push(PartialFigure { path: path.to_owned(), origin });
            }
            Value::Record(name, merge_fields(under, above, path, partial))
        }
        (Value::Map(under), Value::Map(above)) => {
            Value::Map(merge_fields(under, above, path, partial))
        }
        (base, Value::Tuple(None, items))
            if items.is_empty() && matches!(base, Value::Record(..)) =>
        {
            base
        }
        (_, value) => value,
    };
    Node { value, origin }
}

/// Merges fields by name; new ones come last, in their own order.
fn merge_fields(
    under: Vec<Field>,
    above: Vec<Field>,
    path: &str,
    partial: &mut Vec<PartialFigure>,
) -> Vec<Field> {
    let dot = if path.is_empty() { "" } else { "." };
    let mut above: BTreeMap<String, (usize, Field)> = above
        .into_iter()
        .enumerate()
        .map(|(position, field)| (field.key.clone(), (position, field)))
        .collect();
    let mut merged = Vec::with_capacity(under.len() + above.len());
    for known in under {
        merged.push(match above.remove(&known.key) {
            Some((_, field)) => {
                let path = format!("{path}{dot}{}", field.key);
                let node = merge_at(known.node, field.node, &path, partial);
                Field { node, ..field }
            }
            None => known,
        });
    }
    let mut new: Vec<(usize, Field)> = above.into_values().collect();
    new.sort_unstable_by_key(|(position, _)| *position);
    merged.extend(new.into_iter().map(|(_, field)| field));
    merged
}
