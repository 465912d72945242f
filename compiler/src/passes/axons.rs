//! Axons: an axon-in entry for every list, an axon-out entry for every way there.

use std::collections::BTreeMap;

use quarrion_isa::id::{AxonInId, PopulationId};
use quarrion_isa::program::{AxonIn, AxonOut, AxonTable, Occurrence};

use super::Draft;
use crate::failure::CompileFailure;
use crate::layout::share;

/// The routing tables of one core.
#[derive(Clone, Debug)]
pub(crate) struct CoreAxons {
    pub(crate) axons_in: Vec<AxonIn>,
    pub(crate) axons_out: AxonTable,
}

pub(super) fn run(draft: &mut Draft<'_>) -> Result<(), CompileFailure> {
    let populations = &draft.quantised.populations;
    // Ways of every neuron of every population, by ascending (core, axon in).
    let mut ways: Vec<Vec<Vec<AxonOut>>> =
        populations.iter().map(|population| vec![Vec::new(); population.size as usize]).collect();
    let mut tables = Vec::with_capacity(draft.mapping.cores.len());
    for (core, blocks) in draft.mapping.cores.iter().zip(&draft.blocks) {
        let mut axons_in = Vec::new();
        for (position, sourced) in (0..).zip(&blocks.blocks) {
            for &(neuron, list) in &sourced.lists {
                let axon = AxonInId::from_index(axons_in.len());
                axons_in.push(AxonIn { block: position, list });
                let way = AxonOut { core: core.core, axon };
                ways[sourced.source.index()][neuron as usize].push(way);
            }
        }
        tables.push(axons_in);
    }
    let mut turns = Turns::of(draft);
    draft.axons = tables
        .into_iter()
        .zip(&draft.mapping.cores)
        .map(|(axons_in, core)| {
            let slices = draft.quantised.compartments(&core.slices);
            let mut rows: Vec<Vec<AxonOut>> = Vec::new();
            for slice in &slices {
                let ways = &ways[slice.population.index()];
                for neuron in slice.neurons() {
                    let all = &ways[neuron as usize];
                    let seat = (slice.population, slice.occurrence);
                    rows.push(turns.take(seat, neuron, all).to_vec());
                }
            }
            CoreAxons { axons_in, axons_out: AxonTable::from_rows(&rows) }
        })
        .collect();
    let inputs =
        populations.iter().zip(ways).filter(|(population, _)| population.neurons.is_none());
    let rows: Vec<Vec<AxonOut>> = inputs.flat_map(|(_, ways)| ways).collect();
    draft.input_axons = AxonTable::from_rows(&rows);
    Ok(())
}

/// Which share of a neuron's ways its next copy takes, for neurons that several compartments
/// compute: how many they are, and how many copies had their turn.
struct Turns(BTreeMap<(PopulationId, u32), (usize, usize)>);

impl Turns {
    fn of(draft: &Draft<'_>) -> Self {
        let mut turns = BTreeMap::new();
        for core in &draft.mapping.cores {
            let copies = core.slices.iter().filter(|slice| slice.occurrence == Occurrence::Copy);
            let copies: Vec<_> = copies.cloned().collect();
            for slice in &draft.quantised.compartments(&copies) {
                for neuron in slice.neurons() {
                    turns.entry((slice.population, neuron)).or_insert((1, 0)).0 += 1;
                }
            }
        }
        Self(turns)
    }

    /// The ways of a compartment: those of a neuron's first one, then copy by copy.
    fn take<'w>(
        &mut self,
        (population, occurrence): (PopulationId, Occurrence),
        neuron: u32,
        all: &'w [AxonOut],
    ) -> &'w [AxonOut] {
        let Some((seats, taken)) = self.0.get_mut(&(population, neuron)) else { return all };
        let turn = match occurrence {
            Occurrence::First => 0,
            Occurrence::Copy => {
                *taken += 1;
                *taken
            }
        };
        let share = share(all.len(), *seats);
        all.chunks(share).nth(turn).unwrap_or_default()
    }
}
