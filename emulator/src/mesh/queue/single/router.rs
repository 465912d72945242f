//! Routers: channels are handed out, packets get the switch.

use super::looks::Looks;
use super::state::{NEVER, NONE, Router};
use super::{Shared, Singles};
use crate::mesh::alloc::{bits, by_slot, pick};

impl<const P: usize, const V: usize> Singles<P, V> {
    /// Everything that a node does in the stretch that begins at a tick.
    #[inline(always)]
    pub(super) fn visit(&mut self, node: u32, lanes: u64, tick: u64, shared: &Shared<'_>) {
        if self.looks.shift == 0 {
            self.act(node, lanes, tick, shared);
            return;
        }
        let end = tick + (1 << self.looks.shift);
        let bit = node << Self::SHIFT;
        let mine = (u64::MAX >> (63 - Self::LOCAL)) << (bit % 64);
        let mut lanes = lanes;
        loop {
            let mut first = end;
            let mut now = 0;
            for local in bits(lanes) {
                let look = self.look_of(node, local);
                if look < first {
                    (first, now) = (look, 0);
                }
                now |= u64::from(look == first) << local;
            }
            if first == end {
                return;
            }
            self.act(node, now, first, shared);
            lanes &= !now;
            lanes |= self.looks.take(bit as usize / 64, mine) >> (bit % 64);
        }
    }

    #[inline(always)]
    fn look_of(&self, node: u32, local: u32) -> u64 {
        match self.routers.get(node as usize) {
            Some(router) => {
                router.ins[(local as usize / V) & (P - 1)].lanes[local as usize % V].look
            }
            None => self.cores[(node - self.fig.routers) as usize].looks[local as usize % 2],
        }
    }

    #[inline(always)]
    fn act(&mut self, node: u32, lanes: u64, tick: u64, shared: &Shared<'_>) {
        if node >= self.fig.routers {
            self.act_core(node - self.fig.routers, lanes, tick, shared);
        } else if V == 1 {
            self.act_single(node, lanes, tick, shared);
        } else {
            self.act_several(node, lanes, tick, shared);
        }
    }

    /// A router with one virtual channel: who has the channel is the only one to send.
    #[inline(always)]
    fn act_single(&mut self, node: u32, lanes: u64, tick: u64, shared: &Shared<'_>) {
        let router = &mut self.routers[node as usize];
        let mut ports = 0u64;
        for local in bits(lanes) {
            let (lane, out) = router.front(local);
            let due = u64::from(lane.look == tick && lane.len > 0);
            lane.look |= 0u64.wrapping_sub(due);
            out.waiting |= (due << local) & !out.want;
            ports |= due << lane.slot;
        }
        for port in bits(ports) {
            let router = &mut self.routers[node as usize];
            let out = router.out(port);
            if out.want == 0 {
                if out.waiting == 0 {
                    continue;
                }
                let usable = out.usable[0];
                if usable > tick {
                    let local = out.waiting.trailing_zeros();
                    self.look(node, local, usable);
                    continue;
                }
                let local = pick(out.waiting, out.pointers[0]);
                out.want = 1 << local;
                out.waiting &= !out.want;
                out.pointers[0] = (local as u8 + 1) & 63;
            }
            let local = out.want.trailing_zeros();
            let when = out.ready.max(out.room[0]);
            if when <= tick {
                self.send(node, (local, port), 0, tick, shared);
            } else if when != NEVER {
                self.look(node, local, when);
            }
        }
    }

    /// A router with several virtual channels.
    #[inline(always)]
    fn act_several(&mut self, node: u32, lanes: u64, tick: u64, shared: &Shared<'_>) {
        let router = &mut self.routers[node as usize];
        let (first, cross) = (node << Self::SHIFT, self.fig.cross);
        let mut desk = Desk { router, looks: &mut self.looks, first, cross };
        let ports = desk.look_at(lanes, tick);
        let mut offers = [0u64; P];
        let mut inputs = 0u64;
        for port in bits(ports) {
            let input = desk.ask(port, tick) as usize;
            offers[input & (P - 1)] |= (1 << port) & 0u64.wrapping_sub(u64::from(input < P));
            inputs |= u64::from(input < P) << (input & (P - 1));
        }
        for input in bits(inputs) {
            let router = &mut self.routers[node as usize];
            let slot = input as usize & (P - 1);
            let entry = &mut router.ins[slot];
            let port = pick(offers[slot], entry.pointer);
            entry.pointer = (port as u8 + 1) & 63;
            let out = &mut router.outs[port as usize & (P - 1)];
            out.pointer = ((slot + 1) * V) as u8 & 63;
            let mine = out.want >> (slot * V) & ((1 << V) - 1);
            let channel = pick(mine, entry.channel);
            entry.channel = (channel as u8 + 1) & 63;
            let local = input * V as u32 + channel;
            let at = entry.lanes[channel as usize % V].channel;
            let lost = offers[slot] & !(1 << port);
            self.send(node, (local, port), u32::from(at), tick, shared);
            for port in bits(lost) {
                let want = self.routers[node as usize].out(port).want;
                self.look_sooner(node, want.trailing_zeros(), tick + 1);
            }
        }
    }
}

/// A router that hands out its channels and its switch.
struct Desk<'e, const P: usize, const V: usize> {
    router: &'e mut Router<P, V>,
    looks: &'e mut Looks,
    /// Its first lane.
    first: u32,
    /// Ticks that a slot of the switch is busy with a flit.
    cross: u64,
}

impl<const P: usize, const V: usize> Desk<'_, P, V> {
    /// Has a lane looked at, unless it is looked at sooner.
    #[inline(always)]
    fn look_sooner(&mut self, local: u32, tick: u64) {
        let lane = self.router.lane(local);
        if lane.look > tick {
            lane.look = tick;
            self.looks.at(tick, self.first | local);
        }
    }

    /// Notes what the lanes want whose time has come; says which outputs are concerned.
    #[inline(always)]
    fn look_at(&mut self, lanes: u64, tick: u64) -> u64 {
        let mut ports = 0u64;
        for local in bits(lanes) {
            let (lane, out) = self.router.front(local);
            if lane.look != tick || lane.len == 0 {
                continue;
            }
            lane.look = NEVER;
            let waits = lane.channel == NONE;
            let could = out.room[lane.channel as usize % V] <= tick;
            out.waiting |= u64::from(waits) << local;
            out.want |= u64::from(!waits & could) << local;
            ports |= 1 << lane.slot;
        }
        ports
    }

    /// The in slot that an output would serve; none is a large number.
    #[inline(always)]
    fn ask(&mut self, port: u32, tick: u64) -> u32 {
        let out = self.router.out(port);
        if out.waiting != 0 && out.free != 0 {
            self.hand_out(port, tick);
        }
        let out = self.router.out(port);
        let (want, ready, pointer) = (out.want, out.ready, out.pointer);
        if want == 0 {
            return u32::MAX;
        }
        let mut asked = by_slot::<V>(want);
        let mut wake = ready;
        if ready <= tick {
            // A slot that is busy for a tick is free in the next one.
            if self.cross == 1 {
                return pick(asked, pointer) / V as u32;
            }
            wake = NEVER;
            for at in bits(asked) {
                let busy = self.router.ins[(at as usize / V) & (P - 1)].busy;
                asked &= !(u64::from(busy > tick) << at);
                wake = wake.min(if busy > tick { busy } else { NEVER });
            }
            if asked != 0 {
                return pick(asked, pointer) / V as u32;
            }
        }
        self.look_sooner(want.trailing_zeros(), wake);
        u32::MAX
    }

    /// Hands the free channels of an output to waiting lanes, as the `cycle` model does a tick
    /// earlier: every channel offers itself to one lane, which takes one of its offers.
    #[inline(always)]
    fn hand_out(&mut self, port: u32, tick: u64) {
        let out = self.router.out(port);
        let mut wake = NEVER;
        let mut resting = 0;
        for channel in bits(u64::from(out.resting)) {
            let usable = out.usable[channel as usize % V];
            resting |= u8::from(usable > tick) << channel;
            wake = wake.min(if usable > tick { usable } else { NEVER });
        }
        out.resting = resting;
        let waiting = out.waiting;
        let usable = u64::from(out.free & !resting);
        if usable == 0 {
            self.look_sooner(waiting.trailing_zeros(), wake);
            return;
        }
        if waiting & (waiting - 1) == 0 || usable & (usable - 1) == 0 {
            let pointer = out.pointers[usable.trailing_zeros() as usize % V];
            self.take_channel((pick(waiting, pointer), port), usable, tick);
        } else {
            self.match_up(port, usable, tick);
        }
        let out = self.router.out(port);
        let more = out.free & !out.resting != 0;
        let when = if more { tick + 1 } else { wake };
        if out.waiting != 0 && when != NEVER {
            let local = out.waiting.trailing_zeros();
            self.look_sooner(local, when);
        }
    }

    /// Matches several channels with several lanes.
    fn match_up(&mut self, port: u32, usable: u64, tick: u64) {
        let out = self.router.out(port);
        let chosen: [u32; V] = std::array::from_fn(|at| pick(out.waiting, out.pointers[at]));
        let mut open = usable;
        while open != 0 {
            let local = chosen[open.trailing_zeros() as usize % V];
            let mut offered = 0;
            for (channel, chosen) in chosen.iter().enumerate() {
                offered |= u64::from(*chosen == local) << channel;
            }
            self.take_channel((local, port), offered & open, tick);
            open &= !offered;
        }
    }

    /// Gives one of the offered channels of an output to a waiting lane.
    #[inline(always)]
    fn take_channel(&mut self, (local, port): (u32, u32), offered: u64, tick: u64) {
        let (lane, out) = self.router.front(local);
        let first = port * V as u32;
        let at = pick(offered << first, lane.pointer);
        let channel = (at - first) as usize % V;
        lane.pointer = (at as u8 + 1) & 63;
        lane.channel = channel as u8;
        out.free &= !(1 << channel);
        out.waiting &= !(1 << local);
        out.pointers[channel] = (local as u8 + 1) & 63;
        out.holder[channel] = local as u8;
        let room = out.room[channel];
        if room <= tick {
            out.want |= 1 << local;
        } else if room != NEVER {
            self.look_sooner(local, room);
        }
    }
}
