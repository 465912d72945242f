//! `--set PATH=VALUE`: edits on top of a description.

use quarrion_isa::diagnostic::{Diagnostic, Span};
use quarrion_isa::event::EventKind;
use quarrion_isa::near;

use crate::source::Sources;
use crate::tree::{Field, KeyStyle, Layer, Node, Origin, Step, Value, flaws, parse, parse_path};

/// Name of the layer of edits in labels.
pub(crate) const SET: &str = "--set";

/// Groups that a description may leave out, and an edit of one of their values brings in.
const OPTIONAL: [&str; 1] = ["faults"];

/// One edit, split at its first `=`.
struct Edit<'a> {
    path: &'a str,
    value: &'a str,
    path_span: Span,
    value_start: usize,
}

/// Applies the edits in order; each must name a place that the description can have.
///
/// # Errors
/// Every edit that is malformed or leads nowhere.
pub(crate) fn apply(
    tree: &mut Node,
    sets: &[String],
    sources: &mut Sources,
) -> Result<(), Vec<Diagnostic>> {
    if sets.is_empty() {
        return Ok(());
    }
    let layer = sources.push(SET.to_owned(), sets.join("\n"));
    let mut errors = Vec::new();
    let mut start = 0;
    for set in sets {
        if let Err(error) = apply_one(tree, set, start, layer) {
            errors.extend(error);
        }
        start += set.len() + 1;
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// Applies one edit that begins at byte `start` of the layer's text.
fn apply_one(
    tree: &mut Node,
    set: &str,
    start: usize,
    layer: Layer,
) -> Result<(), Vec<Diagnostic>> {
    let edit = split(set, start).map_err(|error| vec![*error])?;
    let steps = parse_path(edit.path).ok_or_else(|| {
        let message = format!("`{}` is no path", edit.path);
        vec![
            Diagnostic::error("QC007", message)
                .at_span(SET, edit.path_span, "this path")
                .help("write names with dots between them, such as mesh.width"),
        ]
    })?;
    if let [layering @ ("extends" | "without")] =
        steps.iter().map(String::as_str).collect::<Vec<_>>()[..]
    {
        let message =
            format!("`{layering}` says how files are laid over each other, which is done");
        return Err(vec![
            Diagnostic::error("QC007", message)
                .at_span(SET, edit.path_span, "no value of the chip")
                .help("name the other chip with --chip, or write a file that extends it"),
        ]);
    }
    let (last, parents) = steps.split_last().ok_or_else(Vec::new)?;
    let target = tree.at(&steps).map(|node| matches!(node.value, Value::Text(_)));
    let node = value_of(&edit, layer, target == Some(true)).map_err(|error| vec![error])?;
    let origin = Origin { layer, span: edit.path_span };
    if parents.len() == 1 && OPTIONAL.contains(&parents[0].as_str()) && tree.at(parents).is_none() {
        tree.set_field(
            &parents[0],
            Node { value: Value::Record(None, Vec::new()), origin },
            origin,
        );
    }
    let Some(parent) = tree.at_mut(parents).map(Node::inner_mut) else {
        return Err(vec![nowhere(tree, &edit, &steps)]);
    };
    let is_new = parent.step(last).is_none();
    if is_new && matches!(parent.value, Value::Record(..) | Value::Map(_)) {
        let style = match &parent.value {
            Value::Map(fields) => fields.first().map_or(KeyStyle::Quoted, |field| field.style),
            _ => KeyStyle::Plain,
        };
        let fields = parent.fields_mut().ok_or_else(Vec::new)?;
        fields.push(Field { key: last.clone(), style, key_origin: origin, node });
    } else if let Some(place) = parent.step_mut(last) {
        *place = node;
    } else {
        return Err(vec![nowhere(tree, &edit, &steps)]);
    }
    account(tree, &steps, set, origin);
    Ok(())
}

/// Splits `PATH=VALUE`.
fn split(set: &str, start: usize) -> Result<Edit<'_>, Box<Diagnostic>> {
    match set.split_once('=') {
        Some((path, value)) if !path.trim().is_empty() && !value.trim().is_empty() => {
            let path_span = Span { start, end: start + path.len() };
            Ok(Edit { path: path.trim(), value, path_span, value_start: start + path.len() + 1 })
        }
        _ => {
            let message = format!("`--set {set}` is not of the form PATH=VALUE");
            let span = Span { start, end: start + set.len() };
            let error = Diagnostic::error("QC007", message)
                .at_span(SET, span, "this edit")
                .help("write, for instance, --set mesh.width=16");
            Err(Box::new(error))
        }
    }
}

/// The value of an edit: RON, or a bare text where the description has a text.
fn value_of(edit: &Edit<'_>, layer: Layer, is_text: bool) -> Result<Node, Diagnostic> {
    let span = Span { start: edit.value_start, end: edit.value_start + edit.value.len() };
    let origin = Origin { layer, span };
    let text = || Node { value: Value::Text(edit.value.trim().to_owned()), origin };
    let parsed = match parse(edit.value, layer) {
        Ok(node) if is_text && !matches!(node.value, Value::Text(_)) => return Ok(text()),
        Ok(node) => node,
        Err(_) if is_text => return Ok(text()),
        Err(problem) => {
            let message = format!("the value of `{}` is not RON: {}", edit.path, problem.message);
            let start = edit.value_start + problem.span.start;
            let span = Span { start, end: edit.value_start + problem.span.end };
            return Err(Diagnostic::error("QC007", message)
                .at_span(SET, span, "here")
                .help("quote the whole edit for the shell, such as --set 'x=[1, 2]'"));
        }
    };
    if let Some(flaw) = flaws(&parsed).into_iter().next() {
        let mut error = crate::layers::describe(flaw, SET);
        for span in error.labels.iter_mut().filter_map(|label| label.span.as_mut()) {
            *span = Span { start: span.start + edit.value_start, end: span.end + edit.value_start };
        }
        return Err(error);
    }
    Ok(shifted(parsed, edit.value_start))
}

/// Moves the spans of a value that was parsed alone to its place in the layer's text.
fn shifted(mut node: Node, by: usize) -> Node {
    node.each_origin(&mut |origin| {
        origin.span = Span { start: origin.span.start + by, end: origin.span.end + by };
    });
    node
}

/// An edit that leads nowhere: names the first step that does not exist and its neighbours.
fn nowhere(tree: &Node, edit: &Edit<'_>, steps: &[Step]) -> Diagnostic {
    let mut node = tree;
    let mut passed = Vec::new();
    let mut missing = "";
    for step in steps {
        match node.step(step) {
            Some(inner) => {
                node = inner;
                passed.push(step.as_str());
            }
            None => {
                missing = step;
                break;
            }
        }
    }
    let names = node.step_names();
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    let place = match passed.join(".") {
        path if path.is_empty() => "the description".to_owned(),
        path => format!("`{path}`"),
    };
    let message = format!("`{}` names no value: {place} has no `{missing}`", edit.path);
    let is_price = passed == ["prices"] && EventKind::ALL.iter().any(|kind| kind.name() == missing);
    let help = if is_price {
        format!(
            "the chip has no such price yet; give all of it: --set 'prices.{missing}=(energy_pj: \
             3, spread: unknown, source: \"a guess\", standing: assumed)'"
        )
    } else if known.is_empty() {
        format!("{place} holds no further values: end the path there")
    } else {
        near::help(missing, &known)
    };
    Diagnostic::error("QC007", message).at_span(SET, edit.path_span, "this path").help(help)
}

/// Notes that the edited value now rests on the edit, not on the source that it had.
fn account(tree: &mut Node, steps: &[Step], set: &str, origin: Origin) {
    let text = |text: String| Node { value: Value::Text(text), origin };
    let name = |name: &str| Node { value: Value::Name(name.to_owned()), origin };
    let source = format!("--set {set}");
    for depth in (0..steps.len()).rev() {
        let Some(figure) = tree.at_mut(&steps[..depth]).map(Node::inner_mut) else { continue };
        if !figure.is_sourced() {
            continue;
        }
        if steps[depth] == "source" || steps[depth] == "standing" {
            return;
        }
        let spread_is_older =
            figure.field("spread").is_some_and(|node| node.origin.layer < origin.layer);
        if steps[depth] == "energy_pj" && spread_is_older {
            figure.set_field("spread", name("unknown"), origin);
        }
        let rewrites = [("source", text(source.clone())), ("standing", name("assumed"))];
        for (field, node) in rewrites {
            if figure.field(field).is_none_or(|node| node.origin.layer < origin.layer) {
                figure.set_field(field, node, origin);
            }
        }
        return;
    }
    let own = ["name", "about", "format", "sources", "provenance", "faults"];
    if own.contains(&steps[0].as_str()) || steps.last().is_some_and(|step| step == "source") {
        return;
    }
    let entry = Value::Record(None, Vec::new());
    let mut entry = Node { value: entry, origin };
    entry.set_field("source", text(source), origin);
    entry.set_field("standing", name("assumed"), origin);
    if tree.field("provenance").is_none() {
        tree.set_field("provenance", Node { value: Value::Map(Vec::new()), origin }, origin);
    }
    if let Some(provenance) = tree.step_mut("provenance") {
        provenance.set_field(&steps.join("."), entry, origin);
    }
}
