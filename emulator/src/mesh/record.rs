//! What an engine writes down while it runs, in ticks; turned into an [`Outcome`] at the end.

use super::plan::{NONE, Plan};
use super::traffic::{Conservation, Detail, Ending, Hop, LinkCount, Outcome, PacketTimes};
use super::tree::Forest;

const NEVER: u64 = u64::MAX;

/// What a slot's link has carried, from its two ends.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Carried {
    /// At the sender: flits, packets, most flits ahead, credits that are out at the end.
    pub(super) flits: u64,
    pub(super) packets: u64,
    pub(super) ahead_peak: u32,
    pub(super) credits_out: u64,
    /// At the receiver: sum of departure ticks minus sum of arrival ticks, flits left at the end.
    pub(super) queue: u64,
    pub(super) stored: u64,
}

/// Times and sums of a run, or of the part of one that a region writes down.
#[derive(Debug, Default)]
pub(super) struct Log {
    detail: Detail,
    /// Packet, tick of its head's entry.
    injected: Vec<(u32, u64)>,
    /// Packet, tick at which its tail was taken, tick at which the core was done with it.
    delivered: Vec<(u32, u64, u64)>,
    /// Leaf of a tree, the same two ticks.
    leaves: Vec<(u32, u64, u64)>,
    hops: Vec<Hop>,
    sums: Conservation,
}

impl Log {
    pub(super) fn start(&mut self, detail: Detail) {
        self.detail = detail;
        self.injected.clear();
        self.delivered.clear();
        self.leaves.clear();
        self.hops.clear();
        self.sums = Conservation::default();
    }

    /// A packet's head moves on.
    #[inline]
    pub(super) fn head(&mut self, packet: u32, link: impl Fn() -> u32, tick: u64) {
        match self.detail {
            Detail::Packets => {}
            Detail::Watch(watched) if watched != packet => {}
            Detail::Watch(_) | Detail::Hops => {
                self.hops.push(Hop { packet, link: link(), depart_ps: tick });
            }
        }
    }

    /// A packet's head enters the network.
    #[inline]
    pub(super) fn injected(&mut self, packet: u32, tick: u64) {
        self.injected.push((packet, tick));
    }

    /// A copy is delivered: its core took the tail at `eject` and is done at `done`.
    #[inline]
    pub(super) fn delivered(&mut self, packet: u32, eject: u64, done: u64) {
        self.delivered.push((packet, eject, done));
    }

    /// The copy for a leaf of a tree is delivered; [`Log::delivered`] says it of its packet.
    #[inline]
    pub(super) fn delivered_leaf(&mut self, leaf: u32, eject: u64, done: u64) {
        self.leaves.push((leaf & !Forest::LEAF, eject, done));
    }

    /// A packet branches into so many copies.
    pub(super) fn branched(&mut self, copies: u32) {
        self.sums.replicated += u64::from(copies) - 1;
    }

    /// A copy is dropped that would have reached so many cores.
    pub(super) fn dropped(&mut self, cores: u32) {
        self.sums.dropped += 1;
        self.sums.lost += u64::from(cores);
    }

    /// Cores that have got their packet or never will.
    pub(super) fn closed(&self) -> u64 {
        self.delivered.len() as u64 + self.sums.lost
    }
}

/// Puts the logs of a run together. `carried` tells what each slot's links have carried.
pub(super) fn assemble<'l>(
    plan: &Plan,
    (packets, leaves): (usize, usize),
    ending: Ending,
    logs: impl Iterator<Item = &'l Log>,
    carried: impl Fn(usize) -> Carried,
) -> Outcome {
    let tick = plan.tick_ps;
    let never = PacketTimes { inject_ps: NEVER, eject_ps: NEVER, done_ps: NEVER };
    let mut times = vec![never; packets];
    let mut leaf_times = vec![never; leaves];
    let mut sums = Conservation::default();
    let mut hops: Vec<Hop> = Vec::new();
    for log in logs {
        for &(packet, at) in &log.injected {
            times[packet as usize].inject_ps = at * tick;
        }
        for &(packet, eject, done) in &log.delivered {
            let times = &mut times[packet as usize];
            let later = |old: u64, new: u64| if old == NEVER { new } else { old.max(new) };
            times.eject_ps = later(times.eject_ps, eject * tick);
            times.done_ps = later(times.done_ps, done * tick);
        }
        for &(leaf, eject, done) in &log.leaves {
            let inject_ps = NEVER;
            leaf_times[leaf as usize] =
                PacketTimes { inject_ps, eject_ps: eject * tick, done_ps: done * tick };
        }
        hops.extend(&log.hops);
        sums.injected += log.injected.len() as u64;
        sums.delivered += log.delivered.len() as u64;
        sums.replicated += log.sums.replicated;
        sums.dropped += log.sums.dropped;
        sums.lost += log.sums.lost;
    }
    hops.iter_mut().for_each(|hop| hop.depart_ps *= tick);
    hops.sort_unstable_by_key(|hop| (hop.depart_ps, hop.packet, hop.link));
    let (links, flit_hops) = links(plan, &mut sums, carried);
    let mut critical: Option<u32> = None;
    let mut completion_ps = 0;
    for (times, index) in times.iter().zip(0..) {
        if times.done_ps != NEVER && (critical.is_none() || times.done_ps > completion_ps) {
            completion_ps = times.done_ps;
            critical = Some(index);
        }
    }
    Outcome {
        packets: times,
        leaves: leaf_times,
        links,
        hops,
        completion_ps,
        critical,
        ending,
        conservation: sums,
        flit_hops,
    }
}

/// Checks the sums of a run that nobody stopped: then the last credits are back, too.
pub(super) fn settled(outcome: Outcome) -> Outcome {
    let complete = outcome.ending == Ending::Complete;
    let broken = complete.then(|| outcome.conservation.violation()).flatten();
    assert_eq!(broken, None, "conservation");
    outcome
}

/// Counts by link, and flits times links that leave a router.
fn links(
    plan: &Plan,
    sums: &mut Conservation,
    carried: impl Fn(usize) -> Carried,
) -> (Vec<LinkCount>, u64) {
    let tick = plan.tick_ps;
    let mut links = vec![LinkCount::default(); plan.links as usize];
    let mut stored = 0;
    let mut flit_hops = 0;
    for slot in 0..plan.outs.len() {
        let (out, input) = (plan.outs[slot], plan.ins[slot]);
        if out.link == NONE && input.link == NONE {
            continue;
        }
        let carried = carried(slot);
        if let Some(link) = links.get_mut(out.link as usize) {
            link.flits = carried.flits;
            link.packets = carried.packets;
            link.ahead_peak = carried.ahead_peak;
            link.busy_ps = carried.flits * u64::from(out.flit) * tick;
            sums.flits_sent += carried.flits;
            sums.flits_received += carried.flits;
            sums.credits_missing += carried.credits_out;
            if slot < (plan.routers * plan.slots) as usize {
                flit_hops += carried.flits;
            }
        }
        if let Some(link) = links.get_mut(input.link as usize) {
            link.queue_flit_ps = carried.queue.wrapping_mul(tick);
            stored += carried.stored;
        }
    }
    // Whatever still lies in a buffer has been sent and not yet received.
    sums.flits_received -= stored;
    (links, flit_hops)
}
