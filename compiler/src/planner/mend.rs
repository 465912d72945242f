//! Cores that turn out too full are split until every one fits; a neuron that has more ways than a
//! core has axons out is computed by several compartments, each for a share of them.

use quarrion_isa::chip::CoreType;
use quarrion_isa::id::PopulationId;
use quarrion_isa::program::Occurrence;

use super::Part;
use super::measure::{Measured, Meter};
use crate::failure::CompileFailure;
use crate::infeasible::{DoesNotFit, Resource};
use crate::layout::{Slice, runs_of};

/// Parts that all fit their cores.
pub(super) struct Mended {
    pub(super) parts: Vec<Part>,
    pub(super) measured: Measured,
}

/// Splits parts that do not fit, and copies neurons that do not fit alone.
///
/// The inner error is what is short where single neurons do not fit, copied or not, or where more
/// than `most` parts would be needed.
pub(super) fn mend(
    meter: &Meter<'_>,
    parts: Vec<Part>,
    most: usize,
) -> Result<Result<Mended, Box<DoesNotFit>>, CompileFailure> {
    mend_by(meter, parts, most, |measured, _| measured)
}

/// The same as if every part lay on a chip of its own: what fits then fits wherever it is placed.
pub(super) fn mend_apart(
    meter: &Meter<'_>,
    parts: Vec<Part>,
    most: usize,
) -> Result<Result<Mended, Box<DoesNotFit>>, CompileFailure> {
    mend_by(meter, parts, most, |measured, parts| measured.apart(meter, parts))
}

fn mend_by(
    meter: &Meter<'_>,
    mut parts: Vec<Part>,
    most: usize,
    seen: impl Fn(Measured, &[Part]) -> Measured,
) -> Result<Result<Mended, Box<DoesNotFit>>, CompileFailure> {
    loop {
        let measured = Measured::of(meter, parts.iter().map(|part| part.slices.as_slice()))?;
        let measured = seen(measured, &parts);
        match relieved(meter, &parts, &measured) {
            Ok(None) => return Ok(Ok(Mended { parts, measured })),
            Ok(Some(more)) if more.parts.len() > most => return Ok(Err(more.short)),
            Ok(Some(more)) => parts = more.parts,
            Err(short) => return Ok(Err(short)),
        }
    }
}

/// Parts of which some were split, and what the last of those was short of.
pub(super) struct Relieved {
    pub(super) parts: Vec<Part>,
    pub(super) short: Box<DoesNotFit>,
}

/// The parts with every one split that does not fit; `None` where all fit.
///
/// # Errors
/// What is short where nothing helps.
pub(super) fn relieved(
    meter: &Meter<'_>,
    parts: &[Part],
    measured: &Measured,
) -> Result<Option<Relieved>, Box<DoesNotFit>> {
    let mut more = Vec::with_capacity(parts.len());
    let mut last = None;
    for (at, part) in parts.iter().enumerate() {
        let kind = meter.kind(part.core_type);
        let place = format!("a core of its own for {}", measured.demands[at][0].name());
        let Err(short) = measured.check(at, kind, &place) else {
            more.push(part.clone());
            continue;
        };
        match lightened(measured, at, part, kind, &short) {
            Some(lighter) => more.extend(lighter),
            None => return Err(short),
        }
        last = Some(short);
    }
    Ok(last.map(|short| Relieved { parts: more, short }))
}

/// A neuron with more ways than one compartment may send over, and the copies that it lacks.
struct Heavy {
    population: PopulationId,
    neuron: u32,
    copies: u64,
}

/// The parts that a part which does not fit becomes; `None` where nothing helps.
fn lightened(
    measured: &Measured,
    at: usize,
    part: &Part,
    core: &CoreType,
    short: &DoesNotFit,
) -> Option<Vec<Part>> {
    if !matches!(short.resource, Resource::AxonsOut | Resource::FanOut) {
        return halve(part);
    }
    let heavy = heavy(measured, at, part, core);
    let neurons: u32 = part.slices.iter().map(Slice::size).sum();
    if heavy.is_empty() {
        // Copies grow lighter as the neuron gets more of them.
        return halve(part).or_else(|| Some(vec![part.clone()]));
    }
    let own_axons = core.fan_out.is_some_and(|fan_out| fan_out < core.axons_out);
    if neurons == 1 || own_axons {
        let mut lighter = vec![part.clone()];
        for round in 1..=heavy.iter().map(|one| one.copies).max().unwrap_or(0) {
            lighter.extend(picked(part, |population, neuron| {
                find(&heavy, population, neuron).is_some_and(|one| one.copies >= round)
            }));
        }
        lighter[1..].iter_mut().flat_map(|part| &mut part.slices).for_each(Slice::make_copy);
        return Some(lighter);
    }
    let rest = picked(part, |population, neuron| find(&heavy, population, neuron).is_none());
    let alone = heavy.iter().filter_map(|one| {
        picked(part, |population, neuron| (population, neuron) == (one.population, one.neuron))
    });
    Some(rest.into_iter().chain(alone).collect())
}

/// The neurons of a part that lack copies, by population and neuron.
///
/// A neuron with ways to other chips gets as many as suffice when all its ways are such.
fn heavy(measured: &Measured, at: usize, part: &Part, core: &CoreType) -> Vec<Heavy> {
    let mut lacking = Vec::new();
    for (place, slice) in part.slices.iter().enumerate() {
        for (position, neuron) in slice.neurons().enumerate() {
            let beyond = measured.beyond(at, place, position) > 0;
            if slice.occurrence == Occurrence::Copy && !beyond {
                continue;
            }
            let each = if beyond { core.axon_out_other_chip_entries.max(1) } else { 1 };
            let most = (core.axons_out / each).min(core.fan_out.unwrap_or(u32::MAX)).max(1);
            let wanted = measured.ways(slice.population, neuron).div_ceil(most.into());
            let copies = wanted.saturating_sub(1 + measured.copies_of(slice.population, neuron));
            if copies > 0 {
                lacking.push(Heavy { population: slice.population, neuron, copies });
            }
        }
    }
    lacking.sort_by_key(|one| (one.population, one.neuron));
    lacking
}

fn find(heavy: &[Heavy], population: PopulationId, neuron: u32) -> Option<&Heavy> {
    let at = heavy.binary_search_by_key(&(population, neuron), |one| (one.population, one.neuron));
    at.ok().map(|at| &heavy[at])
}

/// The neurons of a part that are wanted; `None` where none is.
fn picked(part: &Part, wanted: impl Fn(PopulationId, u32) -> bool) -> Option<Part> {
    let slices = part.slices.iter().filter_map(|slice| {
        let neurons = slice.neurons().filter(|&neuron| wanted(slice.population, neuron));
        let runs = runs_of(neurons);
        (!runs.is_empty()).then(|| Slice { runs, ..slice.clone() })
    });
    let slices: Vec<Slice> = slices.collect();
    (!slices.is_empty()).then_some(Part { core_type: part.core_type, slices })
}

/// Two halves of a part: some of its slices each, or half of its only slice.
pub(super) fn halve(part: &Part) -> Option<Vec<Part>> {
    let of = |slices| Part { core_type: part.core_type, slices };
    if part.slices.len() > 1 {
        let (one, other) = part.slices.split_at(part.slices.len() / 2);
        return Some(vec![of(one.to_vec()), of(other.to_vec())]);
    }
    let slice = part.slices.first()?;
    let half = slice.size() as usize / 2;
    if half == 0 {
        return None;
    }
    let half_of = |neurons: &mut dyn Iterator<Item = u32>| {
        of(vec![Slice { runs: runs_of(neurons), ..slice.clone() }])
    };
    let (first, rest) =
        (half_of(&mut slice.neurons().take(half)), half_of(&mut slice.neurons().skip(half)));
    Some(vec![first, rest])
}
