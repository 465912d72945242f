//! Random networks with a random mapping.

use quarrion_isa::chip::Chip;
use quarrion_isa::delivery::{Delivery, DeliverySettings, Scaling, SynapseMode};
use quarrion_isa::id::CoreId;
use quarrion_isa::join::JoinOp;
use quarrion_isa::neuron::NeuronProgram;

use super::Flavour;
use super::dice::Dice;
use super::learning;
use super::neurons::{CHOICES, draw_choices, draw_parameters, draw_part};
use super::synapses::draw_projection;
use crate::assemble::{
    CoreSketch, JoinSketch, PieceSketch, PopulationSketch, Sketch, plain_inputs,
};

/// Draws a network on at most six cores.
pub(super) fn draw_sketch(dice: &mut Dice, chip: &Chip, flavour: Flavour) -> Sketch {
    let choices = draw_choices(dice, flavour);
    let inputs = 1 + usize::from(dice.chance(30));
    let mut drawing = Drawing {
        chip,
        flavour,
        choices,
        populations: (0..inputs).map(|n| draw_input(dice, n)).collect(),
    };
    for _ in 0..dice.count(1, 4) {
        let chosen = dice.below(drawing.choices.len());
        let shape = [dice.count(1, 3), dice.count(1, 3), dice.count(1, 4)];
        let crowded = flavour == Flavour::Crowded;
        let phase = if crowded || dice.chance(50) { 0 } else { dice.count(0, 4) };
        drawing.add_population(dice, chosen, (shape, phase));
    }
    let Drawing { choices, populations, .. } = drawing;
    let mut sketch = Sketch {
        learning: Vec::new(),
        name: "drawn".into(),
        neuron_programs: choices.iter().map(|&choice| CHOICES[choice].text.clone()).collect(),
        output: inputs + dice.below(populations.len() - inputs),
        cores: Vec::new(),
        populations,
        projections: Vec::new(),
    };
    sketch.cores = draw_cores(dice, chip, &sketch, inputs);
    for target in inputs..sketch.populations.len() {
        let program = &CHOICES[choices[sketch.populations[target].neuron_program.unwrap_or(0)]];
        let accumulators = program.program.inputs().len();
        if accumulators == 0 {
            continue;
        }
        for _ in 0..dice.count(1, 3) {
            let from_inputs = if flavour == Flavour::Crowded { 20 } else { 50 };
            let source = if dice.chance(from_inputs) {
                dice.below(inputs)
            } else {
                dice.below(sketch.populations.len())
            };
            let input = dice.below(accumulators) as u32;
            let mut projection = draw_projection(dice, chip, &sketch, (source, target, input));
            if flavour == Flavour::Crowded {
                projection.synapse = SynapseMode::Plain;
                projection.exponent = projection.exponent.clamp(-4, 0);
            }
            sketch.projections.push(projection);
        }
        learning::draw_rule_onto(dice, chip, &mut sketch, target);
    }
    sketch
}

/// Populations on their way.
struct Drawing<'a> {
    chip: &'a Chip,
    flavour: Flavour,
    /// Neuron programs of the case, by position in [`CHOICES`].
    choices: Vec<usize>,
    populations: Vec<PopulationSketch>,
}

impl Drawing<'_> {
    /// Adds a population that runs the case's program `chosen`, behind those that it joins;
    /// returns its position.
    fn add_population(
        &mut self,
        dice: &mut Dice,
        chosen: usize,
        (shape, phase): ([u32; 3], u32),
    ) -> usize {
        let program = &CHOICES[self.choices[chosen]].program;
        let join = program.joined().map(|_| self.draw_join(dice, (shape, phase)));
        let size = shape.iter().product();
        self.populations.push(PopulationSketch {
            name: format!("neurons{}", self.populations.len()),
            shape,
            phase,
            neuron_program: Some(chosen),
            parameters: draw_parameters(dice, (program, size), self.flavour),
            inputs: draw_inputs(dice, program, self.chip.core_types[0].weights.input_shift),
            join,
            axon_delays: draw_waits(dice, size, self.flavour),
        });
        self.populations.len() - 1
    }

    /// One to three populations to be joined; they start when who joins them does, or later.
    fn draw_join(&mut self, dice: &mut Dice, (shape, phase): ([u32; 3], u32)) -> JoinSketch {
        let op = dice.pick(&JoinOp::ALL);
        let count = if op == JoinOp::Pass { 1 } else { dice.count(1, 3) };
        let mut from = Vec::new();
        for _ in 0..count {
            let choice = draw_part(dice);
            let known = self.choices.iter().position(|known| *known == choice);
            let chosen = known.unwrap_or_else(|| {
                self.choices.push(choice);
                self.choices.len() - 1
            });
            let phase = if dice.chance(85) { phase } else { phase + 1 };
            from.push(self.add_population(dice, chosen, (shape, phase)));
        }
        JoinSketch { op, from }
    }
}

/// Steps that the spikes of a population wait, now and then.
fn draw_waits(dice: &mut Dice, size: u32, flavour: Flavour) -> Vec<u32> {
    if flavour == Flavour::Crowded || !dice.chance(20) {
        return Vec::new();
    }
    let longest = dice.count(1, 5);
    (0..size).map(|_| dice.count(0, longest)).collect()
}

fn draw_input(dice: &mut Dice, number: usize) -> PopulationSketch {
    PopulationSketch {
        name: format!("input{number}"),
        shape: [dice.count(1, 2), dice.count(1, 3), dice.count(1, 4)],
        phase: 0,
        neuron_program: None,
        parameters: Vec::new(),
        inputs: Vec::new(),
        join: None,
        axon_delays: Vec::new(),
    }
}

/// Accumulators: plain ones, or with another order of scaling, clipping and summing where that
/// still fits what the neuron program can read.
fn draw_inputs(
    dice: &mut Dice,
    program: &NeuronProgram,
    input_shift: u32,
) -> Vec<DeliverySettings> {
    let mut inputs = plain_inputs(program, input_shift);
    for (declared, plain) in program.inputs().iter().zip(&mut inputs) {
        let mut other = *plain;
        other.scaling = dice.pick(&[Scaling::EachDown, Scaling::EachNearest, Scaling::Sum]);
        if other.scaling == Scaling::Sum {
            other.exponent = dice.range(-4, 3) as i32;
            let bits = i64::from(plain.accumulator_bits) - i64::from(input_shift);
            other.accumulator_bits = (bits - i64::from(other.exponent)).clamp(2, 32) as u32;
        }
        if dice.chance(25) {
            other.contribution_bits = Some(dice.count(input_shift + 1, 24));
        }
        let readable = |delivery: Delivery| delivery.check_input(declared, "drawn").is_ok();
        if dice.chance(40) && Delivery::check(other).is_ok_and(readable) {
            *plain = other;
        }
    }
    inputs
}

/// Scatters the populations over cores; what is joined stays together, in order.
fn draw_cores(dice: &mut Dice, chip: &Chip, sketch: &Sketch, inputs: usize) -> Vec<CoreSketch> {
    let mut ids: Vec<u32> = (0..chip.cores.len() as u32).collect();
    dice.shuffle(&mut ids);
    ids.truncate(dice.count(1, 6) as usize);
    ids.sort_unstable();
    let mut cores: Vec<Vec<Vec<PieceSketch>>> = vec![Vec::new(); ids.len()];
    for root in (inputs..sketch.populations.len()).filter(|&at| sketch.root(at) == at) {
        // Who joins stands behind what it joins.
        let parts: Vec<usize> = (inputs..=root).filter(|&at| sketch.root(at) == root).collect();
        for (first, count) in draw_cuts(dice, sketch.populations[root].shape) {
            let at = dice.below(cores.len());
            let piece = |&population: &usize| PieceSketch {
                population,
                first,
                groups: draw_groups(dice, count),
            };
            cores[at].push(parts.iter().map(piece).collect());
        }
    }
    let mut made = Vec::new();
    for (id, mut families) in ids.into_iter().zip(cores) {
        dice.shuffle(&mut families);
        made.push(CoreSketch {
            core: CoreId(id),
            pieces: families.into_iter().flatten().collect(),
        });
    }
    made.retain(|core| !core.pieces.is_empty());
    made
}

/// Cuts a population into runs: whole, between channels, between rows, or anywhere.
fn draw_cuts(dice: &mut Dice, [channels, rows, columns]: [u32; 3]) -> Vec<(u32, u32)> {
    let size = channels * rows * columns;
    let (grain, percent) = match dice.below(5) {
        0 | 1 => (size, 0),
        2 => (rows * columns, 60),
        3 => (columns, 50),
        _ => (1, 15),
    };
    let mut cuts = vec![0];
    for at in (grain..size).step_by(grain as usize) {
        // A run of rows that crosses into another channel is no box.
        let must = grain == columns && at.is_multiple_of(rows * columns);
        if must || dice.chance(percent) {
            cuts.push(at);
        }
    }
    cuts.push(size);
    cuts.windows(2).map(|pair| (pair[0], pair[1] - pair[0])).collect()
}

/// Cuts a run into groups.
fn draw_groups(dice: &mut Dice, count: u32) -> Vec<u32> {
    let first = dice.count(1, count);
    if first == count || dice.chance(70) { vec![count] } else { vec![first, count - first] }
}
