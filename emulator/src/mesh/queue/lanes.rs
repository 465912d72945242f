//! Buffers of the `queue` model: bursts come in, fronts become ready, credits come back.

use super::engine::Engine;
use super::state::{Burst, Front, Hold};
use crate::mesh::alloc::bits;
use crate::mesh::calendar::Credit;
use crate::mesh::fabric::Switching;
use crate::mesh::plan::plain_step;
use crate::mesh::routing::{Class, Step};

/// Whether a burst is the first of its packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begins {
    /// Its head is in it.
    Packet,
    /// It is a later part.
    Nothing,
}

impl<const P: usize, const V: usize> Engine<P, V> {
    /// Credits come back to the sender of a lane.
    #[inline]
    pub(super) fn credit(&mut self, tick: u64, credit: Credit) {
        let node = credit.lane >> Self::SHIFT;
        let local = credit.lane & Self::LOCAL;
        if node >= self.fig.routers {
            self.credit_source(node, local, credit.flits);
            return;
        }
        let router = &mut self.routers[node as usize];
        let (port, at) = (local / V as u32, local as usize % V);
        let out = router.out(port);
        let channel = &mut out.channels[at];
        let starved = channel.credits == 0;
        channel.credits += credit.flits as u16;
        debug_assert!(channel.credits <= out.buffer);
        match channel.hold {
            Hold::Held if starved => {
                let holder = channel.holder;
                let lane = router.lane(u32::from(holder));
                if lane.len > 0 && lane.ready <= tick {
                    router.out(port).want |= 1 << holder;
                    router.live |= 1 << port;
                    self.calendar.wake_now(node);
                }
            }
            Hold::Held => {}
            Hold::Free => {
                // A packet may have waited for room for the whole of it.
                if self.fig.switching == Switching::VirtualCutThrough {
                    self.calendar.wake_now(node);
                }
            }
            Hold::Draining if channel.credits == out.buffer => {
                channel.hold = Hold::Free;
                channel.usable = tick + self.fig.renew - 1;
                let usable = channel.usable;
                out.free |= 1 << at;
                if usable > tick {
                    self.calendar.wake(usable, node);
                } else {
                    self.calendar.wake_now(node);
                }
            }
            Hold::Draining => {}
        }
    }

    fn credit_source(&mut self, node: u32, local: u32, flits: u32) {
        let port = node - self.fig.routers;
        let plane = local / V as u32;
        let out = &mut self.sides[(port * self.fig.planes + plane) as usize].out;
        let at = local as usize % V;
        let channel = &mut out.channels[at];
        let starved = channel.credits == 0;
        channel.credits += flits as u16;
        debug_assert!(channel.credits <= out.buffer);
        if channel.hold == Hold::Draining && channel.credits == out.buffer {
            channel.hold = Hold::Free;
            out.free |= 1 << at;
            self.calendar.wake_now(node);
        } else if starved || self.fig.switching == Switching::VirtualCutThrough {
            self.calendar.wake_now(node);
        }
    }

    /// Writes a burst into the buffer behind a link, before it arrives there.
    #[inline]
    pub(super) fn push(&mut self, lane: u32, burst: &Burst, begins: Begins) {
        let node = lane >> Self::SHIFT;
        let local = lane & Self::LOCAL;
        if node >= self.fig.routers {
            self.push_core(lane, burst);
            return;
        }
        let router = &mut self.routers[node as usize];
        let state = router.lane(local);
        let at = (u32::from(state.first) + u32::from(state.len)) & self.fig.ring;
        self.store[((lane << self.fig.ring_shift) + at) as usize] = *burst;
        state.len += 1;
        let sum = Burst::sum(burst.flits, burst.at, u64::from(burst.spacing));
        state.queue = state.queue.wrapping_sub(sum);
        if state.len == 1 {
            let ready = match begins {
                Begins::Packet => state.floor.max(burst.at + self.fig.settle),
                Begins::Nothing => burst.at,
            };
            state.ready = ready;
            router.pending |= 1 << local;
            self.calendar.wake(ready, node);
        }
    }

    fn push_core(&mut self, lane: u32, burst: &Burst) {
        let node = lane >> Self::SHIFT;
        let local = lane & Self::LOCAL;
        let side = (node - self.fig.routers) * self.fig.planes + local / V as u32;
        let state = &mut self.sides[side as usize].lanes[local as usize % V];
        let at = (u32::from(state.first) + u32::from(state.len)) & self.fig.ring;
        self.store[((lane << self.fig.ring_shift) + at) as usize] = *burst;
        state.len += 1;
        let sum = Burst::sum(burst.flits, burst.at, u64::from(burst.spacing));
        state.queue = state.queue.wrapping_sub(sum);
        self.calendar.wake(burst.at, node);
    }

    /// Looks at the lanes of a router whose front burst has become ready.
    #[inline]
    pub(super) fn look(&mut self, tick: u64, node: u32) {
        let router = &mut self.routers[node as usize];
        for local in bits(router.pending) {
            let lane = router.lane(local);
            if lane.ready > tick {
                continue;
            }
            if lane.front == Front::Active {
                let (port, channel) = (u32::from(lane.slot), usize::from(lane.channel) % V);
                let out = router.out(port);
                if out.channels[channel].credits > 0 {
                    out.want |= 1 << local;
                    router.live |= 1 << port;
                }
                router.pending &= !(1 << local);
                continue;
            }
            let front = (node << Self::SHIFT | local) << self.fig.ring_shift;
            let ticket = &self.store[(front + u32::from(lane.first)) as usize].ticket;
            lane.front = Front::Waiting;
            lane.left = ticket.flits;
            let step = if self.fig.plain {
                Step { port: plain_step(router.place, ticket), class: Class::Any }
            } else {
                self.plan.step(node, ticket)
            };
            let lane = router.lane(local);
            lane.slot = step.port as u8;
            if !self.fig.open {
                lane.allowed = step.class.mask(self.plan.channels) as u16;
            }
            router.out(step.port).waiting |= 1 << local;
            router.live |= 1 << step.port;
            router.pending &= !(1 << local);
        }
    }
}
