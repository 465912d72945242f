//! Figures that follow parameters.
//!
//! A figure is written for the parameters that hold in the layer where it stands. Where a later
//! layer (a derived file, `--set`) changes a parameter, the figure follows its laws: it is
//! multiplied by (new / old)^exponent as a decimal, and rounded once, when it becomes an integer.
//! Where a price names no law and plainly depends on the parameter, a warning says that it stayed.

mod dependence;

use quarrion_isa::diagnostic::Diagnostic;

use crate::source::Sources;
use crate::tree::{Node, Origin, Step, Value, parse_path};

/// Largest exponent of a law, either way: a reader's limit, beyond which a slip is likelier.
const READER_EXPONENT: f64 = 8.0;

/// Ends of the names of fields that hold a figure.
const FIGURES: [&str; 4] = ["_pj", "_ns", "_mw", "_mm2"];

/// A law of one figure, read from the tree.
struct Law {
    parameter: String,
    exponent: f64,
    source: String,
    origin: Origin,
    path: String,
}

/// Scales every figure whose parameters a later layer changed.
///
/// `stages[layer]` is the description as it was once that layer lay on top. Returns notes on
/// scaled figures and warnings on prices that stayed.
///
/// # Errors
/// Laws whose parameter is no number of the description, or whose exponent is out of bounds.
pub(crate) fn scale(
    tree: &mut Node,
    stages: &[Node],
    sources: &Sources,
) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
    let mut said = dependence::stayed(tree, stages, sources);
    let mut errors = Vec::new();
    let mut figures = Vec::new();
    find_figures(tree, &mut Vec::new(), &mut figures);
    for path in figures {
        let laws = laws(tree, &path);
        let broken: Vec<Diagnostic> =
            laws.iter().filter_map(|law| check_law(law, tree, sources)).collect();
        if broken.is_empty() {
            said.extend(scale_figure(tree, stages, &path, &laws, sources));
        }
        errors.extend(broken);
    }
    if errors.is_empty() { Ok(said) } else { Err(errors) }
}

/// The paths of records that carry laws.
fn find_figures(node: &Node, path: &mut Vec<Step>, figures: &mut Vec<Vec<Step>>) {
    if node.field("scaling").is_some() {
        figures.push(path.clone());
        return;
    }
    for name in node.step_names() {
        if let Some(inner) = node.step(&name) {
            path.push(name);
            find_figures(inner, path, figures);
            path.pop();
        }
    }
}

/// The laws of a figure.
fn laws(tree: &Node, path: &[Step]) -> Vec<Law> {
    let figure = tree.at(path).and_then(|figure| figure.field("scaling"));
    let laws = figure.map(|scaling| scaling.inner().items()).unwrap_or_default();
    let read = laws.iter().enumerate().filter_map(|(position, law)| {
        let parameter = law.field("parameter")?;
        let Value::Text(name) = &parameter.value else { return None };
        let Value::Number(exponent) = &law.field("exponent")?.value else { return None };
        let source = match law.field("source").map(|node| &node.value) {
            Some(Value::Text(source)) => source.clone(),
            _ => String::new(),
        };
        Some(Law {
            parameter: name.clone(),
            exponent: exponent.parse().ok()?,
            source,
            origin: parameter.origin,
            path: format!("{}.scaling.{position}", path.join(".")),
        })
    });
    read.collect()
}

/// The number at a path.
fn number(tree: &Node, path: &str) -> Option<f64> {
    match &tree.at(&parse_path(path)?)?.value {
        Value::Number(number) => number.parse().ok(),
        _ => None,
    }
}

/// The description that held when the value was written.
fn stage_of<'a>(stages: &'a [Node], node: &Node) -> &'a Node {
    &stages[node.origin.layer.min(stages.len() - 1)]
}

/// What is wrong with a law.
fn check_law(law: &Law, tree: &Node, sources: &Sources) -> Option<Diagnostic> {
    if law.exponent.abs() > READER_EXPONENT {
        let message = format!(
            "`{}.exponent` is {}, but it must lie from -{READER_EXPONENT} to {READER_EXPONENT}",
            law.path, law.exponent
        );
        let path = format!("{}.exponent", law.path);
        let mut error = Diagnostic::error("QC019", message).help("write the exponent of new / old");
        error.labels.push(sources.label(sources.place(tree, &path), &path, "set here"));
        return Some(error);
    }
    if number(tree, &law.parameter).is_some() {
        return None;
    }
    let message = format!(
        "`{}.parameter` is {:?}, but the description has no number at that path",
        law.path, law.parameter
    );
    let mut paths = Vec::new();
    tree.visit_leaves(&mut |path, node| {
        if matches!(node.value, Value::Number(_)) {
            paths.push(path.to_owned());
        }
    });
    let near = quarrion_isa::near::near_names(&law.parameter, paths.iter().map(String::as_str));
    let help = match near.first() {
        Some(near) => format!("did you mean `{near}`?"),
        None => "name a parameter by its path, such as core_types.neuro.word_bits".to_owned(),
    };
    let path = format!("{}.parameter", law.path);
    let mut error = Diagnostic::error("QC018", message).help(help);
    error.labels.push(sources.label(law.origin, &path, "this parameter"));
    Some(error)
}

/// Scales every number of one figure; a note if any changed.
fn scale_figure(
    tree: &mut Node,
    stages: &[Node],
    path: &[Step],
    laws: &[Law],
    sources: &Sources,
) -> Option<Diagnostic> {
    let mut changes: Vec<String> = Vec::new();
    let mut reasons: Vec<String> = Vec::new();
    let mut place = None;
    for steps in numbers_of(tree, path) {
        let node = tree.at(&steps)?;
        let (stage, origin) = (stage_of(stages, node), node.origin);
        let (factor, Some(reason)) = factor(tree, stage, laws) else { continue };
        let Value::Number(written) = &mut tree.at_mut(&steps)?.value else { continue };
        let Ok(old) = written.parse::<f64>() else { continue };
        let new = format!("{}", old * factor);
        changes.push(format!("{} {old} -> {new}", steps[path.len()..].join(".")));
        *written = new;
        place.get_or_insert(origin);
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    let origin = place?;
    let reasons = reasons.join("; ");
    let source = tree.at_mut(path).and_then(|figure| figure.step_mut("source"));
    if let Some(Value::Text(text)) = source.map(|source| &mut source.value) {
        text.push_str("; scaled: ");
        text.push_str(&reasons);
    }
    let path = path.join(".");
    let message = format!("`{path}` follows its law: {} ({reasons})", changes.join(", "));
    let mut note = Diagnostic::note("QC093", message)
        .help("each figure is rounded once, into a whole number of aJ, ps or pW");
    note.labels.push(sources.label(origin, &path, "written for the old value"));
    Some(note)
}

/// The paths of a figure's numbers.
fn numbers_of(tree: &Node, path: &[Step]) -> Vec<Vec<Step>> {
    let mut found = Vec::new();
    let Some(figure) = tree.at(path) else { return found };
    figure.visit_leaves(&mut |below, node| {
        let is_figure = FIGURES.iter().any(|end| below.ends_with(end));
        if is_figure && matches!(node.value, Value::Number(_)) {
            let below = below.split('.').map(str::to_owned);
            found.push(path.iter().cloned().chain(below).collect());
        }
    });
    found
}

/// The factor of all laws together, and what it rests on where a parameter changed.
fn factor(tree: &Node, stage: &Node, laws: &[Law]) -> (f64, Option<String>) {
    let mut factor = 1.0;
    let mut reasons = Vec::new();
    for law in laws {
        let (old, new) = (number(stage, &law.parameter), number(tree, &law.parameter));
        let (Some(old), Some(new)) = (old, new) else { continue };
        if old != new && old > 0.0 && new > 0.0 {
            factor *= libm::pow(new / old, law.exponent);
            reasons.push(format!(
                "{} {old} -> {new}, exponent {}: {}",
                law.parameter, law.exponent, law.source
            ));
        }
    }
    let reason = (!reasons.is_empty()).then(|| reasons.join("; "));
    (factor, reason)
}
