//! Packets that have waited too long, in the `cycle` model.
//!
//! A packet, or a copy of one that branches, is given up when it has had no channel for as long as
//! the chip lets it wait. From the tick on in which it would have asked for the switch its flits
//! leave their buffer one a tick, the last no sooner than it has come.

use super::Engine;
use super::state::{Arrival, DROP, Flit, Front, TAIL};
use crate::mesh::alloc::bits;
use crate::mesh::fabric::Speculation;

impl<const V: usize> Engine<V> {
    /// The front of `lane` waits for a channel from `tick` on.
    pub(super) fn wait_until_dropped(&mut self, tick: u64, lane: u32) {
        let Some(patience) = self.plan.drop_after else { return };
        self.patience[lane as usize] = tick + patience;
        self.wheel.wake(tick + patience, lane >> self.fig.shift);
    }

    /// Drops what has waited too long in a router.
    pub(super) fn drop_late(&mut self, tick: u64, node: u32) {
        let first = (node * self.fig.slots) as usize;
        let slots = &self.out_slots[first..first + self.fig.slots as usize];
        let waiting = slots.iter().fold(0, |waiting, slot| waiting | slot.waiting);
        for local in bits(waiting) {
            let lane = node << self.fig.shift | local;
            if self.patience[lane as usize] > tick {
                continue;
            }
            let gone = match self.in_lanes[lane as usize].front {
                Front::Forked => self.fork_drops(tick, lane),
                _ => {
                    self.log.dropped(1);
                    true
                }
            };
            for slot in &mut self.out_slots[first..first + self.fig.slots as usize] {
                slot.waiting &= !(1 << local);
            }
            if gone {
                self.in_lanes[lane as usize].front = Front::Dropping;
                match self.plan.speculation {
                    Speculation::Off => self.drop_at(tick + 1, lane),
                    Speculation::On => self.drop_flit(tick, lane),
                }
            }
        }
    }

    fn drop_at(&mut self, tick: u64, lane: u32) {
        let flit = Flit { packet: DROP, ..Flit::default() };
        self.wheel.arrival(tick, Arrival { lane, flit });
    }

    /// The next flit of a dropped packet leaves its buffer, if it is there.
    pub(super) fn drop_flit(&mut self, tick: u64, lane: u32) {
        let state = &self.in_lanes[lane as usize];
        if state.front != Front::Dropping || state.len == 0 {
            return;
        }
        if self.pop(tick, lane).packet & TAIL == 0 {
            self.drop_at(tick + 1, lane);
            return;
        }
        let state = &mut self.in_lanes[lane as usize];
        state.front = Front::Idle;
        if state.len > 0 {
            // The router may still be visited in this tick: the next packet has to wait for the
            // next one, even where routing takes no time.
            state.front = Front::Routing;
            let routed = Arrival { lane, flit: Flit::default() };
            self.wheel.arrival(tick + 1 + u64::from(self.plan.routing), routed);
        }
    }
}
