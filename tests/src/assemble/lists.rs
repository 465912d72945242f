//! Lists of one projection on one piece of its target, in the core's own words.

use quarrion_isa::chip::{CoreType, SynapseFormatKind};
use quarrion_isa::synapse::{
    KernelBlock, KernelShape, ListFormat, Synapse, SynapseBlock, WeightWidth, encode_lists,
};

use super::region::region_of;
use super::sketch::{BlockSketch, PieceSketch, ProjectionSketch, Sketch, Spread};

/// A list that a source's spike reads.
pub(super) struct List {
    pub(super) source: u32,
    pub(super) list: u32,
}

/// Least bits of the delay field where delays change: the same on every core.
const LEARNED_DELAY_BITS: u32 = 3;

/// The block of a projection on a piece at compartment `base`, with who reads its lists.
pub(super) fn block_lists(
    sketch: &Sketch,
    projection: &ProjectionSketch,
    kind: &CoreType,
    piece: &PieceSketch,
    base: u32,
) -> (SynapseBlock, Vec<List>) {
    match &projection.block {
        BlockSketch::Packed { kind: stored, lists, spread } => {
            let mut format = list_format(projection, kind, *stored);
            if let Some(rule) = sketch.rule_of(projection) {
                format.tag_bits = rule.tag_bits().unwrap_or(0);
                format.delay_bits = if rule.moves_delays() { LEARNED_DELAY_BITS } else { 0 };
            }
            packed(format, lists, *spread, piece, base)
        }
        BlockSketch::Kernel { shape, weights, delay } => {
            let format = list_format(projection, kind, SynapseFormatKind::Kernel);
            let target = &sketch.populations[projection.target];
            kernel(format, target.shape, (shape, weights, *delay), piece, base)
        }
    }
}

/// The chip's format with the projection's widths, index and delay fields still empty.
fn list_format(
    projection: &ProjectionSketch,
    kind: &CoreType,
    stored: SynapseFormatKind,
) -> ListFormat {
    let format = kind.formats.iter().find(|format| format.kind == stored);
    let format = format.expect("the chip has the sketch's format");
    let bits_max = kind.weights.widths.last().copied().expect("a chip has a weight width");
    let weight = WeightWidth { bits: projection.weight_bits, bits_max, sign: projection.sign };
    ListFormat::new(format, kind.word_bits, weight)
}

fn packed(
    mut format: ListFormat,
    lists: &[Vec<Synapse>],
    spread: Spread,
    piece: &PieceSketch,
    base: u32,
) -> (SynapseBlock, Vec<List>) {
    let mut cut: Vec<(u32, Vec<Synapse>)> = Vec::new();
    let mut readers = Vec::new();
    for (source, synapses) in (0..).zip(lists) {
        let inside = |target: u32| target.checked_sub(piece.first).filter(|&at| at < piece.count());
        let own: Vec<Synapse> = synapses
            .iter()
            .filter_map(|s| inside(s.target).map(|at| Synapse { target: base + at, ..*s }))
            .collect();
        let own = if format.kind == SynapseFormatKind::Dense { without_gaps(own) } else { own };
        let parts: Vec<Vec<Synapse>> = match spread {
            Spread::Whole if own.is_empty() => Vec::new(),
            Spread::Whole | Spread::WithEmpty => vec![own],
            Spread::Split(most) => own.chunks(most as usize).map(<[Synapse]>::to_vec).collect(),
        };
        for part in parts {
            let lowest = part.iter().map(|synapse| synapse.target).min().unwrap_or(base);
            readers.push(List { source, list: cut.len() as u32 });
            cut.push((lowest, part));
        }
    }
    let highest = |of: &dyn Fn(u32, &Synapse) -> u32| {
        let all = cut.iter().flat_map(|(lowest, part)| part.iter().map(|s| of(*lowest, s)));
        u32::BITS - all.max().unwrap_or(0).leading_zeros()
    };
    match format.kind {
        SynapseFormatKind::Sparse => {
            format.index_bits = highest(&|lowest, synapse| synapse.target - lowest);
        }
        SynapseFormatKind::RunLength => {
            let skips = cut.iter().flat_map(|(_, part)| part.windows(2));
            let longest = skips.map(|pair| pair[1].target - pair[0].target).max().unwrap_or(0);
            format.index_bits = u32::BITS - longest.leading_zeros();
        }
        SynapseFormatKind::Dense | SynapseFormatKind::Kernel => {}
    }
    format.delay_bits = format.delay_bits.max(highest(&|_, synapse| synapse.delay));
    (SynapseBlock::Packed(encode_lists(format, &cut)), readers)
}

/// A dense list names consecutive targets: sorted, holes filled with weights of zero.
fn without_gaps(mut own: Vec<Synapse>) -> Vec<Synapse> {
    own.sort_by_key(|synapse| synapse.target);
    let mut filled: Vec<Synapse> = Vec::new();
    for synapse in own {
        while let Some(last) = filled.last().filter(|last| last.target + 1 < synapse.target) {
            filled.push(Synapse { target: last.target + 1, delay: 0, weight: 0 });
        }
        filled.push(synapse);
    }
    filled
}

fn kernel(
    format: ListFormat,
    target: [u32; 3],
    (shape, weights, delay): (&KernelShape, &[i32], u32),
    piece: &PieceSketch,
    base: u32,
) -> (SynapseBlock, Vec<List>) {
    let region = region_of(target, piece.first, piece.count(), base).expect("the piece is a box");
    let channel = (shape.group_inputs() * shape.kernel[0] * shape.kernel[1]) as usize;
    let stored = region.start[0] as usize * channel..;
    let own = &weights[stored][..region.size[0] as usize * channel];
    let block = KernelBlock::encode(format, *shape, region, delay, own);
    let reaches = |list: &u32| {
        let mut synapses = 0;
        block.visit_taps(*list, |_, _| synapses += 1).expect("the source exists");
        synapses > 0
    };
    let readers = (0..shape.sources()).filter(reaches);
    let readers = readers.map(|list| List { source: list, list }).collect();
    (SynapseBlock::Kernel(block), readers)
}
