//! Buffers of the `queue` model: bursts come in and leave, credits come back.

use super::Engine;
use super::state::{Burst, Front, Hold};
use crate::mesh::calendar::Credit;
use crate::mesh::fabric::{ChannelRelease, Switching};

impl<const V: usize> Engine<V> {
    /// Credits come back to the sender of a lane.
    #[inline]
    pub(super) fn credit(&mut self, tick: u64, credit: Credit) {
        let lane = credit.lane;
        let node = lane >> self.fig.shift;
        let (first, at) = self.sender(lane);
        let channel = (lane & self.fig.local) as usize % V;
        let slot = &mut self.out_slots[first + at];
        let out = &mut slot.lanes[channel];
        let starved = out.credits == 0;
        out.credits += credit.flits as u16;
        debug_assert!(out.credits <= out.buffer);
        match out.hold {
            Hold::Held if !starved => {}
            Hold::Held if node >= self.fig.routers => self.calendar.wake_now(node),
            Hold::Held => {
                let held = out.holder;
                let holder = &self.in_lanes[(node << self.fig.shift | u32::from(held)) as usize];
                if holder.len > 0 && holder.ready <= tick {
                    slot.want |= 1 << held;
                    self.nodes[node as usize].live |= 1 << at;
                    self.calendar.wake_now(node);
                }
            }
            Hold::Free => {
                // A source waits for its first credit, and a packet perhaps for more than one.
                let whole = self.plan.switching == Switching::VirtualCutThrough;
                if whole || starved && node >= self.fig.routers {
                    self.calendar.wake_now(node);
                }
            }
            Hold::Draining if out.credits == out.buffer => {
                out.hold = Hold::Free;
                out.usable = tick + self.fig.renew - 1;
                slot.free |= 1 << channel;
                if out.usable > tick && node < self.fig.routers {
                    self.calendar.wake(out.usable, node);
                } else {
                    self.calendar.wake_now(node);
                }
            }
            Hold::Draining => {}
        }
    }

    /// Writes a burst into the buffer behind a link, before it arrives there.
    #[inline]
    pub(super) fn push(&mut self, lane: u32, burst: Burst, begins: Begins) {
        let node = lane >> self.fig.shift;
        let state = &mut self.in_lanes[lane as usize];
        let at = (u32::from(state.first) + u32::from(state.len)) & self.fig.ring;
        self.store[(lane * (self.fig.ring + 1) + at) as usize] = burst;
        state.len += 1;
        let (flits, spacing) = (u64::from(burst.flits), u64::from(burst.spacing));
        let sum = flits * burst.at + flits * (flits - 1) / 2 * spacing;
        state.queue = state.queue.wrapping_sub(sum);
        if node >= self.fig.routers {
            self.calendar.wake(burst.at, node);
        } else if state.len == 1 {
            state.ready = match begins {
                Begins::Packet => state.floor.max(burst.at + self.fig.settle),
                Begins::Nothing => burst.at,
            };
            self.nodes[node as usize].pending |= 1 << (lane & self.fig.local);
            self.calendar.wake(state.ready, node);
        }
    }

    /// Looks at the lanes of a router whose front burst has become ready.
    #[inline]
    pub(super) fn look(&mut self, tick: u64, node: u32) {
        let pending = self.nodes[node as usize].pending;
        let base = node << self.fig.shift;
        for local in crate::mesh::alloc::bits(pending) {
            let lane = &mut self.in_lanes[(base | local) as usize];
            if lane.ready > tick {
                continue;
            }
            let (first, port) = ((node * self.fig.slots) as usize, usize::from(lane.slot));
            let state = &mut self.nodes[node as usize];
            state.pending &= !(1 << local);
            if lane.front == Front::Active {
                let slot = &mut self.out_slots[first + port];
                if slot.lanes[usize::from(lane.out) % V].credits > 0 {
                    slot.want |= 1 << local;
                    state.live |= 1 << port;
                }
                continue;
            }
            let front = (base | local) * (self.fig.ring + 1) + u32::from(lane.first);
            let ticket = &self.store[front as usize].ticket;
            let step = self.plan.step(node, ticket);
            lane.front = Front::Waiting;
            lane.left = ticket.flits;
            lane.slot = step.port as u8;
            lane.allowed = step.class.mask(self.plan.channels) as u16;
            self.out_slots[first + step.port as usize].waiting |= 1 << local;
            state.live |= 1 << step.port;
        }
    }

    /// Flits leave the front of a lane from `tick` on; credits go back. What follows is the next
    /// burst of the lane, if the front one is through.
    #[inline]
    pub(super) fn leave(&mut self, lane: u32, flits: u16, tick: u64, spacing: u64) -> Option<u64> {
        let state = &mut self.in_lanes[lane as usize];
        let ring = lane * (self.fig.ring + 1);
        while state.seen < state.len {
            let at = (u32::from(state.first) + u32::from(state.seen)) & self.fig.ring;
            let burst = &self.store[(ring + at) as usize];
            if burst.at > tick {
                break;
            }
            state.seen += 1;
            state.stored += burst.flits;
        }
        state.peak = state.peak.max(state.stored);
        state.stored -= flits;
        let count = u64::from(flits);
        let sum = count * tick + count * (count - 1) / 2 * spacing;
        state.queue = state.queue.wrapping_add(sum);
        let (back, from) = (state.back, tick + u64::from(state.credit));
        // Credits that come back as fast as the sender can use them may come as one.
        let together = spacing == u64::from(state.spacing)
            && self.plan.release == ChannelRelease::TailSent;
        if flits == 1 || together {
            self.calendar.credit(from, Credit { lane: back, flits: u32::from(flits) });
        } else {
            for flit in 0..count {
                self.calendar.credit(from + flit * spacing, Credit { lane: back, flits: 1 });
            }
        }
        let burst = &mut self.store[(ring + u32::from(state.first)) as usize];
        if flits < burst.flits {
            burst.flits -= flits;
            burst.at += count * u64::from(burst.spacing);
            state.ready = tick;
            return None;
        }
        state.first = ((u32::from(state.first) + 1) & self.fig.ring) as u16;
        state.len -= 1;
        state.seen -= 1;
        if state.len == 0 {
            return None;
        }
        Some(self.store[(ring + u32::from(state.first)) as usize].at)
    }
}

/// Whether a burst is the first of its packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begins {
    /// Its head is in it.
    Packet,
    /// It is a later part.
    Nothing,
}
