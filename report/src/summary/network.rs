//! The network in the summary: the hottest links, and the packet that ended the longest timestep.

use quarrion_isa::way::{Way, end_name};
use serde::Serialize;

use super::ratio;
use crate::record::{LinkUse, RunRecord};

/// One link between tiles; its planes together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LinkReport {
    /// The link by its tile and direction.
    pub link: String,
    /// Packets carried.
    pub packets: u64,
    /// Flits carried.
    pub flits: u64,
    /// Share of the run's time in which it was taken, mean over its planes.
    pub busy_share: f64,
    /// Flits in the buffers behind it, mean over the run's time; `None` without contention.
    pub queue_mean_flits: Option<f64>,
    /// Most flits of one plane in those buffers or on their way there; `None` without contention.
    pub ahead_peak_flits: Option<u32>,
}

/// The packet that was done last in the longest timestep.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LastPacket {
    /// Sample.
    pub sample: u32,
    /// Timestep in the sample.
    pub step: u32,
    /// Who sent it.
    pub source: String,
    /// Who got it.
    pub destinations: Vec<String>,
    /// When its source had it ready, from the beginning of the timestep.
    pub ready_ps: u64,
    /// When the last core was done with it.
    pub done_ps: u64,
    /// Its links, the one into the network first.
    pub path: Vec<PathLeg>,
    /// Where it waited, longest first.
    pub waits: Vec<Wait>,
}

/// One link of a packet's way.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PathLeg {
    /// The link, in words.
    pub link: String,
    /// When its head was let onto the link.
    pub depart_ps: u64,
    /// How much later that was than without any other packet.
    pub waited_ps: u64,
}

/// A wait on a packet's way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Wait {
    /// Where or for what, in words.
    pub place: String,
    /// How long.
    pub waited_ps: u64,
}

impl LinkReport {
    fn new(link: &LinkUse, record: &RunRecord) -> Self {
        let time = record.time.total.0 as f64;
        Self {
            link: format!("tile ({}, {}) {}", link.x, link.y, link.towards.name()),
            packets: link.packets,
            flits: link.flits,
            busy_share: ratio(link.busy.0 as f64, time * f64::from(link.planes)),
            queue_mean_flits: link.queue.map(|queue| ratio(queue.waiting_flit_ps as f64, time)),
            ahead_peak_flits: link.queue.map(|queue| queue.ahead_flits_max),
        }
    }
}

impl LastPacket {
    fn new(way: &Way) -> Self {
        let wait = |(place, waited_ps)| Wait { place, waited_ps };
        let mut waits: Vec<Wait> = way.waits().map(wait).collect();
        waits.sort_by_key(|wait| std::cmp::Reverse(wait.waited_ps));
        let leg = |leg: &quarrion_isa::way::WayLeg| PathLeg {
            link: leg.passage.to_string(),
            depart_ps: leg.depart_ps,
            waited_ps: leg.waited_ps,
        };
        Self {
            sample: way.sample,
            step: way.step,
            source: end_name(way.source),
            destinations: way.ends.iter().map(|end| end_name(end.core)).collect(),
            ready_ps: way.ready_ps,
            done_ps: way.done_ps(),
            path: way.legs.iter().map(leg).collect(),
            waits,
        }
    }
}

/// The links that were taken longest.
pub(super) fn hottest_links(record: &RunRecord) -> Vec<LinkReport> {
    record.hottest_links.iter().map(|link| LinkReport::new(link, record)).collect()
}

/// The packet that ended the longest timestep.
pub(super) fn last_packet(record: &RunRecord) -> Option<LastPacket> {
    record.last_packet.as_ref().map(LastPacket::new)
}
