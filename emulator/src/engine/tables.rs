//! A program lowered into run tables: parsed neuron programs, parameters by column, flat lists.

use std::collections::BTreeMap;

use quarrion_isa::activity::Destination;
use quarrion_isa::chip::SynapseFormatKind;
use quarrion_isa::delivery::Delivery;
use quarrion_isa::id::{CoreId, PopulationId};
use quarrion_isa::neuron::{NeuronProgram, Scope};
use quarrion_isa::program::{
    AxonTable, CoreProgram, Group, Join, Occurrence, ParameterValue, Program, Role,
};
use quarrion_isa::stimulus::ParameterWrite;

use super::learning::{self, LearningTables, Plastic};
use super::lists::Lists;

/// Most inputs that a neuron program may have, the joined value among them; [`Tables::prepare`]
/// refuses more.
pub(super) const INPUTS_MAX: usize = 8;

/// Why a program cannot be run; a program that passed the verifier never gives one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrepareError {
    /// A neuron program does not parse: the program file is of another build.
    #[error("neuron program {position} of the program does not parse: {message}")]
    NeuronProgram {
        /// Position in the program's list.
        position: usize,
        /// First finding.
        message: String,
    },
    /// A table names something that is not there: the program file is damaged.
    #[error("core {core}: {what}")]
    Inconsistent {
        /// The core.
        core: CoreId,
        /// What contradicts what.
        what: String,
    },
}

/// A program ready to run: immutable, shared by all threads.
#[derive(Debug)]
pub struct Tables {
    pub(crate) neuron_programs: Vec<NeuronProgram>,
    pub(crate) learning: Vec<LearningTables>,
    pub(crate) cores: Vec<CoreTables>,
    pub(crate) inputs: Spread,
    pub(crate) populations: Vec<PopulationTable>,
    /// Ordinal of each input neuron, over all input populations.
    pub(crate) input_ordinals: Vec<u32>,
    /// Population of each input neuron.
    pub(crate) input_populations: Vec<PopulationId>,
    /// Compartments beyond the first of neurons that several compute, by ordinal.
    copies: BTreeMap<u32, u32>,
}

/// What the engine needs to know of a population.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PopulationTable {
    pub(crate) first_ordinal: u32,
    pub(crate) phase: u32,
}

/// One core's run tables.
#[derive(Debug)]
pub(crate) struct CoreTables {
    pub(crate) core: CoreId,
    pub(crate) compartments: u32,
    pub(crate) groups: Vec<GroupTables>,
    pub(crate) ordinals: Vec<u32>,
    pub(crate) ring_slots: u32,
    /// Accumulators per compartment: the most inputs of its neuron programs.
    pub(crate) inputs: u32,
    /// Whether any group joins others.
    pub(crate) joins: bool,
    pub(super) lists: Lists,
    pub(super) plastic: Plastic,
    pub(crate) axons_out: Spread,
    /// Timesteps that each compartment's spike waits; empty where none does.
    pub(super) axon_delays: Vec<u32>,
}

/// One group's run tables.
#[derive(Debug)]
pub(crate) struct GroupTables {
    pub(crate) population: PopulationId,
    pub(crate) occurrence: Occurrence,
    pub(crate) neuron_program: u32,
    pub(crate) first: u32,
    pub(crate) count: u32,
    /// Group parameters in the order of declaration.
    pub(crate) shared: Vec<i32>,
    /// Compartment parameters: parameter `p` of compartment `c` at `p * count + c`.
    pub(crate) each: Vec<i32>,
    /// State at reset: word `w` of compartment `c` at `w * count + c`.
    pub(crate) initial: Vec<i32>,
    /// How the accumulator of each input is read.
    pub(crate) inputs: Vec<Delivery>,
    /// What the group joins.
    pub(crate) join: Option<Join>,
    /// Bits that a spike's payload needs; 0 for binary spikes.
    pub(crate) payload_bits: u32,
    /// Instructions of an update, and of a spike on top.
    pub(crate) instructions: (u32, u32),
}

/// Where the spikes of each source go, with the work at each destination.
#[derive(Debug, Default)]
pub(crate) struct Spread {
    offsets: Vec<u32>,
    entries: Vec<SpreadEntry>,
}

/// One destination of a source.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SpreadEntry {
    /// Position of the destination core in [`Tables::cores`].
    pub(crate) core: u32,
    /// What the activity record states.
    pub(crate) destination: Destination,
}

impl Spread {
    pub(crate) fn row(&self, source: usize) -> &[SpreadEntry] {
        &self.entries[self.offsets[source] as usize..self.offsets[source + 1] as usize]
    }

    pub(crate) fn sources(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }
}

impl CoreTables {
    /// Which occurrence of its neuron a compartment is.
    pub(super) fn occurrence(&self, compartment: u32) -> Occurrence {
        let group = self.groups.partition_point(|group| group.first <= compartment) - 1;
        self.groups[group].occurrence
    }

    /// Plastic lists of a rule with the ordinals of their sources.
    pub(crate) fn plastic_sources(&self, rule: usize) -> impl Iterator<Item = (usize, u32)> {
        let lists = self.plastic.lists.iter().enumerate();
        lists.filter(move |(_, list)| list.rule == rule).map(|(at, list)| (at, list.source))
    }

    /// The shortest delay of the list that a spike is for; 0 for a list without synapses.
    pub(super) fn shortest_delay(&self, axon: u32) -> u32 {
        let axon = axon as usize;
        let runs = self.lists.axon_runs[axon] as usize..self.lists.axon_runs[axon + 1] as usize;
        self.lists.runs[runs].iter().map(|run| run.delay).min().unwrap_or(0)
    }
}

impl Tables {
    /// Lowers the program.
    ///
    /// # Errors
    /// [`PrepareError`]: the program contradicts itself; compile it again.
    pub fn prepare(program: &Program) -> Result<Self, PrepareError> {
        let neuron_programs = parse_programs(program)?;
        if let Some(pair) = program.cores.windows(2).find(|pair| pair[0].core >= pair[1].core) {
            let what = format!("it stands before core {}", pair[1].core);
            return Err(PrepareError::Inconsistent { core: pair[0].core, what });
        }
        let mut cores = Vec::with_capacity(program.cores.len());
        for core in &program.cores {
            cores.push(lower_core(core, &neuron_programs, program)?);
        }
        let formats: Vec<Vec<SynapseFormatKind>> = program.cores.iter().map(axon_formats).collect();
        for (position, core) in program.cores.iter().enumerate() {
            let spread = lower_spread(&core.axons_out, program, &cores, &formats)
                .map_err(|what| PrepareError::Inconsistent { core: core.core, what })?;
            if spread.sources() != core.compartments as usize {
                let what = "the axon-out table does not have one row per compartment".into();
                return Err(PrepareError::Inconsistent { core: core.core, what });
            }
            cores[position].axon_delays = lower_delays(core, &spread)
                .map_err(|what| PrepareError::Inconsistent { core: core.core, what })?;
            cores[position].axons_out = spread;
        }
        let inputs = lower_spread(&program.inputs, program, &cores, &formats)
            .map_err(|what| PrepareError::Inconsistent { core: CoreId(0), what })?;
        let (mut input_ordinals, mut input_populations) = (Vec::new(), Vec::new());
        for (position, population) in program.populations.iter().enumerate() {
            if population.role == Role::Input {
                let first = population.first_ordinal;
                input_ordinals.extend(first..first + population.size);
                input_populations.resize(input_ordinals.len(), PopulationId::from_index(position));
            }
        }
        if inputs.sources() != input_ordinals.len()
            || program.output.index() >= program.populations.len()
        {
            let what = "the input table or the output does not match the populations".into();
            return Err(PrepareError::Inconsistent { core: CoreId(0), what });
        }
        let learning = lower_learning(program, &neuron_programs, &mut cores)?;
        let populations = program
            .populations
            .iter()
            .map(|p| PopulationTable { first_ordinal: p.first_ordinal, phase: p.phase })
            .collect();
        Ok(Self {
            neuron_programs,
            learning,
            cores,
            inputs,
            populations,
            input_ordinals,
            input_populations,
            copies: program.copies(),
        })
    }

    /// Registers that a parameter write goes to: one of every compartment that computes the neuron.
    pub(crate) fn registers(&self, write: &ParameterWrite) -> u32 {
        let ordinal = self.populations[write.population.index()].first_ordinal + write.neuron;
        1 + self.copies.get(&ordinal).copied().unwrap_or(0)
    }

    /// Whether the stimulus may write the parameter: one that compartments do not share, in range.
    #[must_use]
    pub fn accepts(&self, write: &ParameterWrite) -> bool {
        let groups = self.cores.iter().flat_map(|core| &core.groups);
        groups.filter(|group| group.population == write.population).all(|group| {
            let program = &self.neuron_programs[group.neuron_program as usize];
            program.parameters().get(write.parameter as usize).is_some_and(|decl| {
                decl.scope == Scope::Compartment
                    && (decl.range.low..=decl.range.high).contains(&write.value)
            })
        })
    }

    /// Cores with a rule whose third factor the host writes.
    #[must_use]
    pub fn rewarded_cores(&self) -> u32 {
        let rewarded = |core: &&CoreTables| {
            let mut rules = core.plastic.rules.iter();
            rules.any(|own| self.learning[own.rule].rule.is_rewarded_by_host())
        };
        self.cores.iter().filter(rewarded).count() as u32
    }

    /// Cores of the program.
    #[must_use]
    pub fn core_count(&self) -> usize {
        self.cores.len()
    }

    /// Input neurons.
    #[must_use]
    pub fn input_size(&self) -> usize {
        self.inputs.sources()
    }
}

fn parse_programs(program: &Program) -> Result<Vec<NeuronProgram>, PrepareError> {
    let parse = |(position, text): (usize, &String)| {
        NeuronProgram::parse(text, "program").map_err(|findings| PrepareError::NeuronProgram {
            position,
            message: findings.first().map_or_else(String::new, |finding| finding.message.clone()),
        })
    };
    program.neuron_programs.iter().enumerate().map(parse).collect()
}

/// Lowers the rules and what each core does of them; the axon tables were checked before.
fn lower_learning(
    program: &Program,
    neuron_programs: &[NeuronProgram],
    cores: &mut [CoreTables],
) -> Result<Vec<LearningTables>, PrepareError> {
    let wrong = |core| move |what| PrepareError::Inconsistent { core, what };
    let rules = learning::lower_rules(program).map_err(wrong(CoreId(0)))?;
    let sources = program.axon_sources();
    for ((core, tables), sources) in program.cores.iter().zip(cores).zip(&sources) {
        tables.plastic = learning::lower_core(core, sources, &rules, neuron_programs)
            .map_err(wrong(core.core))?;
    }
    Ok(rules)
}

fn lower_core(
    core: &CoreProgram,
    neuron_programs: &[NeuronProgram],
    program: &Program,
) -> Result<CoreTables, PrepareError> {
    let wrong = |what: String| PrepareError::Inconsistent { core: core.core, what };
    check_core(core, neuron_programs, program).map_err(wrong)?;
    let lists = Lists::lower(core).map_err(|error| wrong(error.to_string()))?;
    let groups: Vec<GroupTables> =
        core.groups.iter().map(|group| lower_group(group, neuron_programs)).collect();
    let inputs = core
        .groups
        .iter()
        .map(|group| neuron_programs[group.neuron_program as usize].inputs().len() as u32)
        .max()
        .unwrap_or(0);
    Ok(CoreTables {
        core: core.core,
        compartments: core.compartments,
        groups,
        ordinals: core.ordinals.clone(),
        ring_slots: core.ring_slots,
        inputs,
        joins: core.groups.iter().any(|group| group.join.is_some()),
        lists,
        plastic: Plastic::default(),
        axons_out: Spread::default(),
        axon_delays: Vec::new(),
    })
}

/// Checks every index that the run relies on, once.
fn check_core(
    core: &CoreProgram,
    neuron_programs: &[NeuronProgram],
    program: &Program,
) -> Result<(), String> {
    let mut next = 0;
    for group in &core.groups {
        let neuron_program = neuron_programs
            .get(group.neuron_program as usize)
            .ok_or("a group names a neuron program that is not there")?;
        if group.first != next || group.population.index() >= program.populations.len() {
            return Err("the groups do not follow each other, or name no population".into());
        }
        next = group.count.saturating_add(next);
        check_parameters(group, neuron_program)?;
    }
    if next != core.compartments || core.ordinals.len() != core.compartments as usize {
        return Err("groups, ordinals and compartments differ in number".into());
    }
    if core.blocks.len() > usize::from(u16::MAX) || core.ring_slots < 2 {
        return Err("too many blocks, or too few ring slots".into());
    }
    check_joins(core, neuron_programs)?;
    check_ordinals(core, program)?;
    check_accumulators(core, neuron_programs)
}

/// A group joins where its program reads a joined value, and only what the loop has passed.
fn check_joins(core: &CoreProgram, programs: &[NeuronProgram]) -> Result<(), String> {
    let puts_out = |compartment: u32| {
        let after = core.groups.partition_point(|group| group.first <= compartment);
        let group = after.checked_sub(1).map(|at| &core.groups[at]);
        group.is_some_and(|group| programs[group.neuron_program as usize].output_range().is_some())
    };
    for group in &core.groups {
        let reads = programs[group.neuron_program as usize].joined().is_some();
        let Some(join) = &group.join else {
            if reads {
                return Err("a group joins nothing, but its program reads a joined value".into());
            }
            continue;
        };
        let passed = |&first: &u32| {
            let end = first.saturating_add(group.count);
            end <= group.first && (first..end).all(puts_out)
        };
        if !reads || !join.op.joins(join.from.len()) || !join.from.iter().all(passed) {
            return Err("a group joins what its program does not read, or what puts out nothing \
                        before it"
                .into());
        }
    }
    Ok(())
}

/// Every compartment is a neuron of its group's population.
fn check_ordinals(core: &CoreProgram, program: &Program) -> Result<(), String> {
    for group in &core.groups {
        let population = &program.populations[group.population.index()];
        let neuron = |ordinal: &u32| ordinal.checked_sub(population.first_ordinal);
        let mut own = core.ordinals[group.first as usize..][..group.count as usize].iter();
        if !own.all(|ordinal| neuron(ordinal).is_some_and(|neuron| neuron < population.size)) {
            return Err(format!("a compartment is no neuron of `{}`", population.name));
        }
    }
    Ok(())
}

/// Every block must deliver into an accumulator that some group reads the same way.
fn check_accumulators(core: &CoreProgram, programs: &[NeuronProgram]) -> Result<(), String> {
    for group in &core.groups {
        let inputs = programs[group.neuron_program as usize].inputs();
        let most = INPUTS_MAX - usize::from(group.join.is_some());
        if inputs.len() > most || inputs.len() != group.inputs.len() {
            return Err(format!("a group has {} inputs, at most {most} run", inputs.len()));
        }
        for (delivery, input) in group.inputs.iter().zip(inputs) {
            delivery.check_input(input, "program").map_err(|finding| finding.message)?;
        }
    }
    for block in &core.blocks {
        let reads = |group: &Group| {
            let delivery = group.inputs.get(block.input as usize);
            delivery.is_some_and(|delivery| delivery.settles_like(&block.delivery))
        };
        if !core.groups.iter().any(reads) {
            return Err(format!("no group reads accumulator {} as its block adds", block.input));
        }
    }
    Ok(())
}

fn check_parameters(group: &Group, program: &NeuronProgram) -> Result<(), String> {
    if group.parameters.len() != program.parameters().len() {
        return Err(format!("a group of {} has the wrong number of parameters", program.name()));
    }
    for (value, decl) in group.parameters.iter().zip(program.parameters()) {
        let inside = |value: &i64| decl.range.low <= *value && *value <= decl.range.high;
        let legal = match value {
            ParameterValue::Shared(value) => inside(value),
            ParameterValue::Each(values) => {
                decl.scope == Scope::Compartment
                    && values.len() == group.count as usize
                    && values.iter().all(inside)
            }
        };
        if !legal {
            return Err(format!(
                "parameter {} of {} is out of range or not shared",
                decl.name,
                program.name()
            ));
        }
    }
    Ok(())
}

fn lower_group(group: &Group, neuron_programs: &[NeuronProgram]) -> GroupTables {
    let program = &neuron_programs[group.neuron_program as usize];
    let (mut shared, mut each) = (Vec::new(), Vec::new());
    for (value, decl) in group.parameters.iter().zip(program.parameters()) {
        match decl.scope {
            Scope::Group => shared.push(value.at(0) as i32),
            Scope::Compartment => each.extend((0..group.count).map(|c| value.at(c) as i32)),
        }
    }
    let instructions = program.instruction_count();
    GroupTables {
        population: group.population,
        occurrence: group.occurrence,
        neuron_program: group.neuron_program,
        first: group.first,
        count: group.count,
        shared,
        each,
        initial: initial_state(group, program),
        inputs: group.inputs.clone(),
        join: group.join.clone(),
        payload_bits: program.payload_bits(),
        instructions: (instructions.update, instructions.spike),
    }
}

/// State words at reset, which may depend on parameters.
fn initial_state(group: &Group, program: &NeuronProgram) -> Vec<i32> {
    let count = group.count as usize;
    let mut words = vec![0; program.state().len() * count];
    let mut parameters = vec![0; group.parameters.len()];
    for compartment in 0..count {
        for (parameter, value) in parameters.iter_mut().zip(&group.parameters) {
            *parameter = value.at(compartment as u32) as i32;
        }
        for (word, value) in program.initial_state(&parameters).into_iter().enumerate() {
            words[word * count + compartment] = value;
        }
    }
    words
}

/// Delays of the compartments' axons; what goes nowhere need not wait.
fn lower_delays(core: &CoreProgram, spread: &Spread) -> Result<Vec<u32>, String> {
    if !core.axon_delays_are_sound() {
        return Err("axon delays are not one a compartment, or too long".into());
    }
    let lower = |(at, &delay): (usize, &u32)| if spread.row(at).is_empty() { 0 } else { delay };
    let lowered: Vec<u32> = core.axon_delays.iter().enumerate().map(lower).collect();
    Ok(if lowered.iter().all(|&delay| delay == 0) { Vec::new() } else { lowered })
}

fn axon_formats(core: &CoreProgram) -> Vec<SynapseFormatKind> {
    let format = |axon: &quarrion_isa::program::AxonIn| {
        core.blocks[axon.block as usize].synapses.format().kind
    };
    core.axons_in.iter().map(format).collect()
}

fn lower_spread(
    table: &AxonTable,
    program: &Program,
    cores: &[CoreTables],
    formats: &[Vec<SynapseFormatKind>],
) -> Result<Spread, String> {
    let mut entries = Vec::with_capacity(table.entries.len());
    for entry in &table.entries {
        let core = program
            .core_position(entry.core)
            .ok_or_else(|| format!("an axon leads to core {}, which holds nothing", entry.core))?;
        let work = cores[core].lists.work.get(entry.axon.index()).ok_or_else(|| {
            format!("an axon leads to entry {} of core {}", entry.axon, entry.core)
        })?;
        entries.push(SpreadEntry {
            core: core as u32,
            destination: Destination {
                core: entry.core,
                axon: entry.axon,
                words: work.words,
                synaptic_ops: work.synaptic_ops,
                format: formats[core][entry.axon.index()],
            },
        });
    }
    let offsets = table.offsets.clone();
    let ascending = offsets.windows(2).all(|pair| pair[0] <= pair[1]);
    if !ascending || offsets.last().copied().unwrap_or(0) as usize != entries.len() {
        return Err("an axon table's rows do not cover its entries".into());
    }
    Ok(Spread { offsets, entries })
}
