//! The float oracle against the frameworks, and the folded network against the oracle.

use std::path::{Path, PathBuf};

use quarrion_compiler::import::nir::read_nir;
use quarrion_compiler::import::{ImportPolicy, NirGraph};
use quarrion_compiler::network::lower_network;
use quarrion_tests::oracle_float::folded::FoldedOracle;
use quarrion_tests::oracle_float::samples::Samples;
use quarrion_tests::oracle_float::{FloatOracle, Outcome};

/// Below this a membrane is so near its threshold that summation order may decide.
const CLOSE: f64 = 1e-5;

fn load(path: &Path) -> NirGraph {
    let bytes = std::fs::read(path).expect("the network file");
    read_nir(&bytes, &path.display().to_string()).unwrap_or_else(|errors| panic!("{errors:?}"))
}

/// Runs every sample on both oracles, on all processors.
fn run_all(graph: &NirGraph, samples: &Samples) -> Vec<(Outcome, Outcome)> {
    let policy = ImportPolicy::default();
    let network = lower_network(graph, &policy, "test").expect("a network that lowers");
    let (unfolded, folded) = (FloatOracle::new(graph, policy), FoldedOracle::new(&network));
    let count = samples.spikes.dim().0;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut outcomes: Vec<Option<(Outcome, Outcome)>> = vec![None; count];
    std::thread::scope(|scope| {
        for (part, chunk) in outcomes.chunks_mut(count.div_ceil(threads)).enumerate() {
            let (unfolded, folded) = (&unfolded, &folded);
            scope.spawn(move || {
                for (at, outcome) in chunk.iter_mut().enumerate() {
                    let stimulus = samples.stimulus(part * count.div_ceil(threads) + at);
                    *outcome = Some((unfolded.run(&stimulus), folded.run(&stimulus)));
                }
            });
        }
    });
    outcomes.into_iter().flatten().collect()
}

/// Compares both oracles with the framework's counts; at most one sample may differ, and only
/// where a membrane was shown to be within [`CLOSE`] of its threshold.
fn compare(name: &str, nir: &Path, samples: &Samples) {
    let outcomes = run_all(&load(nir), samples);
    assert_eq!(outcomes.len(), samples.counts.dim().0, "{name}");
    assert!(outcomes.len() >= 100, "{name}: too few samples to say anything");
    let mut excused = 0;
    let mut totals: Vec<u64> = Vec::new();
    let mut margin = f64::INFINITY;
    for (sample, (unfolded, folded)) in outcomes.iter().enumerate() {
        let counted: Vec<f64> =
            samples.counts.row(sample).iter().map(|&count| count as f64).collect();
        let equal = unfolded.outputs == [counted]
            && folded.outputs == unfolded.outputs
            && sorted(folded) == sorted(unfolded);
        if !equal {
            assert!(
                unfolded.margin < CLOSE && excused == 0,
                "{name} sample {sample}: framework {:?}, oracle {unfolded:?}, folded {folded:?}",
                samples.counts.row(sample)
            );
            excused += 1;
        }
        totals.resize(unfolded.spikes.len(), 0);
        for (total, (_, spikes)) in totals.iter_mut().zip(&unfolded.spikes) {
            *total += spikes;
        }
        margin = margin.min(unfolded.margin);
    }
    if !samples.layer_totals.is_empty() && excused == 0 {
        let expected: Vec<u64> = samples.layer_totals.iter().map(|&total| total as u64).collect();
        assert_eq!(totals, expected, "{name}: spikes of each layer over all samples");
    }
    println!(
        "{name}: {} of {} samples equal, closest membrane {margin:.1e} from its threshold",
        outcomes.len() - excused,
        outcomes.len()
    );
}

/// Spikes by name; the two oracles list populations in different orders.
fn sorted(outcome: &Outcome) -> Vec<(String, u64)> {
    let mut spikes = outcome.spikes.clone();
    spikes.sort();
    spikes
}

fn example(name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name);
    let samples = Samples::load_example(&folder);
    compare(name, &folder.join(format!("{name}.nir")), &samples);
}

#[test]
fn digits_counts_equal_the_framework() {
    example("digits");
}

#[test]
fn digits_conv_counts_equal_the_framework() {
    example("digits_conv");
}

#[test]
fn digits_recurrent_counts_equal_the_framework() {
    example("digits_recurrent");
}

/// The folder with networks that may not be copied into the project.
pub(super) fn reference() -> Option<PathBuf> {
    let folder = std::env::var_os("QUARRION_REFERENCE").map(PathBuf::from);
    if folder.is_none() {
        println!("SKIPPED: QUARRION_REFERENCE does not name the reference folder");
    }
    folder
}

#[test]
fn reference_networks_counts_equal_the_framework() {
    let Some(folder) = reference() else { return };
    for name in ["digits_mlp", "digits_conv", "digits_srnn_lif", "nmnist_mlp"] {
        let net = folder.join("nets").join(name);
        compare(name, &net.join("net.nir"), &Samples::load_packed(&net));
    }
}
