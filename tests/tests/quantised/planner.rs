//! The planner: predictions against timed runs, objectives against each other, old mappings kept.

use quarrion_compiler::compile::{CompileFailure, CompileOptions, Compiled, compile};
use quarrion_compiler::layout::{Mapping, Slice};
use quarrion_compiler::mapping_file::{Unknown, parse_mapping, write_mapping};
use quarrion_compiler::network::{Connectivity, Network, Population, Projection, Role};
use quarrion_compiler::planner::{
    Kept, Objective, PlannerOptions, Prediction, Rates, Strategy, Weights,
};
use quarrion_compiler::verify::count_core;
use quarrion_emulator::time::{Following, Timing};
use quarrion_emulator::{Recording, RunOptions, run};
use quarrion_isa::chip::{Chip, SynapseFormatKind};
use quarrion_isa::id::PopulationId;
use quarrion_isa::neuron::LaneOptions;
use quarrion_isa::program::CoreProgram;
use quarrion_isa::stimulus::Stimulus;
use quarrion_isa::synapse::{ListFormat, Synapse, SynapseBlock};
use quarrion_tests::accuracy::{EXAMPLES, example, stimulus};
use quarrion_tests::oracle_float::samples::Samples;
use quarrion_tests::published::{PUBLISHED, YOLO_KP};

use super::shared::{assert_same_rasters, chip, compiled, example_network, run_oracle};

/// Compiles with a planner.
fn planned(network: &Network, chip: &Chip, planner: PlannerOptions) -> Compiled {
    let options = CompileOptions { planner, ..CompileOptions::default() };
    compile(network, chip, &options).unwrap_or_else(|failure| panic!("{failure}"))
}

fn by(objective: Objective) -> PlannerOptions {
    PlannerOptions { objective, ..PlannerOptions::default() }
}

/// Samples of an example.
fn samples_of(name: &str, count: usize) -> Vec<quarrion_isa::stimulus::Sample> {
    let samples = Samples::load_example(&example(name));
    (0..count).map(|index| stimulus(&samples, index)).collect()
}

/// Spikes per step of every neuron, counted over the samples.
fn counted_rates(made: &Compiled, samples: &[quarrion_isa::stimulus::Sample]) -> Rates {
    let populations = &made.quantised.populations;
    let mut rates: Vec<Vec<f64>> = populations.iter().map(|p| vec![0.0; p.size as usize]).collect();
    let last = populations.iter().map(|p| p.phase).max().unwrap_or(0);
    let steps: u32 = samples.iter().map(|sample| sample.steps + last).sum();
    let one = 1.0 / f64::from(steps);
    for (sample, raster) in samples.iter().zip(run_oracle(made, samples)) {
        sample.spikes.iter().for_each(|spike| rates[0][spike.neuron as usize] += one);
        for firing in raster.firings {
            rates[firing.population.index()][firing.neuron as usize] += one;
        }
    }
    Rates::Neurons(rates)
}

/// The mean timestep of a run, in ps.
fn timed(made: &Compiled, chip: &Chip, samples: &[quarrion_isa::stimulus::Sample]) -> f64 {
    let stimulus = Stimulus { samples: samples.to_vec(), labels: None };
    let options = RunOptions {
        threads: 1,
        seed: 0,
        recording: Recording::Ledger,
        timing: Timing::Count,
        following: Following::default(),
        probes: Vec::new(),
        lanes: LaneOptions::default(),
        record: None,
    };
    let observer = &|_| std::ops::ControlFlow::Continue(());
    let outcome = run(&made.program, chip, &stimulus, &options, observer)
        .unwrap_or_else(|error| panic!("{error}"));
    let total: u64 = outcome.ledger.steps.iter().map(|step| step.time.total().0).sum();
    total as f64 / outcome.ledger.steps.len() as f64
}

/// With the rates of a run, the predicted timestep is near the mean one of the timing model, for
/// mappings on one core and on many. The maximum of means is below the mean of maxima.
#[test]
fn predictions_are_near_timed_runs() {
    let chip = chip("loihi1", &[]);
    for name in EXAMPLES {
        let network = example_network(name);
        let samples = samples_of(name, 4);
        let rates = counted_rates(&compiled(&network, &chip), &samples);
        for objective in [Objective::Cores, Objective::Latency] {
            let planner = PlannerOptions { rates: rates.clone(), ..by(objective) };
            let made = planned(&network, &chip, planner);
            let predicted = made.answers[0].prediction.step_ps;
            let found = timed(&made, &chip, &samples);
            println!(
                "{name}, {}: {} cores, predicted {predicted:.0} ps, timed {found:.0} ps",
                objective.name(),
                made.program.cores.len(),
            );
            let ratio = predicted / found;
            assert!((0.6..=1.15).contains(&ratio), "{name}, {}: {ratio}", objective.name());
        }
    }
}

/// The objective asked for is the one that wins: of the mappings found by all objectives, each
/// costs least by its own figure; and `latency` and `cores` always stand beside it.
#[test]
fn objectives_choose_what_they_say() {
    let chip = chip("loihi1", &[]);
    let weights = Weights { cores: 1.0, traffic: 0.5, latency: 1.0, energy: 2.0 };
    let all = [
        Objective::Cores,
        Objective::Latency,
        Objective::Traffic,
        Objective::Energy,
        Objective::Mix(weights),
    ];
    let figures = |p: &Prediction| {
        let cores = f64::from(p.cores);
        let mix = cores * p.packets.sqrt() * p.step_ps * p.energy_pj.powi(2);
        // Steps within a hundredth count as equal, so that fewer cores decide.
        [(cores, 1.0), (p.step_ps, 1.01), (p.packets, 1.0), (p.energy_pj, 1.0), (mix, 1.0 + 1e-9)]
    };
    for name in EXAMPLES {
        let network = example_network(name);
        let found = all.map(|objective| planned(&network, &chip, by(objective)).answers);
        let table = found.each_ref().map(|answers| figures(&answers[0].prediction));
        for (own, row) in table.iter().enumerate() {
            for other in &table {
                let ((mine, slack), (theirs, _)) = (row[own], other[own]);
                assert!(mine <= theirs * slack, "{name}, {own}: {mine} against {theirs}");
            }
        }
        assert_eq!(found.each_ref().map(Vec::len), [2, 2, 3, 3, 3]);
        // Every answer beside the first is what its objective finds.
        assert_eq!(found[0][1], found[1][0], "{name}");
        assert_eq!(found[1][1], found[0][0], "{name}");
    }
}

/// The search goes by the figure asked for: it makes mappings that cost less energy, or less of a
/// mix, than any that the plain strategies make for it.
#[test]
fn the_search_makes_small_what_is_asked() {
    let (network, chip) = (example_network("digits_conv"), chip("loihi1", &[]));
    let weights = Weights { cores: 1.0, latency: 1.0, energy: 1.0, ..Weights::default() };
    let figure = |objective: Objective, p: &Prediction| match objective {
        Objective::Mix(_) => f64::from(p.cores) * p.step_ps * p.energy_pj,
        _ => p.energy_pj,
    };
    for objective in [Objective::Energy, Objective::Mix(weights)] {
        let made = planned(&network, &chip, by(objective));
        assert_eq!(made.answers[0].strategy, Strategy::Multilevel);
        let least = figure(objective, &made.answers[0].prediction);
        let mut others = made.strategies.iter().chain(&made.answers).skip(1);
        assert!(others.all(|other| {
            let figure = figure(objective, &other.prediction);
            least < figure || other.strategy == Strategy::Multilevel && least <= figure
        }));
        let samples = samples_of("digits_conv", 1);
        assert!(assert_same_rasters(&made, &chip, &samples) > 50);
    }
}

/// With big and little cores on one chip the partitioner packs each kind for itself, onto no more
/// cores than the plain cut, and what it makes fires alike.
#[test]
fn several_kinds_of_core_are_partitioned_kind_by_kind() {
    let mut chip = chip("loihi1", &[]);
    let mut little = chip.core_types[0].clone();
    (little.name, little.compartments) = ("little".into(), 12);
    chip.core_types.insert(0, little);
    // Too few little cores for a large layer, which goes to big ones.
    for (at, core) in chip.cores.iter_mut().enumerate() {
        core.core_type = u32::from(at % 16 != 0);
    }
    for name in EXAMPLES {
        let network = example_network(name);
        let made = |strategy, objective| {
            let planner = PlannerOptions { strategies: vec![strategy], ..by(objective) };
            planned(&network, &chip, planner)
        };
        let searched = made(Strategy::Multilevel, Objective::Cores);
        let used = searched.mapping.cores.iter().map(|core| chip.cores[core.core.index()]);
        let little = used.filter(|site| site.core_type == 0).count();
        assert!(little > 0 && little < searched.mapping.cores.len(), "{name}: {little} little");
        for objective in [Objective::Cores, Objective::Latency] {
            let of = |strategy| made(strategy, objective).answers[0].prediction.clone();
            let (greedy, multilevel) = (of(Strategy::Greedy), of(Strategy::Multilevel));
            if objective == Objective::Cores {
                assert!(multilevel.cores <= greedy.cores, "{name}");
            } else {
                assert!(multilevel.step_ps <= greedy.step_ps * 1.01, "{name}");
            }
        }
        assert!(assert_same_rasters(&searched, &chip, &samples_of(name, 1)) > 20);
    }
}

/// Whatever is made is the network: every strategy and objective fires alike and is repeatable.
#[test]
fn every_strategy_fires_alike() {
    let network = example_network("digits_recurrent");
    let samples = samples_of("digits_recurrent", 2);
    let chip = chip("loihi1", &["core_types.neuro.compartments=24"]);
    for strategy in [Strategy::Greedy, Strategy::Balanced, Strategy::Multilevel] {
        for objective in [Objective::Cores, Objective::Latency] {
            let planner = PlannerOptions { strategies: vec![strategy], ..by(objective) };
            let made = planned(&network, &chip, planner.clone());
            assert!(assert_same_rasters(&made, &chip, &samples) > 100);
            assert_eq!(made, planned(&network, &chip, planner), "{strategy}");
        }
    }
}

/// No more cores are used than are allowed; fewer than one layer needs is a result.
#[test]
fn fewer_cores_are_kept_to() {
    let network = example_network("digits_conv");
    let chip = chip("loihi1", &[]);
    for cores in [2, 5, 40] {
        let planner = PlannerOptions { cores: Some(cores), ..PlannerOptions::default() };
        let made = planned(&network, &chip, planner);
        assert!(made.program.cores.len() <= cores as usize);
    }
    let planner = PlannerOptions { cores: Some(1), ..PlannerOptions::default() };
    let options = CompileOptions { planner, ..CompileOptions::default() };
    let refused = compile(&network, &chip, &options);
    assert!(matches!(refused, Err(CompileFailure::DoesNotFit(_))));
}

/// A larger board or core never makes a network that fits not fit, nor the timestep longer: the
/// mapping of the smaller one is a mapping there too.
#[test]
fn a_larger_chip_is_never_worse() {
    let network = example_network("digits_conv");
    let sets: [&[&str]; 4] = [
        &["mesh.width=1", "mesh.height=1", "mesh.cores_per_tile=3"],
        &["mesh.width=2", "mesh.height=1", "mesh.cores_per_tile=3"],
        &["mesh.width=2", "mesh.height=2", "mesh.cores_per_tile=4"],
        &[],
    ];
    let mut last = f64::INFINITY;
    let mut smaller = None;
    for sets in sets {
        let chip = chip("loihi1", sets);
        let made = compiled(&network, &chip);
        let step = made.answers[0].prediction.step_ps;
        assert!(step <= last * 1.01, "{sets:?}: {step} ps after {last}");
        last = step;
        assert_accepted(&network, &chip, smaller.replace(made.mapping));
    }
    let (mut last, mut smaller) = (u32::MAX, None);
    for words in [65_536, 131_072, 262_144, 1_048_576] {
        let set = format!("core_types.neuro.synapse_memory_bits={words}");
        let chip = chip("loihi1", &[&set]);
        let made = planned(&network, &chip, by(Objective::Cores));
        let cores = made.answers[0].prediction.cores;
        assert!(cores <= last, "{words} bits: {cores} cores after {last}");
        last = cores;
        assert_accepted(&network, &chip, smaller.replace(made.mapping));
    }
}

/// The mapping that a smaller chip got is used as it is.
fn assert_accepted(network: &Network, chip: &Chip, smaller: Option<Mapping>) {
    let Some(mapping) = smaller else { return };
    let options = CompileOptions { mapping: Some(mapping.clone()), ..CompileOptions::default() };
    let made = compile(network, chip, &options).unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(made.mapping, mapping);
    assert_eq!(made.answers[0].strategy, Strategy::Given);
}

/// A mapping survives its file, and an old one keeps what did not change.
#[test]
fn mappings_survive_their_file_and_are_kept() {
    let network = example_network("digits");
    let chip = chip("loihi1", &[]);
    let made = compiled(&network, &chip);
    let names = network.names_in_program();
    let text = write_mapping(&made.mapping, "digits", "loihi1", &names);
    let read = parse_mapping(&text, "m.ron", &names, Unknown::Refuse).expect("its own file");
    assert_eq!(read.mapping, made.mapping);
    // The output layer is renamed: for the planner a new one. The other keeps its cores.
    let mut changed = network.clone();
    changed.populations.last_mut().expect("an output").name = "classes".into();
    let names = changed.names_in_program();
    let old = parse_mapping(&text, "m.ron", &names, Unknown::Skip).expect("a mapping").mapping;
    let planner = PlannerOptions { like: Some(old), ..PlannerOptions::default() };
    let kept = planned(&changed, &chip, planner);
    let of_first = |mapping: &Mapping| -> Vec<_> {
        let cores = mapping.cores.iter().filter(|core| core.slices[0].population.0 == 1);
        cores.cloned().collect()
    };
    assert_eq!(of_first(&kept.mapping), of_first(&made.mapping));
    assert!(of_first(&kept.mapping).len() > 10);
    assert_eq!(kept.answers[0].strategy, Strategy::Given);
    assert_eq!(kept.kept, Some(Kept { stayed: 96, shared: 96, neurons: 106 }));
}

/// A core that no longer holds its neurons moves them and nothing else.
#[test]
fn a_small_change_moves_few_neurons() {
    let network = example_network("digits_conv");
    let chip = chip("loihi1", &[]);
    let made = compiled(&network, &chip);
    // Thresholds of their own for the neurons of one core are more configurations than it has.
    let core = made.mapping.cores.iter().find(|core| core.slices[0].population.0 == 1);
    let core = &core.expect("a core of the first layer").slices;
    assert!(core.iter().map(|slice| slice.size()).sum::<u32>() > 32, "{core:?}");
    let mut changed = network.clone();
    let Role::Neurons(model) = &mut changed.populations[1].role else { panic!("neurons") };
    let thresholds = &mut model.firing.as_mut().expect("fires").threshold;
    assert_eq!(thresholds.len(), 768, "one for every neuron");
    for (at, neuron) in core.iter().flat_map(|slice| slice.neurons()).enumerate() {
        thresholds[neuron as usize] += at as f64 * 0.01;
    }
    let like = Some(made.mapping.clone());
    let Kept { stayed, shared, neurons } =
        planned(&changed, &chip, PlannerOptions { like, ..PlannerOptions::default() })
            .kept
            .expect("a share");
    println!("{stayed} of {shared} neurons stay");
    assert_eq!((shared, neurons), (1162, 1162));
    assert!(stayed < shared && stayed * 100 >= shared * 90, "{stayed} of {shared}");
}

/// Dead cores stay empty, and no packet crosses a dead link, with the chip's own routing and with
/// a table; the verifier would say so.
#[test]
fn dead_parts_are_avoided() {
    let network = example_network("digits");
    let samples = samples_of("digits", 2);
    let dead = [
        "faults.dead_cores=[0, 1, 2, 3, 40, 41]",
        "faults.dead_links=[(x: 1, y: 0, towards: east), (x: 2, y: 1, towards: south)]",
    ];
    for routing in ["xy", "table"] {
        let set = format!("mesh.routing={routing}");
        let chip = chip("loihi1", &[dead[0], dead[1], &set]);
        let made = compiled(&network, &chip);
        assert!(made.mapping.cores.iter().all(|core| chip.works(core.core)));
        assert!(assert_same_rasters(&made, &chip, &samples) > 100);
        // The mapping of a whole chip is refused by name where it uses a dead core.
        let mut mapping = made.mapping.clone();
        mapping.cores[0].core.0 = 0;
        let options = CompileOptions { mapping: Some(mapping), ..CompileOptions::default() };
        let refused = compile(&network, &chip, &options).expect_err("a dead core");
        assert!(refused.to_string().contains("core 0 of `loihi1` is dead"), "{refused}");
    }
}

/// What the report says a core holds is what the verifier counts in it, and what packing wrote is
/// what was planned.
#[test]
fn the_report_says_what_the_verifier_counts() {
    let mut counted = 0;
    for name in EXAMPLES {
        for sets in [&[][..], &["core_types.neuro.compartments=40"]] {
            let chip = chip("loihi1", sets);
            let made = planned(&example_network(name), &chip, by(Objective::Cores));
            for (core, said) in made.program.cores.iter().zip(&made.utilisation.cores) {
                for (resource, used, _) in count_core(core, &made.quantised, &chip) {
                    let Some(said) = said.of(resource) else { continue };
                    assert_eq!(said.used, used, "{name}: {resource:?} of core {}", core.core);
                    counted += 1;
                }
                let connections = |slice: &Slice| -> u64 {
                    let onto = |neuron| {
                        let mut synapses = 0;
                        for (_, projection) in made.quantised.projections_onto(slice.population) {
                            projection.connections.for_each_input_of(neuron, |_, _| synapses += 1);
                        }
                        synapses
                    };
                    slice.neurons().map(onto).max().unwrap_or(0)
                };
                let held = made.mapping.cores.iter().find(|held| held.core == core.core);
                let most = held.and_then(|held| held.slices.iter().map(connections).max());
                assert_eq!(Some(said.fan_in), most, "{name}: fan-in of core {}", core.core);
                let decoded: u64 = core.blocks.iter().map(|block| block.synapses.words()).sum();
                assert_eq!(decoded, core.synapse_words());
            }
        }
    }
    assert!(counted > 100, "{counted}");
}

/// Waste by cause and what is of use are all the words in use, and so layer by layer. What
/// is of use is counted here from decoded synapses: the narrowest fields for a block's values.
#[test]
fn waste_by_cause_is_all_that_is_not_of_use() {
    let (mut run_length, mut narrower) = (0, 0);
    for name in EXAMPLES {
        for sets in [&[][..], &["core_types.neuro.formats.3.index_widths=[5]"]] {
            let chip = chip("loihi1", sets);
            let made = planned(&sparser(&example_network(name)), &chip, by(Objective::Cores));
            let waste = made.utilisation.waste;
            let blocks = made.program.cores.iter().flat_map(|core| &core.blocks);
            let useful: u64 = blocks.clone().map(|block| useful_bits(&block.synapses)).sum();
            run_length += blocks
                .filter(|block| block.synapses.format().kind == SynapseFormatKind::RunLength)
                .count();
            let words: u64 = made.program.cores.iter().map(CoreProgram::synapse_words).sum();
            let wasted =
                waste.padding_bits + waste.prefix_bits + waste.zero_bits + waste.format_bits;
            assert_eq!(words * u64::from(chip.core_types[0].word_bits), wasted + useful, "{name}");
            let layers = made.utilisation.layers.iter();
            assert_eq!(layers.map(|layer| layer.waste.useful_bits).sum::<u64>(), useful);
            narrower += usize::from(waste.format_bits > 0);
        }
    }
    assert!(run_length > 0 && narrower > 0, "{run_length} run-length, {narrower} narrower");
}

/// The network with two in three of every matrix's synapses gone, so that skips pay.
fn sparser(network: &Network) -> Network {
    let mut network = network.clone();
    for projection in &mut network.projections {
        if let Connectivity::Dense { weights, .. } = &mut projection.connectivity {
            for (at, weight) in weights.iter_mut().enumerate() {
                if at % 3 != 0 {
                    *weight = 0.0;
                }
            }
        }
    }
    network
}

/// Bits that the synapses of a block ask for: by its widest weight, index or skip, and delay.
fn useful_bits(block: &SynapseBlock) -> u64 {
    let format = block.format();
    let (mut synapses, mut weights, mut index, mut delay) = (0_u64, Vec::new(), 0, 0);
    let SynapseBlock::Packed(packed) = block else {
        let SynapseBlock::Kernel(kernel) = block else { return 0 };
        let weights = kernel.weights().expect("a sound kernel");
        let others = weights.iter().filter(|&&weight| weight != 0).count() as u64;
        return others * u64::from(narrowest(format, &weights));
    };
    for (list, entry) in (0..).zip(&packed.lists) {
        let mut last = entry.base;
        let visit = |synapse: Synapse| {
            synapses += u64::from(synapse.weight != 0);
            weights.push(synapse.weight);
            let from = if format.kind == SynapseFormatKind::RunLength { last } else { entry.base };
            index = index.max(synapse.target - from);
            delay = delay.max(synapse.delay);
            last = synapse.target;
        };
        packed.decode_list(list, visit).expect("a sound list");
    }
    let bits = |value: u32| 32 - value.leading_zeros();
    let stored = format.index_bits.min(bits(index)) + format.delay_bits.min(bits(delay));
    synapses * u64::from(stored + narrowest(format, &weights))
}

/// The fewest bits of a format's sign mode that hold all weights.
fn narrowest(format: &ListFormat, weights: &[i32]) -> u32 {
    let holds = |bits: &u32| {
        let narrow = ListFormat { weight_bits: *bits, ..*format };
        let (low, high) = narrow.weight_range();
        let step = 1 << narrow.weight_shift();
        weights.iter().all(|&weight| weight % step == 0 && (low..=high).contains(&weight))
    };
    (1..=format.weight_bits).find(holds).expect("the block's own width")
}

/// Other numbers for the same neurons: the mapping is worth the same within two percent.
#[test]
fn renumbered_neurons_are_mapped_as_well() {
    let chip = chip("loihi1", &["core_types.neuro.compartments=24"]);
    let network = example_network("digits");
    let renumbered = renumber(&network, 1);
    for objective in [Objective::Latency, Objective::Traffic, Objective::Cores] {
        let before = planned(&network, &chip, by(objective)).answers.remove(0).prediction;
        let after = planned(&renumbered, &chip, by(objective)).answers.remove(0).prediction;
        let near = |a: f64, b: f64| (a / b - 1.0).abs() <= 0.02;
        println!("{}: {before:?} {after:?}", objective.name());
        assert!(near(after.step_ps, before.step_ps), "{}: time", objective.name());
        assert!(near(after.packets, before.packets), "{}: packets", objective.name());
        assert_eq!(after.cores, before.cores, "{}", objective.name());
    }
}

/// A network beside another that nothing connects it with is mapped as two: with twice the cores to
/// use, no more cores, or packets, than each takes alone. (Time is another matter: one port feeds
/// both, and the barrier spans both.)
#[test]
fn unconnected_halves_are_mapped_as_two() {
    let network = example_network("digits");
    let chip = chip("loihi1", &["core_types.neuro.compartments=24"]);
    let mut both = network.clone();
    let shift = both.populations.len();
    for population in &network.populations {
        let (name, is_output) = (format!("{}.again", population.name), false);
        both.populations.push(Population { name, is_output, ..population.clone() });
    }
    for projection in &network.projections {
        let moved = |id: PopulationId| PopulationId::from_index(id.index() + shift);
        let (source, target) = (moved(projection.source), moved(projection.target));
        let name = format!("{}.again", projection.name);
        both.projections.push(Projection { name, source, target, ..projection.clone() });
    }
    for objective in [Objective::Traffic, Objective::Cores] {
        let within = |network: &Network, cores| {
            let planner = PlannerOptions { cores: Some(cores), ..by(objective) };
            planned(network, &chip, planner).answers.remove(0).prediction
        };
        let (apart, together) = (within(&network, 24), within(&both, 48));
        match objective {
            Objective::Cores => assert!(together.cores <= 2 * apart.cores, "{}", together.cores),
            _ => assert!(together.packets <= 2.0 * apart.packets * 1.0001, "{}", together.packets),
        }
    }
}

/// The network with the neurons of one population in another order.
fn renumber(network: &Network, population: usize) -> Network {
    let mut changed = network.clone();
    let size = changed.populations[population].len();
    // A step that no size here divides visits every neuron once.
    let old: Vec<usize> = (0..size).map(|new| new * 37 % size).collect();
    assert_eq!(old.iter().collect::<std::collections::BTreeSet<_>>().len(), size);
    let Role::Neurons(model) = &mut changed.populations[population].role else { panic!("neurons") };
    let reorder = |values: &mut Vec<f64>| {
        let sorted: Vec<f64> = old.iter().map(|&old| values[old]).collect();
        *values = sorted;
    };
    reorder(&mut model.current_bias);
    reorder(&mut model.voltage_decay);
    reorder(&mut model.voltage_bias);
    model.current_decay.iter_mut().for_each(reorder);
    model.firing.iter_mut().for_each(|firing| reorder(&mut firing.threshold));
    for projection in &mut changed.projections {
        let onto = projection.target.index() == population;
        let from = projection.source.index() == population;
        let Connectivity::Dense { inputs, outputs, weights } = &mut projection.connectivity else {
            panic!("a dense network")
        };
        let at = |target: usize, source: usize| {
            let target = if onto { old[target] } else { target };
            target * *inputs + if from { old[source] } else { source }
        };
        let all = (0..*outputs).flat_map(|t| (0..*inputs).map(move |s| (t, s)));
        *weights = all.map(|(t, s)| weights[at(t, s)]).collect();
    }
    changed
}

/// Under the rule that explains them every layer takes the cores that Lava-DL prints; as lists are
/// packed here none needs more.
#[test]
fn published_core_counts_are_explained() {
    for one in PUBLISHED {
        let (sets, rule) = one.rule;
        assert_eq!(one.cores_with(sets).as_deref(), Ok(one.cores), "{}: {rule}", one.name);
        let ours = one.cores_with(&[]).expect("layers that fit");
        assert!(ours.iter().zip(one.cores).all(|(ours, theirs)| ours <= theirs), "{ours:?}");
    }
    for (layer, next) in YOLO_KP.iter().zip(&YOLO_KP[1..]) {
        assert_eq!((layer.size(), layer.channels[1]), (next.extent, next.channels[0]), "{next:?}");
    }
    for layer in YOLO_KP {
        assert_eq!(layer.patches(), layer.cores, "{layer:?}");
    }
}

#[test]
fn populations_go_where_a_kind_of_core_has_room_for_them() {
    let network = example_network("digits");
    let sets = ["core_types.neuro.compartments=16", "mesh.width=2", "mesh.height=1"];
    let mut chip = chip("loihi1", &sets);
    let mut other = chip.core_types[0].clone();
    other.name = "other".into();
    chip.core_types.push(other);
    // Six cores of the first kind hold the 96 neurons of lif1 and no more.
    for site in chip.cores.iter_mut().skip(6) {
        site.core_type = 1;
    }
    let made = planned(&network, &chip, PlannerOptions::default());
    let kinds = |population: u32| {
        let cores = made.mapping.cores.iter();
        let own =
            cores.filter(move |core| core.slices.iter().any(|s| s.population.0 == population));
        own.map(|core| chip.cores[core.core.index()].core_type).collect::<Vec<u32>>()
    };
    assert!(kinds(1).iter().all(|&kind| kind == 0), "{:?}", kinds(1));
    assert!(kinds(2).iter().all(|&kind| kind == 1), "{:?}", kinds(2));
    assert!(kinds(1).len() == 6 && !kinds(2).is_empty());
}
