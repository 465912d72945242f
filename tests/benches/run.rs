//! Whole-run benchmarks: synaptic operations, compartment updates, and the digits example.
//!
//! `cargo bench -p quarrion-tests --bench run`. One thread; the throughput counts what the ledger
//! counts, so time and event accounting are part of what is measured.

use std::hint::black_box;
use std::ops::ControlFlow;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use quarrion_boards::load_chip;
use quarrion_compiler::compile::{CompileOptions, compile};
use quarrion_compiler::import::ImportPolicy;
use quarrion_compiler::import::nir::read_nir;
use quarrion_compiler::network::lower_network;
use quarrion_emulator::time::{Following, Timing};
use quarrion_emulator::{Recording, RunOptions, RunOutcome, run};
use quarrion_isa::chip::{Chip, SignMode, SynapseFormatKind};
use quarrion_isa::delivery::{Delivery, Overflow};
use quarrion_isa::id::{AxonInId, CoreId, PopulationId, ProjectionId};
use quarrion_isa::neuron::LaneOptions;
use quarrion_isa::neuron::{NeuronProgram, library};
use quarrion_isa::program::{
    AxonIn, AxonOut, AxonTable, Block, CoreProgram, Group, Occurrence, ParameterValue, Place,
    Population, Program, Role,
};
use quarrion_isa::stimulus::{InputSpike, Sample, Stimulus};
use quarrion_isa::synapse::{ListFormat, Synapse, SynapseBlock, encode_lists};
use quarrion_tests::oracle_float::samples::Samples;

/// Inputs of the made-up program; each reaches every compartment.
const INPUTS: u32 = 64;
/// Compartments of the made-up program.
const COMPARTMENTS: u32 = 1024;
/// Steps of the stimulus for synaptic operations; lowering the program is a small part of it.
const OPERATION_STEPS: u32 = 500;
/// Steps of the stimulus for updates.
const UPDATE_STEPS: u32 = 5_000;

/// One core that listens to every input, by lists of the kind asked for; nothing ever fires.
fn made_up(kind: SynapseFormatKind) -> Program {
    let text = library::find("cuba_lif").expect("a shipped program").text;
    let neuron = NeuronProgram::parse(text, "bench").expect("it parses");
    let silent = |name: &str, default: i32| if name == "vth" { 131_071 } else { default };
    let parameters = neuron.parameters().iter();
    let parameters = parameters
        .map(|decl| ParameterValue::Shared(i64::from(silent(&decl.name, decl.default))))
        .collect();
    let delivery = Delivery::new(0, 6, 22, Overflow::Wrap).expect("Loihi's settings");
    let format = loihi_lists(kind);
    // A stride coprime to the number of compartments: a sparse list in no order at all.
    let target = |at: u32| match kind {
        SynapseFormatKind::Sparse => at * 389 % COMPARTMENTS,
        _ => at,
    };
    let weight = |source: u32, at: u32| ((source * 7 + at * 13) % 200) as i32 - 100;
    let synapse = |source, at| Synapse { target: target(at), delay: 0, weight: weight(source, at) };
    let list = |source| (0, (0..COMPARTMENTS).map(|at| synapse(source, at)).collect());
    let lists: Vec<(u32, Vec<Synapse>)> = (0..INPUTS).map(list).collect();
    let core = CoreProgram {
        core: CoreId(0),
        compartments: COMPARTMENTS,
        groups: vec![Group {
            occurrence: Occurrence::First,
            population: PopulationId(1),
            neuron_program: 0,
            first: 0,
            count: COMPARTMENTS,
            parameters,
            inputs: vec![delivery],
            learning: None,
            join: None,
        }],
        ordinals: (INPUTS..INPUTS + COMPARTMENTS).collect(),
        ring_slots: 2,
        axon_delays: Vec::new(),
        axons_in: (0..INPUTS).map(|list| AxonIn { block: 0, list }).collect(),
        blocks: vec![Block {
            projection: ProjectionId(0),
            input: 0,
            delivery,
            learning: None,
            synapses: SynapseBlock::Packed(encode_lists(format, &lists)),
        }],
        axons_out: AxonTable::from_rows(&vec![Vec::new(); COMPARTMENTS as usize]),
    };
    let entry = |axon| vec![AxonOut { core: CoreId(0), axon: AxonInId(axon) }];
    Program {
        name: "bench".into(),
        chip: "loihi1".into(),
        neuron_programs: vec![text.into()],
        learning: Vec::new(),
        populations: vec![
            population(Role::Input, INPUTS, 0, Vec::new()),
            population(Role::Neurons, COMPARTMENTS, INPUTS, vec![whole_core()]),
        ],
        projections: Vec::new(),
        cores: vec![core],
        inputs: AxonTable::from_rows(&(0..INPUTS).map(entry).collect::<Vec<_>>()),
        output: PopulationId(1),
        provenance: Vec::new(),
    }
}

/// Lists as Loihi stores its widest weights.
fn loihi_lists(kind: SynapseFormatKind) -> ListFormat {
    ListFormat {
        kind,
        weight_bits: 8,
        weight_bits_max: 8,
        sign: SignMode::Mixed,
        index_bits: 10,
        delay_bits: 0,
        tag_bits: 0,
        prefix_bits: 10,
        entry_synapses: 60,
        word_bits: 64,
    }
}

fn whole_core() -> Place {
    Place { neuron: 0, count: COMPARTMENTS, core: CoreId(0), compartment: 0 }
}

fn population(role: Role, size: u32, first_ordinal: u32, places: Vec<Place>) -> Population {
    let phase = u32::from(role == Role::Neurons);
    let shape = vec![size];
    Population {
        name: "p".into(),
        shape,
        size,
        first_ordinal,
        role,
        phase,
        scale: 1.0,
        places,
        part_of: None,
    }
}

/// `spikes` of the inputs in each of `steps` steps.
fn stimulus(spikes: u32, steps: u32) -> Stimulus {
    let at = |step| (0..spikes).map(move |neuron| InputSpike { step, neuron, payload: 1 });
    let spikes = (0..steps).flat_map(at).collect();
    Stimulus {
        samples: vec![Sample { steps, spikes, writes: Vec::new(), rewards: Vec::new() }],
        labels: None,
    }
}

fn run_once(program: &Program, chip: &Chip, stimulus: &Stimulus) -> RunOutcome {
    let options = RunOptions {
        threads: 1,
        seed: 1,
        recording: Recording::Ledger,
        timing: Timing::Count,
        following: Following::default(),
        probes: Vec::new(),
        lanes: LaneOptions::default(),
        record: None,
    };
    run(program, chip, stimulus, &options, &|_| ControlFlow::Continue(())).expect("it runs")
}

fn synaptic_operations(criterion: &mut Criterion) {
    let chip = load_chip("loihi1", &[]).expect("the chip").chip;
    let stimulus = stimulus(INPUTS, OPERATION_STEPS);
    let mut group = criterion.benchmark_group("synaptic_ops");
    group.sample_size(20);
    for (name, kind) in [("dense", SynapseFormatKind::Dense), ("sparse", SynapseFormatKind::Sparse)]
    {
        let program = made_up(kind);
        let operations = u64::from(INPUTS) * u64::from(COMPARTMENTS) * u64::from(OPERATION_STEPS);
        group.throughput(Throughput::Elements(operations));
        group.bench_function(name, |bench| {
            bench.iter(|| black_box(run_once(&program, &chip, &stimulus)));
        });
    }
    group.finish();
}

fn compartment_updates(criterion: &mut Criterion) {
    let chip = load_chip("loihi1", &[]).expect("the chip").chip;
    let program = made_up(SynapseFormatKind::Dense);
    // One input spike a step keeps every compartment active.
    let stimulus = stimulus(1, UPDATE_STEPS);
    let mut group = criterion.benchmark_group("compartment_updates");
    group.sample_size(20);
    group.throughput(Throughput::Elements(u64::from(COMPARTMENTS) * u64::from(UPDATE_STEPS)));
    group.bench_function("cuba_lif_active", |bench| {
        bench.iter(|| black_box(run_once(&program, &chip, &stimulus)));
    });
    group.finish();
}

fn digits(criterion: &mut Criterion) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/digits");
    let bytes = std::fs::read(folder.join("digits.nir")).expect("the example");
    let graph = read_nir(&bytes, "digits").expect("a network");
    let network = lower_network(&graph, &ImportPolicy::default(), "digits").expect("it lowers");
    let chip = load_chip("loihi1", &[]).expect("the chip").chip;
    let program = compile(&network, &chip, &CompileOptions::default()).expect("it fits").program;
    let loaded = Samples::load_example(&folder);
    let samples = loaded.spikes.outer_iter().map(|sample| {
        let (steps, _) = sample.dim();
        let indexed = sample.indexed_iter().filter(|(_, spike)| **spike > 0);
        let spikes = indexed.map(|((step, neuron), _)| InputSpike {
            step: step as u32,
            neuron: neuron as u32,
            payload: 1,
        });
        Sample {
            steps: steps as u32,
            spikes: spikes.collect(),
            writes: Vec::new(),
            rewards: Vec::new(),
        }
    });
    let stimulus = Stimulus { samples: samples.collect(), labels: None };
    let mut group = criterion.benchmark_group("digits");
    group.sample_size(10);
    group.throughput(Throughput::Elements(stimulus.samples.len() as u64));
    group.bench_function("samples", |bench| {
        bench.iter(|| black_box(run_once(&program, &chip, &stimulus)));
    });
    group.finish();
}

criterion_group!(benches, synaptic_operations, compartment_updates, digits);
criterion_main!(benches);
