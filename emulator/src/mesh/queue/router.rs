//! Routers of the `queue` model: channels are handed out, packets move.

use super::region::{Figures, Foreign, Parts, Shared};
use super::state::{BRANCHES, Burst, Front, Hold, Router};
use crate::mesh::alloc::{bits, by_slot, pick};
use crate::mesh::calendar::Calendar;
use crate::mesh::fabric::Switching;
use crate::mesh::record::Log;

/// What a node may touch beside itself while it is visited.
pub(super) struct Context<'e> {
    pub(super) tick: u64,
    pub(super) node: u32,
    pub(super) fig: &'e Figures,
    pub(super) shared: &'e Shared<'e>,
    /// The fabric's numbers of the region's nodes.
    pub(super) nodes: &'e [u32],
    pub(super) calendar: &'e mut Calendar,
    pub(super) log: &'e mut Log,
    pub(super) store: &'e mut [Burst],
    pub(super) branches: &'e mut [u64],
    pub(super) outbox: &'e mut Vec<Foreign>,
}

impl Context<'_> {
    /// Number of a lane of the node.
    #[inline]
    pub(super) fn lane_at<const P: usize, const V: usize>(&self, local: u32) -> usize {
        (self.node << (P * V).trailing_zeros() | local) as usize
    }

    /// First place of a lane's ring in the store.
    #[inline]
    pub(super) fn ring<const P: usize, const V: usize>(&self, local: u32) -> usize {
        self.lane_at::<P, V>(local) << self.fig.ring_shift
    }

    /// Everything that a router does in this tick.
    #[inline]
    pub(super) fn visit_router<const P: usize, const V: usize>(
        &mut self,
        parts: &mut Parts<'_, P, V>,
    ) {
        let lanes = self.calendar.take_lanes(self.node);
        self.look(&mut parts.routers[self.node as usize], lanes);
        if V == 1 {
            self.visit_single(parts);
        } else {
            self.visit_several(parts);
        }
        if self.fig.drop_after != u64::MAX {
            self.drop_late(&mut parts.routers[self.node as usize]);
        }
    }

    /// Looks at the lanes whose front burst has become ready.
    #[inline]
    fn look<const P: usize, const V: usize>(&mut self, router: &mut Router<P, V>, lanes: u64) {
        for local in bits(lanes) {
            let lane = router.lane(local);
            let port = lane.burst.slot();
            if self.fig.drop_after != u64::MAX && lane.front == Front::Idle {
                self.calendar.wake(lane.ready + self.fig.drop_after, self.node);
            }
            if port == BRANCHES {
                self.branch(router, local);
                continue;
            }
            let (lane, out) = router.pair(local, u32::from(port));
            if lane.front == Front::Active {
                if out.channels[usize::from(lane.channel) % V].credits == 0 {
                    continue;
                }
                out.want |= 1 << local;
            } else {
                lane.front = Front::Waiting;
                out.waiting |= 1 << local;
            }
            router.live |= 1 << port;
        }
    }

    /// A router with one virtual channel: who has the channel is the only one to send.
    #[inline]
    fn visit_single<const P: usize, const V: usize>(&mut self, parts: &mut Parts<'_, P, V>) {
        let (tick, node) = (self.tick, self.node as usize);
        let mut wake = u64::MAX;
        for port in bits(parts.routers[node].live) {
            let router = &mut parts.routers[node];
            let out = router.out(port);
            if out.want == 0 && out.waiting != 0 && out.free != 0 {
                let usable = out.channels[0].usable;
                if usable > tick {
                    wake = wake.min(usable);
                    continue;
                }
                let waiting = match self.fig.open {
                    true => out.waiting,
                    false => self.fitting(router, port, 0),
                };
                if waiting != 0 {
                    let local = pick(waiting, router.out(port).channels[0].pointer);
                    take_channel(router, (local, port), 1);
                }
            }
            let out = router.out(port);
            if out.want != 0 {
                if out.ready > tick {
                    wake = wake.min(out.ready);
                    continue;
                }
                let local = out.want.trailing_zeros();
                self.send(parts, local, port);
            }
            let router = &mut parts.routers[node];
            let out = router.out(port);
            if out.want != 0 {
                wake = wake.min(out.ready);
            } else if out.waiting == 0 {
                router.live &= !(1 << port);
            } else if out.free != 0 && out.channels[0].usable > tick {
                // Else a whole packet waits for room: the credit that makes it wakes the node.
                wake = wake.min(out.channels[0].usable);
            }
        }
        if wake != u64::MAX {
            self.calendar.wake(wake, self.node);
        }
    }

    /// A router with several virtual channels.
    #[inline]
    fn visit_several<const P: usize, const V: usize>(&mut self, parts: &mut Parts<'_, P, V>) {
        let (tick, node) = (self.tick, self.node as usize);
        let router = &mut parts.routers[node];
        let mut wake = u64::MAX;
        let mut offers = [0u64; P];
        let mut inputs = 0u64;
        for port in bits(router.live) {
            let out = router.out(port);
            if out.waiting != 0 && out.free != 0 {
                wake = wake.min(self.hand_out(router, port));
            }
            let out = router.out(port);
            let (want, pointer) = (out.want, out.pointer);
            if want == 0 {
                // Whoever waits is woken with the first channel that is given up, or by drops.
                let idle = out.waiting == 0 || out.free == 0;
                router.live &= !(u64::from(idle) << port);
                continue;
            }
            if out.ready > tick {
                wake = wake.min(out.ready);
                continue;
            }
            let mut asked = by_slot::<V>(want);
            if router.busy > tick {
                for at in bits(asked) {
                    let busy = router.inputs[(at as usize / V) & (P - 1)].busy;
                    if busy > tick {
                        asked &= !(1 << at);
                        wake = wake.min(busy);
                    }
                }
                if asked == 0 {
                    continue;
                }
            }
            let input = (pick(asked, pointer) as usize / V) & (P - 1);
            offers[input] |= 1 << port;
            inputs |= 1 << input;
        }
        for input in bits(inputs) {
            let router = &mut parts.routers[node];
            let entry = &mut router.inputs[input as usize & (P - 1)];
            let port = pick(offers[input as usize & (P - 1)], entry.pointer);
            entry.pointer = (port as u8 + 1) & 63;
            let out = &mut router.outs[port as usize & (P - 1)];
            out.pointer = ((input as usize + 1) * V) as u8 & 63;
            let mine = out.want >> (input as usize * V) & ((1 << V) - 1);
            let channel = pick(mine, entry.channel);
            entry.channel = (channel as u8 + 1) & 63;
            self.send(parts, input * V as u32 + channel, port);
            let router = &mut parts.routers[node];
            let out = router.out(port);
            let idle = u64::from(out.want | out.waiting == 0);
            router.live &= !(idle << port);
        }
        if inputs != 0 && parts.routers[node].live != 0 {
            wake = tick + 1;
        }
        if wake != u64::MAX {
            self.calendar.wake(wake, self.node);
        }
    }

    /// Hands the free channels of an output to waiting lanes, as the `cycle` model does a tick
    /// earlier: every channel offers itself to one lane, which takes one of its offers. Says when
    /// to try again.
    #[inline]
    fn hand_out<const P: usize, const V: usize>(
        &mut self,
        router: &mut Router<P, V>,
        port: u32,
    ) -> u64 {
        let mut wake = u64::MAX;
        let out = router.out(port);
        for channel in bits(u64::from(out.resting)) {
            let usable = out.channels[channel as usize % V].usable;
            if usable > self.tick {
                wake = wake.min(usable);
            } else {
                out.resting &= !(1 << channel);
            }
        }
        let (usable, waiting) = (u64::from(out.free & !out.resting), out.waiting);
        if usable == 0 {
            return wake;
        }
        if self.fig.open && waiting & (waiting - 1) == 0 {
            take_channel(router, (waiting.trailing_zeros(), port), usable);
        } else {
            self.match_up(router, port, usable);
        }
        let out = router.out(port);
        let (left, more) = (out.waiting, out.free & !out.resting != 0);
        match left {
            0 => u64::MAX,
            // Where nothing was taken, only events can change that.
            _ if more && left != waiting => self.tick + 1,
            _ => wake,
        }
    }

    /// Matches usable channels of an output with waiting lanes.
    fn match_up<const P: usize, const V: usize>(
        &mut self,
        router: &mut Router<P, V>,
        port: u32,
        usable: u64,
    ) {
        let mut chosen = [0u32; V];
        let mut open = 0u64;
        for channel in bits(usable) {
            let fitting = match self.fig.open {
                true => router.out(port).waiting,
                false => self.fitting(router, port, channel),
            };
            if fitting != 0 {
                let pointer = router.out(port).channels[channel as usize % V].pointer;
                chosen[channel as usize % V] = pick(fitting, pointer);
                open |= 1 << channel;
            }
        }
        while open != 0 {
            let local = chosen[open.trailing_zeros() as usize % V];
            let mut offered = 0;
            for channel in bits(open) {
                offered |= u64::from(chosen[channel as usize % V] == local) << channel;
            }
            open &= !offered;
            take_channel(router, (local, port), offered);
        }
    }

    /// In lanes that may take a channel of an output.
    fn fitting<const P: usize, const V: usize>(
        &self,
        router: &Router<P, V>,
        port: u32,
        channel: u32,
    ) -> u64 {
        let out = &router.outs[port as usize & (P - 1)];
        let whole = self.fig.switching == Switching::VirtualCutThrough;
        let credits = out.channels[channel as usize % V].credits;
        let mut fitting = 0;
        for local in bits(out.waiting) {
            let lane = &router.lanes.as_flattened()[local as usize & (P * V - 1)];
            let allowed = self.fig.plain || {
                let ticket = lane.burst.ticket();
                let node = self.nodes[self.node as usize];
                self.shared.plan.channels_of(node, &ticket) >> channel & 1 == 1
            };
            fitting |= u64::from(allowed && (!whole || credits >= lane.left)) << local;
        }
        fitting
    }
}

/// Gives one of the offered channels of an output to a waiting lane.
#[inline]
fn take_channel<const P: usize, const V: usize>(
    router: &mut Router<P, V>,
    (local, port): (u32, u32),
    offered: u64,
) {
    let (lane, out) = router.pair(local, port);
    let first = port * V as u32;
    let at = pick(offered << first, lane.pointer);
    let channel = (at - first) as usize % V;
    lane.pointer = (at as u8 + 1) & 63;
    if lane.burst.slot() != BRANCHES {
        lane.front = Front::Active;
        lane.channel = channel as u8;
    }
    out.free &= !(1 << channel);
    out.waiting &= !(1 << local);
    let taken = &mut out.channels[channel];
    taken.pointer = (local as u8 + 1) & 63;
    taken.holder = local as u8;
    taken.hold = Hold::Held;
    if taken.credits > 0 {
        out.want |= 1 << local;
    }
}
