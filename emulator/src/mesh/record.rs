//! What an engine writes down while it runs, in ticks; turned into an [`Outcome`] at the end.

use super::plan::{NONE, Plan};
use super::traffic::{
    Conservation, Detail, Ending, Hop, LinkCount, Outcome, PacketTimes, Traffic,
};

const NEVER: u64 = u64::MAX;

/// Running counts of one link.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    packets: u64,
    flits: u64,
    /// Sum of departures minus sum of arrivals at the buffer behind the link.
    queue: u64,
    stored: u32,
    peak: u32,
}

/// Counts and times of a run.
#[derive(Debug)]
pub(super) struct Record {
    detail: Detail,
    links: Vec<Tally>,
    inject: Vec<u64>,
    eject: Vec<u64>,
    done: Vec<u64>,
    hops: Vec<(u32, u32, u64)>,
    pub(super) sums: Conservation,
    /// Copies that are neither delivered nor dropped.
    pub(super) open: u64,
}

impl Record {
    pub(super) fn new(packets: usize, links: usize, detail: Detail) -> Self {
        Self {
            detail,
            links: vec![Tally::default(); links],
            inject: vec![NEVER; packets],
            eject: vec![NEVER; packets],
            done: vec![NEVER; packets],
            hops: Vec::new(),
            sums: Conservation::default(),
            open: packets as u64,
        }
    }

    /// Flits depart onto a link.
    #[inline]
    pub(super) fn depart(&mut self, link: u32, flits: u32, tails: u32) {
        let tally = &mut self.links[link as usize];
        tally.flits += u64::from(flits);
        tally.packets += u64::from(tails);
    }

    /// A flit enters the buffer behind a link.
    #[inline]
    pub(super) fn enter(&mut self, link: u32, tick: u64) {
        let tally = &mut self.links[link as usize];
        tally.stored += 1;
        tally.peak = tally.peak.max(tally.stored);
        tally.queue = tally.queue.wrapping_sub(tick);
    }

    /// A flit leaves the buffer behind a link.
    #[inline]
    pub(super) fn leave(&mut self, link: u32, tick: u64) {
        let tally = &mut self.links[link as usize];
        tally.stored -= 1;
        tally.queue = tally.queue.wrapping_add(tick);
    }

    /// A packet's head moves on.
    #[inline]
    pub(super) fn head(&mut self, packet: u32, link: u32, tick: u64) {
        match self.detail {
            Detail::Packets => {}
            Detail::Watch(watched) if watched != packet => {}
            Detail::Watch(_) | Detail::Hops => self.hops.push((packet, link, tick)),
        }
    }

    #[inline]
    pub(super) fn injected(&mut self, packet: u32, tick: u64) {
        self.inject[packet as usize] = tick;
        self.sums.injected += 1;
    }

    /// A copy is delivered: tail at `eject`, core done at `done`.
    #[inline]
    pub(super) fn delivered(&mut self, packet: u32, eject: u64, done: u64) {
        let later = |slot: &mut u64, tick: u64| {
            *slot = if *slot == NEVER { tick } else { (*slot).max(tick) };
        };
        later(&mut self.eject[packet as usize], eject);
        later(&mut self.done[packet as usize], done);
        self.sums.delivered += 1;
        self.open -= 1;
    }

    /// Converts to picoseconds and checks the sums.
    pub(super) fn finish(
        mut self,
        plan: &Plan<'_>,
        traffic: &Traffic,
        ending: Ending,
        credits_missing: u64,
    ) -> Outcome {
        let tick = plan.tick_ps;
        let ps = |ticks: u64| if ticks == NEVER { NEVER } else { ticks * tick };
        self.sums.credits_missing = credits_missing;
        let times = (0..self.inject.len()).map(|p| PacketTimes {
            inject_ps: ps(self.inject[p]),
            eject_ps: ps(self.eject[p]),
            done_ps: ps(self.done[p]),
        });
        let packets: Vec<PacketTimes> = times.collect();
        let mut links = vec![LinkCount::default(); self.links.len()];
        let mut flit_hops = 0;
        for out in plan.outs.iter().enumerate().filter(|(_, out)| out.link != NONE) {
            let (slot, out) = out;
            let tally = self.links[out.link as usize];
            links[out.link as usize] = LinkCount {
                packets: tally.packets,
                flits: tally.flits,
                busy_ps: tally.flits * u64::from(out.flit) * tick,
                queue_flit_ps: tally.queue.wrapping_mul(tick),
                queue_peak: tally.peak,
            };
            self.sums.flits_sent += tally.flits;
            self.sums.flits_received += tally.flits - u64::from(tally.stored);
            if slot < (plan.routers * plan.slots) as usize {
                flit_hops += tally.flits;
            }
        }
        let mut critical: Option<u32> = None;
        let mut completion_ps = 0;
        for (index, times) in packets.iter().enumerate() {
            if times.done_ps != NEVER && (critical.is_none() || times.done_ps > completion_ps) {
                completion_ps = times.done_ps;
                critical = Some(index as u32);
            }
        }
        debug_assert_eq!(packets.len(), traffic.packets.len());
        Outcome {
            packets,
            links,
            hops: self
                .hops
                .iter()
                .map(|&(packet, link, at)| Hop { packet, link, depart_ps: at * tick })
                .collect(),
            completion_ps,
            critical,
            ending,
            conservation: self.sums,
            flit_hops,
        }
    }
}
