//! Broken parts: what is placed and routed around them, held to searches of the smallest kind.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use quarrion_boards::load_chip;
use quarrion_compiler::compile::{CompileOptions, Compiled, compile};
use quarrion_compiler::import::ImportPolicy;
use quarrion_compiler::import::nir::read_nir;
use quarrion_compiler::network::{Network, lower_network};
use quarrion_emulator::time::{Following, Timing};
use quarrion_emulator::{Recording, RunError, RunOptions, RunOutcome, run};
use quarrion_isa::chip::Chip;
use quarrion_isa::event::EventKind;
use quarrion_isa::id::{CoreId, PopulationId, TileId};
use quarrion_isa::neuron::LaneOptions;
use quarrion_isa::program::{AxonOut, Program};
use quarrion_isa::stimulus::{InputSpike, Sample, Stimulus};
use quarrion_tests::accuracy::example;
use quarrion_tests::reach::{climb_and_descend, distances, goes_straight, neighbours};

pub(super) fn digits() -> Network {
    let bytes = std::fs::read(example("digits").join("digits.nir")).expect("the example");
    let graph = read_nir(&bytes, "digits").expect("a network");
    lower_network(&graph, &ImportPolicy::default(), "digits").expect("a network that lowers")
}

pub(super) fn chip(sets: &[&str], seed: u32) -> Chip {
    let sets: Vec<String> = sets.iter().map(|&set| set.to_owned()).collect();
    let mut chip = load_chip("loihi1", &sets).unwrap_or_else(|error| panic!("{error}")).chip;
    chip.draw_faults(seed);
    chip
}

/// A few spikes in every step.
pub(super) fn stimulus(program: &Program) -> Stimulus {
    let inputs = program.input_size();
    let spikes = (0..16).flat_map(|step| {
        (0..inputs).filter(move |n| (n + step) % 2 == 0).map(move |neuron| InputSpike {
            step,
            neuron,
            payload: 1,
        })
    });
    let sample =
        Sample { steps: 16, spikes: spikes.collect(), writes: Vec::new(), rewards: Vec::new() };
    Stimulus { samples: vec![sample], labels: None }
}

fn emulate(program: &Program, chip: &Chip, timing: Timing, threads: usize) -> RunOutcome {
    let options = RunOptions {
        threads,
        seed: 3,
        recording: Recording::Spikes,
        timing,
        following: Following::default(),
        probes: Vec::new(),
        lanes: LaneOptions::default(),
        record: None,
    };
    run(program, chip, &stimulus(program), &options, &|_| ControlFlow::Continue(()))
        .unwrap_or_else(|error| panic!("{error}"))
}

pub(super) const SMALL: &str = "core_types.neuro.compartments=16";
const DRAWN: [&str; 3] = ["faults.drawn_links=3", "faults.drawn_routers=1", "faults.drawn_cores=9"];

/// Every pair of cores that a program uses, the host's port first.
fn pairs(chip: &Chip, program: &Program) -> BTreeSet<(TileId, TileId)> {
    let host =
        program.inputs.entries.iter().map(|entry| (chip.host.port, chip.tile_of(entry.core)));
    let cores = program.cores.iter().flat_map(|core| {
        let from = chip.tile_of(core.core);
        core.axons_out.entries.iter().map(move |entry| (from, chip.tile_of(entry.core)))
    });
    host.chain(cores).collect()
}

#[test]
fn fixed_routes_meet_nothing_dead_and_the_result_stays() {
    let network = digits();
    let whole = chip(&[SMALL], 0);
    let program = compile(&network, &whole, &CompileOptions::default()).expect("it fits").program;
    let truth = emulate(&program, &whole, Timing::Count, 1);
    assert!(truth.spikes.len() > 10, "only {} spikes", truth.spikes.len());
    let mut moved = 0;
    for seed in 0..8 {
        let broken = chip(&[SMALL, DRAWN[0], DRAWN[1], DRAWN[2]], seed);
        assert_eq!(broken, chip(&[SMALL, DRAWN[0], DRAWN[1], DRAWN[2]], seed), "seed {seed}");
        assert_eq!(broken.mesh.dead_tiles.len(), 1);
        assert!(broken.faults.dead_cores.len() >= 9);
        let placed = compile(&network, &broken, &CompileOptions::default());
        let placed = match placed {
            Ok(placed) => placed.program,
            // Fixed routes may leave no placement: then the compiler says so.
            Err(failure) => {
                assert!(failure.to_string().contains("dead"), "seed {seed}: {failure}");
                continue;
            }
        };
        assert!(placed.cores.iter().all(|core| !broken.faults.dead_cores.contains(&core.core)));
        let near = neighbours(&broken);
        for (from, to) in pairs(&broken, &placed) {
            assert!(goes_straight(&broken, &near, from, to), "seed {seed}: {from} to {to}");
        }
        moved += u32::from(pairs(&broken, &placed) != pairs(&whole, &program));
        for timing in [Timing::Count, Timing::Queue, Timing::Cycle] {
            let outcome = emulate(&placed, &broken, timing, 2);
            let mut spikes = outcome.spikes;
            let mut wanted = truth.spikes.clone();
            spikes.sort_unstable();
            wanted.sort_unstable();
            assert!(spikes == wanted, "seed {seed}, {timing:?}: other spikes");
        }
        // A program that knows nothing of the faults is refused, or uses nothing that is dead.
        let crosses = pairs(&whole, &program)
            .into_iter()
            .any(|(from, to)| !goes_straight(&broken, &near, from, to));
        let held = program.cores.iter().any(|core| broken.faults.dead_cores.contains(&core.core));
        let options = RunOptions {
            threads: 1,
            seed: 3,
            recording: Recording::Ledger,
            timing: Timing::Count,
            following: Following::default(),
            probes: Vec::new(),
            lanes: LaneOptions::default(),
            record: None,
        };
        let ran =
            run(&program, &broken, &stimulus(&program), &options, &|_| ControlFlow::Continue(()));
        assert_eq!(ran.is_err(), crosses || held, "seed {seed}");
        if let Err(error) = ran {
            assert!(matches!(&error, RunError::Timing(found) if found.code == "QE030"), "{error}");
        }
    }
    assert!(moved >= 2, "only {moved} of 8 chips were placed on, and otherwise");
}

#[test]
fn routes_by_table_reach_whatever_a_search_reaches() {
    let (mut apart, mut routes, mut detours, mut extra) = (0, 0, 0, 0);
    for seed in 0..20 {
        let links = format!("faults.drawn_links={}", [4, 18][seed as usize % 2]);
        let broken = chip(&["mesh.routing=table", &links, "faults.drawn_routers=3"], seed);
        let near = neighbours(&broken);
        let climbs: Vec<_> = (0..near.len()).map(|to| climb_and_descend(&near, to)).collect();
        for (from, _) in near.iter().enumerate() {
            let distance = distances(&near, from);
            for (to, hops) in distance.iter().enumerate() {
                let (start, end) = (TileId(from as u32), TileId(to as u32));
                let whole = !broken.mesh.is_dead(start) && !broken.mesh.is_dead(end);
                let connected = whole && hops.is_some();
                assert_eq!(broken.mesh.connects(start, end), connected, "seed {seed}");
                apart += u32::from(whole && hops.is_none());
                if !connected {
                    continue;
                }
                let (mut at, mut length) = (from, 0);
                broken.mesh.route(start, end, |link| {
                    let (tile, direction) = broken.mesh.link_ends(link);
                    assert_eq!(tile.index(), at, "the links follow each other");
                    let there = broken.mesh.neighbour(broken.mesh.position(tile), direction);
                    let next = broken.mesh.tile_at(there).index();
                    assert!(near[at].contains(&next), "seed {seed}: over a dead link");
                    (at, length) = (next, length + 1);
                });
                assert_eq!(at, to, "seed {seed}");
                assert!(Some(length) >= *hops, "shorter than the shortest way");
                assert_eq!(Some(length), climbs[to][from], "seed {seed}: {from} to {to}");
                let (start, end) = (broken.mesh.position(start), broken.mesh.position(end));
                let free = start.x.abs_diff(end.x) + start.y.abs_diff(end.y);
                routes += 1;
                detours += u32::from(length > free as usize);
                extra += u32::from(Some(length) > *hops);
            }
        }
    }
    println!("{routes} routes: {detours} are detours, {extra} longer than they could be");
    assert!(apart > 0, "no network fell apart");
    assert!(detours * 20 > routes && extra * 4 < routes);
}

#[test]
fn a_table_leads_a_run_around_faults_that_fixed_routes_cannot_pass() {
    let network = digits();
    // A wall with one gap at its southern end.
    let wall = "faults.dead_links=[(x: 0, y: 0, towards: east), (x: 0, y: 1, towards: east), \
                (x: 0, y: 2, towards: east)]";
    let sets = ["core_types.neuro.compartments=2", wall, "mesh.routing=table"];
    let broken = chip(&sets, 1);
    let program = compile(&network, &broken, &CompileOptions::default()).expect("it fits").program;
    let straight = chip(&[sets[0], sets[2]], 1);
    let near = neighbours(&broken);
    let detours = pairs(&straight, &program)
        .into_iter()
        .filter(|(from, to)| !goes_straight(&straight, &near, *from, *to))
        .count();
    println!("{detours} pairs lie behind the wall");
    assert!(detours > 0, "nothing lies behind the wall");
    for timing in [Timing::Count, Timing::Queue, Timing::Cycle] {
        let outcome = emulate(&program, &broken, timing, 1);
        let free = emulate(&program, &straight, timing, 1);
        assert_eq!(outcome.output_counts, free.output_counts, "{timing:?}");
        let time = |outcome: &RunOutcome| outcome.ledger.samples[0].time;
        assert!(time(&outcome) >= time(&free), "{timing:?}: detours save time");
    }
}

/// What a run on a broken mesh counts is what a search says, spike by spike.
#[test]
fn hops_around_faults_are_those_of_a_search() {
    let network = digits();
    let mut held = 0;
    for seed in 0..6 {
        let sets = [SMALL, "mesh.routing=table", "faults.drawn_links=12", "faults.drawn_routers=2"];
        let broken = chip(&sets, seed);
        // Where the host's own tile has come off, nothing fits.
        let made = compile(&network, &broken, &CompileOptions::default());
        let Ok(Compiled { program, .. }) = made else { continue };
        let near = neighbours(&broken);
        let climbs: Vec<_> = (0..near.len()).map(|to| climb_and_descend(&near, to)).collect();
        let far = |from: TileId, row: &[AxonOut]| -> u64 {
            let hops = row.iter().map(|entry| {
                climbs[broken.tile_of(entry.core).index()][from.index()].expect("a way") as u64
            });
            hops.sum()
        };
        let outcome = emulate(&program, &broken, Timing::Count, 1);
        let given = &stimulus(&program).samples[0].spikes;
        let mut hops: u64 = given
            .iter()
            .map(|spike| far(broken.host.port, program.inputs.row(spike.neuron as usize)))
            .sum();
        for spike in &outcome.spikes {
            for (core, compartment) in seats(&program, spike.population, spike.neuron) {
                let core = program.cores.iter().find(|one| one.core == core).expect("a core");
                let row = core.axons_out.row(compartment as usize);
                hops += far(broken.tile_of(core.core), row);
            }
        }
        let total = &outcome.ledger.total;
        let counted = total.get(EventKind::HopEastWest) + total.get(EventKind::HopNorthSouth);
        assert!(hops > 2_000, "seed {seed}: only {hops} hops");
        assert_eq!(counted, hops, "seed {seed}");
        held += 1;
    }
    assert!(held >= 3, "only {held} chips held the network");
}

/// The compartments of a neuron.
fn seats(program: &Program, population: PopulationId, neuron: u32) -> Vec<(CoreId, u32)> {
    let places = &program.populations[population.index()].places;
    let own = places.iter().filter(|p| (p.neuron..p.neuron + p.count).contains(&neuron));
    own.map(|place| (place.core, place.compartment + neuron - place.neuron)).collect()
}

#[test]
fn a_slower_link_never_ends_a_step_earlier() {
    let network = digits();
    let program = compile(&network, &chip(&[SMALL], 1), &CompileOptions::default());
    let program = program.expect("it fits").program;
    let mut before: Option<RunOutcome> = None;
    for speed in ["0.5", "0.1", "0.01"] {
        let slow = format!(
            "faults.slow_links=[(x: 0, y: 0, towards: east, speed: {speed}), \
             (x: 0, y: 0, towards: south, speed: {speed})]"
        );
        let chip = chip(&[SMALL, &slow], 1);
        let outcome = emulate(&program, &chip, Timing::Count, 1);
        if let Some(before) = before {
            assert_eq!(before.ledger.total, outcome.ledger.total);
            let mut slower = 0;
            for (fast, slow) in before.ledger.steps.iter().zip(&outcome.ledger.steps) {
                assert!(fast.time.total() <= slow.time.total(), "{speed}");
                slower += u32::from(fast.time.total() < slow.time.total());
            }
            assert!(slower > 0 || speed == "0.1", "{speed} changes nothing");
        }
        before = Some(outcome);
    }
}

#[test]
fn lost_packets_are_as_many_as_the_share_says_on_any_mapping() {
    let network = digits();
    let mut lost = Vec::new();
    for threads in [1, 3] {
        let chip = chip(&[SMALL, "faults.packet_loss=0.2"], 1);
        let program =
            compile(&network, &chip, &CompileOptions::default()).expect("it fits").program;
        let outcome = emulate(&program, &chip, Timing::Count, threads);
        let arrived = outcome.ledger.total.get(quarrion_isa::event::EventKind::AxonIn);
        let share =
            outcome.ledger.faults.lost as f64 / (outcome.ledger.faults.lost + arrived) as f64;
        assert!((0.15..0.25).contains(&share), "{share} of the packets are lost");
        lost.push(outcome);
    }
    assert!(lost[0] == lost[1], "threads change what is lost");
}
