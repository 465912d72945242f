//! Sources and sinks of the `cycle` model.

use super::Engine;
use super::fork::{branches, tree_node};
use super::state::{Arrival, Flit, HEAD, Hold, PACKET, TAIL};
use crate::mesh::alloc::{bits, pick};
use crate::mesh::fabric::Switching;

impl<const V: usize> Engine<V> {
    pub(super) fn visit_port(&mut self, tick: u64, node: u32) {
        self.drain(tick, node);
        self.inject(tick, node);
    }

    /// Takes the next packet of a source from its line, if it is time.
    #[inline]
    fn next_packet(&mut self, tick: u64, node: u32) -> bool {
        let port = (node - self.fig.routers) as usize;
        let source = &mut self.sources[port];
        if source.current {
            return true;
        }
        let Some(entry) = self.lines.of(port).get(source.next as usize) else { return false };
        if entry.at > tick {
            self.wheel.wake(entry.at, node);
            return false;
        }
        source.ticket = entry.ticket;
        source.plane = entry.plane;
        source.current = true;
        source.sent = 0;
        source.next += 1;
        true
    }

    /// Sends the next flit of a source, if it may.
    fn inject(&mut self, tick: u64, node: u32) {
        if !self.next_packet(tick, node) {
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
        source.current = !tail;
        lane.hold = Hold::Held;
        slot.free &= !(1 << channel);
        slot.send(tick, channel, tail, self.plan.release);
        source.ready = slot.ready;
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
    fn drain(&mut self, tick: u64, node: u32) {
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
                        tick + self.lines.service(packet)
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
