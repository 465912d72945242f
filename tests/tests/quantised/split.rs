//! Neurons with more ways than a core has axons: computed by several compartments, and the same.

use quarrion_compiler::compile::{CompileFailure, CompileOptions, Compiled, Taught, compile};
use quarrion_compiler::infeasible::Resource;
use quarrion_compiler::layout::Mapping;
use quarrion_compiler::mapping_file::{Unknown, parse_mapping, write_mapping};
use quarrion_compiler::network::Network;
use quarrion_compiler::verify::verify;
use quarrion_isa::chip::Chip;
use quarrion_isa::learning::{LearnedProjection, LearningRule, library};
use quarrion_isa::program::Occurrence;
use quarrion_isa::stimulus::{Sample, Stimulus};

use super::random::{Dice, networks, stimulus, subtracting};
use super::shared::{assert_same_rasters, chip, compiled, example_network};

const STEPS: u32 = 10;

/// Compartments that compute once more what others do.
fn copies(made: &Compiled) -> u64 {
    made.utilisation.layers.iter().map(|layer| layer.copies).sum()
}

/// Many cores of a few neurons with a few axons.
fn tiny(compartments: u64, axons_out: u64, fan_out: u64) -> Chip {
    let set = |field: &str, value: u64| format!("core_types.neuro.{field}={value}");
    let compartments = set("compartments", compartments);
    let (axons, fan) = (set("axons_out", axons_out), set("fan_out", fan_out));
    chip("loihi1", &[&compartments, &axons, &fan, "mesh.width=9", "mesh.height=8"])
}

fn network_and_sample(
    runner: &mut proptest::test_runner::TestRunner,
    case: u64,
) -> (Network, Sample) {
    use proptest::strategy::{Strategy, ValueTree};
    let network = networks().new_tree(runner).expect("a network").current();
    let sample = stimulus(network.populations[0].len() as u32, STEPS, &mut Dice(case));
    (network, sample)
}

/// Random networks on cores with hardly any axons fire as on a chip that has plenty, on both
/// engines; the mapping with its copies can be written, read and used.
#[test]
fn split_networks_fire_as_whole_ones() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut split, mut copied, mut spikes, mut nested, mut refused) = (0, 0, 0, 0, 0);
    for case in 0..40 {
        let (network, sample) = network_and_sample(&mut runner, case);
        let network = if case % 4 == 3 { subtracting(network) } else { network };
        let large = compiled(&network, &chip("loihi1", &[]));
        // In turn for want of axons of a core, and of axons of a compartment.
        let small = if case % 2 == 0 {
            tiny(30, 4 + case % 11, 4 + case % 11)
        } else {
            tiny(9, 4096, 2 + case % 5)
        };
        let made = match compile(&network, &small, &CompileOptions::default()) {
            Ok(made) => made,
            Err(CompileFailure::DoesNotFit(short)) => {
                // Loops whose copies would ask for copies without end.
                let without_end = [Resource::AxonsOut, Resource::FanOut, Resource::Cores];
                assert!(without_end.contains(&short.resource), "{short}");
                refused += 1;
                continue;
            }
            Err(other) => panic!("{other}"),
        };
        assert!(made.quantised == large.quantised, "only the places differ");
        spikes += assert_same_rasters(&made, &small, std::slice::from_ref(&sample));
        let here = copies(&made);
        let noted = made.notes.iter().any(|note| note.code == "QM043");
        assert_eq!(noted, here > 0, "copies are never silent");
        split += usize::from(here > 0);
        copied += here;
        nested += usize::from(here > 0 && case % 4 == 3);
        let names: Vec<String> =
            made.program.populations.iter().map(|population| population.name.clone()).collect();
        let text = write_mapping(&made.mapping, "random", "loihi1", &names);
        let read = parse_mapping(&text, "map.ron", &names, Unknown::Refuse).expect("a mapping");
        let again = with(&network, &small, read.mapping).expect("a mapping that fits");
        assert!(again.program == made.program, "case {case}: read back otherwise");
    }
    println!("{split} of 40 split, {nested} in compartments, {copied} copies, {refused} refused");
    assert!(split >= 8 && copied > 500 && spikes > 5_000 && nested >= 2);
}

fn with(network: &Network, chip: &Chip, mapping: Mapping) -> Result<Compiled, CompileFailure> {
    let options = CompileOptions { mapping: Some(mapping), ..CompileOptions::default() };
    compile(network, chip, &options)
}

/// The verifier knows copies: one that a source does not reach, or reaches twice, and one that is
/// read like the neuron itself, are found.
#[test]
fn copies_without_their_synapses_are_found() {
    let network = example_network("digits");
    let chip = tiny(3, 3, 3);
    let made = compiled(&network, &chip);
    assert!(copies(&made) > 0);
    assert_eq!(verify(&made.program, &made.quantised, &chip), Ok(()));
    let mut found = 0;
    for core in 0..made.program.cores.len() {
        for group in 0..made.program.cores[core].groups.len() {
            if made.program.cores[core].groups[group].occurrence == Occurrence::Copy {
                let mut wrong = made.program.clone();
                wrong.cores[core].groups[group].occurrence = Occurrence::First;
                verify(&wrong, &made.quantised, &chip).expect_err("a copy that is read");
                // What the copy sends is sent by nobody.
                let mut wrong = made.program.clone();
                let table = &mut wrong.cores[core].axons_out;
                table.entries.clear();
                table.offsets.fill(0);
                verify(&wrong, &made.quantised, &chip).expect_err("ways that nobody takes");
                found += 1;
            }
        }
    }
    assert!(found > 3);
    // What a copy sends as well as the neuron arrives twice.
    let mut wrong = made.program.clone();
    let row = wrong.inputs.row(0).to_vec();
    wrong.inputs.entries.splice(0..0, row.iter().copied().take(1));
    wrong.inputs.offsets.iter_mut().skip(1).for_each(|offset| *offset += 1);
    verify(&wrong, &made.quantised, &chip).expect_err("a synapse twice");
}

/// Copies learn what the neuron learns, with the same draws, and count once in what is learned.
#[test]
fn copies_learn_alike() {
    let network = example_network("digits");
    let rule = library::find("pairwise-stdp").expect("shipped").text;
    let rule = LearningRule::parse(rule, "rule").expect("a rule");
    let learning = vec![Taught { projection: "input->lif1".into(), rule }];
    let options = CompileOptions { learning, ..CompileOptions::default() };
    let samples: Vec<Sample> = (0..2).map(|case| stimulus(64, 20, &mut Dice(case))).collect();
    let learned = |chip: &Chip, split: bool| {
        let made = compile(&network, chip, &options).unwrap_or_else(|failure| panic!("{failure}"));
        assert_eq!(copies(&made) > 0, split);
        let (fast, reference) = run_both(&made, chip, &samples);
        assert_eq!(fast, reference);
        fast
    };
    let whole = learned(&chip("loihi1", &[]), false);
    assert_eq!(learned(&tiny(3, 3, 3), true), whole);
    assert!(!whole.is_empty());
}

/// What either engine learns: fast, reference.
fn run_both(
    made: &Compiled,
    chip: &Chip,
    samples: &[Sample],
) -> (Vec<LearnedProjection>, Vec<LearnedProjection>) {
    use quarrion_emulator::time::{Following, Timing};
    use quarrion_emulator::{Recording, RunOptions};
    let stimulus = Stimulus { samples: samples.to_vec(), labels: None };
    let options = RunOptions {
        threads: 2,
        seed: 3,
        recording: Recording::Ledger,
        timing: Timing::Count,
        following: Following::default(),
        probes: Vec::new(),
        lanes: quarrion_isa::neuron::LaneOptions::default(),
        record: None,
    };
    let go_on = |_| std::ops::ControlFlow::Continue(());
    let fast = quarrion_emulator::run(&made.program, chip, &stimulus, &options, &go_on);
    let fast = fast.unwrap_or_else(|error| panic!("{error}")).learned;
    let mut last = Vec::new();
    let observe = &mut |reference: &quarrion_reference::Reference<'_>| last = reference.learned();
    quarrion_reference::run(&made.program, chip, &stimulus, (3, None), observe)
        .unwrap_or_else(|error| panic!("{error}"));
    (fast, last)
}
