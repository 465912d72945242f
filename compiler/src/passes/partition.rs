//! Partition: which neurons go together onto a core.
//!
//! Every population is cut into slices that fit, one slice a core; where that takes more cores
//! than there are, slices share cores, first fit. A given mapping replaces all this and is checked.

use quarrion_isa::chip::Chip;
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::id::PopulationId;

use super::cut::{CutSlice, cut_population};
use super::demand::{SliceDemand, check_core};
use super::{Draft, Part, codes};
use crate::compile::CompileFailure;
use crate::infeasible::{DoesNotFit, Resource, Term};
use crate::layout::Mapping;
use crate::quantised::QuantisedNetwork;

/// Rounds of cutting source populations finer for the sake of their axons out.
const ROUNDS: u32 = 40;

pub(super) fn run(draft: &mut Draft<'_>) -> Result<(), CompileFailure> {
    let (network, chip) = (&draft.quantised, draft.chip);
    if let Some(mapping) = &draft.options.mapping {
        check_mapping(network, chip, mapping)?;
        draft.mapping = mapping.clone();
        return Ok(());
    }
    let slices = cut_network(network, chip)?;
    let cores = available(chip);
    let mut needed = vec![0_usize; cores.len()];
    slices.iter().for_each(|cut| needed[cut.core_type as usize] += 1);
    if needed.iter().zip(&cores).all(|(needed, cores)| needed <= cores) {
        let alone = |cut: CutSlice| Part { core_type: cut.core_type, slices: vec![cut.slice] };
        draft.parts = slices.into_iter().map(alone).collect();
        return Ok(());
    }
    let parts = share_cores(chip, slices);
    check_cores(network, chip, &cores, &parts)?;
    let message = format!(
        "parts of different populations share cores: apart they would take {} cores",
        needed.iter().sum::<usize>()
    );
    draft.notes.push(
        Diagnostic::note(codes::SHARED_CORES, message)
            .at(&chip.name, "cores", format!("{} cores", chip.cores.len()))
            .help("a chip with more cores would take shorter timesteps"),
    );
    draft.parts = parts;
    Ok(())
}

/// Cores of each kind.
fn available(chip: &Chip) -> Vec<usize> {
    let mut cores = vec![0; chip.core_types.len()];
    chip.cores.iter().for_each(|site| cores[site.core_type as usize] += 1);
    cores
}

/// Cuts every population, finer where its own axons out ask for it.
fn cut_network(network: &QuantisedNetwork, chip: &Chip) -> Result<Vec<CutSlice>, CompileFailure> {
    let mut least = vec![1_u64; network.populations.len()];
    let mut round = 0;
    loop {
        round += 1;
        let mut slices = Vec::new();
        for (id, _) in network.populations_with_ids() {
            slices.extend(cut_population(network, chip, id, least[id.index()])?);
        }
        count_axons_out(network, &mut slices);
        let mut short = None;
        let mut finer = least.clone();
        for cut in &slices {
            let place = format!("a core of its own for {}", cut.demand.name());
            let core = &chip.core_types[cut.core_type as usize];
            if let Err(found) = check_core(core, &place, &[&cut.demand]) {
                let population = cut.slice.population;
                let parts = slices.iter().filter(|other| other.slice.population == population);
                let wanted = (parts.count() as f64 * found.ratio()).ceil() as u64;
                let most = u64::from(network.population(population).size);
                let entry = &mut finer[population.index()];
                *entry = wanted.max(*entry + 1).min(most);
                short = Some(found);
            }
        }
        match short {
            None => return Ok(slices),
            Some(found) if finer == least || round == ROUNDS => return Err(found.into()),
            Some(_) => least = finer,
        }
    }
}

/// Tells every slice how many axon-out entries each of its neurons owns.
fn count_axons_out(network: &QuantisedNetwork, slices: &mut [CutSlice]) {
    let demands = slices.iter().map(|cut| &cut.demand);
    let counts = axon_out_counts(network, demands);
    for cut in slices {
        let counts = &counts[cut.slice.population.index()];
        cut.demand.axons_out = cut.slice.neurons().map(|n| counts[n as usize]).collect();
    }
}

/// Axon-out entries of every neuron of every population.
fn axon_out_counts<'a>(
    network: &QuantisedNetwork,
    demands: impl Iterator<Item = &'a SliceDemand>,
) -> Vec<Vec<u64>> {
    let zeros = network.populations.iter().map(|population| vec![0; population.size as usize]);
    let mut counts: Vec<Vec<u64>> = zeros.collect();
    for (source, neurons) in demands.flat_map(|demand| &demand.reached_by) {
        let counts = &mut counts[source.index()];
        neurons.iter().for_each(|&neuron| counts[neuron as usize] += 1);
    }
    counts
}

/// Puts every slice onto the first core of its kind that still holds it.
fn share_cores(chip: &Chip, slices: Vec<CutSlice>) -> Vec<Part> {
    let mut parts: Vec<(Part, Vec<SliceDemand>)> = Vec::new();
    for CutSlice { slice, core_type, demand } in slices {
        let core = &chip.core_types[core_type as usize];
        let home = parts.iter_mut().find(|(part, demands)| {
            let together: Vec<&SliceDemand> = demands.iter().chain([&demand]).collect();
            part.core_type == core_type && check_core(core, "", &together).is_ok()
        });
        match home {
            Some((part, demands)) => {
                part.slices.push(slice);
                demands.push(demand);
            }
            None => parts.push((Part { core_type, slices: vec![slice] }, vec![demand])),
        }
    }
    parts.into_iter().map(|(part, _)| part).collect()
}

/// Whether there are cores for all parts.
fn check_cores(
    network: &QuantisedNetwork,
    chip: &Chip,
    cores: &[usize],
    parts: &[Part],
) -> Result<(), Box<DoesNotFit>> {
    for (core_type, &cores) in cores.iter().enumerate() {
        let mine = || parts.iter().filter(|part| part.core_type as usize == core_type);
        if mine().count() <= cores {
            continue;
        }
        // A core counts for the population of its first slice.
        let starts = |population: PopulationId| {
            mine().filter(|part| part.slices[0].population == population).count() as u64
        };
        let terms = network.populations_with_ids().map(|(id, p)| Term::new(&*p.name, starts(id)));
        return Err(Box::new(DoesNotFit {
            resource: Resource::Cores,
            place: format!("`{}`", chip.name),
            demand: terms.filter(|term| term.amount > 0).collect(),
            bound: cores as u64,
            bound_path: format!("mesh and core type `{}`", chip.core_types[core_type].name),
        }));
    }
    Ok(())
}

/// Whether a given mapping holds the network on this chip.
fn check_mapping(
    network: &QuantisedNetwork,
    chip: &Chip,
    mapping: &Mapping,
) -> Result<(), CompileFailure> {
    check_places(network, chip, mapping).map_err(|(place, message)| {
        Diagnostic::error(codes::WRONG_MAPPING, message)
            .at("mapping", &place, "here")
            .help("make the mapping again for this network and chip")
    })?;
    let mut demands = Vec::with_capacity(mapping.cores.len());
    for core in &mapping.cores {
        let mut measured = Vec::with_capacity(core.slices.len());
        for slice in &core.slices {
            if let Some(neurons) = &network.population(slice.population).neurons {
                measured.push((slice, SliceDemand::measure(network, chip, slice, neurons)?));
            }
        }
        demands.push((core.core, measured));
    }
    let all = demands.iter().flat_map(|(_, measured)| measured.iter().map(|(_, demand)| demand));
    let counts = axon_out_counts(network, all);
    for (core, measured) in &mut demands {
        for (slice, demand) in measured.iter_mut() {
            let counts = &counts[slice.population.index()];
            demand.axons_out = slice.neurons().map(|neuron| counts[neuron as usize]).collect();
        }
        let together: Vec<&SliceDemand> = measured.iter().map(|(_, demand)| demand).collect();
        check_core(chip.core_type(*core), &format!("core {core} of the mapping"), &together)?;
    }
    Ok(())
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
        if last.replace(core.core).is_some_and(|last| last >= core.core) {
            return Err((place, format!("core {} is not in ascending order", core.core)));
        }
        for slice in &core.slices {
            let population = network.populations.get(slice.population.index());
            let neurons = population.and_then(|population| population.neurons.as_ref());
            let (Some(population), Some(neurons)) = (population, neurons) else {
                return Err((place, format!("no neurons in population {}", slice.population)));
            };
            if neurons.core_type != chip.cores[core.core.index()].core_type {
                let message =
                    format!("core {} cannot run the neurons of `{}`", core.core, population.name);
                return Err((place, message));
            }
            let mut end = 0;
            for run in &slice.runs {
                let fits = run.count > 0
                    && (run.first > end || end == 0)
                    && run.first.checked_add(run.count).is_some_and(|e| e <= population.size);
                if !fits {
                    let message =
                        format!("runs of `{}` overlap, touch or leave it", population.name);
                    return Err((place, message));
                }
                end = run.first + run.count;
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
        if let Some(neuron) = missing.filter(|_| population.neurons.is_some()) {
            let message = format!("neuron {neuron} of `{}` is not placed", population.name);
            return Err(("cores".into(), message));
        }
    }
    Ok(())
}
