//! What quantisation costs on the example networks: accuracy, spikes, and the same raster mapped.

use quarrion_tests::accuracy::{EXAMPLES, example, measure, stimulus};
use quarrion_tests::oracle_float::samples::Samples;

use super::shared::{assert_same_rasters, chip, compiled, example_network};

/// Samples of each network that run on the reference engine as well.
const MAPPED: usize = 4;

/// Accuracy within two points of the framework's, spikes of every layer within five percent.
#[test]
fn quantised_networks_stay_near_the_float_ones() {
    for name in EXAMPLES {
        let network = example_network(name);
        let made = compiled(&network, &chip("loihi1", &[]));
        let found = measure(name, &network, &made, usize::MAX);
        println!("{name}: {found:?}");
        assert!(found.samples >= 300, "{name}: too few samples");
        assert_eq!(found.overflows, 0, "{name}: a sum left its word");
        let (integer, float) = found.percent();
        assert!(integer + 2.0 >= float, "{name}: {integer} % right, float {float} %");
        for layer in &found.layers {
            assert!(layer.apart() <= 0.05, "{name}: {layer:?}");
        }
        assert_eq!(found.layers.len() + 1, made.quantised.populations.len(), "{name}");
    }
}

/// Mapping changes nothing: whole networks, on two chips.
#[test]
fn mapped_examples_fire_as_the_quantised_networks() {
    for name in EXAMPLES {
        let network = example_network(name);
        let samples = Samples::load_example(&example(name));
        let stimuli: Vec<_> = (0..MAPPED).map(|index| stimulus(&samples, index)).collect();
        // The second chip has small cores, so that every layer lies on several.
        let sets = ["core_types.neuro.compartments=64"];
        for chip in [chip("loihi1", &[]), chip("loihi1", &sets)] {
            let made = compiled(&network, &chip);
            let spikes = assert_same_rasters(&made, &chip, &stimuli);
            assert!(spikes > 100, "{name}: silence proves nothing");
        }
    }
}
