//! Fabrics and traffic that the tests share.

use quarrion_emulator::mesh::{
    Arrivals, Destination, Detail, Ending, Fabric, Fidelity, GridSpec, LinkTiming, Member, Outcome,
    Packet, Pattern, PortId, RouteTable, RouterClock, RouterTiming, Routing, Switching, Synthetic,
    Traffic, Tree, Wrap, direction,
};
use quarrion_tests::booksim::settings::{CYCLE_PS, setting};

pub(super) const BOTH: [Fidelity; 2] = [Fidelity::Queue, Fidelity::Cycle];

/// A mesh with one virtual channel of four flits, like the reference's `v1b4`.
pub(super) fn spec(width: u32, height: u32) -> GridSpec {
    setting("v1b4").expect("a setting of the reference").grid(width, height)
}

/// Loihi's figures: asynchronous, a burst of four cores a tile.
pub(super) fn loihi(width: u32, height: u32) -> GridSpec {
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

pub(super) fn four_channels(width: u32, height: u32) -> GridSpec {
    let mut four = spec(width, height);
    four.timing.virtual_channels = 4;
    four
}

pub(super) fn cut_through(width: u32, height: u32) -> GridSpec {
    let mut spec = spec(width, height);
    spec.timing.switching = Switching::VirtualCutThrough;
    spec
}

/// A ring of routers where every packet goes on clockwise: sure to lock up when it is full.
pub(super) fn ring() -> Fabric {
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

pub(super) fn run(fidelity: Fidelity, fabric: &Fabric, traffic: &Traffic) -> Outcome {
    let mut model = fidelity.model(fabric).expect("a valid fabric");
    let outcome = model.run(traffic, Detail::Packets).expect("valid traffic");
    assert_eq!(outcome.ending, Ending::Complete, "{fidelity:?}");
    assert_eq!(outcome.conservation.violation(), None, "{fidelity:?}");
    assert_eq!(outcome.conservation.delivered, traffic.packets.len() as u64, "{fidelity:?}");
    outcome
}

/// Runs traffic with trees to its end.
pub(super) fn run_all(fidelity: Fidelity, fabric: &Fabric, traffic: &Traffic) -> Outcome {
    let mut model = fidelity.model(fabric).expect("a sound fabric");
    let outcome = model.run(traffic, Detail::Packets).expect("sound traffic");
    assert_eq!(outcome.ending, Ending::Complete, "{fidelity:?}");
    assert_eq!(outcome.conservation.violation(), None, "{fidelity:?}");
    outcome
}

/// Every source sends at once; destinations are the pattern's over all ports.
pub(super) fn burst(
    fabric: &Fabric,
    pattern: Pattern,
    packets: u32,
    flits: u32,
    service_ps: u64,
) -> Traffic {
    seeded(fabric, pattern, packets, flits, service_ps, 7)
}

pub(super) fn seeded(
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

/// From every port a packet of two flits to a few ports drawn from the first so many.
pub(super) fn groups(fabric: &Fabric, ports: u32, members: u32) -> Traffic {
    let mut traffic = Traffic::default();
    for source in 0..ports {
        let draw = |n: u32| quarrion_isa::random::philox([5, 5], [source, n, 0, 0])[0] % ports;
        let mut list: Vec<u32> = (0..members).map(draw).collect();
        list.sort_unstable();
        list.dedup();
        let member = |port: &u32| Member { port: PortId(*port), service_ps: 700 };
        let list: Vec<Member> = list.iter().map(member).collect();
        let tree = Tree::along_routes(fabric, PortId(source), &list, 0).expect("routes");
        traffic.trees.push(tree);
        traffic.packets.push(Packet {
            source: PortId(source),
            destination: Destination::Tree(source),
            plane: 0,
            flits: 2,
            inject_ps: 0,
            service_ps: 700,
        });
    }
    traffic
}

/// Mean of the completion over a few seeds' worth of traffic, for relations that chance blurs.
pub(super) fn near(a: u64, b: u64, share: f64) -> bool {
    (a as f64 - b as f64).abs() <= share * a.max(b) as f64
}
