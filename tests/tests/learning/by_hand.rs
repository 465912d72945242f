//! Learning worked out by hand, and what must not change it: mapping, engine, threads.

use quarrion_isa::chip::{Chip, SignMode, SynapseFormatKind};
use quarrion_isa::delivery::SynapseMode;
use quarrion_isa::event::EventKind;
use quarrion_isa::id::CoreId;
use quarrion_isa::learning::{LearnedProjection, LearningSettings, library};
use quarrion_isa::neuron::library as neurons;
use quarrion_isa::program::PlasticRule;
use quarrion_isa::stimulus::{Sample, Stimulus};
use quarrion_isa::synapse::Synapse;
use quarrion_tests::assemble::{
    BlockSketch, CoreSketch, ParameterSketch, PieceSketch, PopulationSketch, ProjectionSketch,
    Sketch, Spread, assemble, plain_inputs,
};
use quarrion_tests::bench::BENCH;
use quarrion_tests::engines::{Truth, WAYS, compare, parsed, run_fast, run_reference};

use super::given::sample;

/// The bench chip's widths; rules are given by hand here.
const WIDTHS: LearningSettings = LearningSettings {
    accumulator_bits: 16,
    weight_bits: 8,
    delay_bits: 6,
    mantissa_bits: 4,
    product_bits: None,
};

/// `inputs` all onto `outputs`, with `pieces` neurons of the outputs on each core.
fn sketch(rule: &str, inputs: u32, outputs: u32, pieces: &[u32]) -> Sketch {
    let text = neurons::find("cuba_lif_lava").expect("shipped").text.to_owned();
    let program = parsed(&text);
    let parameters = program.parameters().iter().map(|one| match one.name.as_str() {
        "vth" => ParameterSketch::Shared(80),
        "du" | "dv" => ParameterSketch::Shared(4095),
        _ => ParameterSketch::Shared(one.default.into()),
    });
    let list = |source: u32| {
        let weight = |target: u32| (30 + (source * 7 + target * 13) % 60) as i32;
        let synapse = |target| Synapse { target, delay: 0, weight: weight(target) };
        (0..outputs).map(synapse).collect::<Vec<_>>()
    };
    let population = |name: &str, size, neuron_program| PopulationSketch {
        name: name.into(),
        shape: [1, 1, size],
        phase: 0,
        neuron_program,
        parameters: Vec::new(),
        inputs: Vec::new(),
        join: None,
        axon_delays: Vec::new(),
    };
    let neurons = PopulationSketch {
        parameters: parameters.collect(),
        inputs: plain_inputs(&program, 6),
        ..population("neurons", outputs, Some(0))
    };
    let mut first = 0;
    let cores = pieces.iter().enumerate().map(|(core, &count)| {
        let piece = PieceSketch { population: 1, first, groups: vec![count] };
        first += count;
        CoreSketch { core: CoreId::from_index(core), pieces: vec![piece] }
    });
    Sketch {
        learning: vec![PlasticRule { text: rule.into(), settings: WIDTHS }],
        name: "learning".into(),
        neuron_programs: vec![text],
        populations: vec![population("inputs", inputs, None), neurons],
        projections: vec![ProjectionSketch {
            name: "inputs to neurons".into(),
            source: 0,
            target: 1,
            input: 0,
            exponent: 0,
            synapse: SynapseMode::Plain,
            weight_bits: 8,
            sign: SignMode::Excitatory,
            block: BlockSketch::Packed {
                kind: SynapseFormatKind::Sparse,
                lists: (0..inputs).map(list).collect(),
                spread: Spread::Whole,
            },
            learning: Some(0),
        }],
        cores: cores.collect(),
        output: 1,
    }
}

/// Runs on every engine, which must agree.
fn run(sketch: &Sketch, chip: &Chip, samples: Vec<Sample>, seed: u32) -> Truth {
    let program = assemble(sketch, chip);
    let stimulus = Stimulus { samples, labels: None };
    let truth = run_reference(&program, chip, &stimulus, seed).expect("it runs");
    for way in WAYS {
        let fast = run_fast(&program, chip, &stimulus, (seed, way)).expect("it runs");
        compare(&program, &truth, &fast).expect("engines agree");
    }
    truth
}

fn weights(learned: &[LearnedProjection]) -> Vec<i32> {
    learned.iter().flat_map(|one| &one.synapses).map(|synapse| synapse.weight).collect()
}

/// One source, one target, traces halved every step. The source's spike in step 0 makes the target
/// spike in step 1: x1 is 32, then 16, so the weight gains 16 / 4. The source's next spike, in step
/// 3, finds y1 at 8 and takes 8 / 4.
#[test]
fn pairwise_stdp_by_hand() {
    let rule = "rule half\ntrace x1: u7, impulse 32, decay 2048\n\
                trace y1: u7, impulse 32, decay 2048\ndw = 2^-2*x1*y0 - 2^-2*y1*x0\n";
    let mut sketch = sketch(rule, 1, 1, &[1]);
    let BlockSketch::Packed { lists, .. } = &mut sketch.projections[0].block else {
        panic!("packed lists")
    };
    lists[0][0].weight = 100;
    let truth = run(&sketch, &BENCH.chip, vec![sample(4, &[(0, 0), (3, 0)], &[])], 0);
    let by_step: Vec<i32> = truth.learned.iter().flat_map(|step| weights(step)).collect();
    assert_eq!(by_step, [100, 104, 104, 102]);
    assert_eq!(truth.traces, [[32, 16, 8, 36], [0, 32, 16, 8]]);
    let total = &truth.outcome.counts.total;
    // One synapse, one trace on each side, four epochs: visited whether anything changes or not.
    assert_eq!(total.get(EventKind::SynapticUpdate), 4);
    assert_eq!(total.get(EventKind::TraceUpdate), 8);
}

/// The tag gains 8 from the pair of spikes; the host's reward, 16 from step 4 on, turns it into
/// 16 x 8 / 2^6 = 2 a step, in every step until the sample ends; a value written later takes over.
#[test]
fn a_reward_turns_eligibility_into_weight() {
    let rule = "rule reward\ntrace x1: u7, impulse 32, decay 2048\ntag t: s9\n\
                reward r: s8 from host\ndw = 2^-6*r*t\ndt = 2^-1*x1*y0\n";
    let mut sketch = sketch(rule, 1, 1, &[1]);
    let BlockSketch::Packed { lists, .. } = &mut sketch.projections[0].block else {
        panic!("packed lists")
    };
    lists[0][0].weight = 100;
    let once = sample(7, &[(0, 0)], &[(4, 16), (6, -8)]);
    let truth = run(&sketch, &BENCH.chip, vec![once], 0);
    let by_step: Vec<i32> = truth.learned.iter().flat_map(|step| weights(step)).collect();
    assert_eq!(by_step, [100, 100, 100, 100, 102, 104, 103]);
    let tags = truth.learned.iter().map(|step| step[0].synapses[0].tag);
    assert_eq!(tags.collect::<Vec<_>>(), [0, 8, 8, 8, 8, 8, 8]);
    assert_eq!(truth.outcome.counts.total.get(EventKind::ParameterWrite), 2);
}

fn lively(samples: u32) -> Vec<Sample> {
    let spikes = |number: u32| -> Vec<(u32, u32)> {
        let all = (0..40).flat_map(|step| (0..6).map(move |neuron| (step, neuron)));
        all.filter(|(step, neuron)| (step * 5 + neuron * 3 + number) % 7 < 2).collect()
    };
    (0..samples).map(|number| sample(40, &spikes(number), &[(0, 20)])).collect()
}

/// Every shipped rule but PES, whose target needs an error: spread over other cores, the same
/// weights; of another seed, others.
#[test]
fn mapping_changes_no_weight_and_the_seed_does() {
    for shipped in library::SHIPPED.iter().filter(|shipped| shipped.name != "pes") {
        let learn = |pieces: &[u32], seed| {
            let truth = run(&sketch(shipped.text, 6, 8, pieces), &BENCH.chip, lively(2), seed);
            assert!(truth.changes.rounded > 0, "{}", shipped.name);
            weights(truth.learned.last().expect("timesteps"))
        };
        let whole = learn(&[8], 1);
        assert_eq!(whole.len(), 48);
        assert_eq!(whole, learn(&[3, 1, 4], 1), "{}", shipped.name);
        assert_ne!(whole, learn(&[8], 2), "{}", shipped.name);
    }
}

/// Weights last over samples, traces do not: a sample repeated begins where the one before ended.
#[test]
fn weights_last_over_samples_and_traces_do_not() {
    let rule = "rule up\ntrace x1: u7, impulse 32\ndw = 2^-3*x1*y0 + x0\n";
    let sketch = sketch(rule, 6, 8, &[5, 3]);
    let truth = run(&sketch, &BENCH.chip, lively(2), 1);
    let steps = truth.learned.len() / 2;
    let at = |step: usize| weights(&truth.learned[step]);
    assert_ne!(at(0), at(steps - 1), "the first sample teaches");
    let (before, after) = (at(steps - 1), at(steps));
    let step_gain = before.iter().zip(&after).map(|(before, after)| after - before).max();
    assert!(step_gain.is_some_and(|gain| gain <= 6), "{step_gain:?}: one step's, not a reset's");
    assert!(truth.traces[0][..6].iter().all(|&trace| trace <= 32));
    assert!(truth.traces[0][6 * steps..6 * steps + 6].iter().all(|&trace| trace <= 32));
}
