//! Cases of nengo-loihi's emulator.
//!
//! Steps count from 1 and row k - 1 is step k; an input spike written at t acts at t + 1, so for
//! row t. A spike on the chip acts one step later, as here. Weights are in accumulator units.

use quarrion_isa::chip::SignMode;

use super::json::Node;
use super::network::{Connection, Expected, Layer, Network, Quantity, WIDE};

pub(super) fn build(case: &Node<'_>, id: &str) -> Result<Network, String> {
    let mut network = Network::new(id, WIDE, case.need("steps")?.index()?);
    let input = network.input(case.need("n_in")?.index()?);
    let expected = case.need("expected")?;
    let mut first = 0;
    for spec in case.need("layers")?.items()? {
        let layer = layer(&spec)?;
        let population = network.layer(layer);
        for (key, quantity) in quantities() {
            let rows = expected.need(key)?.table()?;
            network.expected.push(Expected { population, quantity, first, rows });
        }
        first += network.size(population);
    }
    for connection in case.need("connections")?.items()? {
        let pre = connection.need("pre")?;
        let source = if pre.text() == Ok("in") { input } else { input + 1 + pre.index()? };
        let target = input + 1 + connection.need("post")?.index()?;
        let weights = connection.need("w")?.table()?;
        // A power of two common to all weights is left to the exponent.
        let together = weights.iter().flatten().fold(0, |bits, weight| bits | weight);
        let exponent = if together == 0 { 0 } else { together.trailing_zeros() };
        let mut synapses = Vec::new();
        for (from, row) in weights.iter().enumerate() {
            synapses.extend(row.iter().enumerate().map(|(to, w)| (from, to, w >> exponent, 0)));
        }
        network.connect(&Connection {
            source,
            target,
            input: 0,
            exponent: exponent as i32,
            bits: WIDE + 1,
            sign: SignMode::Mixed,
            synapses,
            rule: None,
        })?;
    }
    for (step, neuron) in case.spikes()? {
        network.arrive(input, step, neuron, 1)?;
    }
    Ok(network)
}

fn quantities() -> [(&'static str, Quantity); 3] {
    let word = |name: &str| Quantity::Word(name.to_owned());
    [("u", word("u")), ("v", word("v")), ("s", Quantity::Spikes)]
}

fn layer(spec: &Node<'_>) -> Result<Layer, String> {
    let n = spec.need("n")?.index()?;
    let mut layer = Layer::new("cuba_lif", n)?;
    for (name, key, otherwise) in [
        ("du", "decay_u", 0),
        ("dv", "decay_v", 0),
        ("bias", "bias", 0),
        ("refractory_delay", "ref", 1),
        ("vmin", "vmin", -8_388_607),
        ("vmax", "vmax", 8_388_607),
    ] {
        layer.set(name, spec.each(key, n, otherwise)?)?;
    }
    let thresholds = spec.each("vth", n, 0)?;
    if let Some(odd) = thresholds.iter().find(|&&threshold| threshold % 64 != 0) {
        return Err(format!("a threshold of {odd} is no multiple of 64"));
    }
    layer.set("vth", thresholds.iter().map(|threshold| threshold >> 6).collect())?;
    // 21 bits and a sign.
    layer.inputs[0].accumulator_bits = 22;
    Ok(layer)
}
