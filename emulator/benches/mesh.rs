//! Speed of the mesh's timing models, in packets.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use quarrion_emulator::mesh::{
    Arrivals, ChannelRelease, Detail, Fabric, Fidelity, GridSpec, LinkTiming, Pattern, PlaneUse,
    RouterClock, RouterTiming, Routing, Speculation, Switching, Synthetic, Traffic, Wrap,
};

/// What is timed: a name, the side of the mesh, virtual channels, packets a source, flits.
const CASES: [(&str, u32, u32, u32, u32); 5] = [
    ("8x8", 8, 1, 64, 1),
    ("16x16", 16, 1, 64, 1),
    ("16x16, four channels", 16, 4, 64, 1),
    ("16x16, four flits", 16, 1, 16, 4),
    ("64x64", 64, 1, 16, 1),
];

fn mesh(side: u32, virtual_channels: u32) -> Fabric {
    let link = |latency: u64, credit: u64| LinkTiming {
        latency_ps: latency * 1000,
        flit_ps: 1000,
        credit_ps: credit * 1000,
        buffer_flits: 4,
    };
    GridSpec {
        width: side,
        height: side,
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
                period_ps: 1000,
                routing_cycles: 0,
                speculation: Speculation::Off,
            },
            virtual_channels,
            release: ChannelRelease::TailSent,
            switching: Switching::Wormhole,
        },
        routing: Routing::XFirst,
        drop_after_ps: None,
    }
    .build()
    .expect("the benchmark's mesh is valid")
}

fn burst(fabric: &Fabric, packets: u32, flits: u32) -> Traffic {
    let grid = fabric.grid.expect("the benchmark's mesh is a grid");
    let arrivals = Arrivals::Burst { packets, gap: 0 };
    let pattern = Pattern::Uniform;
    Synthetic { pattern, arrivals, flits, cycle_ps: 1000, service_ps: 0, seed: 1 }.generate(grid)
}

fn models(criterion: &mut Criterion) {
    for fidelity in [Fidelity::Queue, Fidelity::Cycle] {
        let mut group = criterion.benchmark_group(format!("mesh {fidelity:?}"));
        for (name, side, channels, packets, flits) in CASES {
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
