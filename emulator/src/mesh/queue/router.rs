//! Routers of the `queue` model: channels are handed out, packets move.

use super::Engine;
use super::lanes::Begins;
use super::state::{Burst, Front, Hold, OutSlot};
use crate::mesh::alloc::{bits, by_slot, pick};
use crate::mesh::fabric::{ChannelRelease, Switching};
use crate::mesh::traffic::Waiting;

impl<const V: usize> Engine<V> {
    /// A router with one virtual channel: who has the channel is the only one to send.
    pub(super) fn visit_single(&mut self, tick: u64, node: u32) {
        self.look(tick, node);
        let first = (node * self.fig.slots) as usize;
        let mut wake = u64::MAX;
        let mut live = self.nodes[node as usize].live;
        for port in bits(live) {
            let index = first + port as usize;
            let slot = &self.out_slots[index];
            if slot.waiting != 0 && slot.free != 0 {
                if slot.lanes[0].usable > tick {
                    wake = wake.min(slot.lanes[0].usable);
                } else {
                    let waiting = self.fitting(node, slot, 0);
                    if waiting != 0 {
                        let local = pick(waiting, slot.channel_pointer);
                        self.take_channel(node, port, local, 0);
                    }
                }
            }
            let slot = &self.out_slots[index];
            if slot.want != 0 {
                if slot.ready > tick {
                    wake = wake.min(slot.ready);
                    continue;
                }
                let local = slot.want.trailing_zeros();
                self.send(tick, node, local, port);
                let slot = &self.out_slots[index];
                if slot.want != 0 {
                    wake = wake.min(slot.ready);
                }
                if slot.waiting != 0 && slot.free != 0 {
                    wake = wake.min(slot.lanes[0].usable);
                }
            }
            let slot = &self.out_slots[index];
            if slot.waiting | slot.want == 0 {
                live &= !(1 << port);
            }
        }
        self.nodes[node as usize].live = live;
        if wake != u64::MAX {
            self.calendar.wake(wake.max(tick + 1), node);
        }
    }

    /// A router with several virtual channels.
    pub(super) fn visit_several(&mut self, tick: u64, node: u32) {
        self.look(tick, node);
        let slots = self.fig.slots;
        let first = (node * slots) as usize;
        let mut wake = u64::MAX;
        let mut offers = [0u64; 64];
        let mut inputs = 0u64;
        let mut live = self.nodes[node as usize].live;
        for port in bits(live) {
            let slot = &self.out_slots[first + port as usize];
            if slot.waiting != 0 && slot.free != 0 {
                wake = wake.min(self.hand_out(tick, node, port));
            }
            let slot = &self.out_slots[first + port as usize];
            if slot.want == 0 {
                if slot.waiting == 0 {
                    live &= !(1 << port);
                }
                continue;
            }
            if slot.ready > tick {
                wake = wake.min(slot.ready);
                continue;
            }
            let mut asked = by_slot::<V>(slot.want);
            for at in bits(asked) {
                let busy = self.in_slots[first + at as usize / V].busy;
                if busy > tick {
                    asked &= !(1 << at);
                    wake = wake.min(busy);
                }
            }
            if asked != 0 {
                let input = pick(asked, slot.pointer) as usize / V;
                if inputs >> input & 1 == 0 {
                    offers[input] = 0;
                }
                offers[input] |= 1 << port;
                inputs |= 1 << input;
            }
        }
        self.nodes[node as usize].live = live;
        for input in bits(inputs) {
            let entry = &mut self.in_slots[first + input as usize];
            let port = pick(offers[input as usize], entry.pointer);
            entry.pointer = if port + 1 == slots { 0 } else { port as u8 + 1 };
            let slot = &mut self.out_slots[first + port as usize];
            let next = if input + 1 == slots { 0 } else { input + 1 };
            slot.pointer = (next as usize * V) as u8;
            let mine = slot.want >> (input as usize * V) & ((1 << V) - 1);
            let channel = pick(mine, entry.channel);
            entry.channel = ((channel as usize + 1) % V) as u8;
            self.send(tick, node, input * V as u32 + channel, port);
        }
        if inputs != 0 {
            wake = wake.min(tick + 1);
        }
        if wake != u64::MAX {
            self.calendar.wake(wake.max(tick + 1), node);
        }
    }

    /// Hands the free channels of an output to waiting lanes; when the next one is usable.
    fn hand_out(&mut self, tick: u64, node: u32, port: u32) -> u64 {
        let index = (node * self.fig.slots + port) as usize;
        let mut wake = u64::MAX;
        // From the channel after the last one handed out, so that all of them fill evenly.
        let mut free = u64::from(self.out_slots[index].free);
        while free != 0 {
            let channel = pick(free, self.out_slots[index].next_channel);
            free &= !(1 << channel);
            let slot = &self.out_slots[index];
            let usable = slot.lanes[channel as usize].usable;
            if usable > tick {
                wake = wake.min(usable);
                continue;
            }
            let waiting = self.fitting(node, slot, channel);
            if waiting != 0 {
                let local = pick(waiting, slot.channel_pointer);
                self.take_channel(node, port, local, channel);
                let next = channel + 1;
                self.out_slots[index].next_channel =
                    if next == self.plan.channels { 0 } else { next as u8 };
            }
        }
        if self.out_slots[index].waiting == 0 { u64::MAX } else { wake }
    }

    /// In lanes that may take a channel of an output.
    #[inline]
    fn fitting(&self, node: u32, slot: &OutSlot<V>, channel: u32) -> u64 {
        let through = self.plan.switching == Switching::VirtualCutThrough;
        if !self.plan.classed && !through {
            return slot.waiting;
        }
        let credits = slot.lanes[channel as usize].credits;
        let mut fitting = 0;
        for local in bits(slot.waiting) {
            let lane = &self.in_lanes[(node << self.fig.shift | local) as usize];
            let fits = lane.allowed >> channel & 1 == 1 && (!through || credits >= lane.left);
            fitting |= u64::from(fits) << local;
        }
        fitting
    }

    #[inline]
    fn take_channel(&mut self, node: u32, port: u32, local: u32, channel: u32) {
        let lane = &mut self.in_lanes[(node << self.fig.shift | local) as usize];
        lane.front = Front::Active;
        lane.out = (port as usize * V) as u8 + channel as u8;
        let slot = &mut self.out_slots[(node * self.fig.slots + port) as usize];
        let out = &mut slot.lanes[channel as usize];
        out.holder = local as u8;
        out.hold = Hold::Held;
        slot.waiting &= !(1 << local);
        slot.free &= !(1 << channel);
        let next = local + 1;
        slot.channel_pointer =
            if next == self.fig.slots * V as u32 { 0 } else { next as u8 };
        if out.credits > 0 {
            slot.want |= 1 << local;
        }
    }

    /// Moves as much of the front burst as has room behind the link.
    #[inline]
    fn send(&mut self, tick: u64, node: u32, local: u32, port: u32) {
        let lane_index = node << self.fig.shift | local;
        let lane = &mut self.in_lanes[lane_index as usize];
        let front = lane_index * (self.fig.ring + 1) + u32::from(lane.first);
        let burst = self.store[front as usize];
        let slot_index = (node * self.fig.slots + port) as usize;
        let slot = &mut self.out_slots[slot_index];
        let channel = usize::from(lane.out) % V;
        let out = &mut slot.lanes[channel];
        let flits = burst.flits.min(out.credits);
        debug_assert!(flits > 0);
        let head = lane.left == burst.ticket.flits;
        // The flits follow each other as fast as the slower of arrival and departure.
        let mut spacing = u64::from(slot.flit);
        let follow = u64::from(flits - 1);
        let mut end = tick + follow * spacing;
        let last = burst.at + follow * u64::from(burst.spacing);
        if flits > 1 && last > end {
            spacing = (last - tick).div_ceil(follow);
            end = tick + follow * spacing;
        }
        lane.left -= flits;
        out.credits -= flits;
        let tail = lane.left == 0;
        let through = flits == burst.flits;
        if through || out.credits == 0 {
            slot.want &= !(1 << local);
        }
        if tail {
            match self.plan.release {
                ChannelRelease::TailSent => {
                    out.hold = Hold::Free;
                    out.usable = end + self.fig.renew;
                    slot.free |= 1 << channel;
                }
                ChannelRelease::TailCredit => out.hold = Hold::Draining,
            }
            lane.front = Front::Idle;
            lane.floor = end + 1 + self.fig.settle;
        }
        slot.ready = end + u64::from(slot.flit);
        slot.flits += u32::from(flits);
        slot.packets += u32::from(tail);
        let at = tick + self.fig.traverse + u64::from(slot.latency);
        let ahead = slot.lane + channel as u32;
        if V > 1 {
            let cross = if self.fig.cross == 0 { u64::from(lane.spacing) } else { self.fig.cross };
            self.in_slots[(node * self.fig.slots) as usize + local as usize / V].busy = end + cross;
        }
        if head {
            self.record.head(burst.ticket.packet, self.plan.outs[slot_index].link, tick);
        }
        let begins = if head { Begins::Packet } else { Begins::Nothing };
        self.push(ahead, Burst { at, flits, spacing: spacing as u16, ..burst }, begins);
        if let Some(next) = self.leave(lane_index, flits, tick, spacing) {
            let lane = &mut self.in_lanes[lane_index as usize];
            let ready = if tail { lane.floor.max(next + self.fig.settle) } else { next };
            lane.ready = ready.max(tick + 1);
            self.calendar.wake(lane.ready, node);
            self.nodes[node as usize].pending |= 1 << local;
        }
    }

    /// Follows waiting channels from a stuck one until they close a ring.
    pub(super) fn ring(&self) -> Vec<Waiting> {
        let lanes = self.fig.routers << self.fig.shift;
        let stuck = |lane: u32| self.in_lanes[lane as usize].len > 0;
        let ring = crate::mesh::deadlock::find_ring(lanes, stuck, |lane| self.waits_for(lane));
        ring.into_iter()
            .map(|lane| {
                let (first, at) = self.sender(lane);
                Waiting {
                    link: self.plan.ins[first + at].link,
                    channel: (lane & self.fig.local) % V as u32,
                    packet: self.front_packet(lane),
                }
            })
            .collect()
    }

    fn front_packet(&self, lane: u32) -> u32 {
        let at = lane * (self.fig.ring + 1) + u32::from(self.in_lanes[lane as usize].first);
        self.store[at as usize].ticket.packet
    }

    fn waits_for(&self, lane: u32) -> Option<u32> {
        let node = lane >> self.fig.shift;
        let state = &self.in_lanes[lane as usize];
        let slot = &self.out_slots[(node * self.fig.slots + u32::from(state.slot)) as usize];
        match state.front {
            Front::Waiting => {
                let held = |c: &usize| state.allowed >> c & 1 == 1 && slot.free >> c & 1 == 0;
                let channel = (0..V).find(held);
                let Some(channel) = channel else {
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
            Front::Idle => None,
        }
    }

    /// The buffer behind a channel, if it is a router's.
    fn ahead(&self, slot: &OutSlot<V>, channel: u32) -> Option<u32> {
        let next = slot.lane + channel;
        (next >> self.fig.shift < self.fig.routers).then_some(next)
    }
}
