//! A run: every sample of the stimulus, function, time and counts.
//!
//! Samples are independent, since all state is reset between them, unless something learns: then
//! they run in order. So with at least as many samples
//! as threads each thread takes whole samples; with fewer, the cores of one sample are divided
//! ([`crate::shards`]). Results are put in order of sample, so neither way changes a byte.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};

use quarrion_isa::activity::Activity;
use quarrion_isa::chip::{Chip, Synchronisation};
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::ledger::Ledger;
use quarrion_isa::program::Program;
use quarrion_isa::stimulus::{Sample, Stimulus};

use crate::coupled;
use crate::crew::{Crew, on_all_threads};
use crate::engine::{Outbox, PrepareError, Shard, Tables};
use crate::job::{Extent, Job, Observer, Progress, RunError, RunOptions, RunOutcome};
use crate::pieces::{Accounts, Readout, SampleOutcome};
use crate::probe::{ProbeRecord, place_probe};
use crate::shards::run_sharded;
use crate::tally::Tally;
use crate::timer::Timer;

/// Runs every sample of the stimulus.
///
/// # Errors
/// [`RunError`]; nothing of a failed run is returned.
///
/// # Determinism
/// The outcome depends on program, chip, stimulus and seed only.
pub fn run(
    program: &Program,
    chip: &Chip,
    stimulus: &Stimulus,
    options: &RunOptions,
    observer: Observer<'_>,
) -> Result<RunOutcome, RunError> {
    if let Some(stray) = program.cores.iter().find(|core| core.core.index() >= chip.cores.len()) {
        let what = format!("chip {} has {} cores", chip.name, chip.cores.len());
        return Err(PrepareError::Inconsistent { core: stray.core, what }.into());
    }
    let tables = Tables::prepare(program)?;
    check_faults(program, chip)?;
    for (number, sample) in stimulus.samples.iter().enumerate() {
        check_sample(&tables, program, sample)
            .map_err(|what| RunError::Stimulus { sample: number, what })?;
    }
    let place = |probe| place_probe(probe, program, &tables);
    let probes = options.probes.iter().map(place).collect::<Result<Vec<_>, _>>()?;
    let extent = Extent::of(program, chip);
    let tables = &tables;
    let job = Job { program, chip, tables, extent: &extent, stimulus, options, probes: &probes };
    let crew = Crew::new(NonZero::new(options.threads).unwrap_or(NonZero::<usize>::MIN));
    // Where something learns, each sample begins with what the one before has left.
    let independent = tables.learning.is_empty();
    let coupled = coupled::is_coupled(chip);
    let ticks = matches!(chip.synchronisation, Synchronisation::GlobalTick { .. });
    if coupled && !independent && (!ticks || chip.mesh.drop_after.is_some()) {
        let message = "synapses learn where every packet arrives in its timestep, and on this chip \
                       cores run freely or routers drop packets";
        return Err(Diagnostic::error("QE032", message)
            .at("", "synchronisation", "decides it")
            .help("use a chip with a barrier or a global tick")
            .into());
    }
    let by_samples = independent && (coupled || stimulus.samples.len() >= crew.threads());
    let (outcomes, tally, learned) = if by_samples {
        let (outcomes, tally) = run_by_samples(&job, &crew, observer)?;
        (outcomes, tally, Vec::new())
    } else {
        run_sharded(&job, &crew, observer)?
    };
    Ok(RunOutcome { learned, ledger: tally.finish(chip), ..join(&job, outcomes) })
}

/// Checks that the program uses no dead core and that its packets cross nothing dead.
fn check_faults(program: &Program, chip: &Chip) -> Result<(), Diagnostic> {
    let dead = |message: String| {
        Diagnostic::error("QE030", message)
            .at("", "faults", "breaks it")
            .help("compile the network for this chip with the seed of the run")
    };
    let mesh = &chip.mesh;
    if let Some(core) = program.cores.iter().find(|core| !chip.works(core.core)) {
        return Err(dead(format!("the program has neurons on core {}, which is dead", core.core)));
    }
    for entry in &program.inputs.entries {
        if !mesh.connects(chip.host.port, chip.tile_of(entry.core)) {
            let message = format!("input for core {} crosses something dead", entry.core);
            return Err(dead(message));
        }
    }
    for core in &program.cores {
        for entry in &core.axons_out.entries {
            if !chip.connects(core.core, entry.core) {
                let (from, to) = (core.core, entry.core);
                return Err(dead(format!("packets from core {from} to {to} cross something dead")));
            }
        }
    }
    Ok(())
}

fn check_sample(tables: &Tables, program: &Program, sample: &Sample) -> Result<(), String> {
    for spike in &sample.spikes {
        if spike.neuron as usize >= tables.input_size() || spike.step >= sample.steps {
            let (inputs, steps) = (tables.input_size(), sample.steps);
            return Err(format!(
                "a spike of input {} at step {} lies outside {inputs} inputs and {steps} steps",
                spike.neuron, spike.step
            ));
        }
    }
    if !sample.rewards.is_sorted() {
        return Err("the rewards are not sorted by step".into());
    }
    if !sample.spikes.is_sorted() {
        return Err("the spikes are not sorted by step and neuron".into());
    }
    for write in &sample.writes {
        let population = program.populations.get(write.population.index());
        if population.is_none_or(|population| write.neuron >= population.size) {
            return Err(format!("a parameter write names neuron {}", write.neuron));
        }
        if !tables.accepts(write) {
            return Err(format!(
                "{} cannot be written to parameter {}",
                write.value, write.parameter
            ));
        }
    }
    Ok(())
}

/// Each thread takes the next sample that nobody has taken.
fn run_by_samples(
    job: &Job<'_>,
    crew: &Crew,
    observer: Observer<'_>,
) -> Result<(Vec<SampleOutcome>, Tally), RunError> {
    let (next, finished) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let samples = &job.stimulus.samples;
    // Samples before one that fails have been taken; nobody takes another.
    let stop = || next.store(samples.len(), Ordering::Relaxed);
    let attend = || -> Result<_, (usize, RunError)> {
        let mut shard = job.shard(0..job.tables.core_count());
        let timer = Timer::with_crew(&job.timer_spec(), crew).map_err(|why| (0, why.into()))?;
        let mut accounts = Accounts { readout: Readout::new(job), timer };
        let mut outcomes = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(sample) = samples.get(number) else { break };
            let run_one =
                if coupled::is_coupled(job.chip) { coupled::run_sample } else { run_sample };
            let _own = crew.work();
            accounts.start_sample(number, sample);
            let outcome = run_one(job, number, sample, &mut shard, &mut accounts);
            outcomes.push((number, outcome.map_err(|why| (number, why.into()))?));
            let done = finished.fetch_add(1, Ordering::Relaxed) + 1;
            if observer(Progress { samples: done }).is_break() {
                return Err((number, RunError::Interrupted));
            }
        }
        let tally = accounts.timer.finish().map_err(|why| (samples.len(), why.into()))?;
        Ok((outcomes, tally))
    };
    let work = || {
        let part = attend();
        if part.is_err() {
            stop();
        }
        part
    };
    let mut outcomes = Vec::with_capacity(samples.len());
    let mut tally = job.timer_spec().tally();
    let mut failed: Option<(usize, RunError)> = None;
    for part in on_all_threads(crew.threads(), &work) {
        match part {
            Ok((own, counted)) => {
                outcomes.extend(own);
                tally.merge(counted);
            }
            Err(one) if failed.as_ref().is_none_or(|first| one.0 < first.0) => failed = Some(one),
            Err(_) => {}
        }
    }
    if let Some((_, why)) = failed {
        return Err(why);
    }
    outcomes.sort_by_key(|(number, _)| *number);
    Ok((outcomes.into_iter().map(|(_, outcome)| outcome).collect(), tally))
}

/// One sample on one shard that holds all cores.
fn run_sample(
    job: &Job<'_>,
    number: usize,
    sample: &Sample,
    shard: &mut Shard<'_>,
    accounts: &mut Accounts<'_>,
) -> Result<SampleOutcome, Diagnostic> {
    let (mut host, mut outbox) = (Outbox::default(), Outbox::default());
    let mut activity = Activity::default();
    let skipped_before = shard.skipped_updates();
    shard.start_sample(number as u32, sample);
    for step in 0..job.program.sample_steps(sample.steps) {
        activity.clear();
        job.inject((number, step), sample, &mut host, &mut activity);
        shard.update(step, &mut outbox, &mut activity);
        shard.deliver(step, [&host, &outbox]);
        shard.learn(step, sample.reward_at(step));
        accounts.readout.close_step(step, &mut activity, shard.spikes());
        accounts.timer.close_step(&activity)?;
        accounts.readout.keep_probes(step, |probe, values| shard.sample_probe(probe, values));
    }
    Ok(accounts.readout.finish_sample(shard.skipped_updates() - skipped_before))
}

/// Puts the samples' outcomes together, in order; all but the ledger.
fn join(job: &Job<'_>, outcomes: Vec<SampleOutcome>) -> RunOutcome {
    let mut result = RunOutcome {
        output_counts: Vec::with_capacity(outcomes.len()),
        window_spikes: vec![0; job.program.populations.len()],
        ledger: Ledger::default(),
        spikes: Vec::new(),
        activity: Vec::new(),
        probes: vec![ProbeRecord::default(); job.probes.len()],
        extent: job.extent.clone(),
        skipped_updates: 0,
        learned: Vec::new(),
    };
    for outcome in outcomes {
        result.output_counts.push(outcome.output_counts);
        for (total, spikes) in result.window_spikes.iter_mut().zip(outcome.window_spikes) {
            *total += spikes;
        }
        result.spikes.extend(outcome.spikes);
        result.activity.extend(outcome.activity);
        result.skipped_updates += outcome.skipped_updates;
        for (record, values) in result.probes.iter_mut().zip(outcome.probes) {
            record.values.extend(values);
        }
    }
    result
}
