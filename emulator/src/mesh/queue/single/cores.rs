//! Sources and sinks.

use super::state::NEVER;
use super::{Place, Shared, Singles};
use crate::mesh::alloc::pick;

/// Looks of a core: at its line, at its buffers.
const LINE: u32 = 0;
const BUFFERS: u32 = 1;

impl<const P: usize, const V: usize> Singles<P, V> {
    /// Has a core looked at, unless it is looked at sooner.
    #[inline]
    fn look_core(&mut self, port: u32, what: u32, tick: u64) {
        let look = &mut self.cores[port as usize].looks[what as usize % 2];
        if *look > tick {
            *look = tick;
            self.looks.at(tick, (port + self.fig.routers) << Self::SHIFT | what);
        }
    }

    /// The first packets of a source.
    pub(super) fn begin(&mut self, port: u32, shared: &Shared<'_>) {
        let number = self.nodes[(port + self.fig.routers) as usize] - shared.plan.routers;
        let line = shared.lines.range(number as usize);
        if !line.is_empty() {
            let core = &mut self.cores[port as usize];
            (core.next, core.end, core.touched) = (line.start, line.end, true);
            self.refill(port, shared.lines.entry(line.start).at, shared);
        }
    }

    /// A source may have room from a tick on.
    #[inline]
    pub(super) fn refill(&mut self, port: u32, tick: u64, shared: &Shared<'_>) {
        if V > 1 {
            self.look_core(port, LINE, tick);
            return;
        }
        while let Some((at, plane)) = self.next_packet(port, shared) {
            let room = self.side(port, plane).out.room[0];
            if room == NEVER {
                return;
            }
            self.inject(port, plane, 0, at.max(room), shared);
        }
    }

    #[inline]
    fn side(&mut self, port: u32, plane: u8) -> &mut super::Side<V> {
        &mut self.sides[port as usize * self.fig.planes as usize + usize::from(plane)]
    }

    /// The next packet of a source: the first tick at which it could go, and its plane.
    #[inline]
    fn next_packet(&self, port: u32, shared: &Shared<'_>) -> Option<(u64, u8)> {
        let core = &self.cores[port as usize];
        if core.next == core.end {
            return None;
        }
        let entry = shared.lines.entry(core.next);
        Some((entry.at.max(core.ready), entry.plane))
    }

    /// Sends a source's next packet into a channel that has room.
    #[inline]
    fn inject(&mut self, port: u32, plane: u8, channel: u32, tick: u64, shared: &Shared<'_>) {
        let core = &mut self.cores[port as usize];
        let ticket = &shared.lines.entry(core.next).ticket;
        let side = port as usize * self.fig.planes as usize + usize::from(plane);
        let out = &mut self.sides[side].out;
        core.next += 1;
        core.ready = tick + u64::from(out.flit);
        out.count += 1;
        let (ahead, kind, at) = (out.ahead + channel, out.kind, channel as usize % V);
        let peak = out.peak[at];
        let place = Place::new(ticket, tick + u64::from(out.latency));
        self.log.injected(ticket.packet, tick);
        let number = (port + self.fig.routers) as usize;
        let link = || shared.plan.link_from(self.nodes[number], u32::from(plane));
        self.log.head(ticket.packet, link, tick);
        let behind = self.push(ahead, kind, place, (peak, tick), shared);
        let out = &mut self.sides[side].out;
        out.room[at] = behind.room;
        // A source ahead of its time does not know yet what will have left by then.
        out.peak[at] = peak + u16::from(behind.open | (behind.held & (V > 1)));
    }

    /// A packet leaves the buffer of a source that sends ahead of its time: which of those behind
    /// it are under way before its place is free.
    #[inline]
    pub(super) fn early(&mut self, back: u32, lane: u32, (first, len): (u16, u16), free: u64) {
        let (node, plane) = (back >> Self::SHIFT, back & Self::LOCAL);
        let side = (node - self.fig.routers) as usize * self.fig.planes as usize + plane as usize;
        let start = self.ring_of(lane);
        let out = &mut self.sides[side].out;
        let ring = &self.store[start..][..=self.fig.ring as usize];
        let came = |peak: u16| ring[usize::from(first.wrapping_add(peak)) & (ring.len() - 1)].at();
        let mut peak = out.peak[0];
        while len > peak && (peak == 0 || came(peak) - u64::from(out.latency) < free) {
            peak += 1;
        }
        out.peak[0] = peak;
    }

    /// What a core does in a tick.
    pub(super) fn act_core(&mut self, port: u32, lanes: u64, tick: u64, shared: &Shared<'_>) {
        let mut due = [false; 2];
        for (what, due) in due.iter_mut().enumerate() {
            let look = &mut self.cores[port as usize].looks[what];
            if lanes >> what & 1 == 1 && *look == tick {
                *look = NEVER;
                *due = true;
            }
        }
        if due[BUFFERS as usize] {
            self.drain(port, tick, shared);
        }
        if due[LINE as usize] {
            self.act_source(port, tick, shared);
        }
    }

    /// Sends the next packet of a source with several channels if it can go.
    fn act_source(&mut self, port: u32, tick: u64, shared: &Shared<'_>) {
        let Some((at, plane)) = self.next_packet(port, shared) else { return };
        if at > tick {
            self.look_core(port, LINE, at);
            return;
        }
        let pointer = self.cores[port as usize].pointer;
        let out = &self.side(port, plane).out;
        let (mut usable, mut soonest) = (0u64, NEVER);
        for (channel, room) in out.room.iter().enumerate() {
            let exists = out.free >> channel & 1;
            usable |= (u64::from(exists) & u64::from(*room <= tick)) << channel;
            if exists == 1 {
                soonest = soonest.min(*room);
            }
        }
        if usable == 0 {
            if soonest != NEVER {
                self.look_core(port, LINE, soonest);
            }
            return;
        }
        let channel = pick(usable, pointer);
        self.cores[port as usize].pointer = (channel as u8 + 1) & 63;
        self.inject(port, plane, channel, tick, shared);
        if let Some((at, _)) = self.next_packet(port, shared) {
            self.look_core(port, LINE, at);
        }
    }

    /// Brings a packet to a core, before it arrives there: packets in the buffer with it, its
    /// number in the ring, packets that the buffer holds.
    #[inline]
    pub(super) fn store_core(
        &mut self,
        lane: u32,
        place: Place,
        shared: &Shared<'_>,
    ) -> (u16, u16, u16) {
        let (node, local) = (lane >> Self::SHIFT, lane & Self::LOCAL);
        let port = node - self.fig.routers;
        let side = port as usize * self.fig.planes as usize + local as usize / V;
        self.cores[port as usize].touched = true;
        let start = self.ring_of(lane);
        let input = &mut self.sides[side].input;
        let state = &mut input.lanes[local as usize % V];
        let end = state.first.wrapping_add(state.len);
        let at = start + (end as usize & self.fig.ring as usize);
        if !self.eager {
            self.store[at] = place;
            state.len += 1;
            let found = (state.len, end, input.buffer);
            self.look_core(port, BUFFERS, place.at());
            return found;
        }
        let core = &mut self.cores[port as usize];
        let take = place.at().max(core.busy);
        let work = shared.lines.service(place.packet());
        if work > 0 {
            core.busy = take + work;
        }
        let free = take + u64::from(input.credit);
        self.store[at] = place.moved(free);
        state.first = state.first.wrapping_add(1);
        input.queue = input.queue.wrapping_add(take - place.at());
        let (back, found) = (input.back, (0, end, input.buffer));
        self.log.delivered(place.packet(), take, take + work);
        self.give_back(back + local % V as u32, free, (0, found.2), shared);
        found
    }

    /// Takes what has arrived at a core, until a packet keeps it busy.
    fn drain(&mut self, port: u32, tick: u64, shared: &Shared<'_>) {
        let ring = self.fig.ring as usize;
        let mut next = NEVER;
        for lane in 0..self.fig.planes * V as u32 {
            let number = (port + self.fig.routers) << Self::SHIFT | lane;
            let side = port as usize * self.fig.planes as usize + lane as usize / V;
            let start = self.ring_of(number);
            loop {
                let core = &mut self.cores[port as usize];
                let input = &mut self.sides[side].input;
                let state = &mut input.lanes[lane as usize % V];
                if state.len == 0 {
                    break;
                }
                let place = &mut self.store[start + (state.first as usize & ring)];
                let come = place.at();
                if come.max(core.busy) > tick {
                    next = next.min(come.max(core.busy));
                    break;
                }
                let work = shared.lines.service(place.packet());
                if work > 0 {
                    core.busy = tick + work;
                }
                let free = tick + u64::from(input.credit);
                *place = place.moved(free);
                input.queue = input.queue.wrapping_add(tick - come);
                let held = (state.len, input.buffer);
                state.first = state.first.wrapping_add(1);
                state.len -= 1;
                let back = input.back + lane % V as u32;
                self.log.delivered(place.packet(), tick, tick + work);
                self.give_back(back, free, held, shared);
            }
        }
        if next != NEVER {
            self.look_core(port, BUFFERS, next);
        }
    }
}
