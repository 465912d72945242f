//! Every value of a description with what it rests on.

use std::collections::BTreeMap;

use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::near;

use crate::edit::SET;
use crate::source::Sources;
use crate::tree::{Layer, Node, Value, parse_path};

/// One value of a description: where it stands, what it is, what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FigureRow {
    /// Path of the value, such as `core_types.neuro.compartments`.
    pub path: String,
    /// The value as written.
    pub value: String,
    /// Where it comes from; `None` where the description does not say.
    pub source: Option<String>,
    /// What it rests on, as the description says.
    pub standing: Option<String>,
    /// The text that sets it: `builtin:NAME`, a file, or `--set`.
    pub set_in: String,
    /// The line there, from 1.
    pub line: usize,
}

/// What stands behind a value.
#[derive(Clone)]
struct Ground {
    source: String,
    standing: String,
    layer: Layer,
}

/// Fields of a description that are about it, or what-ifs, and rest on nothing.
const ABOUT: [&str; 7] = ["format", "name", "about", "sources", "provenance", "without", "faults"];

/// Every value of the description, in the order of the file; a list with one ground is one row.
pub(crate) fn rows(tree: &Node, sources: &Sources) -> Vec<FigureRow> {
    let grounds = provenance(tree);
    let mut rows: Vec<FigureRow> = Vec::new();
    tree.visit_leaves(&mut |path, node| {
        let steps: Vec<&str> = path.split('.').collect();
        let own = steps.last().is_some_and(|step| ["source", "standing"].contains(step));
        let law = steps.contains(&"scaling");
        if own || law || ABOUT.contains(&steps[0]) {
            return;
        }
        let ground =
            ground_of(tree, &grounds, &steps).filter(|ground| ground.layer >= node.origin.layer);
        let (source, standing) = ground.map(|ground| (ground.source, ground.standing)).unzip();
        let set_in = sources.name(node.origin.layer).to_owned();
        let (path, value) = (path.to_owned(), written(node));
        let line = sources.line(node.origin);
        rows.push(FigureRow { path, value, source, standing, set_in, line });
    });
    gather_lists(tree, &rows)
}

/// What stands behind a value: an entry for it alone, its own figure, an entry for what holds it.
fn ground_of(
    tree: &Node,
    grounds: &BTreeMap<Vec<String>, Ground>,
    steps: &[&str],
) -> Option<Ground> {
    let exact: Vec<String> = steps.iter().map(|step| (*step).to_owned()).collect();
    grounds
        .get(&exact)
        .cloned()
        .or_else(|| inline(tree, steps))
        .or_else(|| covering(grounds, steps))
}

/// Joins the rows of a list's plain items where they rest on the same.
fn gather_lists(tree: &Node, rows: &[FigureRow]) -> Vec<FigureRow> {
    let list_of = |row: &FigureRow| -> Option<String> {
        let (list, _) = row.path.rsplit_once('.')?;
        let node = tree.at(&parse_path(list)?)?.inner();
        matches!(node.value, Value::List(_)).then(|| list.to_owned())
    };
    let ground = |row: &FigureRow| (row.source.clone(), row.standing.clone(), row.set_in.clone());
    let mut lists: BTreeMap<String, Vec<&FigureRow>> = BTreeMap::new();
    for row in rows {
        if let Some(list) = list_of(row) {
            lists.entry(list).or_default().push(row);
        }
    }
    lists.retain(|_, items| items.iter().all(|item| ground(item) == ground(items[0])));
    let mut gathered: Vec<FigureRow> = Vec::new();
    for row in rows {
        let list = list_of(row).filter(|list| lists.contains_key(list));
        let Some(list) = list else {
            gathered.push(row.clone());
            continue;
        };
        if gathered.last().is_some_and(|last| last.path == list) {
            continue;
        }
        let values: Vec<&str> = lists[&list].iter().map(|item| item.value.as_str()).collect();
        let value = format!("[{}]", values.join(", "));
        gathered.push(FigureRow { path: list, value, ..row.clone() });
    }
    gathered
}

/// A value as it was written.
fn written(node: &Node) -> String {
    match &node.value {
        Value::Number(text) | Value::Text(text) | Value::Name(text) => text.clone(),
        Value::Flag(flag) => flag.to_string(),
        Value::Tuple(name, _) | Value::Record(name, _) => name.clone().unwrap_or_default(),
        Value::List(_) | Value::Map(_) => String::new(),
    }
}

/// Source and standing of a record.
fn ground(record: &Node) -> Option<Ground> {
    let word = |field: &str| match &record.field(field)?.value {
        Value::Text(word) | Value::Name(word) => Some(word.clone()),
        _ => None,
    };
    let layer = record.field("source")?.origin.layer;
    Some(Ground { source: word("source")?, standing: word("standing")?, layer })
}

/// The innermost record around the value that carries a source.
fn inline(tree: &Node, steps: &[&str]) -> Option<Ground> {
    let mut node = tree;
    let mut found = None;
    for step in steps {
        node = node.step(step)?;
        found = ground(node).or(found);
    }
    found
}

/// The provenance table by steps of the path.
fn provenance(tree: &Node) -> BTreeMap<Vec<String>, Ground> {
    let entries = tree.field("provenance").map(Node::fields).unwrap_or_default();
    entries
        .iter()
        .filter_map(|entry| Some((parse_path(&entry.key)?, ground(&entry.node)?)))
        .collect()
}

/// The provenance entry with the longest beginning of the path.
fn covering(grounds: &BTreeMap<Vec<String>, Ground>, steps: &[&str]) -> Option<Ground> {
    let steps: Vec<String> = steps.iter().map(|step| (*step).to_owned()).collect();
    (1..=steps.len()).rev().find_map(|length| grounds.get(&steps[..length]).cloned())
}

/// Drops provenance of values that a later layer took away.
pub(crate) fn prune(tree: &mut Node) {
    let there: Vec<bool> = tree
        .field("provenance")
        .map(Node::fields)
        .unwrap_or_default()
        .iter()
        .map(|entry| parse_path(&entry.key).is_some_and(|steps| tree.at(&steps).is_some()))
        .collect();
    let mut there = there.into_iter();
    if let Some(entries) = tree.step_mut("provenance").and_then(Node::fields_mut) {
        entries.retain(|_| there.next().unwrap_or(true));
    }
}

/// Provenance entries must name a value of their layer; values without a ground are noted.
pub(crate) fn check(tree: &Node, stages: &[Node], sources: &Sources) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for entry in tree.field("provenance").map(Node::fields).unwrap_or_default() {
        let stage = &stages[entry.key_origin.layer.min(stages.len() - 1)];
        if parse_path(&entry.key).is_some_and(|steps| stage.at(&steps).is_some()) {
            continue;
        }
        let path = format!("provenance.{}", entry.key);
        let message = format!("`{path}` speaks of `{}`, but the description has none", entry.key);
        let mut error = Diagnostic::error("QC016", message)
            .help("name a value by its path, or the beginning of one, such as mesh.links");
        error.labels.push(sources.label(entry.key_origin, &path, "this path"));
        found.push(error);
    }
    found.extend(check_citations(tree, sources));
    let bare: Vec<String> = rows(tree, sources)
        .into_iter()
        .filter(|row| row.source.is_none())
        .map(|row| row.path)
        .collect();
    if let Some(first) = bare.first() {
        let message = format!("{} values have no source, the first is `{first}`", bare.len());
        let mut note = Diagnostic::note("QC094", message)
            .help("say in `provenance` where they come from: a path, a source, a standing");
        note.labels.push(sources.label(sources.place(tree, first), first, "no source"));
        found.push(note);
    }
    found
}

/// Every `[key]` in a source must be a key of `sources`.
fn check_citations(tree: &Node, sources: &Sources) -> Vec<Diagnostic> {
    let known: Vec<&str> = tree
        .field("sources")
        .map(Node::fields)
        .unwrap_or_default()
        .iter()
        .map(|field| field.key.as_str())
        .collect();
    let mut found = Vec::new();
    tree.visit_leaves(&mut |path, node| {
        let Value::Text(text) = &node.value else { return };
        let is_source = path == "source" || path.ends_with(".source");
        if !is_source || text.starts_with(SET) {
            return;
        }
        for key in citations(text).filter(|key| !known.contains(key)) {
            let message = format!("`{path}` cites [{key}], but `sources` has no such key");
            let mut error = Diagnostic::error("QC013", message).help(near::help(key, &known));
            error.labels.push(sources.label(node.origin, path, "cites it"));
            found.push(error);
        }
    });
    found
}

/// The keys in square brackets.
fn citations(text: &str) -> impl Iterator<Item = &str> {
    text.split('[').skip(1).filter_map(|rest| rest.split_once(']').map(|(key, _)| key))
}
