//! What a mapping costs, counted from scratch: the definition that the searches are held to.

use super::grid::Grid;
use super::hypergraph::{Hypergraph, MEMORY, NEURONS, RESOURCES, WEIGHT_ONE};
use super::limits::{INPUT_AXONS, LOADS, Limits, Loads, OUTPUT_EDGES, SERVICE, vertex_service};

/// Which part each vertex is in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Partition {
    /// The part of each vertex; every part below `cores` has a vertex.
    pub part: Vec<u32>,
    /// How many parts there are.
    pub cores: usize,
}

impl Partition {
    /// Renumbers parts in order of first use, so that none is empty.
    #[must_use]
    pub fn compact(part: &[u32]) -> Self {
        let top = part.iter().map(|&p| p as usize + 1).max().unwrap_or(0);
        let mut name = vec![u32::MAX; top];
        let mut cores = 0;
        let mut rename = |p: u32| {
            let slot = &mut name[p as usize];
            if *slot == u32::MAX {
                *slot = cores;
                cores += 1;
            }
            *slot
        };
        let part = part.iter().map(|&p| rename(p)).collect();
        Self { part, cores: cores as usize }
    }
}

/// Which tile each part is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The tile of each part, counted row by row over the grid.
    pub tile: Vec<u32>,
}

/// What a partition costs.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionScores {
    /// Cores used.
    pub cores: usize,
    /// Pairs of a source neuron and a core, not its own, with a target of it.
    pub km1: u64,
    /// The same weighted by rate, in 1 / [`WEIGHT_ONE`]: packets per step with one copy per core.
    pub km1_weight: u64,
    /// The largest load of any core, resource by resource.
    pub worst: Loads,
    /// Whether no load is above its limit.
    pub legal: bool,
    /// Lower bound of `km1` by volume.
    pub km1_bound: u64,
    /// Lower bound of `km1_weight` by volume.
    pub km1_weight_bound: u64,
}

impl PartitionScores {
    /// Packets per timestep.
    #[must_use]
    pub fn km1_rate(&self) -> f64 {
        self.km1_weight as f64 / WEIGHT_ONE as f64
    }
}

/// What a placement costs; weights in 1 / [`WEIGHT_ONE`] spikes per step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlacementScores {
    /// Links crossed per step when every core of a net gets its own packet.
    pub hops_unicast: u64,
    /// Links crossed per step when packets share the common part of their XY paths.
    pub hops_xytree: u64,
    /// Load of the busiest directed link, unicast.
    pub max_link: u64,
    /// The longest path.
    pub max_hops: u32,
}

/// Per net the cores it reaches, ascending, and the loads of all cores.
pub(super) struct Reach {
    pub(super) ptr: Vec<usize>,
    pub(super) cores: Vec<u32>,
    pub(super) loads: Vec<Loads>,
}

impl Reach {
    /// The cores that net `e` reaches.
    pub(super) fn cores_of(&self, e: u32) -> &[u32] {
        &self.cores[self.ptr[e as usize]..self.ptr[e as usize + 1]]
    }
}

/// Counts which cores each net reaches and what each core carries.
pub(super) fn reach(graph: &Hypergraph, limits: &Limits, partition: &Partition) -> Reach {
    let part = &partition.part;
    let mut loads = vec![[0_i64; LOADS]; partition.cores];
    for v in 0..graph.vertex_count() as u32 {
        let load = &mut loads[part[v as usize] as usize];
        for (sum, &d) in load[..RESOURCES].iter_mut().zip(graph.demand(v)) {
            *sum += i64::from(d);
        }
        if let Some(service) = &limits.service {
            load[SERVICE] += vertex_service(graph, service, v);
        }
    }
    let mut ptr = vec![0_usize];
    let mut cores: Vec<u32> = Vec::new();
    let mut row: Vec<(u32, u32)> = Vec::new();
    for e in 0..graph.net_count() as u32 {
        let net = graph.net(e);
        let home = part[net.source as usize];
        let synapses = graph.pin_synapses(e);
        row.clear();
        let pins = graph.pins(e).iter().enumerate();
        row.extend(pins.map(|(j, &v)| (part[v as usize], synapses.get(j).copied().unwrap_or(1))));
        row.sort_unstable();
        for same in row.chunk_by(|a, b| a.0 == b.0) {
            let core = same[0].0;
            cores.push(core);
            let load = &mut loads[core as usize];
            load[INPUT_AXONS] += i64::from(net.copies);
            if let Some(format) = limits.lists {
                let words = format.words(same.iter().map(|pin| pin.1).sum());
                load[MEMORY] += i64::from(net.copies) * words as i64;
            }
            if let Some(service) = &limits.service {
                load[SERVICE] += i64::from(service.axon) * net.weight as i64;
            }
            if core != home {
                loads[home as usize][OUTPUT_EDGES] += i64::from(net.copies);
            }
        }
        ptr.push(cores.len());
    }
    Reach { ptr, cores, loads }
}

/// Scores a partition from scratch.
#[must_use]
pub fn score_partition(
    graph: &Hypergraph,
    limits: &Limits,
    partition: &Partition,
) -> PartitionScores {
    let reach = reach(graph, limits, partition);
    let mut km1 = 0;
    let mut km1_weight = 0;
    for e in 0..graph.net_count() {
        let net = graph.net(e as u32);
        let home = partition.part[net.source as usize];
        let row = reach.cores_of(e as u32);
        let remote = row.iter().filter(|&&core| core != home).count() as u64;
        km1 += remote * u64::from(net.copies);
        km1_weight += remote * net.weight;
    }
    let mut worst = [0_i64; LOADS];
    for load in &reach.loads {
        for (w, &l) in worst.iter_mut().zip(load) {
            *w = (*w).max(l);
        }
    }
    let legal = worst.iter().zip(limits.row()).all(|(&w, limit)| w <= limit);
    let (km1_bound, km1_weight_bound) = volume_bounds(graph, limits);
    PartitionScores {
        cores: partition.cores,
        km1,
        km1_weight,
        worst,
        legal,
        km1_bound,
        km1_weight_bound,
    }
}

/// Lower bounds of connectivity: the targets of a net fill at least so many cores by volume.
///
/// Synapse lists are left out (they can only add). Exact in integers: the volume of a vertex is
/// the largest share of a core that one of its demands takes, in 1 / 2^40.
fn volume_bounds(graph: &Hypergraph, limits: &Limits) -> (u64, u64) {
    const ONE: u128 = 1 << 40;
    let share = |v: u32| {
        let shares = graph.demand(v).iter().zip(&limits.additive);
        let shares =
            shares.filter_map(|(&d, l)| l.map(|l| u128::from(d) * ONE / u128::from(l.max(1))));
        shares.max().unwrap_or(0)
    };
    let volume: Vec<u128> = (0..graph.vertex_count() as u32).map(share).collect();
    let (mut km1, mut km1_weight) = (0, 0);
    for e in 0..graph.net_count() as u32 {
        let net = graph.net(e);
        let sum: u128 = graph.pins(e).iter().map(|&v| volume[v as usize]).sum();
        let cores = sum.div_ceil(ONE) as u64;
        let remote = cores.saturating_sub(1);
        km1 += remote * u64::from(net.copies);
        km1_weight += remote * net.weight;
    }
    (km1, km1_weight)
}

/// Scores a placement from scratch, with XY routes on a mesh.
#[must_use]
pub fn score_placement(
    graph: &Hypergraph,
    partition: &Partition,
    placement: &Placement,
    grid: &Grid,
) -> PlacementScores {
    let reach = reach(graph, &Limits::default(), partition);
    let mut load = vec![0_u64; grid.tiles() * 4];
    let mut seen = vec![u32::MAX; grid.tiles() * 4];
    let mut scores = PlacementScores::default();
    for e in 0..graph.net_count() {
        let net = graph.net(e as u32);
        let home = partition.part[net.source as usize];
        for &core in reach.cores_of(e as u32) {
            if core == home {
                continue;
            }
            let from = placement.tile[home as usize];
            let mut hops = 0;
            grid.walk(from, placement.tile[core as usize], |link| {
                load[link] += net.weight;
                hops += 1;
                if seen[link] != e as u32 {
                    seen[link] = e as u32;
                    scores.hops_xytree += net.weight;
                }
            });
            scores.hops_unicast += net.weight * u64::from(hops);
            scores.max_hops = scores.max_hops.max(hops);
        }
    }
    scores.max_link = load.iter().copied().max().unwrap_or(0);
    scores
}

/// The neurons in each core of a partition.
#[must_use]
pub fn neurons_per_core(graph: &Hypergraph, partition: &Partition) -> Vec<u64> {
    let mut neurons = vec![0; partition.cores];
    for v in 0..graph.vertex_count() as u32 {
        let core = partition.part[v as usize] as usize;
        neurons[core] += u64::from(graph.demand(v)[NEURONS]);
    }
    neurons
}
