//! Annealing of a partition: random single moves, judged exactly, limits as prices.

use super::random::Stream;
use super::repair::{STRICT, degree};
use super::state::{Probe, State, ones};

/// How one annealing run goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    /// Vertices that may move: those below this number.
    pub(super) movable: usize,
    /// Nets that may be looked at.
    pub(super) effort: u64,
    /// First temperature, in units of cost.
    pub(super) hot: f64,
    /// Last temperature.
    pub(super) cold: f64,
    /// First price of a broken limit, relative to the average price of the load.
    pub(super) soft: f64,
    /// Last price of a broken limit.
    pub(super) firm: f64,
}

/// Blocks of equal temperature, as a power of two: the cooling rate is a repeated square root.
const BLOCKS_LOG2: u32 = 8;

/// More moves than this per vertex bring nothing, so small networks are soon done.
const MOVES_PER_VERTEX: u64 = 10_000;

/// Anneals the state in place.
pub(super) fn anneal(state: &mut State, random: &mut Stream, schedule: Schedule) {
    let movable = schedule.movable;
    if movable < 2 || state.parts() < 2 {
        return;
    }
    let rate = root(schedule.cold / schedule.hot);
    let hardening = root(schedule.firm / schedule.soft);
    let mut strength = schedule.soft;
    let all: u64 = (0..movable as u32).map(|v| degree(state, v)).sum();
    let per_block = schedule.effort.min(all * MOVES_PER_VERTEX) >> BLOCKS_LOG2;
    let mut temperature = schedule.hot;
    for _ in 0..1_u32 << BLOCKS_LOG2 {
        state.set_strength((strength * 16.0) as i64);
        let mut work = 0;
        while work < per_block {
            let v = random.below(movable) as u32;
            work += degree(state, v) + own_reach(state, v);
            let Some(to) = candidate(state, random, v) else { continue };
            if to == state.part_of(v) || !state.open_to_moves(to) {
                continue;
            }
            let probe = state.probe(v, to);
            let change = probe.cost + probe.penalty;
            if change <= 0 || (change as f64) < temperature * random.exponential() {
                state.apply(v, to, probe.cost);
            }
        }
        temperature *= rate;
        strength *= hardening;
    }
}

/// Anneals with exchanges of two vertices beside single moves; a state that breaks no limit stays
/// so. Made for small networks with tight limits, where no single move is legal.
pub(super) fn anneal_exchanges(state: &mut State, random: &mut Stream, schedule: Schedule) {
    let (movable, parts) = (schedule.movable, state.parts());
    if movable < 2 || parts < 2 {
        return;
    }
    state.set_strength(STRICT);
    let rate = root(schedule.cold / schedule.hot);
    let mut temperature = schedule.hot;
    for _ in 0..1_u32 << BLOCKS_LOG2 {
        let mut work = 0;
        while work < schedule.effort >> BLOCKS_LOG2 {
            let (v, u) = (random.below(movable) as u32, random.below(movable) as u32);
            work += 3 * degree(state, v) + 3 * degree(state, u);
            let from = state.part_of(v);
            let single = random.below(4) == 0;
            let to = if single { random.below(parts) as u32 } else { state.part_of(u) };
            if to == from {
                continue;
            }
            let first = state.probe(v, to);
            let mut change = first.cost.saturating_add(first.penalty);
            state.apply(v, to, first.cost);
            let second = if single { Probe::default() } else { state.probe(u, from) };
            change = change.saturating_add(second.cost.saturating_add(second.penalty));
            if change <= 0 || (change as f64) < temperature * random.exponential() {
                if !single {
                    state.apply(u, from, second.cost);
                }
            } else {
                state.apply(v, from, -first.cost);
            }
        }
        temperature *= rate;
    }
}

/// The factor per block that makes `ratio` over all blocks.
fn root(ratio: f64) -> f64 {
    (0..BLOCKS_LOG2).fold(ratio, |r, _| r.sqrt())
}

/// Parts that the vertex's own nets reach: what a probe looks at when distances count.
fn own_reach(state: &State, v: u32) -> u64 {
    state.graph().own_nets(v).iter().map(|&e| u64::from(state.reached(e))).sum::<u64>() / 2
}

/// A part that something near `v` is in: a co-listener, a source, or a target.
fn candidate(state: &State, random: &mut Stream, v: u32) -> Option<u32> {
    let graph = state.graph();
    let (inputs, own) = (graph.in_nets(v), graph.own_nets(v));
    let pick = random.below(16);
    if pick < 3 && !own.is_empty() {
        let e = own[random.below(own.len())];
        return reached_part(state, random, e);
    }
    if inputs.is_empty() {
        let e = *own.get(random.below(own.len().max(1)))?;
        return reached_part(state, random, e);
    }
    let e = inputs[random.below(inputs.len())];
    if pick < 6 {
        return Some(state.home(e));
    }
    reached_part(state, random, e)
}

fn reached_part(state: &State, random: &mut Stream, e: u32) -> Option<u32> {
    let reached = state.reached(e) as usize;
    if reached == 0 {
        return None;
    }
    ones(state.reach(e)).nth(random.below(reached)).map(|p| p as u32)
}
