//! Routers of the `queue` model: channels are handed out, packets move.

use super::region::{Figures, Foreign, Shared};
use super::state::{BRANCHES, Burst, Front, Hold, Router, Sent};
use crate::mesh::alloc::{bits, by_slot, pick};
use crate::mesh::calendar::Calendar;
use crate::mesh::fabric::Switching;
use crate::mesh::record::Log;

/// What a node may touch beside itself while it is visited.
pub(super) struct Context<'e> {
    pub(super) tick: u64,
    pub(super) node: u32,
    pub(super) fig: Figures,
    pub(super) shared: &'e Shared<'e>,
    /// The fabric's numbers of the region's nodes.
    pub(super) nodes: &'e [u32],
    pub(super) calendar: &'e mut Calendar,
    pub(super) log: &'e mut Log,
    pub(super) store: &'e mut [Burst],
    pub(super) sent: &'e mut Vec<Sent>,
    pub(super) outbox: &'e mut Vec<Foreign>,
}

impl Context<'_> {
    /// First place of a lane's ring in the store.
    #[inline]
    pub(super) fn ring<const P: usize, const V: usize>(&self, local: u32) -> u32 {
        (self.node << (P * V).trailing_zeros() | local) << self.fig.ring_shift
    }

    /// Everything that a router does in this tick.
    #[inline]
    pub(super) fn visit_router<const P: usize, const V: usize>(
        &mut self,
        router: &mut Router<P, V>,
    ) {
        let lanes = self.calendar.take_lanes(self.node);
        self.look(router, lanes);
        if V == 1 {
            self.visit_single(router);
        } else {
            self.visit_several(router);
        }
        if self.fig.drop_after != u64::MAX {
            self.drop_late(router);
        }
    }

    /// Looks at the lanes whose front burst has become ready.
    #[inline]
    pub(super) fn look<const P: usize, const V: usize>(
        &mut self,
        router: &mut Router<P, V>,
        lanes: u64,
    ) {
        for local in bits(lanes) {
            let lane = &mut router.lanes[(local as usize / V) & (P - 1)][local as usize % V];
            let port = lane.slot;
            if lane.front == Front::Idle && self.fig.drop_after != u64::MAX {
                self.calendar.wake(lane.ready + self.fig.drop_after, self.node);
            }
            if port == BRANCHES {
                self.branch(router, local);
                continue;
            }
            let out = &mut router.outs[usize::from(port) & (P - 1)];
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
    pub(super) fn visit_single<const P: usize, const V: usize>(
        &mut self,
        router: &mut Router<P, V>,
    ) {
        let tick = self.tick;
        let mut wake = u64::MAX;
        for port in bits(router.live) {
            let out = &router.outs[port as usize & (P - 1)];
            if out.want == 0 && out.waiting != 0 && out.free != 0 {
                let usable = out.channels[0].usable;
                if usable > tick {
                    wake = wake.min(usable);
                    continue;
                }
                if self.fig.light && out.ready <= tick && out.channels[0].credits > 0 {
                    let local = pick(out.waiting, out.channel_pointer);
                    if self.send_single(router, local, port) {
                        let out = &router.outs[port as usize & (P - 1)];
                        if out.waiting == 0 {
                            router.live &= !(1 << port);
                        } else {
                            wake = wake.min(out.channels[0].usable);
                        }
                        continue;
                    }
                }
                let waiting = match self.fig.open {
                    true => router.outs[port as usize & (P - 1)].waiting,
                    false => self.fitting(router, port, 0),
                };
                if waiting != 0 {
                    take_channel(router, port, waiting, 0);
                }
            }
            let out = &router.outs[port as usize & (P - 1)];
            if out.want != 0 {
                if out.ready > tick {
                    wake = wake.min(out.ready);
                    continue;
                }
                self.send(router, out.want.trailing_zeros(), port);
            }
            let out = &router.outs[port as usize & (P - 1)];
            if out.want != 0 {
                wake = wake.min(out.ready);
            } else if out.waiting == 0 {
                router.live &= !(1 << port);
            } else if out.free != 0 {
                wake = wake.min(out.channels[0].usable.max(tick + 1));
            }
        }
        if wake != u64::MAX {
            self.calendar.wake(wake, self.node);
        }
    }

    /// A router with several virtual channels.
    #[inline]
    pub(super) fn visit_several<const P: usize, const V: usize>(
        &mut self,
        router: &mut Router<P, V>,
    ) {
        let tick = self.tick;
        let mut wake = u64::MAX;
        let mut offers = [0u64; P];
        let mut inputs = 0u64;
        for port in bits(router.live) {
            let out = &router.outs[port as usize & (P - 1)];
            if out.waiting != 0 && out.free != 0 {
                wake = wake.min(self.hand_out(router, port));
            }
            let out = &router.outs[port as usize & (P - 1)];
            if out.want == 0 {
                router.live &= !(u64::from(out.waiting == 0) << port);
                continue;
            }
            if out.ready > tick {
                wake = wake.min(out.ready);
                continue;
            }
            let mut asked = by_slot::<V>(out.want);
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
            let input = (pick(asked, out.pointer) as usize / V) & (P - 1);
            offers[input] |= 1 << port;
            inputs |= 1 << input;
        }
        for input in bits(inputs) {
            let entry = &mut router.inputs[input as usize & (P - 1)];
            let port = pick(offers[input as usize & (P - 1)], entry.pointer);
            entry.pointer = (port as u8 + 1) & 63;
            let out = &mut router.outs[port as usize & (P - 1)];
            out.pointer = ((input as usize + 1) * V) as u8 & 63;
            let mine = out.want >> (input as usize * V) & ((1 << V) - 1);
            let channel = pick(mine, entry.channel);
            entry.channel = (channel as u8 + 1) & 63;
            self.send(router, input * V as u32 + channel, port);
        }
        if inputs != 0 {
            wake = tick + 1;
        }
        if wake != u64::MAX {
            self.calendar.wake(wake, self.node);
        }
    }

    /// Hands the free channels of an output to waiting lanes; when the next one is usable.
    #[inline]
    fn hand_out<const P: usize, const V: usize>(
        &mut self,
        router: &mut Router<P, V>,
        port: u32,
    ) -> u64 {
        let mut wake = u64::MAX;
        let out = &router.outs[port as usize & (P - 1)];
        // From the channel after the last one handed out, so that all of them fill evenly.
        let mut free = u64::from(out.free);
        let mut waits = out.waiting;
        while free != 0 && waits != 0 {
            let out = &router.outs[port as usize & (P - 1)];
            let channel = pick(free, out.next_channel);
            free &= !(1 << channel);
            let usable = out.channels[channel as usize % V].usable;
            if usable > self.tick {
                wake = wake.min(usable);
                continue;
            }
            let waiting = if self.fig.open { waits } else { self.fitting(router, port, channel) };
            if waiting != 0 {
                take_channel(router, port, waiting, channel);
                let out = &mut router.outs[port as usize & (P - 1)];
                out.next_channel = (channel as u8 + 1) & 63;
                waits = out.waiting;
            }
        }
        if waits == 0 { u64::MAX } else { wake }
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
            let lane = &router.lanes[(local as usize / V) & (P - 1)][local as usize % V];
            let allowed = self.fig.plain || {
                let front = self.ring::<P, V>(local) + u32::from(lane.first);
                let ticket = self.store[front as usize].ticket();
                let node = self.nodes[self.node as usize];
                self.shared.plan.channels_of(node, &ticket) >> channel & 1 == 1
            };
            fitting |= u64::from(allowed && (!whole || credits >= lane.left)) << local;
        }
        fitting
    }
}

/// Gives a channel to the next of the waiting lanes.
#[inline]
fn take_channel<const P: usize, const V: usize>(
    router: &mut Router<P, V>,
    port: u32,
    waiting: u64,
    channel: u32,
) {
    let out = &mut router.outs[port as usize & (P - 1)];
    let local = pick(waiting, out.channel_pointer);
    let lane = &mut router.lanes[(local as usize / V) & (P - 1)][local as usize % V];
    if lane.slot != BRANCHES {
        lane.front = Front::Active;
        lane.channel = channel as u8;
    }
    let taken = &mut out.channels[channel as usize % V];
    taken.holder = local as u8;
    taken.hold = Hold::Held;
    out.waiting &= !(1 << local);
    out.free &= !(1 << channel);
    out.channel_pointer = (local as u8 + 1) & 63;
    if taken.credits > 0 {
        out.want |= 1 << local;
    }
}
