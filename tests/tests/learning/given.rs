//! Small networks of given integers, compiled and run on every engine.

use quarrion_boards::load_chip;
use quarrion_compiler::compile::{CompileFailure, CompileOptions, Compiled, Taught, compile};
use quarrion_compiler::network::{
    Connectivity, GivenNeurons, GivenProgram, GivenSynapses, Network, Population, Projection, Role,
};
use quarrion_compiler::planner::Objective;
use quarrion_isa::chip::Chip;
use quarrion_isa::id::PopulationId;
use quarrion_isa::learning::{LearningRule, RecordedDraws};
use quarrion_isa::program::ParameterValue;
use quarrion_isa::stimulus::{InputSpike, Reward, Sample, Stimulus};
use quarrion_tests::engines::{Truth, WAYS, compare, run_fast_on, run_reference_on};

/// A catalogued chip with edits.
pub(super) fn chip(name: &str, sets: &[&str]) -> Chip {
    let sets: Vec<String> = sets.iter().map(|&set| set.to_owned()).collect();
    load_chip(name, &sets).unwrap_or_else(|error| panic!("{error}")).chip
}

/// A population of `size` neurons, or inputs where no program is named.
pub(super) fn population(
    name: &str,
    size: usize,
    program: Option<(&'static str, &[(&'static str, i64)])>,
) -> Population {
    let role = match program {
        None => Role::Input,
        Some((program, parameters)) => Role::Given(GivenNeurons {
            program: GivenProgram::Shipped(program),
            parameters: parameters
                .iter()
                .map(|&(name, value)| (name.into(), ParameterValue::Shared(value)))
                .collect(),
            input_shift: 6,
        }),
    };
    let is_output = program.is_some();
    Population { name: name.into(), shape: vec![size], role, is_output, axon_delays: Vec::new() }
}

/// Fires one step after any spike of weight above 1 arrives, and forgets at once.
pub(super) const RELAY: &[(&str, i64)] =
    &[("du", 4095), ("dv", 4095), ("vth", 1), ("refractory_delay", 1)];

/// All sources to all targets, weights by target and then source.
pub(super) fn dense(
    (source, inputs): (u32, usize),
    (target, outputs): (u32, usize),
    input: u32,
    weights: &[i32],
) -> Projection {
    let weights = weights.iter().map(|&weight| f64::from(weight)).collect();
    Projection {
        name: format!("{source} to {target} {input}"),
        source: PopulationId(source),
        target: PopulationId(target),
        connectivity: Connectivity::Dense { inputs, outputs, weights },
        delay_steps: 0,
        recurrent: false,
        given: Some(GivenSynapses { input, exponent: 0 }),
    }
}

/// A network of the parts.
pub(super) fn network(populations: Vec<Population>, projections: Vec<Projection>) -> Network {
    Network {
        name: "given".into(),
        populations,
        projections,
        assumptions: Vec::new(),
        warnings: Vec::new(),
    }
}

/// Compiles with rules on projections, onto few cores.
pub(super) fn teach(
    network: &Network,
    chip: &Chip,
    taught: &[(&str, &str)],
) -> Result<Compiled, CompileFailure> {
    let learning = taught.iter().map(|&(projection, rule)| Taught {
        projection: projection.into(),
        rule: LearningRule::parse(rule, "test").expect("a rule"),
    });
    let mut options = CompileOptions { learning: learning.collect(), ..CompileOptions::default() };
    options.planner.objective = Objective::Cores;
    compile(network, chip, &options)
}

/// A sample of spikes (step, neuron) and rewards (step, value).
pub(super) fn sample(steps: u32, spikes: &[(u32, u32)], rewards: &[(u32, i32)]) -> Sample {
    let spike = |&(step, neuron): &(u32, u32)| InputSpike { step, neuron, payload: 1 };
    let reward = |&(step, value): &(u32, i32)| Reward { step, value };
    Sample {
        steps,
        spikes: spikes.iter().map(spike).collect(),
        writes: Vec::new(),
        rewards: rewards.iter().map(reward).collect(),
    }
}

/// Runs on every engine, which must agree.
pub(super) fn run_everywhere(compiled: &Compiled, chip: &Chip, samples: Vec<Sample>) -> Truth {
    run_recorded(compiled, chip, samples, None)
}

/// Runs on every engine, random numbers from a record where there is one.
pub(super) fn run_recorded(
    compiled: &Compiled,
    chip: &Chip,
    samples: Vec<Sample>,
    record: Option<&RecordedDraws>,
) -> Truth {
    let stimulus = Stimulus { samples, labels: None };
    let program = &compiled.program;
    let truth = run_reference_on(program, chip, &stimulus, (0, record)).expect("it runs");
    for way in WAYS {
        let fast = run_fast_on(program, chip, &stimulus, (0, way, record)).expect("it runs");
        compare(program, &truth, &fast).expect("engines agree");
    }
    truth
}
