//! Where the steps go that a neuron's spikes wait: into its axon, as far as the core lets spikes
//! wait before they leave, and else into the synapses that they reach.

use super::Draft;

/// Steps that the spikes of each neuron of a population wait.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Waits {
    /// Before they leave their core; empty where none does.
    pub(crate) axon: Vec<u32>,
    /// In every synapse that they reach; empty where none does.
    pub(crate) synapses: Vec<u32>,
}

impl Waits {
    /// Splits delays between an axon that carries up to `carries` steps and the synapses.
    fn split(delays: &[u32], carries: u32) -> Self {
        let axon = delays.iter().map(|&delay| delay.min(carries)).collect();
        let synapses = delays.iter().map(|&delay| delay.saturating_sub(carries)).collect();
        Self { axon: or_none(axon), synapses: or_none(synapses) }
    }

    /// The longest wait in synapses.
    pub(crate) fn longest_in_synapses(&self) -> u32 {
        self.synapses.iter().max().copied().unwrap_or(0)
    }
}

/// No list at all where nothing waits.
fn or_none(delays: Vec<u32>) -> Vec<u32> {
    if delays.iter().all(|&delay| delay == 0) { Vec::new() } else { delays }
}

/// Splits the waits of all populations, and takes over steps that projections ask of synapses which
/// store too few: those that all projections of a source have in common can pass in its axon.
///
/// # Shape
/// `wanted`, `limits`: one a projection; what is taken over is taken off `wanted`.
pub(super) fn split_waits(draft: &Draft<'_>, wanted: &mut [i64], limits: &[u32]) -> Vec<Waits> {
    let network = draft.network;
    let mut all = Vec::with_capacity(network.populations.len());
    for (index, population) in network.populations.iter().enumerate() {
        // A neuron of two compartments resets itself by a spike, which must not wait.
        let choice = draft.choices[index].as_ref().filter(|choice| choice.dendrite.is_none());
        let carries = choice
            .map_or(0, |choice| draft.chip.core_types[choice.core_type as usize].axon_delay_max);
        let mut waits = Waits::split(&population.axon_delays, carries);
        let own: Vec<usize> = (0..network.projections.len())
            .filter(|&at| network.projections[at].source.index() == index)
            .collect();
        let stored = i64::from(waits.longest_in_synapses());
        let short = own.iter().any(|&at| wanted[at] + stored > i64::from(limits[at]));
        let room = carries - waits.axon.iter().max().copied().unwrap_or(0);
        let common = own.iter().map(|&at| wanted[at]).min().unwrap_or(0);
        let taken = common.clamp(0, room.into());
        if short && taken > 0 {
            waits.axon.resize(population.len(), 0);
            waits.axon.iter_mut().for_each(|delay| *delay += taken as u32);
            own.iter().for_each(|&at| wanted[at] -= taken);
        }
        all.push(waits);
    }
    all
}
