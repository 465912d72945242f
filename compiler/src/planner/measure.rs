//! What slices ask of their cores, measured exactly and remembered.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use quarrion_isa::chip::{Chip, CoreType};
use quarrion_isa::id::PopulationId;

use super::Part;
use super::seats::{Copies, Seats, copies};
use crate::failure::CompileFailure;
use crate::infeasible::DoesNotFit;
use crate::layout::{CoreMapping, Slice, share};
use crate::passes::demand::{Held, SliceDemand, check_core};
use crate::quantised::{QuantisedNetwork, QuantisedNeurons};

/// Measures slices of one network on one chip.
pub(super) struct Meter<'a> {
    pub(super) network: &'a QuantisedNetwork,
    pub(super) chip: &'a Chip,
    /// Spikes per step of every neuron, population by population.
    pub(super) rates: Vec<Vec<f64>>,
    known: RefCell<BTreeMap<Slice, Rc<SliceDemand>>>,
    work: Cell<u64>,
}

impl<'a> Meter<'a> {
    pub(super) fn new(network: &'a QuantisedNetwork, chip: &'a Chip, rates: Vec<Vec<f64>>) -> Self {
        let known = RefCell::default();
        Self { network, chip, rates, known, work: Cell::new(0) }
    }

    /// The neurons of a population that lies on cores.
    pub(super) fn neurons(&self, population: PopulationId) -> Option<&'a QuantisedNeurons> {
        self.network.population(population).neurons.as_ref()
    }

    /// The kind of core that a population was quantised for.
    pub(super) fn core_type(&self, population: PopulationId) -> u32 {
        self.neurons(population).map_or(0, |neurons| neurons.core_type)
    }

    /// What a slice asks of a core.
    ///
    /// # Errors
    /// No synapse format holds its lists.
    pub(super) fn demand(&self, slice: &Slice) -> Result<Rc<SliceDemand>, CompileFailure> {
        if let Some(known) = self.known.borrow().get(slice) {
            return Ok(Rc::clone(known));
        }
        let demand = Rc::new(SliceDemand::measure(self.network, self.chip, slice)?);
        self.work.set(self.work.get() + demand.synapses + u64::from(slice.size()));
        self.known.borrow_mut().insert(slice.clone(), Rc::clone(&demand));
        Ok(demand)
    }

    /// The demands of several slices.
    pub(super) fn demands(&self, slices: &[Slice]) -> Result<Vec<Rc<SliceDemand>>, CompileFailure> {
        slices.iter().map(|slice| self.demand(slice)).collect()
    }

    /// Synapses looked at so far.
    pub(super) fn work(&self) -> u64 {
        self.work.get()
    }

    /// Whether a core of the type holds the slices, axons out apart.
    ///
    /// # Errors
    /// What it lacks.
    pub(super) fn check_inward(
        &self,
        core_type: u32,
        demands: &[Rc<SliceDemand>],
    ) -> Result<(), Box<DoesNotFit>> {
        let held: Vec<Held<'_>> = demands.iter().map(|demand| Held::inward(demand)).collect();
        check_core(self.kind(core_type), "", &held)
    }

    /// What a core holds, as a part.
    pub(super) fn part(&self, core: &CoreMapping) -> Part {
        let core_type = self.chip.cores[core.core.index()].core_type;
        Part { core_type, slices: core.slices.clone() }
    }

    /// A kind of core.
    pub(super) fn kind(&self, core_type: u32) -> &'a CoreType {
        &self.chip.core_types[core_type as usize]
    }
}

/// All slices of a layout, measured, with the axon-out entries of their neurons.
pub(super) struct Measured {
    /// Per part: its slices' demands.
    pub(super) demands: Vec<Vec<Rc<SliceDemand>>>,
    /// Per part and slice: axon-out entries of each neuron there.
    pub(super) axons_out: Vec<Vec<Vec<u64>>>,
    /// Per part and slice: what each neuron's ways to other chips take beyond one entry each;
    /// empty where no part has a core yet, or where none is on another chip.
    other_chip: Vec<Vec<Vec<u64>>>,
    /// Axon-out entries of each neuron, over all its compartments.
    ways: Vec<Vec<u64>>,
    copies: Copies,
}

impl Measured {
    /// Measures every part.
    pub(super) fn of<'s>(
        meter: &Meter<'_>,
        parts: impl Iterator<Item = &'s [Slice]> + Clone,
    ) -> Result<Self, CompileFailure> {
        let demands: Result<Vec<_>, _> =
            parts.clone().map(|slices| meter.demands(slices)).collect();
        let demands = demands?;
        let counts = axon_out_counts(meter.network, demands.iter().flatten());
        let copies = copies(parts.clone());
        let own = |population: PopulationId, neuron: u32| {
            let ways = counts[population.index()][neuron as usize];
            if copies.is_empty() {
                return ways;
            }
            let seats = 1 + copies.get(&(population, neuron)).map_or(0, Vec::len);
            (share(ways as usize, seats) as u64).min(ways)
        };
        let of = |slice: &Slice| {
            slice.neurons().map(|neuron| own(slice.population, neuron)).collect::<Vec<u64>>()
        };
        let axons_out = parts.map(|slices| slices.iter().map(of).collect()).collect();
        Ok(Self { demands, axons_out, other_chip: Vec::new(), ways: counts, copies })
    }

    /// Measures what cores hold, with what ways between chips take.
    pub(super) fn of_cores(
        meter: &Meter<'_>,
        cores: &[CoreMapping],
    ) -> Result<Self, CompileFailure> {
        let measured = Self::of(meter, cores.iter().map(|core| core.slices.as_slice()))?;
        let other_chip = measured.beyond_chips(meter, cores);
        Ok(Self { other_chip, ..measured })
    }

    /// The same with every way counted as one to another chip.
    pub(super) fn apart(self, meter: &Meter<'_>, parts: &[Part]) -> Self {
        let of = |(part, slices): (&Part, &Vec<Vec<u64>>)| {
            let more = u64::from(meter.kind(part.core_type).axon_out_other_chip_entries) - 1;
            let times = |neurons: &Vec<u64>| neurons.iter().map(|ways| ways * more).collect();
            slices.iter().map(times).collect()
        };
        let other_chip = parts.iter().zip(&self.axons_out).map(of).collect();
        Self { other_chip, ..self }
    }

    /// What each neuron's ways to other chips take beyond one entry each.
    fn beyond_chips(&self, meter: &Meter<'_>, cores: &[CoreMapping]) -> Vec<Vec<Vec<u64>>> {
        let chip_of = |core: &CoreMapping| meter.chip.mesh.chip_of(meter.chip.tile_of(core.core));
        let home = cores.first().map(chip_of);
        if cores.iter().all(|core| Some(chip_of(core)) == home) {
            return Vec::new();
        }
        let like = |neurons: &Vec<u64>| vec![0; neurons.len()];
        let slices = |slices: &Vec<Vec<u64>>| slices.iter().map(like).collect();
        let mut beyond: Vec<Vec<Vec<u64>>> = self.axons_out.iter().map(slices).collect();
        let mut places = BTreeMap::new();
        for (part, core) in (0_u32..).zip(cores) {
            for (at, slice) in core.slices.iter().enumerate() {
                for (position, neuron) in slice.neurons().enumerate() {
                    places.insert((part, slice.population, neuron), (at, position));
                }
            }
        }
        let slices = cores.iter().map(|core| core.slices.as_slice());
        let mut seats = Seats::of(meter.network, slices, |p, neuron| self.ways(p, neuron));
        for (to, demands) in cores.iter().zip(&self.demands) {
            for reach in demands.iter().flat_map(|demand| &demand.reached_by) {
                for &neuron in &reach.neurons {
                    let Some(part) = seats.sender(reach.source, neuron) else { continue };
                    let from = cores[part as usize].core;
                    let more = meter.chip.axon_out_entries(from, to.core) - 1;
                    if more > 0
                        && let Some(&(at, position)) = places.get(&(part, reach.source, neuron))
                    {
                        beyond[part as usize][at][position] += more;
                    }
                }
            }
        }
        beyond
    }

    /// Compartments of a neuron beyond its first.
    pub(super) fn copies_of(&self, population: PopulationId, neuron: u32) -> u64 {
        self.copies.get(&(population, neuron)).map_or(0, |copies| copies.len() as u64)
    }

    /// Lists of all slices.
    pub(super) fn lists(&self) -> u64 {
        self.demands.iter().flatten().map(|demand| demand.axons_in()).sum()
    }

    /// Axon-out entries of a neuron, over all its compartments.
    pub(super) fn ways(&self, population: PopulationId, neuron: u32) -> u64 {
        self.ways[population.index()][neuron as usize]
    }

    /// Whether a core of kind `core` holds part `part`.
    ///
    /// # Errors
    /// What it lacks.
    pub(super) fn check(
        &self,
        part: usize,
        core: &CoreType,
        place: &str,
    ) -> Result<(), Box<DoesNotFit>> {
        check_core(core, place, &self.held(part))
    }

    /// The slices of a part with their axon-out entries.
    pub(super) fn held(&self, part: usize) -> Vec<Held<'_>> {
        let beyond = self.other_chip.get(part).map_or(&[][..], Vec::as_slice);
        let slices = self.demands[part].iter().zip(&self.axons_out[part]).enumerate();
        let held = slices.map(|(at, (demand, axons_out))| {
            let other_chip = beyond.get(at).map_or(&[][..], Vec::as_slice);
            Held { demand, axons_out, other_chip }
        });
        held.collect()
    }

    /// What a neuron's ways to other chips take beyond one entry each, on one part.
    pub(super) fn beyond(&self, part: usize, slice: usize, position: usize) -> u64 {
        let own = self.other_chip.get(part).and_then(|slices| slices.get(slice));
        own.and_then(|neurons| neurons.get(position)).copied().unwrap_or(0)
    }
}

/// Axon-out entries of every neuron of every population.
fn axon_out_counts<'d>(
    network: &QuantisedNetwork,
    demands: impl Iterator<Item = &'d Rc<SliceDemand>>,
) -> Vec<Vec<u64>> {
    let zeros = network.populations.iter().map(|population| vec![0; population.size as usize]);
    let mut counts: Vec<Vec<u64>> = zeros.collect();
    for reach in demands.flat_map(|demand| &demand.reached_by) {
        let counts = &mut counts[reach.source.index()];
        reach.neurons.iter().for_each(|&neuron| counts[neuron as usize] += 1);
    }
    counts
}
