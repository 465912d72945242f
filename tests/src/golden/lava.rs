//! Cases of Lava's integrate-and-fire layers, alone and in networks.
//!
//! Steps count from 0 and row k is step k. A Dense buffers: a spike of step k reaches the neuron at
//! step k + 1, plus its delay. The exponent scales the sum of the step.

use quarrion_isa::chip::SignMode;
use quarrion_isa::delivery::{Scaling, WeightRounding, WeightRule};

use super::json::Node;
use super::network::{Connection, Layer, Network, Quantity};

/// Magnitude bits of a Loihi weight.
pub(super) const BITS: u32 = 8;

/// `[target][source]`.
type Weights = Vec<Vec<i64>>;

pub(super) fn build(case: &Node<'_>, id: &str) -> Result<Network, String> {
    let lif = case.need("lif")?;
    let lifs = if lif.is_list() { lif.items()? } else { vec![lif.clone()] };
    let weights = weights(case)?;
    let spikes = case.spikes()?;
    let mut network = Network::new(id, BITS, case.need("steps")?.index()?);
    let columns = weights.first().and_then(|rows| rows.first()).map_or(0, Vec::len);
    let spiking = spikes.iter().map(|(_, neuron)| neuron + 1).max().unwrap_or(0);
    let input = network.input(columns.max(spiking));
    for (index, spec) in lifs.iter().enumerate() {
        let n = match weights.get(index) {
            Some(rows) => rows.len(),
            None => case.need("n")?.index()?,
        };
        let exponent = case.int_or("weight_exp", 0)?;
        let exponent = i32::try_from(exponent).map_err(|_| format!("exponent {exponent}"))?;
        let population = network.layer(layer(case, spec, n, exponent)?);
        let suffix = if lif.is_list() { index.to_string() } else { String::new() };
        let expected = case.need("expected")?;
        for word in ["u", "v"] {
            let rows = expected.need(&format!("{word}{suffix}"))?.table()?;
            network.expect(population, Quantity::Word(word.to_owned()), rows);
        }
        let rows = expected.need(&format!("s{suffix}"))?.table()?;
        network.expect(population, Quantity::Spikes, rows);
    }
    for index in 0..lifs.len() {
        let target = input + 1 + index;
        if let Some(weights) = weights.get(index) {
            connect(case, &mut network, (target - 1, target), weights, None)?;
        }
        if let Some(weights) = case.get(&format!("recurrent_layer{index}")) {
            connect(case, &mut network, (target, target), &weights.table()?, None)?;
        }
    }
    for (step, neuron) in spikes {
        network.arrive(input, step + 1, neuron, 1)?;
    }
    Ok(network)
}

/// Weights into each layer from the one before.
fn weights(case: &Node<'_>) -> Result<Vec<Weights>, String> {
    let Some(weights) = case.get("weights") else { return Ok(Vec::new()) };
    if weights.is_list_of_tables() {
        return weights.items()?.iter().map(Node::table).collect();
    }
    Ok(vec![weights.table()?])
}

pub(super) fn layer(
    case: &Node<'_>,
    lif: &Node<'_>,
    n: usize,
    exponent: i32,
) -> Result<Layer, String> {
    let setting = |key: &str| lif.get(key).or_else(|| case.get(key));
    let interval = setting("reset_interval").map(|node| node.int()).transpose()?;
    let name = match (lif.get("vth_hi"), interval) {
        (Some(_), _) => "ternary_lif",
        (None, Some(_)) => "lif_reset",
        (None, None) => "cuba_lif_lava",
    };
    let mut layer = Layer::new(name, n)?;
    for key in ["du", "dv"] {
        lif.need(key)?;
        layer.set(key, lif.each(key, n, 0)?)?;
    }
    let thresholds = if name == "ternary_lif" { &["vth_hi", "vth_lo"][..] } else { &["vth"] };
    for key in thresholds {
        lif.need(key)?;
        layer.set(key, lif.each(key, n, 0)?)?;
    }
    let (mantissas, exponents) = (lif.each("bias_mant", n, 0)?, lif.each("bias_exp", n, 0)?);
    let bias = |(mantissa, exponent): (&i64, &i64)| {
        u32::try_from(*exponent).ok().filter(|&exponent| exponent < 32).map(|by| mantissa << by)
    };
    let biases: Option<Vec<i64>> = mantissas.iter().zip(&exponents).map(bias).collect();
    layer.set("bias", biases.ok_or("a bias exponent out of range")?)?;
    if let Some(interval) = interval {
        // Lava counts steps from 1.
        let offset = setting("reset_offset").map_or(Ok(0), |node| node.int())?;
        layer.set_all("reset_interval", interval)?;
        layer.set_all("first_reset", (offset - 1).rem_euclid(interval.max(1)))?;
    }
    let input = &mut layer.inputs[0];
    (input.scaling, input.exponent, input.input_shift) = (Scaling::Sum, exponent, 6);
    // What the scaled sum leaves room for.
    input.accumulator_bits = 19;
    Ok(layer)
}

/// A Dense: without a sign mode, the signs of the weights decide.
pub(super) fn connect(
    case: &Node<'_>,
    network: &mut Network,
    (source, target): (usize, usize),
    weights: &Weights,
    learning: Option<&String>,
) -> Result<usize, String> {
    let any = |test: fn(&i64) -> bool| weights.iter().flatten().any(test);
    let mode = case.get("sign_mode").map(|node| node.text()).transpose()?;
    let sign = match mode.map(str::to_uppercase).as_deref() {
        Some("MIXED") => SignMode::Mixed,
        Some("EXCITATORY") => SignMode::Excitatory,
        Some("INHIBITORY") => SignMode::Inhibitory,
        Some(other) => return Err(format!("unknown sign mode {other}")),
        None if !any(|weight| *weight < 0) => SignMode::Excitatory,
        None if !any(|weight| *weight > 0) => SignMode::Inhibitory,
        None => SignMode::Mixed,
    };
    let bits = case.int_or("num_weight_bits", 8)?;
    let bits = u32::try_from(bits).map_err(|_| format!("{bits} weight bits"))?;
    let rule = WeightRule::check(bits, BITS, sign, WeightRounding::Down);
    let rule = rule.map_err(|wrong| wrong.to_string())?;
    let delays = case.get("delays").map(|node| node.table()).transpose()?;
    let mut synapses = Vec::new();
    for (to, row) in weights.iter().enumerate() {
        for (from, weight) in row.iter().enumerate() {
            let weight = i32::try_from(*weight).map_err(|_| format!("a weight of {weight}"))?;
            let delay = delays.as_ref().and_then(|rows| rows.get(to)?.get(from)).copied();
            let delay = u32::try_from(delay.unwrap_or(0)).map_err(|_| "a negative delay")?;
            synapses.push((from, to, i64::from(rule.stored(weight)), delay));
        }
    }
    network.connect(&Connection {
        source,
        target,
        input: 0,
        exponent: 0,
        bits,
        sign,
        synapses,
        rule: learning.cloned(),
    })
}
