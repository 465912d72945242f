//! An earlier mapping kept where the network has not changed.

use std::collections::BTreeMap;

use quarrion_isa::chip::Chip;
use quarrion_isa::id::{CoreId, PopulationId};
use quarrion_isa::program::Occurrence;
use serde::Serialize;

use super::Part;
use super::boxes::Cutter;
use super::cut::Cut;
use super::measure::{Measured, Meter};
use super::mend::halve;
use crate::failure::CompileFailure;
use crate::layout::{CoreMapping, Mapping, Slice, runs_of};
use crate::quantised::QuantisedNetwork;

/// How much of an earlier mapping a mapping keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// Neurons that lie on the core where the earlier mapping had them.
    pub stayed: u64,
    /// Neurons that the earlier mapping had placed and that the network still has.
    pub shared: u64,
    /// Neurons of the network.
    pub neurons: u64,
}

impl Kept {
    /// Counts neurons, copies apart.
    pub(super) fn count(network: &QuantisedNetwork, old: &Mapping, new: &Mapping) -> Self {
        let placed = network.populations.iter().filter(|p| p.neurons.is_some());
        let own = placed.filter(|population| population.part_of.is_none());
        let neurons = own.map(|population| u64::from(population.size)).sum();
        let exists = |(population, neuron): &(PopulationId, u32)| {
            let found = network.populations.get(population.index());
            found.is_some_and(|p| p.neurons.is_some() && *neuron < p.size)
        };
        let old = homes(old);
        let new = homes(new);
        let shared = old.iter().filter(|(neuron, _)| exists(neuron));
        let stayed = shared.clone().filter(|(neuron, core)| new.get(neuron) == Some(core));
        Self { stayed: stayed.count() as u64, shared: shared.count() as u64, neurons }
    }
}

/// The core of every neuron's first compartment.
fn homes(mapping: &Mapping) -> BTreeMap<(PopulationId, u32), CoreId> {
    let mut homes = BTreeMap::new();
    for core in &mapping.cores {
        for slice in core.slices.iter().filter(|s| s.occurrence == Occurrence::First) {
            homes.extend(slice.neurons().map(|neuron| ((slice.population, neuron), core.core)));
        }
    }
    homes
}

/// Keeps every slice of `old` whose neurons the network still has; the rest is cut anew and laid
/// onto free cores in the signal's order, and so is half of what a core no longer holds.
///
/// # Errors
/// No synapse format holds some list.
pub(super) fn keep(
    meter: &Meter<'_>,
    cut: &Cut<'_>,
    old: &Mapping,
) -> Result<Option<Mapping>, CompileFailure> {
    let sizes = meter.network.populations.iter().map(|p| vec![false; p.size as usize]);
    let mut placed: Vec<Vec<bool>> = sizes.collect();
    let mut kept = Vec::new();
    for core in &old.cores {
        let Some(site) = meter.chip.cores.get(core.core.index()) else { continue };
        if !is_usable(meter.chip, core.core) {
            continue;
        }
        let usable = |slice: &&Slice| is_whole(meter, slice, site.core_type, &placed);
        let slices: Vec<Slice> = core.slices.iter().filter(usable).cloned().collect();
        if slices.is_empty() {
            continue;
        }
        for slice in slices.iter().filter(|slice| slice.occurrence == Occurrence::First) {
            let placed = &mut placed[slice.population.index()];
            slice.neurons().for_each(|neuron| placed[neuron as usize] = true);
        }
        kept.push(CoreMapping { core: core.core, slices });
    }
    let missing = cut.cutters().iter().flat_map(|cutter| missing(meter, cutter, &placed));
    for part in missing.collect::<Vec<Part>>() {
        if !add_on_free_core(meter.chip, part, &mut kept) {
            return Ok(None);
        }
    }
    loop {
        kept.sort_by_key(|core| core.core);
        let measured = Measured::of_cores(meter, &kept)?;
        let full =
            |at: &usize| measured.check(*at, meter.chip.core_type(kept[*at].core), "").is_err();
        let full: Vec<usize> = (0..kept.len()).filter(full).collect();
        if full.is_empty() {
            break;
        }
        for at in full {
            let core_type = meter.chip.cores[kept[at].core.index()].core_type;
            let part = Part { core_type, slices: kept[at].slices.clone() };
            let halves = halve(&part).and_then(|halves| <[Part; 2]>::try_from(halves).ok());
            let Some([stays, goes]) = halves else { return Ok(None) };
            kept[at].slices = stays.slices;
            if !add_on_free_core(meter.chip, goes, &mut kept) {
                return Ok(None);
            }
        }
    }
    Ok(Some(Mapping { cores: kept, ..Mapping::default() }))
}

/// Lays a part onto the first free core of its kind; says whether there is one.
fn add_on_free_core(chip: &Chip, part: Part, kept: &mut Vec<CoreMapping>) -> bool {
    let free = chip.cores.iter().enumerate().find(|(index, site)| {
        site.core_type == part.core_type
            && is_usable(chip, CoreId::from_index(*index))
            && kept.iter().all(|k| k.core.index() != *index)
    });
    let Some((index, _)) = free else { return false };
    kept.push(CoreMapping { core: CoreId::from_index(index), slices: part.slices });
    true
}

/// Whether the core and its router work.
fn is_usable(chip: &Chip, core: CoreId) -> bool {
    chip.works(core) && !chip.mesh.is_dead(chip.tile_of(core))
}

/// Whether the slice's neurons exist, fit the kind of core and are not placed yet.
fn is_whole(meter: &Meter<'_>, slice: &Slice, core_type: u32, placed: &[Vec<bool>]) -> bool {
    let Some(placed) = placed.get(slice.population.index()) else { return false };
    let there = slice.runs.iter().all(|run| {
        run.first.checked_add(run.count).is_some_and(|end| end as usize <= placed.len())
    });
    let whole = |population| meter.network.root(population) == population;
    there
        && whole(slice.population)
        && meter.neurons(slice.population).is_some_and(|neurons| neurons.core_type == core_type)
        && (slice.occurrence == Occurrence::Copy
            || slice.neurons().all(|neuron| !placed[neuron as usize]))
}

/// Boxes of the plain cut without the neurons that are placed.
fn missing(meter: &Meter<'_>, cutter: &Cutter<'_>, placed: &[Vec<bool>]) -> Vec<Part> {
    let placed = &placed[cutter.population.index()];
    let mut parts = Vec::new();
    for slice in &cutter.slices {
        let runs = runs_of(slice.neurons().filter(|&neuron| !placed[neuron as usize]));
        if !runs.is_empty() {
            let slice = Slice::new(slice.population, runs);
            parts.push(Part { core_type: meter.core_type(slice.population), slices: vec![slice] });
        }
    }
    parts
}
