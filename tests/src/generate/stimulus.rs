//! Random stimuli.

use quarrion_isa::id::PopulationId;
use quarrion_isa::neuron::Scope;
use quarrion_isa::program::{Program, Role};
use quarrion_isa::stimulus::{InputSpike, ParameterWrite, Sample, Stimulus};

use super::dice::Dice;
use super::learning;
use super::neurons::draw_value;
use crate::engines::parsed;

/// Draws a few samples.
pub(super) fn draw_stimulus(dice: &mut Dice, program: &Program) -> Stimulus {
    let graded = dice.chance(15);
    let writes = dice.chance(25);
    let samples = (0..dice.count(1, 4)).map(|_| {
        let steps = if dice.chance(2) { 0 } else { dice.count(1, 9) };
        let percent = dice.pick(&[3, 30, 80]);
        let mut spikes = Vec::new();
        for step in 0..steps {
            for neuron in 0..program.input_size() {
                if dice.chance(percent) {
                    let payload = if graded { dice.range(-50, 50) as i32 } else { 1 };
                    spikes.push(InputSpike { step, neuron, payload });
                }
            }
        }
        let writes = if writes { draw_writes(dice, program) } else { Vec::new() };
        let rewards = if program.learning.is_empty() {
            Vec::new()
        } else {
            learning::draw_rewards(dice, steps)
        };
        Sample { steps, spikes, writes, rewards }
    });
    Stimulus { samples: samples.collect(), labels: None }
}

/// Draws writes to compartment parameters.
fn draw_writes(dice: &mut Dice, program: &Program) -> Vec<ParameterWrite> {
    let mut writes = Vec::new();
    for (index, population) in program.populations.iter().enumerate() {
        if population.role == Role::Input {
            continue;
        }
        let id = PopulationId::from_index(index);
        let mut groups = program.cores.iter().flat_map(|core| &core.groups);
        let group = groups.find(|group| group.population == id).expect("populations are placed");
        let text = &program.neuron_programs[group.neuron_program as usize];
        for (parameter, declared) in (0..).zip(parsed(text).parameters()) {
            for _ in 0..dice.count(0, 4) {
                if declared.scope == Scope::Compartment {
                    let neuron = dice.below(population.size as usize) as u32;
                    let value = draw_value(dice, declared);
                    writes.push(ParameterWrite { population: id, neuron, parameter, value });
                }
            }
        }
    }
    writes
}
