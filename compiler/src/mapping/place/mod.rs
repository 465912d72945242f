//! Placement: which tile each part is on.
//!
//! Parts start along a Hilbert curve, in the order in which a chain of heavy traffic visits them,
//! and are then exchanged by annealing with incremental evaluation.

mod curve;
mod exchange;
mod flow;
mod links;
#[cfg(test)]
mod tests;
mod tree;

use super::grid::Grid;
use super::hypergraph::Hypergraph;
use super::random::Stream;
use super::scores::{Partition, Placement};

pub(super) use exchange::Exchange;
pub use flow::{Flow, Traffic};
pub use links::relax_links;
pub use tree::shorten_trees;

/// Places the parts of a partition.
///
/// `effort` is in millions of part-to-part flows looked at. Returns `None` when there are more
/// parts than slots on usable tiles.
#[must_use]
pub fn place(
    graph: &Hypergraph,
    partition: &Partition,
    grid: &Grid,
    effort: u64,
    seed: u64,
) -> Option<Placement> {
    let traffic = Traffic::between_parts(graph, partition);
    place_traffic(&traffic, grid, effort * 1_000_000, seed)
}

/// Places parts of which only the traffic among them is known; see [`place`]. Here `effort` is in
/// single flows.
#[must_use]
pub fn place_traffic(traffic: &Traffic, grid: &Grid, effort: u64, seed: u64) -> Option<Placement> {
    let slots = curve::hilbert_slots(grid);
    let parts = traffic.parts();
    if parts > slots.len() {
        return None;
    }
    let mut random = Stream::new(seed, 7);
    let natural: Vec<u32> = (0..parts as u32).collect();
    let chain = traffic.chain();
    let starts = [natural, chain];
    let mut best: Option<Exchange> = None;
    for order in &starts {
        let exchange = Exchange::new(traffic, grid, &slots, order);
        if best.as_ref().is_none_or(|b| exchange.cost() < b.cost()) {
            best = Some(exchange);
        }
    }
    let start = best?;
    let restarts = if parts <= FEW { RESTARTS } else { 1 };
    let mut best: Option<Exchange> = None;
    for _ in 0..restarts {
        let mut exchange = start.clone();
        exchange.anneal(&mut random, effort / restarts, HOT);
        if best.as_ref().is_none_or(|b| exchange.cost() < b.cost()) {
            best = Some(exchange);
        }
    }
    best.map(|exchange| exchange.placement())
}

/// Parts up to which a placement is sought several times.
const FEW: usize = 32;
/// How often.
const RESTARTS: u64 = 8;

/// Improves a placement that is good already.
#[must_use]
pub fn replace_traffic(
    traffic: &Traffic,
    grid: &Grid,
    placement: &Placement,
    effort: u64,
    seed: u64,
) -> Placement {
    let slots = curve::hilbert_slots(grid);
    let Some(start) = Exchange::from_placement(traffic, grid, &slots, placement) else {
        return placement.clone();
    };
    let mut better = start.clone();
    better.anneal(&mut Stream::new(seed, 8), effort, WARM);
    if better.cost() < start.cost() { better.placement() } else { placement.clone() }
}

/// First temperature for a start that knows nothing, in mean flows between two parts.
const HOT: f64 = 20.0;
/// First temperature for a placement that is good already.
const WARM: f64 = 1.0;
