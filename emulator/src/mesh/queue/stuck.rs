//! What waits for what when nothing in the `queue` model moves any more.

use super::engine::Engine;
use super::state::{BRANCHES, Burst, Front, Hold};
use crate::mesh::deadlock::find_ring;
use crate::mesh::plan::NONE;
use crate::mesh::traffic::Waiting;

impl<const P: usize, const V: usize> Engine<P, V> {
    /// Follows waiting channels from a stuck one until they close a ring.
    pub(super) fn ring(&self) -> Vec<Waiting> {
        let lanes = self.plan.routers << self.plan.shift;
        let stuck = |lane: u32| self.buffer(lane).len > 0;
        let ring = find_ring(lanes, stuck, |lane| self.waits_for(lane));
        ring.into_iter().map(|lane| self.waiting(lane)).collect()
    }

    /// Node and position in it of a lane of the plan.
    fn split(&self, lane: u32) -> (u32, u32) {
        (lane >> self.plan.shift, lane & ((1 << self.plan.shift) - 1))
    }

    fn front(&self, lane: u32) -> &Burst {
        &self.buffer(lane).burst
    }

    fn waiting(&self, lane: u32) -> Waiting {
        let (node, local) = self.split(lane);
        let slot = node * self.plan.slots + local / V as u32;
        Waiting {
            link: self.plan.ins[slot as usize].link,
            channel: local % V as u32,
            packet: self.front(lane).packet(),
        }
    }

    /// Channels that the front packet may take.
    fn allowed(&self, lane: u32) -> u64 {
        let burst = self.front(lane);
        self.plan.channels_of(self.split(lane).0, &burst.ticket())
    }

    /// The buffer that the front of a lane waits for.
    fn waits_for(&self, lane: u32) -> Option<u32> {
        let (node, local) = self.split(lane);
        let state = self.buffer(lane);
        let slot = match state.burst.slot() {
            BRANCHES => {
                let (region, place) = self.places[node as usize];
                let at = (place << self.plan.shift | local) as usize;
                self.regions[region as usize].branches[at].trailing_zeros() as usize % P
            }
            slot => usize::from(slot),
        };
        let out = self.out(node, slot);
        match state.front {
            Front::Waiting => {
                let allowed = self.allowed(lane);
                let held = |c: &usize| allowed >> c & 1 == 1 && out.free >> c & 1 == 0;
                let Some(channel) = (0..self.plan.channels as usize).find(held) else {
                    // Every channel is free and none has room for the whole packet.
                    return self.ahead(node, slot, allowed.trailing_zeros());
                };
                match out.channels[channel].hold {
                    Hold::Held => {
                        Some(node << self.plan.shift | u32::from(out.channels[channel].holder))
                    }
                    Hold::Draining => self.ahead(node, slot, channel as u32),
                    Hold::Free => None,
                }
            }
            Front::Active => self.ahead(node, slot, u32::from(state.channel)),
            Front::Idle => None,
        }
    }

    /// The buffer behind a channel, if it is a router's.
    fn ahead(&self, node: u32, slot: usize, channel: u32) -> Option<u32> {
        let out = self.plan.outs[node as usize * self.plan.slots as usize + slot];
        let there = out.lane != NONE && out.lane >> self.plan.shift < self.plan.routers;
        there.then(|| out.lane + channel)
    }
}
