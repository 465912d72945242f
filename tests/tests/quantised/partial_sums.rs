//! Neurons with more input than a core holds: summed in parts, and the same spike for spike.

use std::collections::BTreeSet;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use quarrion_compiler::compile::{CompileFailure, CompileOptions, Compiled, Taught, compile};
use quarrion_compiler::infeasible::{DoesNotFit, Resource};
use quarrion_compiler::mapping_file::{Unknown, parse_mapping, write_mapping};
use quarrion_compiler::network::Network;
use quarrion_compiler::planner::{Effort, PlannerOptions, Rates};
use quarrion_isa::chip::Chip;
use quarrion_isa::learning::{LearningRule, library};
use quarrion_isa::stimulus::Sample;

use super::random::{Dice, networks, stimulus};
use super::shared::{assert_same_rasters, chip, compiled, example_network, run_oracle};

const STEPS: u32 = 10;

/// A Loihi 2 whose cores take spikes from few sources.
fn narrow(axons_in: u64) -> Chip {
    let axons = format!("core_types.neuro.axons_in={axons_in}");
    chip("loihi2", &[&axons, "mesh.width=16", "mesh.height=16"])
}

/// Any mapping will do.
fn hasty() -> CompileOptions {
    let planner = PlannerOptions { effort: Effort::Millions(1), ..PlannerOptions::default() };
    CompileOptions { planner, ..CompileOptions::default() }
}

/// Populations of partial sums.
fn sums(made: &Compiled) -> usize {
    made.quantised.populations.iter().filter(|population| population.sums_for.is_some()).count()
}

/// Spikes of the network's own populations, in steps of each one's window.
fn spikes(made: &Compiled, sample: &Sample) -> BTreeSet<(String, u32, u32)> {
    let raster = run_oracle(made, std::slice::from_ref(sample)).remove(0);
    let own = raster.firings.into_iter().filter_map(|firing| {
        let population = made.quantised.population(firing.population);
        let step = firing.step.checked_sub(population.phase)?;
        let counts = step < STEPS && population.sums_for.is_none();
        counts.then(|| (population.name.clone(), step, firing.neuron))
    });
    own.collect()
}

fn misfit(network: &Network, chip: &Chip, options: &CompileOptions) -> DoesNotFit {
    match compile(network, chip, options) {
        Err(CompileFailure::DoesNotFit(short)) => *short,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it fits"),
    }
}

/// Random networks on cores that hardly hear anything fire as on a chip that hears all, on both
/// engines; their mappings can be written, read and used.
#[test]
fn networks_in_parts_fire_as_whole_ones() {
    let mut runner = TestRunner::deterministic();
    let (mut split, mut parts, mut compared, mut refused) = (0, 0, 0, 0);
    for case in 0..16 {
        let mut network = networks().new_tree(&mut runner).expect("a network").current();
        if case % 5 > 0 {
            network.projections.retain(|projection| !projection.recurrent);
        }
        let sample = stimulus(network.populations[0].len() as u32, STEPS, &mut Dice(case));
        let large = compiled(&network, &chip("loihi2", &[]));
        let small = narrow(13 + case % 14);
        let made = match compile(&network, &small, &hasty()) {
            Ok(made) => made,
            Err(CompileFailure::DoesNotFit(short)) => {
                let lacks = short.lacks.clone().unwrap_or_default();
                let looped = network.projections.iter().any(|p| p.recurrent);
                let reason = lacks.contains("loop") && looped
                    || lacks.contains("takes no more than")
                    || short.resource == Resource::Cores;
                assert!(reason, "{short}");
                refused += 1;
                continue;
            }
            Err(other) => panic!("{other}"),
        };
        assert_same_rasters(&made, &small, std::slice::from_ref(&sample));
        let (wanted, found) = (spikes(&large, &sample), spikes(&made, &sample));
        assert_eq!(found, wanted, "case {case}");
        compared += wanted.len();
        let here = sums(&made);
        assert_eq!(made.notes.iter().any(|note| note.code == "QM044"), here > 0, "never silent");
        split += usize::from(here > 0);
        parts += here;
        let all: Vec<String> = made.program.populations.iter().map(|p| p.name.clone()).collect();
        let text = write_mapping(&made.mapping, "random", "loihi2", &all);
        let names = network.names_in_program();
        let read = parse_mapping(&text, "map.ron", &names, Unknown::Refuse).expect("a mapping");
        let options = CompileOptions { mapping: Some(read.mapping), ..hasty() };
        let again = compile(&network, &small, &options).unwrap_or_else(|found| panic!("{found}"));
        assert!(again.program == made.program, "case {case}: read back otherwise");
    }
    println!("{split} of 16 split into {parts} parts, {compared} spikes, {refused} refused");
    assert!(split >= 9 && parts > 50 && compared > 2_000 && refused < 5);
}

/// What could differ is refused, with the reason beside the bound.
#[test]
fn what_is_not_exact_does_not_fit() {
    let network = example_network("digits");
    let lacks = |chip: &Chip, options: &CompileOptions| {
        let short = misfit(&network, chip, options);
        assert_eq!(short.resource, Resource::AxonsIn, "{short}");
        short.lacks.expect("a reason")
    };
    let plain = CompileOptions::default();
    let binary = chip("loihi1", &["core_types.neuro.axons_in=20"]);
    assert!(lacks(&binary, &plain).contains("has none"), "spikes of Loihi 1 carry nothing");
    let rule = library::find("pairwise-stdp").expect("shipped").text;
    let rule = LearningRule::parse(rule, "rule").expect("a rule");
    let learning = vec![Taught { projection: "input->lif1".into(), rule }];
    let taught = CompileOptions { learning, ..CompileOptions::default() };
    let learns = chip("loihi1", &["core_types.neuro.axons_in=20"]);
    assert!(misfit(&network, &learns, &taught).lacks.is_some());
    let made = compile(&network, &narrow(20), &plain).expect("and else it fits");
    let given = CompileOptions { mapping: Some(made.mapping), ..CompileOptions::default() };
    match compile(&network, &chip("loihi1", &[]), &given) {
        Err(CompileFailure::Diagnostics(found)) => assert_eq!(found[0].code, "QM044"),
        other => panic!("{other:?}"),
    }
}

/// A mapping that asks for parts gets none that change the result: not of a loop, not of an input.
#[test]
fn mappings_that_ask_for_inexact_parts_are_refused() {
    let mut runner = TestRunner::deterministic();
    let looped =
        std::iter::repeat_with(|| networks().new_tree(&mut runner).expect("one").current())
            .find(|network| network.projections.iter().any(|p| p.recurrent))
            .expect("a network with a loop");
    let last = format!("p{}", looped.populations.len() - 1);
    for whole in [last.as_str(), "p0"] {
        let text = format!(
            "(format: 1, network: \"random\", chip: \"loihi2\", cores: \
             [(core: 0, holds: [(population: \"{whole}.sum1of2\", neurons: \"0\")])])"
        );
        let names = looped.names_in_program();
        let read = parse_mapping(&text, "map.ron", &names, Unknown::Refuse).expect("a mapping");
        let options = CompileOptions { mapping: Some(read.mapping), ..hasty() };
        match compile(&looped, &chip("loihi2", &[]), &options) {
            Err(CompileFailure::Diagnostics(found)) => {
                assert_eq!(found[0].code, "QM044", "{whole}: {}", found[0]);
            }
            other => panic!("{whole}: {other:?}"),
        }
    }
}

/// Rates of a run name the sums that it had; another mapping of the network may use them.
#[test]
fn rates_of_partial_sums_are_of_use_to_other_mappings() {
    let network = example_network("digits");
    let rates = |name: &str| Rates::Populations(vec![("lif1".into(), 0.1), (name.into(), 0.5)]);
    let with = |name: &str, axons_in| {
        let planner = PlannerOptions { rates: rates(name), ..PlannerOptions::default() };
        let options = CompileOptions { planner, ..CompileOptions::default() };
        compile(&network, &narrow(axons_in), &options)
    };
    let made = with("lif1.sum1of4", 20).unwrap_or_else(|found| panic!("{found}"));
    let of = |name: &str| {
        let all = made.quantised.populations.iter().zip(&made.rates);
        all.filter(|(p, _)| p.name == name).map(|(_, rates)| rates[0]).next()
    };
    assert_eq!((of("lif1.sum1of4"), of("lif1.sum2of4")), (Some(0.5), Some(1.0)));
    assert!(with("lif1.sum1of4", 16000).is_ok());
    assert!(with("other.sum1of4", 20).is_err());
}
