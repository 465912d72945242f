//! Whether a mapping holds the network: every neuron once, no core too full.

use quarrion_isa::chip::Chip;
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::program::Occurrence;

use super::clear::dead_way;
use super::measure::{Measured, Meter};
use crate::failure::CompileFailure;
use crate::layout::{Mapping, Run};
use crate::passes::codes;
use crate::quantised::{QuantisedNetwork, QuantisedPopulation};

/// Whether a given mapping holds the network on this chip.
///
/// # Errors
/// QM004: neurons that are missing, doubled or on a core that cannot run them; what a core lacks.
pub(super) fn check_mapping(
    meter: &Meter<'_>,
    mapping: &Mapping,
) -> Result<Measured, CompileFailure> {
    let (network, chip) = (meter.network, meter.chip);
    check_places(network, chip, mapping).map_err(|(place, message)| {
        Diagnostic::error(codes::WRONG_MAPPING, message)
            .at("mapping", &place, "here")
            .help(codes::MEND_MAPPING)
    })?;
    let measured = Measured::of_cores(meter, &mapping.cores)?;
    for (part, core) in mapping.cores.iter().enumerate() {
        let place = format!("core {} of the mapping", core.core);
        measured.check(part, chip.core_type(core.core), &place)?;
    }
    check_ways(meter, mapping, &measured)?;
    Ok(measured)
}

/// Whether no packet of the mapping would cross anything dead.
fn check_ways(meter: &Meter<'_>, mapping: &Mapping, measured: &Measured) -> Result<(), Diagnostic> {
    let Some((from, to)) = dead_way(meter, mapping, measured) else { return Ok(()) };
    let from = from.map_or_else(|| "the host".to_owned(), |core| format!("core {core}"));
    let message = format!("packets from {from} to core {to} would cross something dead");
    Err(Diagnostic::error(codes::UNREACHABLE, message)
        .at("mapping", &format!("cores.{to}"), "on this core")
        .help("move what is on this core, or let `quarrion map` place around what is dead"))
}

/// Every neuron once, on a core of its kind; the place and the fault otherwise.
fn check_places(
    network: &QuantisedNetwork,
    chip: &Chip,
    mapping: &Mapping,
) -> Result<(), (String, String)> {
    let unplaced =
        network.populations.iter().map(|population| vec![false; population.size as usize]);
    let mut placed: Vec<Vec<bool>> = unplaced.collect();
    let mut last = None;
    for core in &mapping.cores {
        let place = format!("cores.{}", core.core);
        if core.core.index() >= chip.cores.len() {
            return Err((place, format!("core {} is not on `{}`", core.core, chip.name)));
        }
        if !chip.works(core.core) || chip.mesh.is_dead(chip.tile_of(core.core)) {
            return Err((place, format!("core {} of `{}` is dead", core.core, chip.name)));
        }
        if last.replace(core.core).is_some_and(|last| last >= core.core) {
            return Err((place, format!("core {} is not in ascending order", core.core)));
        }
        for slice in &core.slices {
            let population = network.populations.get(slice.population.index());
            let neurons = population.and_then(|population| population.neurons.as_ref());
            let (Some(population), Some(neurons)) = (population, neurons) else {
                return Err((place, format!("no neurons in population {}", slice.population)));
            };
            if population.part_of.is_some() {
                let message = format!("`{}` lies where its neurons do", population.name);
                return Err((place, message));
            }
            if neurons.core_type != chip.cores[core.core.index()].core_type {
                let message =
                    format!("core {} cannot run the neurons of `{}`", core.core, population.name);
                return Err((place, message));
            }
            let mut end = 0;
            for run in &slice.runs {
                if let Err(message) = check_run(run, end, population) {
                    return Err((place, message));
                }
                end = run.first + run.count;
                if slice.occurrence == Occurrence::Copy {
                    continue;
                }
                for neuron in run.first..end {
                    let placed = &mut placed[slice.population.index()][neuron as usize];
                    if std::mem::replace(placed, true) {
                        let message =
                            format!("neuron {neuron} of `{}` is placed twice", population.name);
                        return Err((place, message));
                    }
                }
            }
        }
    }
    for ((_, population), placed) in network.populations_with_ids().zip(&placed) {
        let missing = placed.iter().position(|placed| !placed);
        let placed = population.neurons.is_some() && population.part_of.is_none();
        if let Some(neuron) = missing.filter(|_| placed) {
            let message = format!("neuron {neuron} of `{}` is not placed", population.name);
            return Err(("cores".into(), message));
        }
    }
    Ok(())
}

/// Whether a run of neurons lies in its population and behind the run that ends at `end`.
fn check_run(run: &Run, end: u32, population: &QuantisedPopulation) -> Result<(), String> {
    let (name, size) = (&population.name, population.size);
    let next = u64::from(run.first) + u64::from(run.count);
    if next > u64::from(size) {
        return Err(format!(
            "neurons {}-{} go beyond the {size} of `{name}`",
            run.first,
            next.saturating_sub(1)
        ));
    }
    if run.count == 0 || (end > 0 && run.first <= end) {
        return Err(format!("runs of `{name}` are empty, overlap, touch or are out of order"));
    }
    Ok(())
}
