//! A partition under search: every load and the cost are kept exact move by move.

mod apply;
mod bits;
mod metric;
mod probe;
#[cfg(test)]
mod tests;

use super::hypergraph::{Hypergraph, MEMORY, RESOURCES};
use super::limits::{INPUT_AXONS, LOADS, Limits, Loads, OUTPUT_EDGES, SERVICE, vertex_service};
use bits::BitRows;
pub(super) use bits::ones;
pub(super) use metric::Metric;
pub(super) use probe::Probe;

/// A net as the inner loop wants it: weight scaled to 32 bits, the source's part at hand.
#[derive(Clone, Copy)]
struct NetInfo {
    weight: u32,
    copies: u32,
    home: u32,
    source: u32,
}

/// The partition, its loads, and the tables that make a move cheap to judge.
#[derive(Clone)]
pub(super) struct State<'a> {
    graph: &'a Hypergraph,
    has_lists: bool,
    has_edges: bool,
    /// Price of an arriving spike in service time, when that is counted.
    axon_service: Option<i64>,
    /// Service time of each vertex, axons apart; empty when it is not counted.
    service: Vec<i64>,
    limit: Loads,
    price: Loads,
    /// Load above the limit at which the price per amount has tripled.
    knee: Loads,
    core_price: i64,
    metric: Metric,
    nets: Vec<NetInfo>,
    own_pin: Vec<bool>,
    parts: usize,
    /// A part that nothing may enter or leave; beyond all parts when there is none.
    frozen: u32,
    part: Vec<u32>,
    members: Vec<u32>,
    loads: Vec<Loads>,
    /// Per part and net: pins of the net in the part.
    count: Vec<u32>,
    /// Per part and net: synapses of one copy in the part; only when lists are priced.
    synapses: Vec<u32>,
    /// Words of a synapse list by its length.
    words: Vec<u32>,
    /// Per part, bits over nets: the net has a pin here; it has exactly one.
    touched: BitRows,
    single: BitRows,
    /// Per net, bits over parts: the part has a pin of the net; and how many have.
    reach: BitRows,
    reached: Vec<u32>,
    /// Scratch of a probe: output edges that other parts gain or lose.
    out_change: Vec<i64>,
    out_touched: Vec<u32>,
    cost: i64,
    used: usize,
}

impl<'a> State<'a> {
    /// Sets up the tables for `part`, with room for `parts` parts.
    pub(super) fn new(
        graph: &'a Hypergraph,
        limits: &Limits,
        part: Vec<u32>,
        parts: usize,
    ) -> Self {
        let net_count = graph.net_count();
        let scale = weight_scale(graph);
        let info = |net: &super::hypergraph::Net| NetInfo {
            weight: (net.weight >> scale) as u32,
            copies: net.copies,
            home: part[net.source as usize],
            source: net.source,
        };
        let own_pin = |e| graph.pins(e).binary_search(&graph.net(e).source).is_ok();
        let table = parts * net_count;
        let mut state = Self {
            graph,
            has_lists: limits.lists.is_some(),
            has_edges: limits.output_edges.is_some(),
            axon_service: limits.service.map(|s| i64::from(s.axon)),
            service: limits.service.map_or(Vec::new(), |s| {
                (0..graph.vertex_count() as u32).map(|v| vertex_service(graph, &s, v)).collect()
            }),
            limit: limits.row(),
            price: [0; LOADS],
            knee: limits.row().map(|l| (l / KNEE).max(1)),
            core_price: 0,
            metric: Metric::Parts,
            nets: graph.nets().iter().map(info).collect(),
            own_pin: (0..net_count as u32).map(own_pin).collect(),
            parts,
            frozen: u32::MAX,
            part,
            members: vec![0; parts],
            loads: vec![[0; LOADS]; parts],
            count: vec![0; table],
            synapses: if limits.lists.is_some() { vec![0; table] } else { Vec::new() },
            words: word_table(graph, limits),
            touched: BitRows::new(parts, net_count),
            single: BitRows::new(parts, net_count),
            reach: BitRows::new(net_count, parts),
            reached: vec![0; net_count],
            out_change: vec![0; parts],
            out_touched: Vec::new(),
            cost: 0,
            used: 0,
        };
        state.fill();
        state
    }

    fn fill(&mut self) {
        let nets = self.nets.len();
        for v in 0..self.graph.vertex_count() as u32 {
            let p = self.part[v as usize] as usize;
            self.members[p] += 1;
            for (sum, &d) in self.loads[p][..RESOURCES].iter_mut().zip(self.graph.demand(v)) {
                *sum += i64::from(d);
            }
            self.loads[p][SERVICE] += self.service.get(v as usize).copied().unwrap_or(0);
        }
        self.used = self.members.iter().filter(|&&m| m > 0).count();
        for e in 0..nets {
            let synapses = self.graph.pin_synapses(e as u32);
            for (j, &v) in self.graph.pins(e as u32).iter().enumerate() {
                let p = self.part[v as usize] as usize;
                self.count[p * nets + e] += 1;
                if let Some(slot) = self.synapses.get_mut(p * nets + e) {
                    *slot += synapses.get(j).copied().unwrap_or(1);
                }
                self.reach.set(e, p);
            }
            let home = self.nets[e].home as usize;
            let copies = i64::from(self.nets[e].copies);
            for p in ones(self.reach.row(e)) {
                self.reached[e] += 1;
                self.touched.set(p, e);
                if self.count[p * nets + e] == 1 {
                    self.single.set(p, e);
                }
                self.loads[p][INPUT_AXONS] += copies;
                if let Some(price) = self.axon_service {
                    self.loads[p][SERVICE] += price * self.graph.net(e as u32).weight as i64;
                }
                if let Some(&count) = self.synapses.get(p * nets + e) {
                    self.loads[p][MEMORY] += copies * i64::from(self.words[count as usize]);
                }
                if p != home {
                    self.loads[home][OUTPUT_EDGES] += copies;
                }
            }
        }
        self.cost = self.count_cost();
    }

    /// Counts the cost from the tables.
    fn count_cost(&self) -> i64 {
        let mut cost = self.core_price * self.used as i64;
        for (e, net) in self.nets.iter().enumerate() {
            let reached = self.metric.net_cost(net.home as usize, self.reach.row(e));
            cost += i64::from(net.weight) * reached;
        }
        cost
    }

    /// Changes what a packet costs.
    pub(super) fn set_metric(&mut self, metric: Metric) {
        self.metric = metric;
        self.cost = self.count_cost();
    }

    /// Keeps part `p` as it is: nothing may enter it. Its vertices must not be movable.
    pub(super) fn freeze(&mut self, p: u32) {
        self.frozen = p;
    }

    /// Whether vertices may enter part `p`.
    pub(super) fn open_to_moves(&self, p: u32) -> bool {
        p != self.frozen
    }

    /// Changes one limit of a core.
    pub(super) fn set_limit(&mut self, load: usize, limit: i64) {
        self.limit[load] = limit;
        self.knee[load] = (limit / KNEE).max(1);
    }

    /// Prices every load above its limit at `strength` sixteenths of what that load costs now on
    /// average: one axon too many counts like the average axon's traffic.
    pub(super) fn set_strength(&mut self, strength: i64) {
        let scale = i128::from(self.cost.max(1)) * i128::from(strength);
        for r in 0..LOADS {
            let total: i128 = self.loads.iter().map(|load| i128::from(load[r])).sum();
            let price = scale / (total.max(1) * 16);
            self.price[r] = i64::try_from(price).unwrap_or(i64::MAX).clamp(1, MAX_PRICE);
        }
    }

    /// The limits of a core in this search.
    pub(super) fn limit(&self) -> &Loads {
        &self.limit
    }

    /// The part of each vertex.
    pub(super) fn part(&self) -> &[u32] {
        &self.part
    }

    /// The part of `v`.
    pub(super) fn part_of(&self, v: u32) -> u32 {
        self.part[v as usize]
    }

    /// How many parts there is room for.
    pub(super) fn parts(&self) -> usize {
        self.parts
    }

    /// Vertices in part `p`.
    pub(super) fn members(&self, p: u32) -> u32 {
        self.members[p as usize]
    }

    /// The loads of part `p`.
    pub(super) fn loads(&self, p: u32) -> &Loads {
        &self.loads[p as usize]
    }

    /// The graph.
    pub(super) fn graph(&self) -> &'a Hypergraph {
        self.graph
    }

    /// The cost without penalties.
    pub(super) fn cost(&self) -> i64 {
        self.cost
    }

    /// The parts that net `e` reaches, as bits.
    pub(super) fn reach(&self, e: u32) -> &[u64] {
        self.reach.row(e as usize)
    }

    /// How many parts net `e` reaches.
    pub(super) fn reached(&self, e: u32) -> u32 {
        self.reached[e as usize]
    }

    /// The part of the source of net `e`.
    pub(super) fn home(&self, e: u32) -> u32 {
        self.nets[e as usize].home
    }

    /// How often a probe looks at each net.
    pub(super) fn probe_cost(&self) -> u64 {
        let tree = matches!(self.metric, Metric::Tree { .. });
        1 + u64::from(self.has_lists || self.axon_service.is_some()) + 24 * u64::from(tree)
    }

    /// Whether part `p` breaks a limit.
    pub(super) fn over(&self, p: u32) -> bool {
        self.loads[p as usize].iter().zip(&self.limit).any(|(l, limit)| l > limit)
    }

    /// Whether no part breaks a limit.
    pub(super) fn legal(&self) -> bool {
        (0..self.parts as u32).all(|p| !self.over(p))
    }

    /// What all loads above their limits cost.
    #[cfg(test)]
    fn penalty(&self) -> i64 {
        self.loads.iter().map(|load| self.penalty_of(load)).sum()
    }

    /// What the loads of one part above their limits cost.
    fn penalty_of(&self, load: &Loads) -> i64 {
        let mut sum = 0;
        for (r, (&l, &limit)) in load.iter().zip(&self.limit).enumerate() {
            if l > limit {
                // Plain IEEE arithmetic: the same on every machine, and it can't overflow.
                let over = (l - limit) as f64;
                let price = self.price[r] as f64 * over * (1.0 + over / self.knee[r] as f64);
                sum += (price as i64).min(MAX_PENALTY);
            }
        }
        sum
    }
}

/// Overflow is priced linearly at first; at this fraction of the limit its square takes over.
const KNEE: i64 = 32;

/// No price of one load is higher.
const MAX_PRICE: i64 = 1 << 36;

/// No load of a part costs more, so that sums stay in range.
const MAX_PENALTY: i64 = 1 << 56;

/// How far net weights must be shifted to fit 32 bits.
pub(super) fn weight_scale(graph: &Hypergraph) -> u32 {
    let top = graph.nets().iter().map(|net| net.weight).max().unwrap_or(0);
    (u64::BITS - top.leading_zeros()).saturating_sub(u32::BITS)
}

/// Words of a list by its synapses, up to the longest list of any net.
fn word_table(graph: &Hypergraph, limits: &Limits) -> Vec<u32> {
    let Some(format) = limits.lists else {
        return Vec::new();
    };
    let longest = (0..graph.net_count() as u32).map(|e| {
        let row = graph.pin_synapses(e);
        if row.is_empty() { graph.pins(e).len() as u32 } else { row.iter().sum() }
    });
    let longest = longest.max().unwrap_or(0);
    (0..=longest).map(|n| format.words(n) as u32).collect()
}
