//! Images as constant input: biases written before a sample stand for an input that never changes.

use quarrion_compiler::bias_images::lower_bias_images;
use quarrion_compiler::compile::{CompileOptions, InputValues, compile};
use quarrion_isa::stimulus::Sample;
use quarrion_tests::accuracy::example;
use quarrion_tests::oracle_float::folded::FoldedOracle;
use quarrion_tests::oracle_float::samples::Samples;

use super::shared::{assert_same_rasters, chip, example_network, run_oracle};

/// Steps that each image is shown for.
const STEPS: u32 = 20;
/// Images.
const IMAGES: usize = 40;

#[test]
fn images_as_biases_drive_the_network_like_a_constant_input() {
    let network = example_network("digits");
    let samples = Samples::load_example(&example("digits"));
    let chip = chip("loihi1", &[]);
    let options =
        CompileOptions { input: InputValues::Images { largest: 1.0 }, ..CompileOptions::default() };
    let made = compile(&network, &chip, &options).unwrap_or_else(|failure| panic!("{failure}"));
    // The mean of the spike trains is the image that they were drawn from, nearly.
    let steps = samples.spikes.dim().1 as f64;
    let images: Vec<Vec<f64>> = samples
        .spikes
        .outer_iter()
        .take(IMAGES)
        .map(|sample| {
            let sums = sample.map(|&spike| f64::from(spike)).sum_axis(ndarray::Axis(0));
            sums.iter().map(|sum| sum / steps).collect()
        })
        .collect();
    let writes = lower_bias_images(&network, &made, &chip, &images).expect("images that fit");
    let stimuli: Vec<Sample> = writes
        .into_iter()
        .map(|writes| Sample { steps: STEPS, spikes: Vec::new(), writes, rewards: Vec::new() })
        .collect();
    let float = FoldedOracle::new(&network);
    let mut totals = (0.0, 0.0);
    let mut equal = 0;
    for (image, raster) in images.iter().zip(run_oracle(&made, &stimuli)) {
        let shown = vec![vec![image.clone()]; STEPS as usize];
        let outcome = float.run(&shown);
        let counts: Vec<f64> = raster.output_counts.iter().map(|&count| count.into()).collect();
        equal += usize::from(counts == outcome.outputs[0]);
        totals.0 += raster.window_spikes.iter().sum::<u64>() as f64;
        totals.1 += outcome.spikes.iter().map(|layer| layer.1).sum::<u64>() as f64;
    }
    println!("{equal} of {IMAGES} counts equal, {} spikes, float {}", totals.0, totals.1);
    assert!(equal * 2 > IMAGES, "{equal} of {IMAGES} counts equal");
    assert!((totals.0 - totals.1).abs() < 0.05 * totals.1, "{totals:?} spikes");
    assert!(assert_same_rasters(&made, &chip, &stimuli[..3]) > 100);
}

#[test]
fn an_image_beyond_the_bias_register_is_refused() {
    let network = example_network("digits");
    let chip = chip("loihi1", &[]);
    let options =
        CompileOptions { input: InputValues::Images { largest: 1.0 }, ..CompileOptions::default() };
    let made = compile(&network, &chip, &options).unwrap_or_else(|failure| panic!("{failure}"));
    let refused = lower_bias_images(&network, &made, &chip, &[vec![100.0; 64]]);
    assert_eq!(refused.expect_err("too bright").code, "QM050");
    let refused = lower_bias_images(&network, &made, &chip, &[vec![0.0; 63]]);
    assert_eq!(refused.expect_err("too small").code, "QM051");
}
