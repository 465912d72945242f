//! Axonal delays: carried by the source's axon or by the synapses that it reaches, the same spikes.

use proptest::strategy::{Strategy, ValueTree};
use quarrion_compiler::compile::{CompileFailure, CompileOptions, compile};
use quarrion_compiler::infeasible::Resource;
use quarrion_compiler::network::{Network, Role};
use quarrion_compiler::verify::{count_core, verify};
use quarrion_isa::event::EventKind;
use quarrion_isa::stimulus::Stimulus;
use quarrion_tests::engines::run_reference;

use super::random::{Dice, networks, stimulus};
use super::shared::{assert_same_rasters, chip, compiled, run_oracle};

/// Longest delay drawn.
const LONGEST: u64 = 6;

/// A random network whose neurons' spikes wait, each its own time.
fn waiting(runner: &mut proptest::test_runner::TestRunner, dice: &mut Dice) -> Network {
    let mut network = networks().new_tree(runner).expect("a network").current();
    for population in &mut network.populations {
        if population.role != Role::Input {
            let count = population.len();
            population.axon_delays = (0..count).map(|_| dice.below(LONGEST + 1) as u32).collect();
        }
    }
    network
}

/// On a chip that carries none, some or all of the steps in its axons, both engines fire as the
/// oracle does, and all chips alike.
#[test]
fn axon_or_synapse_makes_no_difference() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let ways = [0, 2, LONGEST]
        .map(|most| chip("loihi1", &[&format!("core_types.neuro.axon_delay_max={most}")]));
    let mut spikes = 0;
    for case in 0..12 {
        let mut dice = Dice(case);
        let network = waiting(&mut runner, &mut dice);
        let sample = stimulus(network.populations[0].len() as u32, 16, &mut dice);
        let samples = vec![sample; 2];
        let mut firings = Vec::new();
        for (chip, most) in ways.iter().zip([0, 2, LONGEST as u32]) {
            let made = compiled(&network, chip);
            spikes += assert_same_rasters(&made, chip, &samples);
            firings.push(run_oracle(&made, &samples).into_iter().map(|one| one.firings));
            let axons = made.program.cores.iter().flat_map(|core| &core.axon_delays);
            assert!(axons.max().copied().unwrap_or(0) <= most);
            let stored = made.quantised.projections.iter().flat_map(|one| &one.source_delays);
            assert!(stored.max().copied().unwrap_or(0) <= LONGEST as u32 - most);
        }
        let firings: Vec<Vec<_>> = firings.into_iter().map(Iterator::collect).collect();
        assert_eq!(firings[0], firings[1], "case {case}");
        assert_eq!(firings[0], firings[2], "case {case}");
    }
    assert!(spikes > 10_000, "{spikes}");
}

/// A packet costs what it costs, whenever it leaves: counts differ only by what the sample's end
/// cuts off. What waits takes state memory, a place a step.
#[test]
fn waiting_spikes_are_counted() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut dice = Dice(5);
    let mut network = waiting(&mut runner, &mut dice);
    network.populations.iter_mut().for_each(|one| one.axon_delays.clear());
    let plain = chip("loihi1", &["core_types.neuro.axon_delay_max=6"]);
    let before = compiled(&network, &plain);
    let last = network.populations.len() - 1;
    // The last layer's spikes go nowhere but, perhaps, to itself: the one before waits.
    let size = network.populations[last - 1].len();
    if network.populations[last - 1].role == Role::Input {
        network.populations[last].axon_delays = vec![3; network.populations[last].len()];
    } else {
        network.populations[last - 1].axon_delays = vec![3; size];
    }
    let made = compiled(&network, &plain);
    let state = |made: &quarrion_compiler::compile::Compiled| -> u64 {
        let cores = made.program.cores.iter();
        let counts = cores.flat_map(|core| count_core(core, &made.quantised, &plain));
        counts.filter(|(what, ..)| *what == Resource::StateBits).map(|(_, used, _)| used).sum()
    };
    let waiting: u64 = made.quantised.populations.iter().map(|p| p.axon_delays.len() as u64).sum();
    assert_eq!(state(&made), state(&before) + 3 * waiting);

    let inputs = network.populations[0].len() as u32;
    let stimulus = Stimulus { samples: vec![stimulus(inputs, 30, &mut dice)], labels: None };
    let truth = run_reference(&made.program, &plain, &stimulus, 0).expect("it runs");
    let total = &truth.outcome.counts.total;
    let left: u64 = truth.activity.iter().map(|record| record.destinations.len() as u64).sum();
    assert_eq!(total.get(EventKind::AxonOut), left - host_packets(&truth.activity));

    // What waits otherwise than the network says is found.
    for change in [0, 2, 7] {
        let mut program = made.program.clone();
        let core = program.cores.iter_mut().find(|core| !core.axon_delays.is_empty());
        core.expect("a core with delays").axon_delays[0] = change;
        let found = verify(&program, &made.quantised, &plain).expect_err("it is damaged");
        assert!(found[0].what.contains("compartment 0 waits"), "{}", found[0]);
    }
}

/// Packets that the host sends in.
fn host_packets(activity: &[quarrion_isa::activity::Activity]) -> u64 {
    let spikes = activity.iter().flat_map(|record| &record.host.spikes_in);
    spikes.map(|spike| u64::from(spike.destinations)).sum()
}

/// Synapses that store no delay: what all of a source's projections wait for passes in its axon,
/// and only what is longer than that is told to be out of balance.
#[test]
fn axons_balance_what_synapses_cannot() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let network = (0..200)
        .map(|_| networks().new_tree(&mut runner).expect("a network").current())
        .find(|network| {
            let from: Vec<usize> =
                network.projections.iter().map(|one| one.source.index()).collect();
            from == [0, 1] && network.populations.len() == 3
        });
    let mut network = network.expect("a chain of three");
    // One of the three is the step that the layer takes.
    network.projections[1].delay_steps = 3;
    network.projections[1].recurrent = false;
    let sample = stimulus(network.populations[0].len() as u32, 12, &mut Dice(3));
    let noted = |carries: u32| {
        let sets = [
            "core_types.neuro.delay_max=0".to_owned(),
            format!("core_types.neuro.axon_delay_max={carries}"),
        ];
        let chip = chip("loihi1", &[&sets[0], &sets[1]]);
        let made = compiled(&network, &chip);
        assert_same_rasters(&made, &chip, std::slice::from_ref(&sample));
        let unbalanced =
            made.notes.iter().filter(|note| note.message.contains("cannot be balanced"));
        let axons = made.program.cores.iter().flat_map(|core| &core.axon_delays);
        (unbalanced.count(), axons.max().copied().unwrap_or(0))
    };
    assert_eq!([noted(0), noted(1), noted(2), noted(5)], [(1, 0), (1, 1), (0, 2), (0, 2)]);
}

/// What neither the axons nor the synapses hold is refused with both limits.
#[test]
fn delays_beyond_both_are_refused() {
    use quarrion_compiler::import::lava::read_lava;
    let path = super::shared::data("lava/good/delays.net");
    let bytes = std::fs::read(path).expect("the network");
    let network = read_lava(&bytes, "delay.net", None).expect("a network");
    let chip =
        chip("loihi1", &["core_types.neuro.delay_max=1", "core_types.neuro.axon_delay_max=1"]);
    match compile(&network, &chip, &CompileOptions::default()) {
        Err(CompileFailure::Diagnostics(found)) => {
            let message = "the synapses of `conv1 -> dense3` wait 6 steps beside 1 in the axon, and \
                           the chip stores delays up to 1";
            assert_eq!(found[0].message, message);
        }
        other => panic!("{other:?}"),
    }
}
