//! The partitioner: several starts, annealing under all limits at once, repair, merging.
//!
//! Twins (vertices that nothing tells apart) are contracted first, which turns a convolution's
//! channels into a few groups per position; every start is annealed a little on that small
//! graph, the best one at length; then single vertices move at low temperature.

use super::budget::{Budget, Objective};
use super::error::MappingError;
use super::hypergraph::{Hypergraph, MEMORY, RESOURCES};
use super::limits::{INPUT_AXONS, LOAD_NAMES, Limits};
use super::scores::Partition;
use super::search::Search;

/// Finds a partition of `graph` that breaks no limit.
///
/// # Errors
/// The network's fault: a vertex that fits no core, or more cores needed than the budget has.
///
/// # Determinism
/// Depends on the arguments only, `budget.threads` excepted, which changes nothing.
pub fn partition(
    graph: &Hypergraph,
    limits: &Limits,
    objective: Objective,
    budget: &Budget,
) -> Result<Partition, MappingError> {
    check_vertices(graph, limits)?;
    if graph.vertex_count() == 0 {
        return Ok(Partition { part: Vec::new(), cores: 0 });
    }
    let limits = counted(limits, objective);
    let search = Search { limits: &limits, objective, budget };
    in_pool(budget.threads, || search.run(graph, budget.effort))
}

/// The limits with the service time counted, if the objective is about it.
pub(super) fn counted(limits: &Limits, objective: Objective) -> Limits {
    match objective {
        Objective::Latency(service) => Limits { service: Some(service), ..*limits },
        _ => *limits,
    }
}

/// Runs `work` on its own threads, or on the caller's when a pool can't be had.
pub(super) fn in_pool<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
    match rayon::ThreadPoolBuilder::new().num_threads(threads).build() {
        Ok(pool) => pool.install(work),
        Err(_) => work(),
    }
}

/// Refuses a vertex that alone breaks a limit of a core.
pub(super) fn check_vertices(graph: &Hypergraph, limits: &Limits) -> Result<(), MappingError> {
    let row = limits.row();
    for v in 0..graph.vertex_count() as u32 {
        let mut load: Vec<u64> = graph.demand(v).iter().map(|&d| u64::from(d)).collect();
        let inputs = graph.in_nets(v).iter();
        load.push(inputs.map(|&e| u64::from(graph.net(e).copies)).sum());
        if let Some(format) = limits.lists {
            let counts = graph.in_synapses(v);
            for (j, &e) in graph.in_nets(v).iter().enumerate() {
                let words = format.words(counts.get(j).copied().unwrap_or(1));
                load[MEMORY] += words * u64::from(graph.net(e).copies);
            }
        }
        for r in (0..RESOURCES).chain([INPUT_AXONS]) {
            let limit = row[r] as u64;
            if load[r] > limit {
                return Err(MappingError::VertexTooLarge {
                    vertex: v,
                    resource: LOAD_NAMES[r],
                    demand: load[r],
                    limit,
                });
            }
        }
    }
    Ok(())
}
