//! Cases of Lava's Loihi 2 neuron models, fed with graded spikes.
//!
//! Inputs and sent values are `[neuron][step]`, states `[step][neuron]`. Where a Dense stands
//! before the neuron, what it is given arrives one step later.

use quarrion_isa::chip::SignMode;

use super::json::Node;
use super::network::{Connection, Layer, Network, Quantity, WIDE};

/// How inputs reach the neurons.
struct Feed {
    /// Keys of the inputs, in the order of the program's accumulators.
    keys: &'static [&'static str],
    /// Steps between input and neuron.
    latency: i64,
    /// Weight of each input neuron's only synapse.
    weight: i64,
    /// Left shift of the contribution.
    shift: u32,
}

const DIRECT: Feed = Feed { keys: &["input"], latency: 0, weight: 1, shift: 0 };
/// A Dense of twice the identity.
const DOUBLED: Feed = Feed { keys: &["input"], latency: 1, weight: 2, shift: 0 };

pub(super) fn build(case: &Node<'_>, id: &str) -> Result<Network, String> {
    let params = case.need("params")?;
    let (program, feed, words) = match case.need("model")?.text()? {
        "Delta" => ("delta", DIRECT, &[][..]),
        "Dense(16-bit messages) -> SigmaDelta" => {
            ("sigma_delta", DOUBLED, &[("sigma", "sigma")][..])
        }
        "GradedVec" => ("graded_vec", DOUBLED, &[][..]),
        "GradedReluVec" => ("graded_relu", DOUBLED, &[][..]),
        "RF" => ("resonate_fire", Feed { keys: &["real_in", "imag_in"], ..DOUBLED }, COMPLEX),
        "RF_IZ" => ("rf_izhikevich", Feed { keys: &["real_in", "imag_in"], ..DOUBLED }, COMPLEX),
        "RFZero" => {
            ("rf_zero", Feed { keys: &["u_in", "v_in"], ..DIRECT }, &[("u", "u"), ("v", "v")][..])
        }
        "ProdNeuron" => ("product", Feed { keys: &["in1", "in2"], ..DIRECT }, &[][..]),
        "ATRLIF (adaptive threshold/refractory)" => {
            ("atrlif", Feed { keys: &["a_in"], shift: 6, ..DIRECT }, ADAPTIVE)
        }
        other => return Err(format!("no program for the model {other}")),
    };
    let mut inputs = Vec::new();
    for key in feed.keys {
        inputs.push(case.get(key).map(|node| node.table()).transpose()?);
    }
    let given = inputs[0].as_ref().ok_or_else(|| format!("no `{}`", feed.keys[0]))?;
    let dense =
        if program == "sigma_delta" { Some(params.need("weights")?.table()?) } else { None };
    let n = dense.as_ref().map_or(given.len(), Vec::len);
    let mut layer = Layer::new(program, n)?;
    set(&mut layer, program, &params, n)?;
    for input in &mut layer.inputs {
        input.input_shift = feed.shift;
    }
    let rows = given.first().map_or(0, Vec::len);
    let mut network = Network::new(id, WIDE, rows);
    let sources: Vec<usize> =
        inputs.iter().map(|rows| network.input(rows.as_ref().map_or(0, Vec::len))).collect();
    let target = network.layer(layer);
    for (input, (source, rows)) in (0..).zip(sources.iter().zip(&inputs)) {
        let Some(rows) = rows else { continue };
        connect(&mut network, (*source, target, input), (rows, &feed), dense.as_ref())?;
    }
    demand(case, &mut network, target, words)?;
    Ok(network)
}

const COMPLEX: &[(&str, &str)] = &[("real", "re"), ("imag", "im")];
const ADAPTIVE: &[(&str, &str)] = &[("i", "i"), ("v", "v"), ("theta", "theta"), ("r", "r")];

/// Parameters: recorded name to declared one, in the units of the program.
fn set(layer: &mut Layer, program: &str, params: &Node<'_>, n: usize) -> Result<(), String> {
    let same = |layer: &mut Layer, keys: &[&str]| -> Result<(), String> {
        keys.iter().try_for_each(|key| {
            params.need(key)?;
            layer.set(key, params.each(key, n, 0)?)
        })
    };
    match program {
        "delta" | "sigma_delta" => {
            let (spike, state) = (params.int_or("spike_exp", 0)?, params.int_or("state_exp", 0)?);
            // The process scales threshold and bias to state units by itself.
            let shift = u32::try_from(spike + state).map_err(|_| "a negative exponent")?;
            layer.set_all("vth", params.need("vth")?.int()? << shift.min(31))?;
            layer.set_all("state_exp", state)?;
            layer.set_all("cumulative", params.int_or("cum_error", 0)?)?;
            if program == "delta" {
                return layer.set_all("spike_exp", spike);
            }
            let mode = params.need("act_mode")?.text()?;
            layer.set_all("relu", i64::from(mode == "RELU"))?;
            let biases = params.each("bias", n, 0)?;
            layer.set("bias", biases.iter().map(|bias| bias << shift.min(31)).collect())
        }
        "graded_vec" | "graded_relu" => same(layer, &["vth"]),
        "product" => same(layer, &["vth", "exp"]),
        "rf_zero" => same(layer, &["uth", "lct", "lst"]),
        "resonate_fire" | "rf_izhikevich" => {
            same(layer, &["cos_decay", "sin_decay", "decay_bits", "state_exp"])?;
            layer.set_all("vth", params.need("vth_register")?.int()?)
        }
        _ => {
            same(layer, &["delta_i", "delta_v", "delta_theta", "delta_r"])?;
            layer.set_all("decay_shift", 12)?;
            for key in ["theta_0", "theta_step"] {
                layer.set_all(key, params.need(key)?.int()? << 6)?;
            }
            let exponent = params.int_or("bias_exp", 0)?;
            layer.set_all("bias", params.int_or("bias_mant", 0)? << exponent.clamp(0, 31))
        }
    }
}

/// Graded spikes into one accumulator: one to one, or through a Dense `[target][source]`.
fn connect(
    network: &mut Network,
    (source, target, input): (usize, usize, u32),
    (rows, feed): (&[Vec<i64>], &Feed),
    dense: Option<&Vec<Vec<i64>>>,
) -> Result<(), String> {
    let mut synapses = Vec::new();
    match dense {
        Some(weights) => {
            for (to, row) in weights.iter().enumerate() {
                synapses.extend(row.iter().enumerate().map(|(from, w)| (from, to, *w, 0)));
            }
        }
        None => synapses.extend((0..rows.len()).map(|at| (at, at, feed.weight, 0))),
    }
    let (bits, sign) = (WIDE + 1, SignMode::Mixed);
    network.connect(&Connection {
        source,
        target,
        input,
        exponent: 0,
        bits,
        sign,
        synapses,
        rule: None,
    })?;
    for (neuron, row) in rows.iter().enumerate() {
        for (step, payload) in (0..).zip(row) {
            network.arrive(source, step + feed.latency, neuron, *payload)?;
        }
    }
    Ok(())
}

/// What the case records; every recorded table must be known.
fn demand(
    case: &Node<'_>,
    network: &mut Network,
    target: usize,
    words: &[(&str, &str)],
) -> Result<(), String> {
    let expected = case.need("expected")?;
    for key in expected.keys() {
        let table = expected.need(key)?.table()?;
        if key == "s_out" {
            let steps = table.first().map_or(0, Vec::len);
            if table.iter().any(|row| row.len() != steps) {
                return Err("`s_out` has rows of unlike length".to_owned());
            }
            let turned = |step: usize| table.iter().map(|row| row[step]).collect();
            network.expect(target, Quantity::Spikes, (0..steps).map(turned).collect());
        } else if key == "s" {
            network.expect(target, Quantity::Spikes, table);
        } else {
            let word = words.iter().find(|(recorded, _)| *recorded == key);
            let (_, word) = word.ok_or_else(|| format!("no state word stands for `{key}`"))?;
            network.expect(target, Quantity::Word((*word).to_owned()), table);
        }
    }
    Ok(())
}
