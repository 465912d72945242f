//! Axons: an axon-in entry for every list, an axon-out entry for every way there.

use quarrion_isa::id::AxonInId;
use quarrion_isa::program::{AxonIn, AxonOut, AxonTable};

use super::Draft;
use crate::compile::CompileFailure;

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
    draft.axons = tables
        .into_iter()
        .zip(&draft.mapping.cores)
        .map(|(axons_in, core)| {
            let slices = draft.quantised.compartments(&core.slices);
            let rows = slices.iter().flat_map(|slice| {
                let ways = &ways[slice.population.index()];
                slice.neurons().map(|neuron| ways[neuron as usize].clone())
            });
            let rows: Vec<Vec<AxonOut>> = rows.collect();
            CoreAxons { axons_in, axons_out: AxonTable::from_rows(&rows) }
        })
        .collect();
    let inputs =
        populations.iter().zip(ways).filter(|(population, _)| population.neurons.is_none());
    let rows: Vec<Vec<AxonOut>> = inputs.flat_map(|(_, ways)| ways).collect();
    draft.input_axons = AxonTable::from_rows(&rows);
    Ok(())
}
