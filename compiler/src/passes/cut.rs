//! Cutting one population into slices that each fit a core of their own.
//!
//! A population is cut into equal boxes: of its convolution's channels, rows and columns, so that
//! kernels stay whole and neighbours stay together, or of its plain length. Cuts are added along
//! the axis that relieves the scarcest resource most, until every box fits.

use quarrion_isa::chip::Chip;
use quarrion_isa::id::PopulationId;

use super::demand::{SliceDemand, check_core};
use super::lists::cut_extents;
use crate::compile::CompileFailure;
use crate::infeasible::DoesNotFit;
use crate::layout::Slice;
use crate::quantised::{QuantisedNetwork, QuantisedNeurons};

/// A slice with what it asks of its core.
#[derive(Clone, Debug)]
pub(super) struct CutSlice {
    pub(super) slice: Slice,
    pub(super) core_type: u32,
    pub(super) demand: SliceDemand,
}

/// A population on its way into slices.
struct Cutter<'a> {
    network: &'a QuantisedNetwork,
    chip: &'a Chip,
    population: PopulationId,
    neurons: &'a QuantisedNeurons,
    extents: [u32; 3],
}

/// How a trial cut fares.
struct Trial {
    cuts: [u32; 3],
    /// Demand over bound of the scarcest resource.
    load: f64,
    /// Axon-in entries over all boxes.
    axons: u64,
}

/// Cuts a population into at least `least` slices that fit, as few as found.
///
/// # Errors
/// The smallest slice does not fit.
pub(super) fn cut_population(
    network: &QuantisedNetwork,
    chip: &Chip,
    population: PopulationId,
    least: u64,
) -> Result<Vec<CutSlice>, CompileFailure> {
    let whole = network.population(population);
    let Some(neurons) = &whole.neurons else { return Ok(Vec::new()) };
    let onto = network.projections_onto(population).map(|(_, projection)| projection);
    let extents = cut_extents(whole, onto);
    let cutter = Cutter { network, chip, population, neurons, extents };
    let mut cuts = [1; 3];
    loop {
        let parts: u64 = cuts.iter().map(|&cut| u64::from(cut)).product();
        let failure = match cutter.slices(cuts)? {
            Ok(slices) if parts >= least => return Ok(slices),
            Ok(_) => None,
            Err(short) => Some(short),
        };
        let ratio = failure.as_ref().map_or(least as f64 / parts as f64, |short| short.ratio());
        match cutter.finer(cuts, ratio)? {
            Some(finer) => cuts = finer,
            None => match failure {
                Some(short) => return Err(short.into()),
                // Single neurons already: more slices there cannot be.
                None => return cutter.slices(cuts)?.map_err(CompileFailure::from),
            },
        }
    }
}

impl Cutter<'_> {
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

    fn measure(&self, slice: &Slice) -> Result<SliceDemand, CompileFailure> {
        SliceDemand::measure(self.network, self.chip, slice, self.neurons)
    }

    fn check(&self, demand: &SliceDemand) -> Result<(), Box<DoesNotFit>> {
        let core = &self.chip.core_types[self.neurons.core_type as usize];
        let place = format!("a core of its own for {}", demand.name());
        check_core(core, &place, &[demand])
    }

    /// All boxes, or the first that does not fit, trying the middle one before the others.
    fn slices(
        &self,
        cuts: [u32; 3],
    ) -> Result<Result<Vec<CutSlice>, Box<DoesNotFit>>, CompileFailure> {
        let middle = self.measure(&self.slice(cuts, cuts.map(|cut| cut / 2)))?;
        if let Err(short) = self.check(&middle) {
            return Ok(Err(short));
        }
        let mut slices = Vec::new();
        for channel in 0..cuts[0] {
            for row in 0..cuts[1] {
                for column in 0..cuts[2] {
                    let slice = self.slice(cuts, [channel, row, column]);
                    let demand = self.measure(&slice)?;
                    if let Err(short) = self.check(&demand) {
                        return Ok(Err(short));
                    }
                    slices.push(CutSlice { slice, core_type: self.neurons.core_type, demand });
                }
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
        let demand = self.measure(&self.slice(cuts, cuts.map(|cut| cut / 2)))?;
        let load = self.check(&demand).err().map_or(0.0, |short| short.ratio());
        let parts: u64 = cuts.iter().map(|&cut| u64::from(cut)).product();
        Ok(Trial { cuts, load, axons: demand.axons_in() * parts })
    }
}
