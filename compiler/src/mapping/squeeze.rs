//! Squeezing a partition: fewer cores, or a shorter service time of the busiest core.
//!
//! Both ask for a tighter limit, start from the best partition so far, let it break the limits
//! and anneal it until it is legal again; bisection finds how tight it can be.

use super::budget::Objective;
use super::hypergraph::Hypergraph;
use super::limits::{Limits, SERVICE};
use super::random::Stream;
use super::scores::{Partition, score_partition};
use super::search::{COOL, Heat, Search};

/// The limits of a search with the service time that `partition` reached held, if it counts.
pub(super) fn hold(search: &Search, graph: &Hypergraph, partition: &Partition) -> Limits {
    let mut limits = *search.limits;
    if matches!(search.objective, Objective::Latency(_)) {
        let worst = score_partition(graph, search.limits, partition).worst[SERVICE];
        limits.service_time = Some(worst.max(0) as u64);
    }
    limits
}

/// Bisection steps.
const STEPS: u64 = 6;

/// Heat for a partition that has been pressed into less.
const PRESSED: Heat = Heat { hot: 1.0, ..COOL };

/// Squeezes `start` as the objective asks; cores that are too many for the budget always.
pub(super) fn squeeze(
    search: &Search,
    graph: &Hypergraph,
    start: Partition,
    effort: u64,
) -> Partition {
    match search.objective {
        Objective::Latency(_) if start.cores <= search.budget.cores => {
            shorter_steps(search, graph, start, effort)
        }
        Objective::Cores => {
            let bound = search.limits.core_bound(graph);
            fewer_cores(search, graph, start, bound, effort)
        }
        _ => fewer_cores(search, graph, start, search.budget.cores, effort),
    }
}

/// Finds the fewest cores, at least `bound`, on which a legal partition is found.
fn fewer_cores(
    search: &Search,
    graph: &Hypergraph,
    start: Partition,
    bound: usize,
    effort: u64,
) -> Partition {
    let mut best = start;
    let (mut low, mut random) = (bound.max(1), Stream::new(search.budget.seed, 4));
    for _ in 0..STEPS {
        if low >= best.cores {
            break;
        }
        let target = usize::midpoint(low, best.cores);
        let pressed = press(graph, search.limits, &best, target);
        let effort = effort / STEPS;
        let tried = search.improve_within(graph, &pressed, PRESSED, effort, &mut random, target);
        if score_partition(graph, search.limits, &tried).legal {
            best = tried;
        } else {
            low = target + 1;
        }
    }
    best
}

/// Empties the lightest parts into the others, whatever limits that breaks, until `target` are
/// left: each vertex goes where most of its traffic is.
fn press(graph: &Hypergraph, limits: &Limits, from: &Partition, target: usize) -> Partition {
    let mut weight = vec![0_u128; from.cores];
    let row = limits.row();
    for v in 0..graph.vertex_count() as u32 {
        let shares = graph.demand(v).iter().zip(row);
        let share = shares.map(|(&d, l)| (u128::from(d) << 40) / (l.max(1) as u128)).max();
        let inputs = (graph.in_nets(v).len() as u128) << 20;
        weight[from.part[v as usize] as usize] += share.unwrap_or(0) + inputs;
    }
    let mut order: Vec<usize> = (0..from.cores).collect();
    order.sort_by_key(|&p| (weight[p], p));
    let mut gone = vec![false; from.cores];
    for &p in order.iter().take(from.cores.saturating_sub(target)) {
        gone[p] = true;
    }
    let heaviest = order.last().map_or(0, |&p| p as u32);
    let mut part = from.part.clone();
    let mut pull = vec![0_u64; from.cores];
    for v in 0..graph.vertex_count() as u32 {
        if !gone[from.part[v as usize] as usize] {
            continue;
        }
        let inputs = graph.in_nets(v).iter().flat_map(|&e| {
            let net = graph.net(e);
            let near = graph.pins(e).iter().take(64).copied().chain([net.source]);
            near.map(move |u| (u, net.weight + 1))
        });
        let own = graph.own_nets(v).iter().flat_map(|&e| {
            let weight = graph.net(e).weight + 1;
            graph.pins(e).iter().take(64).map(move |&u| (u, weight))
        });
        let mut seen = Vec::new();
        for (u, weight) in inputs.chain(own) {
            let p = from.part[u as usize] as usize;
            if !gone[p] {
                pull[p] += weight;
                seen.push(p as u32);
            }
        }
        let best = seen.iter().copied().max_by_key(|&p| (pull[p as usize], u32::MAX - p));
        part[v as usize] = best.unwrap_or(heaviest);
        for p in seen {
            pull[p as usize] = 0;
        }
    }
    Partition::compact(&part)
}

/// Finds the shortest service time of the busiest core for which a legal partition is found.
fn shorter_steps(search: &Search, graph: &Hypergraph, start: Partition, effort: u64) -> Partition {
    let busiest = |p: &Partition| score_partition(graph, search.limits, p).worst[SERVICE].max(0);
    let mut best = start;
    let mut random = Stream::new(search.budget.seed, 5);
    let mut low = 0;
    for _ in 0..STEPS {
        let high = busiest(&best);
        if high <= low + 1 {
            break;
        }
        let target = i64::midpoint(low, high);
        let limits = Limits { service_time: Some(target as u64), ..*search.limits };
        let tighter = Search { limits: &limits, ..*search };
        let room = search.budget.cores;
        let tried =
            tighter.improve_within(graph, &best, PRESSED, effort / STEPS, &mut random, room);
        if score_partition(graph, &limits, &tried).legal {
            best = tried;
        } else {
            low = target;
        }
    }
    best
}
