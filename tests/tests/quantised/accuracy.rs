//! What quantisation costs on the example networks: accuracy, spikes, and the same raster mapped.

use ndarray::ArrayD;
use quarrion_tests::oracle_float::folded::FoldedOracle;
use quarrion_tests::oracle_float::samples::{Samples, array};

use super::shared::{
    EXAMPLES, assert_same_rasters, chip, compiled, example, example_network, id_of, run_oracle,
    sample,
};

/// Samples of each network that are compared.
const COMPARED: usize = 500;
/// Samples of each network that run on the reference engine as well.
const MAPPED: usize = 4;

/// The first of the largest.
fn class<'a>(counts: impl IntoIterator<Item = &'a i64>) -> usize {
    let mut best = (0, i64::MIN);
    for (class, &count) in counts.into_iter().enumerate() {
        if count > best.1 {
            best = (class, count);
        }
    }
    best.0
}

/// Accuracy within two points of the framework's, spikes of every layer within five percent.
#[test]
fn quantised_networks_stay_near_the_float_ones() {
    for name in EXAMPLES {
        let network = example_network(name);
        let folder = example(name);
        let samples = Samples::load_example(&folder);
        let labels: ArrayD<i64> = array(&folder.join("test.npz"), "labels");
        let made = compiled(&network, &chip("loihi1", &[]));
        let stimuli: Vec<_> = (0..COMPARED).map(|index| sample(&samples, index)).collect();
        let float = FoldedOracle::new(&network);
        let mut float_spikes: Vec<(String, u64)> = Vec::new();
        let mut spikes = vec![0_u64; made.quantised.populations.len()];
        let (mut right, mut float_right, mut equal) = (0, 0, 0);
        for (index, raster) in run_oracle(&made, &stimuli).iter().enumerate() {
            let counted = samples.counts.row(index);
            let counts: Vec<i64> = raster.output_counts.iter().map(|&count| count.into()).collect();
            let label = labels[index] as usize;
            right += usize::from(class(&counts) == label);
            float_right += usize::from(class(counted.iter()) == label);
            equal += usize::from(counts == counted.to_vec());
            assert_eq!(raster.overflows, 0, "{name}: a sum left its word");
            spikes.iter_mut().zip(&raster.window_spikes).for_each(|(sum, new)| *sum += new);
            let outcome = float.run(&samples.stimulus(index));
            if float_spikes.is_empty() {
                float_spikes = outcome.spikes;
            } else {
                let sums = float_spikes.iter_mut().zip(&outcome.spikes);
                sums.for_each(|(sum, new)| sum.1 += new.1);
            }
        }
        println!("{name}: {right} of {COMPARED} right, float {float_right}; {equal} counts equal");
        assert!(right + 2 * COMPARED / 100 >= float_right, "{name}: accuracy fell too far");
        for (layer, float) in &float_spikes {
            let integer = spikes[id_of(&made, layer).index()];
            let apart = (integer as f64 - *float as f64).abs() / *float as f64;
            println!("  {layer}: {integer} spikes, float {float}, {:.2} % apart", apart * 100.0);
            assert!(apart <= 0.05, "{name} {layer}: {integer} spikes, float {float}");
        }
        assert_eq!(float_spikes.len(), spikes.len() - 1, "{name}: every layer was compared");
    }
}

/// Mapping changes nothing: whole networks, on two chips.
#[test]
fn mapped_examples_fire_as_the_quantised_networks() {
    for name in EXAMPLES {
        let network = example_network(name);
        let samples = Samples::load_example(&example(name));
        let stimuli: Vec<_> = (0..MAPPED).map(|index| sample(&samples, index)).collect();
        // The second chip has small cores, so that every layer lies on several.
        let sets = ["core_types.neuro.compartments=64"];
        for chip in [chip("loihi1", &[]), chip("loihi1", &sets)] {
            let made = compiled(&network, &chip);
            let spikes = assert_same_rasters(&made, &chip, &stimuli);
            assert!(spikes > 100, "{name}: silence proves nothing");
        }
    }
}
