//! The shipped programs and the delivery arithmetic against vectors of other people's emulators.
//!
//! Each case is one layer of neurons or a table of weights; networks are compared elsewhere.

use crate::vectors::{Case, Layer, cases, flag, int, list, rows};
use quarrion_isa::chip::SignMode;
use quarrion_isa::delivery::{
    Delivery, DeliverySettings, Overflow, Scaling, SynapseMode, WeightRounding, WeightRule,
};
use serde_json::Value;

/// Plain settings to vary.
fn settings(scaling: Scaling, exponent: i32, accumulator_bits: u32) -> DeliverySettings {
    DeliverySettings {
        exponent,
        input_shift: 6,
        scaling,
        contribution_bits: None,
        accumulator_bits,
        overflow: Overflow::Wrap,
        synapse: SynapseMode::Plain,
    }
}

#[test]
fn loihi2_models_equal_lava() {
    let mut compared = 0;
    for case in cases("lava_loihi2.json") {
        compared += match case.text("model") {
            "Delta" => delta(&case),
            "Dense(16-bit messages) -> SigmaDelta" => sigma_delta(&case),
            "GradedVec" => graded(&case, "graded_vec"),
            "GradedReluVec" => graded(&case, "graded_relu"),
            "RF" => resonator(&case, "resonate_fire"),
            "RF_IZ" => resonator(&case, "rf_izhikevich"),
            "RFZero" => rf_zero(&case),
            "ProdNeuron" => product(&case),
            "ATRLIF (adaptive threshold/refractory)" => atrlif(&case),
            other => panic!("{}: no program for the model {other}", case.id()),
        };
    }
    println!("lava_loihi2: {compared} values");
    assert!(compared > 2_000);
}

/// Input rows are neurons, columns steps; what was sent likewise.
fn delta(case: &Case) -> usize {
    let params = &case.value["params"];
    let input = rows(&case.value["input"]);
    let mut layer = Layer::new("delta", input.len());
    // The process scales the threshold that it is given to state units.
    let shift = int(&params["spike_exp"]) + int(&params["state_exp"]);
    layer.set("vth", int(&params["vth"]) << shift);
    layer.set("spike_exp", int(&params["spike_exp"]));
    layer.set("state_exp", int(&params["state_exp"]));
    layer.set("cumulative", flag(&params["cum_error"]));
    sent_by_neuron(case, &mut layer, &[&input], 0)
}

/// Steps a layer on inputs that reach it `latency` steps late and compares the payloads.
fn sent_by_neuron(case: &Case, layer: &mut Layer, inputs: &[&[Vec<i64>]], latency: usize) -> usize {
    let expected = rows(&case.value["expected"]["s_out"]);
    let mut compared = 0;
    for step in 0..expected[0].len() {
        for (neuron, expected) in expected.iter().enumerate() {
            let own: Vec<i64> = inputs
                .iter()
                .map(|input| step.checked_sub(latency).map_or(0, |step| input[neuron][step]))
                .collect();
            let sent = i64::from(layer.step(neuron, &own).unwrap_or(0));
            assert_eq!(sent, expected[step], "{}: neuron {neuron} step {step}", case.id());
            compared += 1;
        }
    }
    compared
}

fn sigma_delta(case: &Case) -> usize {
    let params = &case.value["params"];
    let weights = rows(&params["weights"]);
    let bias = list(&params["bias"]);
    let mut layer = Layer::new("sigma_delta", weights.len());
    layer.set("vth", int(&params["vth"]));
    layer.set("state_exp", int(&params["state_exp"]));
    layer.set("relu", i64::from(params["act_mode"] == "RELU"));
    for (neuron, bias) in bias.iter().enumerate() {
        layer.set_own(neuron, "bias", *bias);
    }
    let graded = Delivery::new(0, 0, 32, Overflow::Wrap).expect("legal");
    let input = rows(&case.value["input"]);
    let sigma = rows(&case.value["expected"]["sigma"]);
    let sent = rows(&case.value["expected"]["s_out"]);
    for (step, sigma) in sigma.iter().enumerate() {
        for neuron in 0..weights.len() {
            let sum = step.checked_sub(1).map_or(0, |step| {
                input.iter().zip(&weights[neuron]).fold(0, |sum, (input, weight)| {
                    let payload = i32::try_from(input[step]).expect("small");
                    let weight = i32::try_from(*weight).expect("small");
                    graded.accumulate(sum, graded.contribution(weight, payload))
                })
            });
            let payload = layer.step(neuron, &[i64::from(sum)]);
            assert_eq!(layer.word(neuron, "sigma"), sigma[neuron], "{} {step}", case.id());
            assert_eq!(i64::from(payload.unwrap_or(0)), sent[neuron][step], "{}", case.id());
        }
    }
    sigma.len() * weights.len() * 2
}

fn graded(case: &Case, program: &str) -> usize {
    let input = rows(&case.value["input"]);
    let doubled: Vec<Vec<i64>> =
        input.iter().map(|row| row.iter().map(|value| 2 * value).collect()).collect();
    let mut layer = Layer::new(program, input.len());
    layer.set("vth", int(&case.value["params"]["vth"]));
    sent_by_neuron(case, &mut layer, &[&doubled], 1)
}

fn resonator(case: &Case, program: &str) -> usize {
    let params = &case.value["params"];
    let mut layer = Layer::new(program, rows(&case.value["real_in"]).len());
    for name in ["cos_decay", "sin_decay", "decay_bits", "state_exp"] {
        layer.set(name, int(&params[name]));
    }
    layer.set("vth", int(&params["vth_register"]));
    let inputs = [rows(&case.value["real_in"]), rows(&case.value["imag_in"])];
    let words = [("real", "re"), ("imag", "im")];
    // A Dense of 2 I comes before the neuron: doubled, one step late.
    by_step(case, &mut layer, &words, |neuron, step| {
        inputs
            .iter()
            .map(|input| step.checked_sub(1).map_or(0, |step| 2 * input[neuron][step]))
            .collect()
    })
}

/// Steps a layer and compares state words and spikes row by row.
fn by_step(
    case: &Case,
    layer: &mut Layer,
    words: &[(&str, &str)],
    input: impl Fn(usize, usize) -> Vec<i64>,
) -> usize {
    let expected = &case.value["expected"];
    let spikes = rows(&expected["s"]);
    let tables: Vec<Vec<Vec<i64>>> = words.iter().map(|(key, _)| rows(&expected[*key])).collect();
    let mut compared = 0;
    for (step, spikes) in spikes.iter().enumerate() {
        for (neuron, spike) in spikes.iter().enumerate() {
            let payload = layer.step(neuron, &input(neuron, step));
            for ((_, word), table) in words.iter().zip(&tables) {
                let value = layer.word(neuron, word);
                let id = case.id();
                assert_eq!(value, table[step][neuron], "{id}: {word} of {neuron}, step {step}");
            }
            let payload = i64::from(payload.unwrap_or(0));
            assert_eq!(payload, *spike, "{}: spike of {neuron}, step {step}", case.id());
            compared += words.len() + 1;
        }
    }
    compared
}

fn rf_zero(case: &Case) -> usize {
    let params = &case.value["params"];
    let input = rows(&case.value["u_in"]);
    let mut layer = Layer::new("rf_zero", input.len());
    layer.set("uth", int(&params["uth"]));
    for (neuron, (lct, lst)) in list(&params["lct"]).iter().zip(list(&params["lst"])).enumerate() {
        layer.set_own(neuron, "lct", *lct);
        layer.set_own(neuron, "lst", lst);
    }
    by_step(case, &mut layer, &[("u", "u"), ("v", "v")], |neuron, step| {
        vec![input[neuron][step], 0]
    })
}

fn product(case: &Case) -> usize {
    let params = &case.value["params"];
    let inputs = [rows(&case.value["in1"]), rows(&case.value["in2"])];
    let mut layer = Layer::new("product", 1);
    layer.set("vth", int(&params["vth"]));
    layer.set("exp", int(&params["exp"]));
    sent_by_neuron(case, &mut layer, &[&inputs[0], &inputs[1]], 0)
}

fn atrlif(case: &Case) -> usize {
    let params = &case.value["params"];
    let input = rows(&case.value["a_in"]);
    let mut layer = Layer::new("atrlif", input.len());
    for name in ["delta_i", "delta_v", "delta_theta", "delta_r"] {
        layer.set(name, int(&params[name]));
    }
    layer.set("decay_shift", 12);
    layer.set("theta_0", int(&params["theta_0"]) << 6);
    layer.set("theta_step", int(&params["theta_step"]) << 6);
    layer.set("bias", int(&params["bias_mant"]) << int(&params["bias_exp"]));
    let words = [("i", "i"), ("v", "v"), ("theta", "theta"), ("r", "r")];
    by_step(case, &mut layer, &words, |neuron, step| vec![input[neuron][step] << 6])
}

#[test]
fn cuba_lif_lava_equals_lava() {
    let mut compared = 0;
    for case in cases("lava_lif.json") {
        compared += lava_lif(&case, "cuba_lif_lava", &[("vth", "vth")]);
    }
    println!("lava_lif: {compared} values");
    assert!(compared > 3_000);
}

#[test]
fn ternary_lif_equals_lava() {
    let network = cases("lava_network.json");
    let ternary: Vec<&Case> =
        network.iter().filter(|case| case.id().starts_with("ternary")).collect();
    assert!(!ternary.is_empty());
    for case in ternary {
        lava_lif(case, "ternary_lif", &[("vth_hi", "vth_hi"), ("vth_lo", "vth_lo")]);
    }
}

/// One layer behind a Dense with weights, delays, precision and exponent.
fn lava_lif(case: &Case, program: &str, thresholds: &[(&str, &str)]) -> usize {
    let value = &case.value;
    let weights = rows(&value["weights"]);
    let lif = &value["lif"];
    let mut layer = Layer::new(program, weights.len());
    for name in ["du", "dv"] {
        layer.set(name, int(&lif[name]));
    }
    for (key, name) in thresholds {
        layer.set(name, int(&lif[*key]));
    }
    for neuron in 0..weights.len() {
        let of = |key: &str| match &lif[key] {
            Value::Array(values) => int(&values[neuron]),
            Value::Null => 0,
            value => int(value),
        };
        layer.set_own(neuron, "bias", of("bias_mant") << of("bias_exp"));
    }
    let exponent = value["weight_exp"].as_i64().unwrap_or(0);
    let exponent = i32::try_from(exponent).expect("small");
    let delivery = Delivery::check(settings(Scaling::Sum, exponent, 19)).expect("legal");
    let rule = lava_rule(value, &weights);
    let arrivals = case.arrivals(weights.len(), |spike, neuron, source| {
        let delay = value["delays"].get(neuron).map_or(0, |row| int(&row[source]));
        let weight = i32::try_from(weights[neuron][source]).expect("small");
        // A Dense delivers one step late.
        let stored = rule.map_or(weight, |rule| rule.stored(weight));
        vec![(spike + 1 + delay, delivery.contribution(stored, 1))]
    });
    by_step(case, &mut layer, &[("u", "u"), ("v", "v")], |neuron, step| {
        let sum = arrivals[step][neuron]
            .iter()
            .fold(0, |sum, contribution| delivery.accumulate(sum, *contribution));
        vec![i64::from(delivery.settle(sum))]
    })
}

/// The weight rule of a case: without a sign mode, the signs of the weights decide.
fn lava_rule(value: &Value, weights: &[Vec<i64>]) -> Option<WeightRule> {
    let bits = u32::try_from(value["num_weight_bits"].as_i64()?).expect("small");
    let any = |test: fn(&i64) -> bool| weights.iter().flatten().any(test);
    let sign = match value["sign_mode"].as_str() {
        Some("MIXED") => SignMode::Mixed,
        Some("EXCITATORY") => SignMode::Excitatory,
        Some("INHIBITORY") => SignMode::Inhibitory,
        Some(other) => panic!("unknown sign mode {other}"),
        None if !any(|weight| *weight < 0) => SignMode::Excitatory,
        None if !any(|weight| *weight > 0) => SignMode::Inhibitory,
        None => SignMode::Mixed,
    };
    Some(WeightRule::check(bits, 8, sign, WeightRounding::Down).expect("legal"))
}

#[test]
fn cuba_lif_equals_nengo_loihi() {
    let mut compared = 0;
    for case in cases("loihi1_nengo.json") {
        let layers = case.value["layers"].as_array().expect("layers").clone();
        let inputs_only = case.value["connections"]
            .as_array()
            .is_some_and(|connections| connections.iter().all(|each| each["pre"] == "in"));
        if inputs_only {
            compared += nengo_layers(&case, &layers);
        }
    }
    println!("loihi1_nengo: {compared} values");
    assert!(compared > 10_000);
}

fn nengo_layers(case: &Case, layers: &[Value]) -> usize {
    let mut compared = 0;
    let mut first = 0;
    for (index, spec) in layers.iter().enumerate() {
        let n = usize::try_from(int(&spec["n"])).expect("small");
        let mut layer = Layer::new("cuba_lif", n);
        for neuron in 0..n {
            let of = |key: &str, otherwise: i64| match &spec[key] {
                Value::Array(values) => int(&values[neuron]),
                Value::Null => otherwise,
                value => int(value),
            };
            layer.set_own(neuron, "du", of("decay_u", 0));
            layer.set_own(neuron, "dv", of("decay_v", 0));
            layer.set_own(neuron, "vth", of("vth", 0) >> 6);
            layer.set_own(neuron, "bias", of("bias", 0));
            layer.set_own(neuron, "refractory_delay", of("ref", 1));
            layer.set_own(neuron, "vmin", of("vmin", -8_388_607));
            layer.set_own(neuron, "vmax", of("vmax", 8_388_607));
        }
        // Weights are given in units of the accumulator.
        let delivery = Delivery::new(0, 0, 22, Overflow::Wrap).expect("legal");
        let connections = case.value["connections"].as_array().expect("connections");
        let own: Vec<Vec<Vec<i64>>> = connections
            .iter()
            .filter(|connection| connection["post"] == index)
            .map(|connection| rows(&connection["w"]))
            .collect();
        // Row k is step k + 1, and a spike written at t acts at t + 1: row t.
        let arrivals = case.arrivals(n, |spike, neuron, source| {
            let weight = |w: &Vec<Vec<i64>>| i32::try_from(w[source][neuron]).expect("fits");
            own.iter().map(|w| (spike, delivery.contribution(weight(w), 1))).collect()
        });
        let table = |key: &str| rows(&case.value["expected"][key]);
        let (u, v, s) = (table("u"), table("v"), table("s"));
        for step in 0..u.len() {
            for neuron in 0..n {
                let sum = arrivals[step][neuron]
                    .iter()
                    .fold(0, |sum, contribution| delivery.accumulate(sum, *contribution));
                let spiked = layer.step(neuron, &[i64::from(delivery.settle(sum))]).is_some();
                let at = format!("{} layer {index} neuron {neuron} row {step}", case.id());
                assert_eq!(layer.word(neuron, "u"), u[step][first + neuron], "u: {at}");
                assert_eq!(layer.word(neuron, "v"), v[step][first + neuron], "v: {at}");
                assert_eq!(i64::from(spiked), s[step][first + neuron], "s: {at}");
                compared += 3;
            }
        }
        first += n;
    }
    compared
}

/// brian2-loihi's delivery: every weight scaled down, low bits cleared, clipped.
fn brian2_delivery(exponent: i32) -> Delivery {
    let mut settings = settings(Scaling::EachDown, exponent, 32);
    settings.contribution_bits = Some(21);
    Delivery::check(settings).expect("legal")
}

fn brian2_rule(sign: i64, bits: i64) -> WeightRule {
    let sign = match sign {
        1 => SignMode::Mixed,
        2 => SignMode::Excitatory,
        3 => SignMode::Inhibitory,
        other => panic!("unknown sign mode {other}"),
    };
    let bits = u32::try_from(bits).expect("small");
    WeightRule::check(bits, 8, sign, WeightRounding::ToZero).expect("legal")
}

#[test]
fn weights_equal_brian2_loihi() {
    let mut compared = 0;
    for case in cases("loihi1_brian2.json") {
        let value = &case.value;
        let Some(exponent) = value["w_exp"].as_i64() else { continue };
        let rule = brian2_rule(int(&value["sign_mode"]), int(&value["num_weight_bits"]));
        let delivery = brian2_delivery(i32::try_from(exponent).expect("small"));
        let actual = list(&value["expected"]["w_act"]);
        for (mantissa, actual) in list(&value["mantissa"]).iter().zip(&actual) {
            let stored = rule.rounded(i32::try_from(*mantissa).expect("small"));
            let contribution = delivery.contribution(stored, 1);
            assert_eq!(contribution, *actual, "{}: mantissa {mantissa}", case.id());
            compared += 1;
        }
    }
    println!("loihi1_brian2: {compared} weights");
    assert!(compared > 1_000);
}

#[test]
fn cuba_lif_brian2_equals_brian2_loihi() {
    let mut compared = 0;
    for case in cases("loihi1_brian2.json") {
        let value = &case.value;
        let Some(connections) = value["connections"].as_array() else { continue };
        if connections.iter().any(|connection| !connection["learn"].is_null()) {
            continue;
        }
        let n = usize::try_from(int(&value["n"])).expect("small");
        let mut layer = Layer::new("cuba_lif_brian2", n);
        let neuron = &value["neuron"];
        layer.set("decay_i", int(&neuron["decay_I"]));
        layer.set("decay_v", int(&neuron["decay_v"]));
        layer.set("vth", int(&neuron["threshold_v_mant"]));
        layer.set("refractory_delay", int(&neuron["refractory"]));
        let delivery = brian2_delivery(0);
        let arrivals = case.arrivals(n, |spike, neuron, source| {
            connections
                .iter()
                .filter_map(|connection| {
                    let weight = rows(&connection["w"]).get(source)?[neuron];
                    let rule = brian2_rule(int(&connection["sign"]), 8);
                    let stored = rule.stored(i32::try_from(weight).expect("small"));
                    let delay = connection["delay"].as_i64().unwrap_or(0);
                    // A spike acts in the very step in which it is written.
                    Some((spike + delay, delivery.contribution(stored, 1)))
                })
                .collect()
        });
        compared += by_step(&case, &mut layer, &[("u", "u"), ("v", "v")], |neuron, step| {
            let arrived = &arrivals[step][neuron];
            let sum = arrived.iter().fold(0, |sum, each| delivery.accumulate(sum, *each));
            vec![i64::from(delivery.settle(sum))]
        });
    }
    println!("loihi1_brian2: {compared} values");
    assert!(compared > 3_000);
}
