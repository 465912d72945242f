//! Few samples, several threads: the cores of one sample are divided into shards.
//!
//! In every timestep each worker updates its cores, sends its outbox to all workers and its part of
//! the record to the reducer, takes the outboxes of all workers in shard order, and delivers.
//! Taking an outbox from every worker is the barrier. The reducer, on the calling thread, puts the
//! parts of a timestep together in shard order and times and counts it while the workers go on.

use std::ops::Range;
use std::sync::Arc;

use crossbeam::channel::{Receiver, Sender, bounded};
use quarrion_isa::activity::Activity;
use quarrion_isa::learning::{LearnedProjection, PlasticSynapse};
use quarrion_isa::stimulus::Sample;

use crate::engine::{Outbox, Shard, Spike};
use crate::job::{Job, Observer, Progress, RunError};
use crate::pieces::{Accounts, SampleOutcome};
use crate::probe::PlacedProbe;

/// Timesteps that workers may be ahead of the reducer.
const AHEAD: usize = 64;

/// A shard's part of a timestep, for the reducer.
struct Part {
    activity: Activity,
    spikes: Vec<Spike>,
    /// What each probe of the step sees on the shard; zero for neurons of other shards.
    probes: Vec<Vec<i32>>,
    /// Updates passed over.
    skipped_updates: u64,
}

/// The channels of one worker.
struct Links {
    to_workers: Vec<Sender<Arc<Outbox>>>,
    from_workers: Vec<Receiver<Arc<Outbox>>>,
    to_reducer: Sender<Part>,
}

/// Runs the samples one after the other, each on all shards; says what was learned as well.
pub(crate) fn run_sharded(
    job: &Job<'_>,
    threads: usize,
    observer: Observer<'_>,
) -> Result<(Vec<SampleOutcome>, Vec<LearnedProjection>), RunError> {
    let ranges = divide(job, threads);
    let (links, parts) = connect(ranges.len());
    std::thread::scope(|scope| {
        // Dropped at the end of this closure, before the workers are waited for.
        let parts = parts;
        let spawn = |(range, links)| scope.spawn(move || work(job, range, &links));
        let workers: Vec<_> = ranges.into_iter().zip(links).map(spawn).collect();
        let mut accounts = Accounts::new(job)?;
        let mut outcomes = Vec::new();
        for (number, sample) in job.stimulus.samples.iter().enumerate() {
            accounts.start_sample(number, sample);
            let mut skipped_updates = 0;
            for step in 0..job.program.sample_steps(sample.steps) {
                let Some(mut whole) = gather(job, (number, step), sample, &parts) else {
                    return Err(RunError::Interrupted);
                };
                accounts.close_step(step, &mut whole.activity, &whole.spikes)?;
                skipped_updates += whole.skipped_updates;
                let mut seen = whole.probes.iter();
                accounts.keep_probes(step, |_, values| {
                    seen.next().into_iter().for_each(|seen| values.copy_from_slice(seen));
                });
            }
            outcomes.push(SampleOutcome { skipped_updates, ..accounts.finish_sample()? });
            // Without receivers the workers end: their next send fails.
            if observer(Progress { samples: number + 1 }).is_break() {
                return Err(RunError::Interrupted);
            }
        }
        let mut learned = Vec::new();
        for worker in workers {
            match worker.join() {
                Ok(part) => learned.extend(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok((outcomes, LearnedProjection::gather(job.program, learned)))
    })
}

/// Contiguous ranges of cores with about equal numbers of synapses and compartments.
fn divide(job: &Job<'_>, threads: usize) -> Vec<Range<usize>> {
    let weight = |core: &quarrion_isa::program::CoreProgram| {
        core.synapse_words() + u64::from(core.compartments) + 1
    };
    let total: u64 = job.program.cores.iter().map(weight).sum();
    let shards = threads.clamp(1, job.program.cores.len().max(1));
    let mut ranges = Vec::with_capacity(shards);
    let (mut start, mut passed) = (0, 0);
    for (position, core) in job.program.cores.iter().enumerate() {
        passed += weight(core);
        let goal = total * (ranges.len() as u64 + 1) / shards as u64;
        if passed >= goal && ranges.len() + 1 < shards {
            ranges.push(start..position + 1);
            start = position + 1;
        }
    }
    ranges.push(start..job.program.cores.len());
    ranges
}

fn connect(shards: usize) -> (Vec<Links>, Vec<Receiver<Part>>) {
    let mut senders: Vec<Vec<Sender<Arc<Outbox>>>> = vec![Vec::new(); shards];
    let mut receivers: Vec<Vec<Receiver<Arc<Outbox>>>> = vec![Vec::new(); shards];
    for from in &mut senders {
        for to in &mut receivers {
            let (sender, receiver) = bounded(1);
            from.push(sender);
            to.push(receiver);
        }
    }
    let mut links = Vec::with_capacity(shards);
    let mut parts = Vec::with_capacity(shards);
    for (to_workers, from_workers) in senders.into_iter().zip(receivers) {
        let (to_reducer, part) = bounded(AHEAD);
        links.push(Links { to_workers, from_workers, to_reducer });
        parts.push(part);
    }
    (links, parts)
}

/// A worker's life; it ends early when a channel's other end is gone. Returns what its cores have
/// learned.
fn work(job: &Job<'_>, range: Range<usize>, links: &Links) -> Vec<PlasticSynapse> {
    let mut shard = job.shard(range);
    let mut host = Outbox::default();
    let mut scratch = Activity::default();
    for (number, sample) in job.stimulus.samples.iter().enumerate() {
        shard.start_sample(number as u32, sample);
        for step in 0..job.program.sample_steps(sample.steps) {
            scratch.clear();
            job.inject((number, step), sample, &mut host, &mut scratch);
            let mut outbox = Outbox::default();
            let mut activity = Activity::default();
            let skipped_before = shard.skipped_updates();
            shard.update(step, &mut outbox, &mut activity);
            let skipped_updates = shard.skipped_updates() - skipped_before;
            let outbox = Arc::new(outbox);
            for to in &links.to_workers {
                if to.send(Arc::clone(&outbox)).is_err() {
                    return Vec::new();
                }
            }
            let received: Result<Vec<_>, _> =
                links.from_workers.iter().map(Receiver::recv).collect();
            let Ok(received) = received else { return Vec::new() };
            let outboxes = std::iter::once(&host).chain(received.iter().map(Arc::as_ref));
            shard.deliver(step, outboxes);
            shard.learn(step, sample.reward_at(step));
            let probes = look(job, &shard, step);
            let part = Part { activity, spikes: shard.spikes().to_vec(), probes, skipped_updates };
            if links.to_reducer.send(part).is_err() {
                return Vec::new();
            }
        }
    }
    let mut learned = Vec::new();
    shard.visit_plastic(|projection, ends, state| learned.push((projection, ends, state)));
    learned
}

/// What the probes of a step see on a shard.
fn look(job: &Job<'_>, shard: &Shard<'_>, step: u32) -> Vec<Vec<i32>> {
    let see = |probe: &PlacedProbe| {
        let mut values = vec![0; probe.neurons.len()];
        shard.sample_probe(probe, &mut values);
        values
    };
    job.probes.iter().filter(|probe| probe.steps.contains(&step)).map(see).collect()
}

/// Puts the parts of a timestep together; `None` when a worker is gone.
fn gather(
    job: &Job<'_>,
    (number, step): (usize, u32),
    sample: &Sample,
    parts: &[Receiver<Part>],
) -> Option<Part> {
    let mut activity = Activity::default();
    let (mut spikes, mut skipped_updates) = (Vec::new(), 0);
    let asked = job.probes.iter().filter(|probe| probe.steps.contains(&step));
    let mut probes: Vec<Vec<i32>> = asked.map(|probe| vec![0; probe.neurons.len()]).collect();
    job.inject((number, step), sample, &mut Outbox::default(), &mut activity);
    for part in parts {
        let mut part = part.recv().ok()?;
        let before = activity.segments.len() as u32;
        for core in &mut part.activity.cores {
            core.first_segment += before;
        }
        activity.cores.append(&mut part.activity.cores);
        activity.segments.append(&mut part.activity.segments);
        activity.destinations.append(&mut part.activity.destinations);
        activity.lost += part.activity.lost;
        spikes.append(&mut part.spikes);
        skipped_updates += part.skipped_updates;
        for (whole, seen) in probes.iter_mut().zip(part.probes) {
            // A neuron lies on one shard only; the others see zero.
            whole.iter_mut().zip(seen).for_each(|(value, seen)| *value |= seen);
        }
    }
    Some(Part { activity, spikes, probes, skipped_updates })
}
