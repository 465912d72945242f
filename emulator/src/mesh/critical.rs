//! Packets link by link: where they went, when, and where they waited.

use quarrion_isa::diagnostic::Diagnostic;

use super::fabric::{End, Fabric};
use super::model::TimingModel;
use super::plan::Plan;
use super::traffic::{Detail, Hop, Outcome, PacketTimes, Traffic};

/// One link of the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leg {
    /// Position in [`Fabric::links`].
    pub link: u32,
    /// When the head was let onto it.
    pub depart_ps: u64,
    /// How much later that was than without any other packet.
    pub waited_ps: u64,
}

/// The path of one packet in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CriticalPath {
    /// Position in [`Traffic::packets`].
    pub packet: u32,
    /// When its source had it ready.
    pub ready_ps: u64,
    /// Its links, the one into the mesh first.
    pub legs: Vec<Leg>,
    /// Its times.
    pub times: PacketTimes,
}

/// What heads and flits take where nothing is in their way.
#[derive(Clone, Copy, Debug)]
pub struct FreeTimes {
    tick_ps: u64,
    /// From a head's arrival at a router to its readiness for the next link, in ticks.
    settle: u64,
    /// From the moment at which a router lets it go to the link, in ticks.
    traverse: u64,
}

impl FreeTimes {
    /// Those of a fabric.
    ///
    /// # Errors
    /// A diagnostic about the fabric; the chip's author must act.
    pub fn new(fabric: &Fabric) -> Result<Self, Diagnostic> {
        let plan = Plan::new(fabric)?;
        let (settle, traverse) = (plan.settle(), plan.traverse.into());
        Ok(Self { tick_ps: plan.tick_ps, settle, traverse })
    }

    /// The first tick that is no earlier.
    fn tick_after(&self, ps: u64) -> u64 {
        ps.div_ceil(self.tick_ps) * self.tick_ps
    }

    /// When a head that is let onto a link arrives at its end.
    fn arrival(&self, fabric: &Fabric, link: u32, depart_ps: u64) -> u64 {
        let link = &fabric.links[link as usize];
        let from_router = matches!(link.from, End::Router { .. });
        let traverse = if from_router { self.traverse * self.tick_ps } else { 0 };
        // As the models have it, every link takes a tick.
        depart_ps + self.tick_after(link.timing.latency_ps).max(self.tick_ps) + traverse
    }

    /// When the last flit of a packet is across a link, if nothing holds it up behind its head;
    /// flits follow each other no faster than the slowest of the `legs` lets them.
    #[must_use]
    pub fn tail(&self, fabric: &Fabric, leg: &Leg, legs: &[Leg], flits: u32) -> u64 {
        let spacing = |leg: &Leg| fabric.links[leg.link as usize].timing.flit_ps;
        let slowest = legs.iter().map(spacing).max().unwrap_or(0);
        let follow = u64::from(flits.saturating_sub(1)) * self.tick_after(slowest);
        self.arrival(fabric, leg.link, leg.depart_ps) + follow
    }

    /// The links of one packet, from its hops in the order in which they happened.
    #[must_use]
    pub fn legs(&self, fabric: &Fabric, ready_ps: u64, hops: &[Hop]) -> Vec<Leg> {
        // Where heads are ready to go on, and since when; copies stand at several routers.
        let mut ready: Vec<(u32, u64)> = Vec::new();
        let leg = |hop: &Hop| {
            let link = &fabric.links[hop.link as usize];
            let since = match link.from {
                End::Port(_) => self.tick_after(ready_ps),
                End::Router { router, .. } => ready
                    .iter()
                    .rfind(|(at, since)| *at == router && *since <= hop.depart_ps)
                    .map_or(hop.depart_ps, |(_, since)| *since),
            };
            if let End::Router { router, .. } = link.to {
                let arrival = self.arrival(fabric, hop.link, hop.depart_ps);
                ready.push((router, arrival + self.settle * self.tick_ps));
            }
            let (link, depart_ps) = (hop.link, hop.depart_ps);
            Leg { link, depart_ps, waited_ps: depart_ps - since }
        };
        hops.iter().map(leg).collect()
    }
}

/// Follows the packet that was done last, by a second run of the same model.
///
/// # Errors
/// A diagnostic about the fabric or the traffic; the caller must act.
pub fn critical_path(
    model: &mut dyn TimingModel,
    fabric: &Fabric,
    traffic: &Traffic,
    outcome: &Outcome,
) -> Result<Option<CriticalPath>, Diagnostic> {
    let Some(packet) = outcome.critical else { return Ok(None) };
    let again = model.run(traffic, Detail::Watch(packet))?;
    let ready_ps = traffic.packets[packet as usize].inject_ps;
    let legs = FreeTimes::new(fabric)?.legs(fabric, ready_ps, &again.hops);
    Ok(Some(CriticalPath { packet, ready_ps, legs, times: again.packets[packet as usize] }))
}
