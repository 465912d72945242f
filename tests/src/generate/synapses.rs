//! Random projections: packed lists of every kind, and shared kernels.

use quarrion_isa::chip::{Chip, SignMode, SynapseFormatKind};
use quarrion_isa::delivery::SynapseMode;
use quarrion_isa::synapse::{KernelShape, ListFormat, Synapse, WeightWidth};

use super::dice::Dice;
use crate::assemble::{BlockSketch, ProjectionSketch, Sketch, Spread, region_of};

/// Draws the projection of (source, target, accumulator).
pub(super) fn draw_projection(
    dice: &mut Dice,
    chip: &Chip,
    sketch: &Sketch,
    (source, target, input): (usize, usize, u32),
) -> ProjectionSketch {
    let weights = &chip.core_types[0].weights;
    let (weight_bits, sign) = (dice.pick(&weights.widths), dice.pick(&weights.signs));
    let exponent = if dice.chance(50) {
        dice.range(-2, 2) as i32
    } else {
        dice.range(weights.exponent_min.into(), weights.exponent_max.into()) as i32
    };
    let scale = Weights::new(chip, weight_bits, sign);
    let block = if dice.chance(35) && boxes(sketch, target) {
        draw_kernel(dice, sketch, source, target, &scale)
    } else {
        draw_packed(dice, sketch, source, target, &scale)
    };
    let name = format!("projection{}", sketch.projections.len());
    let synapse = if dice.chance(10) {
        SynapseMode::Stochastic { bits: dice.count(6, 10) }
    } else {
        SynapseMode::Plain
    };
    let learning = None;
    ProjectionSketch {
        name,
        source,
        target,
        input,
        exponent,
        synapse,
        weight_bits,
        sign,
        block,
        learning,
    }
}

/// Whether every piece of the population is a box.
fn boxes(sketch: &Sketch, population: usize) -> bool {
    let shape = sketch.populations[population].shape;
    let mut pieces = sketch.cores.iter().flat_map(|core| &core.pieces);
    pieces.all(|piece| {
        piece.population != population || region_of(shape, piece.first, piece.count(), 0).is_some()
    })
}

/// The weights that a list can store.
struct Weights {
    low: i64,
    high: i64,
    shift: u32,
}

impl Weights {
    fn new(chip: &Chip, bits: u32, sign: SignMode) -> Self {
        let kind = &chip.core_types[0];
        let bits_max = kind.weights.widths.last().copied().unwrap_or(bits);
        let width = WeightWidth { bits, bits_max, sign };
        let format = ListFormat::new(&kind.formats[0], kind.word_bits, width);
        let (low, high) = format.weight_range();
        let shift = format.weight_shift();
        Self { low: i64::from(low) >> shift, high: i64::from(high) >> shift, shift }
    }

    fn draw(&self, dice: &mut Dice) -> i32 {
        let steps = match dice.below(10) {
            0 => self.low,
            1 | 2 => self.high,
            3..=6 => dice.range(0.max(self.low), self.high.max(self.low)),
            _ => dice.range(self.low, self.high),
        };
        (steps << self.shift) as i32
    }
}

fn draw_delay(dice: &mut Dice, longest: u32) -> u32 {
    if longest == 0 || dice.chance(40) { 0 } else { dice.count(0, longest) }
}

fn draw_packed(
    dice: &mut Dice,
    sketch: &Sketch,
    source: usize,
    target: usize,
    weights: &Weights,
) -> BlockSketch {
    let (sources, targets) = (sketch.populations[source].size(), sketch.populations[target].size());
    let longest = dice.pick(&[0, 0, 1, 3, 7, 62]);
    let density = dice.pick(&[10, 40, 100]);
    let kind = match dice.below(100) {
        0..35 => SynapseFormatKind::Dense,
        35..85 => SynapseFormatKind::Sparse,
        _ => SynapseFormatKind::RunLength,
    };
    let dense = kind == SynapseFormatKind::Dense;
    let mut lists = Vec::new();
    for _ in 0..sources {
        let mut list = Vec::new();
        for target in 0..targets {
            if dice.chance(density) {
                let delay = draw_delay(dice, longest);
                list.push(Synapse { target, delay, weight: weights.draw(dice) });
                // Two synapses between the same neurons; a dense list cannot say that.
                if !dense && dice.chance(5) {
                    let delay = draw_delay(dice, longest);
                    list.push(Synapse { target, delay, weight: weights.draw(dice) });
                }
            }
        }
        if kind == SynapseFormatKind::Sparse && dice.chance(30) {
            dice.shuffle(&mut list);
        }
        lists.push(list);
    }
    let spread = dice.pick(&[Spread::Whole, Spread::Whole, Spread::WithEmpty, Spread::Split(3)]);
    BlockSketch::Packed { kind, lists, spread }
}

fn draw_kernel(
    dice: &mut Dice,
    sketch: &Sketch,
    source: usize,
    target: usize,
    weights: &Weights,
) -> BlockSketch {
    let (input, output) = (sketch.populations[source].shape, sketch.populations[target].shape);
    let shared = (1..=3).filter(|n| input[0].is_multiple_of(*n) && output[0].is_multiple_of(*n));
    let shared: Vec<u32> = shared.collect();
    let shape = KernelShape {
        input,
        output,
        kernel: [dice.count(1, 3), dice.count(1, 3)],
        stride: [dice.count(1, 2), dice.count(1, 2)],
        padding: [dice.count(0, 2), dice.count(0, 2)],
        dilation: [dice.count(1, 2), dice.count(1, 2)],
        groups: dice.pick(&shared),
    };
    let count = output[0] * shape.group_inputs() * shape.kernel[0] * shape.kernel[1];
    let weights = (0..count).map(|_| weights.draw(dice)).collect();
    let longest = dice.pick(&[0, 0, 3]);
    BlockSketch::Kernel { shape, weights, delay: draw_delay(dice, longest) }
}
