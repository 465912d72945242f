//! Rules for delays and tags from the compiler on: memory, ring, verifier, and what they do.

use quarrion_compiler::compile::{CompileFailure, Compiled};
use quarrion_compiler::network::{
    Comparison, Firing, Network, NeuronKind, NeuronModel, ResetMode, Role,
};
use quarrion_compiler::verify::verify;
use quarrion_isa::chip::Chip;
use quarrion_isa::synapse::SynapseBlock;

use super::given::{RELAY, chip, dense, network, population, run_everywhere, sample, teach};

fn all_to_all(inputs: usize, outputs: usize) -> Network {
    let weights = vec![100; inputs * outputs];
    network(
        vec![population("in", inputs, None), population("out", outputs, Some(("cuba_lif", RELAY)))],
        vec![dense((0, inputs), (1, outputs), 0, &weights)],
    )
}

fn taught(network: &Network, chip: &Chip, rule: &str) -> Compiled {
    teach(network, chip, &[("in->out", rule)]).unwrap_or_else(|failure| panic!("{failure}"))
}

/// Every source spike makes the delay one longer, up to two: spikes of steps 0, 4, 8 and 12 are
/// read in steps 1, 4 + 2, 8 + 3 and 12 + 3. Room for every delay of the chip is kept.
#[test]
fn a_delay_grows_with_every_spike() {
    let chip = chip("loihi1", &["core_types.neuro.delay_max=2"]);
    let made = taught(&all_to_all(1, 1), &chip, "rule later\ndd = x0\n");
    let core = &made.program.cores[0];
    assert_eq!(core.ring_slots, 4);
    assert_eq!(core.blocks[0].synapses.format().delay_bits, 2);
    let spikes = [(0, 0), (4, 0), (8, 0), (12, 0)];
    let truth = run_everywhere(&made, &chip, vec![sample(16, &spikes, &[])]);
    let fired: Vec<u32> = truth.spikes.iter().map(|spike| spike.step).collect();
    assert_eq!(fired, [1, 6, 11, 15]);
    let learned = truth.learned.last().expect("timesteps");
    assert_eq!(learned[0].synapses[0].delay, 2);
    assert_eq!(truth.changes.saturated, 2, "the third and the fourth spike ask for more");
}

/// The tag stands in every synapse's word: 30 synapses of 8 bits take 10 + 240 bits, with a tag of
/// 9 bits 10 + 510.
#[test]
fn tags_take_synapse_memory() {
    let chip = chip("loihi1", &[]);
    let network = all_to_all(2, 30);
    let words = |rule: &str| {
        let made = taught(&network, &chip, rule);
        let core = &made.program.cores[0];
        let list = |axon| core.blocks[0].synapses.list_words(axon).expect("a list");
        assert_eq!(core.synapse_words(), u64::from(list(0) + list(1)));
        (list(0), made)
    };
    let tagged = "rule tagged\ntrace x1: u7, impulse 8\ntag t: s9\ndw = 2^-3*t*y0\ndt = x1*y0\n";
    let (plain, _) = words("rule plain\ntrace x1: u7, impulse 8\ndw = x1*y0\n");
    let (wide, made) = words(tagged);
    assert_eq!((plain, wide), (4, 9));

    // A tag that is not zero before any learning, or of another width, is found.
    let fails = |change: &dyn Fn(&mut quarrion_isa::synapse::PackedBlock)| {
        let mut program = made.program.clone();
        let SynapseBlock::Packed(packed) = &mut program.cores[0].blocks[0].synapses else {
            panic!("what learns is packed")
        };
        change(packed);
        verify(&program, &made.quantised, &chip).expect_err("it is damaged")[0].to_string()
    };
    let dirty = fails(&|packed| packed.words[0] |= 1 << 10);
    assert!(dirty.contains("synapse list 0 is corrupt"), "{dirty}");
    let narrow = fails(&|packed| packed.format.tag_bits = 8);
    assert_eq!(narrow, "core 0 block 0: its tags have 8 bits, its rule's 9");

    let truth = run_everywhere(&made, &chip, vec![sample(4, &[(0, 0), (2, 1)], &[])]);
    // Source 0 makes all targets fire in step 1, when x1 is 8; source 1 in step 3, when x1 of
    // source 0 is still 8 and the tag of 8 adds 1 to the weight.
    let learned = truth.learned.last().expect("timesteps");
    let of_first: Vec<_> = learned[0].synapses.iter().filter(|one| one.source == 0).collect();
    assert!(of_first.iter().all(|one| (one.weight, one.tag) == (101, 16)), "{of_first:?}");
}

/// What no chip can follow is told with the rule and the value.
#[test]
fn misfits_are_told() {
    let refused =
        |chip: &Chip, rule: &str| match teach(&all_to_all(1, 1), chip, &[("0 to 1 0", rule)]) {
            Err(CompileFailure::Diagnostics(found)) => found[0].to_string(),
            other => panic!("{other:?}"),
        };
    let still = chip("loihi1", &["core_types.neuro.delay_max=0"]);
    let found = refused(&still, "rule later\ndd = x0\n");
    let (first, _) = found.split_once('\n').expect("a place");
    assert_eq!(first, "rule `later` changes delays, but `neuro` stores none [QP060]");
}

/// Neurons of two compartments: the synapses end in the inner one, the outer one spikes, and the
/// traces follow it. They only grow, so that every pair takes what is worked out below.
#[test]
fn neurons_of_two_compartments_learn_by_their_spikes() {
    let chip = chip("loihi1", &[]);
    let mut network = network(
        vec![population("in", 1, None), population("out", 1, None)],
        vec![dense((0, 1), (1, 1), 0, &[100])],
    );
    network.projections[0].given = None;
    network.populations[1].is_output = true;
    network.populations[1].role = Role::Neurons(NeuronModel {
        kind: NeuronKind::If,
        current_decay: None,
        current_bias: vec![0.0],
        voltage_decay: vec![1.0],
        voltage_bias: vec![0.0],
        firing: Some(Firing {
            threshold: vec![90.0],
            comparison: Comparison::Greater,
            reset: ResetMode::Subtract,
        }),
    });
    let rule = "rule pair\ntrace x1: u7, impulse 8\ntrace y1: u7, impulse 1\n\
                dw = -x1*y0 - 2^1*y1*x0\n";
    let made = taught(&network, &chip, rule);
    assert_eq!(made.program.cores[0].compartments, 2);
    let start = |step: usize, truth: &quarrion_tests::engines::Truth| {
        truth.learned[step][0].synapses[0].weight
    };
    let truth = run_everywhere(&made, &chip, vec![sample(8, &[(0, 0), (4, 0)], &[])]);
    let fired: Vec<u32> = truth.spikes.iter().map(|spike| spike.step).collect();
    assert_eq!(fired, [1, 5]);
    let weights: Vec<i32> = (0..8).map(|step| start(step, &truth)).collect();
    let first = weights[0];
    // Step 1: x1 is 8. Step 4: y1 is 1, which takes 2. Step 5: x1 is 16.
    let gains: Vec<i32> = weights.iter().map(|weight| weight - first).collect();
    assert_eq!(gains, [0, -8, -8, -8, -10, -26, -26, -26]);
}
