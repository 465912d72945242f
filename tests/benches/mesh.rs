//! Speed of the mesh's timing models, in packets.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use quarrion_emulator::mesh::{Arrivals, Detail, Fabric, Fidelity, Pattern, Synthetic, Traffic};
use quarrion_tests::booksim::settings::{CYCLE_PS, setting};

/// What is timed: a name, the side of the mesh, virtual channels, packets a source, flits.
const CASES: [(&str, u32, u32, u32, u32); 7] = [
    ("8x8", 8, 1, 64, 1),
    ("16x16", 16, 1, 64, 1),
    ("16x16, four channels", 16, 4, 64, 1),
    ("16x16, four flits", 16, 1, 16, 4),
    ("16x16, four channels, four flits", 16, 4, 16, 4),
    ("64x64", 64, 1, 16, 1),
    (MILLION, 64, 1, 245, 1),
];

/// A million packets in one timestep; flit by flit that takes too long to repeat.
const MILLION: &str = "64x64, a million packets";

fn mesh(side: u32, virtual_channels: u32) -> Fabric {
    let mut grid = setting("v1b4").expect("a setting of the reference").grid(side, side);
    grid.timing.virtual_channels = virtual_channels;
    grid.build().expect("the benchmark's mesh is valid")
}

fn burst(fabric: &Fabric, packets: u32, flits: u32) -> Traffic {
    let grid = fabric.grid.expect("the benchmark's mesh is a grid");
    let arrivals = Arrivals::Burst { packets, gap: 0 };
    let pattern = Pattern::Uniform;
    Synthetic { pattern, arrivals, flits, cycle_ps: CYCLE_PS, service_ps: 0, seed: 1 }
        .generate(grid)
}

fn models(criterion: &mut Criterion) {
    for fidelity in [Fidelity::Queue, Fidelity::Cycle] {
        let mut group = criterion.benchmark_group(format!("mesh {fidelity:?}"));
        let cases = CASES.into_iter();
        let cases = cases.filter(|case| fidelity == Fidelity::Queue || case.0 != MILLION);
        for (name, side, channels, packets, flits) in cases {
            let fabric = mesh(side, channels);
            let traffic = burst(&fabric, packets, flits);
            let mut model = fidelity.model(&fabric).expect("the benchmark's mesh is valid");
            group.throughput(Throughput::Elements(traffic.packets.len() as u64));
            group.sample_size(10);
            group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
                bencher.iter(|| {
                    let outcome = model.run(black_box(&traffic), Detail::Packets);
                    outcome.map(|outcome| outcome.completion_ps)
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, models);
criterion_main!(benches);
