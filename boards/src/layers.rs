//! Gathering the texts of a description: the file itself and what it extends.

use std::io::Read;
use std::path::{Path, PathBuf};

use quarrion_isa::diagnostic::{Diagnostic, Span};
use quarrion_isa::near;

use crate::catalog::{CATALOG, find};
use crate::source::Sources;
use crate::tree::{Flaw, Node, Value, flaws, parse};

/// The largest chip file that is read; a reader's limit.
const READER_BYTES: u64 = 256 * 1024;
/// The longest chain of descriptions that extend each other; a reader's limit.
const READER_CHAIN: usize = 8;

/// Where one text of a description comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// The catalogue.
    Builtin(&'static str),
    /// A file.
    File(PathBuf),
    /// A text that was handed over.
    Given,
}

/// A text with its tree.
struct Opened {
    place: Place,
    name: String,
    text: String,
}

/// Reads the chain of descriptions that `name_or_path` begins, base first.
///
/// # Errors
/// What keeps a text from being read or from being a tree; labels count in the pushed sources.
pub(crate) fn gather(
    name_or_path: &str,
    sources: &mut Sources,
) -> Result<Vec<Node>, Vec<Diagnostic>> {
    let place = resolve(name_or_path, None).map_err(|error| vec![*error])?;
    let first = open(&place, name_or_path).map_err(|error| vec![*error])?;
    gather_from(first, sources)
}

/// Reads the chain of descriptions that a text at hand begins, base first.
pub(crate) fn gather_text(
    name: &str,
    text: &str,
    sources: &mut Sources,
) -> Result<Vec<Node>, Vec<Diagnostic>> {
    let (name, text) = (name.to_owned(), text.to_owned());
    gather_from(Opened { place: Place::Given, name, text }, sources)
}

/// Reads a file that is laid over a text at hand, unless it says itself what it extends.
pub(crate) fn gather_over(
    base: (&str, &str),
    file: &str,
    sources: &mut Sources,
) -> Result<Vec<Node>, Vec<Diagnostic>> {
    let place = resolve(file, None).map_err(|error| vec![*error])?;
    let over = open(&place, file).map_err(|error| vec![*error])?;
    let mut tree = tree_of(&over, sources)?;
    if tree.field("extends").is_some() {
        return gather_from(over, sources);
    }
    let mut trees = gather_text(base.0, base.1, sources)?;
    let layer = sources.push(over.name, over.text);
    tree.each_origin(&mut |origin| origin.layer = layer);
    trees.push(tree);
    Ok(trees)
}

/// Follows `extends` from the first text on.
fn gather_from(first: Opened, sources: &mut Sources) -> Result<Vec<Node>, Vec<Diagnostic>> {
    let mut chain: Vec<(Opened, Node)> = Vec::new();
    let mut next = Some(first);
    while let Some(read) = next.take() {
        let tree = tree_of(&read, sources)?;
        let base = tree.field("extends").and_then(|node| match &node.value {
            Value::Text(text) => Some((text.clone(), node.origin.span)),
            _ => None,
        });
        let place = read.place.clone();
        let text = read.text.clone();
        let name = read.name.clone();
        chain.push((read, tree));
        let Some((base, span)) = base else { break };
        let stop = |diagnostic: Diagnostic, sources: &mut Sources| {
            sources.push(name.clone(), text.clone());
            vec![diagnostic]
        };
        let at = |mut error: Diagnostic| {
            error.labels.clear();
            error.at_span(&name, span, "extended here")
        };
        let base_place = resolve(&base, Some(&place)).map_err(|e| stop(at(*e), sources))?;
        if chain.iter().any(|(read, _)| read.place == base_place) {
            let names: Vec<&str> = chain.iter().map(|(read, _)| read.name.as_str()).collect();
            let message =
                format!("`extends: {base:?}` closes a circle: {} -> {base}", names.join(" -> "));
            let error = Diagnostic::error("QC008", message).help("extend a description outside it");
            return Err(stop(at(error), sources));
        }
        if chain.len() >= READER_CHAIN {
            let message = format!("more than {READER_CHAIN} descriptions extend each other");
            let error = Diagnostic::error("QC008", message).help("extend a base more directly");
            return Err(stop(at(error), sources));
        }
        let name = base_name(&base, &base_place);
        next = Some(open(&base_place, &name).map_err(|e| stop(at(*e), sources))?);
    }
    Ok(chain
        .into_iter()
        .rev()
        .map(|(read, mut tree)| {
            let layer = sources.push(read.name, read.text);
            tree.each_origin(&mut |origin| origin.layer = layer);
            tree
        })
        .collect())
}

/// The name of a base in labels.
fn base_name(base: &str, place: &Place) -> String {
    match place {
        Place::File(path) => path.display().to_string(),
        Place::Builtin(_) | Place::Given => base.to_owned(),
    }
}

/// Where a name or path leads; names of the catalogue come first.
fn resolve(name_or_path: &str, from: Option<&Place>) -> Result<Place, Box<Diagnostic>> {
    let looks_like_path =
        name_or_path.contains(['/', '\\']) || name_or_path.to_ascii_lowercase().ends_with(".ron");
    if !looks_like_path && let Some(entry) = find(name_or_path) {
        return Ok(Place::Builtin(entry.name));
    }
    let path = match from {
        Some(Place::File(file)) => file.parent().unwrap_or(Path::new("")).join(name_or_path),
        _ => PathBuf::from(name_or_path),
    };
    if looks_like_path || path.is_file() {
        return Ok(Place::File(std::fs::canonicalize(&path).unwrap_or(path)));
    }
    let known: Vec<&str> = CATALOG.iter().map(|entry| entry.name).collect();
    let message = format!("no chip is called {name_or_path:?}, and no file has that name");
    let error = Diagnostic::error("QC001", message)
        .at(name_or_path, "", "asked for here")
        .help(near::help(name_or_path, &known));
    Err(Box::new(error))
}

/// Reads the text at a place.
fn open(place: &Place, name: &str) -> Result<Opened, Box<Diagnostic>> {
    let fail = |message: String, help: &str| {
        let error = Diagnostic::error("QC001", message).at(name, "", "this file").help(help);
        Box::new(error)
    };
    let path = match place {
        Place::Builtin(builtin) => {
            let text = find(builtin).map_or("", |entry| entry.text).to_owned();
            return Ok(Opened { place: place.clone(), name: format!("builtin:{builtin}"), text });
        }
        Place::Given => return Err(fail("a text at hand has no file".into(), "name a file")),
        Place::File(path) => path,
    };
    let unreadable = |error: std::io::Error| {
        fail(format!("chip file {name:?} cannot be read: {error}"), "check the path")
    };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(READER_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > READER_BYTES {
        let message = format!("chip file {name:?} has more than {READER_BYTES} bytes");
        return Err(fail(message, "a chip file describes a chip; networks live elsewhere"));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        fail(format!("chip file {name:?} is no UTF-8 text at byte {at}"), "save it as UTF-8")
    })?;
    Ok(Opened { place: place.clone(), name: name.to_owned(), text })
}

/// The tree of a text, free of repeated keys and of numbers that are none.
fn tree_of(read: &Opened, sources: &mut Sources) -> Result<Node, Vec<Diagnostic>> {
    let failed = |found: Vec<Diagnostic>, sources: &mut Sources| {
        sources.push(read.name.clone(), read.text.clone());
        found
    };
    let syntax = |span: Span, message: &str| {
        let message = format!("{} is not RON: {message}", read.name);
        vec![
            Diagnostic::error("QC002", message)
                .at_span(&read.name, span, "here")
                .help("compare with a description that reads: `chip show loihi1`"),
        ]
    };
    let tree = match parse(&read.text, 0) {
        Ok(tree) => tree,
        Err(problem) => return Err(failed(syntax(problem.span, &problem.message), sources)),
    };
    let judged = ron::from_str::<serde::de::IgnoredAny>(&read.text);
    if let Err(error) = judged {
        let at = |position: ron::error::Position| byte_of(&read.text, position.line, position.col);
        let span = Span { start: at(error.span.start), end: at(error.span.end) };
        return Err(failed(syntax(span, &error.code.to_string()), sources));
    }
    let found = flaws(&tree);
    if found.is_empty() {
        return Ok(tree);
    }
    let found = found.into_iter().map(|flaw| describe(flaw, &read.name)).collect();
    Err(failed(found, sources))
}

/// A flaw as a diagnostic.
pub(crate) fn describe(flaw: Flaw, source: &str) -> Diagnostic {
    match flaw {
        Flaw::RepeatedKey { key, second, first } => {
            let message = format!("`{key}` is given twice, but a name stands for one value");
            Diagnostic::error("QC003", message)
                .at_span(source, second.span, "given again here")
                .at_span(source, first.span, "given first here")
                .help("keep one of the two")
        }
        Flaw::NotANumber { number, at } => {
            let message = format!("`{number}` is not a number that a chip file can hold");
            Diagnostic::error("QC004", message)
                .at_span(source, at.span, "not a finite number")
                .help("write a finite number, or leave the entry out if it is unknown")
        }
    }
}

/// The byte of a line and column, both counted from 1 in characters.
fn byte_of(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = text.get(start..).unwrap_or_default();
    let offset = rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(at, _)| at);
    start + offset
}
