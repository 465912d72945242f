//! Pack: synapse lists into the chip's words, as planned.

use quarrion_isa::id::{PopulationId, ProjectionId};
use quarrion_isa::program::Block;
use quarrion_isa::synapse::{KernelBlock, Region, Synapse, SynapseBlock, encode_lists};

use super::Draft;
use super::lists::{BlockPlan, plan_lists};
use crate::failure::CompileFailure;
use crate::layout::Slice;
use crate::quantised::{Connections, QuantisedProjection};

/// The synapse blocks of one core.
#[derive(Clone, Debug, Default)]
pub(crate) struct CoreBlocks {
    pub(crate) blocks: Vec<SourcedBlock>,
}

/// A block with the sources of its lists.
#[derive(Clone, Debug)]
pub(crate) struct SourcedBlock {
    pub(crate) block: Block,
    pub(crate) source: PopulationId,
    /// (source neuron, list) of every list that is read, by ascending neuron.
    pub(crate) lists: Vec<(u32, u32)>,
}

pub(super) fn run(draft: &mut Draft<'_>) -> Result<(), CompileFailure> {
    let network = &draft.quantised;
    for core in &draft.mapping.cores {
        let core_type = draft.chip.core_type(core.core);
        let mut blocks = CoreBlocks::default();
        let mut base = 0;
        for slice in &network.compartments(&core.slices) {
            for (id, projection) in network.projections_onto(slice.population) {
                // The map pass has planned the same lists.
                let plan = plan_lists(projection, slice, core_type)
                    .expect("the map pass found a format for every projection");
                let made = plan.blocks.iter().map(|plan| pack(id, projection, slice, base, plan));
                blocks.blocks.extend(made);
            }
            base += slice.size();
        }
        draft.blocks.push(blocks);
    }
    Ok(())
}

/// One block in words.
fn pack(
    id: ProjectionId,
    projection: &QuantisedProjection,
    slice: &Slice,
    base: u32,
    plan: &BlockPlan,
) -> SourcedBlock {
    let (synapses, lists) = match (&plan.kernel, &projection.connections) {
        (Some((shape, region)), Connections::Convolution { weights, .. }) => {
            let region = Region { base, ..*region };
            let per_channel = weights.len() / shape.output[0].max(1) as usize;
            let first = region.start[0] as usize * per_channel;
            let weights = &weights[first..first + region.size[0] as usize * per_channel];
            let block = KernelBlock::encode(plan.format, *shape, region, projection.delay, weights);
            (SynapseBlock::Kernel(block), plan.sources.iter().map(|&s| (s, s)).collect())
        }
        _ => {
            let lists = gather(projection, slice, base, plan);
            let block = encode_lists(plan.format, &lists);
            (SynapseBlock::Packed(block), plan.sources.iter().copied().zip(0..).collect())
        }
    };
    let block = Block {
        projection: id,
        input: projection.input,
        delivery: projection.delivery,
        learning: projection.learning.map(|learning| learning.rule),
        synapses,
    };
    SourcedBlock { block, source: projection.source, lists }
}

/// The lists of a block in the order of its sources: base compartment and synapses.
///
/// Where a format goes on by so many compartments at most, compartments in between are named with
/// weight zero: in a dense list all of them.
fn gather(
    projection: &QuantisedProjection,
    slice: &Slice,
    base: u32,
    plan: &BlockPlan,
) -> Vec<(u32, Vec<Synapse>)> {
    let mut list_of = vec![u32::MAX; projection.connections.sources() as usize];
    for (list, &source) in (0..).zip(&plan.sources) {
        list_of[source as usize] = list;
    }
    let skip = plan.format.longest_skip();
    let mut lists: Vec<(u32, Vec<Synapse>)> = vec![(0, Vec::new()); plan.sources.len()];
    for (compartment, neuron) in (base..).zip(slice.neurons()) {
        projection.for_each_input_of(neuron, |source, weight| {
            let Some((first, list)) = lists.get_mut(list_of[source as usize] as usize) else {
                return;
            };
            let delay = projection.delay_of(source);
            let synapse = |target, weight| Synapse { target, delay, weight };
            match (list.last(), skip) {
                (None, _) => *first = compartment,
                (Some(last), Some(skip)) => {
                    let between = (last.target + skip..compartment).step_by(skip as usize);
                    list.extend(between.map(|gap| synapse(gap, 0)));
                }
                (Some(_), None) => {}
            }
            list.push(synapse(compartment, weight));
        });
    }
    lists
}
