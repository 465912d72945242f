//! The partitioner: several starts, annealing under all limits at once, repair, merging.
//!
//! Twins (vertices that nothing tells apart) are contracted first, which turns a convolution's
//! channels into a few groups per position; every start is annealed a little on that small
//! graph, the best one at length; then single vertices move at low temperature.

use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};

use super::anneal::{Schedule, anneal};
use super::budget::{Budget, Objective};
use super::coarsen::{cap, twins};
use super::error::MappingError;
use super::fill::{Fill, fill};
use super::hypergraph::{Hypergraph, RESOURCES};
use super::limits::{INPUT_AXONS, LOAD_NAMES, Limits};
use super::random::Stream;
use super::repair::{merge, polish, repair};
use super::scores::{Partition, PartitionScores, score_partition};
use super::state::State;

/// Twins are grouped up to this share of a core.
const TWIN_SHARE: u64 = 16;

/// The starts, in the order in which ties are decided.
const STARTS: [Fill; 5] = [
    Fill::Overlap { rate: 8 },
    Fill::Overlap { rate: 4 },
    Fill::Overlap { rate: 0 },
    Fill::Overlap { rate: 16 },
    Fill::Natural,
];

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
    let (group, groups) = twins(graph, &cap(limits, TWIN_SHARE));
    let contracted = groups * 4 <= graph.vertex_count() * 3;
    if !contracted {
        let best = search(graph, limits, objective, budget, budget.effort * 1_000_000);
        return finish(graph, limits, budget, best);
    }
    let coarse = graph.contract(&group, groups)?;
    let effort = budget.effort * 1_000_000;
    let best = search(&coarse, limits, objective, budget, effort / 2);
    let part: Vec<u32> = group.iter().map(|&to| best.part[to as usize]).collect();
    let mut random = Stream::new(budget.seed, 99);
    let start = Partition::compact(&part);
    let best = improve(graph, limits, &start, budget, COLD, effort / 2, &mut random);
    finish(graph, limits, budget, best)
}

/// A schedule before its moves are counted: temperatures relative to the mean net weight.
#[derive(Clone, Copy, Debug)]
struct Heat {
    hot: f64,
    cold: f64,
    soft: f64,
    firm: f64,
}

/// Heat for a greedy start.
const WARM: Heat = Heat { hot: 2.0, cold: 0.05, soft: 0.3, firm: 4.0 };
/// Heat for a start that was annealed already.
const COLD: Heat = Heat { hot: 0.3, cold: 0.05, soft: 1.0, firm: 4.0 };

/// Tries all starts, then spends the rest of the effort on the best.
fn search(
    graph: &Hypergraph,
    limits: &Limits,
    objective: Objective,
    budget: &Budget,
    effort: u64,
) -> Partition {
    let tried: Vec<(Partition, PartitionScores)> = STARTS
        .par_iter()
        .map(|&how| {
            let start = Partition::compact(&fill(graph, limits, how, 1024));
            let mut random = Stream::new(budget.seed, 1);
            let tried = improve(graph, limits, &start, budget, WARM, effort / 16, &mut random);
            let scores = score_partition(graph, limits, &tried);
            (tried, scores)
        })
        .collect();
    let best = (0..tried.len()).min_by_key(|&i| rank(objective, budget, &tried[i].1)).unwrap_or(0);
    let start = Partition::compact(&fill(graph, limits, STARTS[best], 1024));
    let mut random = Stream::new(budget.seed, 2);
    let long = improve(graph, limits, &start, budget, WARM, effort / 2, &mut random);
    let scores = score_partition(graph, limits, &long);
    let (first, first_scores) = &tried[best];
    if rank(objective, budget, &scores) <= rank(objective, budget, first_scores) {
        long
    } else {
        first.clone()
    }
}

/// What partitions are compared by, smallest first.
fn rank(objective: Objective, budget: &Budget, scores: &PartitionScores) -> (bool, usize, u64) {
    let excess = scores.cores.saturating_sub(budget.cores);
    match objective {
        Objective::Cores => (!scores.legal, scores.cores, scores.km1_weight),
        _ => (!scores.legal, excess, scores.km1_weight),
    }
}

/// Anneals, repairs, merges and polishes one start.
fn improve(
    graph: &Hypergraph,
    limits: &Limits,
    start: &Partition,
    budget: &Budget,
    heat: Heat,
    effort: u64,
    random: &mut Stream,
) -> Partition {
    let parts =
        start.cores + (budget.cores.saturating_sub(start.cores)).clamp(2, 8 + start.cores / 8);
    let scores = score_partition(graph, limits, start);
    let mut state = State::new(graph, limits, start.part.clone(), parts);
    let mean = state.cost() as f64 / scores.km1.max(1) as f64 * mean_copies(graph);
    let per_move = (graph.pin_count() + graph.net_count()) / graph.vertex_count() + 4;
    anneal(
        &mut state,
        random,
        Schedule {
            moves: effort / per_move as u64,
            hot: heat.hot * mean,
            cold: heat.cold * mean,
            soft: heat.soft,
            firm: heat.firm,
        },
    );
    if !repair(&mut state) {
        return start.clone();
    }
    merge(&mut state, parts);
    polish(&mut state, random, 2);
    Partition::compact(state.part())
}

/// Copies of the average net: what one move of a coarse vertex is about.
fn mean_copies(graph: &Hypergraph) -> f64 {
    let copies: u64 = graph.nets().iter().map(|net| u64::from(net.copies)).sum();
    copies as f64 / graph.net_count().max(1) as f64
}

fn finish(
    graph: &Hypergraph,
    limits: &Limits,
    budget: &Budget,
    best: Partition,
) -> Result<Partition, MappingError> {
    if best.cores > budget.cores {
        let at_least = limits.core_bound(graph);
        return Err(MappingError::TooFewCores {
            needed: best.cores,
            cores: budget.cores,
            at_least,
        });
    }
    Ok(best)
}

/// Refuses a vertex that alone breaks a limit of a core.
fn check_vertices(graph: &Hypergraph, limits: &Limits) -> Result<(), MappingError> {
    let row = limits.row();
    for v in 0..graph.vertex_count() as u32 {
        let mut load: Vec<u64> = graph.demand(v).iter().map(|&d| u64::from(d)).collect();
        let inputs = graph.in_nets(v).iter();
        load.push(inputs.map(|&e| u64::from(graph.net(e).copies)).sum());
        if let Some(format) = limits.lists {
            let counts = graph.in_synapses(v);
            for (j, &e) in graph.in_nets(v).iter().enumerate() {
                let words = format.words(counts.get(j).copied().unwrap_or(1));
                load[super::hypergraph::MEMORY] += words * u64::from(graph.net(e).copies);
            }
        }
        for r in (0..RESOURCES).chain([INPUT_AXONS]) {
            let limit = row[r] as u64;
            if load[r] > limit {
                let resource = LOAD_NAMES[r];
                return Err(MappingError::VertexTooLarge {
                    vertex: v,
                    resource,
                    demand: load[r],
                    limit,
                });
            }
        }
    }
    Ok(())
}
