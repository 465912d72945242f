//! The whole way: partition, placement, and both once more in view of each other.

use rayon::prelude::{IntoParallelIterator, ParallelIterator};

use super::anneal::{Schedule, anneal, anneal_exchanges};
use super::budget::{Budget, Multicast, Objective, Prices};
use super::error::MappingError;
use super::grid::Grid;
use super::hypergraph::Hypergraph;
use super::limits::Limits;
use super::partition::{check_vertices, counted, in_pool};
use super::place::{Traffic, place_traffic, relax_links, replace_traffic, shorten_trees};
use super::random::Stream;
use super::regions::too_large;
use super::repair::{polish, repair};
use super::scores::{
    Partition, PartitionScores, Placement, PlacementScores, score_partition, score_placement,
};
use super::search::{LEAST_REPAIR, RESTARTS, SMALL, Search, mean_cost, small_schedule};
use super::squeeze::hold;
use super::state::{Metric, State};

/// A partition with its placement and what both cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    /// Which part each vertex is in.
    pub partition: Partition,
    /// Which tile each part is on.
    pub placement: Placement,
    /// What the partition costs.
    pub partition_scores: PartitionScores,
    /// What the placement costs.
    pub placement_scores: PlacementScores,
}

/// Maps `graph` onto `grid`: a partition that breaks no limit, a tile for each part.
///
/// # Errors
/// The network's fault: a vertex that fits no core, or more cores needed than there are.
///
/// # Determinism
/// Depends on the arguments only, `budget.threads` excepted, which changes nothing.
pub fn map(
    graph: &Hypergraph,
    limits: &Limits,
    grid: &Grid,
    objective: Objective,
    budget: &Budget,
) -> Result<Mapping, MappingError> {
    check_vertices(graph, limits)?;
    let cores = budget.cores.min(grid.slots().len());
    let budget = Budget { cores, ..*budget };
    let limits = counted(limits, objective);
    let search = Search { limits: &limits, objective, budget: &budget };
    in_pool(budget.threads, || run(graph, grid, &search))
}

fn run(graph: &Hypergraph, grid: &Grid, search: &Search) -> Result<Mapping, MappingError> {
    let effort = search.budget.effort;
    let seed = search.budget.seed;
    let too_few = |needed| MappingError::TooFewCores {
        needed,
        cores: search.budget.cores,
        at_least: search.limits.core_bound(graph),
    };
    let first = search.run(graph, effort / 20 * 11)?;
    let traffic = Traffic::between_parts(graph, &first);
    let placed = place_traffic(&traffic, grid, effort / 20, seed);
    let placement = placed.ok_or_else(|| too_few(first.cores))?;
    let (partition, placement) = match hop_prices(search.objective) {
        None => (first, placement),
        Some(prices) => {
            let limits = hold(search, graph, &first);
            let search = &Search { limits: &limits, ..*search };
            let stage = Stage { graph, grid, search, prices };
            stage.together(first, placement, effort / 20 * 8)
        }
    };
    let partition_scores = score_partition(graph, search.limits, &partition);
    let placement_scores = score_placement(graph, &partition, &placement, grid);
    Ok(Mapping { partition, placement, partition_scores, placement_scores })
}

/// What a packet and a hop cost where hops count at all.
fn hop_prices(objective: Objective) -> Option<Prices> {
    match objective {
        Objective::Energy(prices) if prices.hop > 0 => Some(prices),
        Objective::Cores | Objective::Latency(_) => Some(Prices::default()),
        Objective::Energy(_) | Objective::Traffic => None,
    }
}

/// Partition and placement improved in view of each other.
struct Stage<'a> {
    graph: &'a Hypergraph,
    grid: &'a Grid,
    search: &'a Search<'a>,
    prices: Prices,
}

impl Stage<'_> {
    /// Moves vertices at given tiles, then parts, at the prices of packets and hops.
    fn together(
        &self,
        partition: Partition,
        placement: Placement,
        effort: u64,
    ) -> (Partition, Placement) {
        let (graph, grid, seed) = (self.graph, self.grid, self.search.budget.seed);
        let (mut partition, mut placement) = (partition, placement);
        let tree = self.prices.multicast == Multicast::Tree;
        if tree {
            placement = shorten_trees(graph, &partition, grid, &placement, effort / 4, seed);
        }
        let part = self.move_vertices(&partition, &placement, effort / 2);
        (partition, placement) = keep_used(&part, &placement);
        if tree {
            placement = shorten_trees(graph, &partition, grid, &placement, effort / 4, seed);
        } else {
            let traffic = Traffic::between_parts(graph, &partition);
            placement = replace_traffic(&traffic, grid, &placement, effort / 8, seed);
            placement = relax_links(&traffic, grid, &placement, LINK_SLACK, effort / 8, seed);
        }
        (partition, placement)
    }

    /// Moves vertices among placed parts so that packets and hops together cost less.
    fn move_vertices(&self, partition: &Partition, placement: &Placement, effort: u64) -> Vec<u32> {
        let Prices { packet, hop, multicast } = self.prices;
        let part = partition.part.clone();
        if too_large(self.graph, partition.cores) {
            return part;
        }
        let mut state = State::new(self.graph, self.search.limits, part, partition.cores);
        state.set_metric(match multicast {
            Multicast::Copies => Metric::hops(placement, self.grid, packet, hop),
            Multicast::Tree => Metric::tree(placement, self.grid, packet, hop),
        });
        if self.graph.vertex_count() <= SMALL {
            return self.move_few(&state, effort);
        }
        let before = state.cost();
        let movable = self.graph.vertex_count();
        let mean = mean_cost(&state);
        let mut random = Stream::new(self.search.budget.seed, 3);
        let schedule = Schedule {
            movable,
            effort: effort / 8 * 7,
            hot: 0.5 * mean,
            cold: 0.02 * mean,
            soft: 1.0,
            firm: 8.0,
        };
        anneal(&mut state, &mut random, schedule);
        let legal = repair(&mut state, effort / 4 + LEAST_REPAIR);
        polish(&mut state, &mut random, movable, effort / 8);
        if legal && state.cost() < before { state.part().to_vec() } else { partition.part.clone() }
    }
}

impl Stage<'_> {
    /// The same for a small network: again and again with exchanges, the best is kept.
    fn move_few(&self, start: &State, effort: u64) -> Vec<u32> {
        let tried = (0..RESTARTS).into_par_iter().map(|i| {
            let mut state = start.clone();
            let mut random = Stream::new(self.search.budget.seed, 200 + i);
            let schedule = small_schedule(&state, effort);
            anneal_exchanges(&mut state, &mut random, schedule);
            (state.cost(), i, state.part().to_vec())
        });
        let best = tried.min_by_key(|&(cost, i, _)| (cost, i));
        match best {
            Some((cost, _, part)) if cost < start.cost() => part,
            _ => start.part().to_vec(),
        }
    }
}

/// Hops that may be given for a cooler busiest link, in 1 / 1024.
const LINK_SLACK: u64 = 4;

/// Drops parts that became empty, with their tiles.
fn keep_used(part: &[u32], placement: &Placement) -> (Partition, Placement) {
    let partition = Partition::compact(part);
    let mut tile = vec![0; partition.cores];
    for (&old, &new) in part.iter().zip(&partition.part) {
        tile[new as usize] = placement.tile[old as usize];
    }
    (partition, Placement { tile })
}
