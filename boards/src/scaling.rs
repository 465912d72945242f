//! Prices that follow parameters.
//!
//! A price is written for the parameters that hold in the layer where it stands. Where a later
//! layer (a derived file, `--set`) changes a parameter, the price follows its laws; where it names
//! no law and plainly depends on the parameter, a warning says that it stayed.

use quarrion_isa::diagnostic::Diagnostic;

use crate::source::Sources;
use crate::tree::{Node, Origin, Value, parse_path};

/// Prices that plainly depend on a parameter: its path (`*` stands for any step) and the kinds.
const DEPENDENCES: &[(&[&str], &[&str])] = &[
    (
        &["core_types", "*", "synapse_memory_bits"],
        &["synapse_word", "synaptic_op_dense", "synaptic_op_sparse", "synaptic_op_kernel"],
    ),
    (
        &["core_types", "*", "word_bits"],
        &["synapse_word", "synaptic_op_dense", "synaptic_op_sparse", "synaptic_op_kernel"],
    ),
    (
        &["core_types", "*", "weights", "accumulator_bits"],
        &["synaptic_op_dense", "synaptic_op_sparse", "synaptic_op_kernel"],
    ),
    (
        &["core_types", "*", "compartments"],
        &["neuron_inactive", "neuron_active", "neuron_spiking", "instruction"],
    ),
    (
        &["core_types", "*", "state_word_bits"],
        &["neuron_inactive", "neuron_active", "neuron_spiking", "instruction"],
    ),
    (&["core_types", "*", "axons_in"], &["axon_in"]),
    (&["core_types", "*", "axons_out"], &["axon_out"]),
    (&["mesh", "packet_bits"], &["hop_tile", "hop_east_west", "hop_north_south", "hop_chip_edge"]),
    (&["mesh", "cores_per_tile"], &["hop_tile"]),
    (&["mesh", "links", "tile", "width_bits"], &["hop_tile"]),
    (&["mesh", "links", "east_west", "width_bits"], &["hop_east_west"]),
    (&["mesh", "links", "north_south", "width_bits"], &["hop_north_south"]),
    (&["mesh", "links", "chip_edge", "width_bits"], &["hop_chip_edge"]),
];

/// A law of one price, read from the tree.
struct Law {
    parameter: String,
    exponent: f64,
    source: String,
    origin: Origin,
    path: String,
}

/// Scales every price whose parameters a later layer changed.
///
/// `stages[layer]` is the description as it was once that layer lay on top. Returns notes on
/// scaled prices and warnings on prices that stayed.
///
/// # Errors
/// A law whose parameter is no number of the description.
pub(crate) fn scale(
    tree: &mut Node,
    stages: &[Node],
    sources: &Sources,
) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
    let mut said = Vec::new();
    let mut errors = Vec::new();
    let kinds: Vec<String> = tree.field("prices").map(Node::step_names).unwrap_or_default();
    for kind in kinds {
        let path = format!("prices.{kind}");
        let Some(price) = tree.field("prices").and_then(|prices| prices.field(&kind)) else {
            continue;
        };
        let Some(energy) = price.field("energy_pj") else { continue };
        let stage = &stages[energy.origin.layer.min(stages.len() - 1)];
        let laws = laws(price, &path);
        let mut factor = 1.0;
        let mut reasons = Vec::new();
        for law in &laws {
            let now = number(tree, &law.parameter);
            let (Some(old), Some(new)) = (number(stage, &law.parameter).or(now), now) else {
                errors.push(unknown_parameter(law, tree, sources));
                continue;
            };
            if old != new && old > 0.0 && new > 0.0 {
                factor *= libm::pow(new / old, law.exponent);
                reasons.push(format!(
                    "{} {old} -> {new}, exponent {} [law: {}]",
                    law.parameter, law.exponent, law.source
                ));
            }
        }
        said.extend(stayed(tree, stage, &kind, &laws, sources));
        if !reasons.is_empty() {
            let origin = energy.origin;
            let reason = reasons.join("; ");
            said.extend(rescale(tree, &kind, factor, &reason).map(|(old, new)| {
                let message = format!("`{path}` follows its law: {old} pJ -> {new} pJ ({reason})");
                let mut note = Diagnostic::note("QC093", message);
                note.labels.push(sources.label(origin, &path, "written for the old value"));
                note
            }));
        }
    }
    if errors.is_empty() { Ok(said) } else { Err(errors) }
}

/// The laws of a price.
fn laws(price: &Node, path: &str) -> Vec<Law> {
    let laws = price.field("scaling").map(Node::items).unwrap_or_default();
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
            path: format!("{path}.scaling.{position}.parameter"),
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

/// A law that follows nothing.
fn unknown_parameter(law: &Law, tree: &Node, sources: &Sources) -> Diagnostic {
    let message = format!(
        "`{}` is {:?}, but the description has no number at that path",
        law.path, law.parameter
    );
    let mut paths = Vec::new();
    tree.visit_leaves(&mut |path, node| {
        if matches!(node.value, Value::Number(_)) {
            paths.push(path.to_owned());
        }
    });
    let near = crate::near::near_names(&law.parameter, paths.iter().map(String::as_str));
    let help = match near.first() {
        Some(near) => format!("did you mean `{near}`?"),
        None => "name a parameter by its path, such as core_types.neuro.word_bits".to_owned(),
    };
    let mut error = Diagnostic::error("QC018", message).help(help);
    error.labels.push(sources.label(law.origin, &law.path, "this parameter"));
    error
}

/// Multiplies nominal energy and bounds; returns the old and the new nominal energy.
fn rescale(tree: &mut Node, kind: &str, factor: f64, reason: &str) -> Option<(f64, f64)> {
    let price = tree.step_mut("prices")?.step_mut(kind)?;
    let scaled = |node: &mut Node| -> Option<(f64, f64)> {
        let Value::Number(number) = &mut node.value else { return None };
        let old: f64 = number.parse().ok()?;
        *number = format!("{}", old * factor);
        Some((old, old * factor))
    };
    let energies = scaled(price.step_mut("energy_pj")?)?;
    if let Some(spread) = price.step_mut("spread") {
        for bound in ["low_pj", "high_pj"] {
            spread.step_mut(bound).and_then(scaled);
        }
    }
    if let Some(source) = price.step_mut("source")
        && let Value::Text(text) = &mut source.value
    {
        text.push_str(&format!("; {} pJ scaled: {reason}", energies.0));
    }
    Some(energies)
}

/// Warnings on changed parameters that the price depends on without a law.
fn stayed(
    tree: &Node,
    stage: &Node,
    kind: &str,
    laws: &[Law],
    sources: &Sources,
) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    for (pattern, kinds) in DEPENDENCES {
        if !kinds.contains(&kind) {
            continue;
        }
        for path in matching(tree, pattern) {
            let (old, new) = (number(stage, &path), number(tree, &path));
            let (Some(old), Some(new)) = (old, new) else { continue };
            if old == new || laws.iter().any(|law| law.parameter == path) {
                continue;
            }
            let message = format!(
                "price unchanged: `{path}` went from {old} to {new}, but `prices.{kind}` has no \
                 law that follows it"
            );
            let help = format!("give `prices.{kind}` a `scaling` entry, or a new price");
            let mut warning = Diagnostic::warning("QC071", message).help(help);
            let origin = tree.nearest(&path).origin;
            warning.labels.push(sources.label(origin, &path, "changed here"));
            warnings.push(warning);
        }
    }
    warnings
}

/// The paths of the tree that fit a pattern.
fn matching(tree: &Node, pattern: &[&str]) -> Vec<String> {
    let mut found = vec![(String::new(), tree)];
    for step in pattern {
        let mut next = Vec::new();
        for (path, node) in found {
            let names = if *step == "*" { node.step_names() } else { vec![(*step).to_owned()] };
            for name in names {
                let dot = if path.is_empty() { "" } else { "." };
                next.extend(node.step(&name).map(|node| (format!("{path}{dot}{name}"), node)));
            }
        }
        found = next;
    }
    found.into_iter().map(|(path, _)| path).collect()
}
