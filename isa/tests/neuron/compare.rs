//! A lane and its compartments side by side.

use quarrion_isa::neuron::{
    Idling, Kernels, LaneInputs, LaneOptions, LaneOutcome, LaneRandom, LaneScratch, LaneState,
    NeuronProgram, Range, Scope, is_idle, split_parameters, step_compartment, step_lane,
};
use quarrion_isa::random::{Counter, Purpose, draw};

/// A small counter-based source of test values.
pub(crate) struct Dice {
    seed: u32,
    at: u32,
}

impl Dice {
    pub(crate) fn new(seed: u32) -> Self {
        Self { seed, at: 0 }
    }

    pub(crate) fn roll(&mut self) -> u32 {
        self.at += 1;
        draw(self.seed, Purpose::Stimulus, Counter { ordinal: self.at, ..Counter::default() })
    }

    /// A number below `sides`.
    pub(crate) fn below(&mut self, sides: u32) -> u32 {
        self.roll() % sides
    }

    /// Extremes, neighbours of zero and of powers of two, and the middle, all of them often.
    pub(crate) fn value(&mut self, range: Range) -> i32 {
        let span = range.high.abs_diff(range.low) + 1;
        let any = range.low + i64::try_from(u64::from(self.roll()) % span).expect("33 bits");
        let value = match self.below(10) {
            0 => range.low,
            1 => range.high,
            2 | 3 => 0,
            4 => i64::from(self.below(5)) - 2,
            5 => {
                let power = 1_i64 << self.below(32);
                let sign = if self.below(2) == 0 { 1 } else { -1 };
                sign * power + i64::from(self.below(3)) - 1
            }
            6 => any >> self.below(32),
            _ => any,
        };
        i32::try_from(value.clamp(range.low, range.high)).expect("declared ranges fit 32 bits")
    }
}

/// What the cases of one program touched: a silent case proves nothing.
#[derive(Default, Debug)]
pub(crate) struct Coverage {
    pub(crate) spikes: u64,
    pub(crate) active: u64,
    pub(crate) inactive: u64,
    pub(crate) idle: u64,
    /// Compartments that the lanes passed over.
    pub(crate) skipped: u64,
}

/// All ways to compute a lane.
pub(crate) const OPTIONS: [LaneOptions; 4] = [
    LaneOptions { kernels: Kernels::HandWritten, idle: Idling::Skip },
    LaneOptions { kernels: Kernels::HandWritten, idle: Idling::Update },
    LaneOptions { kernels: Kernels::Interpreted, idle: Idling::Skip },
    LaneOptions { kernels: Kernels::Interpreted, idle: Idling::Update },
];

/// One lane and what its last step did.
struct Lane {
    options: LaneOptions,
    state: LaneState,
    outcome: LaneOutcome,
    spiked: Vec<(u32, i32)>,
}

/// The same neurons one by one and as lanes, in every way.
pub(crate) struct Pair<'a> {
    program: &'a NeuronProgram,
    seed: u32,
    quiet: bool,
    /// Per compartment: all parameters in order.
    parameters: Vec<Vec<i32>>,
    states: Vec<Vec<i32>>,
    ordinals: Vec<u32>,
    lanes: Vec<Lane>,
    group: Vec<i32>,
    columns: Vec<i32>,
    scratch: LaneScratch,
}

/// First position of the lane in the spike list.
const FIRST: u32 = 7;

impl<'a> Pair<'a> {
    /// Random parameters and a random state; now and then a quiet one, where idling is common.
    pub(crate) fn new(program: &'a NeuronProgram, n: usize, dice: &mut Dice) -> Self {
        let quiet = dice.below(3) == 0;
        let shared: Vec<i32> =
            program.parameters().iter().map(|decl| dice.value(decl.range)).collect();
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
        let states: Vec<Vec<i32>> = (0..n)
            .map(|_| {
                let words = program.state().iter();
                words.map(|word| if quiet { 0 } else { dice.value(word.width.range()) }).collect()
            })
            .collect();
        let (group, own) = split_parameters(program, &shared);
        let columns = (0..own.len())
            .flat_map(|slot| {
                parameters.iter().map(move |values| split_parameters(program, values).1[slot])
            })
            .collect();
        let mut start = LaneState::new(program, n);
        for (c, words) in states.iter().enumerate() {
            for (w, word) in words.iter().enumerate() {
                start.words_mut()[w * n + c] = *word;
            }
        }
        let lane = |options| Lane {
            options,
            state: start.clone(),
            outcome: LaneOutcome::default(),
            spiked: Vec::new(),
        };
        Self {
            program,
            seed: dice.seed,
            quiet,
            parameters,
            states,
            ordinals: (0..n).map(|_| dice.roll()).collect(),
            lanes: OPTIONS.map(lane).into(),
            group,
            columns,
            scratch: LaneScratch::default(),
        }
    }

    /// One step of both on the same random inputs, compared.
    pub(crate) fn step(&mut self, step: u32, dice: &mut Dice, coverage: &mut Coverage) {
        let n = self.states.len();
        // A quiet lane is left alone at first, so that passing over has a chance.
        let silent = dice.below(3) == 0 || (self.quiet && step < 4);
        let inputs: Vec<Vec<i32>> = self
            .program
            .columns()
            .iter()
            .map(|input| {
                let range = input.width.range();
                (0..n).map(|_| if silent { 0 } else { dice.value(range) }).collect()
            })
            .collect();
        self.step_lanes(step, &inputs);
        let mut expected = Vec::new();
        let mut active_count = 0;
        for c in 0..n {
            let own: Vec<i32> = inputs.iter().map(|input| input[c]).collect();
            let (active, spike) = self.step_one(step, c, &own, coverage);
            active_count += u32::from(active);
            let place = u32::try_from(c).expect("small");
            expected.extend(spike.map(|payload| (FIRST + place, payload)));
        }
        let name = self.program.name();
        for Lane { options, outcome, spiked, .. } in &self.lanes {
            assert_eq!(spiked, &expected, "{name}, seed {} step {step}, {options:?}", self.seed);
            assert_eq!(outcome.active_count, active_count, "{name}, {options:?}");
            assert!(options.idle == Idling::Skip || outcome.skipped == 0, "{name}, {options:?}");
            coverage.skipped += u64::from(outcome.skipped);
        }
    }

    fn step_lanes(&mut self, step: u32, inputs: &[Vec<i32>]) {
        let columns: Vec<&[i32]> = inputs.iter().map(Vec::as_slice).collect();
        for lane in &mut self.lanes {
            let inputs = LaneInputs {
                inputs: &columns,
                group: &self.group,
                compartment: &self.columns,
                first_position: FIRST,
                options: lane.options,
            };
            let mut random =
                LaneRandom::Counter { seed: self.seed, step, sample: 3, ordinals: &self.ordinals };
            lane.spiked.clear();
            step_lane(
                self.program,
                &mut lane.state,
                &inputs,
                &mut random,
                &mut self.scratch,
                &mut lane.spiked,
                &mut lane.outcome,
            );
        }
    }

    /// One compartment: whether it was active, and its spike.
    fn step_one(
        &mut self,
        step: u32,
        c: usize,
        inputs: &[i32],
        coverage: &mut Coverage,
    ) -> (bool, Option<i32>) {
        let (program, parameters) = (self.program, &self.parameters[c]);
        let name = program.name();
        let before = self.states[c].clone();
        let idle = is_idle(program, &before, inputs, parameters);
        let (seed, ordinal) = (self.seed, self.ordinals[c]);
        let mut random =
            |call| draw(seed, Purpose::Neuron, Counter { ordinal, step, sample: 3, draw: call });
        let after = &mut self.states[c];
        let did = step_compartment(program, after, inputs, parameters, &mut random);
        if idle {
            assert_eq!(&before, after, "{name}: an idle compartment changed");
            let acted = did.active || did.spike.is_some() || did.output != 0;
            assert!(!acted, "{name}: an idle compartment acted");
        }
        coverage.idle += u64::from(idle);
        coverage.active += u64::from(did.active);
        coverage.inactive += u64::from(!did.active);
        coverage.spikes += u64::from(did.spike.is_some());
        let case = format!(
            "{name}, seed {seed}, step {step}, compartment {c}: {before:?} {inputs:?} {parameters:?}\n{}",
            program.text()
        );
        for Lane { options, outcome, .. } in &self.lanes {
            let bit = outcome.active[c / 64] >> (c % 64) & 1 == 1;
            assert_eq!(bit, did.active, "active, {options:?}: {case}");
            let output = outcome.output.get(c).copied().unwrap_or(0);
            assert_eq!(output, did.output, "output, {options:?}: {case}");
        }
        for (w, word) in after.iter().enumerate() {
            let decl = &program.state()[w];
            assert!(decl.width.range().contains(i64::from(*word)), "{}: {case}", decl.name);
            for Lane { options, state, .. } in &self.lanes {
                assert_eq!(state.word(w)[c], *word, "{}, {options:?}: {case}", decl.name);
            }
        }
        (did.active, did.spike)
    }
}
