//! Populations as boxes on cores of their own: as few as fit, or finer where time is lost.

use quarrion_isa::chip::Chip;
use quarrion_isa::id::PopulationId;

use super::boxes::Cutter;
use super::measure::{Measured, Meter};
use super::mend::Mended;
use super::work::core_times;
use super::{Part, predict};
use crate::failure::CompileFailure;
use crate::infeasible::{DoesNotFit, Resource, Term};
use crate::layout::Slice;
use crate::passes::demand::{Held, check_core};

/// Rounds of cutting source populations finer for the sake of their axons out.
const ROUNDS: u32 = 40;

/// Steps without a shorter timestep after which finer cuts are given up.
const PATIENCE: u32 = 24;

/// Layouts that are placed and compared as mappings.
const PLACED: usize = 6;

/// A network cut into boxes.
#[derive(Clone)]
pub(super) struct Cut<'a> {
    meter: &'a Meter<'a>,
    cutters: Vec<Cutter<'a>>,
}

impl<'a> Cut<'a> {
    /// Cuts every population, finer where its own axons out ask for it.
    ///
    /// # Errors
    /// Some neuron does not fit a core; of several the one that is furthest from it.
    pub(super) fn new(meter: &'a Meter<'a>) -> Result<Self, CompileFailure> {
        let mut cutters = Vec::new();
        let mut worst: Option<Box<DoesNotFit>> = None;
        for (id, _) in meter.network.populations_with_ids() {
            match Cutter::new(meter, id) {
                Err(CompileFailure::DoesNotFit(short)) => worst = Some(worse(worst, short)),
                other => cutters.extend(other?),
            }
        }
        if let Some(short) = worst {
            return Err(short.into());
        }
        let mut cut = Self { meter, cutters };
        cut.relieve_axons_out()?;
        Ok(cut)
    }

    /// The populations' cutters.
    pub(super) fn cutters(&self) -> &[Cutter<'a>] {
        &self.cutters
    }

    fn slices(&self) -> impl Iterator<Item = (&Cutter<'a>, &Slice)> + Clone {
        self.cutters.iter().flat_map(|cutter| cutter.slices.iter().map(move |s| (cutter, s)))
    }

    fn measured(&self) -> Result<Measured, CompileFailure> {
        Measured::of(self.meter, self.slices().map(|(_, slice)| std::slice::from_ref(slice)))
    }

    /// Cuts populations finer until every box holds the axons out of its neurons, but for neurons
    /// that no core of their own would hold: those are copied once parts are mended.
    fn relieve_axons_out(&mut self) -> Result<(), CompileFailure> {
        for _ in 0..ROUNDS {
            let measured = self.measured()?;
            let mut finer: Vec<(PopulationId, u64)> = Vec::new();
            for (part, (cutter, slice)) in self.slices().enumerate() {
                let core = self.meter.kind(self.meter.core_type(slice.population));
                let bound = u64::from(core.axons_out);
                let alone = bound.min(core.fan_out.map_or(u64::MAX, u64::from));
                let own = measured.axons_out[part][0].iter();
                let ways: u64 = own.filter(|&&ways| ways <= alone).sum();
                if ways > bound && !cutter.is_finest() {
                    let boxes = cutter.slices.len() as u64;
                    let wanted = (boxes * ways).div_ceil(bound.max(1)).max(boxes + 1);
                    finer.push((slice.population, wanted.min(cutter.most())));
                }
            }
            if finer.is_empty() {
                return Ok(());
            }
            for (population, least) in finer {
                if let Some(cutter) = self.cutters.iter_mut().find(|c| c.population == population) {
                    cutter.cut(least)?;
                }
            }
        }
        Ok(())
    }

    /// A core for every box.
    pub(super) fn alone(&self) -> Vec<Part> {
        let part = |(_, slice): (&Cutter<'_>, &Slice)| Part {
            core_type: self.meter.core_type(slice.population),
            slices: vec![slice.clone()],
        };
        self.slices().map(part).collect()
    }

    /// Cuts the populations that the timestep waits for ever finer; returns how many layouts were
    /// weighed, and the best found within `cores` cores, `work` synapses looked at, by what is
    /// known before they are placed.
    pub(super) fn balance(
        &self,
        cores: &[usize],
        work: u64,
    ) -> Result<(u64, Vec<Vec<Part>>), CompileFailure> {
        let mut weighed = 0;
        let mut cut = self.clone();
        let end = self.meter.work() + work;
        let mut best: Vec<(f64, Vec<Part>)> = Vec::new();
        let mut patience = PATIENCE;
        while patience > 0 {
            let parts = cut.alone();
            if !fits(&parts, cores) {
                break;
            }
            weighed += 1;
            let times = core_times(self.meter, &parts, &cut.measured()?);
            let tiles = tiles_for(self.meter.chip, parts.len());
            let longest = times.iter().copied().fold(0.0, f64::max);
            let step = predict::close(self.meter.chip, longest, tiles, self.meter);
            patience -= 1;
            if best.first().is_none_or(|(least, _)| step < *least) {
                patience = PATIENCE;
            }
            let at = best.partition_point(|(other, _)| *other <= step);
            best.insert(at, (step, parts));
            best.truncate(PLACED);
            if self.meter.work() > end || !cut.relieve(&times)? {
                break;
            }
        }
        Ok((weighed, best.into_iter().map(|(_, parts)| parts).collect()))
    }

    /// Cuts the population of the slowest box finer; says whether one could be.
    fn relieve(&mut self, times: &[f64]) -> Result<bool, CompileFailure> {
        let mut slowest: Option<(f64, usize)> = None;
        let mut first = 0;
        for (at, cutter) in self.cutters.iter().enumerate() {
            let end = first + cutter.slices.len();
            let time = times[first..end].iter().copied().fold(0.0, f64::max);
            first = end;
            if slowest.is_none_or(|(most, _)| time > most) {
                slowest = Some((time, at));
            }
        }
        let Some((_, at)) = slowest else { return Ok(false) };
        let cutter = &mut self.cutters[at];
        if cutter.is_finest() {
            return Ok(false);
        }
        let boxes = cutter.slices.len() as u64;
        cutter.cut(boxes + (boxes / 8).max(1))?;
        // More boxes of a target ask more axons out of its sources.
        self.relieve_axons_out()?;
        Ok(true)
    }
}

/// What is further from fitting, the first of equals.
pub(super) fn worse(first: Option<Box<DoesNotFit>>, then: Box<DoesNotFit>) -> Box<DoesNotFit> {
    first.filter(|first| first.ratio() >= then.ratio()).unwrap_or(then)
}

/// Every part on the first core of its kind that still holds it.
pub(super) fn share_cores(meter: &Meter<'_>, alone: &Mended) -> Vec<Part> {
    let Mended { parts: alone, measured } = alone;
    let held = |&part: &usize| measured.held(part);
    let mut shared: Vec<(Part, Vec<usize>)> = Vec::new();
    for (at, part) in alone.iter().enumerate() {
        let core = meter.kind(part.core_type);
        let home = shared.iter_mut().find(|(home, parts)| {
            home.core_type == part.core_type && {
                let together: Vec<Held<'_>> = parts.iter().chain([&at]).flat_map(held).collect();
                check_core(core, "", &together).is_ok()
            }
        });
        match home {
            Some((home, parts)) => {
                home.slices.extend(part.slices.iter().cloned());
                parts.push(at);
            }
            None => shared.push((part.clone(), vec![at])),
        }
    }
    shared.into_iter().map(|(part, _)| part).collect()
}

/// Whether there are cores for all parts, and no more parts than all of `cores` allow.
pub(super) fn fits(parts: &[Part], cores: &[usize]) -> bool {
    let needed = |kind: usize| parts.iter().filter(|part| part.core_type as usize == kind).count();
    cores.iter().enumerate().all(|(kind, &cores)| needed(kind) <= cores)
}

/// Tiles that so many cores lie on at best.
fn tiles_for(chip: &Chip, cores: usize) -> u32 {
    let tiles = chip.mesh.tiles().max(1) as usize;
    let per_tile = (chip.cores.len() / tiles).max(1);
    cores.div_ceil(per_tile) as u32
}

/// That there are too few cores, population by population.
pub(super) fn too_few(
    meter: &Meter<'_>,
    parts: &[Part],
    cores: &[usize],
    bound_path: Option<&str>,
) -> Box<DoesNotFit> {
    let short = |&(kind, &cores): &(usize, &usize)| {
        parts.iter().filter(|part| part.core_type as usize == kind).count() > cores
    };
    let (kind, &bound) = cores.iter().enumerate().find(short).unwrap_or((0, &0));
    let mine = || parts.iter().filter(|part| part.core_type as usize == kind);
    // A core counts for the population of its first slice.
    let starts = |population: PopulationId| {
        mine().filter(|part| part.slices[0].population == population).count() as u64
    };
    let populations = meter.network.populations_with_ids();
    let terms = populations.map(|(id, p)| Term::new(&*p.name, starts(id)));
    let named = format!(
        "mesh.width, mesh.height and mesh.cores_per_tile, core type `{}`",
        meter.chip.core_types[kind].name
    );
    let place = format!("`{}`", meter.chip.name);
    let demand = terms.filter(|term| term.amount > 0).collect();
    let path = bound_path.map_or(named, str::to_owned);
    Box::new(DoesNotFit::new(Resource::Cores, place, demand, (bound as u64, path)))
}
