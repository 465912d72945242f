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

/// The graphs of a network, one for every kind of core, made once for all objectives.
///
/// Populations of different kinds share no core. What one kind hears from another is to it what
/// comes from the host: a source that lies on none of its cores.
pub(super) struct Search<'a> {
    meter: &'a Meter<'a>,
    kinds: Vec<Kind>,
    /// Cores that may be used; the budgets count only those that a block can be on.
    cores: usize,
}

/// The populations of one kind of core.
struct Kind {
    core_type: u32,
    blocks: BlockGraph,
    budget: Budget,
}

impl<'a> Search<'a> {
    /// Builds the graphs; `cores` are those of each kind.
    pub(super) fn new(
        meter: &'a Meter<'a>,
        cutters: &[Cutter<'_>],
        cores: &[usize],
        effort: Effort,
        seed: u64,
    ) -> Result<Self, CompileFailure> {
        let mut kinds = Vec::new();
        for (core_type, &cores) in (0..).zip(cores) {
            let own = |cutter: &&Cutter<'_>| meter.core_type(cutter.population) == core_type;
            let own: Vec<&Cutter<'_>> = cutters.iter().filter(own).collect();
            if own.is_empty() {
                continue;
            }
            let blocks = BlockGraph::new(meter, &own)?;
            let pins = blocks.graph.pin_count() as u64;
            let effort = match effort {
                Effort::Auto => (pins * PER_PIN).clamp(AUTO.0, AUTO.1),
                Effort::Millions(millions) => u64::from(millions) * 1_000_000,
            };
            let most = cores.min(blocks.blocks.len());
            let budget = Budget { cores: most, effort, seed, threads: 0 };
            kinds.push(Kind { core_type, blocks, budget });
        }
        Ok(Self { meter, kinds, cores: cores.iter().sum() })
    }

    /// Nets that may be looked at for one objective.
    pub(super) fn effort(&self) -> u64 {
        self.kinds.iter().map(|kind| kind.budget.effort).sum()
    }

    /// Parts for an objective; `None` where none was found that fits.
    ///
    /// What hops, prices and whole timesteps make of it is not known before all lie on cores: for
    /// energy and mixes packets are made few here, and `refine` goes on with the exact figure.
    pub(super) fn parts(&self, objective: &Objective) -> Result<Option<Vec<Part>>, CompileFailure> {
        let mut parts = Vec::new();
        for kind in &self.kinds {
            let Some(own) = self.parts_of(kind, objective)? else { return Ok(None) };
            parts.extend(own);
        }
        Ok(mend(self.meter, parts, self.cores)?.ok().map(|mended| mended.parts))
    }

    /// The parts of one kind of core.
    fn parts_of(
        &self,
        kind: &Kind,
        objective: &Objective,
    ) -> Result<Option<Vec<Part>>, CompileFailure> {
        let BlockGraph { graph, limits, service, blocks } = &kind.blocks;
        let aim = match objective {
            Objective::Cores => Aim::Cores,
            Objective::Latency => Aim::Latency(*service),
            Objective::Traffic | Objective::Energy | Objective::Mix(_) => Aim::Traffic,
        };
        let Ok(found) = partition(graph, limits, aim, &kind.budget) else { return Ok(None) };
        let mut contents: Vec<BTreeMap<PopulationId, Vec<&Slice>>> =
            vec![BTreeMap::new(); found.cores];
        for (block, &part) in blocks.iter().zip(&found.part) {
            contents[part as usize].entry(block.population).or_default().push(block);
        }
        let mut parts = Vec::with_capacity(contents.len());
        for content in contents {
            let mut slices = Vec::new();
            for blocks in content.into_values() {
                slices.extend(self.join(kind.core_type, &blocks)?);
            }
            parts.push(Part { core_type: kind.core_type, slices });
        }
        Ok(Some(parts))
    }

    /// The blocks of one population on one core as one slice, or as boxes where those fit better.
    fn join(&self, core_type: u32, blocks: &[&Slice]) -> Result<Vec<Slice>, CompileFailure> {
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
        let fits = self.meter.check_inward(core_type, &demands).is_ok();
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
