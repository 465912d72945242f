//! What both engines know about cores and host ports.

use super::plan::Plan;
use super::traffic::{Packet, Traffic};

/// The packets of each source, in the order in which they leave.
#[derive(Debug, Default)]
pub(super) struct Lines {
    first: Vec<u32>,
    packets: Vec<u32>,
}

impl Lines {
    pub(super) fn fill(&mut self, ports: usize, traffic: &Traffic) {
        let first = &mut self.first;
        first.clear();
        first.resize(ports + 2, 0);
        // Counted two places on, so that filling moves every start to its place.
        for packet in &traffic.packets {
            first[packet.source.index() + 2] += 1;
        }
        for port in 2..ports + 2 {
            first[port] += first[port - 1];
        }
        self.packets.clear();
        self.packets.resize(traffic.packets.len(), 0);
        for (index, packet) in traffic.packets.iter().enumerate() {
            let slot = &mut first[packet.source.index() + 1];
            self.packets[*slot as usize] = index as u32;
            *slot += 1;
        }
    }

    /// The packets of one source.
    #[inline]
    pub(super) fn of(&self, port: usize) -> &[u32] {
        &self.packets[self.first[port] as usize..self.first[port + 1] as usize]
    }
}

/// Service time of a packet in ticks.
#[inline]
pub(super) fn service(plan: &Plan, packets: &[Packet], packet: u32) -> u64 {
    match packets[packet as usize].service_ps {
        0 => 0,
        ps => plan.ticks(ps),
    }
}
