//! Making a move.

use super::State;
use super::bits::bit;
use crate::mapping::hypergraph::MEMORY;
use crate::mapping::limits::{INPUT_AXONS, OUTPUT_EDGES, SERVICE};

/// The home of a net whose source is on the way: its edges are counted apart.
const NOWHERE: usize = usize::MAX;

impl State<'_> {
    /// Moves `v` to part `to`, whose change of cost is known from a probe.
    pub(in crate::mapping) fn apply(&mut self, v: u32, to: u32, cost: i64) {
        let (a, b) = (self.part[v as usize] as usize, to as usize);
        let nets = self.nets.len();
        let graph = self.graph;
        self.shift_own_edges(v, a, -1);
        let counts = graph.in_synapses(v);
        for (j, &e) in graph.in_nets(v).iter().enumerate() {
            let e = e as usize;
            let net = self.nets[e];
            let home = if net.source == v { NOWHERE } else { net.home as usize };
            let copies = i64::from(net.copies);
            let left = &mut self.count[a * nets + e];
            *left -= 1;
            match *left {
                0 => self.close(e, a, home, copies),
                1 => self.single.set(a, e),
                _ => {}
            }
            let right = &mut self.count[b * nets + e];
            *right += 1;
            match *right {
                1 => self.open(e, b, home, copies),
                2 => self.single.clear(b, e),
                _ => {}
            }
            if self.has_lists {
                let more = counts.get(j).copied().unwrap_or(1);
                self.shift_synapses(a, e, copies, more.wrapping_neg());
                self.shift_synapses(b, e, copies, more);
            }
        }
        if let Some(&own) = self.service.get(v as usize) {
            self.loads[a][SERVICE] -= own;
            self.loads[b][SERVICE] += own;
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

    /// Part `p` loses its last pin of net `e`.
    fn close(&mut self, e: usize, p: usize, home: usize, copies: i64) {
        self.single.clear(p, e);
        self.touched.clear(p, e);
        self.reach.clear(e, p);
        self.reached[e] -= 1;
        self.loads[p][INPUT_AXONS] -= copies;
        if let Some(price) = self.axon_service {
            self.loads[p][SERVICE] -= price * self.graph.net(e as u32).weight as i64;
        }
        if home != NOWHERE && home != p {
            self.loads[home][OUTPUT_EDGES] -= copies;
        }
    }

    /// Part `p` gets its first pin of net `e`.
    fn open(&mut self, e: usize, p: usize, home: usize, copies: i64) {
        self.single.set(p, e);
        self.touched.set(p, e);
        self.reach.set(e, p);
        self.reached[e] += 1;
        self.loads[p][INPUT_AXONS] += copies;
        if let Some(price) = self.axon_service {
            self.loads[p][SERVICE] += price * self.graph.net(e as u32).weight as i64;
        }
        if home != NOWHERE && home != p {
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
