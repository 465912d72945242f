//! The cheapest legal way to store the synapse lists of one projection's part on one core.
//!
//! Partition asks what a part would cost, packing does what was planned: one plan serves both, so
//! what was promised is what is written.

use quarrion_isa::chip::{CoreType, SignMode, SynapseFormat, SynapseFormatKind};
use quarrion_isa::synapse::{KernelBlock, KernelShape, ListFormat, Region, WeightWidth};

use crate::layout::Slice;
use crate::quantised::{Connections, Plasticity, QuantisedPopulation, QuantisedProjection};

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
    let part = survey(projection, slice);
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
    let packed = plan_packed(shapes, weight, projection, core);
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
fn survey(projection: &QuantisedProjection, slice: &Slice) -> Part {
    let mut part = Part {
        shapes: vec![ListShape::default(); projection.connections.sources() as usize],
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

/// Each list dense or sparse, whichever takes fewer words, and then fewer synapses.
///
/// All sparse lists of the part share one index width: the one with the fewest words in all.
fn plan_packed(
    shapes: &[ListShape],
    weight: WeightWidth,
    projection: &QuantisedProjection,
    core: &CoreType,
) -> Option<Vec<BlockPlan>> {
    let (delay, learning) = (projection.longest_delay(), projection.learning);
    let tag_bits = learning.map_or(0, |learning| learning.tag_bits);
    let tagged = |kind| {
        let (format, offered) = list_format(core, kind, weight, delay)?;
        Some((ListFormat { tag_bits, ..format }, offered))
    };
    let dense = tagged(SynapseFormatKind::Dense);
    let sparse = tagged(SynapseFormatKind::Sparse);
    let dense = dense.map(|(format, _)| format);
    let mut choices: Vec<Option<ListFormat>> = vec![None];
    if let Some((sparse, format)) = sparse {
        let width = |&index_bits: &u32| Some(ListFormat { index_bits, ..sparse });
        choices = format.index_widths.iter().map(width).chain([None]).collect();
    }
    let plans =
        choices.into_iter().filter_map(|sparse| split_lists(shapes, dense, sparse, learning));
    let words = |blocks: &Vec<BlockPlan>| -> u64 { blocks.iter().map(|block| block.words).sum() };
    plans.min_by_key(words)
}

/// The lists of a part with one dense and one sparse format to choose from.
fn split_lists(
    shapes: &[ListShape],
    dense: Option<ListFormat>,
    sparse: Option<ListFormat>,
    learning: Option<Plasticity>,
) -> Option<Vec<BlockPlan>> {
    let block = |format| BlockPlan {
        format,
        sources: Vec::new(),
        work: Vec::new(),
        words: 0,
        kernel: None,
    };
    let (mut as_dense, mut as_sparse) = (dense.map(block), sparse.map(block));
    for (source, shape) in (0..).zip(shapes).filter(|(_, shape)| shape.synapses > 0) {
        // What learns has no synapses but its own, so that no mapping makes any.
        let whole = learning.is_none() || shape.span() == shape.synapses;
        let dense_cost = dense
            .filter(|_| whole)
            .map(|format| (format.list_words(shape.span().into()), shape.span()));
        let reaches = |format: &ListFormat| u64::from(shape.span()) <= 1 << format.index_bits;
        let sparse_cost = sparse
            .filter(reaches)
            .map(|format| (format.list_words(shape.synapses.into()), shape.synapses));
        let (block, (words, operations)) = match (dense_cost, sparse_cost) {
            (Some(dense), Some(sparse)) if sparse < dense => (&mut as_sparse, sparse),
            (Some(dense), _) => (&mut as_dense, dense),
            (None, Some(sparse)) => (&mut as_sparse, sparse),
            (None, None) => return None,
        };
        let block = block.as_mut()?;
        block.sources.push(source);
        block.work.push(ListWork { words: words as u32, operations });
        block.words += words;
    }
    let blocks = [as_dense, as_sparse].into_iter().flatten();
    Some(blocks.filter(|block| !block.sources.is_empty()).collect())
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
