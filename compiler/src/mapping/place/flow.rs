//! The traffic among parts, as rows of partners.

use crate::mapping::hypergraph::{Hypergraph, prefix_sum};
use crate::mapping::limits::Limits;
use crate::mapping::scores::{Partition, reach};

/// The traffic between a part and one partner, per step, in 1 / `WEIGHT_ONE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// The partner.
    pub part: u32,
    /// What goes there.
    pub out: u64,
    /// What comes from there.
    pub back: u64,
}

impl Flow {
    /// Both directions together.
    #[must_use]
    pub fn both(&self) -> u64 {
        self.out + self.back
    }
}

/// Packets per step among parts when every part reached gets its own packet.
#[derive(Clone, Debug)]
pub struct Traffic {
    ptr: Vec<usize>,
    flows: Vec<Flow>,
    /// Tile where the host's packets enter.
    port: u32,
    /// Packets from the host to each part; empty where there are none.
    host: Vec<u64>,
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
            let mut reached: Vec<u32> = Vec::new();
            for &e in nets {
                for &core in reach.cores_of(e) {
                    if sum[core as usize] == 0 {
                        reached.push(core);
                    }
                    sum[core as usize] += graph.net(e).weight;
                }
            }
            for to in reached {
                flows.push((home(nets[0]), to, std::mem::take(&mut sum[to as usize])));
            }
        }
        Self::from_flows(partition.cores, &flows)
    }

    /// Adds up flows given as (from, to, weight); a flow from a part to itself costs nothing.
    #[must_use]
    pub fn from_flows(parts: usize, flows: &[(u32, u32, u64)]) -> Self {
        let mut both: Vec<(u32, Flow)> = Vec::with_capacity(flows.len() * 2);
        for &(a, b, w) in flows.iter().filter(|f| f.0 != f.1 && f.2 > 0) {
            both.push((a, Flow { part: b, out: w, back: 0 }));
            both.push((b, Flow { part: a, out: 0, back: w }));
        }
        both.sort_unstable_by_key(|(a, flow)| (*a, flow.part));
        let mut ptr = vec![0_usize; parts + 1];
        let mut rows: Vec<Flow> = Vec::new();
        for same in both.chunk_by(|x, y| (x.0, x.1.part) == (y.0, y.1.part)) {
            let out = same.iter().map(|(_, flow)| flow.out).sum();
            let back = same.iter().map(|(_, flow)| flow.back).sum();
            rows.push(Flow { part: same[0].1.part, out, back });
            ptr[same[0].0 as usize + 1] += 1;
        }
        prefix_sum(&mut ptr);
        Self { ptr, flows: rows, port: 0, host: Vec::new() }
    }

    /// Adds packets that enter at tile `port`: so many for each part.
    #[must_use]
    pub fn with_host(mut self, port: u32, packets: Vec<u64>) -> Self {
        self.port = port;
        self.host = packets;
        self
    }

    /// The tile where the host's packets enter.
    pub(super) fn port(&self) -> u32 {
        self.port
    }

    /// Packets from the host to part `p`.
    pub(super) fn host_packets(&self, p: u32) -> u64 {
        self.host.get(p as usize).copied().unwrap_or(0)
    }

    /// The number of parts.
    #[must_use]
    pub fn parts(&self) -> usize {
        self.ptr.len() - 1
    }

    /// The partners of part `p`, ascending.
    #[must_use]
    pub fn partners(&self, p: u32) -> &[Flow] {
        &self.flows[self.ptr[p as usize]..self.ptr[p as usize + 1]]
    }

    /// How many directed pairs of partners there are, and their traffic.
    pub(super) fn total(&self) -> (usize, u64) {
        let sum: u64 = self.flows.iter().map(Flow::both).sum();
        (self.flows.len() + self.host.len(), sum + self.host.iter().sum::<u64>())
    }

    /// An order of the parts in which heavy partners are near: each next part is the one with
    /// the most traffic to those before, the last ones counting most.
    pub(in crate::mapping) fn chain(&self) -> Vec<u32> {
        let parts = self.parts();
        let mut pull = vec![0.0_f64; parts];
        let mut taken = vec![false; parts];
        let mut order = Vec::with_capacity(parts);
        // Older traffic fades by growing what is added instead of shrinking what is there.
        let mut gain = 1.0;
        for _ in 0..parts {
            let free = (0..parts).filter(|&p| !taken[p]);
            let next = free.max_by(|&a, &b| pull[a].total_cmp(&pull[b]).then(b.cmp(&a)));
            let Some(next) = next else { break };
            taken[next] = true;
            order.push(next as u32);
            gain *= 1.25;
            if gain > 1e200 {
                pull.iter_mut().for_each(|p| *p /= gain);
                gain = 1.0;
            }
            for flow in self.partners(next as u32) {
                pull[flow.part as usize] += flow.both() as f64 * gain;
            }
        }
        order
    }
}
