//! Lava networks: what NumPy works out from the file is what the chip computes, bit for bit.

use std::path::PathBuf;

use ndarray::Array2;
use quarrion_compiler::compile::{CompileOptions, Compiled, compile};
use quarrion_compiler::import::lava::{PeriodicReset, read_lava};
use quarrion_compiler::network::{Network, Role};
use quarrion_isa::chip::Chip;
use quarrion_isa::stimulus::{InputSpike, Sample};
use quarrion_tests::oracle_float::samples::array;
use quarrion_tests::oracle_integer::Firing;

use super::shared::{assert_same_rasters, chip, data, id_of, run_oracle};

fn file(name: &str) -> PathBuf {
    data("lava/good").join(name)
}

fn import(name: &str, reset: Option<PeriodicReset>) -> Network {
    let bytes = std::fs::read(file(&format!("{name}.net"))).expect("a file");
    read_lava(&bytes, name, reset).unwrap_or_else(|found| panic!("{name}: {found:?}"))
}

fn compiled(network: &Network, chip: &Chip) -> Compiled {
    let options = CompileOptions::default();
    compile(network, chip, &options).unwrap_or_else(|failure| panic!("{failure}"))
}

fn table(npz: &str, name: &str) -> Array2<i64> {
    let stored: ndarray::ArrayD<i64> = array(&file(npz), name);
    stored.into_dimensionality().expect("two axes")
}

/// The stimulus that stands beside a network.
fn sample(npz: &str) -> Sample {
    let values = table(npz, "stimulus");
    let at = |((step, neuron), &payload): ((usize, usize), &i64)| InputSpike {
        step: step as u32,
        neuron: neuron as u32,
        payload: payload as i32,
    };
    let spikes = values.indexed_iter().filter(|(_, payload)| **payload != 0).map(at).collect();
    Sample { steps: values.nrows() as u32, spikes, ..Sample::default() }
}

/// What NumPy says that the populations of a network send, in the oracle's order.
fn expected(made: &Compiled, network: &Network, npz: &str) -> Vec<Firing> {
    let mut firings = Vec::new();
    for population in network.populations.iter().filter(|p| p.role != Role::Input) {
        let sent = table(npz, &format!("sent.{}", population.name));
        let id = id_of(made, &population.name);
        for ((step, neuron), &payload) in sent.indexed_iter().filter(|(_, sent)| **sent != 0) {
            let (step, neuron, payload) = (step as u32, neuron as u32, payload as i32);
            firings.push(Firing { step, population: id, neuron, payload });
        }
    }
    firings.sort_unstable();
    firings
}

fn check(name: &str, npz: &str, reset: Option<PeriodicReset>, chip: &Chip) -> usize {
    let network = import(name, reset);
    let made = compiled(&network, chip);
    let sample = sample(npz);
    let wanted = expected(&made, &network, npz);
    let found = run_oracle(&made, std::slice::from_ref(&sample)).remove(0);
    assert_eq!(found.firings.len(), wanted.len(), "{name} on {}", chip.name);
    let pairs = found.firings.iter().zip(&wanted);
    for (found, wanted) in pairs {
        assert_eq!(found, wanted, "{name} on {}", chip.name);
    }
    assert_eq!(found.overflows, 0, "{name}: a sum overflowed, which NumPy's do not");
    assert_same_rasters(&made, chip, &[sample]);
    wanted.len()
}

const SPIKING: [&str; 11] = [
    "dense",
    "conv",
    "groups",
    "delays",
    "concat",
    "concat_conv",
    "concat_groups",
    "average",
    "decays",
    "recurrent",
    "no_input",
];

#[test]
fn spiking_networks_compute_what_the_file_says() {
    let mut spikes = 0;
    for chip in [chip("loihi1", &[]), chip("loihi2", &[])] {
        for name in SPIKING {
            spikes += check(name, &format!("{name}.npz"), None, &chip);
        }
    }
    println!("{spikes} spikes");
    assert!(spikes > 5_000);
}

#[test]
fn graded_and_resonating_networks_compute_what_the_file_says() {
    let programmable = chip("loihi2", &[]);
    let graded = check("sdnn", "sdnn.npz", None, &programmable);
    println!("{graded} graded spikes");
    assert!(graded > 100);
    assert!(check("resonators", "resonators.npz", None, &programmable) > 20);
    let small = chip("loihi2", &["core_types.neuro.compartments=3"]);
    check("sdnn", "sdnn.npz", None, &small);
    for name in ["sdnn", "resonators"] {
        let network = import(name, None);
        let failure = compile(&network, &chip("loihi1", &[]), &CompileOptions::default());
        let failure = failure.expect_err("fixed cores run neither").to_string();
        assert!(failure.contains("QM021"), "{failure}");
    }
}

/// One long sample with resets is many short ones; each layer is reset at its own depth.
#[test]
fn periodic_resets_follow_the_layers() {
    let chip = chip("loihi2", &[]);
    let reset = PeriodicReset { interval: 24, offset: 0 };
    check("conv", "conv_reset.npz", Some(reset), &chip);
    let (whole, parts) = (import("conv", Some(reset)), import("conv", None));
    let (whole, parts) = (compiled(&whole, &chip), compiled(&parts, &chip));
    let long = sample("conv_reset.npz");
    let short = |part: u32| {
        let own = part * 24..(part + 1) * 24;
        let spikes = long.spikes.iter().filter(|spike| own.contains(&spike.step));
        let spikes = spikes.map(|spike| InputSpike { step: spike.step - own.start, ..*spike });
        Sample { steps: 24, spikes: spikes.collect(), ..Sample::default() }
    };
    let whole_raster = run_oracle(&whole, std::slice::from_ref(&long)).remove(0);
    for (part, raster) in run_oracle(&parts, &[short(0), short(1), short(2)]).iter().enumerate() {
        let first = part as u32 * 24;
        let windowed = |firings: &[Firing], first: u32| -> Vec<Firing> {
            let inside = |firing: &&Firing| {
                let phase = parts.quantised.population(firing.population).phase;
                (first + phase..first + phase + 24).contains(&firing.step)
            };
            let kept = firings.iter().filter(inside);
            kept.map(|firing| Firing { step: firing.step - first, ..*firing }).collect()
        };
        let (found, wanted) =
            (windowed(&whole_raster.firings, first), windowed(&raster.firings, 0));
        assert!(!wanted.is_empty());
        assert_eq!(found, wanted, "part {part}");
    }
}

/// Kernels stay kernels, and each weight is kept as it is.
#[test]
fn integers_are_kept() {
    let network = import("conv", None);
    let made = compiled(&network, &chip("loihi2", &[]));
    for (projection, quantised) in network.projections.iter().zip(&made.quantised.projections) {
        let wanted: Vec<i32> = projection.connectivity.stored_weights().map(|w| w as i32).collect();
        assert_eq!(quantised.connections.stored_weights(), wanted, "{}", projection.name);
        assert_eq!((quantised.exponent, quantised.error), (0, 0.0), "{}", projection.name);
    }
    // Odd weights of both signs lie in two lists.
    let made = compiled(&import("dense", None), &chip("loihi1", &[]));
    let names: Vec<&str> = made.quantised.projections.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(
        names,
        ["input -> dense1", "dense1 -> dense2 (excitatory)", "dense1 -> dense2 (inhibitory)"]
    );
}
