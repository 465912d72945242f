//! The packet that ended a timestep: where it went and where it waited.

use quarrion_isa::diagnostic::Diagnostic;

use super::fabric::{End, Fabric};
use super::model::TimingModel;
use super::plan::Plan;
use super::traffic::{Detail, Outcome, PacketTimes, Traffic};

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
    let plan = Plan::new(fabric)?;
    let again = model.run(traffic, Detail::Watch(packet))?;
    let ready_ps = traffic.packets[packet as usize].inject_ps;
    let mut earliest = ready_ps.div_ceil(plan.tick_ps) * plan.tick_ps;
    let mut legs = Vec::with_capacity(again.hops.len());
    for hop in &again.hops {
        legs.push(Leg {
            link: hop.link,
            depart_ps: hop.depart_ps,
            waited_ps: hop.depart_ps - earliest,
        });
        let link = &fabric.links[hop.link as usize];
        let from_router = matches!(link.from, End::Router { .. });
        let latency = plan.ticks(link.timing.latency_ps);
        let free = latency + plan.settle() + if from_router { u64::from(plan.traverse) } else { 0 };
        earliest = hop.depart_ps + free * plan.tick_ps;
    }
    Ok(Some(CriticalPath { packet, ready_ps, legs, times: again.packets[packet as usize] }))
}
