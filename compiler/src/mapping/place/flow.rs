//! The traffic among parts, as rows of partners.

use crate::mapping::hypergraph::Hypergraph;
use crate::mapping::limits::Limits;
use crate::mapping::scores::{Partition, reach};

/// Packets per step among parts, both directions added, in 1 / `WEIGHT_ONE`.
#[derive(Clone, Debug)]
pub struct Traffic {
    ptr: Vec<usize>,
    partners: Vec<(u32, u64)>,
}

impl Traffic {
    /// Adds up the traffic of a partition.
    #[must_use]
    pub fn between_parts(graph: &Hypergraph, partition: &Partition) -> Self {
        let reach = reach(graph, &Limits::default(), partition);
        let mut flows: Vec<(u32, u32, u64)> = Vec::new();
        let mut order: Vec<u32> = (0..graph.net_count() as u32).collect();
        let home = |e: u32| partition.part[graph.net(e).source as usize];
        order.sort_by_key(|&e| home(e));
        let mut sum = vec![0_u64; partition.cores];
        for nets in order.chunk_by(|&a, &b| home(a) == home(b)) {
            let from = home(nets[0]);
            for &e in nets {
                for &core in &reach.cores[reach.ptr[e as usize]..reach.ptr[e as usize + 1]] {
                    sum[core as usize] += graph.net(e).weight;
                }
            }
            for (to, flow) in (0_u32..).zip(&mut sum) {
                let flow = std::mem::take(flow);
                if flow > 0 && to != from {
                    flows.push((from, to, flow));
                }
            }
        }
        Self::from_flows(partition.cores, &flows)
    }

    /// Adds up flows given as (from, to, weight); a flow from a part to itself costs nothing.
    #[must_use]
    pub fn from_flows(parts: usize, flows: &[(u32, u32, u64)]) -> Self {
        let mut both: Vec<(u32, u32, u64)> = Vec::with_capacity(flows.len() * 2);
        for &(a, b, w) in flows.iter().filter(|f| f.0 != f.1 && f.2 > 0) {
            both.push((a, b, w));
            both.push((b, a, w));
        }
        both.sort_unstable();
        let mut ptr = vec![0_usize; parts + 1];
        let mut partners: Vec<(u32, u64)> = Vec::new();
        for same in both.chunk_by(|x, y| (x.0, x.1) == (y.0, y.1)) {
            partners.push((same[0].1, same.iter().map(|f| f.2).sum()));
            ptr[same[0].0 as usize + 1] += 1;
        }
        crate::mapping::hypergraph::prefix_sum(&mut ptr);
        Self { ptr, partners }
    }

    /// The number of parts.
    #[must_use]
    pub fn parts(&self) -> usize {
        self.ptr.len() - 1
    }

    /// The partners of part `p` with the traffic in both directions, ascending.
    #[must_use]
    pub fn partners(&self, p: u32) -> &[(u32, u64)] {
        &self.partners[self.ptr[p as usize]..self.ptr[p as usize + 1]]
    }

    /// How many directed pairs of partners there are, and their traffic.
    pub(super) fn total(&self) -> (usize, u64) {
        (self.partners.len(), self.partners.iter().map(|partner| partner.1).sum())
    }

    /// An order of the parts in which heavy partners are near: each next part is the one with
    /// the most traffic to those before, the last ones counting most.
    pub(super) fn chain(&self) -> Vec<u32> {
        let parts = self.parts();
        let mut pull = vec![0.0_f64; parts];
        let mut taken = vec![false; parts];
        let mut order = Vec::with_capacity(parts);
        for _ in 0..parts {
            let next = (0..parts)
                .filter(|&p| !taken[p])
                .max_by(|&a, &b| pull[a].total_cmp(&pull[b]).then(b.cmp(&a)));
            let Some(next) = next else { break };
            taken[next] = true;
            order.push(next as u32);
            for p in &mut pull {
                *p *= 0.75;
            }
            for &(q, w) in self.partners(next as u32) {
                pull[q as usize] += w as f64;
            }
        }
        order
    }
}
