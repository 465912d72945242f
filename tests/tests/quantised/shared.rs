//! What the tests of this binary share: examples, chips, stimuli, the logical view of a program.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use quarrion_boards::load_chip;
use quarrion_compiler::compile::{CompileOptions, Compiled, compile};
use quarrion_compiler::import::ImportPolicy;
use quarrion_compiler::import::nir::read_nir;
use quarrion_compiler::network::{Network, lower_network};
use quarrion_emulator::time::{Following, Timing};
use quarrion_emulator::{Recording, RunOptions, SpikeRecord};
use quarrion_isa::chip::Chip;
use quarrion_isa::id::PopulationId;
use quarrion_isa::neuron::LaneOptions;
use quarrion_isa::program::{AxonTable, Program, Role};
use quarrion_isa::stimulus::{Sample, Stimulus};
use quarrion_reference::Reference;
use quarrion_tests::accuracy::example;
use quarrion_tests::oracle_integer::{Firing, IntegerOracle, Raster};

/// A folder of test data.
pub(crate) fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name)
}

/// The network of an example.
pub(crate) fn example_network(name: &str) -> Network {
    network_of(&example(name).join(format!("{name}.nir")))
}

/// The network of a file.
pub(crate) fn network_of(path: &Path) -> Network {
    let bytes = std::fs::read(path).expect("the network");
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let graph = read_nir(&bytes, &name).expect("a network");
    lower_network(&graph, &ImportPolicy::default(), &name).expect("a network that lowers")
}

/// A catalogued chip with edits.
pub(crate) fn chip(name: &str, sets: &[&str]) -> Chip {
    let sets: Vec<String> = sets.iter().map(|&set| set.to_owned()).collect();
    load_chip(name, &sets).unwrap_or_else(|error| panic!("{error}")).chip
}

/// Compiles with the default options.
pub(crate) fn compiled(network: &Network, chip: &Chip) -> Compiled {
    let made = compile(network, chip, &CompileOptions::default());
    made.unwrap_or_else(|failure| panic!("{failure}"))
}

/// Runs the samples on the integer oracle.
///
/// On all processors; samples do not depend on each other.
pub(crate) fn run_oracle(compiled: &Compiled, samples: &[Sample]) -> Vec<Raster> {
    let oracle = &IntegerOracle::new(&compiled.quantised, 0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = samples.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let run = |(part, chunk): (usize, &[Sample])| {
            let first = (part * share) as u32;
            (first..).zip(chunk).map(|(ordinal, sample)| oracle.run(ordinal, sample)).collect()
        };
        let chunks = samples.chunks(share).enumerate();
        let handles: Vec<_> = chunks.map(|chunk| scope.spawn(move || run(chunk))).collect();
        let done = handles.into_iter().map(|handle| handle.join().expect("an oracle that ends"));
        done.collect::<Vec<Vec<Raster>>>().concat()
    })
}

/// Runs the samples of a program on the reference engine; spikes in the oracle's order.
pub(crate) fn run_engine(program: &Program, chip: &Chip, samples: &[Sample]) -> Vec<Raster> {
    let mut rasters: Vec<Raster> = samples.iter().map(|_| Raster::default()).collect();
    let stimulus = Stimulus { samples: samples.to_vec(), labels: None };
    let observe = &mut |reference: &Reference<'_>| {
        let (ordinal, step) = (reference.activity().sample, reference.activity().step);
        let firings = reference.spikes().iter().map(|spike| Firing {
            step,
            population: spike.population,
            neuron: spike.neuron,
            payload: spike.payload,
        });
        rasters[ordinal as usize].firings.extend(firings);
    };
    let outcome = quarrion_reference::run(program, chip, &stimulus, (0, None), observe)
        .unwrap_or_else(|error| panic!("{error}"));
    for (raster, counts) in rasters.iter_mut().zip(outcome.output_counts) {
        raster.firings.sort_unstable();
        raster.output_counts = counts;
    }
    rasters
}

/// Runs the samples of a program on the fast engine; spikes in the oracle's order.
fn run_fast_engine(program: &Program, chip: &Chip, samples: &[Sample]) -> Vec<Raster> {
    let stimulus = Stimulus { samples: samples.to_vec(), labels: None };
    let options = RunOptions {
        threads: 2,
        seed: 0,
        recording: Recording::Spikes,
        timing: Timing::Count,
        following: Following::default(),
        probes: Vec::new(),
        lanes: LaneOptions::default(),
        record: None,
    };
    let go_on = |_| ControlFlow::Continue(());
    let outcome = quarrion_emulator::run(program, chip, &stimulus, &options, &go_on)
        .unwrap_or_else(|error| panic!("{error}"));
    let counts = outcome.output_counts.into_iter();
    let mut rasters: Vec<Raster> =
        counts.map(|output_counts| Raster { output_counts, ..Raster::default() }).collect();
    for spike in outcome.spikes {
        let SpikeRecord { sample, step, population, neuron, payload } = spike;
        let firing = Firing { step, population, neuron, payload };
        rasters[sample as usize].firings.push(firing);
    }
    rasters.iter_mut().for_each(|raster| raster.firings.sort_unstable());
    rasters
}

/// The mapped program on both engines equals the quantised network on the oracle.
pub(crate) fn assert_same_rasters(compiled: &Compiled, chip: &Chip, samples: &[Sample]) -> u64 {
    let wanted = run_oracle(compiled, samples);
    let reference = run_engine(&compiled.program, chip, samples);
    let fast = run_fast_engine(&compiled.program, chip, samples);
    for found in [&reference, &fast] {
        for (ordinal, (wanted, found)) in wanted.iter().zip(found).enumerate() {
            assert_eq!(found.firings, wanted.firings, "sample {ordinal}");
            assert_eq!(found.output_counts, wanted.output_counts, "sample {ordinal}");
        }
    }
    wanted.iter().map(|raster| raster.firings.len() as u64).sum()
}

/// A synapse by logical ends: projection, source, target population, target, delay.
pub(crate) type Ends = (u32, u32, u32, u32, u32);

/// Every synapse of a program that does something, found by following axons, with the weights on
/// it. Sources are numbered by ordinal. Independent of the verifier.
pub(crate) fn logical_view(program: &Program) -> BTreeMap<Ends, Vec<i32>> {
    let mut seats = BTreeMap::new();
    for core in &program.cores {
        for group in &core.groups {
            let first = program.populations[group.population.index()].first_ordinal;
            for compartment in group.first..group.first + group.count {
                let neuron = core.ordinals[compartment as usize] - first;
                seats.insert((core.core, compartment), (group.population.0, neuron));
            }
        }
    }
    let mut view: BTreeMap<Ends, Vec<i32>> = BTreeMap::new();
    let mut follow = |table: &AxonTable, row: usize, source: u32| {
        for axon in table.row(row) {
            let position = program.core_position(axon.core).expect("a core of the program");
            let core = &program.cores[position];
            let entry = core.axons_in[axon.axon.index()];
            let block = &core.blocks[entry.block as usize];
            let visit = |synapse: quarrion_isa::synapse::Synapse| {
                if synapse.weight != 0 {
                    let (population, target) = seats[&(axon.core, synapse.target)];
                    let ends = (block.projection.0, source, population, target, synapse.delay);
                    view.entry(ends).or_default().push(synapse.weight);
                }
            };
            block.synapses.decode_list(entry.list, visit).expect("a list that decodes");
        }
    };
    let mut row = 0;
    for population in program.populations.iter().filter(|p| p.role == Role::Input) {
        for neuron in 0..population.size {
            follow(&program.inputs, row, population.first_ordinal + neuron);
            row += 1;
        }
    }
    for core in &program.cores {
        for (row, &ordinal) in core.ordinals.iter().enumerate() {
            follow(&core.axons_out, row, ordinal);
        }
    }
    // Copies of a neuron have its synapses as often as there are of them.
    view.values_mut().for_each(|weights| weights.sort_unstable());
    view
}

/// The id of a population by its name.
pub(crate) fn id_of(compiled: &Compiled, name: &str) -> PopulationId {
    let mut all = compiled.quantised.populations_with_ids();
    all.find(|(_, population)| population.name == name).expect("a population of that name").0
}
