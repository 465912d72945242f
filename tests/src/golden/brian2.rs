//! Cases of brian2-loihi.
//!
//! Steps count from 0 and row k is step k. An input spike acts in the very step in which it is
//! written (plus its delay): here it is injected one timestep before that row's.

use quarrion_isa::chip::SignMode;
use quarrion_isa::delivery::{Delivery, DeliverySettings, WeightRounding, WeightRule};

use super::json::Node;
use super::learning;
use super::network::{Connection, Layer, LearnedRows, Network, Quantity, WIDE};

/// Magnitude bits of a Loihi weight.
const BITS: u32 = 8;

pub(super) fn build(case: &Node<'_>, id: &str) -> Result<Network, String> {
    if case.get("mantissa").is_some() { table(case, id) } else { neurons(case, id) }
}

fn sign_of(node: &Node<'_>) -> Result<SignMode, String> {
    match node.int()? {
        1 => Ok(SignMode::Mixed),
        2 => Ok(SignMode::Excitatory),
        3 => Ok(SignMode::Inhibitory),
        other => Err(format!("unknown sign mode {other}")),
    }
}

fn rule(bits: i64, sign: SignMode) -> Result<WeightRule, String> {
    let bits = u32::try_from(bits).map_err(|_| format!("{bits} weight bits"))?;
    WeightRule::check(bits, BITS, sign, WeightRounding::ToZero).map_err(|wrong| wrong.to_string())
}

/// Every weight is scaled down on its own, its low bits cleared, and clipped.
fn delivers_into(input: &mut DeliverySettings) {
    input.input_shift = 6;
    input.contribution_bits = Some(21);
}

fn integer(value: i64) -> Result<i32, String> {
    i32::try_from(value).map_err(|_| format!("{value} has more than 32 bits"))
}

/// A table of weights: each on a synapse of its own, whose neuron keeps what one spike brings.
fn table(case: &Node<'_>, id: &str) -> Result<Network, String> {
    let sign = sign_of(&case.need("sign_mode")?)?;
    let rule = rule(case.need("num_weight_bits")?.int()?, sign)?;
    let mantissas = case.need("mantissa")?.ints()?;
    let actual = case.need("expected")?.need("w_act")?.ints()?;
    if actual.len() != mantissas.len() {
        return Err(format!("{} mantissas, {} weights", mantissas.len(), actual.len()));
    }
    // The package keeps a magnitude of 2^8 in inhibitory lists, which has no room in 8 bits.
    let mut network = Network::new(id, WIDE, 1);
    let source = network.input(mantissas.len());
    let mut layer = Layer::new("cuba_lif_brian2", mantissas.len())?;
    layer.set_all("vth", 131_071)?;
    delivers_into(&mut layer.inputs[0]);
    let target = network.layer(layer);
    let mut synapses = Vec::new();
    for (at, mantissa) in mantissas.iter().enumerate() {
        synapses.push((at, at, i64::from(rule.rounded(integer(*mantissa)?)), 0));
        network.arrive(source, 0, at, 1)?;
    }
    network.connect(&Connection {
        source,
        target,
        input: 0,
        exponent: integer(case.need("w_exp")?.int()?)?,
        bits: WIDE + 1,
        sign: SignMode::Mixed,
        synapses,
        rule: None,
    })?;
    network.expect(target, Quantity::Word("u".to_owned()), vec![actual]);
    Ok(network)
}

/// Compares what each weight brings at the start.
fn expect_weights(
    network: &mut Network,
    settings: DeliverySettings,
    synapses: &[(usize, usize, i64, u32)],
    actual: Vec<i64>,
) -> Result<(), String> {
    if actual.len() != synapses.len() {
        return Err(format!("{} weights of {} synapses", actual.len(), synapses.len()));
    }
    let delivery = Delivery::check(settings).map_err(|wrong| wrong.to_string())?;
    for (&(from, to, weight, _), actual) in synapses.iter().zip(actual) {
        let found = delivery.contribution(integer(weight)?, 1);
        network.single.push((format!("weight {from} to {to}"), actual, found));
    }
    Ok(())
}

fn neurons(case: &Node<'_>, id: &str) -> Result<Network, String> {
    let n = case.need("n")?.index()?;
    let connections = case.need("connections")?.items()?;
    let weights = connections.iter().map(|connection| connection.need("w")?.table());
    let weights: Vec<Vec<Vec<i64>>> = weights.collect::<Result<_, _>>()?;
    let mut network = Network::new(id, BITS, case.need("steps")?.index()?);
    for learn in connections.iter().filter_map(|connection| connection.get("learn")) {
        // The package counts epochs of every term from step 0: row 0 ends one.
        network.phase = network.phase.max(1 << learning::period(&learn)?);
    }
    let source = network.input(weights.iter().map(Vec::len).max().unwrap_or(0));
    let mut layer = Layer::new("cuba_lif_brian2", n)?;
    let neuron = case.need("neuron")?;
    for (name, key) in [
        ("decay_i", "decay_I"),
        ("decay_v", "decay_v"),
        ("vth", "threshold_v_mant"),
        ("refractory_delay", "refractory"),
    ] {
        neuron.need(key)?;
        layer.set(name, neuron.each(key, n, 0)?)?;
    }
    delivers_into(&mut layer.inputs[0]);
    let settings = layer.inputs[0];
    let target = network.layer(layer);
    let expected = case.need("expected")?;
    for (index, (connection, weights)) in connections.iter().zip(&weights).enumerate() {
        let sign = sign_of(&connection.need("sign")?)?;
        let bits = connection.int_or("num_weight_bits", 8)?;
        let rule = rule(bits, sign)?;
        let exponent = integer(connection.int_or("w_exp", 0)?)?;
        let delay = connection.int_or("delay", 0)?;
        let delay = u32::try_from(delay).map_err(|_| format!("a delay of {delay}"))?;
        let mut synapses = Vec::new();
        for (from, row) in weights.iter().enumerate() {
            for (to, weight) in row.iter().enumerate() {
                synapses.push((from, to, i64::from(rule.stored(integer(*weight)?)), delay));
            }
        }
        if let Some(actual) = expected.get("w_act") {
            let actual = actual.items()?.get(index).map_or(Ok(Vec::new()), Node::ints)?;
            let settings = DeliverySettings { exponent, ..settings };
            expect_weights(&mut network, settings, &synapses, actual)?;
        }
        let bits = bits as u32;
        let rule =
            connection.get("learn").map(|learn| learning::brian2_rule(&learn)).transpose()?;
        let projection = network.connect(&Connection {
            source,
            target,
            input: 0,
            exponent,
            bits,
            sign,
            synapses,
            rule,
        })?;
        if let Some(rows) = expected.get("syn") {
            let rows = rows.items()?.get(index).ok_or("no weights of a connection")?.need("w")?;
            let (first_step, rows) = (network.phase - 1, rows.table()?);
            network.learned.push(LearnedRows { projection, first_step, rows });
        }
    }
    for (step, neuron) in case.spikes()? {
        network.arrive(source, step, neuron, 1)?;
    }
    for word in ["u", "v"] {
        network.expect(target, Quantity::Word(word.to_owned()), expected.need(word)?.table()?);
    }
    network.expect(target, Quantity::Spikes, expected.need("s")?.table()?);
    Ok(network)
}
