//! Runs in which time feeds back into function: global tick, free-running cores, dropped packets.

use std::ops::ControlFlow;

use quarrion_emulator::time::{Following, Timing};
use quarrion_emulator::{Recording, RunError, RunOptions, RunOutcome, run};
use quarrion_isa::chip::{Chip, LinkClass, Multicast, Router, Routing, Synchronisation, Topology};
use quarrion_isa::neuron::LaneOptions;
use quarrion_isa::quantity::Picoseconds;
use quarrion_isa::way::Way;
use quarrion_tests::generate::Case;

const FIRST: u64 = 0x00C0_B1ED;

fn emulate(case: &Case, chip: &Chip, timing: Timing, threads: usize) -> Option<RunOutcome> {
    emulate_following(case, chip, timing, threads, Following::default())
}

fn emulate_following(
    case: &Case,
    chip: &Chip,
    timing: Timing,
    threads: usize,
    following: Following,
) -> Option<RunOutcome> {
    let options = RunOptions {
        threads,
        seed: case.run_seed(),
        recording: Recording::Spikes,
        timing,
        following,
        probes: Vec::new(),
        lanes: LaneOptions::default(),
        record: None,
    };
    let ran = run(&case.program, chip, &case.stimulus, &options, &|_| ControlFlow::Continue(()));
    match ran {
        Ok(outcome) => Some(outcome),
        // Ticks that are too short for the traffic; learning without a timestep's end.
        Err(RunError::Timing(found)) if ["QE031", "QE032"].contains(&found.code) => None,
        Err(error) => panic!("{error}"),
    }
}

/// The case's chip with another synchronisation, and everything else as it is.
fn with(case: &Case, synchronisation: Synchronisation) -> Chip {
    Chip { synchronisation, ..case.chip.clone() }
}

fn tick(ns: u64) -> Synchronisation {
    Synchronisation::GlobalTick { period: Picoseconds(ns * 1000) }
}

fn free(ns: u64) -> Synchronisation {
    Synchronisation::FreeRunning { period: Picoseconds(ns * 1000) }
}

/// With time enough for everything the result is that of a barrier chip, under every model.
#[test]
fn long_ticks_compute_what_a_barrier_does() {
    let mut spiking = 0;
    for seed in FIRST..FIRST + 40 {
        let case = Case::draw(seed);
        let barrier = with(
            &case,
            Synchronisation::Barrier(quarrion_isa::chip::BarrierLatency::Constant(Picoseconds(5))),
        );
        let Some(truth) = emulate(&case, &barrier, Timing::Count, 1) else { continue };
        for synchronisation in [tick(100_000_000), free(100_000_000)] {
            let chip = with(&case, synchronisation);
            for timing in [Timing::Count, Timing::Queue, Timing::Cycle] {
                let Some(outcome) = emulate(&case, &chip, timing, 1) else { continue };
                assert!(outcome.spikes == truth.spikes, "seed {seed}, {timing:?}");
                let faults = outcome.ledger.faults;
                assert_eq!((faults.late, faults.overruns, faults.dropped), (0, 0, 0));
                let period = Picoseconds(100_000_000_000);
                for row in &outcome.ledger.steps {
                    let tail = row.time.phase(quarrion_isa::event::Phase::Learning)
                        + row.time.phase(quarrion_isa::event::Phase::Management)
                        + row.time.phase(quarrion_isa::event::Phase::Host);
                    assert_eq!(row.time.total(), period + tail, "a tick lasts as long as it lasts");
                }
                spiking += u32::from(!outcome.spikes.is_empty());
            }
        }
    }
    assert!(spiking > 40, "only {spiking} runs have spikes");
}

/// Short ticks make packets late: counted, and the result changes; threads change nothing.
#[test]
fn short_ticks_make_packets_late_and_change_what_is_computed() {
    let (mut late, mut overruns, mut other, mut crossing) = (0, 0, 0, 0);
    for seed in FIRST..FIRST + 50 {
        let case = Case::draw(seed);
        for (ns, is_free) in [(40, false), (150, false), (40, true), (150, true)] {
            let chip = with(&case, if is_free { free(ns) } else { tick(ns) });
            for timing in [Timing::Count, Timing::Queue] {
                let Some(outcome) = emulate(&case, &chip, timing, 1) else { continue };
                for threads in [2, 3] {
                    let again = emulate(&case, &chip, timing, threads).expect("as before");
                    assert!(again == outcome, "seed {seed}, {timing:?}: {threads} threads");
                }
                let long = with(&case, if is_free { free(1 << 30) } else { tick(1 << 30) });
                let truth = emulate(&case, &long, timing, 1).expect("as before");
                let faults = outcome.ledger.faults;
                let same = outcome.spikes == truth.spikes;
                if faults.late == 0 && (!is_free || faults.overruns == 0) {
                    assert!(same, "seed {seed}, {timing:?}: nothing is late and spikes differ");
                }
                late += u32::from(faults.late > 0);
                overruns += u32::from(faults.overruns > 0);
                other += u32::from(!same);
                crossing += u32::from(faults.late > 0 && timing == Timing::Queue);
            }
        }
    }
    println!(
        "{late} runs with late lists, {crossing} of them with contention, {overruns} with overruns, {other} with other spikes"
    );
    assert!(late > 50 && overruns > 20 && other > 50 && crossing > 10);
}

/// Packets are followed over the ends of ticks: all of them, each from its own timestep's
/// beginning; with time enough they go as on a barrier chip.
#[test]
fn packets_are_followed_over_ticks() {
    let every = Following::Every { samples: 0..u32::MAX, steps: 0..u32::MAX };
    let (mut compared, mut outlasting, mut late, mut alike) = (0, 0, 0, 0);
    for seed in FIRST..FIRST + 60 {
        let case = Case::draw(seed);
        let barrier = with(
            &case,
            Synchronisation::Barrier(quarrion_isa::chip::BarrierLatency::Constant(Picoseconds(5))),
        );
        let follow = |chip: &Chip| emulate_following(&case, chip, Timing::Queue, 1, every.clone());
        let Some(truth) = follow(&barrier) else { continue };
        for synchronisation in [tick(100_000_000), free(100_000_000)] {
            let Some(long) = follow(&with(&case, synchronisation)) else { continue };
            assert!(long.ledger.packets == truth.ledger.packets, "seed {seed}");
            assert!(long.ledger.lasts == truth.ledger.lasts, "seed {seed}");
            assert_eq!(long.ledger.latencies, truth.ledger.latencies, "seed {seed}");
            assert_eq!(long.ledger.queues, truth.ledger.queues, "seed {seed}");
            compared += truth.ledger.packets.len();
        }
        for ns in [40, 150] {
            let Some(short) = follow(&with(&case, tick(ns))) else { continue };
            let ledger = &short.ledger;
            let sent = ledger.steps.iter().flat_map(|row| {
                (0..row.packets as u32).map(move |packet| (row.sample, row.step, packet))
            });
            let ways = ledger.packets.iter().map(|way| (way.sample, way.step, way.packet));
            assert!(ways.eq(sent), "seed {seed}: every packet of every timestep, in order");
            for way in &ledger.packets {
                let times = std::iter::once(way.ready_ps);
                let times = times.chain(way.legs.iter().map(|leg| leg.depart_ps));
                let arrived = way.ends.iter().map(|end| end.arrived_ps);
                if way.ends.len() == 1 {
                    assert!(times.clone().is_sorted(), "seed {seed}: {way:?}");
                    assert!(arrived.min() > times.max(), "seed {seed}: {way:?}");
                }
                outlasting += u32::from(way.ends.iter().any(|end| end.done_ps > ns * 1000));
            }
            let arrived = ledger.packets.iter().filter(|way| !way.ends.is_empty()).count() as u64;
            assert_eq!(ledger.latencies.count(), arrived, "seed {seed}");
            late += u32::from(ledger.faults.late > 0);
            if short.spikes == truth.spikes {
                let ready = |ways: &[Way]| ways.iter().map(|way| way.ready_ps).collect::<Vec<_>>();
                assert_eq!(ready(&ledger.packets), ready(&truth.ledger.packets), "seed {seed}");
                alike += u32::from(ledger.faults.late > 0);
            }
        }
    }
    println!(
        "{compared} packets compared, {outlasting} outlast their tick, {late} runs late, {alike} alike"
    );
    assert!(compared > 1000 && outlasting > 100 && late > 10 && alike > 2);
}

/// The chip with cores that take long for every list, and routers that multicast by table, hold no
/// more than a packet or two and soon give up.
fn crowded(chip: &Chip, patience: u64) -> Chip {
    let mut chip = chip.clone();
    chip.mesh.multicast = Multicast::Table;
    chip.mesh.drop_after = Some(Picoseconds(patience));
    let links = [LinkClass::Tile, LinkClass::EastWest, LinkClass::NorthSouth, LinkClass::ChipEdge];
    let most = links.map(|class| chip.mesh.flits(class, 32)).into_iter().max().unwrap_or(1);
    match &mut chip.mesh.router {
        Router::Asynchronous { buffer_flits } | Router::Clocked { buffer_flits, .. } => {
            *buffer_flits = most;
        }
    }
    for kind in &mut chip.core_types {
        kind.services.axon_in.occupancy = Picoseconds(2_000_000);
    }
    chip
}

/// Routers that drop packets after a timeout: counted, what is dropped is not computed with.
#[test]
fn dropped_packets_are_counted_and_never_served() {
    let (mut cases, mut other) = (0, 0);
    let mut dropped = [0; 2];
    for seed in FIRST..FIRST + 150 {
        let case = Case::draw(seed);
        let branches = match case.chip.mesh.routing {
            Routing::Xy | Routing::Yx => case.chip.mesh.topology == Topology::Mesh,
            Routing::XyYx => false,
            Routing::Table => true,
        };
        if !branches {
            continue;
        }
        cases += 1;
        for (timing, dropped) in [Timing::Queue, Timing::Cycle].into_iter().zip(&mut dropped) {
            let chip = crowded(&case.chip, 1_000);
            let Some(outcome) = emulate(&case, &chip, timing, 1) else { continue };
            let patient = crowded(&case.chip, 1 << 50);
            let truth = emulate(&case, &patient, timing, 1).expect("as before");
            assert_eq!(truth.ledger.faults.dropped, 0);
            let again = emulate(&case, &chip, timing, 4).expect("as before");
            assert!(again == outcome, "seed {seed}: threads");
            if outcome.ledger.faults.dropped == 0 {
                assert!(outcome.spikes == truth.spikes, "seed {seed}");
            }
            *dropped += u32::from(outcome.ledger.faults.dropped > 0);
            other += u32::from(outcome.spikes != truth.spikes);
        }
    }
    println!("of {cases} programs {dropped:?} drop packets, {other} runs change");
    assert!(dropped.iter().all(|runs| *runs > 20) && other > 20, "{dropped:?}, {other}");
}
