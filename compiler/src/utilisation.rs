//! Utilisation: how full cores and layers are, and which resource would run out first.

use std::collections::BTreeSet;

use quarrion_isa::chip::Chip;
use quarrion_isa::id::{CoreId, PopulationId};
use quarrion_isa::neuron::NeuronProgram;
use quarrion_isa::program::{CoreProgram, Occurrence, Program, Role};
use quarrion_isa::synapse::{ListFormat, SynapseBlock};
use serde::Serialize;

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
    /// Populations with compartments on it.
    pub populations: Vec<PopulationId>,
    /// Every limited resource.
    pub resources: Vec<ResourceUse>,
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
    /// Synapse memory words of projections onto it.
    pub synapse_words: u64,
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

/// Synapse memory bits that hold no logical synapse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Waste {
    /// Bits of all words in use.
    pub stored_bits: u64,
    /// Rest of the last word of lists and kernels.
    pub padding_bits: u64,
    /// Prefixes of lists.
    pub prefix_bits: u64,
    /// Synapses of weight zero inside dense lists and kernels.
    pub zero_bits: u64,
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

    /// The fullest resource.
    fn fullest(&self) -> Option<Bottleneck> {
        // A single configuration is no demand that more neurons would raise.
        let grows =
            |entry: &&ResourceUse| entry.resource != Resource::Configurations || entry.used > 1;
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
        let cores: Vec<CoreUse> =
            program.cores.iter().map(|core| core_use(core, chip, &parsed)).collect();
        let populations = program.populations.iter().enumerate();
        let neurons = populations.filter(|(_, population)| population.role == Role::Neurons);
        let layers =
            neurons.map(|(id, _)| layer_use(PopulationId::from_index(id), program, &cores));
        let mut waste = Waste::default();
        let blocks = program.cores.iter().flat_map(|core| &core.blocks);
        blocks.for_each(|block| waste.add(&block.synapses));
        Self {
            cores_available: chip.cores.len() as u64,
            layers: layers.collect(),
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
fn core_use(core: &CoreProgram, chip: &Chip, programs: &[Option<NeuronProgram>]) -> CoreUse {
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
    let rows = [
        (Resource::Compartments, core.compartments.into(), Some(core_type.compartments.into())),
        (Resource::StateBits, state_bits, core_type.state_memory_bits),
        (Resource::AxonsIn, core.axons_in.len() as u64, Some(core_type.axons_in.into())),
        (Resource::AxonsOut, core.axons_out.entries.len() as u64, Some(core_type.axons_out.into())),
        (Resource::SynapseWords, core.synapse_words(), Some(core_type.synapse_words())),
        (
            Resource::Configurations,
            configurations.len() as u64,
            core_type.configurations.map(u64::from),
        ),
    ];
    let resources = rows.into_iter().filter_map(|(resource, used, available)| {
        available.map(|available| ResourceUse { resource, used, available })
    });
    let populations: BTreeSet<PopulationId> =
        core.groups.iter().map(|group| group.population).collect();
    CoreUse {
        core: core.core,
        populations: populations.into_iter().collect(),
        resources: resources.collect(),
    }
}

/// What one population takes.
fn layer_use(id: PopulationId, program: &Program, cores: &[CoreUse]) -> LayerUse {
    let population = &program.populations[id.index()];
    let mut layer = LayerUse {
        population: id,
        name: population.name.clone(),
        cores: 0,
        compartments: 0,
        copies: 0,
        axons_in: 0,
        axons_out: 0,
        synapse_words: 0,
        bottleneck: fullest(cores.iter().filter(|core| core.populations.contains(&id))),
    };
    layer.cores = cores.iter().filter(|core| core.populations.contains(&id)).count() as u64;
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
            layer.copies += if group.occurrence == Occurrence::Copy { count } else { 0 };
            let rows = group.first as usize..(group.first + group.count) as usize;
            layer.axons_out += rows.map(|row| core.axons_out.row(row).len() as u64).sum::<u64>();
        }
    }
    layer
}

impl Waste {
    /// Adds the waste of a block.
    fn add(&mut self, synapses: &SynapseBlock) {
        let format = synapses.format();
        self.stored_bits += synapses.words() * u64::from(format.word_bits);
        match synapses {
            SynapseBlock::Packed(packed) => {
                for (list, entry) in (0..).zip(&packed.lists) {
                    let entries =
                        u64::from(entry.synapses).div_ceil(u64::from(format.entry_synapses));
                    let prefix = entries * u64::from(format.prefix_bits);
                    let held = u64::from(entry.synapses) * format.synapse_bits();
                    self.prefix_bits += prefix;
                    self.padding_bits +=
                        u64::from(entry.words) * u64::from(format.word_bits) - prefix - held;
                    let mut zeros = 0_u64;
                    // A corrupt list has been refused by the verifier.
                    let _ = packed.decode_list(list, |s| zeros += u64::from(s.weight == 0));
                    self.zero_bits += zeros * format.synapse_bits();
                }
            }
            SynapseBlock::Kernel(kernel) => {
                let weights = kernel.weights().unwrap_or_default();
                let held = weights.len() as u64 * u64::from(format.weight_bits);
                self.padding_bits += kernel_bits(format, synapses.words()).saturating_sub(held);
                let zeros = weights.iter().filter(|&&weight| weight == 0).count() as u64;
                self.zero_bits += zeros * u64::from(format.weight_bits);
            }
        }
    }
}

fn kernel_bits(format: &ListFormat, words: u64) -> u64 {
    words * u64::from(format.word_bits)
}
