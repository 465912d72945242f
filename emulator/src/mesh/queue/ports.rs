//! Sources and sinks of the `queue` model.

use super::lanes::Begins;
use super::state::{Burst, Hold};
use super::Engine;
use crate::mesh::alloc::{bits, pick};
use crate::mesh::fabric::{ChannelRelease, Switching};
use crate::mesh::ports::service;
use crate::mesh::traffic::Packet;

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
            self.calendar.wake(ready, node);
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
            self.calendar.wake(slot.ready, node);
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
        let at = tick + u64::from(slot.latency);
        let (lane, ready) = (slot.lane + channel as u32, slot.ready);
        let burst = Burst { at, ticket, flits, spacing: slot.flit };
        let (more, taken) = (source.current, source.next as usize);
        self.push(lane, burst, if head { Begins::Packet } else { Begins::Nothing });
        let line = self.lines.of((node - self.fig.routers) as usize);
        if more || taken < line.len() {
            self.calendar.wake(ready, node);
        }
    }

    /// Takes what has arrived at a core, until a packet keeps it busy.
    fn drain(&mut self, tick: u64, node: u32, packets: &[Packet]) {
        let port = (node - self.fig.routers) as usize;
        let base = node << self.fig.shift;
        for lane in base..base + self.fig.slots * V as u32 {
            loop {
                let state = &self.in_lanes[lane as usize];
                if state.len == 0 || self.sinks[port] > tick {
                    break;
                }
                let front = lane * (self.fig.ring + 1) + u32::from(state.first);
                let burst = self.store[front as usize];
                if burst.at > tick {
                    break;
                }
                self.take(tick, node, lane, &burst, packets);
            }
        }
    }

    /// Takes a burst; the core is busy after the tail of a packet.
    fn take(&mut self, tick: u64, node: u32, lane: u32, burst: &Burst, packets: &[Packet]) {
        let state = &mut self.in_lanes[lane as usize];
        if state.left == 0 {
            state.left = burst.ticket.flits;
        }
        state.left -= burst.flits;
        let tail = state.left == 0;
        let follow = u64::from(burst.flits - 1);
        let last = burst.at + follow * u64::from(burst.spacing);
        let spacing = if follow == 0 { 0 } else { last.saturating_sub(tick).div_ceil(follow) };
        self.leave(lane, burst.flits, tick, spacing);
        if tail {
            let end = tick + follow * spacing;
            let work = service(&self.plan, packets, burst.ticket.packet);
            self.record.delivered(burst.ticket.packet, end, end + work);
            if work > 0 {
                self.sinks[(node - self.fig.routers) as usize] = end + work;
                self.calendar.wake(end + work, node);
            }
        }
    }
}
