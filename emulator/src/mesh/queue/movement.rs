//! Movement in the `queue` model: a burst leaves a router for the next buffer.

use super::region::{Foreign, Parts};
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
        parts: &mut Parts<'_, P, V>,
        local: u32,
        port: u32,
    ) {
        let router = &mut parts.routers[self.node as usize];
        let burst = router.lane(local).burst;
        let sent = if burst.is_single() && self.fig.plain_credits {
            self.send_single(router, (local, port), &burst)
        } else if burst.slot() == BRANCHES {
            match self.send_copy(router, local, port) {
                Some(sent) => sent,
                None => return,
            }
        } else {
            self.send_part(router, (local, port), &burst)
        };
        self.deliver(parts, sent);
    }

    /// Moves a packet of a single flit: what [`Context::send_part`] comes to for it.
    #[inline]
    fn send_single<const P: usize, const V: usize>(
        &mut self,
        router: &mut Router<P, V>,
        (local, port): (u32, u32),
        burst: &Burst,
    ) -> Sent {
        let (tick, fig) = (self.tick, self.fig);
        router.cross(local, tick, fig.cross);
        let (lane, out) = router.pair(local, port);
        let at = usize::from(lane.channel) % V;
        out.spend(at, 1, tick);
        out.give_up(at, ChannelRelease::TailSent, tick + fig.renew);
        out.want &= !(1 << local);
        lane.front = Front::Idle;
        lane.ready = tick + 1 + fig.settle;
        lane.leave(burst, 1, tick, 0);
        self.next_packet_of::<P, V>(lane, local);
        let (back, from) = (lane.back, tick + u64::from(lane.credit));
        let burst = burst.arriving(tick + u64::from(out.latency));
        let sent = Sent { lane: out.ahead + at as u32, head: true, burst };
        self.mail().credit(from, Credit { lane: back, flits: 1 });
        let link = || self.shared.plan.link_from(self.nodes[self.node as usize], port);
        self.log.head(burst.packet(), link, tick);
        sent
    }

    /// Moves as much as has room behind the link of a packet that goes to one destination.
    fn send_part<const P: usize, const V: usize>(
        &mut self,
        router: &mut Router<P, V>,
        (local, port): (u32, u32),
        burst: &Burst,
    ) -> Sent {
        let (tick, fig) = (self.tick, self.fig);
        let (lane, out) = router.pair(local, port);
        let at = usize::from(lane.channel) % V;
        let pace = self.pace(burst, out, at);
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
            out.give_up(at, fig.release, end + fig.renew);
            lane.front = Front::Idle;
            lane.ready = end + 1 + fig.settle;
        }
        lane.leave(burst, flits, tick, spacing);
        let goes_on = self.advance::<P, V>(lane, local, burst, flits, tail);
        if !goes_on || out.channels[at].credits == 0 {
            out.want &= !(1 << local);
        }
        if head {
            let link = || self.shared.plan.link_from(self.nodes[self.node as usize], port);
            self.log.head(burst.packet(), link, tick);
        }
        let (back, from) = (lane.back, tick + u64::from(lane.credit));
        let together = fig.plain_credits && spacing == u64::from(lane.spacing);
        self.mail().give_back((back, from), (flits, spacing), together);
        router.cross(local, end, fig.cross);
        sent
    }

    /// Where credits go.
    #[inline]
    pub(super) fn mail(&mut self) -> Mail<'_> {
        Mail { calendar: self.calendar, outbox: self.outbox }
    }

    /// How much of a burst goes now: what has arrived or arrives in time, and has room ahead. Where
    /// there are several channels one flit, for another packet may want the link before the next.
    #[inline]
    fn pace<const V: usize>(&self, burst: &Burst, out: &Out<V>, at: usize) -> Pace {
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
        if V > 1 && !whole {
            flits = 1;
        }
        Pace { flits, spacing }
    }

    /// Takes sent flits out of a lane's buffer; whether more of the packet can go at once.
    #[inline]
    fn advance<const P: usize, const V: usize>(
        &mut self,
        lane: &mut Lane,
        local: u32,
        burst: &Burst,
        flits: u16,
        tail: bool,
    ) -> bool {
        if flits < burst.flits() {
            let next = burst.at + u64::from(flits) * burst.spacing();
            lane.burst = burst.part(next, burst.flits() - flits, burst.spacing());
            lane.ready = next;
            if next > self.tick {
                self.calendar.ready(next, self.node, local);
            }
            return next <= self.tick;
        }
        if tail {
            self.next_packet_of::<P, V>(lane, local);
        } else if self.next_burst::<P, V>(lane, local) {
            lane.ready = lane.burst.at.max(self.tick + 1);
            self.calendar.ready(lane.ready, self.node, local);
        }
        false
    }

    /// The front burst is gone; whether there is another one.
    #[inline]
    fn next_burst<const P: usize, const V: usize>(&mut self, lane: &mut Lane, local: u32) -> bool {
        lane.first = ((u32::from(lane.first) + 1) & self.fig.ring) as u16;
        lane.len -= 1;
        if lane.len > 0 {
            lane.burst = self.store[self.ring::<P, V>(local) + usize::from(lane.first)];
        }
        lane.len > 0
    }

    /// The front packet is gone, and its lane is ready for the next one from a known tick on.
    #[inline]
    pub(super) fn next_packet_of<const P: usize, const V: usize>(
        &mut self,
        lane: &mut Lane,
        local: u32,
    ) {
        if self.next_burst::<P, V>(lane, local) {
            lane.left = lane.burst.whole();
            lane.ready = lane.ready.max(lane.burst.at + self.fig.settle).max(self.tick + 1);
            self.calendar.ready(lane.ready, self.node, local);
        }
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

    /// A packet is gone: its channel is free for the next one from a tick on, or when the last
    /// credit is back.
    #[inline]
    pub(super) fn give_up(&mut self, at: usize, release: ChannelRelease, usable: u64) {
        self.packets += 1;
        match release {
            ChannelRelease::TailSent => {
                self.channels[at].hold = Hold::Free;
                self.channels[at].usable = usable;
                self.free |= 1 << at;
                self.resting |= 1 << at;
            }
            ChannelRelease::TailCredit => self.channels[at].hold = Hold::Draining,
        }
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
