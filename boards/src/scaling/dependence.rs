//! Prices that plainly depend on a parameter and name no law for it.

use quarrion_isa::diagnostic::Diagnostic;

use super::number;
use crate::source::Sources;
use crate::tree::{Node, Value};

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

/// Warnings on prices that stayed although a later layer changed what they depend on.
pub(super) fn stayed(tree: &Node, stages: &[Node], sources: &Sources) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    for (pattern, kinds) in DEPENDENCES {
        for path in matching(tree, pattern) {
            for kind in *kinds {
                warnings.extend(price_stayed(tree, stages, (&path, kind), sources));
            }
        }
    }
    warnings
}

/// A warning if the price of the kind stayed although the parameter changed.
fn price_stayed(
    tree: &Node,
    stages: &[Node],
    (path, kind): (&str, &str),
    sources: &Sources,
) -> Option<Diagnostic> {
    let price = tree.field("prices")?.field(kind)?;
    let stage = super::stage_of(stages, price.field("energy_pj")?);
    let (old, new) = (number(stage, path)?, number(tree, path)?);
    let names = |law: &Node| match law.field("parameter").map(|node| &node.value) {
        Some(Value::Text(parameter)) => parameter == path,
        _ => false,
    };
    let laws = price.field("scaling").map(Node::items).unwrap_or_default();
    if old == new || laws.iter().any(names) {
        return None;
    }
    let message = format!(
        "price unchanged: `{path}` went from {old} to {new}, but `prices.{kind}` has no law that \
         follows it"
    );
    let help = format!("give `prices.{kind}` a `scaling` entry, or a new price");
    let mut warning = Diagnostic::warning("QC071", message).help(help);
    let origin = tree.nearest(path).origin;
    warning.labels.push(sources.label(origin, path, "changed here"));
    Some(warning)
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
