//! The TrueNorth programs: RANC's against its recorded runs, IBM's equations against a scalar
//! restatement of the published table of modes.

use std::collections::BTreeSet;

use quarrion_isa::neuron::{NeuronProgram, library, set_parameters, step_compartment};

use crate::vectors::{Case, Layer, cases, int, list, rows};

#[test]
fn truenorth_ranc_equals_ranc() {
    let mut compared = 0;
    for case in cases("truenorth_ranc.json") {
        let cores = case.value["network"]["cores"].as_array().expect("cores");
        // Networks of several cores are compared elsewhere.
        if cores.len() == 1 {
            compared += single_core(&case);
        }
    }
    println!("truenorth_ranc: {compared} values");
    assert!(compared > 1_000);
}

fn single_core(case: &Case) -> usize {
    let core = &case.value["network"]["cores"][0];
    let neurons = core["neurons"].as_array().expect("neurons");
    let (axons, connections) = (list(&core["axons"]), rows(&core["connections"]));
    let mut layer = Layer::new("truenorth_ranc", neurons.len());
    layer.set("inclusive", int(&case.value["config"]["neuron_reset_type"]));
    for (index, neuron) in neurons.iter().enumerate() {
        for name in
            ["leak", "positive_threshold", "negative_threshold", "reset_potential", "reset_mode"]
        {
            layer.set_own(index, name, int(&neuron[name]));
        }
    }
    let packets = case.value["network"]["packets"].as_array().expect("packets");
    let mut compared = 0;
    for tick in 0..usize::try_from(int(&case.value["ticks"])).expect("small") {
        let active: BTreeSet<usize> = packets
            .iter()
            .enumerate()
            .flat_map(|(at, packets)| {
                let packets = packets.as_array().expect("packets").iter();
                packets.map(move |packet| (at, packet))
            })
            .filter(|(at, packet)| *at as i64 + int(&packet["destination_tick"]) == tick as i64)
            .map(|(_, packet)| usize::try_from(int(&packet["destination_axon"])).expect("small"))
            .collect();
        let expected = &case.value["expected"];
        let potential = list(&expected["potential"][tick]["0,0"]);
        let fired = list(&expected["fired"][tick]["0,0"]);
        for (index, neuron) in neurons.iter().enumerate() {
            let weights = list(&neuron["weights"]);
            let connected = active.iter().filter(|axon| connections[index][**axon] == 1);
            let input: i64 = connected.map(|axon| weights[axons[*axon] as usize]).sum();
            let spiked = layer.step(index, &[input]).is_some();
            let at = format!("{} neuron {index} tick {tick}", case.id());
            assert_eq!(layer.word(index, "v"), potential[index], "{at}");
            assert_eq!(i64::from(spiked), fired[index], "{at}");
            compared += 2;
        }
    }
    compared
}

/// One row of the table of modes: gamma, kappa, and the potential after each crossing.
struct Mode {
    gamma: i64,
    kappa: i64,
    above: fn(i64, i64, i64) -> i64,
    below: fn(i64, i64, i64) -> i64,
}

/// Cassidy et al., IJCNN 2013: functions of the potential, the threshold crossed and the reset.
const MODES: [Mode; 6] = [
    Mode { gamma: 0, kappa: 0, above: |_, _, r| r, below: |_, _, r| -r },
    Mode { gamma: 0, kappa: 1, above: |_, _, r| r, below: |_, b, _| -b },
    Mode { gamma: 1, kappa: 0, above: |v, a, _| v - a, below: |v, b, _| v + b },
    Mode { gamma: 1, kappa: 1, above: |v, a, _| v - a, below: |_, b, _| -b },
    Mode { gamma: 2, kappa: 0, above: |v, _, _| v, below: |v, _, _| v },
    Mode { gamma: 2, kappa: 1, above: |v, _, _| v, below: |_, b, _| -b },
];

#[test]
fn truenorth_follows_the_published_table_of_modes() {
    let (mut above, mut below) = (0, 0);
    for mode in &MODES {
        for (sign, exponent) in [(0, 0), (0, 3), (1, 4)] {
            let reset = (1 - 2 * sign) * ((1 << exponent) - 1);
            let mut layer = Layer::new("truenorth", 1);
            layer.set("alpha", 20);
            layer.set("beta", 9);
            layer.set("leak", -3);
            for (name, value) in [
                ("gamma", mode.gamma),
                ("kappa", mode.kappa),
                ("reset_sign", sign),
                ("reset_exponent", exponent),
            ] {
                layer.set(name, value);
            }
            let mut v = 0;
            for step in 0..200_i64 {
                let input = (step * step * 37 + step * 11) % 41 - 18;
                v = (v + input - 3_i64).clamp(-524_288, 524_287);
                let fires = v >= 20;
                if fires {
                    v = (mode.above)(v, 20, reset);
                    above += 1;
                } else if v < -9 {
                    v = (mode.below)(v, 9, reset);
                    below += 1;
                }
                assert_eq!(layer.step(0, &[input]).is_some(), fires);
                assert_eq!(layer.word(0, "v"), v, "gamma {} kappa {}", mode.gamma, mode.kappa);
            }
        }
    }
    assert!(above > 100 && below > 100, "{above} {below}");
}

#[test]
fn a_reversing_leak_stops_at_zero_instead_of_ringing() {
    let mut layer = Layer::new("truenorth", 1);
    layer.set("alpha", 1000);
    layer.set("beta", 1000);
    layer.set("epsilon", 1);
    layer.set("leak", -4);
    let mut after = |input| {
        layer.step(0, &[input]);
        layer.word(0, "v")
    };
    // Toward zero from both sides, never across it.
    assert_eq!([after(6), after(0), after(0)], [2, 0, 0]);
    assert_eq!([after(-6), after(0), after(0)], [-2, 0, 0]);
}

#[test]
fn chances_follow_recorded_draws() {
    let text = library::find("truenorth").expect("shipped").text;
    let program = NeuronProgram::parse(text, "truenorth").expect("valid");
    let settings =
        [("leak", -4), ("stochastic_leak", 1), ("alpha", 10), ("mask_bits", 3), ("beta", 99)];
    let parameters = set_parameters(&program, &settings).expect("legal");
    // The potential and whether it spiked, for a leak draw of 8 bits and a threshold draw of 17.
    let after = |v: i32, leak: u32, threshold: u32| {
        let mut state = [v];
        let mut draws = [leak << 24, threshold << 15].into_iter();
        let mut random = |_| draws.next().expect("two draws");
        let did = step_compartment(&program, &mut state, &[0], &parameters, &mut random);
        (state[0], did.spike.is_some())
    };
    // The leak acts where its magnitude reaches the draw.
    assert_eq!((after(5, 4, 0), after(5, 5, 0)), ((4, false), (5, false)));
    // The threshold rises by the draw's lowest three bits.
    assert_eq!((after(12, 9, 0b010), after(12, 9, 0b011)), ((0, true), (12, false)));
    assert_eq!(after(12, 9, 0b1_0010), (0, true));
}
