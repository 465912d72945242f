//! Placement: which tile each part is on.
//!
//! Parts start along a Hilbert curve, in the order in which a chain of heavy traffic visits them,
//! and are then exchanged by annealing with incremental evaluation.

mod curve;
mod exchange;
mod flow;

use super::grid::Grid;
use super::hypergraph::Hypergraph;
use super::random::Stream;
use super::scores::{Partition, Placement};

pub(super) use exchange::Exchange;
pub use flow::Traffic;

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
    place_traffic(&traffic, grid, effort, seed)
}

/// Places parts of which only the traffic among them is known; see [`place`].
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
    let mut exchange = best?;
    exchange.anneal(&mut random, effort * 1_000_000);
    Some(exchange.placement())
}
