//! Networks too large for one search: neighbouring cores are improved region by region.
//!
//! What a net costs inside a region does not depend on where its other pins are, so each region
//! is a network of its own, with one frozen vertex that stands for all sources outside. Regions
//! of one round share no core and are improved in parallel.

use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};

use super::hypergraph::{Hypergraph, Net};
use super::place::Traffic;
use super::random::Stream;
use super::scores::Partition;
use super::search::{Heat, Search};
use super::state::State;

/// Cores of one region.
const REGION: usize = 48;

/// Rounds; regions of the second straddle those of the first.
const ROUNDS: u64 = 2;

/// Table entries (cores x nets) up to which a network is searched as a whole.
const TABLE: usize = 1 << 28;

/// Whether a search over `parts` parts must go region by region.
pub(super) fn too_large(graph: &Hypergraph, parts: usize) -> bool {
    graph.net_count().saturating_mul(parts) > TABLE
}

/// Improves a partition region by region.
pub(super) fn improve_regions(
    search: &Search,
    graph: &Hypergraph,
    start: &Partition,
    heat: Heat,
    effort: u64,
) -> Partition {
    let mut best = start.clone();
    for round in 0..ROUNDS {
        let order = Traffic::between_parts(graph, &best).chain();
        let shift = (round as usize * REGION / 2).min(order.len());
        let (head, tail) = order.split_at(shift);
        let regions: Vec<&[u32]> =
            std::iter::once(head).chain(tail.chunks(REGION)).filter(|r| r.len() > 1).collect();
        let share = effort / ROUNDS / regions.len().max(1) as u64;
        let better: Vec<Vec<(u32, u32)>> = regions
            .par_iter()
            .map(|cores| Region::new(graph, &best, cores).improve(search, heat, share))
            .collect();
        for (v, p) in better.into_iter().flatten() {
            best.part[v as usize] = p;
        }
        best = Partition::compact(&best.part);
    }
    best
}

/// Some cores with their vertices as a network of their own.
struct Region {
    graph: Option<Hypergraph>,
    cores: Vec<u32>,
    vertices: Vec<u32>,
    part: Vec<u32>,
}

impl Region {
    fn new(graph: &Hypergraph, partition: &Partition, cores: &[u32]) -> Self {
        let mut local_core = vec![u32::MAX; partition.cores];
        for (i, &core) in (0_u32..).zip(cores) {
            local_core[core as usize] = i;
        }
        let inside = |v: u32| local_core[partition.part[v as usize] as usize];
        let all = 0..graph.vertex_count() as u32;
        let vertices: Vec<u32> = all.filter(|&v| inside(v) != u32::MAX).collect();
        let mut local = vec![u32::MAX; graph.vertex_count()];
        for (i, &v) in (0_u32..).zip(&vertices) {
            local[v as usize] = i;
        }
        let outside = vertices.len() as u32;
        let mut listened: Vec<u32> =
            vertices.iter().flat_map(|&v| graph.in_nets(v)).copied().collect();
        listened.sort_unstable();
        listened.dedup();
        let mut demands: Vec<_> = vertices.iter().map(|&v| *graph.demand(v)).collect();
        demands.push([0; 4]);
        let (mut nets, mut ptr, mut pins, mut synapses) = (vec![], vec![0], vec![], vec![]);
        for e in listened {
            let net = graph.net(e);
            let source = local[net.source as usize];
            nets.push(Net { source: source.min(outside), ..net });
            let counts = graph.pin_synapses(e);
            for (j, &v) in graph.pins(e).iter().enumerate() {
                if local[v as usize] != u32::MAX {
                    pins.push(local[v as usize]);
                    synapses.push(counts.get(j).copied().unwrap_or(1));
                }
            }
            ptr.push(pins.len());
        }
        let mut part: Vec<u32> = vertices.iter().map(|&v| inside(v)).collect();
        part.push(cores.len() as u32);
        let graph = Hypergraph::new(demands, nets, ptr, pins, synapses).ok();
        Self { graph, cores: cores.to_vec(), vertices, part }
    }

    /// The new core of each vertex of the region.
    fn improve(&self, search: &Search, heat: Heat, effort: u64) -> Vec<(u32, u32)> {
        let Some(graph) = &self.graph else {
            return Vec::new();
        };
        let parts = self.cores.len() + 1;
        let mut state = State::new(graph, search.limits, self.part.clone(), parts);
        state.freeze(self.cores.len() as u32);
        let before = state.cost();
        let movable = self.vertices.len();
        let mut random = Stream::new(search.budget.seed, 1000 + u64::from(self.cores[0]));
        let legal = search.anneal_state(&mut state, movable, heat, effort, &mut random);
        if !legal || state.cost() > before {
            return Vec::new();
        }
        let parts = self.vertices.iter().zip(state.part());
        parts.map(|(&v, &p)| (v, self.cores[p as usize])).collect()
    }
}
