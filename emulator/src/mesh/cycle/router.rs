//! What happens at a node in one tick: events first, then allocation, then movement.

use super::alloc::{bits, pick};
use super::state::Head;
use super::{Engine, HEAD, PACKET, ROUTED, TAIL};
use crate::mesh::fabric::{ChannelRelease, Speculation, Switching};
use crate::mesh::traffic::Waiting;

/// Grants of one visit; a router has at most 64 lanes.
struct Grants {
    len: usize,
    pairs: [(u8, u8); 64],
}

impl Grants {
    #[inline]
    fn new() -> Self {
        Self { len: 0, pairs: [(0, 0); 64] }
    }

    #[inline]
    fn push(&mut self, pair: (u8, u8)) {
        self.pairs[self.len] = pair;
        self.len += 1;
    }

    #[inline]
    fn as_slice(&self) -> &[(u8, u8)] {
        &self.pairs[..self.len]
    }
}

impl Engine<'_> {
    /// Credits come back to the sender of `lane`.
    pub(super) fn credit(&mut self, tick: u64, lane: u32, flits: u32) {
        let node = lane >> self.plan.shift;
        let local = lane & ((1 << self.plan.shift) - 1);
        let out = &mut self.out_lanes[lane as usize];
        out.credits += flits;
        debug_assert!(out.credits <= out.buffer);
        let whole = out.credits == out.buffer;
        let port = u32::from(self.port_of[local as usize]);
        let channel = local - port * self.plan.channels;
        let slot = &mut self.out_slots[(node * self.plan.slots + port) as usize];
        slot.credited |= 1 << channel;
        if out.draining && whole {
            out.draining = false;
            out.held = false;
            slot.free |= 1 << channel;
        } else if out.held && !out.draining {
            let holder = out.holder;
            let held = (node << self.plan.shift | u32::from(holder)) as usize;
            if node < self.plan.routers && self.in_lanes[held].len > 0 {
                slot.want |= 1 << holder;
            }
        }
        self.enlist(tick, node);
    }

    /// A flit reaches the buffer of `lane`, or the head of `lane` has been routed.
    pub(super) fn arrive(&mut self, tick: u64, lane: u32, payload: u32) {
        let node = lane >> self.plan.shift;
        if payload == ROUTED {
            self.wait(lane);
            self.enlist(tick, node);
            return;
        }
        let state = &mut self.in_lanes[lane as usize];
        let at = (u32::from(state.first) + u32::from(state.len)) & (self.depth - 1);
        self.store[(lane * self.depth + at) as usize] = payload;
        state.len += 1;
        let (head, only) = (state.head, state.len == 1);
        let local = lane & ((1 << self.plan.shift) - 1);
        let port = u32::from(self.port_of[local as usize]);
        let link = self.plan.ins[(node * self.plan.slots + port) as usize].link;
        self.record.enter(link, tick);
        if node >= self.plan.routers {
            self.enlist(tick, node);
            return;
        }
        match head {
            Head::Idle => self.front(tick, lane),
            Head::Active if only => {
                let out = self.in_lanes[lane as usize].out;
                let slot = self.port_of[out as usize];
                let out_lane = node << self.plan.shift | u32::from(out);
                if self.out_lanes[out_lane as usize].credits > 0 {
                    let slot = node * self.plan.slots + u32::from(slot);
                    self.out_slots[slot as usize].want |= 1 << local;
                    self.enlist(tick, node);
                }
                return;
            }
            _ => return,
        }
        self.enlist(tick, node);
    }

    /// A head is at the front of its buffer from `tick` on.
    #[inline]
    fn front(&mut self, tick: u64, lane: u32) {
        if self.plan.routing == 0 {
            self.wait(lane);
        } else {
            self.in_lanes[lane as usize].head = Head::Routing;
            self.wheel.arrival(tick + u64::from(self.plan.routing), lane, ROUTED);
        }
    }

    /// The head of `lane` starts to ask for a channel.
    #[inline]
    fn wait(&mut self, lane: u32) {
        let node = lane >> self.plan.shift;
        let local = lane & ((1 << self.plan.shift) - 1);
        let state = &mut self.in_lanes[lane as usize];
        let flit = self.store[(lane * self.depth + u32::from(state.first)) as usize];
        let step = self.plan.step(node, self.flights[(flit & PACKET) as usize]);
        state.head = Head::Waiting;
        state.slot = step.port as u8;
        state.allowed = step.class.mask(self.plan.channels);
        self.out_slots[(node * self.plan.slots + step.port) as usize].waiting |= 1 << local;
    }

    pub(super) fn visit_router(&mut self, tick: u64, node: u32) {
        let mut channels = Grants::new();
        let first = (node * self.plan.slots) as usize;
        for port in 0..self.plan.slots {
            let slot = self.out_slots[first + port as usize];
            if slot.waiting != 0 && slot.free != 0 {
                self.grant_channels(node, port, &mut channels);
            }
        }
        let mut moves = Grants::new();
        let blocked = self.grant_switch(tick, node, &mut moves);
        for &(local, out) in channels.as_slice() {
            self.take_channel(node, local, out);
        }
        let mut moved = channels.len > 0;
        for &(local, port) in moves.as_slice() {
            moved |= self.send(tick, node, local, port);
        }
        if moved {
            self.wheel.wake(tick + 1, node);
        } else if let Some(ready) = blocked {
            self.wheel.wake(ready, node);
        }
    }

    /// Virtual-channel allocation at one output: grant per channel, accept per in lane.
    fn grant_channels(&mut self, node: u32, port: u32, grants: &mut Grants) {
        let channels = self.plan.channels;
        let slot = self.out_slots[(node * self.plan.slots + port) as usize];
        let base = node << self.plan.shift;
        let mut chosen = [u8::MAX; 64];
        let mut open = 0u64;
        for channel in bits(slot.free) {
            let out = port * channels + channel;
            let candidates = self.candidates(base, slot.waiting, out, channel);
            if candidates != 0 {
                let pointer = self.out_lanes[(base | out) as usize].pointer;
                chosen[channel as usize] = pick(candidates, pointer) as u8;
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
            let lane = &mut self.in_lanes[(base | u32::from(local)) as usize];
            let out = pick(offered << (port * channels), lane.pointer);
            let lanes = self.plan.slots * channels;
            lane.pointer = ((out + 1) % lanes) as u8;
            self.out_lanes[(base | out) as usize].pointer =
                ((u32::from(local) + 1) % lanes) as u8;
            grants.push((local, out as u8));
        }
    }

    /// In lanes that may take a channel of an output.
    #[inline]
    fn candidates(&self, base: u32, waiting: u64, out: u32, channel: u32) -> u64 {
        let through = self.plan.switching == Switching::VirtualCutThrough;
        if !self.plan.classed && !through {
            return waiting;
        }
        let credits = self.out_lanes[(base | out) as usize].credits;
        let mut candidates = 0;
        for local in bits(waiting) {
            let lane = self.in_lanes[(base | local) as usize];
            let mut fits = lane.allowed >> channel & 1 == 1;
            if through {
                let at = (base | local) * self.depth + u32::from(lane.first);
                let packet = self.store[at as usize] & PACKET;
                fits &= credits >= u32::from(self.flights[packet as usize].flits);
            }
            candidates |= u64::from(fits) << local;
        }
        candidates
    }

    /// Switch allocation: grant per output, accept per input; the next tick at which an occupied
    /// link is free, if one was asked for.
    fn grant_switch(&mut self, tick: u64, node: u32, moves: &mut Grants) -> Option<u64> {
        let plan = self.plan;
        let first = (node * plan.slots) as usize;
        let speculative = plan.speculation == Speculation::On;
        let mut offers = [0u64; 64];
        let mut inputs = 0u64;
        let mut blocked = None;
        for port in 0..plan.slots {
            let slot = self.out_slots[first + port as usize];
            let mut want = slot.want;
            if speculative && slot.waiting != 0 {
                want |= self.speculators(node, port);
            }
            if want == 0 {
                continue;
            }
            if slot.ready > tick {
                blocked = Some(blocked.map_or(slot.ready, |at: u64| at.min(slot.ready)));
                continue;
            }
            let input = self.port_of[pick(self.by_slot(want), slot.pointer) as usize];
            offers[input as usize] |= 1 << port;
            inputs |= 1 << input;
        }
        for input in bits(inputs) {
            let entry = &mut self.in_slots[first + input as usize];
            let port = pick(offers[input as usize], entry.pointer);
            entry.pointer = ((port + 1) % plan.slots) as u8;
            let shift = input * plan.channels;
            let mut mine = self.out_slots[first + port as usize].want >> shift;
            mine &= (1 << plan.channels) - 1;
            if mine == 0 {
                mine = self.speculators(node, port) >> shift & ((1 << plan.channels) - 1);
            }
            let entry = &mut self.in_slots[first + input as usize];
            let channel = pick(mine, entry.channel);
            entry.channel = ((channel + 1) % plan.channels) as u8;
            self.out_slots[first + port as usize].pointer =
                ((input + 1) % plan.slots * plan.channels) as u8;
            moves.push(((shift + channel) as u8, port as u8));
        }
        blocked
    }

    /// One bit per in slot that has any lane in `mask`, at the slot's first lane.
    #[inline]
    fn by_slot(&self, mask: u64) -> u64 {
        match self.plan.channels {
            1 => mask,
            2 => (mask | mask >> 1) & self.slot_bits,
            4 => {
                let pairs = mask | mask >> 1;
                (pairs | pairs >> 2) & self.slot_bits
            }
            channels => {
                let mut gathered = 0;
                for channel in 0..channels {
                    gathered |= mask >> channel;
                }
                gathered & self.slot_bits
            }
        }
    }

    /// Waiting lanes for which some channel is free and has a credit.
    fn speculators(&self, node: u32, port: u32) -> u64 {
        let slot = self.out_slots[(node * self.plan.slots + port) as usize];
        let usable = slot.free & slot.credited;
        if !self.plan.classed {
            return if usable == 0 { 0 } else { slot.waiting };
        }
        let mut lanes = 0;
        for local in bits(slot.waiting) {
            let lane = self.in_lanes[(node << self.plan.shift | local) as usize];
            lanes |= u64::from(lane.allowed & usable != 0) << local;
        }
        lanes
    }

    fn take_channel(&mut self, node: u32, local: u8, out: u8) {
        let base = node << self.plan.shift;
        let lane = &mut self.in_lanes[(base | u32::from(local)) as usize];
        lane.head = Head::Active;
        lane.out = out;
        let port = self.port_of[out as usize];
        let channel = u32::from(out) - u32::from(port) * self.plan.channels;
        let out_lane = &mut self.out_lanes[(base | u32::from(out)) as usize];
        out_lane.holder = local;
        out_lane.held = true;
        let slot = &mut self.out_slots[(node * self.plan.slots + u32::from(port)) as usize];
        slot.waiting &= !(1 << local);
        slot.free &= !(1 << channel);
        if out_lane.credits > 0 {
            slot.want |= 1 << local;
        }
    }

    /// Moves one flit through the switch; false if a speculative grant was in vain.
    fn send(&mut self, tick: u64, node: u32, local: u8, port: u8) -> bool {
        let plan = self.plan;
        let base = node << plan.shift;
        let lane = base | u32::from(local);
        let state = &mut self.in_lanes[lane as usize];
        if state.head != Head::Active {
            return false;
        }
        let out_local = state.out;
        let out_lane = &mut self.out_lanes[(base | u32::from(out_local)) as usize];
        if out_lane.credits == 0 {
            return false;
        }
        let flit = self.store[(lane * self.depth + u32::from(state.first)) as usize];
        state.first = ((u32::from(state.first) + 1) & (self.depth - 1)) as u16;
        state.len -= 1;
        let left = state.len;
        let slot_index = (node * plan.slots + u32::from(port)) as usize;
        let slot = &mut self.out_slots[slot_index];
        let channel = u32::from(out_local) - u32::from(port) * plan.channels;
        out_lane.credits -= 1;
        if out_lane.credits == 0 {
            slot.credited &= !(1 << channel);
        }
        let tail = flit & TAIL != 0;
        if tail {
            match plan.release {
                ChannelRelease::TailSent => {
                    out_lane.held = false;
                    slot.free |= 1 << channel;
                }
                ChannelRelease::TailCredit => out_lane.draining = true,
            }
            state.head = Head::Idle;
        }
        if tail || left == 0 || out_lane.credits == 0 {
            slot.want &= !(1 << local);
        }
        let out = plan.outs[slot_index];
        slot.ready = tick + u64::from(out.flit);
        let depart = tick + u64::from(plan.traverse);
        self.wheel.arrival(depart + u64::from(out.latency), out.lane + channel, flit);
        let input = u32::from(self.port_of[local as usize]);
        let from = plan.ins[(node * plan.slots + input) as usize];
        let back = from.lane + u32::from(local) - input * plan.channels;
        self.wheel.credit(tick + u64::from(from.credit), back, 1);
        self.record.leave(from.link, tick);
        self.record.depart(out.link, 1, u32::from(tail));
        if flit & HEAD != 0 {
            self.record.head(flit & PACKET, out.link, tick);
        }
        if tail && left > 0 {
            self.front(tick + 1, lane);
        }
        true
    }

    /// Follows waiting channels from a stuck one until they close a ring.
    pub(super) fn ring(&self) -> Vec<Waiting> {
        let plan = self.plan;
        let mut seen = vec![0u32; self.in_lanes.len()];
        let lanes = (plan.routers as usize) << plan.shift;
        for (start, round) in (0..lanes as u32).zip(1..) {
            if self.in_lanes[start as usize].len == 0 || seen[start as usize] != 0 {
                continue;
            }
            let mut path = Vec::new();
            let mut lane = start;
            loop {
                if seen[lane as usize] == round {
                    let from = path.iter().position(|at| *at == lane).unwrap_or(0);
                    return path[from..].iter().map(|at| self.waiting_at(*at)).collect();
                }
                if seen[lane as usize] != 0 {
                    break;
                }
                seen[lane as usize] = round;
                path.push(lane);
                let Some(next) = self.waits_for(lane) else { break };
                lane = next;
            }
        }
        Vec::new()
    }

    /// The buffer that the head of `lane` waits for.
    fn waits_for(&self, lane: u32) -> Option<u32> {
        let plan = self.plan;
        let node = lane >> plan.shift;
        let state = self.in_lanes[lane as usize];
        match state.head {
            Head::Waiting => {
                let port = u32::from(state.slot);
                let slot = self.out_slots[(node * plan.slots + port) as usize];
                let busy = state.allowed & !slot.free;
                let channel = if busy == 0 { 0 } else { busy.trailing_zeros() };
                let out = &self.out_lanes[(node << plan.shift | port * plan.channels + channel) as usize];
                if out.held { Some(node << plan.shift | u32::from(out.holder)) } else { None }
            }
            Head::Active => {
                let port = u32::from(self.port_of[state.out as usize]);
                let out = plan.outs[(node * plan.slots + port) as usize];
                let next = out.lane + u32::from(state.out) - port * plan.channels;
                (next >> plan.shift < plan.routers).then_some(next)
            }
            Head::Idle | Head::Routing => None,
        }
    }

    fn waiting_at(&self, lane: u32) -> Waiting {
        let plan = self.plan;
        let (node, local) = (lane >> plan.shift, lane & ((1 << plan.shift) - 1));
        let port = u32::from(self.port_of[local as usize]);
        let state = self.in_lanes[lane as usize];
        let flit = self.store[(lane * self.depth + u32::from(state.first)) as usize];
        Waiting {
            link: plan.ins[(node * plan.slots + port) as usize].link,
            channel: local - port * plan.channels,
            packet: flit & PACKET,
        }
    }
}
