//! Cases of the RANC simulator: cores of neurons behind a crossbar of axons.
//!
//! Row k is tick k + 1. A packet of list k with `destination_tick` d acts for row k + d; a spike
//! fired in row k, for row k + 1 + d. Ticks count modulo the depth of the scheduler, and the slot
//! of the current tick is cleared: what would land there is lost.
//!
//! An axon is active or not, however many packets name it in one tick. Where only one source can,
//! its synapses are those of the crossbar. Where several can, the axon becomes an accumulator of
//! its own, of which the neuron sees only whether it is zero.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use quarrion_isa::chip::SignMode;
use quarrion_isa::neuron::library;

use super::json::Node;
use super::network::{Connection, Layer, Network, Quantity, WIDE};

/// Coordinates of a core.
type Place = [i64; 2];

/// An axon: position of the core among the cores, and axon.
type Axon = (usize, usize);

/// A spike of a neuron to an axon, some ticks after the next one.
struct Wire {
    core: usize,
    neuron: usize,
    to: Axon,
    delay: u32,
}

/// A core as recorded.
struct Core<'a> {
    node: Node<'a>,
    place: Place,
    types: Vec<usize>,
    neurons: Vec<Node<'a>>,
    weights: Vec<Vec<i64>>,
    connections: Vec<Vec<i64>>,
}

impl<'a> Core<'a> {
    fn read(node: Node<'a>) -> Result<Self, String> {
        let neurons = node.need("neurons")?.items()?;
        let weights = neurons.iter().map(|neuron| neuron.need("weights")?.ints());
        let types = node.need("axons")?.items()?;
        Ok(Self {
            place: place(&node.need("coordinates")?)?,
            types: types.iter().map(Node::index).collect::<Result<_, _>>()?,
            weights: weights.collect::<Result<_, _>>()?,
            connections: node.need("connections")?.table()?,
            neurons,
            node,
        })
    }

    /// Neurons that an axon reaches, with their weights.
    fn reached(&self, axon: usize) -> Result<Vec<(usize, i64)>, String> {
        let missing = || format!("axon {axon} of {:?} is not described", self.place);
        let kind = *self.types.get(axon).ok_or_else(missing)?;
        let mut reached = Vec::new();
        for (neuron, (row, weights)) in self.connections.iter().zip(&self.weights).enumerate() {
            if *row.get(axon).ok_or_else(missing)? != 0 {
                reached.push((neuron, *weights.get(kind).ok_or_else(missing)?));
            }
        }
        Ok(reached)
    }
}

fn place(node: &Node<'_>) -> Result<Place, String> {
    <[i64; 2]>::try_from(node.ints()?).map_err(|_| "a place has two coordinates".to_owned())
}

pub(super) fn build(case: &Node<'_>, id: &str) -> Result<Network, String> {
    let net = case.need("network")?;
    let cores: Vec<Core<'_>> =
        net.need("cores")?.items()?.into_iter().map(Core::read).collect::<Result<_, _>>()?;
    let config = case.need("config")?;
    let depth = config.need("max_tick_offset")?.int()?.max(1);
    let packets = packets(&net, &cores, depth)?;
    let wires = wires(&cores, depth)?;
    let shared = shared(&packets, &wires);
    let mut network = Network::new(id, WIDE, case.need("ticks")?.index()?);
    let outside: Vec<Axon> =
        packets.iter().map(|(_, axon)| *axon).collect::<BTreeSet<_>>().into_iter().collect();
    let input = network.input(outside.len());
    for (position, core) in cores.iter().enumerate() {
        let own: Vec<usize> =
            shared.iter().filter(|axon| axon.0 == position).map(|axon| axon.1).collect();
        let population =
            network.layer(layer(core, &own, config.need("neuron_reset_type")?.int()?)?);
        demand(case, &mut network, population, core)?;
    }
    let crossbar = Crossbar { cores: &cores, shared: &shared, first: input + 1 };
    for (neuron, axon) in outside.iter().enumerate() {
        crossbar.connect(&mut network, (input, neuron), *axon, 0)?;
        for (row, _) in packets.iter().filter(|(_, to)| to == axon) {
            network.arrive(input, *row, neuron, 1)?;
        }
    }
    for wire in &wires {
        let source = (input + 1 + wire.core, wire.neuron);
        crossbar.connect(&mut network, source, wire.to, wire.delay)?;
    }
    Ok(network)
}

/// Ticks after the next one, unless the packet is lost.
fn delay_of(ticks: i64, depth: i64) -> Option<i64> {
    Some((ticks + 1).rem_euclid(depth)).filter(|&ahead| ahead > 0).map(|ahead| ahead - 1)
}

/// Packets from outside: the row that they act for, and the axon.
fn packets(
    net: &Node<'_>,
    cores: &[Core<'_>],
    depth: i64,
) -> Result<BTreeSet<(i64, Axon)>, String> {
    let mut found = BTreeSet::new();
    for (list, packets) in (0..).zip(net.need("packets")?.items()?) {
        for packet in packets.items()? {
            let to = place(&packet.need("destination_core")?)?;
            let axon = packet.need("destination_axon")?.index()?;
            let Some(core) = cores.iter().position(|core| core.place == to) else { continue };
            if let Some(delay) = delay_of(packet.need("destination_tick")?.int()?, depth) {
                found.insert((list + delay, (core, axon)));
            }
        }
    }
    Ok(found)
}

/// Spikes between cores; those that leave for the output bus reach none.
fn wires(cores: &[Core<'_>], depth: i64) -> Result<Vec<Wire>, String> {
    let mut found = Vec::new();
    for (core, from) in cores.iter().enumerate() {
        for (neuron, node) in from.neurons.iter().enumerate() {
            let [x, y] = place(&node.need("destination_core_offset")?)?;
            let to = [from.place[0] + x, from.place[1] + y];
            let axon = node.need("destination_axon")?.index()?;
            let Some(target) = cores.iter().position(|core| core.place == to) else { continue };
            if let Some(delay) = delay_of(node.need("destination_tick")?.int()?, depth) {
                found.push(Wire { core, neuron, to: (target, axon), delay: delay as u32 });
            }
        }
    }
    Ok(found)
}

/// Axons that more than one source can make active.
fn shared(packets: &BTreeSet<(i64, Axon)>, wires: &[Wire]) -> BTreeSet<Axon> {
    let mut sources: BTreeMap<Axon, u32> = BTreeMap::new();
    for axon in packets.iter().map(|(_, axon)| *axon).collect::<BTreeSet<_>>() {
        *sources.entry(axon).or_default() += 1;
    }
    for wire in wires {
        *sources.entry(wire.to).or_default() += 1;
    }
    sources.into_iter().filter(|(_, sources)| *sources > 1).map(|(axon, _)| axon).collect()
}

/// The neurons of a core, with an accumulator for each shared axon.
fn layer(core: &Core<'_>, shared: &[usize], inclusive: i64) -> Result<Layer, String> {
    let shipped = library::find("truenorth_ranc").ok_or("no program `truenorth_ranc`")?;
    let (mut declared, mut added) = (String::new(), String::new());
    for position in 0..shared.len() {
        let _ = write!(
            declared,
            "input axon_{position}: s16 saturate\n\
             compartment weight_{position}: -8388608..8388607 = 0\n"
        );
        let _ = write!(added, " + sel(axon_{position} != 0, weight_{position}, 0)");
    }
    let text = shipped.text.replacen("state v", &format!("{declared}state v"), 1);
    let text = text.replacen("v + a + leak", &format!("v + a + leak{added}"), 1);
    if !shared.is_empty() && text.len() != shipped.text.len() + declared.len() + added.len() {
        return Err("`truenorth_ranc` has changed: shared axons cannot be added".to_owned());
    }
    let mut layer = Layer::of_text(text, core.neurons.len());
    layer.set_all("inclusive", inclusive)?;
    for (name, key) in [
        ("leak", "leak"),
        ("positive_threshold", "positive_threshold"),
        ("negative_threshold", "negative_threshold"),
        ("reset_potential", "reset_potential"),
        ("reset_mode", "reset_mode"),
        ("initial_potential", "current_potential"),
    ] {
        let values = core.neurons.iter().map(|neuron| neuron.need(key)?.int());
        layer.set(name, values.collect::<Result<_, _>>()?)?;
    }
    for (position, axon) in shared.iter().enumerate() {
        let mut weights = vec![0; core.neurons.len()];
        for (neuron, weight) in core.reached(*axon)? {
            weights[neuron] = weight;
        }
        layer.set(&format!("weight_{position}"), weights)?;
    }
    Ok(layer)
}

/// What connects sources to axons.
struct Crossbar<'a> {
    cores: &'a [Core<'a>],
    shared: &'a BTreeSet<Axon>,
    /// Population of the first core.
    first: usize,
}

impl Crossbar<'_> {
    fn connect(
        &self,
        network: &mut Network,
        (source, neuron): (usize, usize),
        (core, axon): Axon,
        delay: u32,
    ) -> Result<(), String> {
        let reached = self.cores[core].reached(axon)?;
        let own = self.shared.iter().filter(|shared| shared.0 == core);
        let shared = own.clone().position(|shared| shared.1 == axon);
        let synapse = |(target, weight)| match shared {
            Some(_) => (neuron, target, 1, delay),
            None => (neuron, target, weight, delay),
        };
        network.connect(&Connection {
            source,
            target: self.first + core,
            input: shared.map_or(0, |position| position as u32 + 1),
            exponent: 0,
            bits: WIDE + 1,
            sign: SignMode::Mixed,
            synapses: reached.into_iter().map(synapse).collect(),
            rule: None,
        })?;
        Ok(())
    }
}

/// Potentials and spikes of a core, by tick.
fn demand(
    case: &Node<'_>,
    network: &mut Network,
    population: usize,
    core: &Core<'_>,
) -> Result<(), String> {
    let place = format!("{},{}", core.place[0], core.place[1]);
    let expected = case.need("expected")?;
    for (key, quantity) in
        [("potential", Quantity::Word("v".to_owned())), ("fired", Quantity::Spikes)]
    {
        let ticks = expected.need(key)?.items()?;
        let rows = ticks.iter().map(|tick| tick.need(&place)?.ints());
        network.expect(population, quantity, rows.collect::<Result<_, _>>()?);
    }
    // Whoever adds to the format is told.
    let known = ["axons", "neurons", "connections", "coordinates"];
    match core.node.keys().iter().find(|key| !known.contains(key)) {
        Some(key) => Err(format!("`{key}` of a core is not known")),
        None => Ok(()),
    }
}
