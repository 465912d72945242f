//! Movement in the `queue` model: a burst leaves a router for the next buffer.

use super::region::Foreign;
use super::router::Context;
use super::state::{BRANCHES, Burst, FOREIGN, Front, Hold, Lane, Out, Router, Sent};
use crate::mesh::calendar::{Calendar, Credit};
use crate::mesh::fabric::{ChannelRelease, Switching};

/// How many flits go, and how many ticks apart.
#[derive(Clone, Copy)]
struct Pace {
    flits: u16,
    spacing: u64,
}

impl Context<'_> {
    /// Moves as much of a lane's front burst as has room behind the link.
    #[inline]
    pub(super) fn send<const P: usize, const V: usize>(
        &mut self,
        router: &mut Router<P, V>,
        local: u32,
        port: u32,
    ) {
        let (tick, fig) = (self.tick, self.fig);
        let front = self.ring::<P, V>(local);
        let lane = &mut router.lanes[(local as usize / V) & (P - 1)][local as usize % V];
        let out = &mut router.outs[port as usize & (P - 1)];
        if lane.slot == BRANCHES {
            self.send_copy(router, local, port);
            return;
        }
        let burst = self.store[(front + u32::from(lane.first)) as usize];
        let at = usize::from(lane.channel) % V;
        let pace = self.pace(&burst, out, at, V > 1 && out.want & !(1 << local) != 0);
        let Pace { flits, spacing } = pace;
        let end = tick + u64::from(flits - 1) * spacing;
        let head = lane.left == burst.whole();
        lane.left -= flits;
        let tail = lane.left == 0;
        let sent = Sent {
            lane: out.ahead + at as u32,
            head,
            burst: burst.part(tick + u64::from(out.latency), flits, spacing),
        };
        out.spend(at, flits, end);
        if tail {
            out.packets += 1;
            match fig.release {
                ChannelRelease::TailSent => out.release(at, end + fig.renew),
                ChannelRelease::TailCredit => out.channels[at].hold = Hold::Draining,
            }
            lane.front = Front::Idle;
            lane.floor = end + 1 + fig.settle;
        }
        if V > 1 {
            let cross = if fig.cross == 0 { u64::from(lane.spacing) } else { fig.cross };
            router.inputs[(local as usize / V) & (P - 1)].busy = end + cross;
            router.busy = router.busy.max(end + cross);
        }
        lane.queue = lane.queue.wrapping_add(Burst::sum(flits, tick, spacing));
        let goes_on = self.advance(lane, local, &burst, flits, tail, front);
        if !goes_on || out.channels[at].credits == 0 {
            out.want &= !(1 << local);
        }
        if head {
            let link = || self.shared.plan.link_from(self.nodes[self.node as usize], port);
            self.log.head(burst.packet(), link, tick);
        }
        self.sent.push(sent);
        let (back, from) = (lane.back, tick + u64::from(lane.credit));
        let together = fig.together && spacing == u64::from(lane.spacing);
        self.mail().give_back((back, from), (flits, spacing), together);
    }

    /// Moves a waiting packet of a single flit through a router with one virtual channel: what
    /// [`Context::send`] comes to for it. False if the front packet of the lane is another kind.
    #[inline]
    pub(super) fn send_single<const P: usize, const V: usize>(
        &mut self,
        router: &mut Router<P, V>,
        local: u32,
        port: u32,
    ) -> bool {
        let (tick, fig) = (self.tick, self.fig);
        let front = self.ring::<P, V>(local);
        let lane = &mut router.lanes[(local as usize / V) & (P - 1)][local as usize % V];
        let out = &mut router.outs[port as usize & (P - 1)];
        let burst = self.store[(front + u32::from(lane.first)) as usize];
        if !burst.is_single() {
            return false;
        }
        out.waiting &= !(1 << local);
        out.channel_pointer = (local as u8 + 1) & 63;
        let channel = &mut out.channels[0];
        channel.credits -= 1;
        channel.lowest = channel.lowest.min(channel.credits);
        channel.usable = tick + fig.renew;
        out.ready = tick + u64::from(out.flit);
        out.flits += 1;
        out.packets += 1;
        lane.front = Front::Idle;
        lane.floor = tick + 1 + fig.settle;
        lane.queue = lane.queue.wrapping_add(tick);
        lane.first = ((u32::from(lane.first) + 1) & fig.ring) as u16;
        lane.len -= 1;
        if lane.len > 0 {
            let next = &self.store[(front + u32::from(lane.first)) as usize];
            lane.slot = next.slot();
            lane.left = next.whole();
            lane.ready = lane.floor.max(next.at + fig.settle);
            self.calendar.ready(lane.ready, self.node, local);
        }
        let link = || self.shared.plan.link_from(self.nodes[self.node as usize], port);
        self.log.head(burst.packet(), link, tick);
        let at = tick + u64::from(out.latency);
        self.sent.push(Sent { lane: out.ahead, head: true, burst: burst.arriving(at) });
        let (back, from) = (lane.back, tick + u64::from(lane.credit));
        self.mail().credit(from, Credit { lane: back, flits: 1 });
        true
    }

    /// Where credits go.
    #[inline]
    pub(super) fn mail(&mut self) -> Mail<'_> {
        Mail { calendar: self.calendar, outbox: self.outbox }
    }

    /// How much of a burst goes now: what has arrived or arrives in time, and has room ahead.
    #[inline]
    fn pace<const V: usize>(
        &self,
        burst: &Burst,
        out: &Out<V>,
        at: usize,
        contended: bool,
    ) -> Pace {
        let mut flits = burst.flits().min(out.channels[at].credits);
        debug_assert!(flits > 0 && burst.at <= self.tick);
        let mut spacing = u64::from(out.flit);
        let whole = self.fig.switching == Switching::VirtualCutThrough;
        if flits > 1 && burst.spacing() > spacing {
            // They arrive more slowly than they could go: at their pace if the first has just
            // come, and else those that are there, the others later.
            if burst.at == self.tick || whole {
                spacing = burst.spacing();
            } else {
                let arrived = (self.tick - burst.at) / burst.spacing() + 1;
                flits = flits.min(arrived.min(u64::from(flits)) as u16);
            }
        }
        if contended && !whole {
            // Another packet wants the link: the flits of the two take turns.
            flits = 1;
        }
        Pace { flits, spacing }
    }

    /// Takes sent flits out of a lane's buffer; whether more of the packet can go at once.
    #[inline]
    fn advance(
        &mut self,
        lane: &mut Lane,
        local: u32,
        burst: &Burst,
        flits: u16,
        tail: bool,
        front: u32,
    ) -> bool {
        if flits < burst.flits() {
            let next = burst.at + u64::from(flits) * burst.spacing();
            self.store[(front + u32::from(lane.first)) as usize] =
                burst.part(next, burst.flits() - flits, burst.spacing());
            lane.ready = next;
            if next > self.tick {
                self.calendar.ready(next, self.node, local);
            }
            return next <= self.tick;
        }
        lane.first = ((u32::from(lane.first) + 1) & self.fig.ring) as u16;
        lane.len -= 1;
        if lane.len > 0 {
            let next = &self.store[(front + u32::from(lane.first)) as usize];
            let ready = if tail {
                lane.slot = next.slot();
                lane.left = next.whole();
                lane.floor.max(next.at + self.fig.settle)
            } else {
                next.at
            };
            lane.ready = ready.max(self.tick + 1);
            self.calendar.ready(lane.ready, self.node, local);
        }
        false
    }
}

impl<const V: usize> Out<V> {
    /// Flits go onto the link until `end`.
    #[inline]
    pub(super) fn spend(&mut self, at: usize, flits: u16, end: u64) {
        let channel = &mut self.channels[at];
        channel.credits -= flits;
        channel.lowest = channel.lowest.min(channel.credits);
        self.ready = end + u64::from(self.flit);
        self.flits += u32::from(flits);
    }

    /// A channel is free for the next packet from a tick on.
    #[inline]
    pub(super) fn release(&mut self, at: usize, usable: u64) {
        self.channels[at].hold = Hold::Free;
        self.channels[at].usable = usable;
        self.free |= 1 << at;
    }
}

/// Where credits go.
pub(super) struct Mail<'e> {
    pub(super) calendar: &'e mut Calendar,
    pub(super) outbox: &'e mut Vec<Foreign>,
}

impl Mail<'_> {
    /// Sends credits for flits that leave a buffer to the lane of their sender, from a tick on.
    /// Those that come back as fast as the sender can use them may come as one.
    #[inline]
    pub(super) fn give_back(
        &mut self,
        (lane, from): (u32, u64),
        (flits, spacing): (u16, u64),
        together: bool,
    ) {
        if flits == 1 || together {
            self.credit(from, Credit { lane, flits: u32::from(flits) });
        } else {
            for flit in 0..u64::from(flits) {
                self.credit(from + flit * spacing, Credit { lane, flits: 1 });
            }
        }
    }

    #[inline]
    pub(super) fn credit(&mut self, tick: u64, credit: Credit) {
        if credit.lane & FOREIGN == 0 {
            self.calendar.credit(tick, credit);
        } else {
            self.outbox.push(Foreign::Credit(tick, credit));
        }
    }
}
