//! The activity record: what a timestep did, free of times and prices.
//!
//! Function writes it; every timing model, replay and count reads it together with the chip and
//! reads nothing else. It is flat: cores point at segments, segments at destinations.
//!
//! A packet's payload is recorded in bits, not flits: how many flits it takes is the chip's affair,
//! so that a stored record can be timed again on other links.

mod container;

use serde::{Deserialize, Serialize};

pub use container::{ActivityHead, decode_activity, encode_activity};

use crate::chip::SynapseFormatKind;
use crate::id::{AxonInId, CoreId, PopulationId};

/// What one timestep of one sample did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// Sample.
    pub sample: u32,
    /// Timestep in the sample.
    pub step: u32,
    /// Work per used core, by ascending id.
    pub cores: Vec<CoreActivity>,
    /// Segments of all update loops, core by core, in loop order.
    pub segments: Vec<Segment>,
    /// Destinations of all spikes, in the order of the segments; host spikes come first.
    pub destinations: Vec<Destination>,
    /// What the host did.
    pub host: HostActivity,
    /// Destinations whose packets were lost; they stand nowhere else in the record.
    pub lost: u32,
}

/// One core's part of a timestep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoreActivity {
    /// The core.
    pub core: CoreId,
    /// First of its segments.
    pub first_segment: u32,
    /// Number of its segments.
    pub segments: u32,
    /// Plastic synapses visited by the epoch sweep that ends the step.
    pub plastic_visits: u32,
    /// Traces updated by the epoch sweep.
    pub trace_updates: u32,
}

/// A stretch of the update loop: compartments of one population up to and with one that spikes or
/// whose earlier spike leaves, or up to the population's last compartment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// Population of the compartments.
    pub population: PopulationId,
    /// Loop position after the last compartment of the segment.
    pub end: u32,
    /// Inactive updates.
    pub inactive: u32,
    /// Active updates without a spike.
    pub active: u32,
    /// Whether the last compartment spiked: 0 or 1.
    pub spiking: u32,
    /// Instructions executed (programmable cores; the count is kept on all).
    pub instructions: u32,
    /// Payload bits of the spike that leaves; 0 for a binary spike.
    pub payload_bits: u32,
    /// Number of destinations of the spike that leaves: the last compartment's, or an earlier one
    /// of its that has waited.
    pub destinations: u32,
}

/// A core that a spike reaches, and the work of its list there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// Destination core.
    pub core: CoreId,
    /// Axon-in entry there.
    pub axon: AxonInId,
    /// Synapse memory words that the list reads.
    pub words: u32,
    /// Synaptic operations of the list.
    pub synaptic_ops: u32,
    /// Format of the list.
    pub format: SynapseFormatKind,
}

/// The host's part of a timestep.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostActivity {
    /// Spikes sent in, in order: number of destinations and payload bits of each.
    pub spikes_in: Vec<HostSpike>,
    /// Output spikes read back.
    pub spikes_out: u32,
    /// Parameters written before the step.
    pub parameter_writes: u32,
    /// State resets after the step: 1 on the last step of a sample.
    pub state_resets: u32,
}

/// A spike that the host sends in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostSpike {
    /// Input population of the spike.
    pub population: PopulationId,
    /// Number of the spike's destinations.
    pub destinations: u32,
    /// Payload bits; 0 for a binary spike.
    pub payload_bits: u32,
}

impl Activity {
    /// Empties the record for the next timestep and keeps its memory.
    pub fn clear(&mut self) {
        self.cores.clear();
        self.segments.clear();
        self.destinations.clear();
        self.lost = 0;
        self.host.spikes_in.clear();
        self.host = HostActivity {
            spikes_in: std::mem::take(&mut self.host.spikes_in),
            ..HostActivity::default()
        };
    }

    /// The segments of one core's loop.
    #[must_use]
    pub fn segments_of(&self, core: &CoreActivity) -> &[Segment] {
        let first = core.first_segment as usize;
        &self.segments[first..first + core.segments as usize]
    }

    /// Spikes of all compartments.
    #[must_use]
    pub fn spikes(&self) -> u64 {
        self.segments.iter().map(|segment| u64::from(segment.spiking)).sum()
    }
}
