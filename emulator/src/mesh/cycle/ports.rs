//! Sources and sinks of the `cycle` model.

use super::alloc::{bits, pick};
use super::{Engine, HEAD, PACKET, TAIL};
use crate::mesh::fabric::ChannelRelease;

impl Engine<'_> {
    pub(super) fn visit_port(&mut self, tick: u64, node: u32) {
        self.drain(tick, node);
        self.inject(tick, node);
    }

    /// Sends the next flit of a source, if it may.
    fn inject(&mut self, tick: u64, node: u32) {
        let plan = self.plan;
        let port = (node - plan.routers) as usize;
        let mut source = self.sources[port];
        let Some(&packet) = self.lines.of(port).get(source.next as usize) else { return };
        let ready = self.times.ready[packet as usize];
        if ready > tick {
            self.wheel.wake(ready, node);
            return;
        }
        let flight = self.flights[packet as usize];
        let plane = u32::from(flight.plane);
        let slot_index = (node * plan.slots + plane) as usize;
        let slot = self.out_slots[slot_index];
        if slot.ready > tick {
            self.wheel.wake(slot.ready, node);
            return;
        }
        let base = node << plan.shift | plane * plan.channels;
        let head = source.sent == 0;
        if head {
            let usable = slot.free & slot.credited;
            if usable == 0 {
                return;
            }
            source.channel = pick(usable, source.pointer) as u8;
            source.pointer = ((u32::from(source.channel) + 1) % plan.channels) as u8;
            self.record.injected(packet, tick);
        }
        let channel = u32::from(source.channel);
        let lane = &mut self.out_lanes[(base + channel) as usize];
        if lane.credits == 0 {
            self.sources[port] = source;
            return;
        }
        source.sent += 1;
        let tail = source.sent == u32::from(flight.flits);
        lane.credits -= 1;
        lane.held = true;
        let slot = &mut self.out_slots[slot_index];
        slot.free &= !(1 << channel);
        if lane.credits == 0 {
            slot.credited &= !(1 << channel);
        }
        if tail {
            source.next += 1;
            source.sent = 0;
            match plan.release {
                ChannelRelease::TailSent => {
                    lane.held = false;
                    slot.free |= 1 << channel;
                }
                ChannelRelease::TailCredit => lane.draining = true,
            }
        }
        let out = plan.outs[slot_index];
        slot.ready = tick + u64::from(out.flit);
        let mut flit = packet;
        if head {
            flit |= HEAD;
            self.record.head(packet, out.link, tick);
        }
        if tail {
            flit |= TAIL;
        }
        self.wheel.arrival(tick + u64::from(out.latency), out.lane + channel, flit);
        self.record.depart(out.link, 1, u32::from(tail));
        self.sources[port] = source;
        self.wheel.wake(tick + u64::from(out.flit), node);
    }

    /// Takes what has arrived at a core, until a packet keeps it busy.
    fn drain(&mut self, tick: u64, node: u32) {
        let plan = self.plan;
        let port = (node - plan.routers) as usize;
        let base = node << plan.shift;
        let lanes = plan.slots * plan.channels;
        loop {
            let mut filled = 0u64;
            for local in 0..lanes {
                filled |= u64::from(self.in_lanes[(base | local) as usize].len > 0) << local;
            }
            if filled == 0 || self.sinks[port].busy > tick {
                return;
            }
            for local in bits(filled) {
                let lane = base | local;
                let state = &mut self.in_lanes[lane as usize];
                let flit = self.store[(lane * self.depth + u32::from(state.first)) as usize];
                state.first = ((u32::from(state.first) + 1) & (self.depth - 1)) as u16;
                state.len -= 1;
                let slot = u32::from(self.port_of[local as usize]);
                let from = plan.ins[(node * plan.slots + slot) as usize];
                let back = from.lane + local - slot * plan.channels;
                self.wheel.credit(tick + u64::from(from.credit), back, 1);
                self.record.leave(from.link, tick);
                if flit & TAIL != 0 {
                    let packet = flit & PACKET;
                    let done = tick + self.times.service[packet as usize];
                    self.record.delivered(packet, tick, done);
                    if done > tick {
                        self.sinks[port].busy = done;
                        self.wheel.wake(done, node);
                        return;
                    }
                }
            }
        }
    }
}
