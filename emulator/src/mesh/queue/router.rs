//! Routers of the `queue` model: channels are handed out, packets move.

use super::engine::Engine;
use super::lanes::Begins;
use super::state::{Burst, Front, Hold, Router};
use crate::mesh::alloc::{bits, by_slot, pick};
use crate::mesh::calendar::Credit;
use crate::mesh::fabric::{ChannelRelease, Switching};

impl<const P: usize, const V: usize> Engine<P, V> {
    /// A router with one virtual channel: who has the channel is the only one to send.
    pub(super) fn visit_single(&mut self, tick: u64, node: u32) {
        self.look(tick, node);
        let mut wake = u64::MAX;
        for port in bits(self.routers[node as usize].live) {
            let router = &mut self.routers[node as usize];
            let out = router.out(port);
            if out.want == 0 && out.waiting != 0 && out.free != 0 {
                let usable = out.channels[0].usable;
                if usable > tick {
                    wake = wake.min(usable);
                    continue;
                }
                let waiting = if self.fig.open { out.waiting } else { self.fitting(node, port, 0) };
                if waiting != 0 {
                    let router = &mut self.routers[node as usize];
                    take_channel(router, port, waiting, 0);
                }
            }
            let out = self.routers[node as usize].out(port);
            if out.want != 0 {
                if out.ready > tick {
                    wake = wake.min(out.ready);
                    continue;
                }
                let local = out.want.trailing_zeros();
                self.send(tick, node, local, port);
                let out = self.routers[node as usize].out(port);
                if out.want != 0 {
                    wake = wake.min(out.ready);
                } else if out.waiting != 0 && out.free != 0 {
                    wake = wake.min(out.channels[0].usable);
                }
            }
            let router = &mut self.routers[node as usize];
            let out = router.out(port);
            if out.waiting | out.want == 0 {
                router.live &= !(1 << port);
            }
        }
        if wake != u64::MAX {
            self.calendar.wake(wake, node);
        }
    }

    /// A router with several virtual channels.
    pub(super) fn visit_several(&mut self, tick: u64, node: u32) {
        self.look(tick, node);
        let mut wake = u64::MAX;
        let mut offers = [0u64; P];
        let mut inputs = 0u64;
        for port in bits(self.routers[node as usize].live) {
            let out = self.routers[node as usize].out(port);
            if out.waiting != 0 && out.free != 0 {
                wake = wake.min(self.hand_out(tick, node, port));
            }
            let router = &mut self.routers[node as usize];
            let out = &router.outs[port as usize & (P - 1)];
            if out.want == 0 {
                if out.waiting == 0 {
                    router.live &= !(1 << port);
                }
                continue;
            }
            if out.ready > tick {
                wake = wake.min(out.ready);
                continue;
            }
            let mut asked = by_slot::<V>(out.want);
            for at in bits(asked) {
                let busy = router.inputs[at as usize / V & (P - 1)].busy;
                if busy > tick {
                    asked &= !(1 << at);
                    wake = wake.min(busy);
                }
            }
            if asked != 0 {
                let input = pick(asked, out.pointer) as usize / V & (P - 1);
                offers[input] |= 1 << port;
                inputs |= 1 << input;
            }
        }
        for input in bits(inputs) {
            let router = &mut self.routers[node as usize];
            let entry = &mut router.inputs[input as usize & (P - 1)];
            let port = pick(offers[input as usize & (P - 1)], entry.pointer);
            entry.pointer = (port as u8 + 1) & 63;
            let out = &mut router.outs[port as usize & (P - 1)];
            out.pointer = ((input as usize + 1) * V) as u8 & 63;
            let mine = out.want >> (input as usize * V) & ((1 << V) - 1);
            let channel = pick(mine, entry.channel);
            entry.channel = (channel as u8 + 1) & 63;
            self.send(tick, node, input * V as u32 + channel, port);
        }
        if inputs != 0 {
            wake = wake.min(tick + 1);
        }
        if wake != u64::MAX {
            self.calendar.wake(wake, node);
        }
    }

    /// Hands the free channels of an output to waiting lanes; when the next one is usable.
    fn hand_out(&mut self, tick: u64, node: u32, port: u32) -> u64 {
        let mut wake = u64::MAX;
        let out = self.routers[node as usize].out(port);
        // From the channel after the last one handed out, so that all of them fill evenly.
        let mut free = u64::from(out.free);
        while free != 0 {
            let out = self.routers[node as usize].out(port);
            let channel = pick(free, out.next_channel);
            free &= !(1 << channel);
            let usable = out.channels[channel as usize % V].usable;
            if usable > tick {
                wake = wake.min(usable);
                continue;
            }
            let waiting =
                if self.fig.open { out.waiting } else { self.fitting(node, port, channel) };
            if waiting != 0 {
                let router = &mut self.routers[node as usize];
                take_channel(router, port, waiting, channel);
                router.out(port).next_channel = (channel as u8 + 1) & 63;
            }
        }
        if self.routers[node as usize].out(port).waiting == 0 { u64::MAX } else { wake }
    }

    /// In lanes that may take a channel of an output.
    fn fitting(&self, node: u32, port: u32, channel: u32) -> u64 {
        let router = &self.routers[node as usize];
        let out = &router.outs[port as usize & (P - 1)];
        let whole = self.fig.switching == Switching::VirtualCutThrough;
        let credits = out.channels[channel as usize % V].credits;
        let mut fitting = 0;
        for local in bits(out.waiting) {
            let lane = &router.lanes[local as usize / V & (P - 1)][local as usize % V];
            let fits = lane.allowed >> channel & 1 == 1 && (!whole || credits >= lane.left);
            fitting |= u64::from(fits) << local;
        }
        fitting
    }

    /// Moves as much of the front burst as has room behind the link.
    #[inline]
    fn send(&mut self, tick: u64, node: u32, local: u32, port: u32) {
        let fig = self.fig;
        let router = &mut self.routers[node as usize];
        let lane = &mut router.lanes[local as usize / V & (P - 1)][local as usize % V];
        let out = &mut router.outs[port as usize & (P - 1)];
        let ring = (node << Self::SHIFT | local) << fig.ring_shift;
        let front = &mut self.store[(ring + u32::from(lane.first)) as usize];
        let burst = *front;
        let at = usize::from(lane.channel) % V;
        let channel = &mut out.channels[at];
        let flits = burst.flits.min(channel.credits);
        debug_assert!(flits > 0);
        let head = lane.left == burst.ticket.flits;
        // The flits follow each other as fast as the slower of arrival and departure.
        let mut spacing = u64::from(out.flit);
        let mut end = tick;
        if flits > 1 {
            let follow = u64::from(flits - 1);
            let last = burst.at + follow * u64::from(burst.spacing);
            end = tick + follow * spacing;
            if last > end {
                spacing = (last - tick).div_ceil(follow);
                end = tick + follow * spacing;
            }
        }
        lane.left -= flits;
        channel.credits -= flits;
        channel.lowest = channel.lowest.min(channel.credits);
        let tail = lane.left == 0;
        if tail {
            match fig.release {
                ChannelRelease::TailSent => {
                    channel.hold = Hold::Free;
                    channel.usable = end + fig.renew;
                    out.free |= 1 << at;
                }
                ChannelRelease::TailCredit => channel.hold = Hold::Draining,
            }
            lane.front = Front::Idle;
            lane.floor = end + 1 + fig.settle;
        }
        if flits == burst.flits || channel.credits == 0 {
            out.want &= !(1 << local);
        }
        out.ready = end + u64::from(out.flit);
        out.flits += u32::from(flits);
        out.packets += u32::from(tail);
        let arrival = tick + u64::from(out.latency);
        let ahead = out.ahead + at as u32;
        lane.queue = lane.queue.wrapping_add(Burst::sum(flits, tick, spacing));
        if V > 1 {
            let cross = if fig.cross == 0 { u64::from(lane.spacing) } else { fig.cross };
            router.inputs[local as usize / V & (P - 1)].busy = end + cross;
        }
        let (back, from) = (lane.back, tick + u64::from(lane.credit));
        let together = spacing == u64::from(lane.spacing);
        if flits < burst.flits {
            front.flits -= flits;
            front.at += u64::from(flits) * u64::from(burst.spacing);
            lane.ready = tick;
        } else {
            lane.first = ((u32::from(lane.first) + 1) & fig.ring) as u16;
            lane.len -= 1;
            if lane.len > 0 {
                let next = self.store[(ring + u32::from(lane.first)) as usize].at;
                let ready = if tail { lane.floor.max(next + fig.settle) } else { next };
                lane.ready = ready.max(tick + 1);
                router.pending |= 1 << local;
                self.calendar.wake(lane.ready, node);
            }
        }
        if head {
            self.record.head(burst.ticket.packet, || self.plan.link_from(node, port), tick);
        }
        let sent = Burst { at: arrival, ticket: burst.ticket, flits, spacing: spacing as u16 };
        self.push(ahead, &sent, if head { Begins::Packet } else { Begins::Nothing });
        self.give_back(back, flits, from, spacing, together);
    }

    /// Sends credits for flits that leave a buffer. Those that come back as fast as the sender
    /// can use them may come as one.
    #[inline]
    pub(super) fn give_back(
        &mut self,
        lane: u32,
        flits: u16,
        from: u64,
        spacing: u64,
        together: bool,
    ) {
        if flits == 1 || together && self.fig.release == ChannelRelease::TailSent {
            self.calendar.credit(from, Credit { lane, flits: u32::from(flits) });
        } else {
            for flit in 0..u64::from(flits) {
                self.calendar.credit(from + flit * spacing, Credit { lane, flits: 1 });
            }
        }
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
    let lane = &mut router.lanes[local as usize / V & (P - 1)][local as usize % V];
    lane.front = Front::Active;
    lane.channel = channel as u8;
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
