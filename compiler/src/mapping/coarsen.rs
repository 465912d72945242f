//! Coarsening: vertices that belong together become one, level by level.

use super::contract::mix;
use super::hypergraph::{Hypergraph, MEMORY, RESOURCES};
use super::limits::Limits;

/// The largest demand that one coarse vertex may have.
type Cap = [u64; RESOURCES];

/// A share of a core's limits, as a cap for coarse vertices; no limit is no cap.
fn cap(limits: &Limits, share: u64) -> Cap {
    limits.additive.map(|limit| limit.map_or(u64::MAX, |l| (l / share.max(1)).max(1)))
}

/// What the synapse lists of `many` twins of `v` take in one core.
fn list_memory(graph: &Hypergraph, limits: &Limits, v: u32, many: u32) -> u64 {
    let Some(format) = limits.lists else {
        return 0;
    };
    let counts = graph.in_synapses(v);
    let lists = graph.in_nets(v).iter().enumerate().map(|(j, &e)| {
        let synapses = counts.get(j).copied().unwrap_or(1).saturating_mul(many);
        u64::from(graph.net(e).copies) * format.words(synapses)
    });
    lists.sum()
}

/// Groups twins: vertices that listen to the same nets and drive nets with the same listeners.
///
/// Twins of one class are sorted by the rate of their own nets and cut into groups within one
/// `share`th of a core,
/// so the spiky ones can stay near their targets. Returns the group of each vertex.
pub(super) fn twins(graph: &Hypergraph, limits: &Limits, share: u64) -> (Vec<u32>, usize) {
    let cap = cap(limits, share);
    let vertices = graph.vertex_count() as u32;
    let nets = graph.net_count() as u32;
    let net_hash = |e: u32| hash_row(graph.pins(e), graph.pin_synapses(e));
    let net_hash: Vec<u64> = (0..nets).map(net_hash).collect();
    let key = |v: u32| {
        let own = graph.own_nets(v);
        let listens = hash_row(graph.in_nets(v), graph.in_synapses(v));
        let drives = own.iter().fold(0, |h, &e| mix(h ^ net_hash[e as usize]));
        let rate: u64 = own.iter().map(|&e| graph.net(e).weight).sum();
        (listens, drives, u64::MAX - rate, v)
    };
    let mut order: Vec<_> = (0..vertices).map(key).collect();
    order.sort_unstable();
    let mut group = vec![0; vertices as usize];
    let mut groups = 0;
    let mut load = [0_u64; RESOURCES];
    let mut members = 0;
    let mut previous: Option<u32> = None;
    for &(.., v) in &order {
        let demand = graph.demand(v);
        let additive = (0..RESOURCES).all(|r| load[r] + u64::from(demand[r]) <= cap[r]);
        let same = additive && previous.is_some_and(|u| alike(graph, u, v));
        let lists = || {
            let room = cap[MEMORY].max(list_memory(graph, limits, v, 1));
            list_memory(graph, limits, v, members + 1) + load[MEMORY] <= room
        };
        if !(same && lists()) {
            groups += 1;
            members = 0;
            load = [0; RESOURCES];
        }
        members += 1;
        for (sum, &d) in load.iter_mut().zip(demand) {
            *sum += u64::from(d);
        }
        group[v as usize] = groups - 1;
        previous = Some(v);
    }
    (group, groups as usize)
}

/// Whether two vertices are twins in fact, not only by their hashes.
fn alike(graph: &Hypergraph, u: u32, v: u32) -> bool {
    let (own_u, own_v) = (graph.own_nets(u), graph.own_nets(v));
    graph.in_nets(u) == graph.in_nets(v)
        && graph.in_synapses(u) == graph.in_synapses(v)
        && own_u.len() == own_v.len()
        && own_u.iter().zip(own_v).all(|(&e, &f)| {
            graph.pins(e) == graph.pins(f) && graph.pin_synapses(e) == graph.pin_synapses(f)
        })
}

fn hash_row(row: &[u32], counts: &[u32]) -> u64 {
    let hash = row.iter().fold(row.len() as u64, |h, &x| mix(h ^ u64::from(x)));
    counts.iter().fold(hash, |h, &x| mix(h ^ u64::from(x)))
}
