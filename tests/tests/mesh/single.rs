//! Packets of a single flit have an engine of their own in the `queue` model; it gives what the
//! general one gives. A horizon beyond the end makes the model take the general one.

use std::num::NonZero;

use quarrion_emulator::mesh::{
    Detail, Edge, GridSpec, LinkClass, LinkTiming, Outcome, Pattern, QueueModel, RouterClock,
    Speculation, Traffic,
};
use quarrion_tests::booksim::settings::CYCLE_PS;

use super::fixtures::{loihi, seeded, spec};

/// A random number below `below`; xorshift, so that the cases stay what they are.
fn draw(state: &mut u64, below: u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state % below
}

fn pick<T: Copy>(state: &mut u64, from: &[T]) -> T {
    from[draw(state, from.len() as u64) as usize]
}

/// A fabric of any kind that the engine knows.
fn fabric(state: &mut u64) -> GridSpec {
    let (width, height) = (1 + draw(state, 6) as u32, 1 + draw(state, 6) as u32);
    let mut grid = match draw(state, 3) {
        0 => GridSpec { planes: 1 + draw(state, 2) as u32, ..loihi(width, height) },
        _ => spec(width, height),
    };
    let clocked = matches!(grid.timing.clock, RouterClock::Clocked { .. });
    grid.cores_per_tile = pick(state, &[1, 1, 2, 4]);
    grid.timing.virtual_channels = if clocked { pick(state, &[1, 1, 2, 3, 4]) } else { 1 };
    for link in [&mut grid.east_west, &mut grid.north_south, &mut grid.inject, &mut grid.eject] {
        link.buffer_flits = pick(state, &[1, 2, 3, 4, 8]);
        link.credit_ps = link.credit_ps * pick(state, &[1, 1, 2]) / pick(state, &[1, 1, 3]);
        link.flit_ps *= pick(state, &[1, 1, 1, 3]);
    }
    match draw(state, 3) {
        0 if clocked => {
            grid.timing.clock = RouterClock::Clocked {
                period_ps: CYCLE_PS,
                routing_cycles: draw(state, 2) as u32,
                speculation: pick(state, &[Speculation::On, Speculation::Off]),
            };
        }
        1 => {
            let timing =
                LinkTiming { latency_ps: 9000, flit_ps: 4000, credit_ps: 7000, buffer_flits: 6 };
            let class = LinkClass::ChipEdge;
            grid.edges = vec![Edge { every_x: 3, every_y: 4, class, timing }];
        }
        _ => {}
    }
    grid
}

fn both(model: &mut QueueModel, traffic: &Traffic, detail: Detail) -> [Outcome; 2] {
    let general = Traffic { horizon_ps: Some(u64::MAX / 2), ..traffic.clone() };
    [traffic, &general].map(|traffic| model.run(traffic, detail).expect("sound traffic"))
}

#[test]
fn single_flits_take_the_same_times_in_both_engines() {
    let state = &mut 0x9E37_79B9_7F4A_7C15;
    let (mut waited, mut slow, mut several) = (0, 0, 0);
    for case in 0..150 {
        let grid = fabric(state);
        let fabric = grid.build().unwrap();
        let mut model = QueueModel::new(&fabric).unwrap();
        let pattern =
            pick(state, &[&Pattern::Uniform, &Pattern::Transpose, &Pattern::BitComplement]);
        let service = pick(state, &[0, 0, 3_700, 25_000]);
        let count = 1 + draw(state, 24) as u32;
        let mut traffic = seeded(&fabric, pattern.clone(), count, 1, service, case);
        let apart = pick(state, &[0, 700, 90_000]);
        for packet in &mut traffic.packets {
            packet.inject_ps += draw(state, 1 + apart);
            packet.plane = draw(state, u64::from(grid.planes)) as u32;
            packet.service_ps *= draw(state, 3);
        }
        let [single, general] = both(&mut model, &traffic, Detail::Hops);
        assert!(single == general, "case {case}: {grid:?}, {count} packets, service {service}");
        // Nothing is left over from one run to the next.
        let again = model.run(&traffic, Detail::Hops).unwrap();
        assert!(again == single, "case {case} remembers its first run");
        let free = single.packets.iter().map(|times| times.eject_ps - times.inject_ps).min();
        let longest = single.packets.iter().map(|times| times.eject_ps - times.inject_ps).max();
        waited += u32::from(longest > free.map(|free| 4 * free));
        slow += u32::from(service > 0);
        several += u32::from(grid.timing.virtual_channels > 1);
    }
    assert!(waited > 50 && slow > 50 && several > 30, "{waited}, {slow}, {several}");
}

/// Meshes of several regions, on one thread and more.
#[test]
fn single_flits_do_not_care_for_regions_and_threads() {
    let mut four = spec(20, 21);
    four.timing.virtual_channels = 4;
    let specs = [spec(25, 23), GridSpec { planes: 2, ..loihi(14, 13) }, four];
    for (spec, service) in specs.into_iter().zip([3000, 0, 3000]) {
        let fabric = spec.build().unwrap();
        let traffic = seeded(&fabric, Pattern::Uniform, 8, 1, service, 5);
        let [alone, general] = both(&mut QueueModel::new(&fabric).unwrap(), &traffic, Detail::Hops);
        assert!(alone == general, "{spec:?}");
        for threads in [2, 3] {
            let threads = NonZero::new(threads).unwrap();
            let mut model = QueueModel::with_threads(&fabric, threads).unwrap();
            for _ in 0..2 {
                assert!(model.run(&traffic, Detail::Hops).unwrap() == alone, "{threads} threads");
            }
        }
    }
}
