//! What an engine writes down while it runs, in ticks; turned into an [`Outcome`] at the end.

use super::plan::{NONE, Plan};
use super::traffic::{Conservation, Detail, Ending, Hop, LinkCount, Outcome, PacketTimes};

const NEVER: u64 = u64::MAX;

/// Counts of the buffers behind one link.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stored {
    /// Sum of departure ticks minus sum of arrival ticks.
    pub(super) queue: u64,
    /// Flits that are still there at the end.
    pub(super) stored: u64,
}

/// Times and sums of a run.
#[derive(Debug, Default)]
pub(super) struct Record {
    detail: Detail,
    times: Vec<PacketTimes>,
    hops: Vec<Hop>,
    sums: Conservation,
    /// Copies that are neither delivered nor dropped.
    pub(super) open: u64,
}

impl Record {
    pub(super) fn start(&mut self, packets: usize, copies: u64, detail: Detail) {
        let none = PacketTimes { inject_ps: NEVER, eject_ps: NEVER, done_ps: NEVER };
        *self = Self {
            detail,
            times: vec![none; packets],
            hops: Vec::new(),
            sums: Conservation::default(),
            open: copies,
        };
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
        self.times[packet as usize].inject_ps = tick;
        self.sums.injected += 1;
    }

    /// A copy is delivered: its core took the tail at `eject` and is done at `done`.
    #[inline]
    pub(super) fn delivered(&mut self, packet: u32, eject: u64, done: u64) {
        let times = &mut self.times[packet as usize];
        let later = |old: u64, new: u64| if old == NEVER { new } else { old.max(new) };
        times.eject_ps = later(times.eject_ps, eject);
        times.done_ps = later(times.done_ps, done);
        self.sums.delivered += 1;
        self.open -= 1;
    }

    /// A packet branches into so many copies.
    #[inline]
    pub(super) fn branched(&mut self, copies: u32) {
        self.sums.replicated += u64::from(copies) - 1;
    }

    /// A copy is dropped that would have reached so many cores.
    pub(super) fn dropped(&mut self, cores: u32) {
        self.sums.dropped += 1;
        self.sums.lost += u64::from(cores);
        self.open -= u64::from(cores);
    }

    /// Converts to picoseconds and adds up. `sent` gives flits, packets and most flits ahead of an
    /// out slot, `stored` the buffers of an in slot.
    pub(super) fn finish(
        &mut self,
        plan: &Plan,
        ending: Ending,
        credits_missing: u64,
        sent: impl Fn(usize) -> (u64, u64, u32),
        stored: impl Fn(usize) -> Stored,
    ) -> Outcome {
        let tick = plan.tick_ps;
        let mut record = std::mem::take(self);
        record.sums.credits_missing = credits_missing;
        let mut links = vec![LinkCount::default(); plan.links as usize];
        let mut flit_hops = 0;
        for (slot, out) in plan.outs.iter().enumerate().filter(|(_, out)| out.link != NONE) {
            let (flits, packets, peak) = sent(slot);
            let link = &mut links[out.link as usize];
            link.flits = flits;
            link.packets = packets;
            link.ahead_peak = peak;
            link.busy_ps = flits * u64::from(out.flit) * tick;
            record.sums.flits_sent += flits;
            record.sums.flits_received += flits;
            if slot < (plan.routers * plan.slots) as usize {
                flit_hops += flits;
            }
        }
        for (slot, input) in plan.ins.iter().enumerate().filter(|(_, input)| input.link != NONE) {
            let behind = stored(slot);
            let link = &mut links[input.link as usize];
            link.queue_flit_ps = behind.queue.wrapping_mul(tick);
            record.sums.flits_received -= behind.stored;
        }
        for hop in &mut record.hops {
            hop.depart_ps *= tick;
        }
        let broken = (ending == Ending::Complete).then(|| record.sums.violation()).flatten();
        debug_assert_eq!(broken, None, "conservation");
        let mut critical: Option<u32> = None;
        let mut completion_ps = 0;
        for (index, times) in record.times.iter_mut().enumerate() {
            let ps = |ticks: u64| if ticks == NEVER { NEVER } else { ticks * tick };
            *times = PacketTimes {
                inject_ps: ps(times.inject_ps),
                eject_ps: ps(times.eject_ps),
                done_ps: ps(times.done_ps),
            };
            if times.done_ps != NEVER && (critical.is_none() || times.done_ps > completion_ps) {
                completion_ps = times.done_ps;
                critical = Some(index as u32);
            }
        }
        Outcome {
            packets: record.times,
            links,
            hops: record.hops,
            completion_ps,
            critical,
            ending,
            conservation: record.sums,
            flit_hops,
        }
    }
}
