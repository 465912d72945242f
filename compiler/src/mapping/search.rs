//! The search for a partition: starts, tries, the long run, single neurons last.

use rayon::prelude::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::anneal::{Schedule, anneal, anneal_exchanges};
use super::budget::{Budget, Objective};
use super::coarsen::twins;
use super::components::{piece, pieces};
use super::error::MappingError;
use super::fill::{Fill, fill};
use super::hypergraph::Hypergraph;
use super::limits::{Limits, OUTPUT_EDGES};
use super::random::Stream;
use super::regions::{improve_regions, too_large};
use super::repair::{merge, polish, repair};
use super::scores::{Partition, score_partition};
use super::squeeze::{hold, squeeze};
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

/// Nets that any repair may look at.
pub(super) const LEAST_REPAIR: u64 = 50_000_000;

/// The fraction of the output edges that annealing leaves free.
const EDGE_MARGIN: i64 = 64;

/// How full a greedy fill makes cores, in 1 / 1024: emptier when no legal partition was found.
const FULLNESS: [i64; 4] = [1024, 928, 832, 704];

/// Pins from which one start must do.
const MANY_PINS: usize = 14_000_000;

/// What all stages of one search share.
#[derive(Clone, Copy)]
pub(super) struct Search<'a> {
    pub(super) limits: &'a Limits,
    pub(super) objective: Objective,
    pub(super) budget: &'a Budget,
}

/// Temperatures relative to the mean net, prices relative to the mean load.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heat {
    pub(super) hot: f64,
    pub(super) cold: f64,
    pub(super) soft: f64,
    pub(super) firm: f64,
}

/// Vertices up to which a network is annealed several times.
pub(super) const SMALL: usize = 256;

/// Nets looked at per vertex and restart.
const SMALL_EFFORT: u64 = 30_000;

/// Nets that any restart may look at.
const LEAST_SMALL: u64 = 500_000;

/// How often.
pub(super) const RESTARTS: u64 = 16;

/// Heat for a greedy start.
pub(super) const WARM: Heat = Heat { hot: 2.0, cold: 0.05, soft: 0.3, firm: 4.0 };
/// Heat for a start that was annealed already.
pub(super) const COOL: Heat = Heat { hot: 0.3, cold: 0.05, soft: 1.0, firm: 4.0 };

impl Search<'_> {
    /// Finds a legal partition on at most as many cores as the budget has: of each piece that is
    /// connected with no other, or of all together where cores are to be shared among them.
    pub(super) fn run(&self, graph: &Hypergraph, effort: u64) -> Result<Partition, MappingError> {
        let apart = match self.objective {
            Objective::Traffic | Objective::Energy(_) => self.apart(graph, effort)?,
            Objective::Cores | Objective::Latency(_) => None,
        };
        apart.map_or_else(|| self.run_whole(graph, effort), Ok)
    }

    /// Partitions unconnected pieces one after the other; `None` where there is but one, or where
    /// cores do not suffice so.
    fn apart(&self, graph: &Hypergraph, effort: u64) -> Result<Option<Partition>, MappingError> {
        let pieces = pieces(graph);
        if pieces.len() < 2 {
            return Ok(None);
        }
        let graphs: Result<Vec<Hypergraph>, _> =
            pieces.iter().map(|vertices| piece(graph, vertices)).collect();
        let graphs = graphs?;
        let mut wanted: usize = graphs.iter().map(|g| self.limits.core_bound(g)).sum();
        let mut whole = Partition { part: vec![0; graph.vertex_count()], cores: 0 };
        for (vertices, own) in pieces.iter().zip(&graphs) {
            wanted -= self.limits.core_bound(own);
            let Some(cores) = self.budget.cores.checked_sub(whole.cores + wanted) else {
                return Ok(None);
            };
            let share = own.pin_count().max(1) as u128 * u128::from(effort);
            let effort = (share / graph.pin_count().max(1) as u128) as u64;
            let budget = Budget { cores, ..*self.budget };
            let search = Search { budget: &budget, ..*self };
            let Ok(found) = search.run_whole(own, effort) else { return Ok(None) };
            for (&vertex, &part) in vertices.iter().zip(&found.part) {
                whole.part[vertex as usize] = whole.cores as u32 + part;
            }
            whole.cores += found.cores;
        }
        Ok(Some(whole))
    }

    fn run_whole(&self, graph: &Hypergraph, effort: u64) -> Result<Partition, MappingError> {
        let (group, groups) = twins(graph, self.limits, TWIN_SHARE);
        let best = if groups * 4 > graph.vertex_count() * 3 {
            self.squeezed(graph, effort)
        } else {
            let coarse = graph.contract(&group, groups)?;
            let best = self.squeezed(&coarse, effort / 2);
            let limits = hold(self, &coarse, &best);
            let held = Search { limits: &limits, ..*self };
            let part: Vec<u32> = group.iter().map(|&to| best.part[to as usize]).collect();
            let start = Partition { part, cores: best.cores };
            let mut random = Stream::new(self.budget.seed, 99);
            held.improve(graph, &start, COOL, effort / 2, &mut random)
        };
        let at_least = self.limits.core_bound(graph);
        if best.cores > self.budget.cores {
            let (needed, cores) = (best.cores, self.budget.cores);
            return Err(MappingError::TooFewCores { needed, cores, at_least });
        }
        if !score_partition(graph, self.limits, &best).legal {
            return Err(MappingError::NoneFound { cores: self.budget.cores, at_least });
        }
        Ok(best)
    }

    /// The best of all starts, on fewer cores or with shorter steps if that is what is asked.
    fn squeezed(&self, graph: &Hypergraph, effort: u64) -> Partition {
        let too_many = |best: &Partition| best.cores > self.budget.cores;
        match self.objective {
            Objective::Cores | Objective::Latency(_) => {
                let best = self.best_of_starts(graph, effort / 3);
                let best = squeeze(self, graph, best, effort / 3);
                let limits = hold(self, graph, &best);
                let held = Search { limits: &limits, ..*self };
                let mut random = Stream::new(self.budget.seed, 6);
                held.improve_within(graph, &best, WARM, effort / 3, &mut random, best.cores)
            }
            _ => {
                let best = self.best_of_starts(graph, effort);
                if too_many(&best) { squeeze(self, graph, best, effort / 2) } else { best }
            }
        }
    }

    /// Tries all starts with an eighth of the effort each, then the best with half of it.
    fn best_of_starts(&self, graph: &Hypergraph, effort: u64) -> Partition {
        // A large network has no time for more than the start that does well everywhere.
        let starts = if graph.pin_count() > MANY_PINS { &STARTS[1..2] } else { &STARTS[..] };
        let tried: Vec<(Partition, Partition)> =
            starts.par_iter().map(|&how| self.short_try(graph, how, effort / 8)).collect();
        let ranks: Vec<_> = tried.iter().map(|t| self.rank(graph, &t.1)).collect();
        let best = (0..tried.len()).min_by_key(|&i| ranks[i]).unwrap_or(0);
        let mut random = Stream::new(self.budget.seed, 2);
        let (start, short) = &tried[best];
        let long = self.improve(graph, start, WARM, effort / 2, &mut random);
        let best = if self.rank(graph, &long) <= ranks[best] { long } else { short.clone() };
        if graph.vertex_count() > SMALL { best } else { self.restarts(graph, best, effort) }
    }

    /// Anneals a small network again and again with exchanges and keeps the best.
    fn restarts(&self, graph: &Hypergraph, best: Partition, effort: u64) -> Partition {
        let tried: Vec<Partition> = (0..RESTARTS)
            .into_par_iter()
            .map(|i| {
                let mut random = Stream::new(self.budget.seed, 100 + i);
                let parts = self.budget.cores.min(best.cores + 2).max(best.cores);
                let mut state = State::new(graph, self.limits, best.part.clone(), parts);
                let schedule = small_schedule(&state, effort);
                anneal_exchanges(&mut state, &mut random, schedule);
                Partition::compact(state.part())
            })
            .collect();
        let ranked = std::iter::once(best).chain(tried).map(|p| (self.rank(graph, &p), p));
        ranked.min_by_key(|(rank, _)| *rank).map(|(_, p)| p).unwrap_or_default()
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
    pub(super) fn rank(&self, graph: &Hypergraph, partition: &Partition) -> (bool, usize, u64) {
        let scores = score_partition(graph, self.limits, partition);
        let cores = scores.cores.saturating_sub(self.budget.cores);
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
        let room = self.budget.cores.min(start.cores + 8 + start.cores / 8).max(start.cores);
        self.improve_within(graph, start, heat, effort, random, room)
    }

    /// The same with at most `parts` parts.
    pub(super) fn improve_within(
        &self,
        graph: &Hypergraph,
        start: &Partition,
        heat: Heat,
        effort: u64,
        random: &mut Stream,
        parts: usize,
    ) -> Partition {
        let better = if too_large(graph, parts) {
            improve_regions(self, graph, start, heat, effort)
        } else {
            let mut state = State::new(graph, self.limits, start.part.clone(), parts);
            let movable = graph.vertex_count();
            if !self.anneal_state(&mut state, movable, heat, effort, random) {
                return start.clone();
            }
            Partition::compact(state.part())
        };
        if self.rank(graph, &better) <= self.rank(graph, start) { better } else { start.clone() }
    }

    /// Anneals, repairs, merges and polishes; says whether the result is legal.
    pub(super) fn anneal_state(
        &self,
        state: &mut State,
        movable: usize,
        heat: Heat,
        effort: u64,
        random: &mut Stream,
    ) -> bool {
        let mean = mean_cost(state);
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
        anneal(state, random, schedule);
        state.set_limit(OUTPUT_EDGES, edges);
        if !repair(state, effort / 4 + LEAST_REPAIR.min(4 * self.budget.effort)) {
            return false;
        }
        merge(state, effort / 16);
        polish(state, random, movable, effort / 16);
        true
    }
}

/// One of the restarts of a small network.
pub(super) fn small_schedule(state: &State, effort: u64) -> Schedule {
    let mean = mean_cost(state);
    let wanted = SMALL_EFFORT * state.graph().vertex_count() as u64;
    let least = LEAST_SMALL.min(effort);
    let effort = wanted.min((effort / RESTARTS).max(least)) * state.probe_cost();
    let movable = state.graph().vertex_count();
    Schedule { movable, effort, hot: 4.0 * mean, cold: 0.2 * mean, soft: 1.0, firm: 1.0 }
}

/// What one packet stream between a source vertex and a part costs on average.
pub(super) fn mean_cost(state: &State) -> f64 {
    let pairs: u64 =
        (0..state.graph().net_count() as u32).map(|e| u64::from(state.reached(e))).sum();
    state.cost() as f64 / pairs.max(1) as f64
}
