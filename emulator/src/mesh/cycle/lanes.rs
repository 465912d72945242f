//! Events of the `cycle` model: a credit comes back, a flit arrives, a head has been routed.

use super::Engine;
use super::fork::branches;
use super::state::{Arrival, DROP, Flit, Front, Hold};
use crate::mesh::fabric::Switching;

impl<const V: usize> Engine<V> {
    /// A credit comes back to the sender of `lane`.
    #[inline]
    pub(super) fn credit(&mut self, tick: u64, lane: u32) {
        let node = lane >> self.fig.shift;
        let (first, at) = self.sender(lane);
        let channel = (lane & self.fig.local) as usize % V;
        let slot = &mut self.out_slots[first + at];
        let out = &mut slot.lanes[channel];
        out.credits += 1;
        debug_assert!(out.credits <= out.buffer);
        slot.credited |= 1 << channel;
        match out.hold {
            Hold::Free => {
                // Speculation looks at credits, a source and virtual cut-through wait for them.
                let waits = slot.waiting != 0 || node >= self.fig.routers;
                if waits || self.plan.switching == Switching::VirtualCutThrough {
                    self.enlist(tick, node);
                }
            }
            Hold::Draining if out.credits == out.buffer => {
                out.hold = Hold::Free;
                slot.free |= 1 << channel;
                self.enlist(tick, node);
            }
            Hold::Draining => {}
            Hold::Held if node >= self.fig.routers => self.enlist(tick, node),
            Hold::Held => {
                let held = out.holder;
                let holder = node << self.fig.shift | u32::from(held);
                let state = &self.in_lanes[holder as usize];
                let there = match state.front {
                    Front::Forked => self.fork_has(holder, at as u32),
                    _ => state.len > 0,
                };
                if there {
                    let slot = &mut self.out_slots[first + at];
                    slot.want |= 1 << held;
                    self.nodes[node as usize].live |= 1 << at;
                    self.enlist(tick, node);
                }
            }
        }
    }

    /// A flit reaches the buffer of a lane, or the head at its front has been routed.
    #[inline]
    pub(super) fn arrive(&mut self, tick: u64, arrival: &Arrival) {
        let node = arrival.lane >> self.fig.shift;
        if arrival.flit.flits == 0 {
            if arrival.flit.packet == DROP {
                self.drop_flit(tick, arrival.lane);
            } else {
                self.wait(tick, arrival.lane);
                self.enlist(tick, node);
            }
            return;
        }
        let lane = &mut self.in_lanes[arrival.lane as usize];
        let at = (u32::from(lane.first) + u32::from(lane.len)) & self.fig.ring;
        self.store[(arrival.lane * (self.fig.ring + 1) + at) as usize] = arrival.flit;
        lane.len += 1;
        lane.queue = lane.queue.wrapping_sub(tick);
        if node >= self.fig.routers {
            self.enlist(tick, node);
            return;
        }
        match lane.front {
            Front::Idle => {
                self.front(tick, arrival.lane);
                self.enlist(tick, node);
            }
            Front::Active if lane.len == 1 => {
                let slot = u32::from(lane.slot);
                let channel = usize::from(lane.out) % V;
                let out = &mut self.out_slots[(node * self.fig.slots + slot) as usize];
                if out.lanes[channel].credits > 0 {
                    out.want |= 1 << (arrival.lane & self.fig.local);
                    self.nodes[node as usize].live |= 1 << slot;
                    self.enlist(tick, node);
                }
            }
            Front::Forked => {
                self.fork_arrives(arrival.lane);
                self.enlist(tick, node);
            }
            Front::Dropping => {
                self.drop_flit(tick, arrival.lane);
            }
            _ => {}
        }
    }

    /// A head is at the front of its buffer from `tick` on.
    #[inline]
    pub(super) fn front(&mut self, tick: u64, lane: u32) {
        if self.plan.routing == 0 {
            self.wait(tick, lane);
        } else {
            self.in_lanes[lane as usize].front = Front::Routing;
            let arrival = Arrival { lane, flit: Flit::default() };
            self.wheel.arrival(tick + u64::from(self.plan.routing), arrival);
        }
    }

    /// The head of `lane` starts to ask for a channel.
    #[inline]
    fn wait(&mut self, tick: u64, lane: u32) {
        self.wait_until_dropped(tick, lane);
        let node = lane >> self.fig.shift;
        let state = &mut self.in_lanes[lane as usize];
        let flit = &self.store[(lane * (self.fig.ring + 1) + u32::from(state.first)) as usize];
        if branches(flit) {
            let flit = *flit;
            self.fork(lane, &flit);
            return;
        }
        let step = self.plan.step(node, flit);
        state.front = Front::Waiting;
        state.slot = step.port as u8;
        state.allowed = step.class.mask(self.plan.channels) as u16;
        let slot = (node * self.fig.slots + step.port) as usize;
        self.out_slots[slot].waiting |= 1 << (lane & self.fig.local);
        self.nodes[node as usize].live |= 1 << step.port;
    }

    /// The flit at the front of `lane` leaves its buffer, and a credit goes back.
    #[inline]
    pub(super) fn pop(&mut self, tick: u64, lane: u32) -> Flit {
        let state = &mut self.in_lanes[lane as usize];
        let flit = self.store[(lane * (self.fig.ring + 1) + u32::from(state.first)) as usize];
        state.first = ((u32::from(state.first) + 1) & self.fig.ring) as u16;
        state.len -= 1;
        state.queue = state.queue.wrapping_add(tick);
        self.wheel.credit(tick + u64::from(state.credit), state.back, 1);
        flit
    }
}
