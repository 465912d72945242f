//! From a sketch of a program to a program: a mapping written out by hand, bits and tables by code.
//!
//! The sketch says which neuron lies where, which synapses there are and how their lists are
//! stored. What follows from that (words, axon tables, ordinals, ring slots, places) is worked out
//! here, so that scenarios stay readable and random programs stay valid. It chooses nothing: that
//! is the compiler's work.

mod lists;
mod region;
mod sketch;

pub use region::region_of;
pub use sketch::{
    BlockSketch, CoreSketch, JoinSketch, ParameterSketch, PieceSketch, PopulationSketch,
    ProjectionSketch, Sketch, Spread,
};

use std::sync::Arc;

use quarrion_isa::chip::Chip;
use quarrion_isa::delivery::{Delivery, DeliverySettings, Overflow, Scaling, SynapseMode};
use quarrion_isa::id::{AxonInId, PopulationId, ProjectionId};
use quarrion_isa::neuron::{self, InputDecl, NeuronProgram, ParameterDecl, Scope};
use quarrion_isa::program::{
    AxonIn, AxonOut, AxonTable, Block, CoreProgram, Group, Join, Occurrence, ParameterValue, Place,
    Population, Program, Projection, Role,
};

use crate::engines::parsed;
use lists::{List, block_lists};

/// Assembles a program.
///
/// # Panics
/// The sketch contradicts itself; its author must act.
#[must_use]
pub fn assemble(sketch: &Sketch, chip: &Chip) -> Program {
    let neuron_programs: Vec<Arc<NeuronProgram>> =
        sketch.neuron_programs.iter().map(|text| parsed(text)).collect();
    let populations = populations(sketch);
    let mut cores = cores(sketch, &populations, &neuron_programs);
    let mut rows = Rows::new(sketch, &cores);
    for (index, projection) in sketch.projections.iter().enumerate() {
        let parts = Projected { sketch, chip, index, projection };
        parts.place(&mut cores, &mut rows);
    }
    for core in &mut cores {
        let delays = core.blocks.iter().map(|block| {
            let projection = &sketch.projections[block.projection.index()];
            let field = (1 << block.synapses.format().delay_bits) - 1;
            let moves = sketch.rule_of(projection).is_some_and(|rule| rule.moves_delays());
            if moves { field } else { longest_delay(block) }
        });
        core.ring_slots = delays.max().unwrap_or(0) + 2;
    }
    for (core, rows) in cores.iter_mut().zip(&rows.cores) {
        core.axons_out = AxonTable::from_rows(rows);
    }
    Program {
        name: sketch.name.clone(),
        chip: chip.name.clone(),
        neuron_programs: sketch.neuron_programs.clone(),
        learning: sketch.learning.clone(),
        projections: projections(sketch),
        populations,
        cores,
        inputs: AxonTable::from_rows(&rows.inputs),
        output: PopulationId::from_index(sketch.output),
        provenance: Vec::new(),
    }
}

/// Axon-out entries by source: input neurons, and compartments core by core.
struct Rows {
    inputs: Vec<Vec<AxonOut>>,
    cores: Vec<Vec<Vec<AxonOut>>>,
    /// Row of neuron 0 of each input population.
    first_input: Vec<usize>,
}

impl Rows {
    fn new(sketch: &Sketch, cores: &[CoreProgram]) -> Self {
        let mut first_input = Vec::new();
        let mut next = 0;
        for population in &sketch.populations {
            first_input.push(next);
            if population.neuron_program.is_none() {
                next += population.size() as usize;
            }
        }
        let rows = |core: &CoreProgram| vec![Vec::new(); core.compartments as usize];
        Self {
            inputs: vec![Vec::new(); next],
            cores: cores.iter().map(rows).collect(),
            first_input,
        }
    }

    /// The row of a source neuron.
    fn of(&mut self, sketch: &Sketch, population: usize, neuron: u32) -> &mut Vec<AxonOut> {
        if sketch.populations[population].neuron_program.is_none() {
            return &mut self.inputs[self.first_input[population] + neuron as usize];
        }
        let (core, compartment) = sketch.find(population, neuron);
        &mut self.cores[core][compartment as usize]
    }
}

fn populations(sketch: &Sketch) -> Vec<Population> {
    let mut first_ordinal = 0;
    let mut made = Vec::new();
    for (index, population) in sketch.populations.iter().enumerate() {
        let input = population.neuron_program.is_none();
        let mut places = Vec::new();
        for core in &sketch.cores {
            let mut compartment = 0;
            for piece in &core.pieces {
                if piece.population == index {
                    let (neuron, count) = (piece.first, piece.count());
                    places.push(Place { neuron, count, core: core.core, compartment });
                }
                compartment += piece.count();
            }
        }
        places.sort_by_key(|place| place.neuron);
        made.push(Population {
            name: population.name.clone(),
            shape: population.shape.to_vec(),
            size: population.size(),
            first_ordinal,
            role: if input { Role::Input } else { Role::Neurons },
            phase: population.phase,
            scale: 1.0,
            places,
            part_of: Some(sketch.root(index))
                .filter(|root| *root != index)
                .map(PopulationId::from_index),
        });
        first_ordinal += population.size();
    }
    made
}

fn projections(sketch: &Sketch) -> Vec<Projection> {
    let made = sketch.projections.iter().map(|projection| Projection {
        name: projection.name.clone(),
        source: PopulationId::from_index(projection.source),
        target: PopulationId::from_index(projection.target),
        synapses: 0,
        delay: 0,
        exponent: projection.exponent,
        error: 0.0,
    });
    made.collect()
}

/// Cores with their groups, still without synapses and axons.
fn cores(
    sketch: &Sketch,
    populations: &[Population],
    neuron_programs: &[Arc<NeuronProgram>],
) -> Vec<CoreProgram> {
    let mut made = Vec::new();
    for core in &sketch.cores {
        let (mut groups, mut ordinals) = (Vec::new(), Vec::new());
        let mut axon_delays = Vec::new();
        for piece in &core.pieces {
            let mut neuron = piece.first;
            for &count in &piece.groups {
                let first = ordinals.len() as u32;
                let sketched = &sketch.populations[piece.population];
                let neuron_program = sketched.neuron_program.expect("inputs lie on no core");
                let declared = neuron_programs[neuron_program].parameters();
                groups.push(Group {
                    occurrence: Occurrence::First,
                    population: PopulationId::from_index(piece.population),
                    neuron_program: neuron_program as u32,
                    first,
                    count,
                    parameters: parameters(sketched, declared, neuron, count),
                    inputs: sketched.inputs.iter().map(|&settings| checked(settings)).collect(),
                    join: join(sketch, sketched, neuron),
                    learning: sketch.taught(piece.population).map(|rule| rule as u32),
                });
                let ordinal = populations[piece.population].first_ordinal + neuron;
                ordinals.extend(ordinal..ordinal + count);
                let delay = |neuron: u32| sketched.axon_delays.get(neuron as usize).copied();
                axon_delays.extend((neuron..neuron + count).map(|n| delay(n).unwrap_or(0)));
                neuron += count;
            }
        }
        if axon_delays.iter().all(|&delay| delay == 0) {
            axon_delays.clear();
        }
        made.push(CoreProgram {
            core: core.core,
            compartments: ordinals.len() as u32,
            groups,
            ordinals,
            ring_slots: 0,
            axons_in: Vec::new(),
            blocks: Vec::new(),
            axons_out: AxonTable::default(),
            axon_delays,
        });
    }
    made
}

/// What a group joins whose first neuron is `neuron`.
fn join(sketch: &Sketch, population: &PopulationSketch, neuron: u32) -> Option<Join> {
    let JoinSketch { op, from } = population.join.as_ref()?;
    let mut from: Vec<u32> = from.iter().map(|&other| sketch.find(other, neuron).1).collect();
    from.sort_unstable();
    Some(Join { op: *op, from })
}

/// The parameters of a group; one that its compartments share is that of its first neuron.
fn parameters(
    population: &PopulationSketch,
    declared: &[ParameterDecl],
    neuron: u32,
    count: u32,
) -> Vec<ParameterValue> {
    let neurons = neuron as usize..(neuron + count) as usize;
    let value = |(declared, given): (&ParameterDecl, &ParameterSketch)| match given {
        ParameterSketch::Shared(value) => ParameterValue::Shared(*value),
        ParameterSketch::Each(values) if declared.scope == Scope::Group => {
            ParameterValue::Shared(values[neurons.start])
        }
        ParameterSketch::Each(values) => ParameterValue::Each(values[neurons.clone()].to_vec()),
    };
    declared.iter().zip(&population.parameters).map(value).collect()
}

/// One projection on its way into blocks and axons.
struct Projected<'a> {
    sketch: &'a Sketch,
    chip: &'a Chip,
    index: usize,
    projection: &'a ProjectionSketch,
}

impl Projected<'_> {
    /// Adds a block for every piece of the target population, and the axons to its lists.
    fn place(&self, cores: &mut [CoreProgram], rows: &mut Rows) {
        for (position, core) in self.sketch.cores.iter().enumerate() {
            let mut base = 0;
            for piece in &core.pieces {
                if piece.population == self.projection.target {
                    self.place_piece(&mut cores[position], rows, piece, base);
                }
                base += piece.count();
            }
        }
    }

    fn place_piece(&self, core: &mut CoreProgram, rows: &mut Rows, piece: &PieceSketch, base: u32) {
        let kind = self.chip.core_type(core.core);
        let (synapses, lists) = block_lists(self.sketch, self.projection, kind, piece, base);
        let block = core.blocks.len() as u32;
        core.blocks.push(Block {
            projection: ProjectionId::from_index(self.index),
            input: self.projection.input,
            delivery: self.delivery(),
            learning: self.projection.learning.map(|rule| rule as u32),
            synapses,
        });
        for List { source, list } in lists {
            let axon = AxonInId::from_index(core.axons_in.len());
            core.axons_in.push(AxonIn { block, list });
            let row = rows.of(self.sketch, self.projection.source, source);
            row.push(AxonOut { core: core.core, axon });
        }
    }

    /// The delivery of the accumulator, with the exponent and mode of the projection.
    fn delivery(&self) -> Delivery {
        let target = &self.sketch.populations[self.projection.target];
        let mut settings = target.inputs[self.projection.input as usize];
        if settings.scaling != Scaling::Sum {
            settings.exponent = self.projection.exponent;
        }
        settings.synapse = self.projection.synapse;
        checked(settings)
    }
}

fn checked(settings: DeliverySettings) -> Delivery {
    Delivery::check(settings).expect("the sketch's delivery is legal")
}

/// The plainest delivery into each accumulator that a neuron program declares.
#[must_use]
pub fn plain_inputs(program: &NeuronProgram, input_shift: u32) -> Vec<DeliverySettings> {
    let plain = |input: &InputDecl| DeliverySettings {
        exponent: 0,
        input_shift,
        scaling: Scaling::EachDown,
        contribution_bits: None,
        accumulator_bits: input.width.bits,
        overflow: match input.overflow {
            neuron::Overflow::Wrap => Overflow::Wrap,
            neuron::Overflow::Saturate => Overflow::Saturate,
        },
        synapse: SynapseMode::Plain,
    };
    program.inputs().iter().map(plain).collect()
}

/// The longest delay of a block's lists.
fn longest_delay(block: &Block) -> u32 {
    let mut longest = 0;
    for list in 0..block.synapses.list_count() {
        block
            .synapses
            .decode_list(list, |synapse| longest = longest.max(synapse.delay))
            .expect("lists were just encoded");
    }
    longest
}
