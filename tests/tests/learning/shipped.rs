//! The shipped rules from the compiler to the learned weights, with results worked out by hand.

use quarrion_compiler::compile::Compiled;
use quarrion_isa::chip::Chip;
use quarrion_isa::learning::{LearnedSynapse, RecordedDraws, TraceDraw, library};
use quarrion_tests::engines::Truth;

use super::given::{
    RELAY, chip, dense, network, population, run_everywhere, run_recorded, sample, teach,
};

/// Sources and targets that learn.
const SOURCES: usize = 20;
const TARGETS: usize = 20;
/// The weight of every plastic synapse before learning.
const START: i32 = 100;

/// `SOURCES` inputs onto `TARGETS` neurons, every one to every one, plastic; and a further input
/// that makes all targets fire.
fn pairs(rule: &str) -> (Compiled, Chip) {
    let chip = chip("loihi1", &[]);
    // What learns never makes anybody fire: it counts 2^-8 of itself.
    let mut learns = dense((0, SOURCES), (2, TARGETS), 0, &[START; SOURCES * TARGETS]);
    learns.given.as_mut().expect("given").exponent = -8;
    let drives = dense((1, 1), (2, TARGETS), 0, &[100; TARGETS]);
    let network = network(
        vec![
            population("in", SOURCES, None),
            population("drive", 1, None),
            population("out", TARGETS, Some(("cuba_lif", RELAY))),
        ],
        vec![learns, drives],
    );
    let text = library::find(rule).expect("shipped").text;
    let made = teach(&network, &chip, &[("in->out", text)]);
    (made.unwrap_or_else(|failure| panic!("{failure}")), chip)
}

/// All sources spike in the steps of `pre`; all targets in the steps of `post`.
fn spikes(pre: &[u32], post: &[u32]) -> Vec<(u32, u32)> {
    let drive = SOURCES as u32;
    let sources = pre.iter().flat_map(|&step| (0..drive).map(move |neuron| (step, neuron)));
    // A spike of step t is read in step t + 1.
    let mut all: Vec<_> = sources.chain(post.iter().map(|&step| (step - 1, drive))).collect();
    all.sort_unstable();
    all
}

/// The plastic synapses after every timestep.
fn learned(truth: &Truth) -> Vec<&[LearnedSynapse]> {
    truth.learned.iter().map(|step| &step[0].synapses[..]).collect()
}

/// The mean change of weights, which lies within a tenth of what real numbers give.
fn assert_mean_change(rule: &str, pre: &[u32], post: &[u32], expected: f64) {
    let (made, chip) = pairs(rule);
    let truth = run_everywhere(&made, &chip, vec![sample(30, &spikes(pre, post), &[])]);
    let fired: Vec<u32> = truth.spikes.chunks(TARGETS).map(|spikes| spikes[0].step).collect();
    assert_eq!(fired, post, "targets fire as told");
    let synapses = *learned(&truth).last().expect("timesteps");
    assert_eq!(synapses.len(), SOURCES * TARGETS);
    let sum: i32 = synapses.iter().map(|synapse| synapse.weight - START).sum();
    let mean = f64::from(sum) / synapses.len() as f64;
    assert!((mean - expected).abs() < 0.1, "{rule}: {mean} for {expected}");
}

/// Traces begin at 16 and keep exp(-1/10) a step; a pair changes the weight by a quarter of them.
#[test]
fn pairwise_stdp_follows_the_distance_of_a_pair() {
    let change = |distance: f64| 4.0 * (-distance / 10.0).exp();
    assert_mean_change("pairwise_stdp", &[0], &[1], change(1.0));
    assert_mean_change("pairwise_stdp", &[2], &[9], change(7.0));
    assert_mean_change("pairwise_stdp", &[11], &[3], -change(8.0));
    assert_mean_change("pairwise_stdp", &[2, 12], &[7], change(5.0) - change(5.0));
}

/// A pair alone is depressed only; with a target spike before it, it is strengthened by
/// 2^-6 x 16 exp(-pair / 17) x 16 exp(-targets / 114), less 2 exp(-before / 34).
#[test]
fn triplet_stdp_needs_a_triplet() {
    assert_mean_change("triplet_stdp", &[4], &[6], 0.0);
    assert_mean_change("triplet_stdp", &[9], &[4], -2.0 * (-5.0_f64 / 34.0).exp());
    let up = 4.0 * (-2.0_f64 / 17.0).exp() * (-7.0_f64 / 114.0).exp();
    assert_mean_change("triplet_stdp", &[9], &[4, 11], up - 2.0 * (-5.0_f64 / 34.0).exp());
}

/// The tag gains what the pairwise rule would; a reward of 64 adds the tag to the weight in every
/// fourth epoch, and no reward leaves it.
#[test]
fn rewards_turn_tags_into_weights() {
    let (made, chip) = pairs("reward_stdp");
    let rewards = [(0, 0), (9, 64), (17, 0)];
    let truth = run_everywhere(&made, &chip, vec![sample(24, &spikes(&[0], &[1]), &rewards)]);
    let learned = learned(&truth);
    let mean = learned[1].iter().map(|synapse| f64::from(synapse.tag)).sum::<f64>() / 400.0;
    assert!((mean - 4.0 * (-0.1_f64).exp()).abs() < 0.1, "{mean}");
    for (step, pair) in (1..).zip(learned.windows(2)) {
        // Epochs count from one: step 3 ends the fourth.
        let rewarded = (9..17).contains(&step) && (step + 1) % 4 == 0;
        for (before, after) in pair[0].iter().zip(pair[1]) {
            let gain = if rewarded { before.tag } else { 0 };
            assert_eq!(after.weight, before.weight + gain, "step {step}");
        }
    }
    let last = learned.last().expect("timesteps").iter();
    assert!(last.clone().any(|synapse| synapse.weight > START + 4));
    assert!(last.clone().all(|synapse| (0..=4).contains(&synapse.tag)), "tags only decay");
}

/// A neuron's spikes count as error, those of a teacher against it: the weights learn to fire as
/// often as the teacher does. Sixteen sources spike in turn, one a step.
#[test]
fn pes_brings_the_error_down() {
    let programs = "core_types.neuro.programs=fixed([\"cuba_lif\",\"lif_error\"])";
    let chip = chip("loihi1", &[programs]);
    let neuron: &[(&str, i64)] = &[("du", 4095), ("dv", 0), ("vth", 250)];
    let mut actual = dense((2, 1), (2, 1), 1, &[1]);
    actual.recurrent = true;
    let network = network(
        vec![
            population("in", 16, None),
            population("teacher", 1, None),
            population("out", 1, Some(("lif_error", neuron))),
        ],
        vec![dense((0, 16), (2, 1), 0, &[2; 16]), dense((1, 1), (2, 1), 1, &[-1]), actual],
    );
    let text = library::find("pes").expect("shipped").text;
    let made = teach(&network, &chip, &[("in->out", text)]);
    let made = made.unwrap_or_else(|failure| panic!("{failure}"));
    let steps = 400;
    let mut spikes: Vec<(u32, u32)> = (0..steps).map(|step| (step, step % 16)).collect();
    spikes.extend((0..steps).step_by(5).map(|step| (step, 16)));
    spikes.sort_unstable();
    let truth = run_everywhere(&made, &chip, vec![sample(steps, &spikes, &[])]);
    // The teacher's first spike makes an error of -64 in step 1. Then x1 of source 1 is 64, of
    // source 0 64 exp(-1/5) = 52.4, of the others 0: the weights gain 2^-6 x 64 of that, in the
    // steps of 2 that both signs leave.
    let weights = |step: usize| -> Vec<i32> {
        learned(&truth)[step].iter().map(|synapse| synapse.weight).collect()
    };
    assert_eq!(weights(0), [2; 16]);
    assert_eq!(weights(1)[1..], [&[66][..], &[2; 14]].concat());
    assert!([54, 56].contains(&weights(1)[0]), "{}", weights(1)[0]);
    // The teacher spikes eight times in forty steps.
    let errors: Vec<i32> = (0..10)
        .map(|part| {
            let fired = truth.spikes.iter().filter(|spike| spike.step / 40 == part).count();
            fired as i32 - 8
        })
        .collect();
    assert!(errors[0] < -2, "{errors:?}");
    assert!(errors[2..].iter().all(|error| error.abs() <= 1), "{errors:?}");
}

/// x1 falls from 16 to 14.48 and is rounded by the record: to 14 or 15. A quarter of that is 3.5 or
/// 3.75, rounded by the record again.
#[test]
fn a_record_decides_every_rounding() {
    let (made, chip) = pairs("pairwise_stdp");
    for (decay, synapse, expected) in [
        (0, 0, 4),
        (0, u32::MAX, 3),
        (u32::MAX, 0, 4),
        // 3.5: up below one half of all draws.
        (u32::MAX, 1 << 31, 3),
        (u32::MAX, (1 << 31) - 1, 4),
        // 3.75: up below three quarters.
        (0, (3 << 30) - 1, 4),
        (0, 3 << 30, 3),
    ] {
        let record = RecordedDraws {
            pre: vec![TraceDraw { decay, impulse: 0 }; 4],
            post: Vec::new(),
            synapse: vec![synapse; 4],
        };
        let sample = sample(3, &spikes(&[0], &[1]), &[]);
        let truth = run_recorded(&made, &chip, vec![sample], Some(&record));
        let last = *learned(&truth).last().expect("timesteps");
        let all = last.iter().all(|synapse| synapse.weight == START + expected);
        assert!(all, "decay {decay}, synapse {synapse}: {}", last[0].weight);
    }
}
