//! Utilisation: how full cores and layers are, and which resource would run out first.

mod fan_in;
mod waste;

use std::collections::{BTreeMap, BTreeSet};

use quarrion_isa::chip::Chip;
use quarrion_isa::id::{CoreId, PopulationId};
use quarrion_isa::neuron::NeuronProgram;
use quarrion_isa::program::{CoreProgram, Occurrence, Program, Role};
use quarrion_isa::synapse::SynapseBlock;
use serde::Serialize;

use fan_in::fan_in;
pub use waste::Waste;

use crate::infeasible::Resource;

/// How full the cores of a program are.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Utilisation {
    /// The used cores, by ascending id.
    pub cores: Vec<CoreUse>,
    /// Cores of the board.
    pub cores_available: u64,
    /// Every population of neurons.
    pub layers: Vec<LayerUse>,
    /// The fullest resource of the fullest core.
    pub bottleneck: Option<Bottleneck>,
    /// Synapse memory bits that hold no logical synapse, by cause.
    pub waste: Waste,
}

/// One core: what it holds of what.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CoreUse {
    /// The core.
    pub core: CoreId,
    /// Populations with compartments on it, and how many each.
    pub held: Vec<Held>,
    /// Most synapses that end in one of its compartments.
    pub fan_in: u64,
    /// Every limited resource.
    pub resources: Vec<ResourceUse>,
}

/// Compartments of one population on one core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Held {
    /// The population.
    pub population: PopulationId,
    /// Its compartments there, copies among them.
    pub compartments: u64,
}

/// One population: what it takes over all its cores.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerUse {
    /// The population.
    pub population: PopulationId,
    /// Its name.
    pub name: String,
    /// Cores with some of its compartments.
    pub cores: u64,
    /// Compartments, copies among them.
    pub compartments: u64,
    /// Compartments that compute once more what others do, for the sake of their axons out.
    pub copies: u64,
    /// Axon-in entries of projections onto it.
    pub axons_in: u64,
    /// Axon-out entries of its neurons.
    pub axons_out: u64,
    /// Those of them that ways to other chips take, where one takes more than one to the same chip.
    pub axons_out_other_chip: u64,
    /// Most synapses that end in one of its compartments.
    pub fan_in: u64,
    /// Synapse memory words of projections onto it.
    pub synapse_words: u64,
    /// Accumulator slots of its compartments: the delay rings.
    pub accumulator_slots: u64,
    /// Bits of those words that hold no logical synapse, by cause.
    pub waste: Waste,
    /// The fullest resource of the fullest of its cores.
    pub bottleneck: Option<Bottleneck>,
}

/// How much of a resource is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ResourceUse {
    /// The resource.
    pub resource: Resource,
    /// How much is in use.
    pub used: u64,
    /// How much there is.
    pub available: u64,
}

/// A resource that is fuller than the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Bottleneck {
    /// Where.
    pub core: CoreId,
    /// What, and how full.
    pub usage: ResourceUse,
}

impl ResourceUse {
    /// Used over available.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.used as f64 / self.available.max(1) as f64
    }
}

impl CoreUse {
    /// Use of one resource, where it is limited.
    #[must_use]
    pub fn of(&self, resource: Resource) -> Option<ResourceUse> {
        self.resources.iter().copied().find(|entry| entry.resource == resource)
    }

    /// Whether compartments of a population lie here.
    fn holds(&self, population: PopulationId) -> bool {
        self.held.iter().any(|held| held.population == population)
    }

    /// The fullest resource.
    fn fullest(&self) -> Option<Bottleneck> {
        // More neurons raise neither a single configuration nor what one list or neuron takes.
        let grows = |entry: &&ResourceUse| match entry.resource {
            Resource::Configurations => entry.used > 1,
            Resource::ListWords | Resource::FanIn | Resource::FanOut => false,
            _ => true,
        };
        // The first of equals: `max_by` would give the last.
        let candidates = self.resources.iter().rev().filter(grows);
        let fullest = candidates.max_by(|a, b| a.share().total_cmp(&b.share()));
        fullest.map(|&usage| Bottleneck { core: self.core, usage })
    }
}

impl Utilisation {
    /// Measures a program.
    #[must_use]
    pub fn measure(program: &Program, chip: &Chip) -> Self {
        let texts = program.neuron_programs.iter();
        let parsed: Vec<Option<NeuronProgram>> =
            texts.map(|text| NeuronProgram::parse(text, "program").ok()).collect();
        let inputs: Vec<Vec<u64>> = program.cores.iter().map(fan_in).collect();
        let each = program.cores.iter().zip(&inputs);
        let cores: Vec<CoreUse> =
            each.map(|(core, inputs)| core_use(core, chip, &parsed, inputs)).collect();
        let populations = program.populations.iter().enumerate();
        let neurons = populations.filter(|(_, population)| population.role == Role::Neurons);
        let layers =
            neurons.map(|(id, _)| layer_use(PopulationId::from_index(id), program, chip, &cores));
        let mut layers: Vec<LayerUse> = layers.collect();
        for layer in &mut layers {
            layer.fan_in = most_inputs(layer.population, program, &inputs);
        }
        let mut waste = Waste::default();
        for block in program.cores.iter().flat_map(|core| &core.blocks) {
            let own = Waste::of(block);
            waste.add(own);
            let target = program.projections[block.projection.index()].target;
            let layer = layers.iter_mut().find(|layer| layer.population == target);
            layer.into_iter().for_each(|layer| layer.waste.add(own));
        }
        Self {
            cores_available: chip.cores.len() as u64,
            layers,
            bottleneck: fullest(cores.iter()),
            waste,
            cores,
        }
    }
}

/// The fullest resource of the fullest core, the first of equals.
fn fullest<'a>(cores: impl DoubleEndedIterator<Item = &'a CoreUse>) -> Option<Bottleneck> {
    let each = cores.rev().filter_map(CoreUse::fullest);
    each.max_by(|a, b| a.usage.share().total_cmp(&b.usage.share()))
}

/// What one core holds.
fn core_use(
    core: &CoreProgram,
    chip: &Chip,
    programs: &[Option<NeuronProgram>],
    inputs: &[u64],
) -> CoreUse {
    let most_inputs = inputs.iter().copied().max().unwrap_or(0);
    let core_type = chip.core_type(core.core);
    let program = |index: u32| programs.get(index as usize).and_then(Option::as_ref);
    let state_bits: u64 = core
        .groups
        .iter()
        .map(|group| {
            let bits = program(group.neuron_program).map_or(0, NeuronProgram::state_bits);
            u64::from(group.count) * u64::from(bits)
        })
        .sum();
    let state_bits = state_bits + core.waiting_bits(core_type.payload_bits);
    let configurations: BTreeSet<(u32, Vec<i64>)> = core
        .groups
        .iter()
        .map(|group| {
            let declared = program(group.neuron_program).map_or(&[][..], |p| p.parameters());
            let values = declared.iter().zip(&group.parameters);
            let shared = values.filter(|(d, _)| d.scope == quarrion_isa::neuron::Scope::Group);
            (group.neuron_program, shared.map(|(_, value)| value.at(0)).collect())
        })
        .collect();
    let ways = (0..core.axons_out.sources()).map(|row| core.axons_out.row(row).len() as u64);
    let fan_out = ways.max().unwrap_or(0);
    let rows = [
        (Resource::Compartments, core.compartments.into(), Some(core_type.compartments.into())),
        (Resource::StateBits, state_bits, core_type.state_memory_bits),
        (
            Resource::AccumulatorSlots,
            u64::from(core.compartments) * u64::from(core.ring_slots),
            core_type.accumulator_slots.map(u64::from),
        ),
        (Resource::AxonsIn, core.axons_in.len() as u64, Some(core_type.axons_in.into())),
        (Resource::AxonsOut, core.axon_out_entries(chip), Some(core_type.axons_out.into())),
        (Resource::FanIn, most_inputs, core_type.fan_in.map(u64::from)),
        (Resource::FanOut, fan_out, core_type.fan_out.map(u64::from)),
        (Resource::SynapseWords, core.synapse_words(), Some(core_type.synapse_words())),
        (Resource::ListWords, longest_list(core), core_type.list_words.map(u64::from)),
        (
            Resource::Configurations,
            configurations.len() as u64,
            core_type.configurations.map(u64::from),
        ),
    ];
    let resources = rows.into_iter().filter_map(|(resource, used, available)| {
        available.map(|available| ResourceUse { resource, used, available })
    });
    let mut held: BTreeMap<PopulationId, u64> = BTreeMap::new();
    for group in &core.groups {
        *held.entry(group.population).or_default() += u64::from(group.count);
    }
    let held = held.into_iter().map(|(population, compartments)| Held { population, compartments });
    CoreUse {
        core: core.core,
        held: held.collect(),
        fan_in: most_inputs,
        resources: resources.collect(),
    }
}

/// Words of the longest packed list.
fn longest_list(core: &CoreProgram) -> u64 {
    let lists = core.blocks.iter().filter_map(|block| match &block.synapses {
        SynapseBlock::Packed(packed) => packed.lists.iter().map(|list| list.words).max(),
        SynapseBlock::Kernel(_) => None,
    });
    lists.max().unwrap_or(0).into()
}

/// Most synapses that end in one compartment of a population.
fn most_inputs(id: PopulationId, program: &Program, inputs: &[Vec<u64>]) -> u64 {
    let each = program.cores.iter().zip(inputs).flat_map(|(core, inputs)| {
        let own = core.groups.iter().filter(move |group| group.population == id);
        own.flat_map(move |group| {
            let last = (group.first + group.count) as usize;
            inputs.get(group.first as usize..last).unwrap_or_default()
        })
    });
    each.copied().max().unwrap_or(0)
}

/// What one population takes.
fn layer_use(id: PopulationId, program: &Program, chip: &Chip, cores: &[CoreUse]) -> LayerUse {
    let population = &program.populations[id.index()];
    let mut layer = LayerUse {
        population: id,
        name: population.name.clone(),
        cores: 0,
        compartments: 0,
        copies: 0,
        axons_in: 0,
        axons_out: 0,
        axons_out_other_chip: 0,
        fan_in: 0,
        synapse_words: 0,
        accumulator_slots: 0,
        waste: Waste::default(),
        bottleneck: fullest(cores.iter().filter(|core| core.holds(id))),
    };
    layer.cores = cores.iter().filter(|core| core.holds(id)).count() as u64;
    for core in &program.cores {
        let onto = |block: u32| {
            let projection = core.blocks[block as usize].projection;
            program.projections[projection.index()].target == id
        };
        layer.axons_in += core.axons_in.iter().filter(|axon| onto(axon.block)).count() as u64;
        let blocks = (0..).zip(&core.blocks).filter(|&(block, _)| onto(block));
        layer.synapse_words += blocks.map(|(_, block)| block.synapses.words()).sum::<u64>();
        for group in core.groups.iter().filter(|group| group.population == id) {
            let count = u64::from(group.count);
            layer.compartments += count;
            layer.accumulator_slots += count * u64::from(core.ring_slots);
            layer.copies += if group.occurrence == Occurrence::Copy { count } else { 0 };
            let rows = group.first as usize..(group.first + group.count) as usize;
            for way in rows.flat_map(|row| core.axons_out.row(row)) {
                let entries = chip.axon_out_entries(core.core, way.core);
                layer.axons_out += entries;
                layer.axons_out_other_chip += if entries > 1 { entries } else { 0 };
            }
        }
    }
    layer
}
