//! What one sample leaves behind, and how it is collected step by step.

use quarrion_isa::activity::Activity;
use quarrion_isa::stimulus::Sample;

use crate::engine::Spike;
use crate::job::{Job, Recording, SpikeRecord};
use crate::probe::PlacedProbe;
use crate::timer::Timer;

/// What one sample leaves behind.
#[derive(Debug)]
pub(crate) struct SampleOutcome {
    pub(crate) output_counts: Vec<u32>,
    pub(crate) window_spikes: Vec<u64>,
    pub(crate) spikes: Vec<SpikeRecord>,
    pub(crate) activity: Vec<Activity>,
    /// What each probe saw: `[step][neuron]`.
    pub(crate) probes: Vec<Vec<i32>>,
    /// Updates passed over.
    pub(crate) skipped_updates: u64,
}

/// What one thread reads out, times and counts of the samples that it runs.
#[derive(Debug)]
pub(crate) struct Accounts<'a> {
    pub(crate) readout: Readout<'a>,
    pub(crate) timer: Timer<'a>,
}

impl Accounts<'_> {
    pub(crate) fn start_sample(&mut self, number: usize, sample: &Sample) {
        self.readout.start_sample(number, sample);
        self.timer.open_sample(number as u32);
    }
}

/// Reads outputs out of timesteps, in order, and completes their records.
#[derive(Debug)]
pub(crate) struct Readout<'a> {
    job: Job<'a>,
    outcome: SampleOutcome,
    sample: u32,
    input_steps: u32,
    steps: u32,
    /// Parameters and rewards that the host writes, by timestep.
    writes: Vec<u32>,
    /// Cores that take each reward.
    rewarded: u32,
}

impl<'a> Readout<'a> {
    pub(crate) fn new(job: &Job<'a>) -> Self {
        Self {
            job: *job,
            outcome: empty(job),
            sample: 0,
            input_steps: 0,
            steps: 0,
            writes: Vec::new(),
            rewarded: job.tables.rewarded_cores(),
        }
    }

    pub(crate) fn start_sample(&mut self, number: usize, sample: &Sample) {
        self.sample = number as u32;
        self.input_steps = sample.steps;
        self.steps = self.job.program.sample_steps(sample.steps);
        self.writes.clear();
        self.writes.resize(self.steps as usize, 0);
        if let Some(first) = self.writes.first_mut() {
            *first = sample.writes.iter().map(|write| self.job.tables.registers(write)).sum();
        }
        for reward in &sample.rewards {
            if let Some(writes) = self.writes.get_mut(reward.step as usize) {
                *writes += self.rewarded;
            }
        }
    }

    /// Completes a timestep's record, which holds everything but the host's part after the update.
    pub(crate) fn close_step(&mut self, step: u32, activity: &mut Activity, spikes: &[Spike]) {
        activity.sample = self.sample;
        activity.step = step;
        activity.host.spikes_out = self.read_out(step, spikes);
        activity.host.parameter_writes = self.writes[step as usize];
        activity.host.state_resets = u32::from(step + 1 == self.steps);
        if self.job.options.recording == Recording::Activity {
            self.outcome.activity.push(activity.clone());
        }
    }

    /// Counts spikes in their populations' windows; returns how many the host reads.
    fn read_out(&mut self, step: u32, spikes: &[Spike]) -> u32 {
        let program = self.job.program;
        let mut read = 0;
        for spike in spikes {
            let population = &program.populations[spike.population.index()];
            if program.window(population, self.input_steps).contains(&step) {
                self.outcome.window_spikes[spike.population.index()] += 1;
                if spike.population == program.output {
                    self.outcome.output_counts[spike.neuron as usize] += 1;
                    read += 1;
                }
            }
        }
        if self.job.options.recording != Recording::Ledger {
            self.outcome.spikes.extend(spikes.iter().map(|spike| SpikeRecord {
                sample: self.sample,
                step,
                population: spike.population,
                neuron: spike.neuron,
                payload: spike.payload,
            }));
        }
        read
    }

    /// Records what the probes of the step see: `look` fills in one probe's neurons.
    pub(crate) fn keep_probes(
        &mut self,
        step: u32,
        mut look: impl FnMut(&PlacedProbe, &mut [i32]),
    ) {
        let probes = self.job.probes.iter().zip(&mut self.outcome.probes);
        for (probe, values) in probes.filter(|(probe, _)| probe.steps.contains(&step)) {
            let start = values.len();
            values.resize(start + probe.neurons.len(), 0);
            look(probe, &mut values[start..]);
        }
    }

    /// What the sample leaves behind.
    pub(crate) fn finish_sample(&mut self, skipped_updates: u64) -> SampleOutcome {
        let outcome = std::mem::replace(&mut self.outcome, empty(&self.job));
        SampleOutcome { skipped_updates, ..outcome }
    }
}

fn empty(job: &Job<'_>) -> SampleOutcome {
    SampleOutcome {
        output_counts: vec![0; job.program.output_population().size as usize],
        window_spikes: vec![0; job.program.populations.len()],
        spikes: Vec::new(),
        activity: Vec::new(),
        probes: vec![Vec::new(); job.probes.len()],
        skipped_updates: 0,
    }
}
