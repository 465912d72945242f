//! What travels between cores: spikes on their way, when they are due, and where they are put.

use quarrion_isa::activity::{Activity, HostSpike};
use quarrion_isa::chip::{Chip, Faults};
use quarrion_isa::id::PopulationId;
use quarrion_isa::random::Counter;
use quarrion_isa::stimulus::Sample;

use super::tables::{SpreadEntry, Tables};

/// A spike of a compartment, by its neuron.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spike {
    /// Population.
    pub population: PopulationId,
    /// Neuron in the population.
    pub neuron: u32,
    /// Payload; 1 for a binary spike.
    pub payload: i32,
}

/// A spike at the core where its list is served.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(super) axon: u32,
    pub(super) payload: i32,
    /// Ordinal of the source neuron.
    pub(super) ordinal: u32,
}

/// Spikes that leave a shard in a timestep, by destination core.
#[derive(Debug, Default)]
pub struct Outbox(Vec<(u32, Arrival)>);

impl Outbox {
    /// Takes everything out.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Spikes with the positions of their destination cores, in the order of the record.
    pub(crate) fn arrivals(&self) -> &[(u32, Arrival)] {
        &self.0
    }
}

/// By how many steps lists are served after the step in which their spikes were sent, and what
/// that does to the delays of their synapses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lag {
    /// In the same step.
    None,
    /// Packets carry the step in which they are due: a synapse is late only if that has begun.
    Due(u32),
    /// Delays count from the arrival.
    Shift(u32),
}

impl Lag {
    /// Steps from the sending of a spike to the slot of a synapse, less one.
    pub(super) fn delay(self, delay: u32) -> u32 {
        match self {
            Self::None => delay,
            Self::Due(steps) => delay.max(steps),
            Self::Shift(steps) => delay + steps,
        }
    }

    /// Whether a synapse with this delay comes after its time.
    pub(super) fn misses(self, delay: u32) -> bool {
        self.delay(delay) != delay
    }
}

/// Who and when: what a step needs to know besides state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) seed: u32,
    pub(crate) sample: u32,
    pub(crate) step: u32,
}

/// Puts the host's spikes of a step into an outbox of their own and records them.
pub(crate) fn inject(
    tables: &Tables,
    chip: &Chip,
    moment: Moment,
    sample: &Sample,
    outbox: &mut Outbox,
    activity: &mut Activity,
) {
    outbox.0.clear();
    let (faults, carried) = (&chip.faults, chip.payload_bits());
    for spike in sample.spikes_at(moment.step) {
        let row = tables.inputs.row(spike.neuron as usize);
        let payload_bits = if spike.payload == 1 { 0 } else { carried };
        let population = tables.input_populations[spike.neuron as usize];
        let ordinal = tables.input_ordinals[spike.neuron as usize];
        let mail = Mail { faults, moment, ordinal, payload: spike.payload };
        let destinations = mail.send(row, outbox, activity);
        activity.host.spikes_in.push(HostSpike { population, destinations, payload_bits });
    }
}

/// A spike on its way out.
pub(super) struct Mail<'a> {
    pub(super) faults: &'a Faults,
    pub(super) moment: Moment,
    /// Ordinal of the source neuron.
    pub(super) ordinal: u32,
    pub(super) payload: i32,
}

impl Mail<'_> {
    /// Sends the spike to every destination but those whose packets get lost; returns how many.
    pub(super) fn send(
        &self,
        row: &[SpreadEntry],
        outbox: &mut Outbox,
        activity: &mut Activity,
    ) -> u32 {
        let Self { faults, moment, ordinal, payload } = *self;
        let at = Counter { ordinal, step: moment.step, sample: moment.sample, draw: 0 };
        let mut sent = 0;
        for entry in row {
            if faults.loses(moment.seed, at, entry.destination.core) {
                activity.lost += 1;
                continue;
            }
            sent += 1;
            activity.destinations.push(entry.destination);
            let axon = entry.destination.axon.0;
            outbox.0.push((entry.core, Arrival { axon, payload, ordinal }));
        }
        sent
    }
}
