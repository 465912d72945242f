//! Tracing one compartment.

use quarrion_isa::neuron::{NeuronProgram, library, set_parameters, trace};

fn program(name: &str) -> NeuronProgram {
    NeuronProgram::parse(library::find(name).expect("shipped").text, name).expect("valid")
}

#[test]
fn a_trace_shows_the_worked_example_of_the_manual() {
    let program = program("cuba_lif");
    let settings = [("du", 2047), ("dv", 512), ("vth", 20), ("refractory_delay", 3)];
    let parameters = set_parameters(&program, &settings).expect("legal");
    let inputs: Vec<Vec<i64>> = [640, 640, 0, 0, 0].map(|value| vec![value]).to_vec();
    let rows = trace(&program, &parameters, &inputs, 0).expect("legal");
    // u, v and the refractory counter, worked out by hand: u halves, v loses an eighth.
    let state: Vec<&[i32]> = rows.iter().map(|row| row.state.as_slice()).collect();
    assert_eq!(state[0], [640, 640, 0]);
    assert_eq!(state[1], [960, 0, 2]);
    assert_eq!(state[2], [480, 0, 1]);
    assert_eq!(state[3], [240, 0, 0]);
    assert_eq!(state[4], [120, 120, 0]);
    let spikes: Vec<Option<i32>> = rows.iter().map(|row| row.spike).collect();
    assert_eq!(spikes, [None, Some(1), None, None, None]);
    assert!(rows.iter().all(|row| row.active && !row.idle));
}

#[test]
fn izhikevich_spikes_regularly_under_a_constant_drive() {
    let program = program("izhikevich");
    let parameters = set_parameters(&program, &[]).expect("legal");
    // 10 in the units of the model, for a second.
    let inputs = vec![vec![10 << 8]; 1000];
    let rows = trace(&program, &parameters, &inputs, 0).expect("legal");
    let spikes: Vec<u32> =
        rows.iter().filter(|row| row.spike.is_some()).map(|row| row.step).collect();
    // Regular spiking: the published figure shows some 25 spikes a second and slowing intervals.
    assert!((15..=40).contains(&spikes.len()), "{spikes:?}");
    let intervals: Vec<u32> = spikes.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(intervals[0] < intervals[3], "{intervals:?}");
}

#[test]
fn wrong_inputs_and_parameters_are_refused() {
    let program = program("product");
    let parameters = set_parameters(&program, &[]).expect("legal");
    let message = |inputs: &[Vec<i64>]| {
        trace(&program, &parameters, inputs, 0).expect_err("refused").to_string()
    };
    assert_eq!(
        message(&[vec![1]]),
        "`product` has 2 inputs (a1, a2), but step 0 gives 1 values [QP030]\n  \
         help: give one value for each input"
    );
    assert_eq!(
        message(&[vec![1, 1], vec![0, 1 << 40]]),
        "input `a2` takes -8388608 to 8388607, but step 1 gives 1099511627776 [QP030]\n  \
         help: stay inside the input's width"
    );
    let message = |settings| set_parameters(&program, settings).expect_err("refused").to_string();
    assert_eq!(
        message(&[("exp", 32)]),
        "parameter `exp` takes 0 to 31, but is given 32 [QP031]\n  \
         help: choose a value in the range"
    );
    assert_eq!(
        message(&[("gain", 1)]),
        "`product` has no parameter `gain` [QP031]\n  help: its parameters are vth, exp"
    );
}

#[test]
fn izhikevich_bursts_and_spikes_fast_as_the_manual_says() {
    let program = program("izhikevich");
    let inputs = vec![vec![10 << 8]; 1000];
    let spikes = |settings: &[(&str, i64)]| -> Vec<u32> {
        let parameters = set_parameters(&program, settings).expect("legal");
        let rows = trace(&program, &parameters, &inputs, 0).expect("legal");
        rows.iter().filter(|row| row.spike.is_some()).map(|row| row.step).collect()
    };
    let shortest = |spikes: &[u32]| spikes.windows(2).map(|pair| pair[1] - pair[0]).min();
    let longest = |spikes: &[u32]| spikes.windows(2).map(|pair| pair[1] - pair[0]).max();
    let (regular, bursting, fast) =
        (spikes(&[]), spikes(&[("c", -12_800), ("d", 512)]), spikes(&[("a", 6554)]));
    assert!(fast.len() > 2 * regular.len(), "{} {}", fast.len(), regular.len());
    // Bursts: some intervals many times shorter than others.
    assert!(longest(&bursting) > shortest(&bursting).map(|least| 4 * least), "{bursting:?}");
}
