//! The ledger: event counts by core, link, population, timestep and sample.
//!
//! Each table is a marginal of its own; the totals of those that count the same kinds must agree.

use serde::{Deserialize, Serialize};

use crate::event::EventCounts;
use crate::histogram::Histogram;
use crate::id::{CoreId, LinkId};
use crate::quantity::Picoseconds;
use crate::timing::StepTime;
use crate::way::Way;

/// Everything that a run counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// All events.
    pub total: EventCounts,
    /// By core of the program, ascending; hops and host events belong to no core.
    pub cores: Vec<CoreRow>,
    /// By link that carried anything, ascending.
    pub links: Vec<LinkRow>,
    /// By population: updates of its neurons, and packets and lists that its spikes caused.
    pub populations: Vec<EventCounts>,
    /// By timestep, in order of sample and step.
    pub steps: Vec<StepRow>,
    /// By sample.
    pub samples: Vec<SampleRow>,
    /// What went wrong.
    pub faults: FaultCounts,
    /// Waiting by link, ascending; none where the timing model knows no contention.
    pub queues: Vec<QueueRow>,
    /// Times of the packets from readiness to arrival, in picoseconds; empty without contention.
    pub latencies: Histogram,
    /// The packets that were done last in their timesteps: in the longest one of each sample, or
    /// in all, as the run was asked; none without contention.
    pub lasts: Vec<Way>,
    /// Every packet of the timesteps that were asked for.
    pub packets: Vec<Way>,
}

impl Ledger {
    /// The packet that was done last in the longest timestep (the first of several), where it was
    /// followed.
    #[must_use]
    pub fn last_of_longest(&self) -> Option<&Way> {
        let longest = self.steps.iter().map(|row| row.time.total()).max()?;
        let row = self.steps.iter().find(|row| row.time.total() == longest)?;
        self.lasts.iter().find(|way| (way.sample, way.step) == (row.sample, row.step))
    }
}

/// Flits that waited for one link's far end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueRow {
    /// The link; its planes together.
    pub link: LinkId,
    /// Flits in the buffers behind it, summed over time: divide by a time for the mean.
    pub waiting_flit_ps: u64,
    /// Most flits of one plane that were sent and whose credits were not back, of each virtual
    /// channel the most, added up.
    pub ahead_flits_max: u32,
}

/// What went wrong, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultCounts {
    /// Packets that got lost, by destination core.
    pub lost: u64,
    /// Packets that a router dropped after they had waited too long, by destination core.
    pub dropped: u64,
    /// Lists that were served after the tick in which their first synapse was due had begun.
    pub late: u64,
    /// Ticks that a core missed because its work of the tick before was not done.
    pub overruns: u64,
}

impl FaultCounts {
    /// Adds the counts of another row.
    pub fn merge(&mut self, other: &Self) {
        self.lost += other.lost;
        self.dropped += other.dropped;
        self.late += other.late;
        self.overruns += other.overruns;
    }

    /// Each count with its name.
    #[must_use]
    pub fn named(&self) -> [(&'static str, u64); 4] {
        let Self { lost, dropped, late, overruns } = *self;
        [
            ("packets lost", lost),
            ("packets dropped by routers", dropped),
            ("lists served late", late),
            ("ticks outlasted by a core's work", overruns),
        ]
    }

    /// Whether nothing went wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// One core's counts and busy times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoreRow {
    /// The core.
    pub core: CoreId,
    /// What it did.
    pub counts: EventCounts,
    /// Time of its update loops.
    pub update_time: Picoseconds,
    /// Time of its list service.
    pub synapse_time: Picoseconds,
}

/// One link's traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkRow {
    /// The link.
    pub link: LinkId,
    /// Packets carried.
    pub packets: u64,
    /// Flits carried.
    pub flits: u64,
    /// Time that the link was taken.
    pub busy: Picoseconds,
}

/// One timestep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRow {
    /// Sample.
    pub sample: u32,
    /// Timestep in the sample.
    pub step: u32,
    /// Spikes of compartments.
    pub spikes: u64,
    /// Spikes from the host.
    pub host_spikes: u64,
    /// Packets, the host's included.
    pub packets: u64,
    /// Hops of all packets.
    pub hops: u64,
    /// Synaptic operations.
    pub synaptic_ops: u64,
    /// Time and bound.
    pub time: StepTime,
    /// What went wrong.
    pub faults: FaultCounts,
}

/// One sample.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleRow {
    /// What it did.
    pub counts: EventCounts,
    /// Timesteps.
    pub steps: u32,
    /// Time of all its timesteps and its reset.
    pub time: Picoseconds,
}
