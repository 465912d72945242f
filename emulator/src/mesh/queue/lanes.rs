//! Buffers of the `queue` model: bursts come in, credits come back.

use super::region::{Foreign, Parts};
use super::router::Context;
use super::state::{BRANCHES, FOREIGN, Hold, Sent};
use crate::mesh::calendar::Credit;
use crate::mesh::fabric::Switching;

/// Node and position in it of a lane.
#[inline]
pub(super) fn split<const P: usize, const V: usize>(lane: u32) -> (u32, u32) {
    (lane >> (P * V).trailing_zeros(), lane & ((P * V) as u32 - 1))
}

impl Context<'_> {
    /// Credits come back to the sender of a lane.
    #[inline]
    pub(super) fn credit<const P: usize, const V: usize>(
        &mut self,
        parts: &mut Parts<'_, P, V>,
        credit: Credit,
    ) {
        let (node, local) = split::<P, V>(credit.lane);
        let tick = self.tick;
        let Some(router) = parts.routers.get_mut(node as usize) else {
            self.credit_source(parts, node, local, credit.flits);
            return;
        };
        let (port, at) = (local / V as u32, local as usize % V);
        let out = router.out(port);
        let channel = &mut out.channels[at];
        let starved = channel.credits == 0;
        channel.credits += credit.flits as u16;
        debug_assert!(channel.credits <= out.buffer);
        if self.fig.plain_credits && !starved {
            return;
        }
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
                let waits = out.waiting != 0;
                out.free |= 1 << at;
                out.resting |= 1 << at;
                router.live |= u64::from(waits) << port;
                if usable > tick {
                    self.calendar.wake(usable, node);
                } else {
                    self.calendar.wake_now(node);
                }
            }
            Hold::Draining => {}
        }
    }

    fn credit_source<const P: usize, const V: usize>(
        &mut self,
        parts: &mut Parts<'_, P, V>,
        node: u32,
        local: u32,
        flits: u32,
    ) {
        let port = node - self.fig.routers;
        let plane = local / V as u32;
        let out = &mut parts.sides[(port * self.fig.planes + plane) as usize].out;
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

    /// Brings a burst to the next buffer.
    #[inline]
    pub(super) fn deliver<const P: usize, const V: usize>(
        &mut self,
        parts: &mut Parts<'_, P, V>,
        sent: Sent,
    ) {
        if sent.lane & FOREIGN == 0 {
            self.push(parts, sent);
        } else {
            self.outbox.push(Foreign::Burst(sent));
        }
    }

    /// Writes a burst into the buffer behind a link, before it arrives there.
    #[inline]
    pub(super) fn push<const P: usize, const V: usize>(
        &mut self,
        parts: &mut Parts<'_, P, V>,
        sent: Sent,
    ) {
        let (node, local) = split::<P, V>(sent.lane);
        let Some(router) = parts.routers.get_mut(node as usize) else {
            self.push_core(parts, sent);
            return;
        };
        let Sent { lane, head, mut burst } = sent;
        let state = router.lane(local);
        let slot = if burst.in_tree() {
            BRANCHES
        } else if self.fig.plain {
            burst.plain_slot(state.place)
        } else {
            let node = self.nodes[node as usize];
            self.shared.plan.step(node, &burst.ticket()).port as u8
        };
        burst.set_slot(slot);
        state.len += 1;
        if state.len == 1 {
            if head {
                state.left = burst.whole();
                state.ready = state.ready.max(burst.at + self.fig.settle);
            } else {
                state.ready = burst.at;
            }
            state.burst = burst;
            self.calendar.ready(state.ready, node, local);
            return;
        }
        let at = (u32::from(state.first) + u32::from(state.len) - 1) & self.fig.ring;
        self.store[((lane << self.fig.ring_shift) + at) as usize] = burst;
    }

    fn push_core<const P: usize, const V: usize>(
        &mut self,
        parts: &mut Parts<'_, P, V>,
        sent: Sent,
    ) {
        let (node, local) = split::<P, V>(sent.lane);
        let side = (node - self.fig.routers) * self.fig.planes + local / V as u32;
        let state = &mut parts.sides[side as usize].lanes[local as usize % V];
        let burst = sent.burst;
        state.len += 1;
        if state.len == 1 {
            state.burst = burst;
        } else {
            let at = (u32::from(state.first) + u32::from(state.len) - 1) & self.fig.ring;
            self.store[((sent.lane << self.fig.ring_shift) + at) as usize] = burst;
        }
        self.calendar.wake(burst.at, node);
    }
}
