//! Words and their meaning: what is written is what is read, in exactly the words of the formula.

use proptest::prelude::{
    Just, ProptestConfig, Strategy, any, prop, prop_assert_eq, prop_oneof, proptest,
};
use quarrion_isa::chip::{SignMode, SynapseFormatKind};
use quarrion_isa::synapse::{KernelBlock, KernelShape, ListFormat, Region, Synapse, encode_lists};

use super::random::Dice;

/// Formats with widths that chips have, and some that none has.
fn formats() -> impl Strategy<Value = ListFormat> {
    let kind = prop_oneof![
        Just(SynapseFormatKind::Dense),
        Just(SynapseFormatKind::Sparse),
        Just(SynapseFormatKind::RunLength)
    ];
    let sign =
        prop_oneof![Just(SignMode::Mixed), Just(SignMode::Excitatory), Just(SignMode::Inhibitory)];
    let widths = (1_u32..=9, 0_u32..=3, 0_u32..=12, 0_u32..=6, 0_u32..=9);
    let rest = (prop_oneof![Just(0_u32), 1_u32..=20, Just(256)], 1_u32..=70, 1_u32..=64);
    (kind, sign, widths, rest).prop_map(|(kind, sign, widths, rest)| {
        let (weight_bits, more, index_bits, delay_bits, tag_bits) = widths;
        let (prefix_bits, entry_synapses, word_bits) = rest;
        ListFormat {
            kind,
            weight_bits,
            weight_bits_max: weight_bits + more,
            sign,
            index_bits: if kind == SynapseFormatKind::Dense { 0 } else { index_bits },
            delay_bits,
            tag_bits,
            prefix_bits,
            entry_synapses,
            word_bits,
        }
    })
}

/// A weight that the format holds.
fn weight(format: &ListFormat, dice: &mut Dice) -> i32 {
    let (low, high) = format.weight_range();
    let step = 1_i64 << format.weight_shift();
    let steps = (i64::from(high) - i64::from(low)) / step + 1;
    (i64::from(low) + step * dice.below(steps as u64) as i64) as i32
}

/// Lists that the format holds: dense ones name consecutive compartments, run-length ones skip.
fn lists(format: &ListFormat, count: usize, dice: &mut Dice) -> Vec<(u32, Vec<Synapse>)> {
    let list = |_| {
        let base = dice.below(1000) as u32;
        let length = dice.below(150) as u32;
        let mut synapses: Vec<Synapse> = Vec::new();
        for position in 0..length {
            let index = match format.kind {
                SynapseFormatKind::Sparse => dice.below(1 << format.index_bits) as u32,
                SynapseFormatKind::RunLength => {
                    let last = synapses.last().map_or(base, |last| last.target);
                    last - base + dice.below(1 << format.index_bits) as u32
                }
                SynapseFormatKind::Dense | SynapseFormatKind::Kernel => position,
            };
            let delay = dice.below(1 << format.delay_bits) as u32;
            synapses.push(Synapse { target: base + index, delay, weight: weight(format, dice) });
        }
        (base, synapses)
    };
    (0..count).map(list).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn lists_read_back_as_written(format in formats(), count in 1_usize..6, seed in any::<u64>()) {
        let lists = lists(&format, count, &mut Dice(seed));
        let block = encode_lists(format, &lists);
        let words: u64 =
            lists.iter().map(|(_, synapses)| format.list_words(synapses.len() as u64)).sum();
        prop_assert_eq!(block.words.len() as u64, words);
        for (index, (_, wanted)) in (0..).zip(&lists) {
            let mut found = Vec::new();
            block.decode_list(index, |synapse| found.push(synapse)).expect("decodes");
            prop_assert_eq!(&found, wanted);
        }
    }

    /// A kernel means the convolution's definition: output (o, y, x) sees input (c, y s + t d - p)
    /// through tap t.
    #[test]
    fn kernels_mean_the_convolution(
        channels in (1_u32..3, 1_u32..3, 1_u32..3),
        kernel in prop::array::uniform2(1_u32..4),
        stride in prop::array::uniform2(1_u32..3),
        padding in prop::array::uniform2(0_u32..2),
        dilation in prop::array::uniform2(1_u32..3),
        output in prop::array::uniform2(1_u32..5),
        seed in any::<u64>(),
    ) {
        let mut dice = Dice(seed);
        let (groups, group_inputs, group_outputs) = channels;
        let input = |axis: usize| {
            let reach = (output[axis] - 1) * stride[axis] + (kernel[axis] - 1) * dilation[axis] + 1;
            reach.saturating_sub(2 * padding[axis]).max(1)
        };
        let shape = KernelShape {
            input: [groups * group_inputs, input(0), input(1)],
            output: [groups * group_outputs, output[0], output[1]],
            kernel,
            stride,
            padding,
            dilation,
            groups,
        };
        let (mut start, mut size) = ([0; 3], [0; 3]);
        for axis in 0..3 {
            start[axis] = dice.below(u64::from(shape.output[axis])) as u32;
            size[axis] = 1 + dice.below(u64::from(shape.output[axis] - start[axis])) as u32;
        }
        let region = Region { start, size, base: dice.below(50) as u32 };
        let format = ListFormat {
            kind: SynapseFormatKind::Kernel,
            weight_bits: 8,
            weight_bits_max: 8,
            sign: SignMode::Mixed,
            index_bits: 0,
            delay_bits: 3,
            tag_bits: 0,
            prefix_bits: 10,
            entry_synapses: 60,
            word_bits: 64,
        };
        let count = size[0] * group_inputs * kernel[0] * kernel[1];
        let weights: Vec<i32> = (0..count).map(|_| weight(&format, &mut dice)).collect();
        let block = KernelBlock::encode(format, shape, region, 2, &weights);
        prop_assert_eq!(block.words.len() as u64, KernelBlock::words_for(&format, count.into()));
        let mut wanted: Vec<Vec<(u32, i32)>> = vec![Vec::new(); shape.sources() as usize];
        let mut target = region.base;
        for o in start[0]..start[0] + size[0] {
            for y in start[1]..start[1] + size[1] {
                for x in start[2]..start[2] + size[2] {
                    for c in 0..group_inputs {
                        for ty in 0..kernel[0] {
                            for tx in 0..kernel[1] {
                                let at_y =
                                    (y * stride[0] + ty * dilation[0]).wrapping_sub(padding[0]);
                                let at_x =
                                    (x * stride[1] + tx * dilation[1]).wrapping_sub(padding[1]);
                                if at_y >= shape.input[1] || at_x >= shape.input[2] {
                                    continue;
                                }
                                let channel = o / group_outputs * group_inputs + c;
                                let source =
                                    (channel * shape.input[1] + at_y) * shape.input[2] + at_x;
                                let stored = o - start[0];
                                let weight =
                                    ((stored * group_inputs + c) * kernel[0] + ty) * kernel[1] + tx;
                                wanted[source as usize].push((target, weights[weight as usize]));
                            }
                        }
                    }
                    target += 1;
                }
            }
        }
        for (source, wanted) in (0..).zip(&mut wanted) {
            let mut found = Vec::new();
            block.decode_list(source, |s| found.push((s.target, s.weight))).expect("decodes");
            found.sort_unstable();
            wanted.sort_unstable();
            prop_assert_eq!(&found, &*wanted, "source {}", source);
        }
    }
}
