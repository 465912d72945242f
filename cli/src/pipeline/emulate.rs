//! Running a program on either engine, with a progress bar and Ctrl-C.

use std::ops::ControlFlow;

use quarrion_emulator::time::{Following, Timing};
use quarrion_emulator::{
    Extent, ProbeRecord, Progress, Recording, RunError, RunOptions, RunOutcome, SpikeRecord, Timer,
    TimerSpec, is_coupled,
};
use quarrion_isa::chip::Chip;
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::ledger::Ledger;
use quarrion_isa::neuron::LaneOptions;
use quarrion_isa::program::Program;
use quarrion_isa::stimulus::Stimulus;
use quarrion_reference::Reference;

use crate::args::{Engine, TimingChoice};
use crate::failure::Failure;
use crate::interrupt::Polling;
use crate::probes::NamedProbe;
use crate::terminal::Terminal;

/// How to run.
#[derive(Clone, Debug)]
pub struct Emulation {
    /// Engine.
    pub engine: Engine,
    /// Timing model.
    pub timing: TimingChoice,
    /// Packets that are followed link by link.
    pub following: Following,
    /// Worker threads of the fast engine.
    pub threads: u32,
    /// Seed of every random draw.
    pub seed: u32,
    /// What to keep beside the ledger.
    pub recording: Recording,
}

/// Runs the stimulus.
///
/// # Errors
/// Ctrl-C, or what program, chip and stimulus do not allow.
pub fn emulate(
    program: &Program,
    chip: &Chip,
    stimulus: &Stimulus,
    emulation: &Emulation,
    probes: &[NamedProbe],
    terminal: &Terminal,
) -> Result<RunOutcome, Failure> {
    let bar = terminal.progress(stimulus.samples.len() as u64);
    let polling = Polling::start();
    let observe = |progress: Progress| {
        bar.set_position(progress.samples as u64);
        if polling.interrupted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let outcome = match emulation.engine {
        Engine::Fast => {
            let options = RunOptions {
                threads: emulation.threads as usize,
                seed: emulation.seed,
                recording: emulation.recording,
                timing: timing(emulation.timing),
                following: emulation.following.clone(),
                probes: probes.iter().map(|named| named.probe.clone()).collect(),
                lanes: LaneOptions::default(),
                record: None,
            };
            quarrion_emulator::run(program, chip, stimulus, &options, &observe).map_err(failure)
        }
        Engine::Reference => run_reference(program, chip, stimulus, emulation, probes, observe),
    };
    bar.finish_and_clear();
    outcome
}

/// The timing model of a choice.
#[must_use]
pub fn timing(choice: TimingChoice) -> Timing {
    match choice {
        TimingChoice::Count => Timing::Count,
        TimingChoice::Queue => Timing::Queue,
        TimingChoice::Cycle => Timing::Cycle,
    }
}

fn failure(error: RunError) -> Failure {
    match error {
        RunError::Interrupted => Failure::Interrupted,
        RunError::Timing(found) => found.into(),
        // Program and stimulus were made and checked by this very process.
        RunError::Prepare(_) | RunError::Stimulus { .. } | RunError::Probe(_) => {
            Failure::Bug(error.to_string())
        }
    }
}

/// Runs the reference engine; time and counts come from the same models as the fast engine's.
fn run_reference(
    program: &Program,
    chip: &Chip,
    stimulus: &Stimulus,
    emulation: &Emulation,
    probes: &[NamedProbe],
    observe: impl Fn(Progress) -> ControlFlow<()>,
) -> Result<RunOutcome, Failure> {
    if is_coupled(chip) {
        let message = "the reference engine knows no times, and on this chip they change results";
        return Err(Diagnostic::error("QU006", message)
            .at("--chip", "synchronisation", "is no barrier, or packets are dropped")
            .help("run the fast engine")
            .into());
    }
    let bug = |found: Diagnostic| Failure::Bug(found.to_string());
    let extent = Extent::of(program, chip);
    let mut reference = Reference::new(program, chip, emulation.seed).map_err(bug)?;
    let populations = program.populations.len();
    let (timing, following) = (timing(emulation.timing), &emulation.following);
    let spec = TimerSpec { chip, extent: &extent, populations, timing, following };
    let mut timer = Timer::new(&spec)?;
    let mut outcome = RunOutcome {
        output_counts: Vec::new(),
        window_spikes: vec![0; populations],
        ledger: Ledger::default(),
        spikes: Vec::new(),
        activity: Vec::new(),
        probes: vec![ProbeRecord::default(); probes.len()],
        extent: extent.clone(),
        learned: Vec::new(),
        skipped_updates: 0,
    };
    for (number, sample) in stimulus.samples.iter().enumerate() {
        reference.begin_sample(number as u32, sample).map_err(bug)?;
        timer.open_sample(number as u32);
        for step in 0..program.sample_steps(sample.steps) {
            let activity = reference.step(sample).map_err(bug)?;
            timer.close_step(activity)?;
            if emulation.recording == Recording::Activity {
                outcome.activity.push(activity.clone());
            }
            keep_spikes(&mut outcome, program, &reference, (number as u32, step, sample.steps));
            keep_probes(&mut outcome.probes, probes, &reference, step);
            if emulation.recording == Recording::Ledger {
                outcome.spikes.clear();
            }
        }
        outcome.output_counts.push(reference.output_counts().to_vec());
        if observe(Progress { samples: number + 1 }).is_break() {
            return Err(Failure::Interrupted);
        }
    }
    outcome.ledger = timer.finish()?.finish(chip);
    outcome.learned = reference.learned();
    Ok(outcome)
}

/// Keeps what the probes of a step see on the reference engine.
fn keep_probes(
    records: &mut [ProbeRecord],
    probes: &[NamedProbe],
    reference: &Reference<'_>,
    step: u32,
) {
    for (record, NamedProbe { probe, .. }) in records.iter_mut().zip(probes) {
        if probe.steps.contains(&step) {
            let start = record.values.len();
            record.values.resize(start + probe.neurons.len(), 0);
            let values = &mut record.values[start..];
            reference.look(probe.population, &probe.neurons, &probe.word, values);
        }
    }
}

/// Counts and keeps the spikes of the reference engine's last step.
fn keep_spikes(
    outcome: &mut RunOutcome,
    program: &Program,
    reference: &Reference<'_>,
    (sample, step, input_steps): (u32, u32, u32),
) {
    for spike in reference.spikes() {
        let population = &program.populations[spike.population.index()];
        if program.window(population, input_steps).contains(&step) {
            outcome.window_spikes[spike.population.index()] += 1;
        }
        outcome.spikes.push(SpikeRecord {
            sample,
            step,
            population: spike.population,
            neuron: spike.neuron,
            payload: spike.payload,
        });
    }
}
