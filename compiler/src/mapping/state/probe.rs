//! Judging a move before it is made.

use super::State;
use super::bits::{bit, ones};
use super::metric::Metric;
use crate::mapping::hypergraph::MEMORY;
use crate::mapping::limits::{INPUT_AXONS, LOADS, Loads, OUTPUT_EDGES, SERVICE};

/// What would change if a vertex moved.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::mapping) struct Probe {
    /// Change of the cost.
    pub(in crate::mapping) cost: i64,
    /// Change of the penalty for broken limits.
    pub(in crate::mapping) penalty: i64,
}

/// Changes of the two parts between which a vertex moves.
#[derive(Default)]
struct Change {
    cost: i64,
    axons: (i64, i64),
    edges: (i64, i64),
    memory: (i64, i64),
    service: (i64, i64),
}

impl State<'_> {
    /// Judges moving `v` to part `to`, which is not its own.
    pub(in crate::mapping) fn probe(&mut self, v: u32, to: u32) -> Probe {
        let from = self.part[v as usize];
        let mut change = match &self.metric {
            Metric::Parts => self.listen::<true>(v, from, to),
            Metric::Table { .. } => self.listen::<false>(v, from, to),
            Metric::Tree { .. } => {
                let mut change = self.listen::<true>(v, from, to);
                change.cost = self.tree_change(v, from, to);
                change
            }
        };
        self.drive(v, from, to, &mut change);
        if self.has_lists {
            change.memory = self.list_change(v, from, to);
        }
        if let Some(price) = self.axon_service {
            change.service = self.service_change(v, from, to, price);
        }
        let mut penalty = 0;
        if self.has_edges {
            penalty += self.others_change(v, from, to, &mut change);
        }
        penalty += self.penalty_change(v, from, to, &change);
        if self.core_price != 0 {
            let opens = i64::from(self.members[to as usize] == 0);
            let empties = i64::from(self.members[from as usize] == 1);
            change.cost += self.core_price * (opens - empties);
        }
        Probe { cost: change.cost, penalty }
    }

    /// Cost and axons of the nets that `v` listens to; with `PARTS` every remote part costs one.
    fn listen<const PARTS: bool>(&self, v: u32, from: u32, to: u32) -> Change {
        let single = self.single.row(from as usize);
        let touched = self.touched.row(to as usize);
        let (mut cost, mut left, mut joined) = (0, 0, 0);
        for &e in self.graph.in_nets(v) {
            let net = self.nets[e as usize];
            let empties = bit(single, e);
            let opens = 1 - bit(touched, e);
            left += i64::from(net.copies) * empties;
            joined += i64::from(net.copies) * opens;
            let weight = i64::from(net.weight);
            if PARTS {
                let leaves = empties & i64::from(net.home != from || net.source == v);
                cost += weight * ((opens & i64::from(net.home != to)) - leaves);
            } else if net.source != v {
                let home = net.home as usize;
                cost += weight * opens * self.metric.distance(home, to as usize);
                cost -= weight * empties * self.metric.distance(home, from as usize);
            }
        }
        Change { cost, axons: (-left, joined), ..Change::default() }
    }

    /// Cost and output edges of the nets that `v` drives.
    fn drive(&self, v: u32, from: u32, to: u32, change: &mut Change) {
        for &e in self.graph.own_nets(v) {
            let net = self.nets[e as usize];
            let row = self.reach.row(e as usize);
            let (here, there) = (bit(row, from), bit(row, to));
            let own_pin = self.own_pin[e as usize];
            let leaves = i64::from(own_pin) & bit(self.single.row(from as usize), e);
            let joins = i64::from(own_pin && there == 0);
            let reached = i64::from(self.reached[e as usize]);
            let copies = i64::from(net.copies);
            change.edges.0 -= copies * (reached - here);
            change.edges.1 += copies * (reached - leaves + joins - (there | joins));
            let weight = i64::from(net.weight);
            match &self.metric {
                Metric::Parts if !own_pin => change.cost += weight * (here - there),
                Metric::Table { .. } => {
                    let (a, b) = (from as usize, to as usize);
                    let farther = |p| self.metric.distance(b, p) - self.metric.distance(a, p);
                    let sum: i64 = ones(row).map(farther).sum();
                    change.cost += weight * (sum - leaves * self.metric.distance(b, a));
                }
                Metric::Parts | Metric::Tree { .. } => {}
            }
        }
    }

    /// Change of the links in the trees of all nets around `v`.
    fn tree_change(&self, v: u32, from: u32, to: u32) -> i64 {
        let mut change = 0;
        let mut after: Vec<u64> = Vec::new();
        let own = self.graph.own_nets(v).iter().filter(|&&e| !self.own_pin[e as usize]);
        for &e in self.graph.in_nets(v).iter().chain(own) {
            let net = self.nets[e as usize];
            let before = self.reach.row(e as usize);
            after.clear();
            after.extend_from_slice(before);
            if net.source != v || self.own_pin[e as usize] {
                if bit(self.single.row(from as usize), e) == 1 {
                    after[from as usize / 64] &= !(1 << (from % 64));
                }
                after[to as usize / 64] |= 1 << (to % 64);
            }
            let home = if net.source == v { to } else { net.home };
            let links = self.metric.net_cost(home as usize, &after)
                - self.metric.net_cost(net.home as usize, before);
            change += i64::from(net.weight) * links;
        }
        change
    }

    /// What the synapse lists of both parts grow by.
    fn list_change(&self, v: u32, from: u32, to: u32) -> (i64, i64) {
        let nets = self.nets.len();
        let counts = self.graph.in_synapses(v);
        let words = |n: u32| i64::from(self.words[n as usize]);
        let mut memory = (0, 0);
        for (j, &e) in self.graph.in_nets(v).iter().enumerate() {
            let copies = i64::from(self.nets[e as usize].copies);
            let more = counts.get(j).copied().unwrap_or(1);
            let here = self.synapses[from as usize * nets + e as usize];
            let there = self.synapses[to as usize * nets + e as usize];
            memory.0 += copies * (words(here - more) - words(here));
            memory.1 += copies * (words(there + more) - words(there));
        }
        memory
    }

    /// What the service times of both parts grow by.
    fn service_change(&self, v: u32, from: u32, to: u32, price: i64) -> (i64, i64) {
        let single = self.single.row(from as usize);
        let touched = self.touched.row(to as usize);
        let own = self.service[v as usize];
        let mut service = (-own, own);
        for &e in self.graph.in_nets(v) {
            let weight = price * self.graph.net(e).weight as i64;
            service.0 -= weight * bit(single, e);
            service.1 += weight * (1 - bit(touched, e));
        }
        service
    }

    /// Output edges of the parts that drive `v`: adds those of the two parts to `change` and
    /// returns what the others' penalties change by.
    fn others_change(&mut self, v: u32, from: u32, to: u32, change: &mut Change) -> i64 {
        let single = self.single.row(from as usize);
        let touched = self.touched.row(to as usize);
        for &e in self.graph.in_nets(v) {
            let net = self.nets[e as usize];
            let was = bit(single, e) & i64::from(net.home != from);
            let now = (1 - bit(touched, e)) & i64::from(net.home != to);
            if was != now && net.source != v {
                self.out_change[net.home as usize] += i64::from(net.copies) * (now - was);
                self.out_touched.push(net.home);
            }
        }
        change.edges.0 += std::mem::take(&mut self.out_change[from as usize]);
        change.edges.1 += std::mem::take(&mut self.out_change[to as usize]);
        let mut penalty = 0;
        while let Some(p) = self.out_touched.pop() {
            let edges = std::mem::take(&mut self.out_change[p as usize]);
            let before = self.loads[p as usize][OUTPUT_EDGES];
            if before.max(before + edges) > self.limit[OUTPUT_EDGES] {
                let priced = |edges| {
                    let mut load = [0; LOADS];
                    load[OUTPUT_EDGES] = edges;
                    self.penalty_of(&load)
                };
                penalty += priced(before + edges) - priced(before);
            }
        }
        penalty
    }

    /// Change of the penalties of the two parts.
    fn penalty_change(&self, v: u32, from: u32, to: u32, change: &Change) -> i64 {
        let (old_from, old_to) = (&self.loads[from as usize], &self.loads[to as usize]);
        let (mut new_from, mut new_to): (Loads, Loads) = (*old_from, *old_to);
        for (r, &d) in self.graph.demand(v).iter().enumerate() {
            new_from[r] -= i64::from(d);
            new_to[r] += i64::from(d);
        }
        new_from[MEMORY] += change.memory.0;
        new_to[MEMORY] += change.memory.1;
        new_from[INPUT_AXONS] += change.axons.0;
        new_to[INPUT_AXONS] += change.axons.1;
        new_from[SERVICE] += change.service.0;
        new_to[SERVICE] += change.service.1;
        new_from[OUTPUT_EDGES] += change.edges.0;
        new_to[OUTPUT_EDGES] += change.edges.1;
        self.penalty_of(&new_from) - self.penalty_of(old_from) + self.penalty_of(&new_to)
            - self.penalty_of(old_to)
    }
}
