//! A packet leaves a router for the next buffer.

use super::state::{Kind, NONE};
use super::{FOREIGN, Mail, Place, Shared, Singles, What};

/// What a sender finds behind its link.
#[derive(Clone, Copy, Debug)]
pub(super) struct Behind {
    /// From when on there is room for another packet.
    pub(super) room: u64,
    /// Whether more packets than ever are ahead: the one that would make it so is still there, or
    /// it is gone and its place not yet free.
    pub(super) held: bool,
    pub(super) open: bool,
}

impl<const P: usize, const V: usize> Singles<P, V> {
    /// Has a lane of a router looked at.
    #[inline(always)]
    pub(super) fn look(&mut self, node: u32, local: u32, tick: u64) {
        self.routers[node as usize].lane(local).look = tick;
        self.looks.at(tick, node << Self::SHIFT | local);
    }

    /// The same unless it is looked at sooner.
    #[inline(always)]
    pub(super) fn look_sooner(&mut self, node: u32, local: u32, tick: u64) {
        if self.routers[node as usize].lane(local).look > tick {
            self.look(node, local, tick);
        }
    }

    /// Moves the front packet of a lane to the buffer behind an out slot.
    #[inline(always)]
    pub(super) fn send(
        &mut self,
        node: u32,
        (local, port): (u32, u32),
        channel: u32,
        tick: u64,
        shared: &Shared<'_>,
    ) {
        let (fig, number, at) = (&self.fig, node << Self::SHIFT | local, channel as usize % V);
        let (ring, start) = (fig.ring as usize, self.ring_of(number));
        let router = &mut self.routers[node as usize];
        let input = &mut router.ins[(local as usize / V) & (P - 1)];
        let lane = &mut input.lanes[local as usize % V];
        let store = &mut self.store[start..][..=ring];
        // The packet leaves its place to the sender behind.
        let (first, len) = (lane.first, lane.len);
        let place = &mut store[first as usize & ring];
        let (taken, free) = (*place, tick + u64::from(input.credit));
        *place = taken.moved(free);
        let next = store[first.wrapping_add(1) as usize & ring];
        input.queue = input.queue.wrapping_add(tick).wrapping_sub(taken.at());
        let (back, buffer) = (input.back + local % V as u32, input.buffer);
        (lane.first, lane.len, lane.channel) = (first.wrapping_add(1), len - 1, NONE);
        // The next one of the lane, if there is one.
        let more = u64::from(len > 1);
        let after = tick + 1 + fig.settle;
        let look = after.max((next.at() + fig.settle) & 0u64.wrapping_sub(more));
        lane.look = look;
        lane.slot = next.slot();
        self.looks.set(look, number, more);
        if V > 1 {
            let cross = fig.cross;
            input.busy = tick + if cross == 0 { u64::from(input.spacing) } else { cross };
        }
        let out = &mut router.outs[port as usize & (P - 1)];
        let usable = tick + fig.renew;
        out.usable[at] = usable;
        out.ready = tick + u64::from(out.flit);
        out.count += 1;
        out.want &= !(1 << local);
        if V > 1 {
            out.free |= 1 << at;
            out.resting |= 1 << at;
        }
        let (ahead, kind, peak) = (out.ahead + channel, out.kind, out.peak[at]);
        let place = taken.moved(tick + u64::from(out.latency));
        let (waiting, want, ready) = (out.waiting, out.want, out.ready);
        if V == 1 {
            // Whoever waits is looked at when the channel is usable.
            let wanted = u64::from(waiting != 0);
            let next = if waiting != 0 { waiting.trailing_zeros() } else { local };
            let lane = router.lane(next);
            lane.look = if waiting != 0 { usable } else { lane.look };
            self.looks.set(usable, node << Self::SHIFT | next, wanted);
        } else {
            if waiting != 0 {
                self.look_sooner(node, waiting.trailing_zeros(), usable);
            }
            if want != 0 {
                self.look_sooner(node, want.trailing_zeros(), ready);
            }
        }
        let link = || shared.plan.link_from(self.nodes[node as usize], port);
        self.log.head(place.packet(), link, tick);
        let behind = self.push(ahead, kind, place, (peak, tick), shared);
        let out = self.routers[node as usize].out(port);
        out.room[at] = behind.room;
        out.peak[at] = peak + u16::from(behind.held | behind.open);
        if V == 1 && back & FOREIGN == 0 && back >> Self::SHIFT >= self.fig.routers {
            self.early(back, number, (first, len), free);
        }
        self.give_back(back, free, (len, buffer), shared);
    }

    /// A place behind a sender's lane is free from a tick on. A sender nearby sees it there; it is
    /// told if it had found every place taken: as many packets as the buffer holds.
    #[inline(always)]
    pub(super) fn give_back(
        &mut self,
        back: u32,
        free: u64,
        (packets, buffer): (u16, u16),
        shared: &Shared<'_>,
    ) {
        if back & FOREIGN != 0 {
            let place = Place::default().moved(free);
            self.outbox.push(Mail { lane: back, place, what: What::Credit });
        } else if packets == buffer {
            self.room(back, free, shared);
        }
    }

    /// A sender that had found no room has some from a tick on.
    #[inline]
    pub(super) fn room(&mut self, lane: u32, free: u64, shared: &Shared<'_>) {
        let (node, local) = (lane >> Self::SHIFT, lane & Self::LOCAL);
        let Some(router) = self.routers.get_mut(node as usize) else {
            let (port, plane) = (node - self.fig.routers, local as usize / V);
            let side = port as usize * self.fig.planes as usize + plane;
            self.sides[side].out.room[local as usize % V] = free;
            self.refill(port, free, shared);
            return;
        };
        let (port, at) = (local / V as u32, local as usize % V);
        let out = router.out(port);
        out.room[at] = free;
        if V == 1 {
            if out.want != 0 {
                let local = out.want.trailing_zeros();
                self.look(node, local, free);
            }
        } else if out.free >> at & 1 == 0 {
            let local = u32::from(out.holder[at]);
            self.look(node, local, free);
        }
    }

    /// A place of another region's buffer is free from a tick on.
    pub(super) fn credit_abroad(&mut self, back: u32, free: u64, shared: &Shared<'_>) {
        let (node, local) = (back >> Self::SHIFT, back & Self::LOCAL);
        let slot = local as usize / V;
        let ahead = match self.routers.get(node as usize) {
            Some(router) => router.outs[slot & (P - 1)].ahead,
            None => {
                let port = (node - self.fig.routers) as usize;
                self.sides[port * self.fig.planes as usize + slot].out.ahead
            }
        };
        let number = ahead + local % V as u32;
        let (ghost, start) = (self.ghost(ahead), self.ring_of(number));
        let input = &mut self.ghosts[ghost];
        let lane = &mut input.lanes[local as usize % V];
        let at = lane.first as usize & self.fig.ring as usize;
        let place = &mut self.store[start + at];
        *place = place.moved(free);
        let full = lane.len == input.buffer;
        lane.first = lane.first.wrapping_add(1);
        lane.len -= 1;
        if full {
            self.room(back, free, shared);
        }
    }

    /// Puts a packet into the buffer behind a link; says from when on there is room for another
    /// one, and whether more packets than ever lie ahead.
    #[inline(always)]
    pub(super) fn push(
        &mut self,
        lane: u32,
        kind: Kind,
        place: Place,
        (peak, tick): (u16, u64),
        shared: &Shared<'_>,
    ) -> Behind {
        let (len, end, buffer) = match kind {
            Kind::Router => self.store_place(lane, place, shared),
            Kind::Core => self.store_core(lane, place, shared),
            Kind::Foreign => {
                let (ghost, channel) = (self.ghost(lane), lane as usize % V);
                let abroad = self.abroad[ghost] + channel as u32;
                self.outbox.push(Mail { lane: abroad, place, what: What::Packet });
                let (start, ring) = (self.ring_of(lane), self.fig.ring as usize);
                let input = &mut self.ghosts[ghost];
                let state = &mut input.lanes[channel];
                let end = state.first.wrapping_add(state.len);
                self.store[start + (end as usize & ring)] = place;
                state.len += 1;
                (state.len, end, input.buffer)
            }
        };
        // `end` is where this packet lies; `len` counts it.
        let ring = &self.store[self.ring_of(lane)..][..=self.fig.ring as usize];
        let mask = self.fig.ring as usize;
        let before = |back: u16| ring[end.wrapping_sub(back) as usize & mask].at();
        let room = before(buffer - 1) | 0u64.wrapping_sub(u64::from(len >= buffer));
        let held = len > peak;
        Behind { room, held, open: !held & (peak < buffer) & (before(peak) > tick) }
    }

    /// Puts a packet into a router's buffer before it arrives there: packets with it, its number
    /// in the ring, packets that it holds.
    #[inline(always)]
    pub(super) fn store_place(
        &mut self,
        lane: u32,
        place: Place,
        shared: &Shared<'_>,
    ) -> (u16, u16, u16) {
        let (node, local) = (lane >> Self::SHIFT, lane & Self::LOCAL);
        if node >= self.fig.routers {
            return self.store_core(lane, place, shared);
        }
        let start = self.ring_of(lane);
        let input = &mut self.routers[node as usize].ins[(local as usize / V) & (P - 1)];
        let state = &mut input.lanes[local as usize % V];
        let end = state.first.wrapping_add(state.len);
        let at = end as usize & self.fig.ring as usize;
        let place = match self.fig.plain {
            true => place.in_mesh(input.place),
            false => place.in_router(shared.plan, self.nodes[node as usize]),
        };
        self.store[start + at] = place;
        state.len += 1;
        let len = state.len;
        let alone = u64::from(len == 1);
        let look = state.look.max((place.at() + self.fig.settle) & 0u64.wrapping_sub(alone));
        state.look = look;
        state.slot = if alone == 1 { place.slot() } else { state.slot };
        self.looks.set(look, lane, alone);
        (len, end, input.buffer)
    }
}
