//! Prices that plainly depend on a parameter and name no law for it.

use quarrion_isa::diagnostic::Diagnostic;

use super::number;
use crate::source::Sources;
use crate::tree::{Node, Value};

/// Prices that plainly depend on a parameter: its path (`*` stands for any step) and the kinds.
const DEPENDENCES: &[(&[&str], &[&str])] = &[
    (
        &["core_types", "*", "synapse_memory_bits"],
        &[
            "synapse_word",
            "synaptic_op_dense",
            "synaptic_op_sparse",
            "synaptic_op_kernel",
            "synaptic_op_run_length",
        ],
    ),
    (
        &["core_types", "*", "word_bits"],
        &[
            "synapse_word",
            "synaptic_op_dense",
            "synaptic_op_sparse",
            "synaptic_op_kernel",
            "synaptic_op_run_length",
        ],
    ),
    (
        &["core_types", "*", "weights", "accumulator_bits"],
        &[
            "synaptic_op_dense",
            "synaptic_op_sparse",
            "synaptic_op_kernel",
            "synaptic_op_run_length",
        ],
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
            let Some(new) = number(tree, &path) else { continue };
            let stayed: Vec<(&str, f64)> = kinds
                .iter()
                .filter_map(|kind| Some((*kind, old_value(tree, stages, (&path, kind))?)))
                .filter(|&(_, old)| old != new)
                .collect();
            let Some(&(_, old)) = stayed.first() else { continue };
            let names: Vec<String> =
                stayed.iter().map(|(kind, _)| format!("`prices.{kind}`")).collect();
            let message = format!(
                "price unchanged: `{path}` went from {old} to {new}, but no law makes {} follow",
                names.join(", ")
            );
            let help = "give the price a `scaling` entry, or a new figure";
            let mut warning = Diagnostic::warning("QC071", message).help(help);
            let origin = sources.place(tree, &path);
            warning.labels.push(sources.label(origin, &path, "changed here"));
            warnings.push(warning);
        }
    }
    warnings
}

/// The parameter's value when the price was written, unless the price names a law for it.
fn old_value(tree: &Node, stages: &[Node], (path, kind): (&str, &str)) -> Option<f64> {
    let price = tree.field("prices")?.field(kind)?;
    let names = |law: &Node| match law.field("parameter").map(|node| &node.value) {
        Some(Value::Text(parameter)) => parameter == path,
        _ => false,
    };
    let laws = price.field("scaling").map(|scaling| scaling.inner().items()).unwrap_or_default();
    if laws.iter().any(names) {
        return None;
    }
    number(super::stage_of(stages, price.field("energy_pj")?), path)
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
