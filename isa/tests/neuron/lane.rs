//! The lane interpreter against the reference interpreter, on every shipped program.

use quarrion_isa::neuron::{
    LaneInputs, LaneOutcome, LaneRandom, LaneScratch, LaneState, NeuronProgram, Range, Scope,
    is_idle, library, split_parameters, step_compartment, step_lane,
};
use quarrion_isa::random::{Counter, Purpose, draw};

/// A small counter-based source of test values.
struct Dice {
    seed: u32,
    at: u32,
}

impl Dice {
    fn roll(&mut self) -> u32 {
        self.at += 1;
        draw(self.seed, Purpose::Stimulus, Counter { ordinal: self.at, ..Counter::default() })
    }

    /// Extremes, neighbours of zero and of powers of two, and the middle, all of them often.
    fn value(&mut self, range: Range) -> i32 {
        let span = (range.high - range.low) as u64 + 1;
        let any = range.low + (u64::from(self.roll()) % span) as i64;
        let value = match self.roll() % 10 {
            0 => range.low,
            1 => range.high,
            2 | 3 => 0,
            4 => i64::from(self.roll() % 5) - 2,
            5 => {
                let power = 1_i64 << (self.roll() % 32);
                let sign = if self.roll() % 2 == 0 { 1 } else { -1 };
                sign * power + i64::from(self.roll() % 3) - 1
            }
            6 => any >> (self.roll() % 32),
            _ => any,
        };
        value.clamp(range.low, range.high) as i32
    }
}

/// What the cases of one program touched: a silent case proves nothing.
#[derive(Default, Debug)]
struct Coverage {
    spikes: u64,
    active: u64,
    inactive: u64,
    idle: u64,
}

/// Runs a lane and its compartments side by side for some steps.
fn compare(program: &NeuronProgram, seed: u32, compartments: usize, coverage: &mut Coverage) {
    let mut dice = Dice { seed, at: 0 };
    let n = compartments;
    let mut lane_state = LaneState::new(program, n);
    // Per compartment: all parameters; the group's are shared.
    let shared: Vec<i32> =
        program.parameters().iter().map(|parameter| dice.value(parameter.range)).collect();
    let quiet = dice.roll() % 3 == 0;
    let parameters: Vec<Vec<i32>> = (0..n)
        .map(|_| {
            let own = program.parameters().iter().zip(&shared);
            own.map(|(decl, shared)| match decl.scope {
                Scope::Group => *shared,
                Scope::Compartment if quiet && decl.range.contains(0) => 0,
                Scope::Compartment => dice.value(decl.range),
            })
            .collect()
        })
        .collect();
    let (group, _) = split_parameters(program, &shared);
    let own: Vec<Vec<i32>> =
        parameters.iter().map(|values| split_parameters(program, values).1).collect();
    let slots = own.first().map_or(0, Vec::len);
    let columns: Vec<i32> =
        (0..slots).flat_map(|slot| own.iter().map(move |values| values[slot])).collect();
    let mut states: Vec<Vec<i32>> = (0..n)
        .map(|_| {
            let words = program.state().iter();
            words.map(|word| if quiet { 0 } else { dice.value(word.width.range()) }).collect()
        })
        .collect();
    for (c, words) in states.iter().enumerate() {
        for (w, word) in words.iter().enumerate() {
            lane_state.words_mut()[w * n + c] = *word;
        }
    }
    let ordinals: Vec<u32> = (0..n).map(|_| dice.roll()).collect();
    let mut scratch = LaneScratch::default();
    let mut outcome = LaneOutcome::default();
    for step in 0..12 {
        let silent = dice.roll() % 3 == 0;
        let inputs: Vec<Vec<i32>> = program
            .inputs()
            .iter()
            .map(|input| {
                let range = input.width.range();
                (0..n).map(|_| if silent { 0 } else { dice.value(range) }).collect()
            })
            .collect();
        let columns_of_inputs: Vec<&[i32]> = inputs.iter().map(Vec::as_slice).collect();
        let lane = LaneInputs {
            inputs: &columns_of_inputs,
            group: &group,
            compartment: &columns,
            first_position: 7,
        };
        let mut random = LaneRandom::Counter { seed, step, sample: 3, ordinals: &ordinals };
        let mut spiked = Vec::new();
        step_lane(
            program,
            &mut lane_state,
            &lane,
            &mut random,
            &mut scratch,
            &mut spiked,
            &mut outcome,
        );
        let mut expected = Vec::new();
        let mut active_count = 0;
        for c in 0..n {
            let own_inputs: Vec<i32> = inputs.iter().map(|input| input[c]).collect();
            let before = states[c].clone();
            let idle = is_idle(program, &before, &own_inputs, &parameters[c]);
            let ordinal = ordinals[c];
            let mut random = |call| {
                draw(seed, Purpose::Neuron, Counter { ordinal, step, sample: 3, draw: call })
            };
            let did =
                step_compartment(program, &mut states[c], &own_inputs, &parameters[c], &mut random);
            if idle {
                coverage.idle += 1;
                let name = program.name();
                assert_eq!(before, states[c], "{name}: an idle compartment changed");
                assert!(!did.active && did.spike.is_none(), "{name}: an idle compartment acted");
            }
            active_count += u32::from(did.active);
            coverage.active += u64::from(did.active);
            coverage.inactive += u64::from(!did.active);
            let bit = outcome.active[c / 64] >> (c % 64) & 1 == 1;
            assert_eq!(bit, did.active, "{}: active, seed {seed} step {step} {c}", program.name());
            for (w, word) in states[c].iter().enumerate() {
                assert!(program.state()[w].width.range().contains(i64::from(*word)));
                assert_eq!(
                    lane_state.word(w)[c],
                    *word,
                    "{}: word {w}, seed {seed}, step {step}, compartment {c}: {before:?} \
                     {own_inputs:?} {:?}",
                    program.name(),
                    parameters[c]
                );
            }
            if let Some(payload) = did.spike {
                coverage.spikes += 1;
                expected.push((7 + c as u32, payload));
            }
        }
        assert_eq!(spiked, expected, "{}: spikes, seed {seed}, step {step}", program.name());
        assert_eq!(outcome.active_count, active_count);
    }
}

#[test]
fn lane_equals_compartment_on_every_shipped_program() {
    assert!(!library::SHIPPED.is_empty());
    for shipped in library::SHIPPED {
        let program = NeuronProgram::parse(shipped.text, shipped.name)
            .unwrap_or_else(|errors| panic!("{}: {errors:#?}", shipped.name));
        let mut coverage = Coverage::default();
        for seed in 0..60 {
            let lengths = [1, 63, 64, 65, 127, 128, 129, 300];
            compare(&program, seed, lengths[seed as usize % lengths.len()], &mut coverage);
        }
        println!("{}: {coverage:?}", shipped.name);
        assert!(coverage.spikes > 100, "{}: {coverage:?}", shipped.name);
        assert!(coverage.active > 1000, "{}: {coverage:?}", shipped.name);
        if program.has_idle() {
            assert!(coverage.idle > 100, "{}: {coverage:?}", shipped.name);
        }
    }
}

#[test]
fn shipped_texts_parse_without_warnings_and_print_stably() {
    for shipped in library::SHIPPED {
        let program = NeuronProgram::parse(shipped.text, shipped.name).expect(shipped.name);
        assert_eq!(program.name(), shipped.name);
        assert_eq!(program.warnings(), [], "{}", shipped.name);
        let again = NeuronProgram::parse(program.text(), "print").expect("the print parses");
        assert_eq!(again.text(), program.text());
        assert_eq!(again.instruction_count(), program.instruction_count());
        println!(
            "{} {:?} {:?}",
            shipped.name,
            program.instruction_count(),
            program.idle_evidence()
        );
    }
}
