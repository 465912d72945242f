//! Repair, polishing and merging: the deterministic moves around an annealing run.

use super::limits::{LOADS, Loads};
use super::random::Stream;
use super::state::{State, ones};

/// How many steps of the search went into something, in nets looked at.
pub(super) type Work = u64;

/// Strength at which no saving is worth one broken limit.
const STRICT: i64 = 1 << 20;

/// Moves vertices out of parts that break a limit until none does.
///
/// The cheapest move per amount of overflow goes first; a part that no neighbour can relieve
/// ejects into an empty part. Returns false when parts run out.
pub(super) fn repair(state: &mut State) -> bool {
    state.set_strength(STRICT);
    for _ in 0..4 {
        let mut all = true;
        for p in 0..state.parts() as u32 {
            all &= !state.over(p) || relieve(state, p);
        }
        if all && state.legal() {
            return true;
        }
    }
    state.legal()
}

/// Moves vertices out of part `p` until it breaks no limit.
fn relieve(state: &mut State, p: u32) -> bool {
    while state.over(p) {
        let excess = excess(state, p);
        let members = members_of(state, p);
        let mut best: Option<(i64, u32, u32, i64)> = None;
        for &v in &members {
            if !relieves(state, v, &excess) {
                continue;
            }
            for to in candidates(state, v, true) {
                let probe = state.probe(v, to);
                let change = probe.cost.saturating_add(probe.penalty);
                if probe.penalty < 0 && best.is_none_or(|(c, ..)| change < c) {
                    best = Some((change, v, to, probe.cost));
                }
            }
        }
        match best {
            Some((_, v, to, cost)) => state.apply(v, to, cost),
            None => return false,
        }
    }
    true
}

/// By how much each load of part `p` is above its limit.
fn excess(state: &State, p: u32) -> Loads {
    let mut excess = [0; LOADS];
    for (slot, (load, limit)) in excess.iter_mut().zip(state.loads(p).iter().zip(state.limit())) {
        *slot = (load - limit).max(0);
    }
    excess
}

/// Whether moving `v` can lower one of the loads in excess at all.
fn relieves(state: &State, v: u32, excess: &Loads) -> bool {
    let graph = state.graph();
    let demand = graph.demand(v);
    let additive = demand.iter().zip(excess).any(|(&d, &x)| d > 0 && x > 0);
    let listens = !graph.in_nets(v).is_empty();
    let drives = !graph.own_nets(v).is_empty();
    let rest = &excess[demand.len()..];
    additive || (listens && (rest[0] > 0 || excess[1] > 0)) || ((drives || listens) && rest[1] > 0)
}

/// The vertices of part `p`.
pub(super) fn members_of(state: &State, p: u32) -> Vec<u32> {
    let part = state.part();
    (0..part.len() as u32).filter(|&v| part[v as usize] == p).collect()
}

/// Parts other than its own that something near `v` is in; with `empty`, one empty part as well.
pub(super) fn candidates(state: &State, v: u32, empty: bool) -> Vec<u32> {
    let graph = state.graph();
    let mut bits = vec![0_u64; state.parts().div_ceil(64)];
    for &e in graph.in_nets(v) {
        for (sum, &word) in bits.iter_mut().zip(state.reach(e)) {
            *sum |= word;
        }
        let home = state.part_of(state.source(e)) as usize;
        bits[home / 64] |= 1 << (home % 64);
    }
    for &e in graph.own_nets(v) {
        for (sum, &word) in bits.iter_mut().zip(state.reach(e)) {
            *sum |= word;
        }
    }
    if empty && let Some(p) = (0..state.parts() as u32).find(|&p| state.members(p) == 0) {
        bits[p as usize / 64] |= 1 << (p % 64);
    }
    let own = state.part_of(v);
    ones(&bits).map(|p| p as u32).filter(|&p| p != own).collect()
}

/// Moves every vertex to its best part as long as something improves, at most `rounds` times.
pub(super) fn polish(state: &mut State, random: &mut Stream, rounds: u32) -> Work {
    state.set_strength(STRICT);
    let mut order: Vec<u32> = (0..state.graph().vertex_count() as u32).collect();
    let mut work = 0;
    for _ in 0..rounds {
        random.shuffle(&mut order);
        let before = state.cost();
        for &v in &order {
            let mut best: Option<(i64, u32, i64)> = None;
            let around = candidates(state, v, false);
            work += around.len() as u64 * degree(state, v);
            for to in around {
                let probe = state.probe(v, to);
                let change = probe.cost.saturating_add(probe.penalty);
                if change < best.map_or(0, |b| b.0) {
                    best = Some((change, to, probe.cost));
                }
            }
            if let Some((_, to, cost)) = best {
                state.apply(v, to, cost);
            }
        }
        if state.cost() >= before {
            break;
        }
    }
    work
}

/// Nets that one probe of `v` looks at.
pub(super) fn degree(state: &State, v: u32) -> u64 {
    let graph = state.graph();
    (graph.in_nets(v).len() + graph.own_nets(v).len() + 1) as u64
}

/// Tries to empty the lightest parts into the others; keeps what lowers the cost (with the price
/// of a core in it) and breaks no limit.
pub(super) fn merge(state: &mut State, tries: usize) {
    state.set_strength(STRICT);
    let mut parts: Vec<u32> = (0..state.parts() as u32).filter(|&p| state.members(p) > 0).collect();
    parts.sort_by_key(|&p| (fullness(state, p), p));
    for &p in parts.iter().take(tries) {
        dissolve(state, p);
    }
}

/// The largest share of its limits that part `p` uses, in 1 / 2^20.
fn fullness(state: &State, p: u32) -> i128 {
    let shares = state.loads(p).iter().zip(state.limit());
    shares.map(|(&l, &limit)| (i128::from(l) << 20) / i128::from(limit.max(1))).max().unwrap_or(0)
}

/// Empties part `p` if every vertex finds a place and the cost does not rise.
fn dissolve(state: &mut State, p: u32) -> bool {
    let before = state.cost();
    let mut members = members_of(state, p);
    members.sort_by_key(|&v| (std::cmp::Reverse(degree(state, v)), v));
    let mut done = Vec::new();
    let mut whole = true;
    for &v in &members {
        let mut best: Option<(i64, u32)> = None;
        for to in candidates(state, v, false) {
            let probe = state.probe(v, to);
            if state.members(to) > 0
                && probe.penalty <= 0
                && best.is_none_or(|(c, _)| probe.cost < c)
            {
                best = Some((probe.cost, to));
            }
        }
        let Some((cost, to)) = best else {
            whole = false;
            break;
        };
        state.apply(v, to, cost);
        done.push(v);
    }
    if whole && state.cost() <= before {
        return true;
    }
    for &v in done.iter().rev() {
        let probe = state.probe(v, p);
        state.apply(v, p, probe.cost);
    }
    false
}
