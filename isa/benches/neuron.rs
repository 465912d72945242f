//! Neuron updates: compartments per second, interpreted and by hand-written kernels.
//!
//! `cargo bench -p quarrion-isa --bench neuron -- cuba_lif` prints both for CUBA LIF, and beside
//! them one compartment at a time (the reference) and a plain loop without bounds, spike list and
//! vector dispatch: the quotients say what interpretation costs.

use criterion::measurement::WallTime;
use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
};
use quarrion_isa::neuron::{
    Idling, Kernels, LaneInputs, LaneOptions, LaneOutcome, LaneRandom, LaneScratch, LaneState,
    NeuronProgram, default_parameters, library, split_parameters, step_compartment, step_lane,
};

const COMPARTMENTS: usize = 1024;

fn input(index: usize, step: usize) -> i32 {
    let mixed = (index * 7919 + step * 104_729) % 4093;
    i32::try_from(mixed).expect("small") * 3 - 6000
}

fn lanes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("neuron update");
    group.throughput(Throughput::Elements(COMPARTMENTS as u64));
    for shipped in library::SHIPPED {
        let program = NeuronProgram::parse(shipped.text, shipped.name).expect("shipped");
        bench_lane(&mut group, &program, "interpreted", Kernels::Interpreted);
        if program.has_kernel() {
            bench_lane(&mut group, &program, "by hand", Kernels::HandWritten);
        }
    }
    group.finish();
}

fn bench_lane(
    group: &mut BenchmarkGroup<'_, WallTime>,
    program: &NeuronProgram,
    label: &str,
    kernels: Kernels,
) {
    let (shared, own) = split_parameters(program, &default_parameters(program));
    let columns: Vec<i32> =
        own.iter().flat_map(|value| std::iter::repeat_n(*value, COMPARTMENTS)).collect();
    let inputs: Vec<Vec<i32>> =
        (0..16).map(|step| (0..COMPARTMENTS).map(|index| input(index, step)).collect()).collect();
    let ordinals: Vec<u32> = (0..COMPARTMENTS as u32).collect();
    let mut state = LaneState::new(program, COMPARTMENTS);
    let (mut scratch, mut outcome) = (LaneScratch::default(), LaneOutcome::default());
    let mut spiked = Vec::new();
    let mut step = 0;
    group.bench_function(BenchmarkId::new(label, program.name()), |bencher| {
        bencher.iter(|| {
            step += 1;
            spiked.clear();
            let column = inputs[step % inputs.len()].as_slice();
            let columns_in = [column, column];
            let lane = LaneInputs {
                inputs: &columns_in[..program.columns().len()],
                group: &shared,
                compartment: &columns,
                first_position: 0,
                options: LaneOptions { kernels, idle: Idling::Skip },
            };
            let mut random =
                LaneRandom::Counter { seed: 1, step: step as u32, sample: 0, ordinals: &ordinals };
            step_lane(
                program,
                &mut state,
                &lane,
                &mut random,
                &mut scratch,
                &mut spiked,
                &mut outcome,
            );
        });
    });
}

fn reference(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("neuron update");
    group.throughput(Throughput::Elements(1));
    let text = library::find("cuba_lif").expect("shipped").text;
    let program = NeuronProgram::parse(text, "cuba_lif").expect("shipped");
    let parameters = default_parameters(&program);
    let mut state = program.initial_state(&parameters);
    let mut step = 0;
    group.bench_function("reference cuba_lif", |bencher| {
        bencher.iter(|| {
            step += 1;
            step_compartment(&program, &mut state, &[input(3, step)], &parameters, &mut |_| 0)
        });
    });
    group.finish();
}

/// One register file's worth of CUBA LIF, by hand.
struct Plain {
    u: Vec<i32>,
    v: Vec<i32>,
    refractory: Vec<i32>,
    flags: Vec<u8>,
}

impl Plain {
    fn step(&mut self, a: &[i32], bias: &[i32]) {
        let decay = |x: i32, k: u32| {
            let magnitude = ((u64::from(x.unsigned_abs()) * u64::from(k)) >> 12) as i32;
            if x < 0 { -magnitude } else { magnitude }
        };
        for index in 0..a.len() {
            let u = (decay(self.u[index], 0) + a[index]) << 8 >> 8;
            let b = (u + bias[index]) << 8 >> 8;
            let v = (decay(self.v[index], 4096) + b).clamp(-8_388_607, 8_388_607);
            let v = if self.refractory[index] > 0 { 0 } else { v };
            let spikes = v > 64 << 6;
            let counter = if spikes { 1 } else { self.refractory[index] };
            self.u[index] = u;
            self.v[index] = if spikes { 0 } else { v };
            self.refractory[index] = (counter - 1).max(0);
            self.flags[index] = u8::from(spikes);
        }
    }
}

fn plain(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("neuron update");
    group.throughput(Throughput::Elements(COMPARTMENTS as u64));
    let mut plain = Plain {
        u: vec![0; COMPARTMENTS],
        v: vec![0; COMPARTMENTS],
        refractory: vec![0; COMPARTMENTS],
        flags: vec![0; COMPARTMENTS],
    };
    let bias = vec![0; COMPARTMENTS];
    let inputs: Vec<Vec<i32>> =
        (0..16).map(|step| (0..COMPARTMENTS).map(|index| input(index, step)).collect()).collect();
    let mut step = 0;
    group.bench_function("plain loop cuba_lif", |bencher| {
        bencher.iter(|| {
            step += 1;
            plain.step(&inputs[step % inputs.len()], &bias);
        });
    });
    group.finish();
}

criterion_group!(benches, lanes, reference, plain);
criterion_main!(benches);
