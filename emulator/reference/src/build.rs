//! From a program to compartments, checking every table on the way.

use std::collections::VecDeque;

use quarrion_isa::chip::Chip;
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::learning::POST_TRACES;
use quarrion_isa::neuron::NeuronProgram;
use quarrion_isa::program::{
    AxonTable, CoreProgram, Group, Join, Occurrence, ParameterValue, Program, Role,
};

use crate::codes::bad_program;
use crate::state::Compartment;

/// Reads the neuron programs of a program.
pub(crate) fn parse_neuron_programs(program: &Program) -> Result<Vec<NeuronProgram>, Diagnostic> {
    let parse = |(position, text): (usize, &String)| {
        NeuronProgram::parse(text, "program").map_err(|findings| {
            let finding = findings.first().map_or("", |finding| &finding.message);
            let message = format!("a neuron program does not parse: {finding}");
            bad_program(&format!("neuron_programs.{position}"), message)
        })
    };
    program.neuron_programs.iter().enumerate().map(parse).collect()
}

/// Makes the compartments of every core.
pub(crate) fn build_cores(
    program: &Program,
    chip: &Chip,
    neuron_programs: &[NeuronProgram],
) -> Result<Vec<Vec<Compartment>>, Diagnostic> {
    check_network(program)?;
    let mut cores = Vec::new();
    for entry in &program.cores {
        let place = format!("cores.{}", entry.core);
        if entry.core.index() >= chip.cores.len() {
            let message = format!("core {} is not on the chip", entry.core);
            return Err(bad_program(&place, message));
        }
        check_tables(program, entry, &place)?;
        let mut compartments = Vec::new();
        for group in &entry.groups {
            if group.first as usize != compartments.len() {
                let message = format!("groups of core {} leave a gap", entry.core);
                return Err(bad_program(&place, message));
            }
            for position in 0..group.count {
                let made = compartment(program, entry, group, position, neuron_programs)?;
                compartments.push(made);
            }
        }
        if compartments.len() != entry.compartments as usize {
            let message = format!("groups of core {} do not cover it", entry.core);
            return Err(bad_program(&place, message));
        }
        cores.push(compartments);
    }
    for (entry, compartments) in program.cores.iter().zip(&mut cores) {
        check_joins(compartments, neuron_programs)
            .map_err(|message| bad_program(&format!("cores.{}", entry.core), message))?;
        for (part, whole) in entry.outermost().into_iter().enumerate() {
            if compartments[part].learning.is_some() {
                compartments[whole as usize].followers.push(part);
            }
        }
    }
    place_neurons(program, &mut cores)?;
    Ok(cores)
}

/// The compartments that the one at `position` of a group joins.
fn others(join: &Join, position: u32) -> Vec<usize> {
    join.from.iter().map(|first| first.saturating_add(position) as usize).collect()
}

/// A joined value is read where it is joined, from compartments that came before and put it out.
fn check_joins(
    compartments: &[Compartment],
    neuron_programs: &[NeuronProgram],
) -> Result<(), String> {
    let program = |compartment: &Compartment| &neuron_programs[compartment.neuron_program];
    for (at, compartment) in compartments.iter().enumerate() {
        let reads = program(compartment).joined().is_some();
        let legal = match &compartment.join {
            None => !reads,
            Some((op, from)) => {
                let puts_out = |other: &usize| {
                    *other < at && program(&compartments[*other]).output_range().is_some()
                };
                reads && op.joins(from.len()) && from.iter().all(puts_out)
            }
        };
        if !legal {
            return Err(format!("compartment {at} joins what is not there to be joined"));
        }
    }
    Ok(())
}

/// The output exists and is no input, cores ascend, and each input neuron has its row of axons.
fn check_network(program: &Program) -> Result<(), Diagnostic> {
    let output = program.populations.get(program.output.index());
    if output.is_none_or(|output| output.role != Role::Neurons) {
        return Err(bad_program("output", "the output is no population of neurons".into()));
    }
    if !program.cores.is_sorted_by(|a, b| a.core < b.core) {
        return Err(bad_program("cores", "cores do not ascend".into()));
    }
    check_axons(program, &program.inputs, program.input_size(), "inputs")
}

/// What one core's tables name exists.
fn check_tables(program: &Program, core: &CoreProgram, place: &str) -> Result<(), Diagnostic> {
    check_axons(program, &core.axons_out, core.compartments, place)?;
    if core.ordinals.len() != core.compartments as usize || core.ring_slots < 2 {
        let message = format!("core {} lacks ordinals or ring slots", core.core);
        return Err(bad_program(place, message));
    }
    if !core.axon_delays_are_sound() {
        let message = "axon delays are not one a compartment, or too long";
        return Err(bad_program(place, message.into()));
    }
    for (position, axon) in core.axons_in.iter().enumerate() {
        let block = core.blocks.get(axon.block as usize);
        if block.is_none_or(|block| axon.list >= block.synapses.list_count()) {
            let message = format!("axon in {position} of core {} names no list", core.core);
            return Err(bad_program(place, message));
        }
    }
    Ok(())
}

/// One row of axons per source, each to an axon-in entry that exists.
fn check_axons(
    program: &Program,
    table: &AxonTable,
    sources: u32,
    place: &str,
) -> Result<(), Diagnostic> {
    let offsets = &table.offsets;
    let rows = table.sources() == sources as usize
        && offsets.is_sorted()
        && offsets.last().map_or(0, |&last| last as usize) == table.entries.len();
    if !rows {
        let message = format!("an axon table does not have one row for each of {sources} sources");
        return Err(bad_program(place, message));
    }
    for axon in &table.entries {
        let target = program.core_position(axon.core).map(|position| &program.cores[position]);
        if target.is_none_or(|core| axon.axon.index() >= core.axons_in.len()) {
            let message = format!("no axon in {} on core {}", axon.axon, axon.core);
            return Err(bad_program(place, message));
        }
    }
    Ok(())
}

/// One compartment of a group, its neuron not yet known.
fn compartment(
    program: &Program,
    core: &CoreProgram,
    group: &Group,
    position: u32,
    neuron_programs: &[NeuronProgram],
) -> Result<Compartment, Diagnostic> {
    let place = format!("cores.{}.groups", core.core);
    let found = neuron_programs.get(group.neuron_program as usize);
    let population = program.populations.get(group.population.index());
    let (Some(neuron_program), Some(_)) = (found, population) else {
        let message = "a group names no neuron program or no population";
        return Err(bad_program(&place, message.into()));
    };
    if group.parameters.len() != neuron_program.parameters().len() {
        let message = format!("a group lacks parameters of `{}`", neuron_program.name());
        return Err(bad_program(&place, message));
    }
    let Some(&ordinal) = core.ordinals.get((group.first + position) as usize) else {
        return Err(bad_program(&place, "a compartment has no ordinal".into()));
    };
    let mut parameters = Vec::new();
    for (declared, given) in neuron_program.parameters().iter().zip(&group.parameters) {
        let value = match given {
            ParameterValue::Shared(value) => Some(*value),
            ParameterValue::Each(values) => values.get(position as usize).copied(),
        };
        let Some(value) = value.filter(|&value| declared.range.contains(value)) else {
            let message = format!("`{}` has no value or one out of range", declared.name);
            return Err(bad_program(&place, message));
        };
        parameters.push(value as i32);
    }
    let declared = neuron_program.inputs();
    let readable = declared.len() == group.inputs.len()
        && declared
            .iter()
            .zip(&group.inputs)
            .all(|(declared, given)| given.check_input(declared, neuron_program.name()).is_ok());
    if !readable {
        let message = format!("a group's accumulators do not go with `{}`", neuron_program.name());
        return Err(bad_program(&place, message));
    }
    Ok(Compartment {
        population: group.population,
        neuron: u32::MAX,
        ordinal,
        occurrence: group.occurrence,
        neuron_program: group.neuron_program as usize,
        state: neuron_program.initial_state(&parameters),
        compiled: parameters.clone(),
        parameters,
        inputs: group.inputs.clone(),
        join: group.join.as_ref().map(|join| (join.op, others(join, position))),
        axon_delay: core.axon_delay(group.first + position),
        waiting: VecDeque::new(),
        output: 0,
        followers: Vec::new(),
        learning: group.learning.map(|rule| rule as usize),
        post: [0; POST_TRACES],
        post_spike: 0,
        ring: vec![vec![0; group.inputs.len()]; core.ring_slots as usize],
    })
}

/// Tells each compartment which neuron it is.
fn place_neurons(program: &Program, cores: &mut [Vec<Compartment>]) -> Result<(), Diagnostic> {
    for (index, population) in program.populations.iter().enumerate() {
        let (mut next, first) = (0, u64::from(population.first_ordinal));
        for place in &population.places {
            for offset in 0..place.count {
                let at = place.compartment.saturating_add(offset) as usize;
                let core = program.core_position(place.core);
                let found = core.and_then(|core| cores[core].get_mut(at));
                let free = found
                    .filter(|found| found.population.index() == index && found.neuron == u32::MAX)
                    .filter(|found| found.occurrence == Occurrence::First)
                    .filter(|found| u64::from(found.ordinal) == first + u64::from(next));
                let Some(compartment) = free.filter(|_| place.neuron + offset == next) else {
                    let message = format!("neuron {next} of `{}` has no place", population.name);
                    return Err(bad_program("populations", message));
                };
                compartment.neuron = next;
                next += 1;
            }
        }
        if population.role == Role::Neurons && next != population.size {
            let message = format!("population `{}` is not placed whole", population.name);
            return Err(bad_program("populations", message));
        }
    }
    let copies = cores.iter_mut().flatten();
    for copy in copies.filter(|compartment| compartment.occurrence == Occurrence::Copy) {
        let population = &program.populations[copy.population.index()];
        let neuron = copy.ordinal.checked_sub(population.first_ordinal);
        let Some(neuron) = neuron.filter(|&neuron| neuron < population.size) else {
            let message = format!("a copy is no neuron of `{}`", population.name);
            return Err(bad_program("populations", message));
        };
        copy.neuron = neuron;
    }
    if cores.iter().flatten().any(|compartment| compartment.neuron == u32::MAX) {
        return Err(bad_program("populations", "a compartment belongs to no neuron".into()));
    }
    Ok(())
}
