//! Hand-written kernels against the interpreter: a million compartments of each program that has
//! one.

use quarrion_isa::neuron::{
    Idling, Kernels, LaneInputs, LaneOptions, LaneOutcome, LaneRandom, LaneScratch, LaneState,
    NeuronProgram, Range, Scope, library, step_lane,
};

/// Programs that are meant to have a kernel.
const COVERED: [&str; 4] = ["cuba_lif", "cuba_lif_lava", "if_zero", "if_subtract"];

/// Compartments of each program.
const COMPARTMENTS: usize = 1_000_000;

/// Compartments of a group; no multiple of a block.
const LANE: usize = 1_000;

/// The least magnitude of a 24-bit word at a bound, or at the edge of a wrap.
const BOUND: i32 = (1 << 23) - 1;

/// A quick source of test values.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    /// Both ends with their neighbours, neighbours of powers of two, zero, and anything.
    fn value(&mut self, range: Range) -> i32 {
        let roll = self.roll();
        let near = (roll >> 8 & 3) as i64 - 1;
        let span = range.high.abs_diff(range.low) + 1;
        let any = range.low + ((roll >> 16) % span) as i64;
        let power = 1_i64 << (roll >> 10 & 31);
        let value = match roll & 7 {
            0 => range.low + near.abs(),
            1 => range.high - near.abs(),
            2 => 0,
            3 => power + near,
            4 => near - power,
            5 => any >> (roll >> 10 & 31),
            _ => any,
        };
        i32::try_from(value.clamp(range.low, range.high)).expect("declared ranges fit 32 bits")
    }

    fn column(&mut self, range: Range) -> Vec<i32> {
        (0..LANE).map(|_| self.value(range)).collect()
    }
}

/// What the cases of one program touched: a silent case proves nothing.
#[derive(Debug, Default)]
struct Reached {
    spikes: usize,
    low: usize,
    high: usize,
    zero: usize,
}

/// What two steps of a lane left.
#[derive(PartialEq)]
struct Left {
    /// State after the first step, and after the second.
    words: [Vec<i32>; 2],
    spiked: Vec<(u32, i32)>,
    outcome: LaneOutcome,
}

/// Two steps of a lane in one way.
fn two_steps(
    program: &NeuronProgram,
    kernels: Kernels,
    words: &[i32],
    (inputs, group, compartment): (&[Vec<i32>; 2], &[i32], &[i32]),
) -> Left {
    let mut state = LaneState::new(program, LANE);
    state.words_mut().copy_from_slice(words);
    let (mut scratch, mut outcome) = (LaneScratch::default(), LaneOutcome::default());
    let (mut spiked, mut between) = (Vec::new(), Vec::new());
    for input in inputs {
        between = state.words().to_vec();
        let lane = LaneInputs {
            inputs: &[input],
            group,
            compartment,
            first_position: 3,
            options: LaneOptions { kernels, idle: Idling::Skip },
        };
        let mut random = LaneRandom::Recorded(&mut |_, _| 0);
        step_lane(program, &mut state, &lane, &mut random, &mut scratch, &mut spiked, &mut outcome);
    }
    Left { words: [between, state.words().to_vec()], spiked, outcome }
}

#[test]
fn kernels_equal_the_interpreter_on_a_million_compartments() {
    for name in COVERED {
        let text = library::find(name).expect("shipped").text;
        let program = NeuronProgram::parse(text, name).expect("shipped");
        assert!(program.has_kernel(), "{name} has no kernel");
        let mut dice = Dice(name.len() as u64);
        let mut reached = Reached::default();
        for group in 0..COMPARTMENTS / LANE {
            let words: Vec<i32> =
                program.state().iter().flat_map(|word| dice.column(word.width.range())).collect();
            let range = program.inputs()[0].width.range();
            let inputs = [dice.column(range), dice.column(range)];
            let of = |scope| program.parameters().iter().filter(move |p| p.scope == scope);
            let shared: Vec<i32> = of(Scope::Group).map(|decl| dice.value(decl.range)).collect();
            let own: Vec<i32> =
                of(Scope::Compartment).flat_map(|decl| dice.column(decl.range)).collect();
            let run = |kernels| two_steps(&program, kernels, &words, (&inputs, &shared, &own));
            let (by_hand, expected) = (run(Kernels::HandWritten), run(Kernels::Interpreted));
            assert!(by_hand == expected, "{name}, group {group}, parameters {shared:?}");
            reached.spikes += expected.spiked.len();
            let count =
                |of: fn(i32) -> bool| expected.words[1].iter().filter(|word| of(**word)).count();
            reached.low += count(|word| word <= -BOUND);
            reached.high += count(|word| word >= BOUND);
            reached.zero += count(|word| word == 0);
        }
        println!("{name}: {reached:?}");
        let least = [reached.spikes, reached.low, reached.high, reached.zero];
        assert!(least.iter().all(|count| *count > 500), "{name}: {reached:?}");
    }
}

#[test]
fn a_kernel_is_chosen_by_what_a_program_says() {
    for shipped in library::SHIPPED {
        let program = NeuronProgram::parse(shipped.text, shipped.name).expect("shipped");
        assert_eq!(program.has_kernel(), COVERED.contains(&shipped.name), "{}", shipped.name);
    }
    let text = library::find("if_zero").expect("shipped").text;
    let changed = |from: &str, to: &str| {
        let changed = text.replace(from, to);
        assert_ne!(changed, text, "{from}");
        NeuronProgram::parse(&changed, "changed").expect("a program").has_kernel()
    };
    assert!(changed("program if_zero", "program mine"), "the name does not matter");
    assert!(changed("idle when a == 0 and bias == 0 and v >= vmin and v <= vth", ""));
    assert!(!changed("v > vth", "v >= vth + 1"), "written otherwise");
    assert!(!changed("v <= vth", "v < vth"), "idle at other times");
    assert!(!changed("v = 0\n", "v = 1\n"), "computes something else");
}
