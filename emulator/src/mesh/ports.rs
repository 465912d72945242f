//! Endpoints as both engines see them: packets in line at a source, flits taken by a sink.

use super::plan::Plan;
use super::traffic::Traffic;

/// The packets of each source, in the order in which they leave.
#[derive(Debug)]
pub(super) struct Lines {
    first: Vec<u32>,
    packets: Vec<u32>,
}

impl Lines {
    pub(super) fn new(ports: usize, traffic: &Traffic) -> Self {
        let mut first = vec![0u32; ports + 1];
        for packet in &traffic.packets {
            first[packet.source.index() + 1] += 1;
        }
        for port in 0..ports {
            first[port + 1] += first[port];
        }
        let mut at = first.clone();
        let mut packets = vec![0; traffic.packets.len()];
        for (index, packet) in traffic.packets.iter().enumerate() {
            let slot = &mut at[packet.source.index()];
            packets[*slot as usize] = index as u32;
            *slot += 1;
        }
        Self { first, packets }
    }

    /// The packets of one source.
    pub(super) fn of(&self, port: usize) -> &[u32] {
        &self.packets[self.first[port] as usize..self.first[port + 1] as usize]
    }
}

/// Ready and service times in ticks, by packet.
#[derive(Debug)]
pub(super) struct Times {
    pub(super) ready: Vec<u64>,
    pub(super) service: Vec<u64>,
}

impl Times {
    pub(super) fn new(plan: &Plan<'_>, traffic: &Traffic) -> Self {
        Self {
            ready: traffic.packets.iter().map(|p| plan.ticks(p.inject_ps)).collect(),
            service: traffic.packets.iter().map(|p| plan.ticks(p.service_ps)).collect(),
        }
    }
}
