//! Packets that branch, and packets that are dropped, in the `queue` model.
//!
//! A packet of a tree asks for all its outputs at once and goes to each as soon as it can; its
//! buffer is free when the last copy is on its way. Only virtual cut-through has room for that.

use super::router::Context;
use super::state::{BRANCHES, Front, Hold, Router, Sent};
use crate::mesh::alloc::bits;
use crate::mesh::fabric::ChannelRelease;

impl Context<'_> {
    /// A packet of a tree is ready: it asks for every output of its node.
    pub(super) fn branch<const P: usize, const V: usize>(
        &mut self,
        router: &mut Router<P, V>,
        local: u32,
    ) {
        let at = self.lane_at::<P, V>(local);
        let lane = router.lane(local);
        let node = lane.burst.tree_node();
        let branches = self.shared.forest.branches(node);
        self.log.branched(branches.len() as u32);
        lane.front = Front::Waiting;
        self.branches[at] = 0;
        for branch in branches {
            self.branches[at] |= 1 << branch.slot;
            router.out(u32::from(branch.slot)).waiting |= 1 << local;
            router.live |= 1 << branch.slot;
        }
    }

    /// Sends a copy of a tree's packet out of one of its outputs; says what goes.
    pub(super) fn send_copy<const P: usize, const V: usize>(
        &mut self,
        router: &mut Router<P, V>,
        local: u32,
        port: u32,
    ) -> Option<Sent> {
        let tick = self.tick;
        let at_lane = self.lane_at::<P, V>(local);
        let (lane, out) = router.pair(local, port);
        let burst = lane.burst;
        let branches = self.shared.forest.branches(burst.tree_node());
        let branch = branches.iter().find(|branch| u32::from(branch.slot) == port)?;
        let held = |c: &usize| {
            out.channels[*c].hold == Hold::Held && u32::from(out.channels[*c].holder) == local
        };
        let at = (0..V).find(held)?;
        let flits = burst.flits();
        let follow = u64::from(flits - 1);
        let mut spacing = u64::from(out.flit);
        let last = burst.at + follow * burst.spacing();
        if last > tick + follow * spacing {
            spacing = (last - tick).div_ceil(follow);
        }
        let end = tick + follow * spacing;
        out.spend(at, flits, end);
        out.give_up(at, ChannelRelease::TailSent, end + self.fig.renew);
        out.want &= !(1 << local);
        let arrival = tick + u64::from(out.latency);
        let onward = burst.part(arrival, flits, spacing).to_tree_node(branch.next);
        let sent = Sent { lane: out.ahead + at as u32, head: true, burst: onward };
        let link = || self.shared.plan.link_from(self.nodes[self.node as usize], port);
        self.log.head(burst.packet(), link, tick);
        self.branches[at_lane] &= !(1 << port);
        let done = self.branches[at_lane] == 0;
        router.cross(local, end, self.fig.cross);
        if done {
            self.finish(router, local, end, spacing);
        }
        Some(sent)
    }

    /// The front packet of a lane has left (or is dropped): the buffer is free, the next one comes.
    fn finish<const P: usize, const V: usize>(
        &mut self,
        router: &mut Router<P, V>,
        local: u32,
        end: u64,
        spacing: u64,
    ) {
        let lane = router.lane(local);
        let burst = lane.burst;
        let flits = burst.flits();
        lane.front = Front::Idle;
        lane.ready = end + 1 + self.fig.settle;
        let first = end - u64::from(flits - 1) * spacing;
        lane.leave(&burst, flits, first, spacing);
        let from = first + u64::from(lane.credit);
        let back = lane.back;
        self.mail().give_back((back, from), (flits, spacing), false);
        self.next_packet_of::<P, V>(lane, local);
    }

    /// Drops the packets that have waited too long for an output; copies that already have a
    /// channel still go.
    pub(super) fn drop_late<const P: usize, const V: usize>(&mut self, router: &mut Router<P, V>) {
        let waiting = router.outs.iter().fold(0, |waiting, out| waiting | out.waiting);
        for local in bits(waiting) {
            let lane = router.lane(local);
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
        let at = self.lane_at::<P, V>(local);
        let burst = router.lane(local).burst;
        let mut given_up = 0u64;
        if burst.slot() == BRANCHES {
            for branch in self.shared.forest.branches(burst.tree_node()) {
                let out = &router.outs[usize::from(branch.slot) & (P - 1)];
                if out.waiting >> local & 1 == 1 {
                    given_up |= 1 << branch.slot;
                    self.log.dropped(self.shared.forest.leaves(branch.next));
                }
            }
            self.branches[at] &= !given_up;
            if self.branches[at] == 0 {
                self.clear(router, local, given_up);
                self.finish_dropped(router, local);
                return;
            }
        } else {
            given_up = 1 << burst.slot();
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
        let burst = router.lane(local).burst;
        let follow = u64::from(burst.flits() - 1);
        let end = (burst.at + follow * burst.spacing()).max(self.tick);
        self.finish(router, local, end.max(self.tick + follow), u64::from(follow > 0));
    }
}
