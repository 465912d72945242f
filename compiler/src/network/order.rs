//! In which order nodes are evaluated, and which edges wait a step.

use petgraph::algo::kosaraju_scc;
use petgraph::graph::DiGraph;
use quarrion_isa::diagnostic::Diagnostic;

use crate::import::graph::{NirGraph, NodeKind};

/// Names that a message about a cycle lists at most.
const MAX_NAMES: usize = 8;

/// For each edge whether it carries a neuron's output back into its own cycle.
pub(super) fn find_recurrent_edges(graph: &NirGraph) -> Vec<bool> {
    let edges = graph.edges.iter().map(|&(from, to)| (from as u32, to as u32));
    let mut directed: DiGraph<(), ()> = DiGraph::from_edges(edges);
    while directed.node_count() < graph.nodes.len() {
        directed.add_node(());
    }
    let mut component = vec![0; graph.nodes.len()];
    for (index, members) in kosaraju_scc(&directed).into_iter().enumerate() {
        for member in members {
            component[member.index()] = index;
        }
    }
    let is_neuron = |node: usize| matches!(graph.nodes[node].kind, NodeKind::Neuron(_));
    graph
        .edges
        .iter()
        .map(|&(from, to)| is_neuron(from) && component[from] == component[to])
        .collect()
}

/// Sorts nodes layer by layer; within a layer they keep the order of the graph.
pub(super) fn order_nodes(
    graph: &NirGraph,
    recurrent: &[bool],
    source: &str,
) -> Result<Vec<usize>, Diagnostic> {
    let count = graph.nodes.len();
    let mut targets = vec![Vec::new(); count];
    let mut waiting = vec![0_usize; count];
    for (&(from, to), _) in graph.edges.iter().zip(recurrent).filter(|(_, recurrent)| !**recurrent)
    {
        targets[from].push(to);
        waiting[to] += 1;
    }
    let mut order = Vec::with_capacity(count);
    let mut layer: Vec<usize> = (0..count).filter(|&node| waiting[node] == 0).collect();
    while !layer.is_empty() {
        let mut next = Vec::new();
        for node in layer {
            order.push(node);
            for &target in &targets[node] {
                waiting[target] -= 1;
                if waiting[target] == 0 {
                    next.push(target);
                }
            }
        }
        next.sort_unstable();
        layer = next;
    }
    if order.len() == count {
        return Ok(order);
    }
    // Whatever still waits is on such a cycle or behind one; walking back stays on one.
    let mut at = (0..count).find(|&node| waiting[node] > 0).unwrap_or_default();
    let mut cycle: Vec<usize> = Vec::new();
    let mut is_seen = vec![false; count];
    let sources = graph.sources();
    while !std::mem::replace(&mut is_seen[at], true) {
        cycle.push(at);
        at = sources[at].iter().copied().find(|&node| waiting[node] > 0).unwrap_or(at);
    }
    let start = cycle.iter().position(|&node| node == at).unwrap_or_default();
    let mut names: Vec<&str> =
        cycle[start..].iter().rev().map(|&node| graph.nodes[node].name.as_str()).collect();
    names.truncate(MAX_NAMES);
    Err(Diagnostic::error("QN024", format!("a cycle without a neuron: {}", names.join(" -> ")))
        .at(source, names.first().copied().unwrap_or_default(), "part of the cycle")
        .help("put a neuron into the cycle; only its output is delayed by a step"))
}
