//! Random numbers of learning: counter-based, or fed from a record.

use crate::random::{Purpose, philox};

/// Draws for one trace of one neuron in one timestep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TraceDraw {
    /// Decides the rounding of decay.
    pub decay: u32,
    /// Decides the rounding of an impulse.
    pub impulse: u32,
}

/// Recorded random numbers, shared by all neurons and synapses: what other people's emulators draw.
///
/// # Shape
/// Traces: one entry a timestep of the sample; synapses: one entry an epoch. Past the end zeros
/// are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordedDraws {
    /// For traces of sources.
    pub pre: Vec<TraceDraw>,
    /// For traces of targets.
    pub post: Vec<TraceDraw>,
    /// For the rounding of weights, delays and tags.
    pub synapse: Vec<u32>,
}

/// Where the draws of a timestep come from.
#[derive(Clone, Copy, Debug)]
pub struct Draws<'a> {
    /// Seed of the run.
    pub seed: u32,
    /// Sample.
    pub sample: u32,
    /// Timestep in the sample.
    pub step: u32,
    /// A record that takes the place of the counters.
    pub record: Option<&'a RecordedDraws>,
}

/// Counter words of trace draws lie above every synapse's target ordinal.
const PRE: u32 = u32::MAX - 15;
const POST: u32 = u32::MAX - 7;

impl Draws<'_> {
    fn words(&self, ordinal: u32, draw: u32) -> [u32; 4] {
        let counter = [ordinal, self.step, self.sample, draw];
        philox([self.seed, Purpose::Learning as u32], counter)
    }

    fn trace(&self, ordinal: u32, draw: u32) -> TraceDraw {
        let [decay, impulse, ..] = self.words(ordinal, draw);
        TraceDraw { decay, impulse }
    }

    /// Draws for a source's trace: 0 is `x1`.
    #[must_use]
    pub fn pre(&self, ordinal: u32, trace: usize) -> TraceDraw {
        match self.record {
            Some(record) => record.pre.get(self.step as usize).copied().unwrap_or_default(),
            None => self.trace(ordinal, PRE + trace as u32),
        }
    }

    /// Draws for a target's trace: 0 is `y1`.
    #[must_use]
    pub fn post(&self, ordinal: u32, trace: usize) -> TraceDraw {
        match self.record {
            Some(record) => record.post.get(self.step as usize).copied().unwrap_or_default(),
            None => self.trace(ordinal, POST + trace as u32),
        }
    }

    /// Draws for a synapse's weight, delay and tag at the end of an epoch, counted from one.
    #[must_use]
    pub fn synapse(&self, source: u32, target: u32, epoch: u32) -> [u32; 3] {
        match self.record {
            Some(record) => {
                let at = epoch.saturating_sub(1) as usize;
                [record.synapse.get(at).copied().unwrap_or_default(); 3]
            }
            None => {
                let [weight, delay, tag, _] = self.words(source, target);
                [weight, delay, tag]
            }
        }
    }
}
