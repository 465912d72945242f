//! Mappings through the multilevel hypergraph partitioner.

use std::collections::BTreeMap;

use quarrion_isa::id::PopulationId;

use super::Part;
use super::boxes::Cutter;
use super::graph::BlockGraph;
use super::measure::Meter;
use super::mend::mend;
use super::options::{Effort, Objective};
use crate::failure::CompileFailure;
use crate::layout::{Run, Slice};
use crate::mapping::{Budget, Objective as Aim, partition};

/// Nets looked at per pin where nobody says how long to search.
const PER_PIN: u64 = 30;

/// Least and most of it.
const AUTO: (u64, u64) = (100_000, 300_000_000);

/// The graph of a network, made once for all objectives.
pub(super) struct Search<'a> {
    meter: &'a Meter<'a>,
    blocks: BlockGraph,
    budget: Budget,
    /// Cores of the kind that may be used; the budget counts only those that a block can be on.
    cores: usize,
    core_type: u32,
}

impl<'a> Search<'a> {
    /// Builds the graph; `None` where the populations lie on several kinds of core.
    pub(super) fn new(
        meter: &'a Meter<'a>,
        cutters: &[Cutter<'_>],
        cores: usize,
        effort: Effort,
        seed: u64,
    ) -> Result<Option<Self>, CompileFailure> {
        let mut kinds = cutters.iter().map(|cutter| meter.core_type(cutter.population));
        let Some(core_type) = kinds.next() else { return Ok(None) };
        if kinds.any(|kind| kind != core_type) {
            return Ok(None);
        }
        let blocks = BlockGraph::new(meter, cutters)?;
        let pins = blocks.graph.pin_count() as u64;
        let effort = match effort {
            Effort::Auto => (pins * PER_PIN).clamp(AUTO.0, AUTO.1),
            Effort::Millions(millions) => u64::from(millions) * 1_000_000,
        };
        let most = cores.min(blocks.blocks.len());
        let budget = Budget { cores: most, effort, seed, threads: 0 };
        Ok(Some(Self { meter, blocks, budget, cores, core_type }))
    }

    /// Nets that may be looked at for one objective.
    pub(super) fn effort(&self) -> u64 {
        self.budget.effort
    }

    /// Parts for an objective; `None` where none was found that fits.
    pub(super) fn parts(&self, objective: &Objective) -> Result<Option<Vec<Part>>, CompileFailure> {
        let aim = match objective {
            Objective::Cores => Aim::Cores,
            Objective::Latency => Aim::Latency(self.blocks.service),
            Objective::Traffic | Objective::Energy | Objective::Mix(_) => Aim::Traffic,
        };
        let BlockGraph { graph, limits, .. } = &self.blocks;
        let Ok(found) = partition(graph, limits, aim, &self.budget) else { return Ok(None) };
        let mut contents: Vec<BTreeMap<PopulationId, Vec<&Slice>>> =
            vec![BTreeMap::new(); found.cores];
        for (block, &part) in self.blocks.blocks.iter().zip(&found.part) {
            contents[part as usize].entry(block.population).or_default().push(block);
        }
        let mut parts = Vec::with_capacity(contents.len());
        for content in contents {
            let mut slices = Vec::new();
            for blocks in content.into_values() {
                slices.extend(self.join(&blocks)?);
            }
            parts.push(Part { core_type: self.core_type, slices });
        }
        Ok(mend(self.meter, parts, self.cores)?.ok().map(|mended| mended.parts))
    }

    /// The blocks of one population on one core as one slice, or as boxes where those fit better.
    fn join(&self, blocks: &[&Slice]) -> Result<Vec<Slice>, CompileFailure> {
        let Some(first) = blocks.first() else { return Ok(Vec::new()) };
        let mut neurons: Vec<Run> = blocks.iter().flat_map(|block| &block.runs).copied().collect();
        neurons.sort_unstable();
        let whole = Slice::new(first.population, merged(&neurons));
        let apart: Vec<Slice> = blocks.iter().map(|&block| block.clone()).collect();
        let words = |slices: &[Slice]| -> Result<(u64, u64), CompileFailure> {
            let demands = self.meter.demands(slices)?;
            let sum = |amount: fn(&crate::passes::demand::SliceDemand) -> u64| {
                demands.iter().map(|demand| amount(demand)).sum::<u64>()
            };
            Ok((sum(|demand| demand.words()), sum(|demand| demand.axons_in())))
        };
        let together = std::slice::from_ref(&whole);
        let demands = self.meter.demands(together)?;
        let fits = self.meter.check_inward(self.core_type, &demands).is_ok();
        if fits || apart.len() == 1 || words(&apart)?.0 >= words(together)?.0 {
            return Ok(vec![whole]);
        }
        Ok(apart)
    }
}

/// Runs that touch made one.
fn merged(runs: &[Run]) -> Vec<Run> {
    let mut merged: Vec<Run> = Vec::new();
    for run in runs {
        match merged.last_mut() {
            Some(last) if last.first + last.count == run.first => last.count += run.count,
            _ => merged.push(*run),
        }
    }
    merged
}
