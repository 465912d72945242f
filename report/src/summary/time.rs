//! Times in the summary: timesteps, packets, and what bounded them.

use quarrion_isa::event::Phase;
use quarrion_isa::histogram::Histogram;
use serde::Serialize;

use super::{by_name, ratio};
use crate::overload::Overload;
use crate::record::{BoundTime, HOST_HANDSHAKE, RunRecord, STATE_RESET};

/// Bounds that a summary names.
const BOUNDS: usize = 3;

/// Time of a timestep in picoseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepReport {
    /// Mean.
    pub mean: f64,
    /// The longest.
    pub max: u64,
    /// Mean by phase; `None` where the chip file gives no time for what happened in it.
    #[serde(serialize_with = "by_name")]
    pub by_phase: Vec<(String, Option<f64>)>,
}

/// Times of packets from readiness to arrival, in picoseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LatencyReport {
    /// Packets; one that branches counts once, with its last arrival.
    pub packets: u64,
    /// Mean.
    pub mean: f64,
    /// Half of them take no longer; the upper end of a bucket, as the next two.
    pub p50: u64,
    /// 95 in a hundred take no longer.
    pub p95: u64,
    /// 99 in a hundred take no longer.
    pub p99: u64,
    /// The longest.
    pub max: u64,
    /// The buckets that hold any.
    pub histogram: Vec<LatencyBucket>,
}

/// One bucket of a histogram of times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LatencyBucket {
    /// Times in it are longer than this, but in the first bucket of all.
    pub above: u64,
    /// Longest time in it.
    pub up_to: u64,
    /// Packets in it.
    pub packets: u64,
}

/// Timesteps that a tick ends before their work is done.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OverloadReport {
    /// How many.
    pub steps: u64,
    /// Length of a tick.
    pub tick_ps: u64,
    /// What the work of the worst of them takes.
    pub longest_ps: u64,
    /// What takes so long, with its place.
    pub place: String,
    /// All this in a sentence.
    pub told: String,
    /// A way out.
    pub advice: String,
}

impl OverloadReport {
    pub(super) fn new(overload: &Overload, record: &RunRecord) -> Self {
        Self {
            steps: overload.steps,
            tick_ps: overload.tick.0,
            longest_ps: overload.longest.0,
            place: overload.place.clone(),
            told: overload.told(record.timesteps),
            advice: overload.advice(),
        }
    }
}

/// One of the bounds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BoundShare {
    /// Kind of bound.
    pub bound: String,
    /// The bound with its place, in words.
    pub place: String,
    /// Timesteps that it bounded.
    pub steps: u64,
    /// Their share of the run's time.
    pub share: f64,
}

impl LatencyReport {
    pub(super) fn new(times: &Histogram) -> Self {
        let bucket = |(above, up_to, packets)| LatencyBucket { above, up_to, packets };
        Self {
            packets: times.count(),
            mean: times.mean(),
            p50: times.quantile(500),
            p95: times.quantile(950),
            p99: times.quantile(990),
            max: times.max(),
            histogram: times.spans().map(bucket).collect(),
        }
    }
}

impl StepReport {
    pub(super) fn new(record: &RunRecord) -> Self {
        let time = &record.time;
        let mean = |ps: u64| ratio(ps as f64, record.timesteps as f64);
        let silent = |phase: Phase| {
            let part = match phase {
                Phase::Management => STATE_RESET,
                Phase::Host => HOST_HANDSHAKE,
                _ => return false,
            };
            time.not_modelled.iter().any(|name| name == part)
        };
        let phases = time.phases.iter().map(|(&phase, ps)| {
            let known = ps.0 > 0 || !silent(phase);
            (phase.name().to_owned(), known.then(|| mean(ps.0)))
        });
        Self {
            mean: mean(time.phases.values().map(|phase| phase.0).sum()),
            max: time.step_max.0,
            by_phase: phases.collect(),
        }
    }
}

/// What bounded the timesteps, most time first.
pub(super) fn bounds(record: &RunRecord) -> Vec<BoundShare> {
    let total: u64 = record.time.bounds.iter().map(|entry| entry.time.0).sum();
    let share = |entry: &BoundTime| BoundShare {
        bound: entry.bound.kind().into(),
        place: entry.place.clone(),
        steps: entry.steps,
        share: ratio(entry.time.0 as f64, total as f64),
    };
    record.time.bounds.iter().take(BOUNDS).map(share).collect()
}
