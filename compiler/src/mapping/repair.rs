//! Repair, polishing and merging: the deterministic moves around an annealing run.

use super::hypergraph::MEMORY;
use super::limits::{LOADS, Loads};
use super::random::Stream;
use super::state::{State, ones};

/// Strength at which no saving is worth one broken limit.
pub(super) const STRICT: i64 = 1 << 20;

/// Moves vertices out of parts that break a limit until none does.
///
/// The cheapest move per amount of overflow goes first; a part that no neighbour can relieve
/// spills into an empty part. Returns false when parts run out, or `effort`, in nets looked at.
pub(super) fn repair(state: &mut State, effort: u64) -> bool {
    let mut work = 0;
    state.set_strength(STRICT);
    for _ in 0..4 {
        let mut all = true;
        for p in 0..state.parts() as u32 {
            all &= !state.over(p) || (work < effort && relieve(state, p, &mut work));
        }
        if all && state.legal() {
            return true;
        }
    }
    state.legal()
}

/// Moves vertices out of part `p` until it breaks no limit.
fn relieve(state: &mut State, p: u32, work: &mut u64) -> bool {
    let mut round = 0;
    let mut spills = 0;
    while state.over(p) {
        let excess = excess(state, p);
        let members = members_of(state, p);
        let helpful: Vec<u32> =
            members.into_iter().filter(|&v| relieves(state, v, &excess)).collect();
        let stride = helpful.len().div_ceil(SAMPLED).max(1);
        let offset = round % stride;
        round += 1;
        let mut best: Option<(i64, u32, u32, i64)> = None;
        for &v in helpful.iter().skip(offset).step_by(stride) {
            for to in candidates(state, v, All::Yes, work) {
                let probe = state.probe(v, to);
                let change = probe.cost.saturating_add(probe.penalty);
                if probe.penalty < 0 && best.is_none_or(|(c, ..)| change < c) {
                    best = Some((change, v, to, probe.cost));
                }
            }
        }
        match best {
            Some((_, v, to, cost)) => state.apply(v, to, cost),
            None if spills < MAX_SPILLS && spill(state, p) => spills += 1,
            None => return false,
        }
    }
    true
}

/// Moves vertices of part `p` into an empty part, one by one, each time the one that costs least
/// there, until `p` breaks no limit. What no single move relieves (inputs that several vertices
/// share) a group does.
fn spill(state: &mut State, p: u32) -> bool {
    let Some(to) = (0..state.parts() as u32).find(|&q| state.members(q) == 0) else {
        return false;
    };
    let mut members = members_of(state, p);
    while state.over(p) && members.len() > 1 {
        let mut best: Option<(i64, usize, i64)> = None;
        for (i, &v) in members.iter().enumerate() {
            let probe = state.probe(v, to);
            let change = probe.cost.saturating_add(probe.penalty);
            if best.is_none_or(|(c, ..)| change < c) {
                best = Some((change, i, probe.cost));
            }
        }
        let Some((_, i, cost)) = best else { return false };
        let v = members.swap_remove(i);
        state.apply(v, to, cost);
    }
    !state.over(p) && !state.over(to)
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
    let axons = listens && (rest[0] > 0 || rest[2] > 0 || excess[MEMORY] > 0);
    additive || axons || rest[2] > 0 || ((drives || listens) && rest[1] > 0)
}

/// The vertices of part `p`.
pub(super) fn members_of(state: &State, p: u32) -> Vec<u32> {
    let part = state.part();
    (0..part.len() as u32).filter(|&v| part[v as usize] == p).collect()
}

/// Empty parts that one part may spill into.
const MAX_SPILLS: u32 = 2;

/// Whether more parts are tried than the best few.
#[derive(Clone, Copy)]
enum All {
    Yes,
    No,
}

/// Parts tried per vertex when polishing and merging.
const TRIED: usize = 10;

/// Parts beyond the best few tried per vertex when a part is relieved.
const SPREAD: usize = 24;

/// Vertices tried at a time when a part is relieved.
const SAMPLED: usize = 48;

/// The parts other than its own that share most traffic with `v`, best first; for a repair some
/// of the others and an empty part as well. Adds the nets looked at to `work`.
fn candidates(state: &State, v: u32, all: All, work: &mut u64) -> Vec<u32> {
    let graph = state.graph();
    let mut pull = vec![0_u64; state.parts()];
    for &e in graph.in_nets(v) {
        let weight = graph.net(e).weight + 1;
        for p in ones(state.reach(e)) {
            pull[p] += weight;
        }
        pull[state.home(e) as usize] += 1;
        *work += u64::from(state.reached(e)) / 2;
    }
    for &e in graph.own_nets(v) {
        let weight = graph.net(e).weight + 1;
        for p in ones(state.reach(e)) {
            pull[p] += weight;
        }
    }
    let own = state.part_of(v);
    let mut parts: Vec<u32> = (0..pull.len() as u32)
        .filter(|&p| p != own && pull[p as usize] > 0 && state.open_to_moves(p))
        .collect();
    let key = |&p: &u32| (std::cmp::Reverse(pull[p as usize]), p);
    let beyond = if matches!(all, All::Yes) { others(state, own, v) } else { Vec::new() };
    if parts.len() > TRIED {
        parts.select_nth_unstable_by_key(TRIED, key);
        parts.truncate(TRIED);
    }
    parts.sort_unstable_by_key(key);
    parts.extend(beyond);
    *work += degree(state, v) * (parts.len() as u64 + 1);
    parts
}

/// Used parts spread over all, other ones for each vertex, and one empty part.
fn others(state: &State, own: u32, v: u32) -> Vec<u32> {
    let used = (0..state.parts() as u32)
        .filter(|&p| p != own && state.members(p) > 0 && state.open_to_moves(p));
    let used: Vec<u32> = used.collect();
    let stride = used.len().div_ceil(SPREAD).max(1);
    let mut parts: Vec<u32> =
        used.iter().copied().skip(v as usize % stride).step_by(stride).collect();
    parts.extend((0..state.parts() as u32).find(|&p| state.members(p) == 0));
    parts
}

/// Moves every vertex to its best part as long as something improves and `effort` lasts, which
/// is counted in nets looked at.
pub(super) fn polish(state: &mut State, random: &mut Stream, movable: usize, effort: u64) {
    state.set_strength(STRICT);
    let mut order: Vec<u32> = (0..movable as u32).collect();
    let mut work = 0;
    loop {
        random.shuffle(&mut order);
        let before = state.cost();
        for &v in &order {
            if work > effort {
                return;
            }
            let mut best: Option<(i64, u32, i64)> = None;
            for to in candidates(state, v, All::No, &mut work) {
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
            return;
        }
    }
}

/// Nets that one probe of `v` looks at.
pub(super) fn degree(state: &State, v: u32) -> u64 {
    let graph = state.graph();
    (graph.in_nets(v).len() + graph.own_nets(v).len() + 8) as u64 * state.probe_cost()
}

/// Tries to empty the lightest parts into the others; keeps what lowers the cost (with the price
/// of a core in it) and breaks no limit. Stops when `effort`, in nets looked at, is spent.
pub(super) fn merge(state: &mut State, effort: u64) {
    state.set_strength(STRICT);
    let mut parts: Vec<u32> = (0..state.parts() as u32)
        .filter(|&p| state.members(p) > 0 && state.open_to_moves(p))
        .collect();
    parts.sort_by_key(|&p| (fullness(state, p), p));
    let mut work = 0;
    for &p in &parts {
        if work > effort {
            return;
        }
        dissolve(state, p, &mut work);
    }
}

/// The largest share of its limits that part `p` uses, in 1 / 2^20.
fn fullness(state: &State, p: u32) -> i128 {
    let shares = state.loads(p).iter().zip(state.limit());
    shares.map(|(&l, &limit)| (i128::from(l) << 20) / i128::from(limit.max(1))).max().unwrap_or(0)
}

/// Empties part `p` if every vertex finds a place and the cost does not rise.
fn dissolve(state: &mut State, p: u32, work: &mut u64) -> bool {
    let before = state.cost();
    let mut members = members_of(state, p);
    members.sort_by_key(|&v| (std::cmp::Reverse(degree(state, v)), v));
    let mut done = Vec::new();
    let mut whole = true;
    for &v in &members {
        let mut best: Option<(i64, u32)> = None;
        for to in candidates(state, v, All::No, work) {
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
