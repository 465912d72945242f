//! Probes: state words and traces of chosen neurons, every timestep.

use std::ops::Range;

use quarrion_isa::id::PopulationId;
use quarrion_isa::program::{Program, Role};

use crate::engine::Tables;

/// What to record: one state word or trace of a range of neurons, at the end of some timesteps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Population.
    pub population: PopulationId,
    /// Neurons of the population.
    pub neurons: Range<u32>,
    /// Name of the state word in the population's neuron program, or of a trace: x1 and x2 of the
    /// sources of a plastic projection, y1 to y3 of its targets.
    pub word: String,
    /// Timesteps of each sample.
    pub steps: Range<u32>,
}

/// What a probe recorded.
///
/// # Shape
/// `values`: `[recorded timestep over all samples][neuron of the range]`, sample after sample.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProbeRecord {
    /// Value at the end of each recorded timestep.
    pub values: Vec<i32>,
}

/// Why a probe cannot be placed; whoever asked for it must act.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// There is nothing to probe in an input population.
    #[error("`{population}` is an input and has no state")]
    Input {
        /// The population.
        population: String,
    },
    /// The range leaves the population.
    #[error("`{population}` has {size} neurons; the probe asks for {asked}")]
    Range {
        /// The population.
        population: String,
        /// Its size.
        size: u32,
        /// End of the range.
        asked: u32,
    },
    /// The neuron program has no such state word.
    #[error("`{population}` has no state word `{word}`; it has {known}")]
    Word {
        /// The population.
        population: String,
        /// What was asked for.
        word: String,
        /// What there is.
        known: String,
    },
}

/// A probe with its state word or trace looked up.
#[derive(Clone, Debug)]
pub(crate) struct PlacedProbe {
    pub(crate) population: PopulationId,
    pub(crate) neurons: Range<u32>,
    pub(crate) place: ProbePlace,
    pub(crate) steps: Range<u32>,
}

/// Where a probed value is kept.
#[derive(Clone, Debug)]
pub(crate) enum ProbePlace {
    /// State word by neuron program of [`Tables`]; `None` where a program lacks it.
    Words(Vec<Option<usize>>),
    /// Trace of sources, each read at the first list that keeps it.
    Pre {
        /// Position of the trace.
        trace: usize,
        /// Core, plastic list there and neuron, by neuron.
        keepers: Vec<(usize, usize, u32)>,
    },
    /// Trace of targets.
    Post(usize),
}

/// Looks a probe's population and state word up.
pub(crate) fn place_probe(
    probe: &Probe,
    program: &Program,
    tables: &Tables,
) -> Result<PlacedProbe, ProbeError> {
    let population = &program.populations[probe.population.index()];
    let name = || population.name.clone();
    let pre = pre_trace(probe, program, tables);
    if population.role == Role::Input && pre.is_none() {
        return Err(ProbeError::Input { population: name() });
    }
    if probe.neurons.start >= probe.neurons.end || probe.neurons.end > population.size {
        let asked = probe.neurons.end;
        return Err(ProbeError::Range { population: name(), size: population.size, asked });
    }
    let placed = |place| {
        let Probe { population, neurons, steps, .. } = probe.clone();
        PlacedProbe { population, neurons, place, steps }
    };
    if let Some(trace) = pre.or_else(|| post_trace(probe, program, tables)) {
        return Ok(placed(trace));
    }
    let words: Vec<Option<usize>> =
        tables.neuron_programs.iter().map(|program| program.state_index(&probe.word)).collect();
    let groups = tables.cores.iter().flat_map(|core| &core.groups);
    for group in groups.filter(|group| group.population == probe.population) {
        if words[group.neuron_program as usize].is_none() {
            let program = &tables.neuron_programs[group.neuron_program as usize];
            let known: Vec<&str> = program.state().iter().map(|word| word.name.as_str()).collect();
            let word = probe.word.clone();
            return Err(ProbeError::Word { population: name(), word, known: known.join(", ") });
        }
    }
    Ok(placed(ProbePlace::Words(words)))
}

/// The number of the trace called `word`, from 0, if it begins with `letter`.
fn trace_number(word: &str, letter: char) -> Option<usize> {
    word.strip_prefix(letter)?.parse::<usize>().ok()?.checked_sub(1)
}

/// The trace of sources that a probe names: of the first rule that teaches what they reach.
fn pre_trace(probe: &Probe, program: &Program, tables: &Tables) -> Option<ProbePlace> {
    let trace = trace_number(&probe.word, 'x')?;
    let blocks = program.cores.iter().flat_map(|core| &core.blocks);
    let own = blocks
        .filter(|block| program.projections[block.projection.index()].source == probe.population);
    let rule = own.filter_map(|block| block.learning).min()? as usize;
    let declared = tables.learning[rule].rule.declares_pre(trace);
    let first = program.populations[probe.population.index()].first_ordinal;
    let mut keepers = Vec::new();
    for (core, tables) in tables.cores.iter().enumerate() {
        for (list, source) in tables.plastic_sources(rule) {
            keepers.push((source.wrapping_sub(first), core, list));
        }
    }
    keepers.retain(|(neuron, ..)| probe.neurons.contains(neuron));
    keepers.sort_unstable();
    keepers.dedup_by_key(|(neuron, ..)| *neuron);
    let keepers = keepers.into_iter().map(|(neuron, core, list)| (core, list, neuron)).collect();
    declared.then_some(ProbePlace::Pre { trace, keepers })
}

/// The trace of targets that a probe names.
fn post_trace(probe: &Probe, program: &Program, tables: &Tables) -> Option<ProbePlace> {
    let trace = trace_number(&probe.word, 'y')?;
    let groups = program.cores.iter().flat_map(|core| &core.groups);
    let mut own = groups.filter(|group| group.population == probe.population).peekable();
    own.peek()?;
    let declared = |rule: u32| tables.learning[rule as usize].rule.declares_post(trace);
    let all = own.all(|group| group.learning.is_some_and(declared));
    all.then_some(ProbePlace::Post(trace))
}
