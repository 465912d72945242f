//! Few samples, several threads: the cores of one sample are divided into shards.
//!
//! In every timestep each worker updates its cores, sends its outbox to all workers and its part of
//! the record to the reducer, takes the outboxes of all workers in shard order, and delivers.
//! Taking an outbox from every worker is the barrier. Meanwhile as many timers take the timesteps
//! that are whole: one of them at a time puts the parts of the next one together in shard order.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use crossbeam::channel::{Receiver, Sender, bounded};
use quarrion_isa::activity::Activity;
use quarrion_isa::learning::{LearnedProjection, PlasticSynapse};
use quarrion_isa::stimulus::Sample;

use crate::crew::Crew;
use crate::engine::{Outbox, Shard, Spike};
use crate::job::{Job, Observer, Progress, RunError};
use crate::pieces::{Readout, SampleOutcome};
use crate::probe::PlacedProbe;
use crate::tally::Tally;
use crate::timer::time_all;

/// Timesteps that workers may be ahead of the timers.
const AHEAD: usize = 64;

/// A shard's part of a timestep.
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
    to_timers: Sender<Part>,
}

/// Runs the samples one after the other, each on all shards; says what was learned as well.
pub(crate) fn run_sharded(
    job: &Job<'_>,
    crew: &Crew,
    observer: Observer<'_>,
) -> Result<(Vec<SampleOutcome>, Tally, Vec<LearnedProjection>), RunError> {
    let ranges = divide(job, crew.threads());
    let (links, parts) = connect(ranges.len());
    let gathering = Mutex::new(Gathering::new(job, parts, observer));
    let open = || gathering.lock().unwrap_or_else(PoisonError::into_inner);
    std::thread::scope(|scope| {
        let spawn = |(range, links)| scope.spawn(move || work(job, range, &links));
        let workers: Vec<_> = ranges.into_iter().zip(links).map(spawn).collect();
        let timed = time_all(&job.timer_spec(), crew, &|| open().next(), &|| open().stop());
        open().stop();
        let mut learned = Vec::new();
        for worker in workers {
            match worker.join() {
                Ok(part) => learned.extend(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        let mut tally = timed?;
        let outcomes = std::mem::take(&mut open().outcomes);
        if open().interrupted {
            return Err(RunError::Interrupted);
        }
        (0..outcomes.len() as u32).for_each(|number| {
            tally.open_sample(number);
        });
        Ok((outcomes, tally, LearnedProjection::gather(job.program, learned)))
    })
}

/// Puts the parts of timesteps together, in order.
struct Gathering<'a> {
    job: &'a Job<'a>,
    /// From each worker; none when the run is over.
    parts: Vec<Receiver<Part>>,
    observer: Observer<'a>,
    readout: Readout<'a>,
    outcomes: Vec<SampleOutcome>,
    /// Next timestep of the sample at hand.
    step: u32,
    skipped_updates: u64,
    /// By the observer.
    interrupted: bool,
}

impl<'a> Gathering<'a> {
    fn new(job: &'a Job<'a>, parts: Vec<Receiver<Part>>, observer: Observer<'a>) -> Self {
        let (readout, outcomes) = (Readout::new(job), Vec::new());
        Self {
            job,
            parts,
            observer,
            readout,
            outcomes,
            step: 0,
            skipped_updates: 0,
            interrupted: false,
        }
    }

    /// The next timestep's whole record.
    fn next(&mut self) -> Option<Activity> {
        loop {
            let number = self.outcomes.len();
            let sample = self.job.stimulus.samples.get(number)?;
            if self.step == 0 {
                self.readout.start_sample(number, sample);
            }
            if self.step < self.job.program.sample_steps(sample.steps) {
                return self.gather(number, sample);
            }
            self.step = 0;
            let skipped = std::mem::take(&mut self.skipped_updates);
            self.outcomes.push(self.readout.finish_sample(skipped));
            if (self.observer)(Progress { samples: number + 1 }).is_break() {
                self.interrupted = true;
                self.stop();
                return None;
            }
        }
    }

    /// Without receivers the workers end: their next send fails.
    fn stop(&mut self) {
        self.parts.clear();
    }

    /// Puts a timestep together; `None` when the run is over or a worker is gone.
    fn gather(&mut self, number: usize, sample: &Sample) -> Option<Activity> {
        if self.parts.is_empty() {
            return None;
        }
        let (job, step) = (self.job, self.step);
        let mut activity = Activity::default();
        let mut spikes = Vec::new();
        let asked = job.probes.iter().filter(|probe| probe.steps.contains(&step));
        let mut probes: Vec<Vec<i32>> = asked.map(|probe| vec![0; probe.neurons.len()]).collect();
        job.inject((number, step), sample, &mut Outbox::default(), &mut activity);
        for part in &self.parts {
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
            self.skipped_updates += part.skipped_updates;
            for (whole, seen) in probes.iter_mut().zip(part.probes) {
                // A neuron lies on one shard only; the others see zero.
                whole.iter_mut().zip(seen).for_each(|(value, seen)| *value |= seen);
            }
        }
        self.readout.close_step(step, &mut activity, &spikes);
        let mut seen = probes.iter();
        self.readout.keep_probes(step, |_, values| {
            seen.next().into_iter().for_each(|seen| values.copy_from_slice(seen));
        });
        self.step += 1;
        Some(activity)
    }
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
        let (to_timers, part) = bounded(AHEAD);
        links.push(Links { to_workers, from_workers, to_timers });
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
            if links.to_timers.send(part).is_err() {
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
