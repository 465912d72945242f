//! Annealing of a partition: random single moves, judged exactly, limits as prices.

use super::random::Stream;
use super::state::{State, ones};

/// How one annealing run goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    /// Moves tried.
    pub(super) moves: u64,
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

/// Anneals the state in place.
pub(super) fn anneal(state: &mut State, random: &mut Stream, schedule: Schedule) {
    let vertices = state.graph().vertex_count();
    if vertices < 2 || state.parts() < 2 {
        return;
    }
    let rate = root(schedule.cold / schedule.hot);
    let hardening = root(schedule.firm / schedule.soft);
    let mut strength = schedule.soft;
    let per_block = schedule.moves >> BLOCKS_LOG2;
    let mut temperature = schedule.hot;
    for _ in 0..1_u32 << BLOCKS_LOG2 {
        state.set_strength((strength * 16.0) as i64);
        for _ in 0..per_block {
            let v = random.below(vertices) as u32;
            let Some(to) = candidate(state, random, v) else { continue };
            if to == state.part_of(v) {
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

/// The factor per block that makes `ratio` over all blocks.
fn root(ratio: f64) -> f64 {
    (0..BLOCKS_LOG2).fold(ratio, |r, _| r.sqrt())
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
        return Some(state.part_of(state.source(e)));
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
