//! Reset by subtraction as two compartments: the spikes of neurons that subtract, bit for bit.

use quarrion_compiler::compile::{CompileOptions, Compiled, compile};
use quarrion_compiler::network::{Network, ResetMode, Role};
use quarrion_compiler::quantised::QuantisedNetwork;
use quarrion_isa::neuron::NeuronProgram;
use quarrion_isa::program::ParameterValue;
use quarrion_isa::stimulus::Sample;
use quarrion_tests::oracle_integer::{IntegerOracle, Raster};

use super::exact::{compare_with_float, scattered};
use super::random::{Dice, networks, stimulus, subtracting};
use super::shared::{assert_same_rasters, chip, compiled, run_oracle};

/// What the two compartments stand for, as one.
const ONE_COMPARTMENT: &str = "program subtract
input a: s22 wrap
state v: s24
group vth: 0..131071 = 64
compartment bias: -(4096 << 7)..4095 << 7 = 0
v = clip(v + a + bias, -8388607, 8388607)
spike when v > vth << 6 { v = v - (vth << 6) }";

/// Steps of every stimulus.
const STEPS: u32 = 14;

/// A random network whose neurons subtract.
fn draw(runner: &mut proptest::test_runner::TestRunner) -> Network {
    use proptest::strategy::{Strategy, ValueTree};
    subtracting(networks().new_tree(runner).expect("a network").current())
}

/// The same integers with one compartment a neuron and no reset synapses; ids stay.
fn as_one_compartment(two: &QuantisedNetwork) -> QuantisedNetwork {
    let mut one = two.clone();
    let subtract = NeuronProgram::parse(ONE_COMPARTMENT, "subtract").expect("a program");
    let value = |neurons: &quarrion_compiler::quantised::QuantisedNeurons, name: &str| {
        let at = two.neuron_program(neurons).parameter_index(name).expect("a parameter");
        neurons.parameters[at].clone()
    };
    one.neuron_programs.push(subtract);
    let position = one.neuron_programs.len() as u32 - 1;
    for (index, population) in two.populations.iter().enumerate() {
        let Some(join) = &population.join else { continue };
        let inner = two.population(join.from[0]).neurons.as_ref().expect("neurons");
        let neurons = one.populations[index].neurons.as_mut().expect("neurons");
        let vth: ParameterValue = value(neurons, "vth");
        neurons.parameters = vec![vth, value(inner, "bias")];
        neurons.inputs.clone_from(&inner.inputs);
        neurons.neuron_program = position;
        one.populations[index].join = None;
    }
    one.projections.retain(|projection| !projection.name.ends_with(" reset"));
    for projection in &mut one.projections {
        if let Some(root) = two.population(projection.target).part_of {
            projection.target = root;
        }
    }
    one
}

fn run_one(made: &Compiled, sample: &Sample) -> Raster {
    let one = as_one_compartment(&made.quantised);
    IntegerOracle::new(&one, 0).run(0, sample)
}

#[test]
fn two_compartments_fire_as_one_that_subtracts() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let whole = chip("loihi1", &[]);
    let small = chip("loihi1", &["core_types.neuro.compartments=22"]);
    let (mut spikes, mut residues, mut cores) = (0, 0, 0);
    for case in 0..25 {
        let network = draw(&mut runner);
        let mut dice = Dice(case);
        let sample = stimulus(network.populations[0].len() as u32, STEPS, &mut dice);
        let made = compiled(&network, &whole);
        let neurons: u32 =
            made.quantised.populations.iter().filter(|p| p.join.is_some()).map(|p| p.size).sum();
        let seats: u32 = made.program.cores.iter().map(|core| core.compartments).sum();
        assert_eq!(seats, 2 * neurons, "two compartments a neuron");
        let wanted = run_one(&made, &sample);
        let found = &run_oracle(&made, std::slice::from_ref(&sample))[0];
        assert_eq!(found.overflows, 0);
        assert_eq!(found.firings, wanted.firings, "case {case}");
        assert_eq!(found.output_counts, wanted.output_counts, "case {case}");
        compare_with_float(&network, &made, &sample).expect("the float network's spikes");
        spikes += assert_same_rasters(&made, &whole, std::slice::from_ref(&sample));
        let zero = reset_to_zero(&network);
        let zero = run_oracle(&compiled(&zero, &whole), std::slice::from_ref(&sample));
        residues += u32::from(zero[0].firings.len() != found.firings.len());

        // On small cores, and scattered: the same neurons, their compartments together.
        let pieces = compiled(&network, &small);
        cores += pieces.program.cores.len();
        assert_eq!(pieces.quantised, made.quantised);
        assert_same_rasters(&pieces, &small, std::slice::from_ref(&sample));
        let mapping = Some(scattered(&made, &whole, &mut dice));
        let options = CompileOptions { mapping, ..CompileOptions::default() };
        let elsewhere = compile(&network, &whole, &options).unwrap_or_else(|f| panic!("{f}"));
        assert_same_rasters(&elsewhere, &whole, std::slice::from_ref(&sample));
    }
    println!("{spikes} spikes; {residues} of 25 differ from a reset to zero; {cores} small cores");
    assert!(spikes > 5_000 && residues > 20 && cores > 150);
}

fn reset_to_zero(network: &Network) -> Network {
    let mut zero = network.clone();
    for population in &mut zero.populations {
        if let Role::Neurons(model) = &mut population.role {
            model.firing.iter_mut().for_each(|firing| firing.reset = ResetMode::Zero);
        }
    }
    zero
}

/// A mapping places neurons, not compartments; a core that cannot join them is refused.
#[test]
fn compartments_of_a_neuron_stay_together() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let network = draw(&mut runner);
    let whole = chip("loihi1", &[]);
    let made = compiled(&network, &whole);
    let mut mapping = made.mapping.clone();
    let inner = made.quantised.populations_with_ids().find(|(_, p)| p.part_of.is_some());
    mapping.cores[0].slices[0].population = inner.expect("an inner compartment").0;
    let options = CompileOptions { mapping: Some(mapping), ..CompileOptions::default() };
    let failure = compile(&network, &whole, &options).expect_err("apart").to_string();
    assert!(failure.contains("QM004") && failure.contains("where its neurons do"), "{failure}");
    for set in ["core_types.neuro.joins.ops=[add]", "core_types.neuro.joins.ops=[max,min]"] {
        let failure = compile(&network, &chip("loihi1", &[set]), &CompileOptions::default());
        let failure = failure.expect_err("no join").to_string();
        assert!(failure.contains("QM021") && failure.contains("`pass`"), "{failure}");
    }
}
