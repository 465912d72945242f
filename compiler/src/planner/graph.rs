//! The network as the hypergraph partitioner sees it: blocks of neurons, nets of like sources.
//!
//! A population that only dense and convolving projections touch is cut into boxes (channel group
//! x patch) before anything looks at neurons; where connections are sparse every neuron is a
//! vertex. There is one net for the sources of one block that reach the same blocks through one
//! projection, so that input axons count as entries do. Synapses are counted in bits of the format
//! that the projection would be stored in.
//!
//! A net from the host, or from a population on another kind of core, has no core of its own here.
//! Its first listener stands for it: what a net costs beyond its first core is the same, and the
//! search sees only differences.

use quarrion_isa::chip::SynapseFormatKind;

use super::boxes::Cutter;
use super::measure::Meter;
use crate::failure::CompileFailure;
use crate::layout::{Run, Slice};
use crate::mapping::weight;
use crate::mapping::{Hypergraph, Limits, ListFormat, MappingError, NEURONS, Net, STATE, Service};
use crate::passes::lists::plan_lists;
use crate::quantised::{Connections, QuantisedProjection};

/// Blocks that a box of the plain cut is divided into.
const FINER: u64 = 8;

/// Blocks that a population has at least, if it has so many neurons.
const LEAST: u64 = 16;

/// Service times are counted in this fraction of a picosecond.
const SUBDIVISION: f64 = 16.0;

/// The hypergraph with what its vertices stand for.
pub(super) struct BlockGraph {
    pub(super) graph: Hypergraph,
    pub(super) blocks: Vec<Slice>,
    pub(super) limits: Limits,
    pub(super) service: Service,
}

/// What one projection's synapses take.
struct Cost {
    bits: u32,
    prefix: u32,
    operation: f64,
}

impl BlockGraph {
    /// Builds the graph of the populations that lie on cores of one kind.
    pub(super) fn new(meter: &Meter<'_>, cutters: &[&Cutter<'_>]) -> Result<Self, CompileFailure> {
        let blocks: Vec<Slice> = cutters.iter().flat_map(|cutter| blocks(meter, cutter)).collect();
        let sizes = meter.network.populations.iter().map(|p| vec![u32::MAX; p.size as usize]);
        let mut vertex: Vec<Vec<u32>> = sizes.collect();
        for (at, block) in (0..).zip(&blocks) {
            let vertex = &mut vertex[block.population.index()];
            block.neurons().for_each(|neuron| vertex[neuron as usize] = at);
        }
        let mut nets = Nets::default();
        let mut costs = Vec::new();
        for cutter in cutters {
            let parts = meter.network.parts(cutter.population);
            let onto = parts.iter().flat_map(|part| meter.network.projections_onto(*part));
            for (_, projection) in onto {
                let cost = cost(meter, projection, cutter);
                let rows = rows(projection, &blocks, cutter, &cost);
                let source = &vertex[projection.source.index()];
                nets.add(&rows, source, &meter.rates[projection.source.index()]);
                costs.push(cost);
            }
        }
        let demands = blocks.iter().map(|block| demand(meter, block)).collect();
        let graph = Hypergraph::new(demands, nets.nets, nets.ptr, nets.pins, nets.synapses)
            .map_err(|error| wrong(&error))?;
        let (limits, service) = limits(meter, cutters, &costs);
        Ok(Self { graph, blocks, limits, service })
    }
}

/// A fault of ours, as the compiler says it.
fn wrong(error: &MappingError) -> CompileFailure {
    use quarrion_isa::diagnostic::Diagnostic;
    let found = Diagnostic::error(crate::passes::codes::VERIFY, error.to_string());
    found.help("this is a fault of the compiler: please report it with the network").into()
}

/// The vertices of one population.
fn blocks(meter: &Meter<'_>, cutter: &Cutter<'_>) -> Vec<Slice> {
    let population = cutter.population;
    let sparse = meter.network.projections.iter().any(|projection| {
        let target = meter.network.root(projection.target);
        // A synapse inside a neuron goes wherever the neuron does.
        (projection.source == population) != (target == population)
            && matches!(projection.connections, Connections::Sparse { .. })
    });
    if sparse {
        let one = |first| Slice::new(population, vec![Run { first, count: 1 }]);
        return (0..meter.network.population(population).size).map(one).collect();
    }
    let (mut cuts, extents) = cutter.grid();
    let wanted = (FINER * cutter.slices.len() as u64).max(LEAST);
    let product = |cuts: [u32; 3]| cuts.iter().map(|&cut| u64::from(cut)).product::<u64>();
    while product(cuts) < wanted {
        let room = |&axis: &usize| extents[axis] / cuts[axis];
        let Some(axis) = (0..3).rev().max_by_key(room).filter(|axis| room(axis) > 1) else { break };
        let others = product(cuts) / u64::from(cuts[axis]);
        let most = wanted.div_ceil(others).min(u64::from(cuts[axis]) * 2) as u32;
        cuts[axis] = most.clamp(cuts[axis] + 1, extents[axis]);
    }
    cutter.boxes(cuts)
}

/// The format that the plain cut stores a projection in, as bits and times.
fn cost(meter: &Meter<'_>, projection: &QuantisedProjection, cutter: &Cutter<'_>) -> Cost {
    let kind = meter.kind(meter.core_type(cutter.population));
    let plan = cutter.slices.first().and_then(|slice| plan_lists(projection, slice, kind).ok());
    let block = plan.as_ref().and_then(|plan| plan.blocks.iter().max_by_key(|block| block.words));
    let Some(block) = block else { return Cost { bits: 1, prefix: 0, operation: 0.0 } };
    let shared = block.format.kind == SynapseFormatKind::Kernel;
    Cost {
        // The words of a shared kernel do not grow with its lists.
        bits: if shared { 1 } else { block.format.synapse_bits() as u32 },
        prefix: if shared { 0 } else { block.format.prefix_bits },
        operation: kind.synaptic_op(block.format.kind).occupancy.0 as f64,
    }
}

/// Per source neuron: the blocks it reaches, with bits of synapses.
fn rows(
    projection: &QuantisedProjection,
    blocks: &[Slice],
    cutter: &Cutter<'_>,
    cost: &Cost,
) -> Vec<Vec<(u32, u32)>> {
    let mut rows: Vec<Vec<(u32, u32)>> =
        vec![Vec::new(); projection.connections.sources() as usize];
    for (at, block) in (0_u32..).zip(blocks) {
        if block.population != cutter.population {
            continue;
        }
        for neuron in block.neurons() {
            projection.connections.for_each_input_of(neuron, |source, _| {
                let row = &mut rows[source as usize];
                match row.last_mut() {
                    Some(last) if last.0 == at => last.1 += cost.bits,
                    _ => row.push((at, cost.bits)),
                }
            });
        }
    }
    rows
}

/// What a block asks of its core, lists apart.
fn demand(meter: &Meter<'_>, block: &Slice) -> [u32; 4] {
    let mut demand = [0; 4];
    for part in meter.network.parts(block.population) {
        demand[NEURONS] += block.size();
        if let Some(neurons) = meter.neurons(part) {
            let program = meter.network.neuron_program(neurons);
            let kind = meter.kind(neurons.core_type);
            let bits = meter.network.population(part).state_bits(program, kind, block.neurons());
            demand[STATE] += u32::try_from(bits).unwrap_or(u32::MAX);
        }
    }
    demand
}

/// Nets in compressed rows.
#[derive(Default)]
struct Nets {
    nets: Vec<Net>,
    ptr: Vec<usize>,
    pins: Vec<u32>,
    synapses: Vec<u32>,
}

impl Nets {
    /// Adds the nets of one projection: sources of one block with the same row make one.
    fn add(&mut self, rows: &[Vec<(u32, u32)>], vertex: &[u32], rates: &[f64]) {
        if self.ptr.is_empty() {
            self.ptr.push(0);
        }
        let mut order: Vec<usize> = (0..rows.len()).filter(|&s| !rows[s].is_empty()).collect();
        let key = |&source: &usize| (vertex[source], &rows[source]);
        order.sort_by(|a, b| key(a).cmp(&key(b)));
        for alike in order.chunk_by(|a, b| key(a) == key(b)) {
            let row = &rows[alike[0]];
            let home = vertex[alike[0]];
            let source = if home == u32::MAX { row[0].0 } else { home };
            let weight = alike.iter().map(|&source| weight(rates[source])).sum();
            self.nets.push(Net { source, copies: alike.len() as u32, weight });
            self.pins.extend(row.iter().map(|pin| pin.0));
            self.synapses.extend(row.iter().map(|pin| pin.1));
            self.ptr.push(self.pins.len());
        }
    }
}

/// The limits of a core and how its service time counts.
fn limits(meter: &Meter<'_>, cutters: &[&Cutter<'_>], costs: &[Cost]) -> (Limits, Service) {
    let first = cutters.first().map_or(0, |cutter| meter.core_type(cutter.population));
    let kind = meter.kind(first);
    let count = costs.len().max(1) as f64;
    let bits = costs.iter().map(|cost| f64::from(cost.bits)).sum::<f64>() / count;
    let operation = costs.iter().map(|cost| cost.operation).sum::<f64>() / count;
    let header = costs.iter().map(|cost| cost.prefix).max().unwrap_or(0);
    let lists = ListFormat { header, synapse: 1, word: kind.word_bits };
    let limits = Limits {
        additive: [
            Some(kind.compartments.into()),
            Some(kind.synapse_words()),
            kind.state_memory_bits,
            None,
        ],
        input_axons: Some(kind.axons_in.into()),
        lists: Some(lists),
        ..Limits::default()
    };
    let services = &kind.services;
    let word = services.synapse_word.occupancy.0 as f64;
    let per_bit = word / f64::from(kind.word_bits.max(1)) + operation / bits.max(1.0);
    let whole = |time: f64| (time * SUBDIVISION).round().clamp(0.0, 1e9) as u32;
    let service = Service {
        neuron: whole(services.neuron_active.occupancy.0 as f64 / f64::from(kind.lanes.max(1))),
        axon: whole(services.axon_in.occupancy.0 as f64),
        synapse: whole(per_bit),
    };
    (limits, service)
}
