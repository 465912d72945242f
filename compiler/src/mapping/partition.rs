//! The partitioner: several starts, annealing under all limits at once, repair, merging.
//!
//! Twins (vertices that nothing tells apart) are contracted first, which turns a convolution's
//! channels into a few groups per position; every start is annealed a little on that small
//! graph, the best one at length; then single vertices move at low temperature.

use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};

use super::anneal::{Schedule, anneal};
use super::budget::{Budget, Objective};
use super::coarsen::twins;
use super::error::MappingError;
use super::fill::{Fill, fill};
use super::hypergraph::{Hypergraph, MEMORY, RESOURCES};
use super::limits::{INPUT_AXONS, LOAD_NAMES, Limits, OUTPUT_EDGES};
use super::random::Stream;
use super::repair::{merge, polish, repair};
use super::scores::{Partition, PartitionScores, score_partition};
use super::state::State;

/// Twins are grouped up to this share of a core.
const TWIN_SHARE: u64 = 16;

/// The starts, in the order in which ties are decided.
const STARTS: [Fill; 4] = [
    Fill::Overlap { rate: 10 },
    Fill::Overlap { rate: 5 },
    Fill::Overlap { rate: 0 },
    Fill::Natural,
];

/// The fraction of the output edges that annealing leaves free.
const EDGE_MARGIN: i64 = 64;

/// How full a greedy fill makes cores, in 1 / 1024: emptier when no legal partition was found.
const FULLNESS: [i64; 4] = [1024, 928, 832, 704];

/// What all stages of one search share.
#[derive(Clone, Copy)]
pub(super) struct Search<'a> {
    pub(super) limits: &'a Limits,
    pub(super) objective: Objective,
    pub(super) budget: &'a Budget,
}

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
    let search = Search { limits, objective, budget };
    let best = in_pool(budget.threads, || search.run(graph, budget.effort * 1_000_000))?;
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

/// Runs `work` on its own threads, or on the caller's when a pool can't be had.
pub(super) fn in_pool<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
    match rayon::ThreadPoolBuilder::new().num_threads(threads).build() {
        Ok(pool) => pool.install(work),
        Err(_) => work(),
    }
}

/// Temperatures relative to the mean net, prices relative to the mean load.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heat {
    pub(super) hot: f64,
    pub(super) cold: f64,
    pub(super) soft: f64,
    pub(super) firm: f64,
}

/// Heat for a greedy start.
const WARM: Heat = Heat { hot: 2.0, cold: 0.05, soft: 0.3, firm: 4.0 };
/// Heat for a start that was annealed already.
const COOL: Heat = Heat { hot: 0.3, cold: 0.05, soft: 1.0, firm: 4.0 };

impl Search<'_> {
    pub(super) fn run(&self, graph: &Hypergraph, effort: u64) -> Result<Partition, MappingError> {
        let (group, groups) = twins(graph, self.limits, TWIN_SHARE);
        if groups * 4 > graph.vertex_count() * 3 {
            return Ok(self.best_of_starts(graph, effort));
        }
        let coarse = graph.contract(&group, groups)?;
        let best = self.best_of_starts(&coarse, effort / 2);
        let part: Vec<u32> = group.iter().map(|&to| best.part[to as usize]).collect();
        let start = Partition { part, cores: best.cores };
        let mut random = Stream::new(self.budget.seed, 99);
        Ok(self.improve(graph, &start, COOL, effort / 2, &mut random))
    }

    /// Tries all starts with an eighth of the effort each, then the best with half of it.
    fn best_of_starts(&self, graph: &Hypergraph, effort: u64) -> Partition {
        let tried: Vec<(Partition, Partition)> =
            STARTS.par_iter().map(|&how| self.short_try(graph, how, effort / 8)).collect();
        let ranks: Vec<_> = tried.iter().map(|t| self.rank(graph, &t.1)).collect();
        let best = (0..tried.len()).min_by_key(|&i| ranks[i]).unwrap_or(0);
        let mut random = Stream::new(self.budget.seed, 2);
        let (start, short) = &tried[best];
        let long = self.improve(graph, start, WARM, effort / 2, &mut random);
        if self.rank(graph, &long) <= ranks[best] { long } else { short.clone() }
    }

    /// A greedy start and what a little annealing makes of it; emptier starts as long as that is
    /// not legal.
    fn short_try(&self, graph: &Hypergraph, how: Fill, effort: u64) -> (Partition, Partition) {
        let mut last = None;
        for fullness in FULLNESS {
            let start = Partition::compact(&fill(graph, self.limits, how, fullness));
            let mut random = Stream::new(self.budget.seed, 1);
            if start.cores > 2 * self.budget.cores {
                return last.unwrap_or((start.clone(), start));
            }
            let tried = self.improve(graph, &start, WARM, effort, &mut random);
            if score_partition(graph, self.limits, &tried).legal {
                return (start, tried);
            }
            last = Some((start, tried));
        }
        last.unwrap_or_default()
    }

    /// What partitions are compared by, smallest first.
    fn rank(&self, graph: &Hypergraph, partition: &Partition) -> (bool, usize, u64) {
        let scores: PartitionScores = score_partition(graph, self.limits, partition);
        let cores = match self.objective {
            Objective::Cores => scores.cores,
            _ => scores.cores.saturating_sub(self.budget.cores),
        };
        (!scores.legal, cores, scores.km1_weight)
    }

    /// Anneals, repairs, merges and polishes one start.
    pub(super) fn improve(
        &self,
        graph: &Hypergraph,
        start: &Partition,
        heat: Heat,
        effort: u64,
        random: &mut Stream,
    ) -> Partition {
        let spare = self.budget.cores.saturating_sub(start.cores);
        let parts = start.cores + spare.clamp(2, 8 + start.cores / 8);
        let mut state = State::new(graph, self.limits, start.part.clone(), parts);
        let movable = graph.vertex_count();
        let mean = mean_cost(&state);
        let schedule = Schedule {
            movable,
            effort: effort / 16 * 14,
            hot: heat.hot * mean,
            cold: heat.cold * mean,
            soft: heat.soft,
            firm: heat.firm,
        };
        // Output edges change with moves elsewhere, so repairs need some room.
        let edges = state.limit()[OUTPUT_EDGES];
        state.set_limit(OUTPUT_EDGES, edges - edges / EDGE_MARGIN);
        anneal(&mut state, random, schedule);
        state.set_limit(OUTPUT_EDGES, edges);
        if !repair(&mut state) {
            return start.clone();
        }
        merge(&mut state, effort / 16);
        polish(&mut state, random, movable, effort / 16);
        let better = Partition::compact(state.part());
        if self.rank(graph, &better) <= self.rank(graph, start) { better } else { start.clone() }
    }
}

/// What one packet stream between a source vertex and a part costs on average.
pub(super) fn mean_cost(state: &State) -> f64 {
    let pairs: u64 =
        (0..state.graph().net_count() as u32).map(|e| u64::from(state.reached(e))).sum();
    state.cost() as f64 / pairs.max(1) as f64
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
