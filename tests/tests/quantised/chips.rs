//! Several chips on a board: ways to another chip take more axon-out entries where a chip says so.

use proptest::strategy::{Strategy, ValueTree};
use quarrion_compiler::compile::{CompileFailure, CompileOptions, Compiled, compile};
use quarrion_compiler::infeasible::{DoesNotFit, Resource};
use quarrion_compiler::layout::Mapping;
use quarrion_compiler::planner::{Objective, PlannerOptions};
use quarrion_compiler::verify::{count_core, verify};
use quarrion_isa::chip::Chip;

use super::random::{Dice, networks, stimulus};
use super::shared::{assert_same_rasters, chip, example_network};

/// Two chips of two small cores each; a way from one to the other takes so many entries.
fn board(axons_out: u32, entries: u32) -> Chip {
    let axons_out = format!("core_types.neuro.axons_out={axons_out}");
    let entries = format!("core_types.neuro.axon_out_other_chip_entries={entries}");
    let small = ["mesh.width=1", "mesh.height=1", "mesh.cores_per_tile=2"];
    let sets = [&small[..], &["core_types.neuro.compartments=50", &axons_out, &entries]].concat();
    chip("kapoho-bay", &sets)
}

fn mapped(chip: &Chip, mapping: Option<Mapping>) -> Result<Compiled, Box<DoesNotFit>> {
    let planner = PlannerOptions { objective: Objective::Cores, ..PlannerOptions::default() };
    let options = CompileOptions { mapping, planner, ..CompileOptions::default() };
    match compile(&example_network("digits"), chip, &options) {
        Ok(made) => Ok(made),
        Err(CompileFailure::DoesNotFit(short)) => Err(short),
        Err(failure) => panic!("{failure}"),
    }
}

/// Axon-out entries of every core as the report has them, which the verifier counts alike.
fn entries(made: &Compiled, chip: &Chip) -> Vec<u64> {
    let cores = made.program.cores.iter().zip(&made.utilisation.cores);
    let entries = cores.map(|(core, used)| {
        let counts = count_core(core, &made.quantised, chip);
        let counted = counts.iter().find(|count| count.0 == Resource::AxonsOut).expect("counted");
        let reported = used.of(Resource::AxonsOut).expect("reported");
        assert_eq!((reported.used, Some(reported.available)), (counted.1, counted.2));
        counted.1
    });
    entries.collect()
}

/// A mapping that holds where ways cost one entry each is refused where those to another chip cost
/// two, by planner and verifier alike, and another is found, which fires alike.
#[test]
fn ways_to_another_chip_take_the_entries_that_the_chip_says() {
    let (plain, dear) = (board(60, 1), board(60, 2));
    let before = mapped(&plain, None).expect("fits");
    assert_eq!(entries(&before, &plain), [48, 48, 0]);
    let after = mapped(&dear, None).expect("fits");
    let layer = &after.utilisation.layers[0];
    assert!(layer.axons_out_other_chip > 0);
    assert_eq!(layer.axons_out, 96 + layer.axons_out_other_chip / 2);
    assert_eq!(entries(&after, &dear).iter().sum::<u64>(), layer.axons_out);
    let samples = [stimulus(64, 12, &mut Dice(1))];
    let spikes = assert_same_rasters(&after, &dear, &samples);
    assert!(spikes > 20, "{spikes}");

    let short = mapped(&dear, Some(before.mapping)).expect_err("too many entries");
    assert_eq!((short.resource, short.total(), short.bound), (Resource::AxonsOut, 96, 60));
    assert_eq!(short.demand[1].amount, 48);
    assert!(short.demand[1].name.ends_with("its ways to other chips once more"), "{short}");
    let violations = verify(&before.program, &before.quantised, &dear).expect_err("refused");
    assert_eq!(violations[0].what, "axon-out entries: 96 of 60");
}

/// With too few axons for ways to the other chip, and no core left, that is what is said.
#[test]
fn a_board_too_small_for_ways_between_its_chips_says_so() {
    assert_eq!(entries(&mapped(&board(28, 1), None).expect("fits"), &board(28, 1)), [24; 4]);
    let short = mapped(&board(28, 2), None).expect_err("too small");
    assert_eq!((short.resource, short.bound), (Resource::AxonsOut, 28));
    assert!(short.to_string().contains("its ways to other chips once more"), "{short}");
}

/// Neurons with more ways to other chips than a core has room for are copied, and fire alike.
#[test]
fn copies_share_what_ways_to_other_chips_take() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut copied, mut left, mut spikes) = (0, 0, 0);
    for case in 0..8 {
        let network = networks().new_tree(&mut runner).expect("a network").current();
        let axons = format!("core_types.neuro.axons_out={}", 5 + case % 4);
        let entries_each = format!("core_types.neuro.axon_out_other_chip_entries={}", 2 + case % 2);
        let small = ["mesh.width=2", "mesh.height=2", "core_types.neuro.compartments=12"];
        let sets = [&small[..], &["mesh.chips_x=4", "mesh.chips_y=3", &axons, &entries_each]];
        let board = chip("kapoho-bay", &sets.concat());
        let Ok(made) = compile(&network, &board, &CompileOptions::default()) else { continue };
        entries(&made, &board);
        let layers = &made.utilisation.layers;
        copied += usize::from(layers.iter().any(|layer| layer.copies > 0));
        left += layers.iter().map(|layer| layer.axons_out_other_chip).sum::<u64>();
        let inputs = network.populations[0].len() as u32;
        spikes += assert_same_rasters(&made, &board, &[stimulus(inputs, 6, &mut Dice(case))]);
    }
    println!("{copied} networks with copies, {left} entries to other chips, {spikes} spikes");
    assert!(copied >= 1 && left > 100 && spikes > 100);
}
