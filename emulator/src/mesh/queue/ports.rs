//! Sources and sinks of the `queue` model.

use super::state::{Burst, EARLY, Hold};
use super::{Engine, Packet};
use crate::mesh::alloc::{bits, pick};
use crate::mesh::fabric::{ChannelRelease, Switching};
use crate::mesh::ports::service;

impl<const V: usize> Engine<V> {
    pub(super) fn visit_port(&mut self, tick: u64, node: u32, packets: &[Packet]) {
        self.drain(tick, node, packets);
        self.inject(tick, node, packets);
    }

    /// Takes the next packet of a source from its line, if it is time.
    #[inline]
    fn next_packet(&mut self, tick: u64, node: u32, packets: &[Packet]) -> bool {
        let port = (node - self.fig.routers) as usize;
        let source = &mut self.sources[port];
        if source.current {
            return true;
        }
        let Some(&ordinal) = self.lines.of(port).get(source.next as usize) else { return false };
        let packet = &packets[ordinal as usize];
        let ready = self.plan.ticks(packet.inject_ps);
        if ready > tick {
            self.wheel.wake(ready, node);
            return false;
        }
        let (ticket, plane) = self.plan.ticket(ordinal, packet, source.next);
        source.ticket = ticket;
        source.plane = plane as u8;
        source.current = true;
        source.sent = 0;
        source.next += 1;
        true
    }

    /// Sends as much of a source's packet as has room.
    fn inject(&mut self, tick: u64, node: u32, packets: &[Packet]) {
        if !self.next_packet(tick, node, packets) {
            return;
        }
        let source = &mut self.sources[(node - self.fig.routers) as usize];
        let ticket = source.ticket;
        let index = (node * self.fig.slots) as usize + usize::from(source.plane);
        let slot = &mut self.out_slots[index];
        if slot.ready > tick {
            self.wheel.wake(slot.ready, node);
            return;
        }
        let head = source.sent == 0;
        let left = ticket.flits - source.sent;
        if head {
            let whole = self.plan.switching == Switching::VirtualCutThrough;
            let need = if whole { left } else { 1 };
            let mut usable = 0;
            for channel in bits(u64::from(slot.free)) {
                usable |= u64::from(slot.lanes[channel as usize].credits >= need) << channel;
            }
            if usable == 0 {
                return;
            }
            source.channel = pick(usable, source.pointer) as u8;
            source.pointer = ((usize::from(source.channel) + 1) % V) as u8;
            self.record.injected(ticket.packet, tick);
            self.record.head(ticket.packet, self.plan.outs[index].link, tick);
        }
        let channel = usize::from(source.channel);
        let lane = &mut slot.lanes[channel];
        let flits = left.min(lane.credits);
        if flits == 0 {
            return;
        }
        let tail = flits == left;
        lane.credits -= flits;
        lane.hold = Hold::Held;
        slot.free &= !(1 << channel);
        source.sent += flits;
        if tail {
            source.current = false;
            match self.plan.release {
                ChannelRelease::TailSent => {
                    lane.hold = Hold::Free;
                    slot.free |= 1 << channel;
                }
                ChannelRelease::TailCredit => lane.hold = Hold::Draining,
            }
        }
        slot.ready = tick + u64::from(flits) * u64::from(slot.flit);
        slot.flits += u32::from(flits);
        slot.packets += u32::from(tail);
        let mut arrival = tick + u64::from(slot.latency);
        let mut spacing = slot.flit;
        if head && tail {
            arrival += self.fig.settle;
        } else if head {
            spacing |= EARLY;
        }
        let lane = slot.lane + channel as u32;
        self.wheel.arrival(arrival, Burst { lane, flits, spacing, ticket });
        let line = self.lines.of((node - self.fig.routers) as usize);
        if source.current || (source.next as usize) < line.len() {
            self.wheel.wake(slot.ready, node);
        }
    }

    /// Flits reach a core, which takes them at once or when it is done with an earlier packet.
    pub(super) fn receive(&mut self, tick: u64, node: u32, burst: &Burst, packets: &[Packet]) {
        self.store_burst(tick, burst);
        let port = (node - self.fig.routers) as usize;
        if self.sinks[port] <= tick {
            let spacing = u64::from(burst.spacing & !EARLY);
            self.take(tick, node, burst.lane, spacing, packets);
        }
    }

    /// Takes the flits of a lane's front packet; the core is busy after its tail.
    fn take(&mut self, tick: u64, node: u32, lane: u32, spacing: u64, packets: &[Packet]) {
        let state = &mut self.in_lanes[lane as usize];
        let flits = if state.len > 1 { state.left } else { state.arrived };
        let ticket = state.ticket;
        state.left -= flits;
        if state.len == 1 {
            state.arrived -= flits;
        }
        let tail = state.left == 0;
        self.leave(lane, flits, tick, spacing);
        if tail {
            let end = tick + u64::from(flits - 1) * spacing;
            let work = service(&self.plan, packets, ticket.packet);
            self.record.delivered(ticket.packet, end, end + work);
            if work > 0 {
                self.sinks[(node - self.fig.routers) as usize] = end + work;
                self.wheel.wake(end + work, node);
            }
            self.pop(lane);
        }
    }

    /// Takes what waits at a core, until a packet keeps it busy.
    fn drain(&mut self, tick: u64, node: u32, packets: &[Packet]) {
        let port = (node - self.fig.routers) as usize;
        if self.sinks[port] == 0 {
            return;
        }
        let base = node << self.fig.shift;
        loop {
            let mut taken = false;
            for lane in base..base + self.fig.slots * V as u32 {
                let state = &self.in_lanes[lane as usize];
                let there = state.len > 1 || state.arrived > 0;
                if there && self.sinks[port] <= tick {
                    let rest = state.last.saturating_sub(tick);
                    let spacing = if state.len == 1 && state.arrived > 1 {
                        rest.div_ceil(u64::from(state.arrived) - 1)
                    } else {
                        0
                    };
                    self.take(tick, node, lane, spacing, packets);
                    taken = true;
                }
            }
            if !taken || self.sinks[port] > tick {
                return;
            }
        }
    }
}
