//! What one sample leaves behind, and how it is collected step by step.

use quarrion_isa::activity::Activity;
use quarrion_isa::chip::{Chip, Overlap};
use quarrion_isa::ledger::FaultCounts;
use quarrion_isa::stimulus::Sample;
use quarrion_isa::timing::StepTime;

use crate::engine::Spike;
use crate::job::{Job, Recording, RunError, SpikeRecord};
use crate::probe::PlacedProbe;
use crate::tally::Tally;
use crate::time::{Fates, TimingModel, Traffic, timing_model};

/// What one sample leaves behind.
#[derive(Debug)]
pub(crate) struct SampleOutcome {
    pub(crate) output_counts: Vec<u32>,
    pub(crate) window_spikes: Vec<u64>,
    pub(crate) spikes: Vec<SpikeRecord>,
    pub(crate) activity: Vec<Activity>,
    /// What each probe saw: `[step][neuron]`.
    pub(crate) probes: Vec<Vec<i32>>,
    pub(crate) tally: Tally,
    /// Updates passed over.
    pub(crate) skipped_updates: u64,
}

/// Closes timesteps: reads outputs out, times and counts the record.
#[derive(Debug)]
pub(crate) struct Accounts<'a> {
    job: Job<'a>,
    model: Box<dyn TimingModel>,
    traffic: Traffic,
    outcome: SampleOutcome,
    sample: u32,
    input_steps: u32,
    steps: u32,
    /// Parameters and rewards that the host writes, by timestep.
    writes: Vec<u32>,
    /// Cores that take each reward.
    rewarded: u32,
}

impl<'a> Accounts<'a> {
    pub(crate) fn new(job: &Job<'a>) -> Result<Self, RunError> {
        let extent = job.extent;
        let options = job.options;
        let mut model = timing_model(options.timing, job.chip, &extent.cores, extent.tiles)?;
        model.follow(&options.following);
        Ok(Self {
            job: *job,
            model,
            traffic: Traffic::default(),
            outcome: empty(job),
            sample: 0,
            input_steps: 0,
            steps: 0,
            writes: Vec::new(),
            rewarded: job.tables.rewarded_cores(),
        })
    }

    /// An empty tally of the run's program.
    pub(crate) fn tally(job: &Job<'_>) -> Tally {
        let extent = job.extent;
        let populations = job.program.populations.len();
        Tally::new(job.chip, &extent.cores, extent.tiles, extent.chips, populations)
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
        self.outcome.tally.start_sample();
    }

    /// Closes a timestep whose record holds everything but the host's part after the update.
    pub(crate) fn close_step(
        &mut self,
        step: u32,
        activity: &mut Activity,
        spikes: &[Spike],
    ) -> Result<(), RunError> {
        self.complete(step, activity, spikes);
        let time = self.model.time_step(self.job.chip, activity, &mut self.traffic)?;
        self.count_step(activity, time, FaultCounts::default());
        Ok(())
    }

    /// Times a timestep of a coupled run; [`Self::count_step`] has to follow.
    pub(crate) fn time_coupled(
        &mut self,
        step: u32,
        activity: &mut Activity,
        spikes: &[Spike],
        fates: &mut Fates,
    ) -> Result<StepTime, RunError> {
        self.complete(step, activity, spikes);
        Ok(self.model.time_coupled(self.job.chip, activity, &mut self.traffic, fates)?)
    }

    /// Work of a core, by position, in the last timestep that was timed: its loop and its lists,
    /// beside each other where the core overlaps them.
    pub(crate) fn work_of(&self, chip: &Chip, at: usize) -> u64 {
        let times = self.model.cores();
        let (update, service) = (times.update_time(at).0, times.service_time(at).0);
        match chip.core_type(self.job.extent.cores[at]).overlap {
            Overlap::Overlapped => update.max(service),
            Overlap::Sequential => update + service,
        }
    }

    /// Puts the host's part into a record and expands its packets.
    fn complete(&mut self, step: u32, activity: &mut Activity, spikes: &[Spike]) {
        activity.sample = self.sample;
        activity.step = step;
        activity.host.spikes_out = self.read_out(step, spikes);
        activity.host.parameter_writes = self.writes[step as usize];
        activity.host.state_resets = u32::from(step + 1 == self.steps);
        self.traffic.expand(activity, self.job.chip);
    }

    /// Counts a timestep, and what went wrong in it beside lost packets.
    pub(crate) fn count_step(&mut self, activity: &Activity, time: StepTime, faults: FaultCounts) {
        let chip = self.job.chip;
        let times = self.model.cores();
        self.outcome.tally.count_step(chip, activity, &self.traffic, (time, faults), times);
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

    pub(crate) fn finish_sample(&mut self) -> Result<SampleOutcome, RunError> {
        self.outcome.tally.count_waits(&self.model.take_waits()?);
        Ok(std::mem::replace(&mut self.outcome, empty(&self.job)))
    }
}

fn empty(job: &Job<'_>) -> SampleOutcome {
    SampleOutcome {
        output_counts: vec![0; job.program.output_population().size as usize],
        window_spikes: vec![0; job.program.populations.len()],
        spikes: Vec::new(),
        activity: Vec::new(),
        probes: vec![Vec::new(); job.probes.len()],
        tally: Accounts::tally(job),
        skipped_updates: 0,
    }
}
