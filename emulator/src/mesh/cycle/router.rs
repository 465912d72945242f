//! Routers of the `cycle` model: channels are allocated, then the switch, then flits move.

use super::Engine;
use super::state::{Arrival, Front, HEAD, Hold, OutSlot, PACKET, TAIL};
use crate::mesh::alloc::{Grants, bits, by_slot, pick};
use crate::mesh::fabric::{Speculation, Switching};
use crate::mesh::traffic::Waiting;

impl<const V: usize> Engine<V> {
    /// Evaluates both allocators on the state before this tick, then applies what they granted.
    pub(super) fn visit_router(&mut self, tick: u64, node: u32) {
        let first = (node * self.fig.slots) as usize;
        let mut channels = Grants::default();
        let live = self.nodes[node as usize].live;
        let mut idle = 0;
        for port in bits(live) {
            let slot = &self.out_slots[first + port as usize];
            idle |= u64::from(slot.waiting | slot.want == 0) << port;
            if slot.waiting != 0 && slot.free != 0 {
                self.grant_channels(node, port, &mut channels);
            }
        }
        let live = live & !idle;
        self.nodes[node as usize].live = live;
        let mut moves = Grants::default();
        let blocked = self.grant_switch(tick, node, live, &mut moves);
        for (local, out) in channels.iter() {
            self.take_channel(node, local, out);
        }
        let mut moved = channels.any();
        for (local, port) in moves.iter() {
            moved |= self.send(tick, node, local, port);
        }
        if self.plan.drop_after.is_some() {
            self.drop_late(tick, node);
        }
        if moved {
            self.wheel.wake(tick + 1, node);
        } else if let Some(ready) = blocked {
            self.wheel.wake(ready, node);
        }
    }

    /// Channel allocation at one output: a grant per channel, an acceptance per in lane.
    fn grant_channels(&mut self, node: u32, port: u32, grants: &mut Grants) {
        let index = (node * self.fig.slots + port) as usize;
        let base = node << self.fig.shift;
        let slot = &mut self.out_slots[index];
        let lanes = self.fig.slots * V as u32;
        let next = |at: u32| if at + 1 == lanes { 0 } else { at as u8 + 1 };
        if V == 1 && self.plan.switching == Switching::Wormhole {
            let local = pick(slot.waiting, slot.lanes[0].pointer);
            slot.lanes[0].pointer = next(local);
            self.in_lanes[(base | local) as usize].pointer = next(port);
            grants.push(local, port);
            return;
        }
        let mut chosen = [u32::MAX; V];
        let mut open = 0u64;
        let slot = &self.out_slots[index];
        for channel in bits(u64::from(slot.free)) {
            let fitting = self.fitting(base, slot, channel);
            if fitting != 0 {
                chosen[channel as usize] = pick(fitting, slot.lanes[channel as usize].pointer);
                open |= 1 << channel;
            }
        }
        while open != 0 {
            let local = chosen[open.trailing_zeros() as usize];
            let mut offered = 0;
            for channel in bits(open) {
                offered |= u64::from(chosen[channel as usize] == local) << channel;
            }
            open &= !offered;
            let lane = &mut self.in_lanes[(base | local) as usize];
            let out = pick(offered << (port as usize * V), lane.pointer);
            lane.pointer = next(out);
            self.out_slots[index].lanes[out as usize % V].pointer = next(local);
            grants.push(local, out);
        }
    }

    /// In lanes that may take a channel of an output.
    #[inline]
    fn fitting(&self, base: u32, slot: &OutSlot<V>, channel: u32) -> u64 {
        let through = self.plan.switching == Switching::VirtualCutThrough;
        if !self.plan.classed && !through {
            return slot.waiting;
        }
        let credits = slot.lanes[channel as usize].credits;
        let mut fitting = 0;
        for local in bits(slot.waiting) {
            let lane = &self.in_lanes[(base | local) as usize];
            let at = (base | local) * (self.fig.ring + 1) + u32::from(lane.first);
            let whole = self.store[at as usize].flits;
            let fits = lane.allowed >> channel & 1 == 1 && (!through || credits >= whole);
            fitting |= u64::from(fits) << local;
        }
        fitting
    }

    /// Switch allocation: a grant per output, an acceptance per input. Gives the next tick at
    /// which an occupied link is free, if one was asked for.
    fn grant_switch(&mut self, tick: u64, node: u32, live: u64, moves: &mut Grants) -> Option<u64> {
        let slots = self.fig.slots;
        let first = (node * slots) as usize;
        let mut offers = [0u64; 64];
        let mut inputs = 0u64;
        let mut blocked = None;
        for port in bits(live) {
            let slot = &self.out_slots[first + port as usize];
            let mut want = slot.want;
            if self.plan.speculation == Speculation::On && slot.waiting != 0 {
                want |= self.speculators(node, slot);
            }
            if want == 0 {
                continue;
            }
            if slot.ready > tick {
                blocked = Some(blocked.map_or(slot.ready, |at: u64| at.min(slot.ready)));
                continue;
            }
            let input = pick(by_slot::<V>(want), slot.pointer) as usize / V;
            if inputs >> input & 1 == 0 {
                offers[input] = 0;
            }
            offers[input] |= 1 << port;
            inputs |= 1 << input;
        }
        for input in bits(inputs) {
            let entry = &mut self.in_slots[first + input as usize];
            let port = pick(offers[input as usize], entry.pointer);
            entry.pointer = if port + 1 == slots { 0 } else { port as u8 + 1 };
            let slot = &self.out_slots[first + port as usize];
            let shift = input as usize * V;
            let mut mine = slot.want >> shift & ((1 << V) - 1);
            if mine == 0 {
                mine = self.speculators(node, slot) >> shift & ((1 << V) - 1);
            }
            let entry = &mut self.in_slots[first + input as usize];
            let channel = pick(mine, entry.channel);
            entry.channel = if channel + 1 == self.plan.channels { 0 } else { channel as u8 + 1 };
            let next = if input + 1 == slots { 0 } else { input + 1 };
            self.out_slots[first + port as usize].pointer = (next as usize * V) as u8;
            moves.push(shift as u32 + channel, port);
            let lane = node << self.fig.shift | (shift as u32 + channel);
            for port in bits(self.fork_shares(lane, offers[input as usize], port)) {
                moves.push(shift as u32 + channel, port);
            }
        }
        blocked
    }

    /// Waiting lanes for which some channel is free and has a credit.
    #[inline]
    fn speculators(&self, node: u32, slot: &OutSlot<V>) -> u64 {
        let usable = slot.free & slot.credited;
        if !self.plan.classed {
            return if usable == 0 { 0 } else { slot.waiting };
        }
        let mut lanes = 0;
        for local in bits(slot.waiting) {
            let lane = &self.in_lanes[(node << self.fig.shift | local) as usize];
            lanes |= u64::from(lane.allowed & usable != 0) << local;
        }
        lanes
    }

    #[inline]
    fn take_channel(&mut self, node: u32, local: u32, out: u32) {
        let at = node << self.fig.shift | local;
        let port = out as usize / V;
        let lane = &mut self.in_lanes[at as usize];
        let there = if lane.front == Front::Forked {
            self.fork_takes(at, port as u32, out)
        } else {
            lane.front = Front::Active;
            lane.out = out as u8;
            true
        };
        let slot = &mut self.out_slots[(node * self.fig.slots) as usize + port];
        let taken = &mut slot.lanes[out as usize % V];
        taken.holder = local as u8;
        taken.hold = Hold::Held;
        slot.waiting &= !(1 << local);
        slot.free &= !(1 << (out as usize % V));
        if taken.credits > 0 && there {
            slot.want |= 1 << local;
        }
    }

    /// Moves one flit through the switch; false if a speculative grant was in vain.
    #[inline]
    fn send(&mut self, tick: u64, node: u32, local: u32, port: u32) -> bool {
        let lane = node << self.fig.shift | local;
        let state = &self.in_lanes[lane as usize];
        if state.front == Front::Forked {
            return self.fork_send(tick, lane, port);
        }
        let index = (node * self.fig.slots + port) as usize;
        let channel = usize::from(state.out) % V;
        if state.front != Front::Active || self.out_slots[index].lanes[channel].credits == 0 {
            return false;
        }
        let flit = self.pop(tick, lane);
        let state = &mut self.in_lanes[lane as usize];
        let slot = &mut self.out_slots[index];
        let tail = flit.packet & TAIL != 0;
        let credits = slot.send(tick, channel, tail, self.plan.release);
        if tail {
            state.front = Front::Idle;
        }
        if tail || state.len == 0 || credits == 0 {
            slot.want &= !(1 << local);
        }
        let arrival = tick + self.fig.traverse + u64::from(slot.latency);
        self.wheel.arrival(arrival, Arrival { lane: slot.lane + channel as u32, flit });
        if flit.packet & HEAD != 0 {
            self.log.head(flit.packet & PACKET, || self.plan.outs[index].link, tick);
        }
        if tail && self.in_lanes[lane as usize].len > 0 {
            self.front(tick + 1, lane);
        }
        true
    }

    /// Follows waiting channels from a stuck one until they close a ring.
    pub(super) fn ring(&self) -> Vec<Waiting> {
        let lanes = self.fig.routers << self.fig.shift;
        let stuck = |lane: u32| self.in_lanes[lane as usize].len > 0;
        let ring = crate::mesh::deadlock::find_ring(lanes, stuck, |lane| self.waits_for(lane));
        ring.into_iter()
            .map(|lane| {
                let (first, at) = self.sender(lane);
                let state = &self.in_lanes[lane as usize];
                let front = lane * (self.fig.ring + 1) + u32::from(state.first);
                Waiting {
                    link: self.plan.ins[first + at].link,
                    channel: (lane & self.fig.local) % V as u32,
                    packet: self.store[front as usize].packet & PACKET,
                }
            })
            .collect()
    }

    /// The buffer that the front of `lane` waits for.
    fn waits_for(&self, lane: u32) -> Option<u32> {
        let node = lane >> self.fig.shift;
        let state = &self.in_lanes[lane as usize];
        let slot = &self.out_slots[(node * self.fig.slots + u32::from(state.slot)) as usize];
        match state.front {
            Front::Waiting => {
                let held = |c: &usize| state.allowed >> c & 1 == 1 && slot.free >> c & 1 == 0;
                let Some(channel) = (0..V).find(held) else {
                    // Every channel is free and none has room for the whole packet.
                    return self.ahead(slot, state.allowed.trailing_zeros());
                };
                let out = slot.lanes[channel];
                match out.hold {
                    Hold::Held => Some(node << self.fig.shift | u32::from(out.holder)),
                    Hold::Draining => self.ahead(slot, channel as u32),
                    Hold::Free => None,
                }
            }
            Front::Active => self.ahead(slot, u32::from(state.out) % V as u32),
            Front::Forked => self.fork_waits_for(lane),
            Front::Idle | Front::Routing | Front::Dropping => None,
        }
    }

    /// The buffer behind a channel, if it is a router's.
    pub(super) fn ahead(&self, slot: &OutSlot<V>, channel: u32) -> Option<u32> {
        let next = slot.lane + channel;
        (next >> self.fig.shift < self.fig.routers).then_some(next)
    }
}
