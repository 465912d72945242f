//! Metamorphic relations: what a change of the mesh must and must not do.

use std::num::NonZero;

use quarrion_emulator::mesh::{
    Arrivals, Destination, Detail, Ending, Fidelity, GridSpec, Pattern, PortId, QueueModel,
    RouterClock, Routing, Synthetic, Traffic, direction,
};
use quarrion_tests::booksim::settings::CYCLE_PS;

use super::fixtures::{
    BOTH, burst, cut_through, four_channels, groups, loihi, near, run, seeded, spec,
};

fn renamed(traffic: &Traffic, name: impl Fn(u32) -> u32) -> Traffic {
    let mut traffic = traffic.clone();
    for packet in &mut traffic.packets {
        let Destination::Port(to) = packet.destination else { continue };
        packet.source = PortId(name(packet.source.0));
        packet.destination = Destination::Port(PortId(name(to.0)));
    }
    traffic
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
            let mut heavy = seeded(&fabric, Pattern::Uniform, 64, 1, 0, seed);
            // All go east, so that in the mirror all go west.
            heavy.packets.retain(|packet| match packet.destination {
                Destination::Port(to) => to.0 % 8 > packet.source.0 % 8,
                Destination::Tree(_) => false,
            });
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

/// A slower or narrower link never ends anything earlier when nothing else is under way.
#[test]
fn a_slower_link_delays_its_packets() {
    for fidelity in BOTH {
        let (mut first, mut last) = (None, 0);
        for slow in 1..6 {
            let mut fabric = spec(4, 4).build().unwrap();
            let link = fabric.link_at(1, direction::EAST).unwrap();
            fabric.slow_link(link, 1, slow);
            let traffic = burst(&fabric, Pattern::Uniform, 20, 3, 0);
            let completion = run(fidelity, &fabric, &traffic).completion_ps;
            assert!(completion >= last, "{fidelity:?}: {slow} times slower");
            last = completion;
            first.get_or_insert(completion);
        }
        assert!(Some(last) > first, "{fidelity:?}: five times slower takes as long");
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
        let cycle = run(Fidelity::Cycle, &fabric, &traffic);
        assert!(alone.packets == cycle.packets, "regions differ from one router array");
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

/// Where nothing between regions takes longer than it must, a window a tick too long would show:
/// once flits are what arrives soonest, once credits, with routers that act on both at once.
#[test]
fn regions_see_each_other_in_time() {
    for (flit, credit) in [(1, 7), (7, 1), (2, 2)] {
        let mut spec = spec(13, 11);
        spec.timing.clock = RouterClock::Asynchronous { forward_ps: 0 };
        for link in [&mut spec.east_west, &mut spec.north_south] {
            (link.latency_ps, link.credit_ps) = (flit * CYCLE_PS, credit * CYCLE_PS);
            (link.flit_ps, link.buffer_flits) = (CYCLE_PS, 2);
        }
        let fabric = spec.build().unwrap();
        for flits in [1, 2] {
            let traffic = burst(&fabric, Pattern::Uniform, 12, flits, 0);
            let cycle = run(Fidelity::Cycle, &fabric, &traffic);
            let together = run(Fidelity::Queue, &fabric, &traffic);
            assert!(together.packets == cycle.packets, "{flit}, {credit}, {flits} flits");
        }
    }
}

/// The same of packets that branch over regions, and of packets that routers drop.
#[test]
fn regions_and_threads_change_no_tree() {
    for drop_after_ps in [None, Some(40 * CYCLE_PS)] {
        let fabric = GridSpec { drop_after_ps, ..cut_through(20, 20) }.build().unwrap();
        let traffic = groups(&fabric, 400, 9);
        let times = |threads: usize, detail: Detail| {
            let threads = NonZero::new(threads).unwrap();
            let mut model = QueueModel::with_threads(&fabric, threads).unwrap();
            model.run(&traffic, detail).unwrap()
        };
        let alone = times(1, Detail::Hops);
        assert_eq!((&alone.ending, alone.conservation.violation()), (&Ending::Complete, None));
        assert!(alone.conservation.replicated > 3000, "{:?}", alone.conservation);
        assert_eq!(drop_after_ps.is_some(), alone.conservation.dropped > 100);
        for threads in [2, 3, 7] {
            assert!(times(threads, Detail::Hops) == alone, "{threads} threads");
        }
    }
}

/// A link a thousand times slower takes a thousand times as long for a flit, on any tick.
#[test]
fn a_very_slow_link_is_very_slow() {
    for fidelity in BOTH {
        let mut spec = loihi(2, 1);
        (spec.east_west.flit_ps, spec.planes) = (1163, 1);
        let fabric = spec.build().unwrap();
        let mut slow = fabric.clone();
        slow.slow_link(fabric.link_at(0, direction::EAST).unwrap(), 1, 1000);
        let traffic = burst(&fabric, Pattern::BitComplement, 64, 1, 0);
        let time = |fabric: &_| run(fidelity, fabric, &traffic).completion_ps as f64;
        // Four cores send 64 packets each over the link, one after the other.
        let share = time(&slow) / (1163e3 * 255.0);
        assert!((0.999..1.01).contains(&share), "{fidelity:?}: {share}");
        assert!(time(&fabric) < time(&slow) / 500.0, "{fidelity:?}");
    }
}
