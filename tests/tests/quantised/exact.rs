//! Where rounding plays no part, nothing differs: float network, quantised network, mapped program.

use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};
use proptest::test_runner::TestCaseError;
use quarrion_compiler::compile::{CompileOptions, Compiled, compile};
use quarrion_compiler::layout::{CoreMapping, Mapping, Run, Slice};
use quarrion_compiler::network::Network;
use quarrion_isa::chip::Chip;
use quarrion_isa::id::CoreId;
use quarrion_isa::stimulus::Sample;
use quarrion_tests::oracle_float::folded::FoldedOracle;

use super::random::{Dice, networks, stimulus};
use super::shared::{assert_same_rasters, chip, compiled, id_of, logical_view, run_oracle};

/// Steps of every stimulus.
const STEPS: u32 = 10;

/// Whether no weight was rounded.
fn is_exact(made: &Compiled) -> bool {
    made.quantised.projections.iter().all(|projection| projection.error == 0.0)
}

/// Balance, phases and whole numbers: the float network's spikes, later but the same.
pub(crate) fn compare_with_float(
    network: &Network,
    made: &Compiled,
    sample: &Sample,
) -> Result<u64, TestCaseError> {
    let inputs = network.populations[0].len();
    let mut steps = vec![vec![vec![0.0; inputs]]; sample.steps as usize];
    for spike in &sample.spikes {
        steps[spike.step as usize][0][spike.neuron as usize] = 1.0;
    }
    let float = FoldedOracle::new(network).run(&steps);
    let raster = &run_oracle(made, std::slice::from_ref(sample))[0];
    prop_assert_eq!(raster.overflows, 0);
    if !is_exact(made) {
        return Ok(0);
    }
    let counts: Vec<f64> = raster.output_counts.iter().map(|&count| count.into()).collect();
    prop_assert_eq!(&float.outputs[0], &counts);
    let mut spikes = 0;
    for (layer, count) in &float.spikes {
        let found = raster.window_spikes[id_of(made, layer).index()];
        prop_assert_eq!(found, *count, "{}", layer);
        spikes += count;
    }
    Ok(spikes)
}

/// A mapping that scatters the neurons over cores, several populations a core.
pub(crate) fn scattered(made: &Compiled, chip: &Chip, dice: &mut Dice) -> Mapping {
    let cores = 2 + dice.below(5);
    let spread = chip.cores.len() as u64 / cores;
    let mut mapping: Vec<CoreMapping> = (0..cores)
        .map(|core| CoreMapping { core: CoreId((core * spread) as u32), slices: Vec::new() })
        .collect();
    for (population, held) in made.quantised.populations_with_ids() {
        if held.neurons.is_none() || held.part_of.is_some() {
            continue;
        }
        let mut homes: Vec<Vec<Run>> = vec![Vec::new(); cores as usize];
        let mut first = 0;
        while first < held.size {
            let count = (1 + dice.below(7) as u32).min(held.size - first);
            let home = &mut homes[dice.below(cores) as usize];
            match home.last_mut() {
                Some(last) if last.first + last.count == first => last.count += count,
                _ => home.push(Run { first, count }),
            }
            first += count;
        }
        for (core, runs) in mapping.iter_mut().zip(homes) {
            if !runs.is_empty() {
                core.slices.push(Slice::new(population, runs));
            }
        }
    }
    mapping.retain(|core| !core.slices.is_empty());
    Mapping { cores: mapping, ..Mapping::default() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn random_networks_fire_alike_in_float_in_integers_and_mapped(
        network in networks(),
        seed in any::<u64>(),
    ) {
        let mut dice = Dice(seed);
        let sample = stimulus(network.populations[0].len() as u32, STEPS, &mut dice);
        let samples = std::slice::from_ref(&sample);
        let whole = chip("loihi1", &[]);
        let made = compiled(&network, &whole);
        compare_with_float(&network, &made, &sample)?;
        assert_same_rasters(&made, &whole, samples);

        // Many small cores, with and without shared kernels, decode to the same synapses.
        let mut small = chip("loihi2", &["core_types.neuro.compartments=9"]);
        let with = compiled(&network, &small);
        compare_with_float(&network, &with, &sample)?;
        assert_same_rasters(&with, &small, samples);
        let mut graded = sample.clone();
        for spike in &mut graded.spikes {
            spike.payload = dice.below(9) as i32 - 3;
        }
        assert_same_rasters(&with, &small, std::slice::from_ref(&graded));
        small.core_types[0].formats.retain(|format| {
            format.kind != quarrion_isa::chip::SynapseFormatKind::Kernel
        });
        let without = compiled(&network, &small);
        prop_assert_eq!(logical_view(&with.program), logical_view(&without.program));

        // Any mapping gives the same spikes.
        let mapping = Some(scattered(&made, &whole, &mut dice));
        let options = CompileOptions { mapping, ..CompileOptions::default() };
        let elsewhere = compile(&network, &whole, &options).unwrap_or_else(|f| panic!("{f}"));
        prop_assert_eq!(&elsewhere.quantised, &made.quantised);
        assert_same_rasters(&elsewhere, &whole, samples);
    }
}

/// The property above is not proved by silence or by kernels that are never used.
#[test]
fn random_networks_are_busy_and_varied() {
    use proptest::strategy::{Strategy, ValueTree};
    use quarrion_isa::synapse::SynapseBlock;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let chip = chip("loihi2", &["core_types.neuro.compartments=9"]);
    let (mut spikes, mut delayed, mut recurrent, mut cores) = (0, 0, 0, 0);
    let (mut dense, mut sparse, mut kernels, mut exact) = (0, 0, 0, 0);
    for case in 0..30 {
        let network = networks().new_tree(&mut runner).expect("a network").current();
        let made = compiled(&network, &chip);
        let sample = stimulus(network.populations[0].len() as u32, STEPS, &mut Dice(case));
        exact += usize::from(is_exact(&made));
        spikes += run_oracle(&made, &[sample])[0].firings.len();
        delayed += made.quantised.projections.iter().filter(|p| p.delay > 0).count();
        recurrent += network.projections.iter().filter(|p| p.recurrent).count();
        cores += made.program.cores.len();
        for block in made.program.cores.iter().flat_map(|core| &core.blocks) {
            match (&block.synapses, block.synapses.format().kind) {
                (SynapseBlock::Kernel(_), _) => kernels += 1,
                (_, quarrion_isa::chip::SynapseFormatKind::Sparse) => sparse += 1,
                _ => dense += 1,
            }
        }
    }
    println!("{spikes} spikes, {delayed} delayed, {recurrent} recurrent, {cores} cores");
    println!("{exact} of 30 without rounding");
    println!("{dense} dense, {sparse} sparse, {kernels} kernel blocks");
    assert!(spikes > 3_000 && delayed > 10 && recurrent > 5 && cores > 100);
    assert!(exact > 20 && dense > 50 && sparse > 50 && kernels > 50);
}

/// Networks of every kind that import reads: what compiles fires alike on oracle and engine.
#[test]
fn imported_networks_of_every_kind_fire_alike() {
    let folder = super::shared::data("nir/good");
    let mut names: Vec<_> = std::fs::read_dir(&folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "nir"))
        .collect();
    names.sort();
    assert!(names.len() >= 9, "the networks are missing");
    let (mut compiled, mut spikes) = (0, 0);
    for path in names {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let network = super::shared::network_of(&path);
        for chip in [chip("loihi1", &[]), chip("loihi2", &[])] {
            let made = match compile(&network, &chip, &CompileOptions::default()) {
                Ok(made) => made,
                Err(failure) => {
                    println!("{name} on {}: {failure}", chip.name);
                    continue;
                }
            };
            for note in &made.notes {
                println!("{name} on {}: {note}", chip.name);
            }
            let inputs = made.quantised.input_size();
            let samples: Vec<Sample> =
                (0..3).map(|seed| stimulus(inputs, STEPS, &mut Dice(seed))).collect();
            spikes += assert_same_rasters(&made, &chip, &samples);
            compiled += 1;
        }
    }
    println!("{compiled} programs, {spikes} spikes");
    assert!(compiled >= 8 && spikes > 200);
}

/// A chip that is no Loihi: one core, three-bit weights of one sign a list, no exponent, no leak.
#[test]
fn integrators_run_on_a_core_of_another_kind() {
    use proptest::strategy::{Strategy, ValueTree};
    use quarrion_compiler::network::Role;
    let odin = chip("odin", &[]);
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut programs, mut spikes, mut split) = (0, 0, 0);
    for case in 0..40 {
        let mut network = networks().new_tree(&mut runner).expect("a network").current();
        let mut delayed = false;
        for projection in &mut network.projections {
            delayed |= projection.delay_steps > 0;
        }
        for population in &mut network.populations {
            if let Role::Neurons(model) = &mut population.role {
                model.voltage_bias.fill(0.0);
            }
        }
        let Ok(made) = compile(&network, &odin, &CompileOptions::default()) else { continue };
        assert!(!delayed || made.notes.iter().any(|note| note.code == "QM010"));
        split += made.quantised.projections.len() - network.projections.len();
        let sample = stimulus(made.quantised.input_size(), STEPS, &mut Dice(case));
        spikes += assert_same_rasters(&made, &odin, &[sample]);
        programs += 1;
    }
    println!("{programs} programs, {split} projections split by sign, {spikes} spikes");
    assert!(programs > 5 && split > 5 && spikes > 100);
}
