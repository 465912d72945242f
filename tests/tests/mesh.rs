//! The mesh's timing models: against a reference simulator, against each other, against themselves.

use std::num::NonZero;

use quarrion_emulator::mesh::{
    Arrivals, Branch, ChannelRelease, Choice, Destination, Detail, Edge, End, Ending, Fabric,
    Fidelity, GridSpec, LinkClass, LinkState, LinkTiming, Member, MulticastEntry, MulticastTable,
    Outcome, Packet, Pattern, PlaneUse, PortId, QueueModel, RouteTable, RouterClock, RouterTiming,
    Routing, Speculation, Switching, Synthetic, Traffic, Tree, Wrap, critical_path, direction,
    prove_deadlock_free,
};
use quarrion_tests::booksim::compare::compare;
use quarrion_tests::booksim::folder::Folder;
use quarrion_tests::booksim::settings::{CYCLE_PS, setting};
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
        drop_after_ps: None,
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
    let mut model = fidelity.model(fabric).expect("a valid fabric");
    let outcome = model.run(traffic, Detail::Packets).expect("valid traffic");
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
        let Destination::Port(to) = packet.destination else { continue };
        packet.source = PortId(name(packet.source.0));
        packet.destination = Destination::Port(PortId(name(to.0)));
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
            assert!(plain.packets == mirrored.packets, "{fidelity:?}, {packet:?}");
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
            assert!(plain.packets == turned.packets, "{fidelity:?}, {packet:?}");
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
        assert!(small.packets == large.packets, "{fidelity:?}");
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
        ("torus", GridSpec { wrap: Wrap::Torus, ..spec(5, 6) }, 0.10),
        (
            "mixed",
            GridSpec { routing: Routing::Mixed { choice: Choice::Drawn(3) }, ..spec(6, 6) },
            0.12,
        ),
        ("four channels", spec(6, 6), 0.08),
        ("three channels", spec(6, 6), 0.08),
        ("chips", spec(8, 4), 0.0),
        ("asynchronous", loihi(4, 3), 0.0),
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
        prove_deadlock_free(&fabric, &[]).unwrap();
        for flits in [1, 2, 4] {
            let traffic = burst(&fabric, Pattern::Uniform, 24, flits, 0);
            let (queue, cycle) =
                (run(Fidelity::Queue, &fabric, &traffic), run(Fidelity::Cycle, &fabric, &traffic));
            for (a, b) in queue.links.iter().zip(&cycle.links) {
                assert_eq!((a.packets, a.flits, a.busy_ps), (b.packets, b.flits, b.busy_ps));
            }
            if tolerance == 0.0 {
                assert!(queue.packets == cycle.packets, "{name}, {flits} flits: packet times");
            }
            assert!(
                near(queue.completion_ps, cycle.completion_ps, tolerance),
                "{name}, {flits} flits: queue {} ps, cycle {} ps",
                queue.completion_ps,
                cycle.completion_ps
            );
        }
    }
}

/// Cores that take long hold packets up in the mesh, in both models by the same time.
#[test]
fn slow_cores_hold_up_the_mesh_alike_in_both_models() {
    for (name, spec, tolerance) in [
        ("clocked", spec(4, 4), 0.0),
        ("four cores a tile", GridSpec { planes: 1, ..loihi(4, 4) }, 0.0),
        ("two planes", loihi(4, 4), 0.03),
        ("four channels", four_channels(4, 4), 0.05),
    ] {
        let fabric = spec.build().unwrap();
        for (flits, service_ps) in [(1, 16_000), (2, 25_300), (4, 40_000)] {
            let traffic = burst(&fabric, Pattern::Uniform, 40, flits, service_ps);
            let free =
                run(Fidelity::Queue, &fabric, &burst(&fabric, Pattern::Uniform, 40, flits, 0));
            let queue = run(Fidelity::Queue, &fabric, &traffic);
            let cycle = run(Fidelity::Cycle, &fabric, &traffic);
            assert!(3 * queue.completion_ps > 4 * free.completion_ps, "{name}: no back-pressure");
            if tolerance == 0.0 {
                assert!(queue.packets == cycle.packets, "{name}, {flits} flits: packet times");
            }
            assert!(near(queue.completion_ps, cycle.completion_ps, tolerance), "{name}");
        }
    }
}

fn four_channels(width: u32, height: u32) -> GridSpec {
    let mut four = spec(width, height);
    four.timing.virtual_channels = 4;
    four
}

/// A ring of routers where every packet goes on clockwise: sure to lock up when it is full.
fn ring() -> Fabric {
    let mut fabric = spec(2, 2).build().expect("a valid grid");
    // Routers 0 1 / 2 3: east, north, west, south and round again.
    let turn = [(0, direction::EAST), (1, direction::NORTH), (3, direction::WEST)];
    let mut next = vec![RouteTable::NONE; 16];
    for to in 0..4u32 {
        for (from, port) in turn.into_iter().chain([(2, direction::SOUTH)]) {
            if from != to {
                next[(from * 4 + to) as usize] = port as u8;
            }
        }
    }
    fabric.routing = Routing::Table(RouteTable { next, nodes: 4 });
    fabric
}

#[test]
fn a_ring_of_channels_is_refused_before_the_run_and_found_in_it() {
    let fabric = ring();
    let refusal = prove_deadlock_free(&fabric, &[]).unwrap_err();
    assert_eq!(refusal.code, "QE104");
    // Everybody sends many packets three hops on.
    let packets = (0..400u32).map(|n| Packet {
        source: PortId(n % 4),
        destination: Destination::Port(PortId([2, 0, 3, 1][(n % 4) as usize])),
        plane: 0,
        flits: 4,
        inject_ps: 0,
        service_ps: 0,
    });
    let traffic = Traffic { packets: packets.collect(), ..Traffic::default() };
    for fidelity in BOTH {
        let mut model = fidelity.model(&fabric).unwrap();
        let outcome = model.run(&traffic, Detail::Packets).unwrap();
        let Ending::Deadlock(ring) = outcome.ending else { panic!("{fidelity:?} gets through") };
        let mut links: Vec<u32> = ring.iter().map(|waiting| waiting.link).collect();
        links.sort_unstable();
        links.dedup();
        assert_eq!(links.len(), 4, "{fidelity:?}: a ring over the four routers, not {ring:?}");
        // The model is as good as new after that.
        let one = Traffic { packets: traffic.packets[..1].to_vec(), ..Traffic::default() };
        let again = model.run(&one, Detail::Packets).unwrap();
        assert!(again == run(fidelity, &fabric, &one), "{fidelity:?} remembers a deadlock");
    }
}

#[test]
fn proofs_pass_and_fail_where_they_should() {
    let torus = GridSpec { wrap: Wrap::Torus, ..spec(5, 4) };
    assert_eq!(torus.build().unwrap_err().code, "QE105", "a torus needs two channels");
    let mixed = GridSpec { routing: Routing::Mixed { choice: Choice::Drawn(1) }, ..spec(4, 4) };
    assert_eq!(mixed.build().unwrap_err().code, "QE105", "mixed routing needs two channels");
    let mut waiting = spec(4, 4).build().unwrap();
    assert!(prove_deadlock_free(&waiting, &[]).is_ok());
    for port in &mut waiting.ports {
        port.consumption = quarrion_emulator::mesh::Consumption::WaitsForOutput;
    }
    let refusal = prove_deadlock_free(&waiting, &[]).unwrap_err();
    assert_eq!(refusal.code, "QE104", "cores that wait for their output close rings");
}

/// Random dead links and routers: routes go round them, reach whatever a search reaches, and never
/// close a ring; packets take exactly the time of their route.
#[test]
fn routes_lead_around_dead_parts() {
    for seed in 0..12u32 {
        let mut fabric = spec(6, 5).build().unwrap();
        let mut draw = quarrion_isa::random::philox([seed, 9], [0; 4]);
        for round in 0..4 {
            draw = quarrion_isa::random::philox([seed, 9], [round, draw[0], 0, 0]);
            let link = draw[1] % 98;
            fabric.kill_link(link);
            if round == 0 {
                fabric.kill_router(draw[2] % 30);
            }
        }
        let table = fabric.routes_around_faults();
        fabric.routing = Routing::Table(table.clone());
        let reach = reachable(&fabric);
        let mut packets = Vec::new();
        for from in 0..30u32 {
            for to in 0..30u32 {
                let routed = from == to || table.port(from, to) != RouteTable::NONE;
                let whole = !dead(&fabric, from) && !dead(&fabric, to);
                if whole && routed {
                    assert!(reach[from as usize][to as usize]);
                    packets.push(Packet {
                        source: PortId(from),
                        destination: Destination::Port(PortId(to)),
                        plane: 0,
                        flits: 1,
                        inject_ps: u64::from(from * 30 + to) * 300 * CYCLE_PS,
                        service_ps: 0,
                    });
                }
                // Links that work both ways always leave a way up and down.
                if reach[from as usize][to as usize] && reach[to as usize][from as usize] && whole {
                    assert!(routed || one_way(&fabric), "{from} to {to} has no route");
                }
            }
        }
        assert!(packets.len() > 300, "only {} pairs are left", packets.len());
        let traffic = Traffic { packets, ..Traffic::default() };
        for fidelity in BOTH {
            let outcome = run(fidelity, &fabric, &traffic);
            for (packet, times) in traffic.packets.iter().zip(&outcome.packets) {
                let Destination::Port(to) = packet.destination else { continue };
                let hops = walk(&fabric, &table, packet.source.0, to.0);
                assert_eq!(times.eject_ps - packet.inject_ps, (4 * (hops + 1) + 2) * CYCLE_PS);
            }
        }
    }
}

fn dead(fabric: &Fabric, port: u32) -> bool {
    let sides = &fabric.ports[port as usize];
    let state = |link: u32| fabric.links[link as usize].state;
    state(sides.inject[0]) == LinkState::Dead || state(sides.eject[0]) == LinkState::Dead
}

fn steps(fabric: &Fabric) -> Vec<Vec<u32>> {
    let mut next = vec![Vec::new(); fabric.routers.len()];
    for link in fabric.links.iter().filter(|link| link.state == LinkState::Up) {
        if let (End::Router { router: from, .. }, End::Router { router: to, .. }) =
            (link.from, link.to)
        {
            next[from as usize].push(to);
        }
    }
    next
}

fn one_way(fabric: &Fabric) -> bool {
    let next = steps(fabric);
    (0..next.len()).any(|a| next[a].iter().any(|b| !next[*b as usize].contains(&(a as u32))))
}

/// The oracle: plain search over working links.
fn reachable(fabric: &Fabric) -> Vec<Vec<bool>> {
    let next = steps(fabric);
    let from_one = |start: usize| {
        let mut seen = vec![false; next.len()];
        let mut queue = vec![start as u32];
        seen[start] = true;
        while let Some(at) = queue.pop() {
            for to in &next[at as usize] {
                if !std::mem::replace(&mut seen[*to as usize], true) {
                    queue.push(*to);
                }
            }
        }
        seen
    };
    (0..next.len()).map(from_one).collect()
}

fn walk(fabric: &Fabric, table: &RouteTable, from: u32, to: u32) -> u64 {
    let (mut at, mut hops) = (from, 0);
    while at != to {
        let port = u32::from(table.port(at, to));
        let link = fabric.link_at(at, port).expect("a table names working links");
        let End::Router { router, .. } = fabric.links[link as usize].to else { panic!() };
        (at, hops) = (router, hops + 1);
    }
    hops
}

#[test]
fn x_first_routes_over_a_dead_link_are_refused_and_others_are_not() {
    let mut fabric = spec(4, 1).build().unwrap();
    fabric.kill_link(fabric.link_at(1, direction::EAST).unwrap());
    let packet = |from: u32, to: u32| Packet {
        source: PortId(from),
        destination: Destination::Port(PortId(to)),
        plane: 0,
        flits: 1,
        inject_ps: 0,
        service_ps: 0,
    };
    for fidelity in BOTH {
        let mut model = fidelity.model(&fabric).unwrap();
        let across = Traffic { packets: vec![packet(0, 3)], ..Traffic::default() };
        assert_eq!(model.run(&across, Detail::Packets).unwrap_err().code, "QE106");
        let beside = Traffic { packets: vec![packet(3, 0), packet(2, 3)], ..Traffic::default() };
        assert_eq!(model.run(&beside, Detail::Packets).unwrap().ending, Ending::Complete);
    }
}

fn cut_through(width: u32, height: u32) -> GridSpec {
    let mut spec = spec(width, height);
    spec.timing.switching = Switching::VirtualCutThrough;
    spec
}

/// Fifteen members each, one tree a source: the same cores get the same packets as with copies
/// per core, over no more links, and every sum agrees.
#[test]
fn a_tree_reaches_every_member_over_fewer_links_than_copies() {
    for channels in [1, 4] {
        let mut spec = cut_through(6, 6);
        spec.timing.virtual_channels = channels;
        let fabric = spec.build().unwrap();
        let mut trees = Vec::new();
        let (mut copies, mut packets) = (Vec::new(), Vec::new());
        for source in 0..36u32 {
            let draw = |n: u32| quarrion_isa::random::philox([5, 5], [source, n, 0, 0])[0] % 36;
            let mut members: Vec<u32> = (0..15).map(draw).collect();
            members.sort_unstable();
            members.dedup();
            let member = |port: &u32| Member { port: PortId(*port), service_ps: 700 };
            let list: Vec<Member> = members.iter().map(member).collect();
            let tree = Tree::along_routes(&fabric, PortId(source), &list, 0).unwrap();
            assert_eq!(tree.leaves(), members.len());
            for round in 0..3u64 {
                let packet = |destination: Destination| Packet {
                    source: PortId(source),
                    destination,
                    plane: 0,
                    flits: 2,
                    inject_ps: round * 10 * CYCLE_PS,
                    service_ps: 700,
                };
                packets.push(packet(Destination::Tree(source)));
                copies.extend(members.iter().map(|to| packet(Destination::Port(PortId(*to)))));
            }
            trees.push(tree);
        }
        prove_deadlock_free(&fabric, &trees).unwrap();
        let delivered = copies.len() as u64;
        let copies =
            run(Fidelity::Queue, &fabric, &Traffic { packets: copies, ..Traffic::default() });
        let traffic = Traffic { packets, trees, ..Traffic::default() };
        let mut model = Fidelity::Queue.model(&fabric).unwrap();
        let tree = model.run(&traffic, Detail::Packets).unwrap();
        assert_eq!(tree.ending, Ending::Complete);
        assert_eq!(tree.conservation.violation(), None);
        assert_eq!(tree.conservation.delivered, delivered);
        assert!(tree.conservation.replicated > 400);
        assert!(tree.completion_ps < copies.completion_ps);
        for (tree, copies) in tree.links.iter().zip(&copies.links) {
            assert!(tree.packets <= copies.packets);
        }
        let flit_by_flit = run_all(Fidelity::Cycle, &fabric, &traffic);
        for (queue, cycle) in tree.links.iter().zip(&flit_by_flit.links) {
            assert_eq!((queue.packets, queue.flits), (cycle.packets, cycle.flits));
        }
        let share = if channels == 1 { 0.02 } else { 0.10 };
        let (a, b) = (tree.completion_ps, flit_by_flit.completion_ps);
        println!("{channels} channels, {a} ps by packet, {b} ps by flit");
        assert!(near(a, b, share), "{channels} channels: {a} ps by packet, {b} ps by flit");
        let ejected = |outcome: &Outcome| -> Vec<u64> {
            let links = fabric.ports.iter().map(|port| port.eject[0] as usize);
            links.map(|link| outcome.links[link].packets).collect()
        };
        assert_eq!(ejected(&tree), ejected(&copies), "every core gets what it got before");
    }
}

/// Runs traffic with trees to its end.
fn run_all(fidelity: Fidelity, fabric: &Fabric, traffic: &Traffic) -> Outcome {
    let mut model = fidelity.model(fabric).expect("a sound fabric");
    let outcome = model.run(traffic, Detail::Packets).expect("sound traffic");
    assert_eq!(outcome.ending, Ending::Complete, "{fidelity:?}");
    assert_eq!(outcome.conservation.violation(), None, "{fidelity:?}");
    outcome
}

#[test]
fn trees_need_cut_through_and_drops_the_queue_model() {
    let member = Member { port: PortId(5), service_ps: 0 };
    let dropping = GridSpec { drop_after_ps: Some(1000), ..cut_through(4, 4) };
    for (spec, fidelity) in
        [(spec(4, 4), Fidelity::Queue), (spec(4, 4), Fidelity::Cycle), (dropping, Fidelity::Cycle)]
    {
        let fabric = spec.build().unwrap();
        let tree = Tree::along_routes(&fabric, PortId(0), &[member], 0).unwrap();
        let packet = Packet {
            source: PortId(0),
            destination: Destination::Tree(0),
            plane: 0,
            flits: 1,
            inject_ps: 0,
            service_ps: 0,
        };
        let traffic = Traffic { packets: vec![packet], trees: vec![tree], ..Traffic::default() };
        let refusal = fidelity.model(&fabric).unwrap().run(&traffic, Detail::Packets).unwrap_err();
        assert_eq!(refusal.code, "QE107");
    }
}

/// A key that one line sends east and north; routers without a line pass it straight on.
#[test]
fn tables_and_default_routes_make_trees() {
    let fabric = cut_through(4, 4).build().unwrap();
    let line = |ports: Vec<u32>, cores: Vec<u32>| MulticastEntry {
        key: 0x40,
        mask: 0xF0,
        ports,
        cores: cores.into_iter().map(|c| Member { port: PortId(c), service_ps: 0 }).collect(),
    };
    let mut table = MulticastTable { entries: vec![Vec::new(); 16] };
    table.entries[0] = vec![line(vec![direction::EAST, direction::NORTH], vec![0])];
    table.entries[3] = vec![line(vec![], vec![3])];
    table.entries[12] = vec![line(vec![], vec![12])];
    let tree = Tree::by_table(&fabric, &table, PortId(0), 0x47, 0).unwrap();
    assert_eq!(tree.leaves(), 3);
    assert_eq!(tree.nodes.len(), 7, "two hops of default routing each way");
    let onward = tree.nodes[0].branches.iter().filter(|b| matches!(b, Branch::Onward { .. }));
    assert_eq!(onward.count(), 2);
    table.entries[3].clear();
    let refusal = Tree::by_table(&fabric, &table, PortId(0), 0x47, 0).unwrap_err();
    assert_eq!(refusal.code, "QE107", "straight on leads off the mesh");
}

/// Nobody takes packets for long: with a timeout they are dropped and counted, and nothing hangs,
/// not even on a ring of channels.
#[test]
fn blocked_packets_are_dropped_after_the_timeout() {
    let mut fabric = ring();
    fabric.timing.switching = Switching::VirtualCutThrough;
    fabric.drop_after_ps = Some(60 * CYCLE_PS);
    let packets = (0..400u32).map(|n| Packet {
        source: PortId(n % 4),
        destination: Destination::Port(PortId([2, 0, 3, 1][(n % 4) as usize])),
        plane: 0,
        flits: 4,
        inject_ps: u64::from(n / 4 * 30 + n % 4 * 7) * CYCLE_PS,
        service_ps: 30 * CYCLE_PS,
    });
    let traffic = Traffic { packets: packets.collect(), ..Traffic::default() };
    let outcome = Fidelity::Queue.model(&fabric).unwrap().run(&traffic, Detail::Packets).unwrap();
    assert_eq!(outcome.ending, Ending::Complete);
    assert_eq!(outcome.conservation.violation(), None);
    let sums = outcome.conservation;
    assert!(sums.dropped > 20 && sums.delivered > 20, "{sums:?}");
    let missing = outcome.packets.iter().filter(|times| times.eject_ps == u64::MAX).count();
    assert_eq!(missing as u64, sums.lost);
    fabric.drop_after_ps = Some(1_000_000 * CYCLE_PS);
    fabric.routing = Routing::XFirst;
    let patient = run(Fidelity::Queue, &fabric, &traffic);
    assert_eq!(patient.conservation.dropped, 0);
}

#[test]
fn the_critical_path_adds_up() {
    let fabric = spec(6, 6).build().unwrap();
    let traffic = burst(&fabric, Pattern::Uniform, 30, 1, 0);
    for fidelity in BOTH {
        let mut model = fidelity.model(&fabric).unwrap();
        let outcome = model.run(&traffic, Detail::Packets).unwrap();
        let path = critical_path(model.as_mut(), &fabric, &traffic, &outcome).unwrap().unwrap();
        assert_eq!(path.times.done_ps, outcome.completion_ps);
        let waited: u64 = path.legs.iter().map(|leg| leg.waited_ps).sum();
        let hops = path.legs.len() as u64 - 2;
        let free = (4 * (hops + 1) + 2) * CYCLE_PS;
        assert!(waited > 0, "{fidelity:?}: the last packet of a burst waits somewhere");
        assert_eq!(path.times.eject_ps - path.ready_ps, free + waited, "{fidelity:?}");
    }
}

/// A slower or narrower link never ends anything earlier when nothing else is under way.
#[test]
fn a_slower_link_delays_its_packets() {
    for fidelity in BOTH {
        let mut last = 0;
        for slow in 1..6 {
            let mut fabric = spec(4, 4).build().unwrap();
            let link = fabric.link_at(1, direction::EAST).unwrap();
            fabric.slow_link(link, 1, slow);
            let traffic = burst(&fabric, Pattern::Uniform, 20, 3, 0);
            let completion = run(fidelity, &fabric, &traffic).completion_ps;
            assert!(completion >= last, "{fidelity:?}: {slow} times slower");
            last = completion;
        }
    }
}

/// A mesh of several regions: the same as flit by flit, on any number of threads.
#[test]
fn regions_and_threads_change_nothing() {
    let mut specs = [spec(25, 23), GridSpec { planes: 2, ..spec(23, 25) }, four_channels(24, 24)];
    specs[1].east_west.latency_ps = 3 * CYCLE_PS;
    for (spec, service) in specs.into_iter().zip([3, 0, 3]) {
        let fabric = spec.build().unwrap();
        let traffic = burst(&fabric, Pattern::Uniform, 12, 2, service * CYCLE_PS);
        let alone = run(Fidelity::Queue, &fabric, &traffic);
        if spec.timing.virtual_channels == 1 {
            let cycle = run(Fidelity::Cycle, &fabric, &traffic);
            assert!(alone.packets == cycle.packets, "regions differ from one router array");
        }
        for threads in [2, 3, 7] {
            let threads = NonZero::new(threads).unwrap();
            let mut model = QueueModel::with_threads(&fabric, threads).unwrap();
            for _ in 0..2 {
                let together = model.run(&traffic, Detail::Hops).unwrap();
                assert!(together.packets == alone.packets, "{threads} threads");
                assert!(together.links == alone.links, "{threads} threads");
                assert_eq!(together.conservation, alone.conservation);
            }
        }
    }
}
