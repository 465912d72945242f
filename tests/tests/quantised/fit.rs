//! Does not fit: one case for every resource, with the whole message.

use std::path::PathBuf;

use quarrion_compiler::compile::{CompileFailure, CompileOptions, compile};
use quarrion_compiler::layout::Mapping;
use quarrion_compiler::network::{Network, ResetMode, Role};
use quarrion_compiler::planner::{PlannerOptions, Strategy};
use quarrion_isa::chip::Chip;

use super::shared::{chip, compiled, data, example_network};

/// Where the golden messages lie.
fn golden(name: &str) -> PathBuf {
    data("fit").join(format!("{name}.txt"))
}

/// Compares with the golden message; `QUARRION_BLESS=1` writes it instead.
fn assert_golden(name: &str, found: &str) {
    let path = golden(name);
    if std::env::var_os("QUARRION_BLESS").is_some() {
        std::fs::write(&path, format!("{found}\n")).expect("writes");
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, wanted.trim_end(), "{}", path.display());
}

/// What is said when the network does not compile for the chip.
fn refusal(network: &Network, chip: &Chip, options: &CompileOptions) -> String {
    match compile(network, chip, options) {
        Ok(_) => "it fits".into(),
        Err(CompileFailure::DoesNotFit(result)) => {
            assert_eq!(result.gap(), result.total() - result.bound);
            result.to_string()
        }
        Err(CompileFailure::Diagnostics(found)) => {
            let texts: Vec<String> = found.iter().map(ToString::to_string).collect();
            texts.join("\n")
        }
    }
}

/// What makes a sound mapping unsound.
type Change = fn(&mut Mapping);

/// One chip for every resource that can run out, differing from a good one in one value.
#[test]
fn every_resource_that_runs_out_says_so() {
    let network = example_network("digits");
    let cases: &[(&str, &[&str])] = &[
        ("cores", &["core_types.neuro.compartments=1", "mesh.width=1", "mesh.height=2"]),
        ("axons_in", &["core_types.neuro.axons_in=50"]),
        (
            "synapse_words",
            &["core_types.neuro.synapse_memory_bits=512", "core_types.neuro.list_words=8"],
        ),
        (
            "list_words",
            &[
                "core_types.neuro.list_words=1",
                "core_types.neuro.formats.0.prefix_bits=80",
                "core_types.neuro.formats.1.prefix_bits=80",
                "core_types.neuro.formats.3.prefix_bits=80",
            ],
        ),
        ("accumulator_slots", &["core_types.neuro.accumulator_slots=1"]),
        ("fan_in", &["core_types.neuro.fan_in=63"]),
        (
            "state_bits",
            &["core_types.neuro.state_memory_bits=48", "core_types.neuro.compartments=1"],
        ),
    ];
    for (name, sets) in cases {
        let chip = chip("loihi1", sets);
        assert_golden(name, &refusal(&network, &chip, &CompileOptions::default()));
    }
}

/// Where copies of a neuron would ask for more copies without end, axons out are what is short: in
/// a loop every copy is one more way of every neuron.
#[test]
fn loops_whose_copies_never_end_are_short_of_axons_out() {
    let network = example_network("digits_recurrent");
    for (name, set) in
        [("axons_out", "core_types.neuro.axons_out=9"), ("fan_out", "core_types.neuro.fan_out=9")]
    {
        let chip = chip("loihi1", &[set, "core_types.neuro.compartments=1"]);
        assert_golden(name, &refusal(&network, &chip, &CompileOptions::default()));
    }
}

/// Every population on as few cores of its own as hold it.
fn plainly() -> CompileOptions {
    let strategies = vec![Strategy::Greedy];
    let planner = PlannerOptions { strategies, ..PlannerOptions::default() };
    CompileOptions { planner, ..CompileOptions::default() }
}

/// Thresholds of many values need many configurations; spread over cores they fit.
#[test]
fn configurations_are_counted_per_core() {
    let mut network = example_network("digits");
    for population in &mut network.populations {
        let Role::Neurons(model) = &mut population.role else { continue };
        let Some(firing) = &mut model.firing else { continue };
        for (neuron, threshold) in firing.threshold.iter_mut().enumerate() {
            *threshold += neuron as f64 * 0.01;
        }
    }
    let chip = chip("loihi1", &[]);
    let made = compile(&network, &chip, &plainly()).unwrap_or_else(|f| panic!("{f}"));
    let layers: Vec<u64> = made.utilisation.layers.iter().map(|layer| layer.cores).collect();
    assert_eq!(layers, [3, 1], "96 configurations on cores of 32");
    // All on one core they do not.
    let mut mapping = made.mapping.clone();
    let others: Vec<_> = mapping.cores.drain(1..).flat_map(|core| core.slices).collect();
    mapping.cores[0].slices.extend(others);
    let options = CompileOptions { mapping: Some(mapping), ..CompileOptions::default() };
    assert_golden("configurations", &refusal(&network, &chip, &options));
}

/// What no core computes is refused by name, with a way out.
#[test]
fn models_without_a_program_are_refused() {
    let mut subtracting = example_network("digits");
    let mut graded = example_network("digits");
    for (network, subtracts) in [(&mut subtracting, true), (&mut graded, false)] {
        let last = network.populations.last_mut().expect("an output");
        let Role::Neurons(model) = &mut last.role else { panic!("an output of neurons") };
        if subtracts {
            model.firing.as_mut().expect("fires").reset = ResetMode::Subtract;
        } else {
            model.firing = None;
        }
    }
    let options = CompileOptions::default();
    assert_golden("subtract", &refusal(&subtracting, &chip("loihi1", &[]), &options));
    assert_golden("graded", &refusal(&graded, &chip("loihi1", &[]), &options));
    let leaky = example_network("digits");
    assert_golden("leaky_on_odin", &refusal(&leaky, &chip("odin", &[]), &options));
    let small = ["core_types.neuro.programs=programmable(state_bits:53,instructions:64)"];
    assert_golden("program_state", &refusal(&leaky, &chip("loihi2", &small), &options));
}

/// A mapping for another network is refused before anything is built on it.
#[test]
fn mappings_are_checked() {
    let network = example_network("digits");
    let chip = chip("loihi1", &[]);
    let sound = compile(&network, &chip, &plainly()).unwrap_or_else(|f| panic!("{f}")).mapping;
    let refused = |change: Change| {
        let mut mapping = sound.clone();
        change(&mut mapping);
        let options = CompileOptions { mapping: Some(mapping), ..CompileOptions::default() };
        refusal(&network, &chip, &options)
    };
    assert_eq!(refused(|_| {}), "it fits");
    let cases: &[(&str, Change)] = &[
        ("mapping_missing", |mapping| mapping.cores[0].slices[0].runs[0].first += 1),
        ("mapping_short", |mapping| mapping.cores[0].slices[0].runs[0].count -= 1),
        ("mapping_twice", |mapping| {
            let again = mapping.cores[0].slices[0].clone();
            mapping.cores[1].slices.push(again);
        }),
        ("mapping_core", |mapping| mapping.cores[1].core.0 = 5000),
        ("mapping_order", |mapping| mapping.cores.swap(0, 1)),
        ("mapping_input", |mapping| mapping.cores[0].slices[0].population.0 = 0),
        ("mapping_population", |mapping| mapping.cores[0].slices[0].population.0 = 9),
    ];
    for (name, change) in cases {
        assert_golden(name, &refused(*change));
    }
}

/// A network too large to give every part its own core shares cores, and says so.
#[test]
fn populations_share_cores_where_cores_are_short() {
    let network = example_network("digits_conv");
    let chip = chip("loihi1", &["mesh.width=1", "mesh.height=1", "mesh.cores_per_tile=2"]);
    let made = compiled(&network, &chip);
    assert_eq!(made.program.cores.len(), 2);
    assert!(made.notes.iter().any(|note| note.code == "QM041"));
}
