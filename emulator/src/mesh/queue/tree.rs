//! Packets that branch, and packets that are dropped, in the `queue` model.
//!
//! A packet of a tree asks for all its outputs at once and goes to each as soon as it can; its
//! buffer is free when the last copy is on its way. Only virtual cut-through has room for that.

use super::router::Context;
use super::state::{BRANCHES, Burst, Front, Hold, Router, Sent};
use crate::mesh::alloc::bits;

impl Context<'_> {
    /// A packet of a tree is ready: it asks for every output of its node.
    pub(super) fn branch<const P: usize, const V: usize>(
        &mut self,
        router: &mut Router<P, V>,
        local: u32,
    ) {
        let ring = self.ring::<P, V>(local);
        let lane = &mut router.lanes[(local as usize / V) & (P - 1)][local as usize % V];
        let node = self.store[(ring + u32::from(lane.first)) as usize].tree_node();
        let branches = self.shared.forest.branches(node);
        self.log.branched(branches.len() as u32);
        lane.front = Front::Waiting;
        lane.branches = 0;
        for branch in branches {
            lane.branches |= 1 << branch.slot;
            router.outs[usize::from(branch.slot) & (P - 1)].waiting |= 1 << local;
            router.live |= 1 << branch.slot;
        }
    }

    /// Sends a copy of a tree's packet out of one of its outputs.
    pub(super) fn send_copy<const P: usize, const V: usize>(
        &mut self,
        router: &mut Router<P, V>,
        local: u32,
        port: u32,
    ) {
        let tick = self.tick;
        let ring = self.ring::<P, V>(local);
        let lane = &mut router.lanes[(local as usize / V) & (P - 1)][local as usize % V];
        let out = &mut router.outs[port as usize & (P - 1)];
        let burst = self.store[(ring + u32::from(lane.first)) as usize];
        let branches = self.shared.forest.branches(burst.tree_node());
        let Some(branch) = branches.iter().find(|branch| u32::from(branch.slot) == port) else {
            return;
        };
        let held = |c: &usize| {
            out.channels[*c].hold == Hold::Held && u32::from(out.channels[*c].holder) == local
        };
        let Some(at) = (0..V).find(held) else { return };
        let flits = burst.flits();
        let follow = u64::from(flits - 1);
        let mut spacing = u64::from(out.flit);
        let last = burst.at + follow * burst.spacing();
        if last > tick + follow * spacing {
            spacing = (last - tick).div_ceil(follow);
        }
        let end = tick + follow * spacing;
        out.spend(at, flits, end);
        out.release(at, end + self.fig.renew);
        out.packets += 1;
        out.want &= !(1 << local);
        let arrival = tick + u64::from(out.latency);
        let onward = burst.part(arrival, flits, spacing).to_tree_node(branch.next);
        self.sent.push(Sent { lane: out.ahead + at as u32, head: true, burst: onward });
        let link = || self.shared.plan.link_from(self.nodes[self.node as usize], port);
        self.log.head(burst.packet(), link, tick);
        lane.branches &= !(1 << port);
        if V > 1 {
            let cross = if self.fig.cross == 0 { u64::from(lane.spacing) } else { self.fig.cross };
            router.inputs[(local as usize / V) & (P - 1)].busy = end + cross;
            router.busy = router.busy.max(end + cross);
        }
        if lane.branches == 0 {
            self.finish(router, local, end, spacing);
        }
    }

    /// The front packet of a lane has left (or is dropped): the buffer is free, the next one comes.
    fn finish<const P: usize, const V: usize>(
        &mut self,
        router: &mut Router<P, V>,
        local: u32,
        end: u64,
        spacing: u64,
    ) {
        let ring = self.ring::<P, V>(local);
        let lane = &mut router.lanes[(local as usize / V) & (P - 1)][local as usize % V];
        let flits = self.store[(ring + u32::from(lane.first)) as usize].flits();
        lane.front = Front::Idle;
        lane.floor = end + 1 + self.fig.settle;
        let first = end - u64::from(flits - 1) * spacing;
        lane.queue = lane.queue.wrapping_add(Burst::sum(flits, first, spacing));
        let from = first + u64::from(lane.credit);
        let back = lane.back;
        self.mail().give_back((back, from), (flits, spacing), false);
        lane.first = ((u32::from(lane.first) + 1) & self.fig.ring) as u16;
        lane.len -= 1;
        if lane.len > 0 {
            let next = &self.store[(ring + u32::from(lane.first)) as usize];
            lane.slot = next.slot();
            lane.left = next.whole();
            lane.ready = lane.floor.max(next.at + self.fig.settle);
            self.calendar.ready(lane.ready, self.node, local);
        }
    }

    /// Drops the packets that have waited too long for an output; copies that already have a
    /// channel still go.
    pub(super) fn drop_late<const P: usize, const V: usize>(&mut self, router: &mut Router<P, V>) {
        let mut waiting = 0;
        for port in bits(router.live) {
            waiting |= router.outs[port as usize & (P - 1)].waiting;
        }
        for local in bits(waiting) {
            let lane = &router.lanes[(local as usize / V) & (P - 1)][local as usize % V];
            let late = lane.ready + self.fig.drop_after <= self.tick;
            if late && lane.front == Front::Waiting {
                self.drop_front(router, local);
            }
        }
    }

    fn drop_front<const P: usize, const V: usize>(
        &mut self,
        router: &mut Router<P, V>,
        local: u32,
    ) {
        let ring = self.ring::<P, V>(local);
        let slot = (local as usize / V) & (P - 1);
        let lane = &mut router.lanes[slot][local as usize % V];
        let burst = self.store[(ring + u32::from(lane.first)) as usize];
        let mut given_up = 0u64;
        if lane.slot == BRANCHES {
            for branch in self.shared.forest.branches(burst.tree_node()) {
                let out = &router.outs[usize::from(branch.slot) & (P - 1)];
                if out.waiting >> local & 1 == 1 {
                    given_up |= 1 << branch.slot;
                    self.log.dropped(self.shared.forest.leaves(branch.next));
                }
            }
            lane.branches &= !given_up;
            if lane.branches == 0 {
                self.clear(router, local, given_up);
                self.finish_dropped(router, local);
                return;
            }
        } else {
            given_up = 1 << lane.slot;
            self.log.dropped(1);
            self.clear(router, local, given_up);
            self.finish_dropped(router, local);
            return;
        }
        self.clear(router, local, given_up);
    }

    /// Takes a lane off the lists of outputs.
    fn clear<const P: usize, const V: usize>(
        &mut self,
        router: &mut Router<P, V>,
        local: u32,
        ports: u64,
    ) {
        for port in bits(ports) {
            router.outs[port as usize & (P - 1)].waiting &= !(1 << local);
        }
    }

    /// A dropped packet frees its buffer once its last flit is there.
    fn finish_dropped<const P: usize, const V: usize>(
        &mut self,
        router: &mut Router<P, V>,
        local: u32,
    ) {
        let ring = self.ring::<P, V>(local);
        let lane = &router.lanes[(local as usize / V) & (P - 1)][local as usize % V];
        let burst = self.store[(ring + u32::from(lane.first)) as usize];
        let follow = u64::from(burst.flits() - 1);
        let end = (burst.at + follow * burst.spacing()).max(self.tick);
        self.finish(router, local, end.max(self.tick + follow), u64::from(follow > 0));
    }
}
