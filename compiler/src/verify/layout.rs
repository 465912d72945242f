//! Who sits where: every neuron in one compartment, or in several of which one is read, with its
//! own program and parameters.

use quarrion_isa::chip::{Chip, CoreType, Programs};
use quarrion_isa::id::PopulationId;
use quarrion_isa::neuron::{NeuronProgram, Scope};
use quarrion_isa::program::{CoreProgram, Group, Occurrence, ParameterValue, Program};

use super::Findings;
use crate::quantised::QuantisedNetwork;

/// The neuron in a compartment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seat {
    pub(super) population: PopulationId,
    pub(super) neuron: u32,
}

/// Checks cores, places, groups and parameters; returns the neurons of every core's compartments.
pub(super) fn check(
    program: &Program,
    network: &QuantisedNetwork,
    chip: &Chip,
    findings: &mut Findings,
) -> Vec<Vec<Seat>> {
    let ascending = program.cores.is_sorted_by(|a, b| a.core < b.core);
    findings.demand(ascending, "cores", || "do not ascend".into());
    let mut seats: Vec<Vec<Option<Seat>>> = Vec::new();
    for core in &program.cores {
        let place = format!("core {}", core.core);
        let on_chip = core.core.index() < chip.cores.len();
        findings.demand(on_chip, &place, || format!("is not on `{}`", chip.name));
        let works = on_chip && chip.works(core.core) && !chip.mesh.is_dead(chip.tile_of(core.core));
        findings.demand(works || !on_chip, &place, || "is dead".into());
        let counted = core.ordinals.len() as u64 == u64::from(core.compartments);
        findings.demand(counted, &place, || "has not one ordinal a compartment".into());
        seats.push(vec![None; core.ordinals.len()]);
    }
    seat_neurons(program, &mut seats, findings);
    seat_copies(program, &mut seats, findings);
    let mut seated = Vec::with_capacity(seats.len());
    for (core, seats) in program.cores.iter().zip(seats) {
        let place = format!("core {}", core.core);
        let all: Option<Vec<Seat>> = seats.into_iter().collect();
        let Some(all) = all else {
            findings.add(&place, "has a compartment without a neuron");
            seated.push(Vec::new());
            continue;
        };
        let own = |(seat, &ordinal): (&Seat, &u32)| {
            network.population(seat.population).first_ordinal + seat.neuron == ordinal
        };
        let ordinals = all.iter().zip(&core.ordinals).all(own);
        findings.demand(ordinals, &place, || "has an ordinal of another neuron".into());
        if core.core.index() < chip.cores.len() {
            check_groups(core, &all, network, chip, findings);
            check_axon_delays(core, &all, network, chip, findings);
        }
        seated.push(all);
    }
    seated
}

/// Follows the places of every population.
fn seat_neurons(program: &Program, seats: &mut [Vec<Option<Seat>>], findings: &mut Findings) {
    for (index, population) in program.populations.iter().enumerate() {
        let name = format!("population `{}`", population.name);
        let mut next = 0_u64;
        for place in &population.places {
            if u64::from(place.neuron) != next {
                findings.add(&name, format!("has no place for neuron {next}"));
                return;
            }
            next += u64::from(place.count);
            let core = program.core_position(place.core);
            let first = place.compartment as usize;
            let wanted = core.and_then(|core| {
                seats[core].get_mut(first..first.checked_add(place.count as usize)?)
            });
            let Some(wanted) = wanted.filter(|_| next <= u64::from(population.size)) else {
                findings.add(&name, format!("has a place beyond core {}", place.core));
                return;
            };
            for (neuron, seat) in (place.neuron..).zip(wanted) {
                let population = PopulationId::from_index(index);
                let taken = seat.replace(Seat { population, neuron }).is_some();
                findings.demand(!taken, &name, || format!("shares the place of neuron {neuron}"));
            }
        }
        let whole = if population.role == quarrion_isa::program::Role::Neurons {
            u64::from(population.size)
        } else {
            0
        };
        findings.demand(next == whole, &name, || format!("has places for {next} of {whole}"));
    }
}

/// Copies sit where no neuron is read from; their ordinals say whose.
fn seat_copies(program: &Program, seats: &mut [Vec<Option<Seat>>], findings: &mut Findings) {
    for (core, seats) in program.cores.iter().zip(seats) {
        let place = format!("core {}", core.core);
        for group in core.groups.iter().filter(|group| group.occurrence == Occurrence::Copy) {
            let Some(population) = program.populations.get(group.population.index()) else {
                findings.add(&place, "has copies of no population");
                continue;
            };
            let first = group.first as usize;
            let members = first.checked_add(group.count as usize);
            let members = members.and_then(|end| seats.get_mut(first..end));
            for (seat, ordinal) in
                members.unwrap_or_default().iter_mut().zip(core.ordinals.iter().skip(first))
            {
                let neuron = ordinal.checked_sub(population.first_ordinal);
                let neuron = neuron.filter(|&neuron| neuron < population.size);
                findings.demand(neuron.is_some(), &place, || "has a copy of no neuron".into());
                let copy = neuron.map(|neuron| Seat { population: group.population, neuron });
                let read = std::mem::replace(seat, copy).is_some();
                findings.demand(!read, &place, || "reads a neuron from a copy".into());
            }
        }
    }
}

/// Spikes wait before they leave as the network says, and no longer than the core lets them.
fn check_axon_delays(
    core: &CoreProgram,
    seats: &[Seat],
    network: &QuantisedNetwork,
    chip: &Chip,
    findings: &mut Findings,
) {
    let place = format!("core {}", core.core);
    findings.demand(core.axon_delays_are_sound(), &place, || "has unsound axon delays".into());
    let most = chip.core_type(core.core).axon_delay_max;
    for (compartment, seat) in (0..).zip(seats) {
        let meant = network.population(seat.population).axon_delay(seat.neuron);
        let found = core.axon_delay(compartment);
        findings.demand(found == meant && found <= most, &place, || {
            format!("compartment {compartment} waits {found} of {most} steps, meant are {meant}")
        });
    }
}

/// Groups cover the compartments without gaps, each with the network's program and parameters.
fn check_groups(
    core: &CoreProgram,
    seats: &[Seat],
    network: &QuantisedNetwork,
    chip: &Chip,
    findings: &mut Findings,
) {
    let place = format!("core {}", core.core);
    let core_type = chip.core_type(core.core);
    let mut next = 0_u64;
    for group in &core.groups {
        findings
            .demand(u64::from(group.first) == next, &place, || "has a gap in its groups".into());
        next += u64::from(group.count);
        let first = group.first as usize;
        let members = first.checked_add(group.count as usize).and_then(|end| seats.get(first..end));
        let Some(members) = members.filter(|members| !members.is_empty()) else {
            findings.add(&place, "has an empty group or one beyond its compartments");
            return;
        };
        let checked = check_group(group, members, network, core_type)
            .and_then(|()| check_join(group, seats, network, core_type));
        if let Err(what) = checked {
            findings.add(&place, format!("group at compartment {}: {what}", group.first));
        }
    }
    findings.demand(next == seats.len() as u64, &place, || "has groups for fewer".into());
}

/// One group against the network.
fn check_group(
    group: &Group,
    members: &[Seat],
    network: &QuantisedNetwork,
    core_type: &CoreType,
) -> Result<(), String> {
    if members.iter().any(|seat| seat.population != group.population) {
        return Err("holds neurons of another population".into());
    }
    let population = network.population(group.population);
    let neurons = population.neurons.as_ref().ok_or("holds inputs")?;
    if neurons.neuron_program != group.neuron_program {
        return Err("runs another neuron program".into());
    }
    let program = network.neuron_program(neurons);
    if !legal(core_type, program) {
        return Err(format!("runs `{}`, which the core cannot", program.name()));
    }
    if group.inputs != neurons.inputs {
        return Err("reads its accumulators otherwise".into());
    }
    let mut onto = network.projections_onto(group.population);
    if group.learning != onto.find_map(|(_, one)| one.learning).map(|learning| learning.rule) {
        return Err("keeps the traces of another rule".into());
    }
    if group.parameters.len() != program.parameters().len() {
        return Err("has not one value a parameter".into());
    }
    for (index, declared) in program.parameters().iter().enumerate() {
        let given = &group.parameters[index];
        if let ParameterValue::Each(values) = given
            && (values.len() != members.len() || declared.scope == Scope::Group)
        {
            return Err(format!("has other than one `{}` a compartment", declared.name));
        }
        for (position, seat) in (0..).zip(members) {
            let value = given.at(position);
            if value != neurons.parameters[index].at(seat.neuron) {
                return Err(format!("has another `{}` for neuron {}", declared.name, seat.neuron));
            }
            if !declared.range.contains(value) || !held(core_type, &declared.name, value) {
                return Err(format!("`{}` of {value} fits no register", declared.name));
            }
        }
    }
    Ok(())
}

/// A group joins what the network says: compartments of the same neurons, right before its own, in
/// a way that the core can.
fn check_join(
    group: &Group,
    seats: &[Seat],
    network: &QuantisedNetwork,
    core_type: &CoreType,
) -> Result<(), String> {
    let meant = network.population(group.population).join.as_ref();
    let (Some(meant), Some(join)) = (meant, &group.join) else {
        let same = meant.is_none() && group.join.is_none();
        return if same { Ok(()) } else { Err("joins otherwise than the network".into()) };
    };
    if join.op != meant.op || join.from.len() != meant.from.len() {
        return Err("joins otherwise than the network".into());
    }
    let depth = network.depth(group.population);
    if !core_type.may_join(join.op, depth) {
        let op = join.op.name();
        return Err(format!("joins {depth} compartments by `{op}`, which the core cannot"));
    }
    let root = |seat: &Seat| network.population(seat.population).part_of.unwrap_or(seat.population);
    let own = |seat: &Seat| root(seat) == root(&seats[group.first as usize]);
    for (&first, &part) in join.from.iter().zip(&meant.from) {
        let run = seats.get(first as usize..group.first as usize).unwrap_or_default();
        if run.len() < group.count as usize || !run.iter().all(own) {
            return Err("joins compartments that do not lie right before its own".into());
        }
        let members = &seats[group.first as usize..][..group.count as usize];
        let wanted = members.iter().map(|seat| Seat { population: part, ..*seat });
        if !run.iter().take(members.len()).copied().eq(wanted) {
            return Err("joins compartments of other neurons".into());
        }
    }
    Ok(())
}

/// Whether a core of the type may run the program.
fn legal(core_type: &CoreType, program: &NeuronProgram) -> bool {
    match &core_type.programs {
        Programs::Fixed(names) => names.iter().any(|name| name == program.name()),
        Programs::Programmable { state_bits, instructions } => {
            let count = program.instruction_count();
            program.state_bits() <= *state_bits && count.update + count.spike <= *instructions
        }
    }
}

/// Whether the parameter's register holds the value, at some exponent.
fn held(core_type: &CoreType, parameter: &str, value: i64) -> bool {
    let Some(register) = core_type.register(parameter) else { return true };
    (register.exponent_min..=register.exponent_max).any(|exponent| {
        let mantissa = value >> exponent;
        mantissa << exponent == value
            && mantissa.unsigned_abs() <= register.mantissa_max().unsigned_abs()
            && (register.signed || mantissa >= 0)
    })
}
