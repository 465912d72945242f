//! A partition under search: every load and the cost are kept exact move by move.

use super::hypergraph::{Hypergraph, MEMORY, RESOURCES};
use super::limits::{INPUT_AXONS, LOADS, Limits, Loads, OUTPUT_EDGES};

/// What one packet from part to part costs.
#[derive(Clone, Debug)]
pub(super) enum Metric {
    /// One, wherever it goes.
    Uniform,
    /// What the row of the source part says for the destination part; the diagonal is 0.
    Table {
        /// Parts per row.
        width: usize,
        /// Costs, row by row.
        cost: Vec<u32>,
    },
}

/// What would change if a vertex moved.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Probe {
    /// Change of the cost.
    pub(super) cost: i64,
    /// Change of the penalty for broken limits.
    pub(super) penalty: i64,
}

/// A net as the inner loop wants it: weight scaled to 32 bits, the source's part at hand.
#[derive(Clone, Copy)]
struct NetInfo {
    weight: u32,
    copies: u32,
    home: u32,
    source: u32,
}

/// One word of bits per 64 nets (or parts).
#[derive(Clone)]
struct BitRows {
    words: usize,
    bits: Vec<u64>,
}

impl BitRows {
    fn new(rows: usize, columns: usize) -> Self {
        let words = columns.div_ceil(64);
        Self { words, bits: vec![0; rows * words] }
    }

    fn row(&self, row: usize) -> &[u64] {
        &self.bits[row * self.words..(row + 1) * self.words]
    }

    fn set(&mut self, row: usize, column: usize) {
        self.bits[row * self.words + column / 64] |= 1 << (column % 64);
    }

    fn clear(&mut self, row: usize, column: usize) {
        self.bits[row * self.words + column / 64] &= !(1 << (column % 64));
    }
}

/// The bit of `column` in a row, as a number.
fn bit(row: &[u64], column: u32) -> i64 {
    (row[column as usize / 64] >> (column % 64) & 1) as i64
}

/// The positions of the set bits of a row, ascending.
pub(super) fn ones(row: &[u64]) -> impl Iterator<Item = usize> + '_ {
    row.iter().enumerate().flat_map(|(i, &word)| {
        let mut rest = word;
        std::iter::from_fn(move || {
            (rest != 0).then(|| {
                let at = rest.trailing_zeros() as usize;
                rest &= rest - 1;
                i * 64 + at
            })
        })
    })
}

/// The partition, its loads, and the tables that make a move cheap to judge.
#[derive(Clone)]
pub(super) struct State<'a> {
    graph: &'a Hypergraph,
    limits: &'a Limits,
    limit: Loads,
    price: Loads,
    /// Load above the limit at which the price per amount has tripled.
    knee: Loads,
    core_price: i64,
    metric: Metric,
    nets: Vec<NetInfo>,
    own_pin: Vec<bool>,
    parts: usize,
    part: Vec<u32>,
    members: Vec<u32>,
    loads: Vec<Loads>,
    /// Per part and net: pins of the net in the part.
    count: Vec<u32>,
    /// Per part and net: synapses of one copy in the part; only when lists are priced.
    synapses: Vec<u32>,
    /// Per part, bits over nets: the net has a pin here; it has exactly one.
    touched: BitRows,
    single: BitRows,
    /// Per net, bits over parts: the part has a pin of the net.
    reach: BitRows,
    reached: Vec<u32>,
    words: Vec<u32>,
    out_change: Vec<i64>,
    out_touched: Vec<u32>,
    cost: i64,
    used: usize,
}

impl<'a> State<'a> {
    /// Sets up the tables for `part`, with room for `parts` parts.
    pub(super) fn new(
        graph: &'a Hypergraph,
        limits: &'a Limits,
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
            limits,
            limit: limits.row(),
            price: [0; LOADS],
            knee: limits.row().map(|l| (l / KNEE).max(1)),
            core_price: 0,
            metric: Metric::Uniform,
            nets: graph.nets().iter().map(info).collect(),
            own_pin: (0..net_count as u32).map(own_pin).collect(),
            parts,
            part,
            members: vec![0; parts],
            loads: vec![[0; LOADS]; parts],
            count: vec![0; table],
            synapses: if limits.lists.is_some() { vec![0; table] } else { Vec::new() },
            touched: BitRows::new(parts, net_count),
            single: BitRows::new(parts, net_count),
            reach: BitRows::new(net_count, parts),
            reached: vec![0; net_count],
            words: word_table(graph, limits),
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
            let home = net.home as usize;
            let reached: i64 = ones(self.reach.row(e)).map(|p| self.distance(home, p)).sum();
            cost += i64::from(net.weight) * reached;
        }
        cost
    }

    fn distance(&self, from: usize, to: usize) -> i64 {
        match &self.metric {
            Metric::Uniform => i64::from(from != to),
            Metric::Table { width, cost } => i64::from(cost[from * width + to]),
        }
    }

    /// Changes what a packet costs.
    pub(super) fn set_metric(&mut self, metric: Metric) {
        self.metric = metric;
        self.cost = self.count_cost();
    }

    /// Changes what a used core costs.
    pub(super) fn set_core_price(&mut self, price: i64) {
        self.core_price = price;
        self.cost = self.count_cost();
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

    /// The limits of a core in use by this search.
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

    /// How many parts have a vertex.
    pub(super) fn used(&self) -> usize {
        self.used
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

    /// The source vertex of net `e`.
    pub(super) fn source(&self, e: u32) -> u32 {
        self.nets[e as usize].source
    }

    /// By how much all loads together are above their limits, at the prices in force.
    pub(super) fn penalty(&self) -> i64 {
        self.loads.iter().map(|load| self.penalty_of(load)).sum()
    }

    /// Whether part `p` breaks a limit.
    pub(super) fn over(&self, p: u32) -> bool {
        self.loads[p as usize].iter().zip(&self.limit).any(|(l, limit)| l > limit)
    }

    /// Whether no part breaks a limit.
    pub(super) fn legal(&self) -> bool {
        (0..self.parts as u32).all(|p| !self.over(p))
    }

    fn penalty_of(&self, load: &Loads) -> i64 {
        let mut sum = 0;
        for r in 0..LOADS {
            let over = (load[r] - self.limit[r]).max(0);
            if over > 0 {
                sum += over * self.price[r] + over * over * self.price[r] / self.knee[r];
            }
        }
        sum
    }

    /// Judges moving `v` to part `to`, which is not its own.
    pub(super) fn probe(&mut self, v: u32, to: u32) -> Probe {
        let lists = self.limits.lists.is_some();
        let edges = self.limits.output_edges.is_some();
        match (matches!(self.metric, Metric::Uniform), lists || edges) {
            (true, false) => self.probe_as::<true, false>(v, to),
            (true, true) => self.probe_as::<true, true>(v, to),
            (false, false) => self.probe_as::<false, false>(v, to),
            (false, true) => self.probe_as::<false, true>(v, to),
        }
    }

    fn probe_as<const UNIFORM: bool, const FULL: bool>(&mut self, v: u32, to: u32) -> Probe {
        let (a, b) = (self.part[v as usize], to);
        let (single, opened) = (self.single.row(a as usize), self.touched.row(b as usize));
        let (mut cost, mut axons_a, mut axons_b) = (0_i64, 0_i64, 0_i64);
        let (mut memory_a, mut memory_b) = (0_i64, 0_i64);
        let graph = self.graph;
        let list = graph.in_synapses(v);
        for (j, &e) in graph.in_nets(v).iter().enumerate() {
            let net = self.nets[e as usize];
            let empties = bit(single, e);
            let opens = 1 - bit(opened, e);
            let copies = i64::from(net.copies);
            axons_a -= copies * empties;
            axons_b += copies * opens;
            let home = net.home;
            let weight = i64::from(net.weight);
            if UNIFORM {
                let leaves = empties & i64::from(home != a || net.source == v);
                cost += weight * ((opens & i64::from(home != b)) - leaves);
            } else if net.source != v {
                let (h, w) = (home as usize, weight);
                cost += w * (opens * self.distance(h, b as usize));
                cost -= w * (empties * self.distance(h, a as usize));
            }
            if FULL {
                if let Some(change) = self.out_change.get_mut(home as usize)
                    && net.source != v
                {
                    let was = empties & i64::from(home != a);
                    let now = opens & i64::from(home != b);
                    if was != now {
                        *change += copies * (now - was);
                        self.out_touched.push(home);
                    }
                }
                if !self.synapses.is_empty() {
                    let n = self.nets.len();
                    let s = list.get(j).copied().unwrap_or(1);
                    let here = self.synapses[a as usize * n + e as usize];
                    let there = self.synapses[b as usize * n + e as usize];
                    let word = |n: u32| i64::from(self.words[n as usize]);
                    memory_a += copies * (word(here - s) - word(here));
                    memory_b += copies * (word(there + s) - word(there));
                }
            }
        }
        let (own_cost, out_a, out_b) = self.probe_own::<UNIFORM>(v, a, b);
        cost += own_cost;
        let mut from = self.loads[a as usize];
        let mut into = self.loads[b as usize];
        for (r, &d) in graph.demand(v).iter().enumerate() {
            from[r] -= i64::from(d);
            into[r] += i64::from(d);
        }
        from[MEMORY] += memory_a;
        into[MEMORY] += memory_b;
        from[INPUT_AXONS] += axons_a;
        into[INPUT_AXONS] += axons_b;
        let mut penalty = 0;
        if FULL {
            from[OUTPUT_EDGES] += out_a + std::mem::take(&mut self.out_change[a as usize]);
            into[OUTPUT_EDGES] += out_b + std::mem::take(&mut self.out_change[b as usize]);
            while let Some(p) = self.out_touched.pop() {
                let change = std::mem::take(&mut self.out_change[p as usize]);
                let mut load = [0; LOADS];
                load[OUTPUT_EDGES] = self.loads[p as usize][OUTPUT_EDGES];
                penalty -= self.penalty_of(&load);
                load[OUTPUT_EDGES] += change;
                penalty += self.penalty_of(&load);
            }
        }
        penalty += self.penalty_of(&from) - self.penalty_of(&self.loads[a as usize]);
        penalty += self.penalty_of(&into) - self.penalty_of(&self.loads[b as usize]);
        if self.core_price != 0 {
            let opens = i64::from(self.members[b as usize] == 0);
            let empties = i64::from(self.members[a as usize] == 1);
            cost += self.core_price * (opens - empties);
        }
        Probe { cost, penalty }
    }

    /// The part of a probe that the vertex's own nets make: cost, output edges of both parts.
    fn probe_own<const UNIFORM: bool>(&self, v: u32, a: u32, b: u32) -> (i64, i64, i64) {
        let (mut cost, mut out_a, mut out_b) = (0, 0, 0);
        for &e in self.graph.own_nets(v) {
            let net = self.nets[e as usize];
            let row = self.reach.row(e as usize);
            let (at_a, at_b) = (bit(row, a), bit(row, b));
            let reached = i64::from(self.reached[e as usize]);
            let copies = i64::from(net.copies);
            let own_pin = self.own_pin[e as usize];
            let weight = i64::from(net.weight);
            let leaves = i64::from(own_pin) & bit(self.single.row(a as usize), e);
            let joins = i64::from(own_pin && at_b == 0);
            out_a -= copies * (reached - at_a);
            out_b += copies * (reached - leaves + joins - (at_b | joins));
            if UNIFORM {
                if !own_pin {
                    cost += weight * (at_a - at_b);
                }
            } else {
                let mut sum = 0;
                for p in ones(row) {
                    sum += self.distance(b as usize, p) - self.distance(a as usize, p);
                }
                sum -= leaves * self.distance(b as usize, a as usize);
                cost += weight * sum;
            }
        }
        (cost, out_a, out_b)
    }

    /// Moves `v` to part `to`, whose change of cost is known from a probe.
    pub(super) fn apply(&mut self, v: u32, to: u32, cost: i64) {
        let (a, b) = (self.part[v as usize] as usize, to as usize);
        let n = self.nets.len();
        let graph = self.graph;
        self.shift_own_edges(v, a, -1);
        let list = graph.in_synapses(v);
        for (j, &e) in graph.in_nets(v).iter().enumerate() {
            let e = e as usize;
            let net = self.nets[e];
            let home = if net.source == v { usize::MAX } else { net.home as usize };
            let copies = i64::from(net.copies);
            let left = &mut self.count[a * n + e];
            *left -= 1;
            match *left {
                0 => self.close(e, a, home, copies),
                1 => self.single.set(a, e),
                _ => {}
            }
            let right = &mut self.count[b * n + e];
            *right += 1;
            match *right {
                1 => self.open(e, b, home, copies),
                2 => self.single.clear(b, e),
                _ => {}
            }
            if !self.synapses.is_empty() {
                let s = list.get(j).copied().unwrap_or(1);
                self.shift_synapses(a, e, copies, s.wrapping_neg());
                self.shift_synapses(b, e, copies, s);
            }
        }
        for (r, &d) in graph.demand(v).iter().enumerate() {
            self.loads[a][r] -= i64::from(d);
            self.loads[b][r] += i64::from(d);
        }
        self.part[v as usize] = to;
        for &e in graph.own_nets(v) {
            self.nets[e as usize].home = to;
        }
        self.shift_own_edges(v, b, 1);
        self.members[a] -= 1;
        self.members[b] += 1;
        self.used += usize::from(self.members[b] == 1);
        self.used -= usize::from(self.members[a] == 0);
        self.cost += cost;
    }

    fn close(&mut self, e: usize, p: usize, home: usize, copies: i64) {
        self.single.clear(p, e);
        self.touched.clear(p, e);
        self.reach.clear(e, p);
        self.reached[e] -= 1;
        self.loads[p][INPUT_AXONS] -= copies;
        if home != usize::MAX && home != p {
            self.loads[home][OUTPUT_EDGES] -= copies;
        }
    }

    fn open(&mut self, e: usize, p: usize, home: usize, copies: i64) {
        self.single.set(p, e);
        self.touched.set(p, e);
        self.reach.set(e, p);
        self.reached[e] += 1;
        self.loads[p][INPUT_AXONS] += copies;
        if home != usize::MAX && home != p {
            self.loads[home][OUTPUT_EDGES] += copies;
        }
    }

    fn shift_synapses(&mut self, p: usize, e: usize, copies: i64, change: u32) {
        let slot = &mut self.synapses[p * self.nets.len() + e];
        let before = i64::from(self.words[*slot as usize]);
        *slot = slot.wrapping_add(change);
        let after = i64::from(self.words[*slot as usize]);
        self.loads[p][MEMORY] += copies * (after - before);
    }

    /// Adds (or takes back) the output edges of the nets that `v` drives from part `p`.
    fn shift_own_edges(&mut self, v: u32, p: usize, sign: i64) {
        for &e in self.graph.own_nets(v) {
            let here = bit(self.reach.row(e as usize), p as u32);
            let edges = i64::from(self.reached[e as usize]) - here;
            self.loads[p][OUTPUT_EDGES] += sign * i64::from(self.nets[e as usize].copies) * edges;
        }
    }
}

/// Overflow is priced linearly at first; at this fraction of the limit its square takes over.
const KNEE: i64 = 32;

/// Prices stay below this, so that penalties never overflow.
const MAX_PRICE: i64 = 1 << 36;

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
