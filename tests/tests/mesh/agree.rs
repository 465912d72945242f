//! The two models agree with each other, on every kind of fabric.

use quarrion_emulator::mesh::{
    Choice, Detail, Edge, Fidelity, GridSpec, LinkClass, LinkTiming, Pattern, Routing, Switching,
    Wrap, critical_path, prove_deadlock_free,
};
use quarrion_tests::booksim::settings::CYCLE_PS;

use super::fixtures::{BOTH, burst, four_channels, loihi, near, run, spec};

/// Every kind of fabric, with every packet length: all packets arrive, every sum agrees, and the
/// two models agree with each other.
#[test]
fn every_topology_delivers_and_the_models_agree() {
    let mut cases: Vec<(&str, GridSpec)> = vec![
        ("mesh", spec(5, 4)),
        ("line", spec(9, 1)),
        ("concentrated", GridSpec { cores_per_tile: 4, ..spec(4, 4) }),
        ("host", GridSpec { hosts: vec![(0, 0), (3, 2)], ..spec(4, 4) }),
        ("virtual cut-through", spec(4, 4)),
        ("torus", GridSpec { wrap: Wrap::Torus, ..spec(5, 6) }),
        ("mixed", GridSpec { routing: Routing::Mixed { choice: Choice::Drawn(3) }, ..spec(6, 6) }),
        ("four channels", spec(6, 6)),
        ("three channels", spec(6, 6)),
        ("chips", spec(8, 4)),
        ("asynchronous", loihi(4, 3)),
    ];
    let slow = LinkTiming { latency_ps: 9000, flit_ps: 4000, credit_ps: 9000, buffer_flits: 32 };
    for (name, spec) in &mut cases {
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
    for (name, spec) in cases {
        let fabric = spec.build().unwrap();
        prove_deadlock_free(&fabric, &[]).unwrap();
        for flits in [1, 2, 4] {
            let traffic = burst(&fabric, Pattern::Uniform, 24, flits, 0);
            let (queue, cycle) =
                (run(Fidelity::Queue, &fabric, &traffic), run(Fidelity::Cycle, &fabric, &traffic));
            for (a, b) in queue.links.iter().zip(&cycle.links) {
                assert_eq!((a.packets, a.flits, a.busy_ps), (b.packets, b.flits, b.busy_ps));
            }
            assert!(queue.packets == cycle.packets, "{name}, {flits} flits: packet times");
            assert_eq!(queue.completion_ps, cycle.completion_ps, "{name}, {flits} flits");
        }
    }
}

/// Cores that take long hold packets up in the mesh, in both models by the same time; where a core
/// takes longer packets from two planes, by nearly the same.
#[test]
fn slow_cores_hold_up_the_mesh_alike_in_both_models() {
    for (name, spec, tolerance) in [
        ("clocked", spec(4, 4), 0.0),
        ("four cores a tile", GridSpec { planes: 1, ..loihi(4, 4) }, 0.0),
        ("two planes", loihi(4, 4), 0.03),
        ("four channels", four_channels(4, 4), 0.0),
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
