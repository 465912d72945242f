//! Cutting one population into boxes that each fit a core of their own.
//!
//! A population is cut into equal boxes: of its convolution's channels, rows and columns, so that
//! kernels stay whole and neighbours stay together, or of its plain length. Cuts are added along
//! the axis that relieves the scarcest resource most, until every box fits.

use quarrion_isa::id::PopulationId;

use super::cut::worse;
use super::measure::Meter;
use crate::failure::CompileFailure;
use crate::infeasible::{DoesNotFit, Resource};
use crate::layout::{Run, Slice};
use crate::passes::demand::{Held, SliceDemand, check_core};
use crate::passes::lists::cut_extents;
use crate::passes::sum_program;

/// Synapses looked at for the heaviest of neurons that do not fit, and those that a neuron without
/// any counts for.
const SURVEY_MOST: u64 = 100_000_000;
const SURVEY_NEURON: u64 = 1_000;

/// A population cut into boxes.
#[derive(Clone)]
pub(super) struct Cutter<'a> {
    meter: &'a Meter<'a>,
    pub(super) population: PopulationId,
    core_type: u32,
    extents: [u32; 3],
    /// Boxes along each axis.
    cuts: [u32; 3],
    pub(super) slices: Vec<Slice>,
}

/// How a trial cut fares.
struct Trial {
    cuts: [u32; 3],
    /// Demand over bound of the scarcest resource.
    load: f64,
    /// Axon-in entries over all boxes.
    axons: u64,
}

impl<'a> Cutter<'a> {
    /// Cuts a population into as few boxes that fit as found; `None` for inputs.
    ///
    /// # Errors
    /// The smallest box does not fit.
    pub(super) fn new(
        meter: &'a Meter<'a>,
        population: PopulationId,
    ) -> Result<Option<Self>, CompileFailure> {
        let whole = meter.network.population(population);
        let Some(neurons) = &whole.neurons else { return Ok(None) };
        if whole.part_of.is_some() {
            // Inner compartments lie beside those that join them.
            return Ok(None);
        }
        let parts = meter.network.parts(population);
        let onto = parts.iter().flat_map(|part| meter.network.projections_onto(*part));
        let onto = onto.map(|(_, projection)| projection);
        let extents = cut_extents(whole, onto);
        let core_type = neurons.core_type;
        let slices = Vec::new();
        let mut cutter = Self { meter, population, core_type, extents, cuts: [1; 3], slices };
        cutter.cut(1)?;
        Ok(Some(cutter))
    }

    /// Whether single neurons are reached.
    pub(super) fn is_finest(&self) -> bool {
        self.cuts == self.extents
    }

    /// How many boxes there can be.
    pub(super) fn most(&self) -> u64 {
        self.extents.iter().map(|&extent| u64::from(extent)).product()
    }

    /// Boxes along each axis, and the population's extents.
    pub(super) fn grid(&self) -> ([u32; 3], [u32; 3]) {
        (self.cuts, self.extents)
    }

    /// Cuts on until there are at least `least` boxes that fit, or single neurons.
    ///
    /// # Errors
    /// The smallest box does not fit.
    pub(super) fn cut(&mut self, least: u64) -> Result<(), CompileFailure> {
        let mut cuts = self.cuts;
        loop {
            let parts: u64 = cuts.iter().map(|&cut| u64::from(cut)).product();
            let failure = match self.slices(cuts)? {
                Ok(slices) if parts >= least => {
                    (self.cuts, self.slices) = (cuts, slices);
                    return Ok(());
                }
                Ok(slices) => {
                    (self.cuts, self.slices) = (cuts, slices);
                    None
                }
                Err(short) => Some(short),
            };
            let ratio = failure.as_ref().map_or(least as f64 / parts as f64, |short| short.ratio());
            match (self.finer(cuts, ratio)?, failure) {
                (Some(finer), _) => cuts = finer,
                (None, Some(short)) => return Err(self.too_heavy(short)?.into()),
                // Single neurons already: more boxes there cannot be.
                (None, None) => return Ok(()),
            }
        }
    }

    /// Why the heaviest of the single neurons fits no core, and what would help where its input
    /// alone is too much.
    fn too_heavy(&self, first: Box<DoesNotFit>) -> Result<Box<DoesNotFit>, CompileFailure> {
        let mut short = self.heaviest(first)?;
        let input = [Resource::FanIn, Resource::AxonsIn, Resource::SynapseWords];
        if input.contains(&short.resource) {
            short.population = Some(self.population);
            let lacks = |why| {
                format!("graded partial sums, by which cores would share one neuron's input: {why}")
            };
            short.lacks = sum_program(self.meter.kind(self.core_type)).err().map(lacks);
        }
        Ok(short)
    }

    /// What is short at the neuron that is furthest from fitting, the first of equals; says so
    /// where not all neurons were looked at.
    fn heaviest(&self, first: Box<DoesNotFit>) -> Result<Box<DoesNotFit>, CompileFailure> {
        let (network, chip) = (self.meter.network, self.meter.chip);
        let neurons = network.population(self.population).size;
        let (mut worst, mut seen) = (None, 0);
        for neuron in 0..neurons {
            let slice = Slice::new(self.population, vec![Run { first: neuron, count: 1 }]);
            let demand = SliceDemand::measure(network, chip, &slice)?;
            if let Err(short) = self.check(&demand) {
                worst = Some(worse(worst, short));
            }
            seen += SURVEY_NEURON + demand.synapses;
            if seen > SURVEY_MOST && neuron + 1 < neurons {
                let mut short = worse(worst, first);
                short.place += &format!(", the heaviest of the first {} looked at", neuron + 1);
                return Ok(short);
            }
        }
        Ok(worse(worst, first))
    }

    /// Start and end of a box along an axis, for cut `index` of `cuts`.
    fn bounds(&self, axis: usize, cuts: u32, index: u32) -> (u32, u32) {
        let at = |index: u32| {
            let product = u64::from(self.extents[axis]) * u64::from(index);
            (product / u64::from(cuts)) as u32
        };
        (at(index), at(index + 1))
    }

    fn slice(&self, cuts: [u32; 3], index: [u32; 3]) -> Slice {
        let (mut start, mut size) = ([0; 3], [0; 3]);
        for axis in 0..3 {
            let (first, end) = self.bounds(axis, cuts[axis], index[axis]);
            (start[axis], size[axis]) = (first, end - first);
        }
        Slice::of_box(self.population, self.extents, start, size)
    }

    /// The boxes of any cut, fit or not.
    pub(super) fn boxes(&self, cuts: [u32; 3]) -> Vec<Slice> {
        let mut slices = Vec::new();
        for channel in 0..cuts[0] {
            for row in 0..cuts[1] {
                for column in 0..cuts[2] {
                    slices.push(self.slice(cuts, [channel, row, column]));
                }
            }
        }
        slices
    }

    fn check(&self, demand: &SliceDemand) -> Result<(), Box<DoesNotFit>> {
        let place = format!("a core of its own for {}", demand.name());
        check_core(self.meter.kind(self.core_type), &place, &[Held::inward(demand)])
    }

    /// All boxes, or the first that does not fit, trying the middle one before the others.
    fn slices(
        &self,
        cuts: [u32; 3],
    ) -> Result<Result<Vec<Slice>, Box<DoesNotFit>>, CompileFailure> {
        let middle = self.meter.demand(&self.slice(cuts, cuts.map(|cut| cut / 2)))?;
        if let Err(short) = self.check(&middle) {
            return Ok(Err(short));
        }
        let slices = self.boxes(cuts);
        for slice in &slices {
            if let Err(short) = self.check(&*self.meter.demand(slice)?) {
                return Ok(Err(short));
            }
        }
        Ok(Ok(slices))
    }

    /// The better of one more cut among the channels and one more in the plane.
    fn finer(&self, cuts: [u32; 3], ratio: f64) -> Result<Option<[u32; 3]>, CompileFailure> {
        let [_, rows, columns] = self.extents;
        let plane = if rows.div_ceil(cuts[1]) >= columns.div_ceil(cuts[2]) { 1 } else { 2 };
        let mut trials = Vec::new();
        for axis in [plane, 0] {
            let most = self.extents[axis];
            if cuts[axis] == most {
                continue;
            }
            // Far from fitting, go there fast; one axis alone goes as far as the ratio says.
            let alone = rows == 1 && columns == 1;
            let factor = if alone { ratio } else { ratio.min(2.0) };
            let wanted = (f64::from(cuts[axis]) * factor).ceil().min(f64::from(most)) as u32;
            let mut finer = cuts;
            finer[axis] = wanted.max(cuts[axis] + 1);
            trials.push(self.attempt(finer)?);
        }
        let better = |a: &Trial, b: &Trial| a.load.total_cmp(&b.load).then(a.axons.cmp(&b.axons));
        Ok(trials.into_iter().min_by(better).map(|trial| trial.cuts))
    }

    /// Measures the middle box of a cut.
    fn attempt(&self, cuts: [u32; 3]) -> Result<Trial, CompileFailure> {
        let demand = self.meter.demand(&self.slice(cuts, cuts.map(|cut| cut / 2)))?;
        let load = self.check(&demand).err().map_or(0.0, |short| short.ratio());
        let parts: u64 = cuts.iter().map(|&cut| u64::from(cut)).product();
        Ok(Trial { cuts, load, axons: demand.axons_in() * parts })
    }
}
