//! What the mesh of a chip is made of, each seen in a whole run: switched off, it changes.

use std::ops::ControlFlow;

use quarrion_compiler::compile::{CompileOptions, compile};
use quarrion_emulator::time::{Following, Timing};
use quarrion_emulator::{Recording, RunOptions, RunOutcome, run};
use quarrion_isa::chip::Chip;
use quarrion_isa::event::Phase;
use quarrion_isa::neuron::LaneOptions;
use quarrion_isa::program::Program;
use quarrion_isa::way::{Passage, Way};

use super::faults::{SMALL, chip, digits, stimulus};

const TIMINGS: [Timing; 2] = [Timing::Queue, Timing::Cycle];

/// A run of the digits with every packet followed.
fn emulate(program: &Program, chip: &Chip, timing: Timing) -> RunOutcome {
    let options = RunOptions {
        threads: 2,
        seed: 3,
        recording: Recording::Ledger,
        timing,
        following: Following::Every { samples: 0..1, steps: 0..u32::MAX },
        probes: Vec::new(),
        lanes: LaneOptions::default(),
        record: None,
    };
    run(program, chip, &stimulus(program), &options, &|_| ControlFlow::Continue(()))
        .unwrap_or_else(|error| panic!("{error}"))
}

fn program(chip: &Chip) -> Program {
    compile(&digits(), chip, &CompileOptions::default()).expect("it fits").program
}

/// Planes that a packet takes, link by link between tiles.
fn planes(way: &Way) -> impl Iterator<Item = u32> + '_ {
    way.legs.iter().filter_map(|leg| match leg.passage {
        Passage::Link { plane, .. } => plane,
        _ => None,
    })
}

fn time(outcome: &RunOutcome) -> u64 {
    outcome.ledger.samples[0].time.0
}

/// Two planes carry more than one; a core's packets take turns, or the host's have their own.
#[test]
fn planes_are_taken_in_turn_or_by_class() {
    // Links slower than their senders, so that planes count.
    let slow = "mesh.links.east_west.occupancy_ns=9";
    let both = chip(&[SMALL, slow], 1);
    let program = program(&both);
    for timing in TIMINGS {
        let turns = emulate(&program, &both, timing);
        let alone = emulate(&program, &chip(&[SMALL, slow, "mesh.planes=single"], 1), timing);
        let class = emulate(&program, &chip(&[SMALL, slow, "mesh.planes=by_class(2)"], 1), timing);
        assert_eq!(turns.ledger.total, alone.ledger.total);
        assert!(time(&turns) < time(&alone), "{timing:?}: the second plane carries nothing");
        let taken = |outcome: &RunOutcome, host: bool| -> [u32; 2] {
            let ways = outcome.ledger.packets.iter().filter(|way| way.source.is_none() == host);
            ways.flat_map(planes).fold([0; 2], |mut count, plane| {
                count[plane as usize] += 1;
                count
            })
        };
        for host in [true, false] {
            let [first, second] = taken(&turns, host);
            assert!(first.min(second) * 5 > first + second, "{timing:?}: {first} and {second}");
        }
        assert_eq!((taken(&class, true)[0], taken(&class, false)[1]), (0, 0), "{timing:?}");
        assert!(taken(&class, true)[1] > 100 && taken(&class, false)[0] > 10);
        assert!(alone.ledger.packets.iter().all(|way| planes(way).next().is_none()));
    }
}

/// Packets within a tile go through its router, and over no link between tiles.
#[test]
fn packets_within_a_tile_take_no_link() {
    let own = chip(&[SMALL], 1);
    let program = program(&own);
    let slow = chip(&[SMALL, "mesh.links.tile.latency_ns=50"], 1);
    for timing in TIMINGS {
        let outcome = emulate(&program, &own, timing);
        let within = |way: &&Way| {
            let core = way.ends.first().and_then(|end| end.core);
            way.source.zip(core).is_some_and(|(a, b)| own.tile_of(a) == own.tile_of(b))
        };
        let local: Vec<&Way> = outcome.ledger.packets.iter().filter(within).collect();
        assert!(local.len() > 2, "{timing:?}: only {} packets stay", local.len());
        for way in &local {
            let waited: u64 = way.waits().map(|(_, ps)| ps).sum();
            assert_eq!(way.legs.len(), 2, "{way:?}");
            // 2.1 ns through the tile, in and out together.
            assert_eq!(way.ends[0].arrived_ps, way.ready_ps + waited + 2100, "{timing:?}");
        }
        assert!(time(&emulate(&program, &slow, timing)) > time(&outcome), "{timing:?}");
    }
}

/// A core that takes long to serve lists lets packets wait in the mesh, not only before itself.
#[test]
fn slow_cores_hold_packets_back_to_their_sources() {
    let own = chip(&[SMALL], 1);
    let program = program(&own);
    let slow = "core_types.neuro.services.synaptic_op_dense.occupancy_ns=300";
    let sparse = "core_types.neuro.services.synaptic_op_sparse.occupancy_ns=300";
    let slow = chip(&[SMALL, slow, sparse, "mesh.router=asynchronous(buffer_flits:1)"], 1);
    let free = chip(&[SMALL, "mesh.router=asynchronous(buffer_flits:1)"], 1);
    for timing in TIMINGS {
        let held = |outcome: &RunOutcome| -> u64 {
            let legs = outcome.ledger.packets.iter().flat_map(|way| &way.legs);
            let between = legs.filter(|leg| matches!(leg.passage, Passage::Link { .. }));
            between.map(|leg| leg.waited_ps).sum()
        };
        let (fast, slow) = (emulate(&program, &free, timing), emulate(&program, &slow, timing));
        assert_eq!(fast.ledger.total, slow.ledger.total);
        let (before, after) = (held(&fast), held(&slow));
        assert!(after > 3 * before, "{timing:?}: {before} ps, then {after} ps");
    }
}

/// A barrier that is a tree over the mesh goes down and up again: over chips too, through the
/// pipelines of clocked routers, and around what is dead.
#[test]
fn a_barrier_by_tree_takes_twice_its_depth() {
    let tree =
        "synchronisation=barrier(latency:tree(base_ns:7),source:\"a test\",standing:assumed)";
    let edge = "mesh.links.chip_edge=(latency_ns:90,occupancy_ns:9,width_bits:32,source:\"a test\",\
                standing:assumed)";
    let clocked = "mesh.router=clocked(period_ns:1,pipeline_cycles:5,virtual_channels:1,\
                   buffer_flits:4,speculative:false)";
    // Only the last column leads to the last row.
    let column = |x: u32| format!("(x:{x},y:2,towards:south)");
    let wall = (0..7).map(column).collect::<Vec<String>>().join(",");
    let wall = format!("faults.dead_links=[{wall}]");
    // 8 x 4 tiles: 7 links east of 4.1 ns, 3 south of 6.5 ns.
    let cases: [(&[&str], u64); 4] = [
        (&[], 7 * 4_100 + 3 * 6_500),
        (&[edge, "mesh.chips_x=2"], 14 * 4_100 + 90_000 + 3 * 6_500),
        (&[clocked], 7 * 4_100 + 3 * 6_500 + 10 * 5_000),
        (&[&wall], 14 * 4_100 + 3 * 6_500),
    ];
    for (sets, depth) in cases {
        let chip = chip(&[&[SMALL, tree], sets].concat(), 1);
        let outcome = emulate(&program(&chip), &chip, Timing::Queue);
        let wanted = 7_000 + 2 * depth;
        for row in &outcome.ledger.steps {
            assert_eq!(row.time.phase(Phase::Barrier).0, wanted, "{sets:?}");
        }
    }
}
