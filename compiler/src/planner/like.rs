//! An earlier mapping kept where the network has not changed.

use quarrion_isa::chip::Chip;
use quarrion_isa::id::CoreId;
use quarrion_isa::program::Occurrence;

use super::Part;
use super::boxes::Cutter;
use super::cut::Cut;
use super::measure::{Measured, Meter};
use crate::failure::CompileFailure;
use crate::layout::{CoreMapping, Mapping, Slice, runs_of};

/// Keeps every slice of `old` whose neurons the network still has and whose core still holds it;
/// the rest is cut anew and laid onto free cores, nearest to the signal's order.
///
/// # Errors
/// Some neuron does not fit a core.
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
        if slices.is_empty()
            || meter.check_inward(site.core_type, &meter.demands(&slices)?).is_err()
        {
            continue;
        }
        for slice in slices.iter().filter(|slice| slice.occurrence == Occurrence::First) {
            let placed = &mut placed[slice.population.index()];
            slice.neurons().for_each(|neuron| placed[neuron as usize] = true);
        }
        kept.push(CoreMapping { core: core.core, slices });
    }
    for cutter in cut.cutters() {
        for part in missing(meter, cutter, &placed) {
            let free = meter.chip.cores.iter().enumerate().find(|(index, site)| {
                site.core_type == part.core_type
                    && is_usable(meter.chip, CoreId::from_index(*index))
                    && kept.iter().all(|k| k.core.index() != *index)
            });
            let Some((index, _)) = free else { return Ok(None) };
            let core = CoreId::from_index(index);
            kept.push(CoreMapping { core, slices: part.slices });
        }
    }
    kept.sort_by_key(|core| core.core);
    let measured = Measured::of(meter, kept.iter().map(|core| core.slices.as_slice()))?;
    let fits = |(at, core): (usize, &CoreMapping)| {
        measured.check(at, meter.chip.core_type(core.core), "").is_ok()
    };
    Ok(kept.iter().enumerate().all(fits).then_some(Mapping { cores: kept }))
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
