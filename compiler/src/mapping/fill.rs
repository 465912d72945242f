//! Greedy starts: fill core after core under all additive limits and the axon limit at once.

use super::buckets::Buckets;
use super::hypergraph::{Hypergraph, MEMORY, RESOURCES};
use super::limits::{INPUT_AXONS, Limits, Loads};

/// How a greedy fill chooses the next vertex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fill {
    /// In the order of the vertices.
    Natural,
    /// The vertex that shares most of what it listens to with the open core.
    ///
    /// An axon counts `rate` / 16 of its rate and the rest as one like any other.
    Overlap {
        /// The share of the rate in the value of an axon, in sixteenths.
        rate: u32,
    },
}

/// Fills cores one by one and returns the part of each vertex.
///
/// `fullness` is how full a core may get, in 1 / 1024 of its limits. Output edges are not
/// watched: they depend on cores that are not filled yet.
pub(super) fn fill(graph: &Hypergraph, limits: &Limits, how: Fill, fullness: i64) -> Vec<u32> {
    let vertices = graph.vertex_count();
    let mut open = OpenCore::new(graph, limits, how, fullness);
    let mut next = 0_usize;
    let mut left = vertices;
    while left > 0 {
        let chosen = match how {
            Fill::Natural => open.first_unassigned(&mut next).filter(|&v| open.fits(v)),
            Fill::Overlap { .. } => open.best(&mut next),
        };
        match chosen {
            Some(v) => {
                open.add(v);
                left -= 1;
            }
            None if open.members == 0 => {
                // A vertex that fits no empty core stays alone; the caller has been told.
                if let Some(v) = open.first_unassigned(&mut next) {
                    open.add(v);
                    left -= 1;
                }
                open.close();
            }
            None => open.close(),
        }
    }
    open.part
}

/// The core being filled and, per vertex, what it shares with it.
struct OpenCore<'a> {
    graph: &'a Hypergraph,
    limits: &'a Limits,
    limit: Loads,
    part: Vec<u32>,
    core: u32,
    members: u32,
    load: Loads,
    inside: Vec<u32>,
    synapses: Vec<u32>,
    value: Vec<u64>,
    per_value: Vec<f64>,
    mean: f64,
    total_copies: Vec<u32>,
    /// Unassigned vertices that share something with the core, by their score.
    near: Buckets,
    /// Per vertex, of use while it is near.
    shares: Vec<Share>,
}

/// What a vertex shares with the open core.
#[derive(Clone, Copy)]
struct Share {
    /// Axons that the core lacks of those it listens to.
    missing: u32,
    /// Value of what is shared and of one axon more.
    shared: f64,
}

impl<'a> OpenCore<'a> {
    fn new(graph: &'a Hypergraph, limits: &'a Limits, how: Fill, fullness: i64) -> Self {
        let vertices = graph.vertex_count();
        let nets = graph.net_count();
        let weights: u64 = graph.nets().iter().map(|net| net.weight).sum();
        let copies: u64 = graph.nets().iter().map(|net| u64::from(net.copies)).sum();
        let mean = weights / copies.max(1) + 1;
        let share = if let Fill::Overlap { rate } = how { u64::from(rate.min(16)) } else { 0 };
        let value = |net: &super::hypergraph::Net| {
            (net.weight * share + mean * u64::from(net.copies) * (16 - share)) / 16
        };
        let value: Vec<u64> = graph.nets().iter().map(value).collect();
        let all = |v: u32| graph.in_nets(v).iter().map(|&e| value[e as usize]).sum::<u64>();
        let per_value = (0..vertices as u32).map(|v| 1.0 / (all(v) + mean) as f64).collect();
        let all = |v: u32| graph.in_nets(v).iter().map(|&e| graph.net(e).copies).sum();
        let total_copies: Vec<u32> = (0..vertices as u32).map(all).collect();
        let limit = limits.row().map(|l| if fullness < 1024 { l / 1024 * fullness } else { l });
        Self {
            graph,
            limits,
            limit,
            part: vec![u32::MAX; vertices],
            core: 0,
            members: 0,
            load: Loads::default(),
            inside: vec![u32::MAX; nets],
            synapses: if limits.lists.is_some() { vec![0; nets] } else { Vec::new() },
            value,
            per_value,
            mean: mean as f64,
            total_copies,
            near: Buckets::new(vertices),
            shares: vec![Share { missing: 0, shared: 0.0 }; vertices],
        }
    }

    fn first_unassigned(&self, next: &mut usize) -> Option<u32> {
        while self.part.get(*next).is_some_and(|&p| p != u32::MAX) {
            *next += 1;
        }
        (*next < self.part.len()).then_some(*next as u32)
    }

    /// Whether additive demands and `missing` axons of `v` fit; lists are counted apart.
    fn fits_roughly(&self, v: u32, missing: u32) -> bool {
        let demand = self.graph.demand(v);
        let additive = (0..RESOURCES).all(|r| self.load[r] + i64::from(demand[r]) <= self.limit[r]);
        additive && self.load[INPUT_AXONS] + i64::from(missing) <= self.limit[INPUT_AXONS]
    }

    fn fits(&self, v: u32) -> bool {
        let missing = if self.near.holds(v) {
            self.shares[v as usize].missing
        } else {
            self.total_copies[v as usize]
        };
        let demand = i64::from(self.graph.demand(v)[MEMORY]);
        self.fits_roughly(v, missing)
            && self.load[MEMORY] + demand + self.list_memory(v) <= self.limit[MEMORY]
    }

    /// What the synapse lists of the core grow by when `v` joins.
    fn list_memory(&self, v: u32) -> i64 {
        let Some(format) = self.limits.lists else {
            return 0;
        };
        let counts = self.graph.in_synapses(v);
        let grow = self.graph.in_nets(v).iter().enumerate().map(|(j, &e)| {
            let here =
                if self.inside[e as usize] == self.core { self.synapses[e as usize] } else { 0 };
            let more = counts.get(j).copied().unwrap_or(1);
            let words = format.words(here + more) - format.words(here);
            i64::from(self.graph.net(e).copies) * words as i64
        });
        grow.sum()
    }

    /// What fraction of its inputs a near vertex shares with the core.
    fn score(&self, v: u32) -> f64 {
        self.shares[v as usize].shared * self.per_value[v as usize]
    }

    /// The unassigned vertex that fits and shares the largest fraction of its inputs.
    fn best(&mut self, next: &mut usize) -> Option<u32> {
        let mut refused: Vec<u32> = Vec::new();
        self.near.settle();
        loop {
            match self.best_but(&refused) {
                Some(v) if self.limits.lists.is_none() || self.fits(v) => return Some(v),
                Some(v) => refused.push(v),
                None => break,
            }
            if refused.len() > 8 {
                break;
            }
        }
        self.first_unassigned(next).filter(|&v| self.fits(v))
    }

    /// The near vertex of the highest score that fits roughly and is none of `refused`; of equals
    /// the first.
    fn best_but(&self, refused: &[u32]) -> Option<u32> {
        self.near.downwards().find_map(|bucket| {
            let mut best: Option<(f64, u32)> = None;
            for &v in bucket {
                let score = self.score(v);
                let better = best.is_none_or(|(s, u)| score > s || (score == s && v < u));
                let missing = self.shares[v as usize].missing;
                if better && self.fits_roughly(v, missing) && !refused.contains(&v) {
                    best = Some((score, v));
                }
            }
            best.map(|(_, v)| v)
        })
    }

    fn add(&mut self, v: u32) {
        self.load[MEMORY] += self.list_memory(v);
        for (sum, &d) in self.load[..RESOURCES].iter_mut().zip(self.graph.demand(v)) {
            *sum += i64::from(d);
        }
        let counts = self.graph.in_synapses(v);
        for (j, &e) in self.graph.in_nets(v).iter().enumerate() {
            let new = self.inside[e as usize] != self.core;
            if let Some(slot) = self.synapses.get_mut(e as usize) {
                let more = counts.get(j).copied().unwrap_or(1);
                *slot = if new { more } else { *slot + more };
            }
            if new {
                self.inside[e as usize] = self.core;
                self.enter(e);
            }
        }
        // A vertex whose own targets are here already saves packets by coming too.
        for &e in self.graph.own_nets(v) {
            for &u in self.graph.pins(e) {
                self.touch(u);
            }
        }
        self.part[v as usize] = self.core;
        self.members += 1;
        self.near.remove(v);
    }

    fn enter(&mut self, e: u32) {
        let copies = self.graph.net(e).copies;
        self.load[INPUT_AXONS] += i64::from(copies);
        let value = self.value[e as usize] as f64;
        for &u in self.graph.pins(e) {
            if self.touch(u) {
                let share = &mut self.shares[u as usize];
                share.shared += value;
                share.missing -= copies;
                self.near.put(u, self.score(u));
            }
        }
        let source = self.graph.net(e).source;
        self.touch(source);
    }

    /// Puts `v` among the near ones if it is unassigned; says whether it is among them.
    fn touch(&mut self, v: u32) -> bool {
        let i = v as usize;
        if self.part[i] != u32::MAX {
            return false;
        }
        if !self.near.holds(v) {
            self.shares[i] = Share { missing: self.total_copies[i], shared: self.mean };
            self.near.put(v, self.score(v));
        }
        true
    }

    fn close(&mut self) {
        self.near.clear();
        self.load = Loads::default();
        self.core += 1;
        self.members = 0;
    }
}
