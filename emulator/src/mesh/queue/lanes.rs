//! Events of the `queue` model: credits come back, flits arrive, a front packet becomes ready.

use super::state::{Burst, EARLY, Front, Hold};
use super::{Engine, Packet};
use crate::mesh::fabric::Switching;

impl<const V: usize> Engine<V> {
    /// Credits come back to the sender of `lane`.
    #[inline]
    pub(super) fn credit(&mut self, tick: u64, lane: u32, flits: u32) {
        let node = lane >> self.fig.shift;
        let (first, at) = self.sender(lane);
        let channel = (lane & self.fig.local) as usize % V;
        let slot = &mut self.out_slots[first + at];
        let out = &mut slot.lanes[channel];
        out.credits += flits as u16;
        debug_assert!(out.credits <= out.buffer);
        match out.hold {
            Hold::Free => {
                // A source waits for any credit, and a packet perhaps for room for all of it.
                if node >= self.fig.routers || self.plan.switching == Switching::VirtualCutThrough {
                    self.enlist(tick, node);
                }
            }
            Hold::Draining if out.credits == out.buffer => {
                out.hold = Hold::Free;
                out.usable = tick + self.fig.renew - 1;
                slot.free |= 1 << channel;
                self.enlist(tick, node);
            }
            Hold::Draining => {}
            Hold::Held if node >= self.fig.routers => self.enlist(tick, node),
            Hold::Held => {
                let held = out.holder;
                let holder = &self.in_lanes[(node << self.fig.shift | u32::from(held)) as usize];
                if holder.len > 1 || holder.arrived > 0 {
                    slot.want |= 1 << held;
                    self.nodes[node as usize].live |= 1 << at;
                    self.enlist(tick, node);
                }
            }
        }
    }

    /// Flits reach the buffer of a lane, or its front packet is ready.
    #[inline]
    pub(super) fn arrive(&mut self, tick: u64, burst: &Burst, packets: &[Packet]) {
        let node = burst.lane >> self.fig.shift;
        if node >= self.fig.routers {
            self.receive(tick, node, burst, packets);
            return;
        }
        if burst.flits == 0 {
            self.wait(burst.lane);
            self.enlist(tick, node);
            return;
        }
        if !self.store_burst(tick, burst) {
            self.extend(tick, burst.lane);
            return;
        }
        let lane = &mut self.in_lanes[burst.lane as usize];
        if lane.len > 1 {
            return;
        }
        let early = if burst.spacing & EARLY == 0 { 0 } else { self.fig.settle };
        let ready = lane.ready.max(tick + early);
        if ready > tick {
            self.wheel.arrival(ready, Burst { flits: 0, ..*burst });
        } else {
            self.wait(burst.lane);
            self.enlist(tick, node);
        }
    }

    /// Puts flits into a lane's buffer; whether they begin a packet.
    #[inline]
    pub(super) fn store_burst(&mut self, tick: u64, burst: &Burst) -> bool {
        let lane = &mut self.in_lanes[burst.lane as usize];
        let spacing = u64::from(burst.spacing & !EARLY);
        let flits = u64::from(burst.flits);
        lane.last = tick + (flits - 1) * spacing;
        lane.stored += burst.flits;
        lane.peak = lane.peak.max(lane.stored);
        lane.queue = lane.queue.wrapping_sub(flits * tick + flits * (flits - 1) / 2 * spacing);
        let ring = burst.lane * (self.fig.ring + 1);
        match lane.len {
            0 => {
                lane.len = 1;
                lane.ticket = burst.ticket;
                lane.left = burst.ticket.flits;
                lane.arrived = burst.flits;
                return true;
            }
            1 if lane.ticket.packet == burst.ticket.packet => {
                lane.arrived += burst.flits;
                return false;
            }
            _ => {}
        }
        let behind = u32::from(lane.first) + u32::from(lane.len) - 1;
        if lane.len > 1 {
            let last = ring + (behind.wrapping_sub(1) & self.fig.ring);
            if self.store[last as usize].packet == burst.ticket.packet {
                lane.arrived += burst.flits;
                return false;
            }
        }
        self.store[(ring + (behind & self.fig.ring)) as usize] = burst.ticket;
        lane.len += 1;
        lane.arrived = burst.flits;
        true
    }

    /// More flits of a packet have arrived: it may go on.
    fn extend(&mut self, tick: u64, lane: u32) {
        let state = &self.in_lanes[lane as usize];
        if state.len > 1 || state.front != Front::Active {
            return;
        }
        let node = lane >> self.fig.shift;
        let slot = u32::from(state.slot);
        let out = &mut self.out_slots[(node * self.fig.slots + slot) as usize];
        if out.lanes[usize::from(state.out) % V].credits > 0 {
            out.want |= 1 << (lane & self.fig.local);
            self.nodes[node as usize].live |= 1 << slot;
            self.enlist(tick, node);
        }
    }

    /// The front packet of `lane` starts to ask for a channel.
    #[inline]
    fn wait(&mut self, lane: u32) {
        let node = lane >> self.fig.shift;
        let state = &mut self.in_lanes[lane as usize];
        let step = self.plan.step(node, &state.ticket);
        state.front = Front::Waiting;
        state.slot = step.port as u8;
        state.allowed = step.class.mask(self.plan.channels) as u16;
        let slot = (node * self.fig.slots + step.port) as usize;
        self.out_slots[slot].waiting |= 1 << (lane & self.fig.local);
        self.nodes[node as usize].live |= 1 << step.port;
    }

    /// Flits leave a lane from `tick` on: its buffer shrinks and credits go back.
    #[inline]
    pub(super) fn leave(&mut self, lane: u32, flits: u16, tick: u64, spacing: u64) {
        let state = &mut self.in_lanes[lane as usize];
        state.stored -= flits;
        let count = u64::from(flits);
        let sum = count * tick + count * (count - 1) / 2 * spacing;
        state.queue = state.queue.wrapping_add(sum);
        let (back, from) = (state.back, tick + u64::from(state.credit));
        // Credits that come back as fast as the sender can use them may come as one.
        let together = spacing == u64::from(state.spacing)
            && self.plan.release == crate::mesh::fabric::ChannelRelease::TailSent;
        if flits == 1 || together {
            self.wheel.credit(from, back, u32::from(flits));
        } else {
            for flit in 0..count {
                self.wheel.credit(from + flit * spacing, back, 1);
            }
        }
    }

    /// The front packet of `lane` has left for good; whether another one is there.
    #[inline]
    pub(super) fn pop(&mut self, lane: u32) -> bool {
        let state = &mut self.in_lanes[lane as usize];
        state.front = Front::Idle;
        state.len -= 1;
        if state.len == 0 {
            state.arrived = 0;
            return false;
        }
        let at = lane * (self.fig.ring + 1) + u32::from(state.first);
        state.ticket = self.store[at as usize];
        state.left = state.ticket.flits;
        state.first = ((u32::from(state.first) + 1) & self.fig.ring) as u16;
        true
    }
}
