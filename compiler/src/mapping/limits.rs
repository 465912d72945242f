//! What one core holds, as the partitioner sees it.

use super::budget::Service;
use super::hypergraph::{Hypergraph, MEMORY, NEURONS, RESOURCES, WEIGHT_ONE};

/// How many loads of a core are watched: the additive ones, input axons, output edges, service.
pub const LOADS: usize = RESOURCES + 3;
/// Index of the input axons among the loads of a core.
pub const INPUT_AXONS: usize = RESOURCES;
/// Index of the output edges among the loads of a core.
pub const OUTPUT_EDGES: usize = RESOURCES + 1;

/// Index of the service time among the loads of a core, see [`Service`].
pub const SERVICE: usize = RESOURCES + 2;

/// The loads of one core: additive demands, then input axons, output edges, service time.
pub type Loads = [i64; LOADS];

/// The names of the loads, for messages and tables.
pub const LOAD_NAMES: [&str; LOADS] =
    ["neurons", "memory", "state", "other", "input axons", "output edges", "service"];

/// The memory that the synapse list of one axon takes in one core, beside the vertices' own.
///
/// A list of `n` synapses takes `ceil((header + n * synapse) / word)` words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListFormat {
    /// Amount that every list pays once.
    pub header: u32,
    /// Amount that every synapse takes.
    pub synapse: u32,
    /// Amount that one word holds.
    pub word: u32,
}

impl ListFormat {
    /// Words of a list of `synapses` synapses; an absent list takes none.
    #[must_use]
    pub fn words(&self, synapses: u32) -> u64 {
        if synapses == 0 {
            return 0;
        }
        let amount = u64::from(self.header) + u64::from(synapses) * u64::from(self.synapse);
        amount.div_ceil(u64::from(self.word.max(1)))
    }
}

/// The limits of one core; `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Limits of the additive demands.
    pub additive: [Option<u64>; RESOURCES],
    /// Distinct sources with a target in the core, those in the core included.
    pub input_axons: Option<u64>,
    /// Pairs of a source in the core and another core with one of its targets.
    pub output_edges: Option<u64>,
    /// What synapse lists add to the memory; the vertices' own demand is added as it is.
    pub lists: Option<ListFormat>,
    /// How the service time of a core is counted; without it, it counts as 0.
    pub service: Option<Service>,
    /// Service time of a timestep, in the measure of `service` x [`super::WEIGHT_ONE`].
    pub service_time: Option<u64>,
}

impl Limits {
    /// The limits as one row; an absent limit is a number that no load reaches.
    #[must_use]
    pub fn row(&self) -> Loads {
        let mut row = [NO_LIMIT; LOADS];
        let rest = [&self.input_axons, &self.output_edges, &self.service_time];
        let all = self.additive.iter().chain(rest);
        for (slot, limit) in row.iter_mut().zip(all) {
            if let Some(limit) = limit {
                *slot = i64::try_from(*limit).unwrap_or(NO_LIMIT).min(NO_LIMIT);
            }
        }
        row
    }

    /// Cores that no partition can do without, by the volume of each additive resource.
    ///
    /// Synapse lists count with the words they would take if no list were ever cut.
    #[must_use]
    pub fn core_bound(&self, graph: &Hypergraph) -> usize {
        let mut total = graph.total_demand();
        if let Some(format) = self.lists {
            for e in 0..graph.net_count() as u32 {
                let synapses = graph.pin_synapses(e);
                let synapses = if synapses.is_empty() {
                    graph.pins(e).len() as u32
                } else {
                    synapses.iter().sum()
                };
                total[MEMORY] += u64::from(graph.net(e).copies) * format.words(synapses);
            }
        }
        let bounds = self.additive.iter().zip(total);
        let bounds = bounds.filter_map(|(limit, sum)| limit.map(|l| sum.div_ceil(l.max(1))));
        bounds.max().unwrap_or(0).max(u64::from(graph.vertex_count() > 0)) as usize
    }
}

/// Service time that vertex `v` brings to whatever core it is in, axons apart.
pub(super) fn vertex_service(graph: &Hypergraph, service: &Service, v: u32) -> i64 {
    let neurons = i64::from(graph.demand(v)[NEURONS]) * WEIGHT_ONE as i64;
    let counts = graph.in_synapses(v);
    let events = graph.in_nets(v).iter().enumerate().map(|(j, &e)| {
        let synapses = counts.get(j).copied().unwrap_or(1);
        graph.net(e).weight as i64 * i64::from(synapses)
    });
    i64::from(service.neuron) * neurons + i64::from(service.synapse) * events.sum::<i64>()
}

/// A limit that no load reaches.
pub(super) const NO_LIMIT: i64 = i64::MAX / 4;
