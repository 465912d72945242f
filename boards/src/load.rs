//! Loading a chip: from a name or path and edits to a checked chip.

use quarrion_isa::chip::file::ChipFile;
use quarrion_isa::chip::{Chip, check_chip};
use quarrion_isa::diagnostic::{Diagnostic, Severity};
use quarrion_isa::near;

use crate::figures::{self, FigureRow};
use crate::source::Sources;
use crate::tree::{Fault, Field, Node, PartialFigure, ReadError, Value, merge, print, read};
use crate::{edit, layers, scaling};

/// A checked chip with everything that was said about it.
#[derive(Clone, Debug)]
pub struct LoadedChip {
    /// The chip.
    pub chip: Chip,
    /// The file that it was made of, bases and edits included.
    pub file: ChipFile,
    /// Warnings and notes.
    pub notes: Vec<Diagnostic>,
    /// The whole description as one RON text that loads to the same chip.
    pub text: String,
    /// Every value with what it rests on.
    pub provenance: Vec<FigureRow>,
    /// The texts that labels point into.
    pub sources: Sources,
}

/// A description that is no chip.
#[derive(Clone, Debug)]
pub struct LoadError {
    /// What is wrong, errors first.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts that labels point into.
    pub sources: Sources,
}

impl std::fmt::Display for LoadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let said: Vec<String> = self.diagnostics.iter().map(Diagnostic::to_string).collect();
        f.write_str(&said.join("\n"))
    }
}

impl std::error::Error for LoadError {}

/// Loads a chip by catalogue name or file path, with `PATH=VALUE` edits on top.
///
/// # Errors
/// Every finding that keeps the description from being a chip; the chip's author must act.
pub fn load_chip(name_or_path: &str, sets: &[String]) -> Result<LoadedChip, LoadError> {
    let mut sources = Sources::default();
    let trees = layers::gather(name_or_path, &mut sources);
    finish(trees, sets, sources)
}

/// Loads a chip from a text at hand, such as the one stored with a run.
///
/// # Errors
/// As [`load_chip`].
pub fn load_chip_text(name: &str, text: &str, sets: &[String]) -> Result<LoadedChip, LoadError> {
    let mut sources = Sources::default();
    let trees = layers::gather_text(name, text, &mut sources);
    finish(trees, sets, sources)
}

/// Loads a chip from a text at hand, given by name and content, with a file laid over it: other
/// prices for a stored run, for example.
///
/// # Errors
/// As [`load_chip`].
pub fn load_chip_over(
    base: (&str, &str),
    file: &str,
    sets: &[String],
) -> Result<LoadedChip, LoadError> {
    let mut sources = Sources::default();
    let trees = layers::gather_over(base, file, &mut sources);
    finish(trees, sets, sources)
}

/// Lays the layers on each other and checks the result.
fn finish(
    trees: Result<Vec<Node>, Vec<Diagnostic>>,
    sets: &[String],
    mut sources: Sources,
) -> Result<LoadedChip, LoadError> {
    let checked = trees.and_then(|trees| check(trees, sets, &mut sources));
    match checked {
        Ok(mut loaded) => {
            loaded.sources = sources;
            Ok(loaded)
        }
        Err(mut diagnostics) => {
            diagnostics.sort_by_key(|found| std::cmp::Reverse(found.severity));
            Err(LoadError { diagnostics, sources })
        }
    }
}

/// Merges, edits, scales, reads and checks.
fn check(
    trees: Vec<Node>,
    sets: &[String],
    sources: &mut Sources,
) -> Result<LoadedChip, Vec<Diagnostic>> {
    let (mut tree, mut stages) = stack(trees, sources)?;
    edit::apply(&mut tree, sets, sources)?;
    stages.push(tree.clone());
    let typed = |tree: &Node, sources: &Sources| {
        read::<ChipFile>(tree).map_err(|error| vec![misfit(error, tree, sources)])
    };
    typed(&tree, sources)?;
    let mut notes = scaling::scale(&mut tree, &stages, sources)?;
    let grounds = figures::check(&tree, &stages, sources);
    figures::prune(&mut tree);
    let file = typed(&tree, sources)?;
    let locate = |found: Vec<Diagnostic>| -> Vec<Diagnostic> {
        found.into_iter().map(|finding| sources.locate(finding, &tree)).collect()
    };
    let (mut errors, grounds): (Vec<_>, Vec<_>) =
        grounds.into_iter().partition(|finding| finding.severity == Severity::Error);
    match check_chip(&file) {
        Err(found) => {
            errors.extend(locate(found));
            Err(errors)
        }
        Ok(_) if !errors.is_empty() => Err(errors),
        Ok((chip, found)) => {
            notes.extend(locate(found));
            notes.extend(grounds);
            notes.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
            Ok(LoadedChip {
                chip,
                file,
                notes,
                text: print(&tree),
                provenance: figures::rows(&tree, sources),
                sources: Sources::default(),
            })
        }
    }
}

/// Lays derived descriptions on their bases; also returns the state after each layer.
fn stack(trees: Vec<Node>, sources: &Sources) -> Result<(Node, Vec<Node>), Vec<Diagnostic>> {
    let mut stages = Vec::new();
    let mut layers = trees.into_iter();
    let mut tree = layers.next().ok_or_else(Vec::new)?;
    tidy(&mut tree);
    stages.push(tree.clone());
    for over in layers {
        let (merged, partial) = merge(tree, over);
        tree = merged;
        if !partial.is_empty() {
            return Err(partial.into_iter().map(|found| ungrounded(&found, sources)).collect());
        }
        remove(&mut tree, sources)?;
        tidy(&mut tree);
        stages.push(tree.clone());
    }
    Ok((tree, stages))
}

/// Drops what is about the making of a description and not about the chip.
fn tidy(tree: &mut Node) {
    let done = |field: &Field| match (field.key.as_str(), &field.node.value) {
        ("extends", Value::Text(_)) => true,
        ("without", Value::List(paths)) => {
            paths.iter().all(|path| matches!(path.value, Value::Text(_)))
        }
        _ => false,
    };
    if let Some(fields) = tree.fields_mut() {
        fields.retain(|field| !done(field));
    }
}

/// Removes the values that `without` names.
fn remove(tree: &mut Node, sources: &Sources) -> Result<(), Vec<Diagnostic>> {
    let named: Vec<Node> = tree.field("without").map(Node::items).unwrap_or_default().to_vec();
    let mut errors = Vec::new();
    for node in named {
        let Value::Text(path) = &node.value else { continue };
        let steps = crate::tree::parse_path(path).unwrap_or_default();
        let removed = steps.split_last().is_some_and(|(last, parents)| {
            let fields = tree.at_mut(parents).and_then(|parent| parent.inner_mut().fields_mut());
            fields.is_some_and(|fields| {
                let before = fields.len();
                fields.retain(|field| field.key != *last);
                fields.len() < before
            })
        });
        if !removed {
            let message = format!("`without` names {path:?}, but the base has no such value");
            let mut error =
                Diagnostic::error("QC017", message).help("drop the entry or correct its path");
            error.labels.push(sources.label(node.origin, "without", "this path"));
            errors.push(error);
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// A figure changed in part.
fn ungrounded(found: &PartialFigure, sources: &Sources) -> Diagnostic {
    let message = format!(
        "`{}` is changed in part, but its source speaks for the figure that it replaces",
        found.path
    );
    let mut error = Diagnostic::error("QC014", message)
        .help("give the whole figure, with its own `source` and `standing`");
    error.labels.push(sources.label(found.origin, &found.path, "has no source"));
    error
}

/// A value that does not fit the schema.
fn misfit(error: ReadError, tree: &Node, sources: &Sources) -> Diagnostic {
    let path = error.path.join(".");
    let origin = match error.fault {
        Fault::MissingField(_) => sources.place(tree, &path),
        _ => error.origin.unwrap_or(tree.origin),
    };
    let outer = error.path.len().saturating_sub(1);
    let parent = match error.path[..outer].join(".") {
        outer if outer.is_empty() => "a chip file".to_owned(),
        outer => format!("`{outer}`"),
    };
    let (code, message, label, help) = match error.fault {
        Fault::UnknownField(name, known) => {
            let message = format!("{parent} has no field `{name}`");
            ("QC005", message, "unknown field", near::help(&name, known))
        }
        Fault::UnknownName(name, known) => {
            let message = format!("`{path}` cannot be `{name}`");
            ("QC006", message, "unknown name", near::help(&name, known))
        }
        Fault::MissingField(field) => {
            let place = if path.is_empty() { "the chip file".into() } else { format!("`{path}`") };
            let message = format!("{place} lacks the field `{field}`");
            ("QC015", message, "incomplete", format!("add `{field}: …`"))
        }
        Fault::Mismatch(found, expected) => {
            let place = if path.is_empty() { "the chip file".into() } else { format!("`{path}`") };
            let message = format!("{place} is {found}, but expected {expected}");
            ("QC006", message, "does not fit", format!("write {expected}"))
        }
        Fault::Other(message) => {
            let message = format!("`{path}` does not fit: {message}");
            ("QC006", message, "does not fit", "compare with `chip show loihi1`".to_owned())
        }
    };
    let is_set = sources.name(origin.layer) == edit::SET && code == "QC005";
    let code = if is_set { "QC007" } else { code };
    let mut diagnostic = Diagnostic::error(code, message).help(help);
    diagnostic.labels.push(sources.label(origin, &path, label));
    diagnostic
}
