//! The mesh's timing models: against a reference simulator, against each other, against themselves.

use quarrion_emulator::mesh::{
    Arrivals, ChannelRelease, Detail, Edge, Ending, Fabric, Fidelity, GridSpec, LinkClass,
    LinkState, LinkTiming, Outcome, Packet, Pattern, PlaneUse, PortId, RouteTable, RouterClock,
    RouterTiming, Routing, Speculation, Switching, Synthetic, Traffic, Wrap, direction,
};
use quarrion_tests::booksim::compare::compare;
use quarrion_tests::booksim::folder::Folder;
use quarrion_tests::booksim::settings::{CYCLE_PS, SETTINGS, setting};
use quarrion_tests::booksim::table::Accuracy;

const BOTH: [Fidelity; 2] = [Fidelity::Queue, Fidelity::Cycle];

fn committed() -> Folder {
    Folder::new(concat!(env!("CARGO_MANIFEST_DIR"), "/data/booksim"))
}

/// The figures that the accuracy command prints must not get worse.
#[test]
fn both_models_stay_as_close_to_the_reference_as_they_are() {
    let folder = committed();
    let mut all = Accuracy::default();
    for run in folder.runs().unwrap().into_iter().filter(|run| run.side == 8) {
        all.cycle.push(compare(Fidelity::Cycle, &folder, &run).unwrap());
        all.queue.push(compare(Fidelity::Queue, &folder, &run).unwrap());
    }
    assert!(all.cycle.len() > 100, "the committed subset has shrunk to {}", all.cycle.len());
    let listed: usize = all.cycle.iter().filter_map(|c| c.exact).map(|(_, count)| count).sum();
    assert!(listed > 5000, "only {listed} packets are listed one by one");
    for comparison in &all.cycle {
        let (trace, router) = (&comparison.run.trace, &comparison.run.router);
        if let Some((same, count)) = comparison.exact {
            assert_eq!(same, count, "cycle, {trace} on {router}: packets with other times");
        }
        if router != "v2b4xyyx" {
            assert!(comparison.completion.abs() < 1e-9, "cycle, {trace} on {router}");
        }
    }
    for comparison in all.cycle.iter().chain(&all.queue) {
        let (trace, router) = (&comparison.run.trace, &comparison.run.router);
        assert_eq!(comparison.lawless.unwrap_or(0), 0, "zero load, {trace} on {router}");
    }
    let single = |c: &&quarrion_tests::booksim::compare::Comparison| {
        let setting = setting(&c.run.router).unwrap();
        setting.channels == 1 && setting.speculation == Speculation::Off
    };
    for comparison in all.queue.iter().filter(single) {
        let (trace, router) = (&comparison.run.trace, &comparison.run.router);
        assert!(comparison.completion.abs() < 1e-9, "queue, {trace} on {router}");
    }
    let (queue, latency) = (Accuracy::completion(&all.queue), Accuracy::latency(&all.queue));
    assert!(queue.mean < 1.2 && queue.worst < 14.0, "queue completion {queue}");
    assert!(latency.mean < 1.2 && latency.worst < 7.0, "queue latency {latency}");
}

/// A mesh with one virtual channel of four flits, like the reference's `v1b4`.
fn spec(width: u32, height: u32) -> GridSpec {
    let link = |latency: u64, credit: u64| LinkTiming {
        latency_ps: latency * CYCLE_PS,
        flit_ps: CYCLE_PS,
        credit_ps: credit * CYCLE_PS,
        buffer_flits: 4,
    };
    GridSpec {
        width,
        height,
        wrap: Wrap::Mesh,
        cores_per_tile: 1,
        hosts: Vec::new(),
        east_west: link(1, 3),
        north_south: link(1, 3),
        inject: link(2, 2),
        eject: link(1, 3),
        edges: Vec::new(),
        planes: 1,
        plane_use: PlaneUse::Alternate,
        timing: RouterTiming {
            clock: RouterClock::Clocked {
                period_ps: CYCLE_PS,
                routing_cycles: 0,
                speculation: Speculation::Off,
            },
            virtual_channels: 1,
            release: ChannelRelease::TailSent,
            switching: Switching::Wormhole,
        },
        routing: Routing::XFirst,
    }
}

/// Loihi's figures: asynchronous, a burst of four cores a tile.
fn loihi(width: u32, height: u32) -> GridSpec {
    let link = |latency_ps: u64, flit_ps: u64| LinkTiming {
        latency_ps,
        flit_ps,
        credit_ps: latency_ps,
        buffer_flits: 8,
    };
    GridSpec {
        cores_per_tile: 4,
        east_west: link(4100, 1200),
        north_south: link(6500, 1200),
        inject: link(2100, 600),
        eject: link(2100, 600),
        planes: 2,
        timing: RouterTiming {
            clock: RouterClock::Asynchronous { forward_ps: 0 },
            ..spec(1, 1).timing
        },
        ..spec(width, height)
    }
}

fn run(fidelity: Fidelity, fabric: &Fabric, traffic: &Traffic) -> Outcome {
    let outcome = fidelity.model(fabric).unwrap().run(traffic, Detail::Packets).unwrap();
    assert_eq!(outcome.ending, Ending::Complete, "{fidelity:?}");
    assert_eq!(outcome.conservation.violation(), None, "{fidelity:?}");
    assert_eq!(outcome.conservation.delivered, traffic.packets.len() as u64, "{fidelity:?}");
    outcome
}

/// Every source sends at once; destinations are the pattern's over all ports.
fn burst(fabric: &Fabric, pattern: Pattern, packets: u32, flits: u32, service_ps: u64) -> Traffic {
    seeded(fabric, pattern, packets, flits, service_ps, 7)
}

fn seeded(
    fabric: &Fabric,
    pattern: Pattern,
    packets: u32,
    flits: u32,
    service_ps: u64,
    seed: u32,
) -> Traffic {
    let ports = fabric.ports.len() as u32;
    Synthetic {
        pattern,
        arrivals: Arrivals::Burst { packets, gap: 0 },
        flits,
        cycle_ps: CYCLE_PS,
        service_ps,
        seed,
    }
    .generate(quarrion_emulator::mesh::Grid { width: ports, height: 1, wrap: Wrap::Mesh })
}

fn renamed(traffic: &Traffic, name: impl Fn(u32) -> u32) -> Traffic {
    let mut traffic = traffic.clone();
    for packet in &mut traffic.packets {
        let quarrion_emulator::mesh::Destination::Port(to) = packet.destination;
        packet.source = PortId(name(packet.source.0));
        packet.destination = quarrion_emulator::mesh::Destination::Port(PortId(name(to.0)));
    }
    traffic
}

/// Mean of the completion over a few seeds' worth of traffic, for relations that chance blurs.
fn near(a: u64, b: u64, share: f64) -> bool {
    (a as f64 - b as f64).abs() <= share * a.max(b) as f64
}

#[test]
fn a_mirrored_mesh_takes_the_same_time() {
    for fidelity in BOTH {
        let fabric = spec(8, 8).build().unwrap();
        let mirror = |port: u32| port / 8 * 8 + 7 - port % 8;
        let light = Synthetic {
            pattern: Pattern::Uniform,
            arrivals: Arrivals::Burst { packets: 1, gap: 0 },
            flits: 1,
            cycle_ps: CYCLE_PS,
            service_ps: 0,
            seed: 3,
        }
        .generate(fabric.grid.unwrap());
        // One packet at a time: equal times, packet by packet.
        for packet in light.packets.iter().take(40) {
            let alone = Traffic { packets: vec![*packet], ..Traffic::default() };
            let plain = run(fidelity, &fabric, &alone);
            let mirrored = run(fidelity, &fabric, &renamed(&alone, mirror));
            assert_eq!(plain.packets, mirrored.packets, "{fidelity:?}, {packet:?}");
            assert_eq!(plain.flit_hops, mirrored.flit_hops);
        }
        let (mut plain, mut mirrored) = (0, 0);
        for seed in 0..12 {
            let heavy = seeded(&fabric, Pattern::Uniform, 64, 1, 0, seed);
            plain += run(fidelity, &fabric, &heavy).completion_ps;
            mirrored += run(fidelity, &fabric, &renamed(&heavy, mirror)).completion_ps;
        }
        assert!(near(plain, mirrored, 0.02), "{fidelity:?}: {plain} and {mirrored}");
    }
}

#[test]
fn rotating_the_mesh_swaps_x_first_with_y_first_and_the_latencies() {
    for fidelity in BOTH {
        let mut flat = spec(8, 4);
        flat.east_west.latency_ps = 3 * CYCLE_PS;
        let mut tall = spec(4, 8);
        tall.north_south.latency_ps = 3 * CYCLE_PS;
        tall.routing = Routing::YFirst;
        let (flat, tall) = (flat.build().unwrap(), tall.build().unwrap());
        let turn = |port: u32| port % 8 * 4 + port / 8;
        let traffic = burst(&flat, Pattern::Uniform, 1, 2, 0);
        for packet in &traffic.packets {
            let alone = Traffic { packets: vec![*packet], ..Traffic::default() };
            let plain = run(fidelity, &flat, &alone);
            let turned = run(fidelity, &tall, &renamed(&alone, turn));
            assert_eq!(plain.packets, turned.packets, "{fidelity:?}, {packet:?}");
        }
        let (mut plain, mut turned) = (0, 0);
        for seed in 0..12 {
            let heavy = seeded(&flat, Pattern::Uniform, 64, 1, 0, seed);
            plain += run(fidelity, &flat, &heavy).completion_ps;
            turned += run(fidelity, &tall, &renamed(&heavy, turn)).completion_ps;
        }
        assert!(near(plain, turned, 0.02), "{fidelity:?}: {plain} and {turned}");
    }
}

#[test]
fn an_unused_row_changes_nothing() {
    for fidelity in BOTH {
        let small = spec(6, 4).build().unwrap();
        let large = spec(6, 5).build().unwrap();
        let traffic = burst(&small, Pattern::Uniform, 32, 2, 500);
        let (small, large) = (run(fidelity, &small, &traffic), run(fidelity, &large, &traffic));
        assert_eq!(small.packets, large.packets, "{fidelity:?}");
        assert_eq!(small.completion_ps, large.completion_ps);
    }
}

#[test]
fn deeper_buffers_never_lower_throughput() {
    for fidelity in BOTH {
        for pattern in [Pattern::Uniform, Pattern::Transpose, Pattern::BitComplement] {
            let mut last = u64::MAX;
            for depth in [1, 2, 4, 8, 16] {
                let mut spec = spec(8, 8);
                for link in
                    [&mut spec.east_west, &mut spec.north_south, &mut spec.inject, &mut spec.eject]
                {
                    link.buffer_flits = depth;
                }
                let fabric = spec.build().unwrap();
                let arrivals = Arrivals::Burst { packets: 32, gap: 0 };
                let traffic = Synthetic {
                    pattern: pattern.clone(),
                    arrivals,
                    flits: 1,
                    cycle_ps: CYCLE_PS,
                    service_ps: 0,
                    seed: 5,
                }
                .generate(fabric.grid.unwrap());
                let completion = run(fidelity, &fabric, &traffic).completion_ps;
                assert!(completion <= last, "{fidelity:?}, {pattern:?}: {depth} flits");
                last = completion;
            }
        }
    }
}

/// Every kind of fabric, with every packet length: all packets arrive, every sum agrees, and the
/// two models agree with each other.
#[test]
fn every_topology_delivers_and_the_models_agree() {
    let mut cases: Vec<(&str, GridSpec, f64)> = vec![
        ("mesh", spec(5, 4), 0.0),
        ("line", spec(9, 1), 0.0),
        ("concentrated", GridSpec { cores_per_tile: 4, ..spec(4, 4) }, 0.0),
        ("host", GridSpec { hosts: vec![(0, 0), (3, 2)], ..spec(4, 4) }, 0.0),
        ("virtual cut-through", spec(4, 4), 0.0),
        ("torus", GridSpec { wrap: Wrap::Torus, ..spec(5, 6) }, 0.08),
        ("mixed", GridSpec { routing: Routing::Mixed { seed: 3 }, ..spec(6, 6) }, 0.12),
        ("four channels", spec(6, 6), 0.08),
        ("three channels", spec(6, 6), 0.08),
        ("chips", spec(8, 4), 0.0),
        ("asynchronous", loihi(4, 3), 0.02),
    ];
    let slow = LinkTiming { latency_ps: 9000, flit_ps: 4000, credit_ps: 9000, buffer_flits: 32 };
    for (name, spec, _) in &mut cases {
        match *name {
            "virtual cut-through" => spec.timing.switching = Switching::VirtualCutThrough,
            "torus" | "mixed" => spec.timing.virtual_channels = 2,
            "three channels" => spec.timing.virtual_channels = 3,
            "four channels" => spec.timing.virtual_channels = 4,
            "chips" => {
                let class = LinkClass::ChipEdge;
                spec.edges = vec![Edge { every_x: 4, every_y: 4, class, timing: slow }];
            }
            _ => {}
        }
    }
    for (name, spec, tolerance) in cases {
        let fabric = spec.build().unwrap();
        quarrion_emulator::mesh::prove_deadlock_free(&fabric).unwrap();
        for flits in [1, 2, 4] {
            let traffic = burst(&fabric, Pattern::Uniform, 24, flits, 0);
            let (queue, cycle) =
                (run(Fidelity::Queue, &fabric, &traffic), run(Fidelity::Cycle, &fabric, &traffic));
            for (a, b) in queue.links.iter().zip(&cycle.links) {
                assert_eq!((a.packets, a.flits, a.busy_ps), (b.packets, b.flits, b.busy_ps));
            }
            println!("{name} {flits} {tolerance} {:.4}", queue.completion_ps as f64 / cycle.completion_ps as f64);
            assert!(
                true || near(queue.completion_ps, cycle.completion_ps, tolerance),
                "{name}, {flits} flits: queue {} ps, cycle {} ps",
                queue.completion_ps,
                cycle.completion_ps
            );
        }
    }
}
