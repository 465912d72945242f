//! Whole cores merged, split and moved as long as the exact figure of the objective falls.
//!
//! The partitioner counts packets and the busiest core, the placer hops. What a mapping is chosen
//! by is a whole prediction: every event at its price, static power over the step, barrier and
//! links. So the best mapping so far is changed a little, measured and predicted as any other, and
//! the change is kept if the figure is smaller. It ends after so many changes in vain.

use quarrion_isa::id::CoreId;
use quarrion_isa::program::Occurrence;

use super::choose::score;
use super::clear::dead_way;
use super::measure::{Measured, Meter};
use super::mend::halve;
use super::options::{Objective, Strategy};
use super::place::working;
use super::predict::predict;
use super::{Candidate, Part};
use crate::failure::CompileFailure;
use crate::layout::{CoreMapping, Mapping, Slice, runs_of};
use crate::mapping::Stream;

/// Lists and neurons looked at, and synapses measured, at most.
const WORK: u64 = 8_000_000;

/// Changes tried, at most, and those in vain after which there is an end, a core of the mapping.
const CHANGES: u64 = 2_000;
/// See [`CHANGES`].
const PATIENCE: u64 = 24;

/// Free cores that a mapping may move to, the nearest to the host's port.
const ROOM: usize = 256;

/// Which free cores there are, a kind of core each.
type Free = Vec<Vec<CoreId>>;

/// Refines mappings for one objective.
pub(super) struct Refiner<'a> {
    meter: &'a Meter<'a>,
    objective: Objective,
    most: usize,
    random: Stream,
    /// Changed mappings that were measured.
    pub(super) weighed: u64,
}

impl<'a> Refiner<'a> {
    /// Mappings may have at most `most` cores of each kind, where that is given.
    pub(super) fn new(
        meter: &'a Meter<'a>,
        objective: Objective,
        most: Option<u32>,
        seed: u64,
    ) -> Self {
        let most = most.map_or(usize::MAX, |most| most as usize);
        Self { meter, objective, most, random: Stream::new(seed, 300), weighed: 0 }
    }

    /// A better mapping than `start`; `None` where none was found, or where a look takes too long.
    pub(super) fn run(&mut self, start: &Candidate) -> Result<Option<Candidate>, CompileFailure> {
        let measured = Measured::of_cores(self.meter, &start.mapping.cores)?;
        let each = measured.lists() + self.meter.rates.iter().map(Vec::len).sum::<usize>() as u64;
        let changes = (WORK / each.max(1)).min(CHANGES);
        let (mut mapping, mut prediction) = (start.mapping.clone(), start.prediction.clone());
        let (mut least, mut vain, mut better) = (score(&self.objective, &prediction), 0, false);
        let (room, end) = (self.room(), self.meter.work() + WORK);
        for _ in 0..changes {
            if self.meter.work() > end || vain > PATIENCE * mapping.cores.len() as u64 {
                break;
            }
            vain += 1;
            let Some(tried) = self.changed(&mapping, &room) else { continue };
            self.weighed += 1;
            let Some((figure, found)) = self.weigh(&tried)? else { continue };
            if figure < least {
                (mapping, prediction, least) = (tried, found, figure);
                (vain, better) = (0, true);
            }
        }
        let strategy = Strategy::Multilevel;
        Ok(better.then_some(Candidate { strategy, mapping, prediction }))
    }

    /// The figure of a mapping with its prediction; `None` where it does not hold the network.
    fn weigh(&self, mapping: &Mapping) -> Result<Option<(f64, super::Prediction)>, CompileFailure> {
        let chip = self.meter.chip;
        let inward = |core: &CoreMapping| -> Result<bool, CompileFailure> {
            let kind = chip.cores[core.core.index()].core_type;
            Ok(self.meter.check_inward(kind, &self.meter.demands(&core.slices)?).is_ok())
        };
        for core in &mapping.cores {
            if !inward(core)? {
                return Ok(None);
            }
        }
        let measured = Measured::of_cores(self.meter, &mapping.cores)?;
        let mut cores = mapping.cores.iter().enumerate();
        let holds = |(at, core): (usize, &CoreMapping)| {
            measured.check(at, chip.core_type(core.core), "").is_ok()
        };
        if !cores.all(holds) || dead_way(self.meter, mapping, &measured).is_some() {
            return Ok(None);
        }
        let prediction = predict(self.meter, mapping, &measured);
        Ok(Some((score(&self.objective, &prediction), prediction)))
    }

    /// Cores near the host's port, kind by kind.
    fn room(&self) -> Free {
        let chip = self.meter.chip;
        let near = |kind: u32| {
            let far =
                |&core: &CoreId| (chip.mesh.hops(chip.host.port, chip.tile_of(core)).total(), core);
            let mut cores: Vec<CoreId> = working(chip, kind).collect();
            cores.sort_by_cached_key(far);
            cores.truncate(ROOM);
            cores
        };
        (0..chip.core_types.len() as u32).map(near).collect()
    }

    /// The mapping with one random change; `None` where the change cannot be made.
    fn changed(&mut self, mapping: &Mapping, room: &Free) -> Option<Mapping> {
        let cores = &mapping.cores;
        let one = self.random.below(cores.len().max(1));
        let first = cores.get(one)?;
        let kind = self.meter.chip.cores[first.core.index()].core_type;
        let mut changed = cores.clone();
        let how = self.random.below(4);
        if how < 2 {
            // Another core: what lies there comes back.
            let place = *room[kind as usize].get(self.random.below(room[kind as usize].len()))?;
            if let Some(other) = changed.iter_mut().find(|core| core.core == place) {
                other.core = first.core;
            }
            changed[one].core = place;
        } else if how == 2 {
            let other = self.random.below(cores.len());
            let like = self.meter.chip.cores[cores[other].core.index()].core_type == kind;
            let slices = joined(&first.slices, &cores[other].slices);
            changed[other].slices = slices.filter(|_| like && other != one)?;
            changed.remove(one);
        } else {
            let [stays, goes] = <[Part; 2]>::try_from(halve(&self.meter.part(first))?).ok()?;
            let used = |core: &CoreId| cores.iter().any(|held| held.core == *core);
            let own = cores
                .iter()
                .filter(|core| self.meter.chip.cores[core.core.index()].core_type == kind);
            if own.count() >= self.most {
                return None;
            }
            let free: Vec<CoreId> =
                room[kind as usize].iter().copied().filter(|core| !used(core)).collect();
            let place = *free.get(self.random.below(free.len().max(1)))?;
            changed[one].slices = stays.slices;
            changed.push(CoreMapping { core: place, slices: goes.slices });
        }
        changed.sort_by_key(|core| core.core);
        Some(Mapping { cores: changed, ..Mapping::default() })
    }
}

/// The slices of two cores on one, those of one population as one; `None` where there are copies.
fn joined(one: &[Slice], other: &[Slice]) -> Option<Vec<Slice>> {
    let mut joined: Vec<Slice> = Vec::new();
    for slice in one.iter().chain(other) {
        if slice.occurrence == Occurrence::Copy {
            return None;
        }
        match joined.iter_mut().find(|known| known.population == slice.population) {
            Some(known) => {
                let mut neurons: Vec<u32> = known.neurons().chain(slice.neurons()).collect();
                neurons.sort_unstable();
                known.runs = runs_of(neurons.into_iter());
            }
            None => joined.push(slice.clone()),
        }
    }
    joined.sort_by_key(|slice| slice.population);
    Some(joined)
}
