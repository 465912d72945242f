//! Where neurons lie, and which of its compartments sends a neuron's spike where.

use std::collections::BTreeMap;

use quarrion_isa::id::PopulationId;
use quarrion_isa::program::Occurrence;

use crate::layout::{Slice, share};
use crate::quantised::QuantisedNetwork;

/// Compartments beyond the first of every neuron that several compute.
pub(super) type Copies = BTreeMap<(PopulationId, u32), Vec<u32>>;

/// The parts that hold copies, copy by copy.
pub(super) fn copies<'s>(parts: impl Iterator<Item = &'s [Slice]>) -> Copies {
    let mut copies = Copies::new();
    for (part, slices) in (0..).zip(parts) {
        for slice in slices.iter().filter(|slice| slice.occurrence == Occurrence::Copy) {
            for neuron in slice.neurons() {
                copies.entry((slice.population, neuron)).or_default().push(part);
            }
        }
    }
    copies
}

/// The part of every neuron; those of several compartments share their ways out among them.
pub(super) struct Seats {
    /// By population; `None` for inputs.
    first: Vec<Vec<Option<u32>>>,
    shared: BTreeMap<(PopulationId, u32), Shared>,
}

/// A neuron of several compartments.
struct Shared {
    /// The parts of its copies.
    copies: Vec<u32>,
    /// Ways that each compartment sends over, and those passed so far.
    share: usize,
    passed: usize,
}

impl Seats {
    /// Seats of a layout; `ways` says how many ways a neuron's spike takes in all.
    pub(super) fn of<'s>(
        network: &QuantisedNetwork,
        parts: impl Iterator<Item = &'s [Slice]> + Clone,
        ways: impl Fn(PopulationId, u32) -> u64,
    ) -> Self {
        let sizes = network.populations.iter().map(|p| vec![None; p.size as usize]);
        let mut first: Vec<Vec<Option<u32>>> = sizes.collect();
        for (part, slices) in (0..).zip(parts.clone()) {
            for slice in slices.iter().filter(|slice| slice.occurrence == Occurrence::First) {
                let first = &mut first[slice.population.index()];
                slice.neurons().for_each(|neuron| first[neuron as usize] = Some(part));
            }
        }
        let shared = copies(parts).into_iter().map(|(neuron, copies)| {
            let share = share(ways(neuron.0, neuron.1) as usize, copies.len() + 1);
            (neuron, Shared { copies, share, passed: 0 })
        });
        Self { first, shared: shared.collect() }
    }

    /// The part that sends a neuron's spike over its next way; nobody sends an input's.
    ///
    /// Ways are asked for in the order of the parts that they lead to.
    pub(super) fn sender(&mut self, population: PopulationId, neuron: u32) -> Option<u32> {
        let first = self.first[population.index()][neuron as usize]?;
        if self.shared.is_empty() {
            return Some(first);
        }
        let Some(shared) = self.shared.get_mut(&(population, neuron)) else { return Some(first) };
        let turn = shared.passed / shared.share;
        shared.passed += 1;
        let copy = turn.checked_sub(1).and_then(|turn| shared.copies.get(turn));
        Some(copy.copied().unwrap_or(first))
    }

    /// The parts of all compartments that compute a neuron; nobody computes an input's.
    pub(super) fn senders(
        &self,
        population: PopulationId,
        neuron: u32,
    ) -> impl Iterator<Item = u32> + '_ {
        let first = self.first[population.index()][neuron as usize];
        let copies = self.shared.get(&(population, neuron)).map(|shared| &shared.copies);
        first.into_iter().chain(copies.into_iter().flatten().copied())
    }
}
