//! The files of `data/nir`: what reads, what it computes, and what is said about the rest.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ndarray::Array2;
use quarrion_compiler::import::nir::read_nir;
use quarrion_compiler::import::policy::{Integrator, ResetMode, TauMeasure};
use quarrion_compiler::import::{Dialect, ImportPolicy, NirGraph, NirNode, NodeKind};
use quarrion_compiler::network::{Network, lower_network};
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_tests::oracle_float::folded::FoldedOracle;
use quarrion_tests::oracle_float::samples::array;
use quarrion_tests::oracle_float::{FloatOracle, Outcome};

/// Sums over a sample may differ by this much, relative to 1, when the order of additions does.
const ROUNDING: f64 = 1e-9;

fn data(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/nir").join(folder)
}

/// The `.nir` files of a folder by stem, in alphabetical order.
fn files(folder: &str) -> BTreeMap<String, PathBuf> {
    let files: BTreeMap<String, PathBuf> = std::fs::read_dir(data(folder))
        .expect("a folder of test data")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "nir"))
        .map(|path| (path.file_stem().expect("a name").to_string_lossy().into_owned(), path))
        .collect();
    assert!(!files.is_empty(), "no files in {folder}");
    files
}

fn read(path: &Path) -> Result<NirGraph, Vec<Diagnostic>> {
    let name = path.file_name().expect("a name").to_string_lossy().into_owned();
    read_nir(&std::fs::read(path).expect("a file"), &name)
}

fn lower(path: &Path, policy: &ImportPolicy) -> Result<Network, Vec<Diagnostic>> {
    let name = path.file_name().expect("a name").to_string_lossy().into_owned();
    lower_network(&read(path)?, policy, &name)
}

fn policies() -> [(&'static str, ImportPolicy); 2] {
    let euler_zero = ImportPolicy::default();
    let exponential_subtract = ImportPolicy {
        integrator: Integrator::Exponential,
        reset: ResetMode::Subtract,
        ..euler_zero
    };
    [("euler_zero", euler_zero), ("exponential_subtract", exponential_subtract)]
}

/// The stimuli that stand beside a good network: `[sample][step][input][element]`.
fn stimuli(npz: &Path, graph: &NirGraph) -> Vec<Vec<Vec<Vec<f64>>>> {
    let inputs: Vec<ndarray::ArrayD<u8>> = graph
        .nodes
        .iter()
        .filter(|node| matches!(node.kind, NodeKind::Input))
        .map(|node| array(npz, &format!("in.{}", node.name)))
        .collect();
    let (samples, steps) = (inputs[0].shape()[0], inputs[0].shape()[1]);
    (0..samples)
        .map(|sample| {
            (0..steps)
                .map(|step| {
                    let lines = |input: &ndarray::ArrayD<u8>| -> Vec<f64> {
                        let sample = input.index_axis(ndarray::Axis(0), sample);
                        let step = sample.index_axis(ndarray::Axis(0), step);
                        step.iter().map(|&spike| f64::from(spike)).collect()
                    };
                    inputs.iter().map(lines).collect()
                })
                .collect()
        })
        .collect()
}

fn assert_close(found: &[f64], wanted: &[f64], what: &str) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    for (found, wanted) in found.iter().zip(wanted) {
        let error = (found - wanted).abs();
        assert!(error <= ROUNDING * wanted.abs().max(1.0), "{what}: {found} is not {wanted}");
    }
}

/// Outputs and spikes by name, since the two oracles order populations differently.
fn by_name(outcome: &Outcome, names: &[String]) -> BTreeMap<String, Vec<f64>> {
    names.iter().cloned().zip(outcome.outputs.iter().cloned()).collect()
}

/// The node whose value an Output shows: itself, or the neuron it reads alone.
fn shown_by(graph: &NirGraph, network: &Network) -> Vec<String> {
    let sources = graph.sources();
    let is_output = |name: &String| network.outputs().any(|(_, found)| &found.name == name);
    (0..graph.nodes.len())
        .filter(|&node| matches!(graph.nodes[node].kind, NodeKind::Output))
        .map(|node| {
            let mut at = node;
            while !is_output(&graph.nodes[at].name) {
                at = sources[at][0];
            }
            graph.nodes[at].name.clone()
        })
        .collect()
}

#[test]
fn good_networks_compute_what_the_other_interpreter_does() {
    let mut compared = 0;
    for (name, path) in files("good") {
        let graph = read(&path).unwrap_or_else(|errors| panic!("{name}: {errors:?}"));
        let npz = path.with_extension("npz");
        for (label, policy) in policies() {
            let network = lower(&path, &policy).unwrap_or_else(|e| panic!("{name}: {e:?}"));
            let (oracle, folded) = (FloatOracle::new(&graph, policy), FoldedOracle::new(&network));
            let outputs: Vec<(String, Array2<f64>)> = graph
                .nodes
                .iter()
                .filter(|node| matches!(node.kind, NodeKind::Output))
                .map(|node| {
                    let wanted = array(&npz, &format!("{label}.{}", node.name));
                    (node.name.clone(), wanted.into_dimensionality().expect("two axes"))
                })
                .collect();
            let shown = shown_by(&graph, &network);
            let folded_names: Vec<String> =
                network.outputs().map(|(_, population)| population.name.clone()).collect();
            for (sample, stimulus) in stimuli(&npz, &graph).iter().enumerate() {
                let (outcome, lowered) = (oracle.run(stimulus), folded.run(stimulus));
                let lowered_outputs = by_name(&lowered, &folded_names);
                for (at, (output, wanted)) in outputs.iter().enumerate() {
                    let what = format!("{name} {label} sample {sample} output {output}");
                    let wanted: Vec<f64> = wanted.row(sample).to_vec();
                    assert_close(&outcome.outputs[at], &wanted, &what);
                    assert_close(&lowered_outputs[&shown[at]], &wanted, &format!("folded {what}"));
                    compared += 1;
                }
                let (mut spikes, mut lowered_spikes) = (outcome.spikes, lowered.spikes);
                spikes.sort();
                lowered_spikes.sort();
                assert_eq!(spikes, lowered_spikes, "{name} {label} sample {sample}");
            }
        }
    }
    assert!(compared >= 64, "only {compared} comparisons");
}

/// A stimulus of 0s and 1s from SplitMix64, a third of them 1.
fn random_stimulus(graph: &NirGraph, seed: u64, steps: usize) -> Vec<Vec<Vec<f64>>> {
    let mut state = seed;
    let mut spike = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        if (mixed ^ (mixed >> 31)).is_multiple_of(3) { 1.0 } else { 0.0 }
    };
    let is_input = |node: &&NirNode| matches!(node.kind, NodeKind::Input);
    let lengths: Vec<usize> =
        graph.nodes.iter().filter(is_input).map(NirNode::output_len).collect();
    let mut step =
        || lengths.iter().map(|&length| (0..length).map(|_| spike()).collect()).collect();
    (0..steps).map(|_| step()).collect()
}

#[test]
fn folding_changes_nothing_under_any_dialect() {
    let mut paths = files("good");
    paths.insert("v_reset".into(), files("findings")["v_reset"].clone());
    let (mut compared, mut undecided, mut shifted_spikes) = (0, 0, 0);
    for (name, path) in paths {
        let graph = read(&path).expect("a good network");
        for dialect in Dialect::ALL {
            // The files are in seconds, for steps of 0.1 ms.
            let (dt_seconds, tau_measure) = (1e-4, TauMeasure::Seconds);
            let policy = ImportPolicy { dt_seconds, tau_measure, ..dialect.policy() };
            let Ok(network) = lower(&path, &policy) else {
                assert_eq!(name, "v_reset", "{dialect:?}");
                continue;
            };
            let stimulus = random_stimulus(&graph, compared, 40);
            let unfolded = FloatOracle::new(&graph, policy).run(&stimulus);
            let folded = FoldedOracle::new(&network).run(&stimulus);
            let names: Vec<String> =
                network.outputs().map(|(_, population)| population.name.clone()).collect();
            if unfolded.margin < ROUNDING {
                undecided += 1;
                continue;
            }
            let by_name = by_name(&folded, &names);
            for (output, shown) in unfolded.outputs.iter().zip(shown_by(&graph, &network)) {
                assert_close(&by_name[&shown], output, &format!("{name} {dialect:?}"));
            }
            let total = |outcome: &Outcome| outcome.spikes.iter().map(|entry| entry.1).sum::<u64>();
            assert_eq!(total(&folded), total(&unfolded), "{name} {dialect:?}");
            if name == "v_reset" {
                shifted_spikes += total(&folded);
            }
            compared += 1;
        }
    }
    assert!(compared > 40 && undecided < 10, "{compared} compared, {undecided} undecided");
    assert!(shifted_spikes > 20, "the shift by v_reset was not exercised");
}

#[test]
fn good_networks_fold_to_the_expected_projections() {
    let mut told = String::new();
    for (name, path) in files("good") {
        let network = lower(&path, &ImportPolicy::default()).expect("a good network");
        for projection in &network.projections {
            told += &format!(
                "{name}: {} -> {} {} ({} synapses{}{}) by {}\n",
                network.population(projection.source).name,
                network.population(projection.target).name,
                projection.connectivity.kind_name(),
                projection.connectivity.synapse_count(),
                if projection.delay_steps > 0 { ", delayed" } else { "" },
                if projection.recurrent { ", recurrent" } else { "" },
                projection.name,
            );
        }
    }
    assert_golden(&data("good").join("projections.txt"), &told);
}

#[test]
fn every_walk_agrees_about_the_synapses() {
    for (name, path) in files("good") {
        let network = lower(&path, &ImportPolicy::default()).expect("a good network");
        for projection in &network.projections {
            let connectivity = &projection.connectivity;
            let mut walked: Vec<(usize, usize)> = Vec::new();
            connectivity.for_each_synapse(|source, target, _| walked.push((target, source)));
            assert!(walked.is_sorted_by(|a, b| a < b), "{name} {}: order", projection.name);
            assert_eq!(walked.len() as u64, connectivity.synapse_count(), "{name}");
            let total = |counts: Vec<u32>| counts.into_iter().map(u64::from).sum::<u64>();
            assert_eq!(total(connectivity.fan_in()), walked.len() as u64, "{name}");
            assert_eq!(total(connectivity.fan_out()), walked.len() as u64, "{name}");
            let source = network.population(projection.source).len();
            let target = network.population(projection.target).len();
            assert_eq!((connectivity.inputs(), connectivity.outputs()), (source, target), "{name}");
        }
    }
}

#[test]
fn every_encoding_reads_alike() {
    let all = files("encodings");
    let describe = |graph: &NirGraph| {
        // The subgraph's own nodes carry its name, and its ports are wires.
        let kept = |kind: &NodeKind| !matches!(kind, NodeKind::Wire);
        let mut nodes: Vec<String> = graph
            .nodes
            .iter()
            .filter(|node| kept(&node.kind))
            .map(|node| {
                let name = node.name.rsplit('/').next().unwrap_or_default();
                format!("{name} {:?} {:?} {:?}", node.kind, node.input_shape, node.output_shape)
            })
            .collect();
        nodes.sort();
        nodes
    };
    let plain = read(&all["plain"]).expect("the plain file reads");
    for (name, path) in &all {
        let graph = read(path).unwrap_or_else(|errors| panic!("{name}: {errors:?}"));
        assert_eq!(describe(&graph), describe(&plain), "{name}");
        assert!(graph.warnings.is_empty(), "{name}: {:?}", graph.warnings);
        if name != "as_subgraph" {
            assert_eq!(graph.edges, plain.edges, "{name}");
        }
    }
    assert!(all.len() >= 10);
}

/// What a policy other than the default is needed for, by file.
fn policy_for(name: &str) -> Vec<(&'static str, ImportPolicy)> {
    let mut policies = vec![("default", ImportPolicy::default())];
    match name {
        "v_reset" => {
            let subtract = ImportPolicy { reset: ResetMode::Subtract, ..ImportPolicy::default() };
            policies.push(("subtract", subtract));
            policies.push(("spikingjelly", Dialect::SpikingJelly.policy()));
        }
        "gain_of_if" => policies.push(("spikingjelly", Dialect::SpikingJelly.policy())),
        "tau_in_milliseconds" => {
            policies.push(("norse", Dialect::Norse.policy()));
            policies.push(("no time", ImportPolicy { dt_seconds: 0.0, ..ImportPolicy::default() }));
        }
        "extents_of_one" => {
            let slow = ImportPolicy { dt_seconds: f64::NAN, ..ImportPolicy::default() };
            policies.push(("not a time", slow));
        }
        _ => {}
    }
    policies
}

#[test]
fn findings_are_told_as_written_down() {
    let all = files("findings");
    for (name, path) in &all {
        let mut told = String::new();
        for (label, policy) in policy_for(name) {
            let found = match lower(path, &policy) {
                Ok(network) => {
                    told += &format!("{label}: imported\n");
                    network.warnings
                }
                Err(errors) => {
                    assert!(!errors.is_empty(), "{name}: refused without a reason");
                    told += &format!("{label}: refused\n");
                    errors
                }
            };
            for diagnostic in found {
                assert!(!diagnostic.labels.is_empty(), "{name}: {diagnostic} names no place");
                told += &format!("{:?}: {diagnostic}\n", diagnostic.severity);
            }
        }
        assert_golden(&path.with_extension("txt"), &told);
    }
    assert!(all.len() >= 50, "only {} files", all.len());
}

#[test]
fn assumptions_of_every_dialect_are_told_as_written_down() {
    let mut told = String::new();
    for dialect in Dialect::ALL {
        for (what, value) in dialect.policy().assumptions() {
            told += &format!("{}: {what} = {value}\n", dialect.name());
        }
    }
    let error = "brian2".parse::<Dialect>().expect_err("no such dialect");
    told += &format!("{error}\n");
    assert_golden(&data("").join("assumptions.txt"), &told);
}

/// Compares with a golden file, or writes it when `UPDATE_GOLDEN` is set.
pub(super) fn assert_golden(path: &Path, told: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, told).expect("the golden file can be written");
    }
    let golden = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(told, golden, "{}", path.display());
}
