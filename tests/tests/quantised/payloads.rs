//! Payloads of the input: the scale leaves room for them in every sum.

use quarrion_compiler::compile::{CompileOptions, Compiled, InputValues, compile};
use quarrion_isa::stimulus::{InputSpike, Sample};
use quarrion_tests::accuracy::example;
use quarrion_tests::oracle_float::samples::Samples;

use super::shared::{assert_same_rasters, chip, example_network, run_oracle};

/// Digits whose spikes count thousands: with weights that use all their bits, sums wrap.
fn stimuli(payload: i32) -> Vec<Sample> {
    let samples = Samples::load_example(&example("digits"));
    let trains = samples.spikes.outer_iter().take(8);
    let graded = trains.map(|train| {
        let at = |((step, neuron), _): ((usize, usize), &_)| {
            // Some count less, and some the other way.
            let payload = if (step + neuron) % 7 == 0 { -payload } else { payload - neuron as i32 };
            InputSpike { step: step as u32, neuron: neuron as u32, payload }
        };
        let spikes = train.indexed_iter().filter(|(_, spike)| **spike != 0).map(at).collect();
        Sample { steps: samples.spikes.dim().1 as u32, spikes, ..Sample::default() }
    });
    graded.collect()
}

fn compiled(input: InputValues) -> Compiled {
    let options = CompileOptions { input, ..CompileOptions::default() };
    let made = compile(&example_network("digits"), &chip("loihi2", &[]), &options);
    made.unwrap_or_else(|failure| panic!("{failure}"))
}

#[test]
fn sums_of_payloads_do_not_wrap() {
    let stimuli = stimuli(4_000);
    let overflows = |made: &Compiled| -> u64 {
        run_oracle(made, &stimuli).iter().map(|raster| raster.overflows).sum()
    };
    let wrapped = overflows(&compiled(InputValues::Binary));
    assert!(wrapped > 100, "{wrapped} sums wrap where nobody knows of the payloads");
    let made = compiled(InputValues::Payloads { low: -4_000, high: 4_000 });
    assert_eq!(overflows(&made), 0);
    assert!(assert_same_rasters(&made, &chip("loihi2", &[]), &stimuli) > 100);
}
