//! The cheapest legal way to store the synapse lists of one projection's part on one core.
//!
//! Partition asks what a part would cost, packing does what was planned: one plan serves both, so
//! what was promised is what is written.

use quarrion_isa::chip::{CoreType, SignMode, SynapseFormat, SynapseFormatKind};
use quarrion_isa::synapse::{KernelBlock, KernelShape, ListFormat, Region, WeightWidth};

use crate::layout::Slice;
use crate::quantised::{Connections, QuantisedPopulation, QuantisedProjection};

/// The blocks that hold a projection's part on one core.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListPlan {
    pub(crate) blocks: Vec<BlockPlan>,
    /// Synapses that end in each compartment of the slice.
    pub(crate) fan_in: Vec<u32>,
    /// Words of the longest list.
    pub(crate) longest: u64,
}

/// One block: lists in one format.
#[derive(Clone, Debug)]
pub(crate) struct BlockPlan {
    pub(crate) format: ListFormat,
    /// The sources with a list, ascending.
    pub(crate) sources: Vec<u32>,
    /// What one spike of each source costs here.
    pub(crate) work: Vec<ListWork>,
    pub(crate) words: u64,
    /// The convolution and the part of it that lies here, where one kernel is shared.
    pub(crate) kernel: Option<(KernelShape, Region)>,
}

/// What serving one list takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ListWork {
    pub(crate) words: u32,
    pub(crate) operations: u32,
}

/// Why no format holds a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoFormat {
    /// No width and sign mode holds the weights.
    Weights,
    /// No format stores the delay and reaches the compartments.
    Fields,
}

/// What the synapses of one source into the slice look like.
#[derive(Clone, Copy, Default)]
struct ListShape {
    synapses: u32,
    /// First and last position in the slice.
    first: u32,
    last: u32,
}

impl ListShape {
    fn span(self) -> u32 {
        self.last - self.first + 1
    }
}

/// Everything about the part that formats are chosen by.
struct Part {
    shapes: Vec<ListShape>,
    /// Per skip width of the core's run-length lists: synapses of weight zero that each list needs.
    fillers: Vec<Vec<u32>>,
    fan_in: Vec<u32>,
    /// The smallest and largest weight, and all weights' bits together.
    smallest: i32,
    largest: i32,
    bits: i32,
}

impl ListPlan {
    /// Words of synapse memory.
    pub(crate) fn words(&self) -> u64 {
        self.blocks.iter().map(|block| block.words).sum()
    }

    /// Lists, and so axon-in entries.
    pub(crate) fn lists(&self) -> u64 {
        self.blocks.iter().map(|block| block.sources.len() as u64).sum()
    }
}

/// Plans the lists of `projection` that end in `slice` on a core of type `core`.
pub(crate) fn plan_lists(
    projection: &QuantisedProjection,
    slice: &Slice,
    core: &CoreType,
) -> Result<ListPlan, NoFormat> {
    let part = survey(projection, slice, core);
    let Part { shapes, fan_in, .. } = &part;
    if shapes.iter().all(|shape| shape.synapses == 0) {
        return Ok(ListPlan { fan_in: fan_in.clone(), ..ListPlan::default() });
    }
    let weight = match projection.learning {
        // Room for whatever is learned.
        Some(learning) => widest_width(core, learning.sign),
        None => lossless_width(&part, core),
    };
    let weight = weight.ok_or(NoFormat::Weights)?;
    let packed = plan_packed(&part, weight, projection, core);
    let kernel = plan_kernel(projection, slice, shapes, weight, core);
    let blocks = match (packed, kernel) {
        (Some(packed), Some(kernel)) => {
            let words: u64 = packed.iter().map(|block| block.words).sum();
            if kernel.words <= words { vec![kernel] } else { packed }
        }
        (Some(packed), None) => packed,
        (None, Some(kernel)) => vec![kernel],
        (None, None) => return Err(NoFormat::Fields),
    };
    let longest = longest_list(&blocks);
    Ok(ListPlan { blocks, fan_in: part.fan_in, longest })
}

/// Looks at every synapse once.
fn survey(projection: &QuantisedProjection, slice: &Slice, core: &CoreType) -> Part {
    let sources = projection.connections.sources() as usize;
    let run_length = |format: &&SynapseFormat| format.kind == SynapseFormatKind::RunLength;
    let widths = core.formats.iter().find(run_length).map(|format| &format.index_widths);
    let skips: Vec<u32> = widths.into_iter().flatten().map(|&bits| (1 << bits) - 1).collect();
    let mut part = Part {
        shapes: vec![ListShape::default(); sources],
        fillers: vec![vec![0; sources]; skips.len()],
        fan_in: Vec::with_capacity(slice.size() as usize),
        smallest: 0,
        largest: 0,
        bits: 0,
    };
    for (position, neuron) in (0..).zip(slice.neurons()) {
        let mut synapses = 0;
        projection.for_each_input_of(neuron, |source, weight| {
            let shape = &mut part.shapes[source as usize];
            if shape.synapses == 0 {
                shape.first = position;
            } else if position > shape.last + 1 {
                for (fillers, skip) in part.fillers.iter_mut().zip(&skips) {
                    fillers[source as usize] += (position - shape.last - 1) / skip;
                }
            }
            shape.last = position;
            shape.synapses += 1;
            synapses += 1;
            part.smallest = part.smallest.min(weight);
            part.largest = part.largest.max(weight);
            part.bits |= weight;
        });
        part.fan_in.push(synapses);
    }
    part
}

/// The narrowest stored width, and its sign mode, that holds every weight of the part exactly.
fn lossless_width(part: &Part, core: &CoreType) -> Option<WeightWidth> {
    let bits_max = core.weights.widths.last().copied()?;
    for &bits in &core.weights.widths {
        for &sign in &core.weights.signs {
            let width = WeightWidth { bits, bits_max, sign };
            let format = ListFormat::new(core.formats.first()?, core.word_bits, width);
            let (low, high) = format.weight_range();
            let exact = i64::from(part.bits) & ((1_i64 << format.weight_shift()) - 1) == 0;
            if exact && low <= part.smallest && part.largest <= high {
                return Some(width);
            }
        }
    }
    None
}

/// The widest stored weight.
fn widest_width(core: &CoreType, sign: SignMode) -> Option<WeightWidth> {
    let bits = core.weights.widths.last().copied()?;
    Some(WeightWidth { bits, bits_max: bits, sign })
}

/// The delay field's bits, when the format can store the delay.
fn delay_bits(format: &SynapseFormat, delay: u32) -> Option<u32> {
    format.delay_widths.iter().copied().find(|&bits| u64::from(delay) < 1 << bits)
}

/// The chip's format of a kind, with widths for the part.
fn list_format(
    core: &CoreType,
    kind: SynapseFormatKind,
    weight: WeightWidth,
    delay: u32,
) -> Option<(ListFormat, &SynapseFormat)> {
    // Words are stored one a number.
    let narrow = core.word_bits <= u64::BITS;
    let format = core.formats.iter().find(|format| format.kind == kind && narrow)?;
    let delay_bits = delay_bits(format, delay)?;
    Some((ListFormat { delay_bits, ..ListFormat::new(format, core.word_bits, weight) }, format))
}

/// A packed format with what each list of the part costs in it.
struct Offer {
    format: ListFormat,
    /// In the order of the part's lists; [`NOT_HELD`] where the format cannot hold one.
    costs: Vec<ListWork>,
}

/// The cost of a list that a format cannot hold.
const NOT_HELD: ListWork = ListWork { words: u32::MAX, operations: u32::MAX };

/// Each list in the packed format that takes the fewest words, and then the fewest synapses.
///
/// All sparse lists of the part share one index width, and all run-length lists one skip width:
/// those with the fewest words in all.
fn plan_packed(
    part: &Part,
    weight: WeightWidth,
    projection: &QuantisedProjection,
    core: &CoreType,
) -> Option<Vec<BlockPlan>> {
    let shapes = (0_u32..).zip(&part.shapes).filter(|(_, shape)| shape.synapses > 0);
    let lists: Vec<(u32, ListShape)> = shapes.map(|(source, shape)| (source, *shape)).collect();
    let offers = |kind| offers(part, &lists, weight, projection, core, kind);
    let dense = offers(SynapseFormatKind::Dense);
    // Nothing is shorter than a dense list without gaps.
    let gaps = dense.is_empty() || lists.iter().any(|(_, shape)| shape.span() > shape.synapses);
    let sparse = if gaps { offers(SynapseFormatKind::Sparse) } else { Vec::new() };
    let run_length = if gaps { offers(SynapseFormatKind::RunLength) } else { Vec::new() };
    // Whatever width is taken, more formats to choose from are never worse.
    let any = |offers: &[Offer]| 0..offers.len().max(1);
    let mut best: Option<(u64, Vec<&Offer>)> = None;
    for at_sparse in any(&sparse) {
        let chosen: Vec<&Offer> = dense.first().into_iter().chain(sparse.get(at_sparse)).collect();
        let without: Vec<u32> = (0..lists.len()).map(|at| cheapest(&chosen, at).1.words).collect();
        for at_run in any(&run_length) {
            let run = run_length.get(at_run);
            let words = match run {
                Some(run) => {
                    let both = without.iter().zip(&run.costs);
                    both.map(|(&words, run)| u64::from(words.min(run.words))).sum()
                }
                None => without.iter().copied().map(u64::from).sum(),
            };
            if best.as_ref().is_none_or(|(least, _)| words < *least) {
                best = Some((words, chosen.iter().copied().chain(run).collect()));
            }
        }
    }
    split_lists(&lists, &best?.1)
}

/// The packed formats of a kind, one for each width of its index or skip.
fn offers(
    part: &Part,
    lists: &[(u32, ListShape)],
    weight: WeightWidth,
    projection: &QuantisedProjection,
    core: &CoreType,
    kind: SynapseFormatKind,
) -> Vec<Offer> {
    let learning = projection.learning;
    let Some((format, offered)) = list_format(core, kind, weight, projection.longest_delay())
    else {
        return Vec::new();
    };
    let tag_bits = learning.map_or(0, |learning| learning.tag_bits);
    let widths: &[u32] =
        if kind == SynapseFormatKind::Dense { &[0] } else { &offered.index_widths };
    let offer = |(at, &index_bits): (usize, &u32)| {
        let format = ListFormat { index_bits, tag_bits, ..format };
        let cost = |&(source, shape): &(u32, ListShape)| {
            let fillers = match kind {
                SynapseFormatKind::Dense => shape.span() - shape.synapses,
                SynapseFormatKind::RunLength => part.fillers[at][source as usize],
                SynapseFormatKind::Sparse | SynapseFormatKind::Kernel => 0,
            };
            // What learns has no synapses but its own, so that no mapping makes any.
            let own = learning.is_none() || fillers == 0;
            let reached =
                kind != SynapseFormatKind::Sparse || u64::from(shape.span()) <= 1 << index_bits;
            if !own || !reached {
                return NOT_HELD;
            }
            let operations = shape.synapses + fillers;
            ListWork { words: format.list_words(operations.into()) as u32, operations }
        };
        Offer { format, costs: lists.iter().map(cost).collect() }
    };
    widths.iter().enumerate().map(offer).collect()
}

/// The cheapest offer for a list, the first of equals.
fn cheapest(chosen: &[&Offer], list: usize) -> (usize, ListWork) {
    let mut best = (0, NOT_HELD);
    for (at, offer) in chosen.iter().enumerate() {
        let work = offer.costs[list];
        if (work.words, work.operations) < (best.1.words, best.1.operations) {
            best = (at, work);
        }
    }
    best
}

/// Every list in the cheapest of the chosen formats; `None` where none of them holds one.
fn split_lists(lists: &[(u32, ListShape)], chosen: &[&Offer]) -> Option<Vec<BlockPlan>> {
    let block = |offer: &&Offer| BlockPlan {
        format: offer.format,
        sources: Vec::new(),
        work: Vec::new(),
        words: 0,
        kernel: None,
    };
    let mut blocks: Vec<BlockPlan> = chosen.iter().map(block).collect();
    for (list, &(source, _)) in lists.iter().enumerate() {
        let (at, work) = cheapest(chosen, list);
        if work == NOT_HELD {
            return None;
        }
        blocks[at].sources.push(source);
        blocks[at].work.push(work);
        blocks[at].words += u64::from(work.words);
    }
    blocks.retain(|block| !block.sources.is_empty());
    Some(blocks)
}

/// One shared kernel, where the projection is a convolution, the slice a box and the chip able.
fn plan_kernel(
    projection: &QuantisedProjection,
    slice: &Slice,
    shapes: &[ListShape],
    weight: WeightWidth,
    core: &CoreType,
) -> Option<BlockPlan> {
    let Connections::Convolution { shape, .. } = &projection.connections else { return None };
    // A kernel stores one delay for all its sources.
    if !projection.source_delays.is_empty() || projection.learning.is_some() {
        return None;
    }
    let (format, _) = list_format(core, SynapseFormatKind::Kernel, weight, projection.delay)?;
    let (start, size) = slice.as_box(shape.output)?;
    let taps = u64::from(shape.kernel[0]) * u64::from(shape.kernel[1]);
    let weights = u64::from(size[0]) * u64::from(shape.group_inputs()) * taps;
    let read = shapes.iter().filter(|shape| shape.synapses > 0);
    let work = read.map(|shape| ListWork {
        words: format.list_words(shape.synapses.into()) as u32,
        operations: shape.synapses,
    });
    let sources = (0..).zip(shapes).filter(|(_, shape)| shape.synapses > 0);
    Some(BlockPlan {
        format,
        sources: sources.map(|(source, _)| source).collect(),
        work: work.collect(),
        words: KernelBlock::words_for(&format, weights),
        kernel: Some((*shape, Region { start, size, base: 0 })),
    })
}

/// Words of the longest packed list; a kernel is no list.
fn longest_list(blocks: &[BlockPlan]) -> u64 {
    let packed = blocks.iter().filter(|block| block.kernel.is_none());
    packed.flat_map(|block| &block.work).map(|work| work.words.into()).max().unwrap_or(0)
}

/// The widest range of weights that a core stores under a sign mode: (low, high, step).
pub(crate) fn widest_weights(core: &CoreType, sign: SignMode) -> Option<(i32, i32, i32)> {
    let bits = core.weights.widths.last().copied()?;
    let width = WeightWidth { bits, bits_max: bits, sign };
    let format = ListFormat::new(core.formats.first()?, core.word_bits, width);
    let (low, high) = format.weight_range();
    Some((low, high, 1 << format.weight_shift()))
}

/// The three extents by which a population is cut: of its convolution, or its plain length.
pub(crate) fn cut_extents<'a>(
    population: &QuantisedPopulation,
    mut onto: impl Iterator<Item = &'a QuantisedProjection>,
) -> [u32; 3] {
    let convolved = onto.find_map(|projection| match &projection.connections {
        Connections::Convolution { shape, .. } => Some(shape.output),
        _ => None,
    });
    convolved.unwrap_or([population.size, 1, 1])
}
