//! Packets that branch, in the `cycle` model.
//!
//! The head of such a packet asks every output of its node for a channel; each copy goes its way
//! flit by flit as soon as it can, and a flit leaves the buffer with the last copy of it. Only
//! virtual cut-through has room for that. Where an input has one channel, the switch hands a flit
//! to several outputs at once.

use super::Engine;
use super::state::{Arrival, Flit, Front, HEAD, PACKET, TAIL};
use crate::mesh::alloc::bits;
use crate::mesh::plan::TREE;
use crate::mesh::routing::Class;

/// A packet at the front of a buffer with its copies.
#[derive(Clone, Debug, Default)]
pub(super) struct Fork {
    ways: Vec<Way>,
    /// Flits of the packet.
    whole: u16,
    /// Flits that have left the buffer.
    popped: u16,
}

/// A copy on its way out.
#[derive(Clone, Copy, Debug)]
struct Way {
    slot: u8,
    /// Local out lane, once it has one.
    out: Option<u8>,
    sent: u16,
    /// Where it goes in the tree.
    next: u32,
}

/// Whether a flit belongs to a packet that branches.
#[inline]
pub(super) fn branches(flit: &Flit) -> bool {
    flit.eject == TREE
}

/// The node or leaf of the tree that a flit goes to.
#[inline]
pub(super) fn tree_node(flit: &Flit) -> u32 {
    u32::from(flit.x) | u32::from(flit.y) << 16
}

impl<const V: usize> Engine<V> {
    /// The head of `lane`, which branches, starts to ask for channels.
    pub(super) fn fork(&mut self, lane: u32, flit: &Flit) {
        let node = lane >> self.fig.shift;
        let ways: Vec<Way> = self
            .forest
            .branches(tree_node(flit))
            .iter()
            .map(|branch| Way { slot: branch.slot, out: None, sent: 0, next: branch.next })
            .collect();
        self.log.branched(ways.len() as u32);
        let state = &mut self.in_lanes[lane as usize];
        state.front = Front::Forked;
        state.allowed = Class::Any.mask(self.plan.channels) as u16;
        for way in &ways {
            let slot = (node * self.fig.slots) as usize + usize::from(way.slot);
            self.out_slots[slot].waiting |= 1 << (lane & self.fig.local);
            self.nodes[node as usize].live |= 1 << way.slot;
        }
        self.forks.insert(lane, Fork { ways, whole: flit.flits, popped: 0 });
    }

    /// A copy has got a channel; gives whether a flit of it is there.
    pub(super) fn fork_takes(&mut self, lane: u32, port: u32, out: u32) -> bool {
        let len = self.in_lanes[lane as usize].len;
        let Some(fork) = self.forks.get_mut(&lane) else { return false };
        let Fork { ways, popped, .. } = fork;
        let way = ways.iter_mut().find(|way| u32::from(way.slot) == port);
        way.is_some_and(|way| {
            way.out = Some(out as u8);
            way.sent - *popped < len
        })
    }

    /// Whether the copy of a forked lane for a port has a flit to send.
    pub(super) fn fork_has(&self, lane: u32, port: u32) -> bool {
        let len = self.in_lanes[lane as usize].len;
        self.forks.get(&lane).is_some_and(|fork| {
            let way = fork.ways.iter().find(|way| u32::from(way.slot) == port);
            way.is_some_and(|way| {
                way.out.is_some() && way.sent < fork.whole && way.sent - fork.popped < len
            })
        })
    }

    /// A flit has reached a forked lane: copies that waited for it ask for the switch again.
    pub(super) fn fork_arrives(&mut self, lane: u32) {
        let node = lane >> self.fig.shift;
        let Some(fork) = self.forks.get(&lane) else { return };
        let len = self.in_lanes[lane as usize].len;
        for way in &fork.ways {
            let Some(out) = way.out else { continue };
            let slot =
                &mut self.out_slots[(node * self.fig.slots) as usize + usize::from(way.slot)];
            let credits = slot.lanes[usize::from(out) % V].credits;
            let waited = way.sent < fork.whole && way.sent - fork.popped + 1 == len;
            if waited && credits > 0 {
                slot.want |= 1 << (lane & self.fig.local);
                self.nodes[node as usize].live |= 1 << way.slot;
            }
        }
    }

    /// Other outputs that a flit of a forked lane is offered at the same time.
    pub(super) fn fork_shares(&self, lane: u32, offers: u64, port: u32) -> u64 {
        if V > 1 || self.in_lanes[lane as usize].front != Front::Forked {
            return 0;
        }
        offers & !(1 << port)
    }

    /// Moves one flit of a copy through the switch; false if a speculative grant was in vain.
    pub(super) fn fork_send(&mut self, tick: u64, lane: u32, port: u32) -> bool {
        let node = lane >> self.fig.shift;
        let index = (node * self.fig.slots + port) as usize;
        let state = &self.in_lanes[lane as usize];
        let (first, len) = (u32::from(state.first), state.len);
        let Some(fork) = self.forks.get_mut(&lane) else { return false };
        let popped = fork.popped;
        let Some(way) = fork.ways.iter_mut().find(|way| u32::from(way.slot) == port) else {
            return false;
        };
        let Some(out) = way.out else { return false };
        let slot = &mut self.out_slots[index];
        let channel = usize::from(out) % V;
        let ahead = way.sent - popped;
        if way.sent == fork.whole || ahead >= len || slot.lanes[channel].credits == 0 {
            return false;
        }
        let at = lane * (self.fig.ring + 1) + ((first + u32::from(ahead)) & self.fig.ring);
        let flit = self.store[at as usize];
        let flit = Flit { x: way.next as u16, y: (way.next >> 16) as u16, ..flit };
        way.sent += 1;
        let more = way.sent - popped < len;
        let tail = flit.packet & TAIL != 0;
        let credits = slot.send(tick, channel, tail, self.plan.release);
        if tail || !more || credits == 0 {
            slot.want &= !(1 << (lane & self.fig.local));
        }
        let arrival = tick + self.fig.traverse + u64::from(slot.latency);
        self.wheel.arrival(arrival, Arrival { lane: slot.lane + channel as u32, flit });
        if flit.packet & HEAD != 0 {
            self.log.head(flit.packet & PACKET, || self.plan.outs[index].link, tick);
        }
        self.fork_pops(tick, lane);
        true
    }

    /// Gives up the copies of a forked lane that have no channel; says whether none is left to
    /// send.
    pub(super) fn fork_drops(&mut self, tick: u64, lane: u32) -> bool {
        let Some(fork) = self.forks.get_mut(&lane) else { return false };
        for way in fork.ways.iter().filter(|way| way.out.is_none()) {
            self.log.dropped(self.forest.leaves(way.next));
        }
        fork.ways.retain(|way| way.out.is_some());
        if fork.ways.iter().all(|way| way.sent == fork.whole) {
            self.forks.remove(&lane);
            return true;
        }
        self.fork_pops(tick, lane);
        false
    }

    /// Frees the flits of which every copy is gone; after the tail the next packet comes.
    fn fork_pops(&mut self, tick: u64, lane: u32) {
        let Some(fork) = self.forks.get_mut(&lane) else { return };
        let least = fork.ways.iter().map(|way| way.sent).min().unwrap_or(0);
        let gone = least - fork.popped;
        fork.popped = least;
        let mut tail = false;
        for _ in 0..gone {
            tail |= self.pop(tick, lane).packet & TAIL != 0;
        }
        if tail {
            self.forks.remove(&lane);
            self.in_lanes[lane as usize].front = Front::Idle;
            if self.in_lanes[lane as usize].len > 0 {
                self.front(tick + 1, lane);
            }
        }
    }

    /// The buffer or lane that a forked lane waits for: that of its first copy that is not gone.
    pub(super) fn fork_waits_for(&self, lane: u32) -> Option<u32> {
        let node = lane >> self.fig.shift;
        let fork = self.forks.get(&lane)?;
        let way = fork.ways.iter().find(|way| way.sent < fork.whole)?;
        let slot = &self.out_slots[(node * self.fig.slots) as usize + usize::from(way.slot)];
        let Some(out) = way.out else {
            let held = bits((1 << self.plan.channels) - 1)
                .find(|channel| slot.free >> channel & 1 == 0)
                .map(|channel| slot.lanes[channel as usize]);
            return match held {
                Some(held) => Some(node << self.fig.shift | u32::from(held.holder)),
                None => self.ahead(slot, 0),
            };
        };
        self.ahead(slot, u32::from(out) % V as u32)
    }
}
