//! What the passes find in networks and chips that are wrong or doubtful by one value.

use quarrion_compiler::compile::{CompileFailure, CompileOptions, compile};
use quarrion_compiler::import::lava::read_lava;
use quarrion_compiler::network::{Network, NeuronModel, Role};

use quarrion_tests::accuracy::{example, stimulus};
use quarrion_tests::oracle_float::samples::Samples;

use super::shared::{assert_same_rasters, chip, compiled, data, example_network, run_oracle};

/// Codes of everything that compiling finds, errors or notes.
fn codes(network: &Network, sets: &[&str]) -> Vec<String> {
    let found = match compile(network, &chip("loihi1", sets), &CompileOptions::default()) {
        Ok(compiled) => compiled.notes,
        Err(CompileFailure::Diagnostics(found)) => found,
        Err(CompileFailure::DoesNotFit(result)) => panic!("{result}"),
    };
    found.into_iter().map(|found| found.code.to_string()).collect()
}

/// The digits network with the first layer of neurons changed.
fn digits_but(change: impl FnMut(&mut NeuronModel)) -> Network {
    let mut network = example_network("digits");
    let models =
        network.populations.iter_mut().filter_map(|population| match &mut population.role {
            Role::Neurons(model) => Some(model),
            Role::Input | Role::Given(_) => None,
        });
    models.take(1).for_each(change);
    network
}

#[test]
fn each_fault_of_a_network_or_chip_has_its_code() {
    let whole = || example_network("digits");
    let read_out = |which: fn(&Role) -> bool| {
        let mut network = whole();
        for population in &mut network.populations {
            population.is_output = which(&population.role);
        }
        network
    };
    let lava = std::fs::read(data("lava/good/dense.net")).expect("a file");
    let lava = read_lava(&lava, "dense", None).expect("a network");
    let cases: Vec<(&str, Network, &[&str])> = vec![
        ("QM001", read_out(|_| false), &[]),
        ("QM001", read_out(|role| *role == Role::Input), &[]),
        ("QM002", read_out(|role| *role != Role::Input), &[]),
        (
            "QM022",
            digits_but(|model| {
                let neurons = model.voltage_decay.len();
                model.current_decay = Some(vec![0.9; neurons]);
                model.current_bias = vec![0.01; neurons];
            }),
            &[],
        ),
        ("QM030", whole(), &["core_types.neuro.registers.vth=(bits: 0, signed: false)"]),
        ("QM031", whole(), &["core_types.neuro.weights.exponent_min=7"]),
        ("QM032", digits_but(|model| model.voltage_decay.fill(0.99995)), &[]),
        ("QM033", whole(), &["core_types.neuro.weights.widths=[2]"]),
        ("QM034", lava, &["core_types.neuro.registers.vth=(bits: 2, signed: false)"]),
        (
            "QM040",
            whole(),
            &["core_types.neuro.formats=[(kind: kernel, prefix_bits: 10, delay_widths: [6])]"],
        ),
    ];
    let missed = cases.iter().filter_map(|(code, network, sets)| {
        let found = codes(network, sets);
        let met = found.iter().any(|own| own == code);
        (!met).then(|| format!("{code} {sets:?}: {found:?}"))
    });
    let missed: Vec<String> = missed.collect();
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    assert_eq!(codes(&whole(), &[]), Vec::<String>::new(), "nothing is wrong with the network");
}

#[test]
fn a_chip_says_how_small_weights_are_rounded() {
    let network = example_network("digits");
    let rounded = |rounding: &str| {
        let rounding = format!("core_types.neuro.weights.exponent_rounding={rounding}");
        // Exponents so small that weights lose bits behind the point.
        let sets = ["core_types.neuro.weights.exponent_max=-7", rounding.as_str()];
        let chip = chip("loihi1", &sets);
        let made = compiled(&network, &chip);
        let samples = Samples::load_example(&example("digits"));
        let samples: Vec<_> = (0..3).map(|index| stimulus(&samples, index)).collect();
        assert_same_rasters(&made, &chip, &samples);
        (made.quantised.projections[0].exponent, run_oracle(&made, &samples))
    };
    let (down, nearest) = (rounded("down"), rounded("nearest"));
    assert!(down.0 < -6, "exponent {}", down.0);
    assert!(down.1 != nearest.1, "rounding changes what fires");
}
