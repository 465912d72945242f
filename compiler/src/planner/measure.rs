//! What slices ask of their cores, measured exactly and remembered.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use quarrion_isa::chip::{Chip, CoreType};
use quarrion_isa::id::PopulationId;

use super::seats::{Copies, copies};
use crate::failure::CompileFailure;
use crate::infeasible::DoesNotFit;
use crate::layout::{Slice, share};
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
        let held: Vec<Held<'_>> =
            demands.iter().map(|demand| Held { demand, axons_out: &[] }).collect();
        check_core(self.kind(core_type), "", &held)
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
        Ok(Self { demands, axons_out, ways: counts, copies })
    }

    /// Compartments of a neuron beyond its first.
    pub(super) fn copies_of(&self, population: PopulationId, neuron: u32) -> u64 {
        self.copies.get(&(population, neuron)).map_or(0, |copies| copies.len() as u64)
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
        let held = self.demands[part].iter().zip(&self.axons_out[part]);
        let held: Vec<Held<'_>> =
            held.map(|(demand, axons_out)| Held { demand, axons_out }).collect();
        check_core(core, place, &held)
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
