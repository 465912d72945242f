//! What both engines know about cores and host ports.

use std::ops::Range;

use super::plan::{Plan, Ticket};
use super::traffic::Traffic;
use super::tree::Forest;

/// A packet in its source's line.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Entry {
    /// Tick from which it may leave.
    pub(super) at: u64,
    pub(super) ticket: Ticket,
    /// Physical plane that it takes.
    pub(super) plane: u8,
}

/// The packets of each source, in the order in which they leave.
#[derive(Debug, Default)]
pub(super) struct Lines {
    first: Vec<u32>,
    entries: Vec<Entry>,
    /// Ticks that each packet keeps its core busy; empty when none does.
    services: Vec<u64>,
}

impl Lines {
    pub(super) fn fill(&mut self, plan: &Plan, forest: &Forest, traffic: &Traffic) {
        let ports = plan.ports() as usize;
        let packets = &traffic.packets;
        let first = &mut self.first;
        first.clear();
        first.resize(ports + 2, 0);
        // Counted two places on, so that filling moves every start to its place.
        for packet in packets {
            first[packet.source.index() + 2] += 1;
        }
        for port in 2..ports + 2 {
            first[port] += first[port - 1];
        }
        let begins = first[1..=ports].to_vec();
        self.entries.clear();
        self.entries.resize(packets.len(), Entry::default());
        for (ordinal, packet) in (0..).zip(packets) {
            let source = packet.source.index();
            let slot = &mut first[source + 1];
            let (ticket, plane) = plan.ticket(ordinal, packet, *slot - begins[source], forest);
            let at = plan.ticks(packet.inject_ps);
            self.entries[*slot as usize] = Entry { at, ticket, plane: plane as u8 };
            *slot += 1;
        }
        self.services.clear();
        if packets.iter().any(|packet| packet.service_ps > 0) {
            self.services.extend(packets.iter().map(|packet| plan.ticks(packet.service_ps)));
        }
    }

    /// The packets of one source.
    #[inline]
    pub(super) fn of(&self, port: usize) -> &[Entry] {
        &self.entries[self.first[port] as usize..self.first[port + 1] as usize]
    }

    /// Positions of one source's packets among all.
    pub(super) fn range(&self, port: usize) -> Range<u32> {
        self.first[port]..self.first[port + 1]
    }

    /// The packet at a position.
    #[inline]
    pub(super) fn entry(&self, position: u32) -> &Entry {
        &self.entries[position as usize]
    }

    /// Whether no packet keeps its core busy.
    pub(super) fn quick(&self) -> bool {
        self.services.is_empty()
    }

    /// Ticks that a packet to one destination keeps its core busy.
    #[inline]
    pub(super) fn service(&self, packet: u32) -> u64 {
        self.services.get(packet as usize).copied().unwrap_or(0)
    }
}
