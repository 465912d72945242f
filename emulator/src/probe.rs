//! Probes: state words of chosen neurons, every timestep.

use std::ops::Range;

use quarrion_isa::id::PopulationId;
use quarrion_isa::program::{Program, Role};

use crate::engine::Tables;

/// What to record: one state word of a range of neurons, after the update of some timesteps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Population.
    pub population: PopulationId,
    /// Neurons of the population.
    pub neurons: Range<u32>,
    /// Name of the state word in the population's neuron program.
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
    /// State word after the update of each recorded timestep.
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

/// A probe with its state word looked up.
#[derive(Clone, Debug)]
pub(crate) struct PlacedProbe {
    pub(crate) population: PopulationId,
    pub(crate) neurons: Range<u32>,
    /// State word by neuron program of [`Tables`]; `None` where a program lacks it.
    pub(crate) words: Vec<Option<usize>>,
    pub(crate) steps: Range<u32>,
}

/// Looks a probe's population and state word up.
pub(crate) fn place_probe(
    probe: &Probe,
    program: &Program,
    tables: &Tables,
) -> Result<PlacedProbe, ProbeError> {
    let population = &program.populations[probe.population.index()];
    let name = || population.name.clone();
    if population.role == Role::Input {
        return Err(ProbeError::Input { population: name() });
    }
    if probe.neurons.start >= probe.neurons.end || probe.neurons.end > population.size {
        let asked = probe.neurons.end;
        return Err(ProbeError::Range { population: name(), size: population.size, asked });
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
    let Probe { population, neurons, steps, .. } = probe.clone();
    Ok(PlacedProbe { population, neurons, words, steps })
}
