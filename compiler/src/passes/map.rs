//! Map: which neurons lie on which core, by the planner or as given.

use std::collections::BTreeMap;

use quarrion_isa::chip::{Chip, Synchronisation};
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::id::PopulationId;
use quarrion_isa::program::Occurrence;

use super::{Draft, codes};
use crate::failure::CompileFailure;
use crate::planner;

pub(super) fn run(draft: &mut Draft<'_>) -> Result<(), CompileFailure> {
    let options = draft.options;
    let given = options.mapping.as_ref();
    let mut plan =
        planner::plan(&draft.quantised, draft.chip, &options.planner, given, options.seed)?;
    draft.mapping = std::mem::take(&mut plan.mapping);
    draft.mapping.sums = draft.sums.clone();
    draft.notes.append(&mut plan.notes);
    draft.plan = plan;
    note_copies(draft);
    Ok(())
}

/// Says which neurons several compartments compute, and what that takes.
fn note_copies(draft: &mut Draft<'_>) {
    let slices = draft.mapping.cores.iter().flat_map(|core| &core.slices);
    let mut copies: BTreeMap<PopulationId, BTreeMap<u32, u32>> = BTreeMap::new();
    for slice in slices.filter(|slice| slice.occurrence == Occurrence::Copy) {
        let own = copies.entry(slice.population).or_default();
        slice.neurons().for_each(|neuron| *own.entry(neuron).or_default() += 1);
    }
    for (population, copies) in copies {
        let depth = draft.quantised.parts(population).len() as u64;
        let more: u64 = copies.values().map(|&copies| u64::from(copies) * depth).sum();
        let name = &draft.quantised.population(population).name;
        let message = format!(
            "{} neurons of `{name}` are computed by several compartments each, {more} more than \
             neurons: their spikes leave over more axons than a core has",
            copies.len()
        );
        let chip = &draft.chip.name;
        let note = if all_fire_alike(draft.chip) {
            let help = "the result is the same; every copy costs updates, lists and packets";
            Diagnostic::note(codes::COPIES, message).at(chip, "axons_out", "too few").help(help)
        } else {
            let help = "where a packet is lost, dropped or late, a copy may fire otherwise";
            Diagnostic::warning(codes::COPIES, message).at(chip, "axons_out", "too few").help(help)
        };
        draft.notes.push(note);
    }
}

/// Whether every spike reaches all copies of a neuron in the same step.
fn all_fire_alike(chip: &Chip) -> bool {
    matches!(chip.synchronisation, Synchronisation::Barrier(_))
        && chip.mesh.drop_after.is_none()
        && chip.faults.loss == 0
}
