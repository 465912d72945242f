//! Sources and sinks of the `cycle` model.

use super::Engine;
use super::fork::{branches, tree_node};
use super::state::{Arrival, Flit, HEAD, Hold, PACKET, TAIL};
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
            self.wheel.wake(ready, node);
            return false;
        }
        let (ticket, plane) = self.plan.ticket(ordinal, packet, source.next, &self.forest);
        source.ticket = ticket;
        source.plane = plane as u8;
        source.current = true;
        source.sent = 0;
        source.next += 1;
        true
    }

    /// Sends the next flit of a source, if it may.
    fn inject(&mut self, tick: u64, node: u32, packets: &[Packet]) {
        if !self.next_packet(tick, node, packets) {
            return;
        }
        let source = &mut self.sources[(node - self.fig.routers) as usize];
        let ticket = source.ticket;
        let index = (node * self.fig.slots) as usize + usize::from(source.plane);
        let slot = &mut self.out_slots[index];
        if source.ready > tick {
            self.wheel.wake(source.ready, node);
            return;
        }
        let head = source.sent == 0;
        if head {
            let whole = self.plan.switching == Switching::VirtualCutThrough;
            let need = if whole { ticket.flits } else { 1 };
            let mut usable = 0;
            for channel in bits(u64::from(slot.free)) {
                usable |= u64::from(slot.lanes[channel as usize].credits >= need) << channel;
            }
            if usable == 0 {
                return;
            }
            source.channel = pick(usable, source.pointer) as u8;
            source.pointer = ((u32::from(source.channel) + 1) % self.plan.channels) as u8;
            self.log.injected(ticket.packet, tick);
            self.log.head(ticket.packet, || self.plan.outs[index].link, tick);
        }
        let channel = usize::from(source.channel);
        let lane = &mut slot.lanes[channel];
        if lane.credits == 0 {
            return;
        }
        source.sent += 1;
        let tail = source.sent == ticket.flits;
        lane.credits -= 1;
        lane.lowest = lane.lowest.min(lane.credits);
        lane.hold = Hold::Held;
        slot.free &= !(1 << channel);
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
        source.ready = tick + u64::from(slot.flit);
        slot.flits += 1;
        slot.packets += u32::from(tail);
        let marks = if head { HEAD } else { 0 } | if tail { TAIL } else { 0 };
        let flit = Flit { packet: ticket.packet | marks, ..ticket };
        let lane = slot.lane + channel as u32;
        self.wheel.arrival(tick + u64::from(slot.latency), Arrival { lane, flit });
        let line = self.lines.of((node - self.fig.routers) as usize);
        if source.current || (source.next as usize) < line.len() {
            self.wheel.wake(source.ready, node);
        }
    }

    /// Takes what has arrived at a core, until a packet keeps it busy.
    fn drain(&mut self, tick: u64, node: u32, packets: &[Packet]) {
        let port = (node - self.fig.routers) as usize;
        let base = node << self.fig.shift;
        for lane in base..base + self.fig.slots * V as u32 {
            while self.sinks[port] <= tick && self.in_lanes[lane as usize].len > 0 {
                let flit = self.pop(tick, lane);
                if flit.packet & TAIL != 0 {
                    let packet = flit.packet & PACKET;
                    let done = if branches(&flit) {
                        let leaf = tree_node(&flit);
                        let done = tick + self.forest.service(leaf);
                        self.log.delivered_leaf(leaf, tick, done);
                        done
                    } else {
                        tick + service(&self.plan, packets, packet)
                    };
                    self.log.delivered(packet, tick, done);
                    if done > tick {
                        self.sinks[port] = done;
                        self.wheel.wake(done, node);
                    }
                }
            }
        }
    }
}
