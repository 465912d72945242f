//! Every engine on the same program: what they leave, and where they differ.

use std::collections::BTreeMap;
use std::fmt::{Debug, Display, Formatter};
use std::ops::ControlFlow;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use quarrion_emulator::time::{Following, Timing};
use quarrion_emulator::{Probe, Recording, RunOptions, RunOutcome, SpikeRecord};
use quarrion_isa::activity::Activity;
use quarrion_isa::chip::Chip;
use quarrion_isa::event::EventCounts;
use quarrion_isa::id::PopulationId;
use quarrion_isa::learning::{LearnedProjection, LearningRule, RecordedDraws};
use quarrion_isa::neuron::{Idling, Kernels, LaneOptions, NeuronProgram};
use quarrion_isa::program::{Block, Program};
use quarrion_isa::stimulus::Stimulus;
use quarrion_reference::{Changes, Outcome, Overflows};

/// One way to run the fast engine; none changes what is computed or counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// Threads.
    pub threads: usize,
    /// How neurons are computed.
    pub lanes: LaneOptions,
}

/// Ways that every comparison runs: several thread counts, hand-written kernels and the
/// interpreter, idle neurons passed over and updated.
pub const WAYS: [Way; 4] = [
    Way::new(1, Kernels::HandWritten, Idling::Skip),
    Way::new(2, Kernels::Interpreted, Idling::Skip),
    Way::new(3, Kernels::HandWritten, Idling::Skip),
    Way::new(8, Kernels::HandWritten, Idling::Update),
];

impl Way {
    /// A way of all its parts.
    #[must_use]
    pub const fn new(threads: usize, kernels: Kernels, idle: Idling) -> Self {
        Self { threads, lanes: LaneOptions { kernels, idle } }
    }

    /// The way that the command line takes, on so many threads.
    #[must_use]
    pub const fn usual(threads: usize) -> Self {
        Self::new(threads, Kernels::HandWritten, Idling::Skip)
    }
}

impl Display for Way {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let LaneOptions { kernels, idle } = self.lanes;
        write!(f, "fast on {} threads, {kernels:?}, idle: {idle:?}", self.threads)
    }
}

/// State words of all compartments that have any, after a timestep: (population, neuron, words),
/// sorted.
pub type State = Vec<(PopulationId, u32, Vec<i32>)>;

/// Everything that the reference engine shows of a run.
#[derive(Clone, Debug)]
pub struct Truth {
    /// Output counts and event counts.
    pub outcome: Outcome,
    /// Event totals of each sample.
    pub samples: Vec<EventCounts>,
    /// Every spike, by sample, step, core and compartment.
    pub spikes: Vec<SpikeRecord>,
    /// Every activity record.
    pub activity: Vec<Activity>,
    /// State after every timestep.
    pub states: Vec<State>,
    /// Sums that did not fit.
    pub overflows: Overflows,
    /// What the changes of plastic synapses met.
    pub changes: Changes,
    /// What each of [`trace_probes`] would see.
    pub traces: Vec<Vec<i32>>,
    /// Plastic synapses after every timestep.
    pub learned: Vec<Vec<LearnedProjection>>,
}

/// Runs the reference engine.
///
/// # Errors
/// What the engine says about program or stimulus.
pub fn run_reference(
    program: &Program,
    chip: &Chip,
    stimulus: &Stimulus,
    seed: u32,
) -> Result<Truth, String> {
    run_reference_on(program, chip, stimulus, (seed, None))
}

/// Runs the reference engine, learning's random numbers from a record where there is one.
///
/// # Errors
/// As [`run_reference`].
pub fn run_reference_on(
    program: &Program,
    chip: &Chip,
    stimulus: &Stimulus,
    (seed, record): (u32, Option<&RecordedDraws>),
) -> Result<Truth, String> {
    let (mut spikes, mut activity, mut states) = (Vec::new(), Vec::new(), Vec::new());
    let (mut overflows, mut changes) = (Overflows::default(), Changes::default());
    let mut learned = Vec::new();
    let probes = trace_probes(program);
    let mut traces = vec![Vec::new(); probes.len()];
    let mut totals = vec![EventCounts::default(); stimulus.samples.len()];
    let observe = &mut |reference: &quarrion_reference::Reference<'_>| {
        let record = reference.activity();
        let (sample, step) = (record.sample, record.step);
        spikes.extend(reference.spikes().iter().map(|spike| SpikeRecord {
            sample,
            step,
            population: spike.population,
            neuron: spike.neuron,
            payload: spike.payload,
        }));
        let mut state = State::new();
        reference.visit_state(|population, neuron, words| {
            if !words.is_empty() {
                state.push((population, neuron, words.to_vec()));
            }
        });
        state.sort();
        states.push(state);
        activity.push(record.clone());
        overflows = reference.overflows();
        changes = reference.changes();
        for (values, probe) in traces.iter_mut().zip(&probes) {
            let start = values.len();
            values.resize(start + probe.neurons.len(), 0);
            let seen = &mut values[start..];
            reference.look(probe.population, &probe.neurons, &probe.word, seen);
        }
        learned.push(reference.learned());
        totals[sample as usize] = reference.counts().total.clone();
    };
    let outcome = quarrion_reference::run(program, chip, stimulus, (seed, record), observe)
        .map_err(|diagnostic| diagnostic.to_string())?;
    let samples = differences_of(&totals);
    Ok(Truth { outcome, samples, spikes, activity, states, overflows, changes, traces, learned })
}

/// Running totals to the counts of each sample.
fn differences_of(totals: &[EventCounts]) -> Vec<EventCounts> {
    let mut before = EventCounts::default();
    let mut parts = Vec::new();
    for total in totals {
        let mut part = EventCounts::default();
        for (kind, events) in total.iter() {
            part.add(kind, events.saturating_sub(before.get(kind)));
        }
        // A sample without timesteps has no total of its own.
        if total.iter().any(|(_, events)| events > 0) {
            before.clone_from(total);
        }
        parts.push(part);
    }
    parts
}

/// Runs the fast engine and keeps everything.
///
/// # Errors
/// What the engine says about program or stimulus.
pub fn run_fast(
    program: &Program,
    chip: &Chip,
    stimulus: &Stimulus,
    (seed, way): (u32, Way),
) -> Result<RunOutcome, String> {
    run_fast_on(program, chip, stimulus, (seed, way, None))
}

/// Runs the fast engine, learning's random numbers from a record where there is one.
///
/// # Errors
/// As [`run_fast`].
pub fn run_fast_on(
    program: &Program,
    chip: &Chip,
    stimulus: &Stimulus,
    (seed, way, record): (u32, Way, Option<&RecordedDraws>),
) -> Result<RunOutcome, String> {
    let options = RunOptions {
        threads: way.threads,
        seed,
        recording: Recording::Activity,
        timing: Timing::Count,
        following: Following::default(),
        probes: [all_probes(program), trace_probes(program)].concat(),
        lanes: way.lanes,
        record: record.cloned(),
    };
    quarrion_emulator::run(program, chip, stimulus, &options, &|_| ControlFlow::Continue(()))
        .map_err(|error| error.to_string())
}

/// Neuron programs parsed so far: checking some takes longer than running a small case.
static PARSED: LazyLock<Mutex<BTreeMap<String, Arc<NeuronProgram>>>> =
    LazyLock::new(Mutex::default);

/// The neuron program of a text that parses.
///
/// # Panics
/// It does not.
#[must_use]
pub fn parsed(text: &str) -> Arc<NeuronProgram> {
    try_parsed(text).expect("the neuron program parses")
}

/// The neuron program of a text, if it parses.
fn try_parsed(text: &str) -> Option<Arc<NeuronProgram>> {
    let mut known = PARSED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(program) = known.get(text) {
        return Some(Arc::clone(program));
    }
    let program = NeuronProgram::parse(text, "tests").ok()?;
    Some(Arc::clone(known.entry(text.to_owned()).or_insert(Arc::new(program))))
}

/// What the fast engine saw of the traces, as [`trace_probes`] orders them.
#[must_use]
pub fn probed_traces(program: &Program, fast: &RunOutcome) -> Vec<Vec<i32>> {
    let first = fast.probes.len().saturating_sub(trace_probes(program).len());
    fast.probes[first..].iter().map(|record| record.values.clone()).collect()
}

/// A probe of every trace that a rule declares and a population keeps, by population and trace.
#[must_use]
pub fn trace_probes(program: &Program) -> Vec<Probe> {
    let rules: Vec<Option<LearningRule>> =
        program.learning.iter().map(|one| LearningRule::parse(&one.text, "tests").ok()).collect();
    let rule = |at: Option<u32>| at.and_then(|at| rules.get(at as usize)?.as_ref());
    let mut probes = Vec::new();
    for (index, population) in program.populations.iter().enumerate() {
        let id = PopulationId::from_index(index);
        let blocks = program.cores.iter().flat_map(|core| &core.blocks);
        let source = |block: &&Block| {
            let row = program.projections.get(block.projection.index());
            row.is_some_and(|row| row.source == id)
        };
        let pre = rule(blocks.filter(source).filter_map(|block| block.learning).min());
        let mut groups = program.cores.iter().flat_map(|core| &core.groups);
        let post = rule(groups.find(|group| group.population == id).and_then(|g| g.learning));
        let pre = pre.map_or(&[][..], |rule| &rule.pre_traces()[..]);
        let post = post.map_or(&[][..], |rule| &rule.post_traces()[..]);
        for (letter, traces) in [('x', pre), ('y', post)] {
            for (number, _) in (1..).zip(traces).filter(|(_, trace)| trace.is_some()) {
                let (neurons, word) = (0..population.size, format!("{letter}{number}"));
                probes.push(Probe { population: id, neurons, word, steps: 0..u32::MAX });
            }
        }
    }
    probes
}

/// A probe of every state word of every population, by population and word.
fn all_probes(program: &Program) -> Vec<Probe> {
    let mut probes = Vec::new();
    for (index, population) in program.populations.iter().enumerate() {
        let id = PopulationId::from_index(index);
        let mut groups = program.cores.iter().flat_map(|core| &core.groups);
        let Some(group) = groups.find(|group| group.population == id) else { continue };
        // A damaged program is the engine's to refuse.
        let text = program.neuron_programs.get(group.neuron_program as usize);
        let Some(parsed) = text.and_then(|text| try_parsed(text)) else { continue };
        for word in parsed.state() {
            let (neurons, word) = (0..population.size, word.name.clone());
            probes.push(Probe { population: id, neurons, word, steps: 0..u32::MAX });
        }
    }
    probes
}

/// State after every timestep, from what the probes of [`run_fast`] saw.
#[must_use]
pub fn probed_states(program: &Program, fast: &RunOutcome, steps: usize) -> Vec<State> {
    let probes = all_probes(program);
    let mut states = vec![State::new(); steps];
    for (step, state) in states.iter_mut().enumerate() {
        for (index, population) in program.populations.iter().enumerate() {
            let id = PopulationId::from_index(index);
            let pairs = probes.iter().zip(&fast.probes);
            let own: Vec<_> = pairs.filter(|(probe, _)| probe.population == id).collect();
            if own.is_empty() {
                continue;
            }
            for neuron in 0..population.size {
                let at = step * population.size as usize + neuron as usize;
                let words = own.iter().map(|(_, record)| record.values[at]).collect();
                state.push((id, neuron, words));
            }
        }
    }
    states
}

/// The first difference between the reference engine and a run of the fast one.
///
/// # Errors
/// Where they differ first, with both values.
pub fn compare(program: &Program, truth: &Truth, fast: &RunOutcome) -> Result<(), String> {
    compare_each("activity", &truth.activity, &fast.activity)?;
    compare_each("spike", &truth.spikes, &fast.spikes)?;
    let states = probed_states(program, fast, truth.states.len());
    for (step, (expected, found)) in truth.states.iter().zip(&states).enumerate() {
        compare_each(&format!("timestep {step}, state"), expected, found)?;
    }
    compare_each("trace", &truth.traces, &probed_traces(program, fast))?;
    // A run without timesteps shows nothing.
    if let Some(learned) = truth.learned.last() {
        compare_each("plastic projection", learned, &fast.learned)?;
    }
    compare_each("output count", &truth.outcome.output_counts, &fast.output_counts)?;
    let (counts, ledger) = (&truth.outcome.counts, &fast.ledger);
    compare_counts("total", &counts.total, &ledger.total)?;
    let rows = ledger.cores.iter().map(|row| &row.counts);
    for (position, (expected, found)) in counts.cores.iter().zip(rows).enumerate() {
        compare_counts(&format!("core {position}"), expected, found)?;
    }
    let rows = counts.populations.iter().zip(&ledger.populations);
    for (position, (expected, found)) in rows.enumerate() {
        compare_counts(&format!("population {position}"), expected, found)?;
    }
    let rows = truth.samples.iter().zip(&ledger.samples);
    for (position, (expected, found)) in rows.enumerate() {
        compare_counts(&format!("sample {position}"), expected, &found.counts)?;
    }
    let links: Vec<_> =
        counts.links.iter().map(|(link, (packets, flits))| (*link, *packets, *flits)).collect();
    let rows: Vec<_> = ledger.links.iter().map(|row| (row.link, row.packets, row.flits)).collect();
    compare_each("link", &links, &rows)
}

/// Compares two lists entry by entry.
///
/// # Errors
/// The first entry that differs, or the lengths.
pub fn compare_each<T: Debug + PartialEq>(
    what: &str,
    expected: &[T],
    found: &[T],
) -> Result<(), String> {
    let pairs = expected.iter().zip(found).enumerate();
    for (position, (expected, found)) in pairs {
        if expected != found {
            return Err(format!("{what} {position}: expected {expected:?}, found {found:?}"));
        }
    }
    if expected.len() != found.len() {
        return Err(format!("{what}s: expected {}, found {}", expected.len(), found.len()));
    }
    Ok(())
}

/// Compares counts kind by kind.
///
/// # Errors
/// Every kind that differs.
pub fn compare_counts(
    place: &str,
    expected: &EventCounts,
    found: &EventCounts,
) -> Result<(), String> {
    let pairs = expected.iter().zip(found.iter());
    let differing = pairs.filter(|((_, expected), (_, found))| expected != found);
    let lines: Vec<String> = differing
        .map(|((kind, expected), (_, found))| {
            format!("{place}: {} expected {expected}, found {found}", kind.name())
        })
        .collect();
    if lines.is_empty() { Ok(()) } else { Err(lines.join("; ")) }
}
