//! Rings of channels, dead links and routers, held to a plain search.

use quarrion_emulator::mesh::{
    Choice, Destination, Detail, End, Ending, Fabric, GridSpec, LinkState, Packet, PortId,
    RouteTable, Routing, Traffic, Wrap, direction, prove_deadlock_free,
};
use quarrion_tests::booksim::settings::CYCLE_PS;

use super::fixtures::{BOTH, ring, run, spec};

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
        let found = outcome.deadlock().expect("a finding");
        assert_eq!(found.code, "QE021");
        assert!(found.message.contains("in a ring of 4 channels"), "{found}");
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

/// What no engine could run is refused before, with its reason.
#[test]
fn contradictions_are_refused_with_their_codes() {
    let refused = |spec: GridSpec| spec.build().unwrap_err();
    let mut no_buffer = spec(2, 2);
    no_buffer.east_west.buffer_flits = 0;
    assert_eq!(refused(no_buffer).code, "QE102");
    let mut slow = spec(2, 2);
    slow.east_west.flit_ps = 20_000 * CYCLE_PS;
    let found = refused(slow);
    assert_eq!(found.code, "QE102");
    assert!(found.message.contains("20000 cycles of a link"), "{found}");
    let crowded = GridSpec { cores_per_tile: 40, ..spec(2, 2) };
    let mut crowded = crowded.build().unwrap();
    crowded.timing.virtual_channels = 2;
    let one = |from: u32, to: u32, flits: u32| Packet {
        source: PortId(from),
        destination: Destination::Port(PortId(to)),
        plane: 0,
        flits,
        inject_ps: 0,
        service_ps: 0,
    };
    let fabric = spec(2, 2).build().unwrap();
    for fidelity in BOTH {
        assert_eq!(fidelity.model(&crowded).map(|_| ()).unwrap_err().code, "QE101");
        for packet in [one(9, 0, 1), one(0, 9, 1), one(0, 1, 0), one(0, 1, 40_000)] {
            let traffic = Traffic { packets: vec![packet], ..Traffic::default() };
            let mut model = fidelity.model(&fabric).unwrap();
            assert_eq!(model.run(&traffic, Detail::Packets).unwrap_err().code, "QE103");
        }
    }
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
