//! What waits for what when nothing in the `queue` model moves any more.

use super::engine::Engine;
use super::state::{BRANCHES, Front, Hold, Lane, Out};
use crate::mesh::deadlock::find_ring;
use crate::mesh::routing::Class;
use crate::mesh::traffic::Waiting;

impl<const P: usize, const V: usize> Engine<P, V> {
    /// Follows waiting channels from a stuck one until they close a ring.
    pub(super) fn ring(&self) -> Vec<Waiting> {
        let stuck = |lane: u32| self.lane_at(lane).len > 0;
        let ring = find_ring(self.fig.lanes, stuck, |lane| self.waits_for(lane));
        ring.into_iter().map(|lane| self.waiting(lane)).collect()
    }

    fn lane_at(&self, lane: u32) -> &Lane {
        let local = (lane & Self::LOCAL) as usize;
        &self.routers[(lane >> Self::SHIFT) as usize].lanes[local / V][local % V]
    }

    fn waiting(&self, lane: u32) -> Waiting {
        let node = lane >> Self::SHIFT;
        let local = lane & Self::LOCAL;
        let slot = node * self.plan.slots + local / V as u32;
        let front = (lane << self.fig.ring_shift) + u32::from(self.lane_at(lane).first);
        Waiting {
            link: self.plan.ins[slot as usize].link,
            channel: local % V as u32,
            packet: self.store[front as usize].packet(),
        }
    }

    /// Channels that the front packet may take.
    fn allowed(&self, lane: u32) -> u64 {
        let front = (lane << self.fig.ring_shift) + u32::from(self.lane_at(lane).first);
        let burst = &self.store[front as usize];
        if burst.in_tree() {
            return Class::Any.mask(self.plan.channels);
        }
        let ticket = burst.ticket();
        self.plan.step(lane >> Self::SHIFT, &ticket).class.mask(self.plan.channels)
    }

    /// The buffer that the front of `lane` waits for.
    fn waits_for(&self, lane: u32) -> Option<u32> {
        let node = lane >> Self::SHIFT;
        let state = self.lane_at(lane);
        let slot = match state.slot {
            BRANCHES => state.branches.trailing_zeros() as usize % P,
            slot => usize::from(slot),
        };
        let out = &self.routers[node as usize].outs[slot];
        match state.front {
            Front::Waiting => {
                let allowed = self.allowed(lane);
                let held = |c: &usize| allowed >> c & 1 == 1 && out.free >> c & 1 == 0;
                let Some(channel) = (0..self.plan.channels as usize).find(held) else {
                    // Every channel is free and none has room for the whole packet.
                    return self.ahead(out, allowed.trailing_zeros());
                };
                match out.channels[channel].hold {
                    Hold::Held => {
                        Some(node << Self::SHIFT | u32::from(out.channels[channel].holder))
                    }
                    Hold::Draining => self.ahead(out, channel as u32),
                    Hold::Free => None,
                }
            }
            Front::Active => self.ahead(out, u32::from(state.channel)),
            Front::Idle => None,
        }
    }

    /// The buffer behind a channel, if it is a router's.
    fn ahead(&self, out: &Out<V>, channel: u32) -> Option<u32> {
        let next = out.ahead + channel;
        (next < self.fig.lanes).then_some(next)
    }
}
