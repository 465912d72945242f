//! Assemble: compartments, groups and everything else into the program.

use quarrion_isa::neuron::Scope;
use quarrion_isa::program::{
    CoreProgram, Group, Join, Occurrence, ParameterValue, Place, Population, Program, Projection,
    Role,
};
use quarrion_isa::synapse::SynapseBlock;

use super::pack::SourcedBlock;
use super::{CoreAxons, CoreBlocks, Draft};
use crate::failure::CompileFailure;
use crate::layout::{CoreMapping, Slice};
use crate::quantised::{QuantisedNetwork, QuantisedNeurons};

pub(super) fn run(draft: &mut Draft<'_>) -> Result<(), CompileFailure> {
    let network = &draft.quantised;
    let blocks = std::mem::take(&mut draft.blocks);
    let axons = std::mem::take(&mut draft.axons);
    let cores = draft.mapping.cores.iter().zip(blocks).zip(axons);
    let cores = cores.map(|((core, blocks), axons)| core_program(network, core, blocks, axons));
    let mut provenance = network_provenance(draft);
    provenance.push(("chip".into(), draft.chip.name.clone()));
    provenance.push(("seed".into(), draft.options.seed.to_string()));
    draft.program = Some(Program {
        name: network.name.clone(),
        chip: draft.chip.name.clone(),
        neuron_programs: network.neuron_programs.iter().map(|p| p.text().to_owned()).collect(),
        learning: network.learning.clone(),
        populations: populations(network, &draft.mapping.cores),
        projections: network.projections.iter().map(projection).collect(),
        cores: cores.collect(),
        inputs: std::mem::take(&mut draft.input_axons),
        output: network.output,
        provenance,
    });
    Ok(())
}

/// What the import assumed.
fn network_provenance(draft: &Draft<'_>) -> Vec<(String, String)> {
    let mut provenance = vec![("network".to_owned(), draft.network.name.clone())];
    provenance.extend(draft.network.assumptions.iter().cloned());
    provenance
}

/// The populations with their places, in order of neuron.
fn populations(network: &QuantisedNetwork, cores: &[CoreMapping]) -> Vec<Population> {
    let mut places: Vec<Vec<Place>> = vec![Vec::new(); network.populations.len()];
    for core in cores {
        let mut compartment = 0;
        for slice in &network.compartments(&core.slices) {
            for run in &slice.runs {
                let place =
                    Place { neuron: run.first, count: run.count, core: core.core, compartment };
                if slice.occurrence == Occurrence::First {
                    places[slice.population.index()].push(place);
                }
                compartment += run.count;
            }
        }
    }
    let of = |(population, mut places): (&crate::quantised::QuantisedPopulation, Vec<Place>)| {
        places.sort_by_key(|place| place.neuron);
        Population {
            name: population.name.clone(),
            shape: population.shape.clone(),
            size: population.size,
            first_ordinal: population.first_ordinal,
            role: if population.neurons.is_some() { Role::Neurons } else { Role::Input },
            phase: population.phase,
            scale: population.scale,
            places,
            part_of: population.part_of,
        }
    };
    network.populations.iter().zip(places).map(of).collect()
}

/// What a reader needs of a projection.
fn projection(projection: &crate::quantised::QuantisedProjection) -> Projection {
    Projection {
        name: projection.name.clone(),
        source: projection.source,
        target: projection.target,
        synapses: projection.connections.synapse_count(),
        delay: projection.delay,
        exponent: projection.exponent,
        error: projection.error,
    }
}

/// One core: compartments in order of its slices.
fn core_program(
    network: &QuantisedNetwork,
    core: &CoreMapping,
    blocks: CoreBlocks,
    axons: CoreAxons,
) -> CoreProgram {
    let mut groups = Vec::new();
    let (mut ordinals, mut axon_delays) = (Vec::new(), Vec::new());
    // First compartment of the last slice of each population.
    let mut bases = vec![0; network.populations.len()];
    for slice in &network.compartments(&core.slices) {
        let population = network.population(slice.population);
        if let Some(neurons) = &population.neurons {
            let base = ordinals.len() as u32;
            bases[slice.population.index()] = base;
            let join = population.join.as_ref();
            // What it joins stands before it, in slices of the same neurons.
            let join = join.map(|join| Join {
                op: join.op,
                from: join.from.iter().map(|part| bases[part.index()]).collect(),
            });
            add_groups(network, neurons, slice, (base, join), &mut groups);
        }
        ordinals.extend(slice.neurons().map(|neuron| population.first_ordinal + neuron));
        axon_delays.extend(slice.neurons().map(|neuron| population.axon_delay(neuron)));
    }
    if axon_delays.iter().all(|&delay| delay == 0) {
        axon_delays.clear();
    }
    let delay = |sourced: &SourcedBlock| match &sourced.block.synapses {
        SynapseBlock::Kernel(kernel) => kernel.delay,
        SynapseBlock::Packed(_) => {
            let projection = &network.projections[sourced.block.projection.index()];
            if let Some(learned) = projection.learning.and_then(|learning| learning.delay_max) {
                return learned;
            }
            let delays = sourced.lists.iter().map(|&(source, _)| projection.delay_of(source));
            delays.max().unwrap_or(0)
        }
    };
    let longest = blocks.blocks.iter().map(delay).max().unwrap_or(0);
    let blocks: Vec<_> = blocks.blocks.into_iter().map(|sourced| sourced.block).collect();
    CoreProgram {
        core: core.core,
        compartments: ordinals.len() as u32,
        groups,
        ordinals,
        ring_slots: longest + 2,
        axons_in: axons.axons_in,
        blocks,
        axons_out: axons.axons_out,
        axon_delays,
    }
}

/// Groups of a slice: consecutive compartments with the same shared parameters.
fn add_groups(
    network: &QuantisedNetwork,
    neurons: &QuantisedNeurons,
    slice: &Slice,
    (base, join): (u32, Option<Join>),
    groups: &mut Vec<Group>,
) {
    let program = network.neuron_program(neurons);
    let mut learning = network.projections_onto(slice.population);
    let rule = learning.find_map(|(_, projection)| projection.learning).map(|one| one.rule);
    let members: Vec<u32> = slice.neurons().collect();
    let alike = |a: &u32, b: &u32| {
        neurons.is_uniform(program)
            || neurons.configuration(program, *a) == neurons.configuration(program, *b)
    };
    let mut first = base;
    for run in members.chunk_by(alike) {
        let value = |(declared, value): (_, &ParameterValue)| {
            let declared: &quarrion_isa::neuron::ParameterDecl = declared;
            match value {
                ParameterValue::Each(_) if declared.scope == Scope::Compartment => {
                    ParameterValue::Each(run.iter().map(|&neuron| value.at(neuron)).collect())
                }
                _ => ParameterValue::Shared(value.at(run[0])),
            }
        };
        let parameters = program.parameters().iter().zip(&neurons.parameters).map(value);
        groups.push(Group {
            occurrence: slice.occurrence,
            population: slice.population,
            neuron_program: neurons.neuron_program,
            first,
            count: run.len() as u32,
            parameters: parameters.collect(),
            inputs: neurons.inputs.clone(),
            learning: rule,
            join: join.clone().map(|join| join.shifted(first - base)),
        });
        first += run.len() as u32;
    }
}
