//! A small run made by hand, for the tests of this crate.

use quarrion_isa::chip::Direction;
use quarrion_isa::event::{EventKind, Phase};
use quarrion_isa::histogram::Histogram;
use quarrion_isa::id::{CoreId, LinkId};
use quarrion_isa::ledger::FaultCounts;
use quarrion_isa::pricing::Powered;
use quarrion_isa::program::Role;
use quarrion_isa::quantity::Picoseconds;
use quarrion_isa::timing::Bound;
use quarrion_isa::way::{Passage, Way, WayEnd, WayLeg};

use crate::manifest::{
    Assumption, HostSection, Manifest, RUN_FORMAT, RUN_VERSION, Settings, Source,
};
use crate::overload::Overload;
use crate::record::{BoundTime, Layer, LinkQueue, LinkUse, ResourceUse, RunRecord, TimeRecord};

/// Two samples of two steps on one core.
pub(crate) fn record() -> RunRecord {
    let layer = |name: &str, role, neurons, phase, cores, spikes| Layer {
        name: name.into(),
        role,
        neurons,
        phase,
        cores,
        spikes,
    };
    RunRecord {
        network: "tiny".into(),
        chip: "toy".into(),
        samples: 2,
        correct: Some(1),
        input_steps: 4,
        timesteps: 6,
        cores_used: 1,
        cores_available: 4,
        resources: vec![ResourceUse {
            resource: "compartments".into(),
            used: 3,
            available: 12,
            fullest_used: 3,
            fullest_available: 12,
        }],
        layers: vec![
            layer("input", Role::Input, 2, 0, 0, 5),
            layer("out", Role::Neurons, 3, 1, 1, 6),
        ],
        events: [
            (EventKind::NeuronActive, 10),
            (EventKind::SynapticOpDense, 30),
            (EventKind::BarrierTile, 6),
            (EventKind::HostHandshake, 6),
        ]
        .into(),
        powered: Powered { time: Picoseconds(12_000), cores: 1, chips: 1 },
        time: TimeRecord {
            total: Picoseconds(12_000),
            phases: [(Phase::Update, Picoseconds(9000)), (Phase::Barrier, Picoseconds(3000))]
                .into(),
            step_max: Picoseconds(2500),
            inference_max: Picoseconds(7000),
            bounds: vec![
                bound(Bound::Update(CoreId(0)), (5, 10_000)),
                bound(Bound::Barrier, (1, 2000)),
            ],
            not_modelled: vec!["state reset".into()],
            packet_latency: Some({
                let mut latency = Histogram::default();
                [40, 50].into_iter().for_each(|ps| latency.add(ps));
                latency
            }),
            overload: Some(overload()),
        },
        faults: FaultCounts { lost: 7, dropped: 0, late: 2, overruns: 0 },
        hottest_links: vec![LinkUse {
            link: LinkId(4),
            x: 1,
            y: 0,
            towards: Direction::East,
            planes: 2,
            packets: 3,
            flits: 3,
            busy: Picoseconds(2400),
            queue: Some(LinkQueue { waiting_flit_ps: 6000, ahead_flits_max: 2 }),
        }],
        last_packet: Some(last_packet()),
    }
}

/// The packet that ended its longest timestep.
fn last_packet() -> Way {
    Way {
        sample: 1,
        step: 2,
        packet: 0,
        source: None,
        flits: 1,
        ready_ps: 10,
        legs: vec![WayLeg { passage: Passage::FromHost, depart_ps: 30, waited_ps: 20 }],
        ends: vec![WayEnd { core: Some(CoreId(0)), arrived_ps: 60, waited_ps: 0, done_ps: 70 }],
    }
}

/// A manifest to go with it.
pub(crate) fn manifest() -> Manifest {
    let source = |name: &str| Source { name: name.into(), blake3: "00".into() };
    Manifest {
        format: RUN_FORMAT.into(),
        version: RUN_VERSION,
        quarrion: "0.1.0".into(),
        network: source("tiny.nir"),
        chip: source("toy"),
        input: source("in.npz"),
        sets: vec![],
        program: "00".into(),
        settings: settings(),
        host: HostSection::default(),
    }
}

/// What the run rests on.
pub(crate) fn settings() -> Settings {
    let assumptions = vec![Assumption { about: "dt".into(), value: "1e-4 s".into() }];
    Settings { seed: 1, timing: "count".into(), assumptions }
}

/// Timesteps that something bounded, and their time.
fn bound(bound: Bound, (steps, ps): (u64, u64)) -> BoundTime {
    BoundTime { bound, place: bound.to_string(), steps, time: Picoseconds(ps) }
}

/// Two timesteps of more work than a tick.
fn overload() -> Overload {
    Overload {
        steps: 2,
        tick: Picoseconds(2000),
        longest: Picoseconds(2700),
        place: "synapse lists of core 0".into(),
    }
}
