//! Runs that cannot be: each is refused with its code and says why.

use std::ops::ControlFlow;

use quarrion_emulator::time::{Following, Timing};
use quarrion_emulator::{Recording, RunError, RunOptions, RunOutcome, run};
use quarrion_isa::chip::{Chip, Direction, RouteTable, Routing, Synchronisation};
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::neuron::LaneOptions;
use quarrion_isa::quantity::Picoseconds;
use quarrion_tests::generate::Case;

const FIRST: u64 = 0x00C0_B1ED;

fn emulate(case: &Case, chip: &Chip) -> Result<RunOutcome, Diagnostic> {
    let options = RunOptions {
        threads: 1,
        seed: case.run_seed(),
        recording: Recording::Ledger,
        timing: Timing::Queue,
        following: Following::default(),
        probes: Vec::new(),
        lanes: LaneOptions::default(),
        record: None,
    };
    let ran = run(&case.program, chip, &case.stimulus, &options, &|_| ControlFlow::Continue(()));
    ran.map_err(|error| match error {
        RunError::Timing(found) => found,
        other => panic!("{other}"),
    })
}

fn with(case: &Case, synchronisation: Synchronisation) -> Chip {
    Chip { synchronisation, ..case.chip.clone() }
}

fn learns(case: &Case) -> bool {
    !case.program.learning.is_empty()
}

/// A tick in which nothing gets anywhere: the run ends, and says since when packets are under way.
#[test]
fn ticks_too_short_for_the_traffic_end_the_run() {
    let found = (FIRST..FIRST + 400).find_map(|seed| {
        let mut case = Case::draw(seed);
        if learns(&case) {
            return None;
        }
        // Long enough for packets to stay under way 64 ticks.
        for sample in &mut case.stimulus.samples {
            let spikes = sample.spikes.clone();
            for round in 1..12 {
                let later = |spike: &quarrion_isa::stimulus::InputSpike| {
                    let step = spike.step + round * sample.steps;
                    quarrion_isa::stimulus::InputSpike { step, ..*spike }
                };
                sample.spikes.extend(spikes.iter().map(later));
            }
            sample.steps *= 12;
        }
        let tick = Synchronisation::GlobalTick { period: Picoseconds(10) };
        emulate(&case, &with(&case, tick)).err()
    });
    let found = found.expect("no traffic outlasts 64 ticks of 10 ps");
    assert_eq!(found.code, "QE031");
    assert!(found.message.contains("under way for 64 ticks"), "{found}");
}

/// Learning needs timesteps that end with everything in place.
#[test]
fn learning_is_refused_where_packets_outlast_timesteps() {
    let mut seen = 0;
    for seed in FIRST..FIRST + 60 {
        let case = Case::draw(seed);
        let period = Picoseconds(1_000_000);
        let free = emulate(&case, &with(&case, Synchronisation::FreeRunning { period }));
        if !learns(&case) {
            assert!(free.is_ok(), "seed {seed}");
            continue;
        }
        assert_eq!(free.unwrap_err().code, "QE032", "seed {seed}");
        let tick = emulate(&case, &with(&case, Synchronisation::GlobalTick { period }));
        assert!(tick.is_ok(), "seed {seed}: on a global tick it runs");
        seen += 1;
    }
    assert!(seen > 3, "only {seen} programs learn");
}

/// A route table that goes round in rings is refused before the run, with a ring of its channels.
#[test]
fn a_table_with_a_ring_is_refused_before_the_run() {
    let (mut rings, mut sound) = (0, 0);
    for seed in FIRST..FIRST + 300 {
        let case = Case::draw(seed);
        let mesh = &case.chip.mesh;
        if (mesh.board_width(), mesh.board_height()) != (2, 2)
            || mesh.routing != Routing::Table
            || !mesh.dead_links.is_empty()
        {
            continue;
        }
        assert!(emulate(&case, &case.chip).is_ok(), "seed {seed}: the chip's own table");
        sound += 1;
        // Tiles 0 1 / 2 3, always round clockwise.
        let turns = [Direction::East, Direction::South, Direction::North, Direction::West];
        let mut next = vec![RouteTable::NONE; 16];
        for (from, turn) in turns.iter().enumerate() {
            for to in (0..4).filter(|to| *to != from) {
                next[from * 4 + to] = *turn as u8;
            }
        }
        let mut chip = case.chip.clone();
        chip.mesh.table = Some(RouteTable { next, nodes: 4 });
        let found = emulate(&case, &chip).unwrap_err();
        assert_eq!(found.code, "QE104", "seed {seed}: {found}");
        assert!(found.message.contains("in a ring"), "{found}");
        rings += 1;
    }
    assert!(rings > 1 && sound == rings, "{rings} rings");
}
