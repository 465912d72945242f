//! The stimulus: what goes in, sample by sample.

use serde::{Deserialize, Serialize};

use crate::id::PopulationId;

/// Samples with their labels.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stimulus {
    /// The samples, run one after the other with a state reset after each.
    pub samples: Vec<Sample>,
    /// Label of each sample, where known.
    pub labels: Option<Vec<u32>>,
}

/// One sample.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// Length of the input in timesteps.
    pub steps: u32,
    /// Spikes by ascending (step, neuron).
    pub spikes: Vec<InputSpike>,
    /// Parameters written before the sample's first step.
    pub writes: Vec<ParameterWrite>,
    /// Rewards that the host writes during the sample, by ascending step, for learning rules with
    /// `reward r ... from host`.
    pub rewards: Vec<Reward>,
}

/// A third factor that the host writes; it holds until the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reward {
    /// Timestep from which it holds.
    pub step: u32,
    /// Value.
    pub value: i32,
}

/// One spike of the stimulus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct InputSpike {
    /// Timestep in the sample.
    pub step: u32,
    /// Input neuron, counted over all input populations in order.
    pub neuron: u32,
    /// Payload; 1 for a binary spike.
    pub payload: i32,
}

/// A parameter of one neuron, written before a sample (an image as constant input).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterWrite {
    /// Population.
    pub population: PopulationId,
    /// Neuron in the population.
    pub neuron: u32,
    /// Position of the parameter in the neuron program.
    pub parameter: u32,
    /// Value.
    pub value: i64,
}

impl Sample {
    /// The spikes of one step.
    #[must_use]
    pub fn spikes_at(&self, step: u32) -> &[InputSpike] {
        let first = self.spikes.partition_point(|spike| spike.step < step);
        let length = self.spikes[first..].partition_point(|spike| spike.step == step);
        &self.spikes[first..first + length]
    }

    /// The reward that holds in a step; 0 before the first.
    #[must_use]
    pub fn reward_at(&self, step: u32) -> i32 {
        let after = self.rewards.partition_point(|reward| reward.step <= step);
        self.rewards[..after].last().map_or(0, |reward| reward.value)
    }

    /// How many rewards the host writes in a step.
    #[must_use]
    pub fn rewards_written_at(&self, step: u32) -> u32 {
        self.rewards.iter().filter(|reward| reward.step == step).count() as u32
    }
}
