//! A network on every engine, value by value beside what was recorded.

use std::collections::BTreeMap;

use quarrion_emulator::{Probe, SpikeRecord};
use quarrion_isa::id::{PopulationId, ProjectionId};
use quarrion_isa::learning::LearnedProjection;
use quarrion_isa::neuron::{Idling, Kernels};
use quarrion_isa::program::Program;

use super::network::{Expected, LearnedRows, Network, Quantity};
use crate::engines::{
    State, Way, compare, parsed, probed_states, probed_traces, run_fast_on, run_reference_on,
    trace_probes,
};

/// Ways to run the fast engine.
pub(super) const WAYS: [Way; 6] = [
    Way::new(1, Kernels::HandWritten, Idling::Skip),
    Way::new(3, Kernels::HandWritten, Idling::Skip),
    Way::new(1, Kernels::Interpreted, Idling::Skip),
    Way::new(3, Kernels::Interpreted, Idling::Skip),
    Way::new(1, Kernels::HandWritten, Idling::Update),
    Way::new(3, Kernels::Interpreted, Idling::Update),
];

/// What comparing a case found.
#[derive(Default)]
pub(super) struct Compared {
    /// Recorded values, each compared on every engine.
    pub(super) values: u64,
    /// Values that differ, over all engines.
    pub(super) mismatches: u64,
    /// Updates of idle neurons that the fast engine passed over.
    pub(super) skipped: u64,
    /// The first mismatch.
    pub(super) first: Option<String>,
}

impl Compared {
    fn wrong(&mut self, text: impl FnOnce() -> String) {
        self.mismatches += 1;
        self.first.get_or_insert_with(text);
    }
}

/// What one engine did.
struct Seen<'a> {
    engine: String,
    program: &'a Program,
    states: &'a [State],
    spikes: BTreeMap<(u32, PopulationId, u32), i32>,
    traces: &'a [Vec<i32>],
    phase: u32,
}

impl<'a> Seen<'a> {
    fn new(
        engine: String,
        program: &'a Program,
        (states, traces): (&'a [State], &'a [Vec<i32>]),
        spikes: &[SpikeRecord],
        phase: u32,
    ) -> Self {
        let entry = |s: &SpikeRecord| ((s.step, s.population, s.neuron), s.payload);
        let spikes = spikes.iter().map(entry).collect();
        Self { engine, program, states, spikes, traces, phase }
    }

    fn compare(&self, expected: &Expected, compared: &mut Compared) -> Result<(), String> {
        let id = PopulationId::from_index(expected.population);
        let word = match &expected.quantity {
            Quantity::Word(name) => Some(self.word(id, name)?),
            Quantity::Spikes | Quantity::Trace(_) => None,
        };
        let trace = match &expected.quantity {
            Quantity::Trace(name) => Some(self.trace(id, name)?),
            Quantity::Word(_) | Quantity::Spikes => None,
        };
        let size = self.program.populations[expected.population].size as usize;
        for (row, values) in expected.rows.iter().enumerate() {
            let own = values.get(expected.first..expected.first + size);
            let own = own.ok_or_else(|| format!("row {row} has {} values", values.len()))?;
            for (neuron, &value) in own.iter().enumerate() {
                let (step, neuron) = (row as u32 + self.phase, neuron as u32);
                let found = match (word, trace) {
                    (Some(word), _) => self.state(step, id, neuron, word)?,
                    (None, Some(values)) => {
                        let at = step as usize * size + neuron as usize;
                        *values.get(at).ok_or("more rows than timesteps")?
                    }
                    (None, None) => self.spikes.get(&(step, id, neuron)).copied().unwrap_or(0),
                };
                if i64::from(found) != value {
                    compared.wrong(|| {
                        let (what, engine) = (&expected.quantity, &self.engine);
                        let at = format!("population {id}, neuron {neuron}, row {row}");
                        format!("{what:?} of {at}: recorded {value}, {engine} {found}")
                    });
                }
            }
        }
        Ok(())
    }

    /// What was seen of a trace: `[timestep][neuron]`.
    fn trace(&self, population: PopulationId, name: &str) -> Result<&'a [i32], String> {
        let probes = trace_probes(self.program);
        let asked = |probe: &Probe| probe.population == population && probe.word == name;
        let at = probes.iter().position(asked).ok_or_else(|| format!("no trace `{name}`"))?;
        Ok(&self.traces[at])
    }

    /// Position of a state word of a population.
    fn word(&self, population: PopulationId, name: &str) -> Result<usize, String> {
        let mut groups = self.program.cores.iter().flat_map(|core| &core.groups);
        let group = groups.find(|group| group.population == population);
        let group = group.ok_or("a population without neurons")?;
        let program = parsed(&self.program.neuron_programs[group.neuron_program as usize]);
        program.state_index(name).ok_or_else(|| format!("no state word `{name}`"))
    }

    fn state(
        &self,
        step: u32,
        population: PopulationId,
        neuron: u32,
        word: usize,
    ) -> Result<i32, String> {
        let state = self.states.get(step as usize).ok_or("more rows than timesteps")?;
        let found = state.binary_search_by_key(&(population, neuron), |row| (row.0, row.1));
        let found = found.map_err(|_| format!("no state of neuron {neuron} in step {step}"))?;
        Ok(state[found].2[word])
    }
}

/// Runs a network on the reference engine and on the fast one and compares everything recorded.
///
/// # Errors
/// The case cannot be built or run.
pub(super) fn compare_network(network: &Network) -> Result<Compared, String> {
    let built = network.build()?;
    let (program, chip, stimulus) = (&built.program, &built.chip, &built.stimulus);
    let mut compared = Compared::default();
    for expected in &network.expected {
        let size = network.size(expected.population) as u64;
        compared.values += expected.rows.len() as u64 * size;
        if expected.rows.len() > network.rows {
            return Err(format!("{} rows in {} steps", expected.rows.len(), network.rows));
        }
    }
    for (what, recorded, found) in &network.single {
        compared.values += 1;
        if recorded != found {
            compared.wrong(|| format!("{what}: recorded {recorded}, ours {found}"));
        }
    }
    let record = network.record.as_ref();
    let truth = run_reference_on(program, chip, stimulus, (0, record))?;
    let phase = network.phase;
    let states = (truth.states.as_slice(), truth.traces.as_slice());
    let mut seen = vec![Seen::new("reference".to_owned(), program, states, &truth.spikes, phase)];
    for rows in &network.learned {
        compare_learned(rows, &truth.learned, &mut compared)?;
    }
    let mut runs = Vec::new();
    for way in WAYS {
        let fast = run_fast_on(program, chip, stimulus, (0, way, record))?;
        compared.skipped += fast.skipped_updates;
        let states = probed_states(program, &fast, truth.states.len());
        let traces = probed_traces(program, &fast);
        runs.push((way.to_string(), states, traces, fast));
    }
    for (engine, states, traces, fast) in &runs {
        if let Err(error) = compare(program, &truth, fast) {
            compared.wrong(|| format!("{engine} beside reference: {error}"));
        }
        let states = (states.as_slice(), traces.as_slice());
        seen.push(Seen::new(engine.clone(), program, states, &fast.spikes, phase));
    }
    for seen in &seen {
        for expected in &network.expected {
            seen.compare(expected, &mut compared)?;
        }
    }
    Ok(compared)
}

/// Compares recorded weights with those that learning left after each timestep.
fn compare_learned(
    recorded: &LearnedRows,
    learned: &[Vec<LearnedProjection>],
    compared: &mut Compared,
) -> Result<(), String> {
    for (row, values) in recorded.rows.iter().enumerate() {
        let step = row + recorded.first_step as usize;
        let projections = learned.get(step).ok_or("more rows than timesteps")?;
        let id = ProjectionId::from_index(recorded.projection);
        let own = projections.iter().find(|one| one.projection == id);
        let own = own.ok_or("a connection that does not learn")?;
        if own.synapses.len() != values.len() {
            return Err(format!("row {row} has {} weights", values.len()));
        }
        compared.values += values.len() as u64;
        for (synapse, &value) in own.synapses.iter().zip(values) {
            if i64::from(synapse.weight) != value {
                compared.wrong(|| format!("row {row}: recorded weight {value}, {synapse:?}"));
            }
        }
    }
    Ok(())
}
