//! Runs in which time feeds back into function, on the same update and delivery as any other.
//!
//! * On a *global tick* a packet carries the tick in which it is due. A list that is served later
//!   adds its synapses to the next tick that has not begun, and is counted as late.
//! * *Free-running* cores count delays from the arrival, so a late packet shifts in time. A core
//!   whose work takes longer than its timer misses the ticks that it is late for: their inputs are
//!   lost. The timers start together and do not drift.
//! * Where routers drop packets that wait too long, dropped packets are not delivered.
//!
//! Programs that learn are run on a global tick as if every packet came in time, and refused on
//! the other two.
//!
//! A sample runs on one thread, so that threads change nothing; samples run side by side.

use std::collections::VecDeque;

use quarrion_isa::activity::Activity;
use quarrion_isa::chip::{Chip, Overlap, Synchronisation};
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::ledger::FaultCounts;
use quarrion_isa::stimulus::Sample;

use crate::engine::{Arrival, Lag, Outbox, Shard};
use crate::job::Job;
use crate::pieces::{Accounts, SampleOutcome};
use crate::time::{CountModel, Fates, Served};

/// Whether what a chip computes depends on how long its packets take.
#[must_use]
pub fn is_coupled(chip: &Chip) -> bool {
    !matches!(chip.synchronisation, Synchronisation::Barrier(_)) || chip.mesh.drop_after.is_some()
}

/// Spikes that are under way, by the timestep in which they were sent.
#[derive(Debug, Default)]
struct Flight {
    first: u32,
    /// Position of the destination core and arrival, in the order of the record.
    sent: VecDeque<Vec<(u32, Arrival)>>,
    /// How many of each timestep's are still under way.
    open: VecDeque<usize>,
}

impl Flight {
    fn depart(&mut self, host: &Outbox, cores: &Outbox) {
        let all: Vec<_> = [host, cores].iter().flat_map(|box_| box_.arrivals()).copied().collect();
        self.open.push_back(all.len());
        self.sent.push_back(all);
    }

    /// The spikes of the lists that are served, all of them sent in one timestep.
    fn arrive(&mut self, served: &[Served]) -> Vec<(u32, Arrival)> {
        let Some(at) = served.first().map(|list| (list.sent - self.first) as usize) else {
            return Vec::new();
        };
        self.open[at] -= served.len();
        served.iter().map(|list| self.sent[at][list.destination as usize]).collect()
    }

    /// Forgets timesteps of which nothing is under way any more: all, where a timestep ends when
    /// everything has arrived or was dropped.
    fn tidy(&mut self, chip: &Chip) {
        let all = matches!(chip.synchronisation, Synchronisation::Barrier(_));
        while self.open.front().is_some_and(|open| all || *open == 0) {
            self.open.pop_front();
            self.sent.pop_front();
            self.first += 1;
        }
    }
}

/// One sample on one shard that holds all cores.
pub(crate) fn run_sample(
    job: &Job<'_>,
    number: usize,
    sample: &Sample,
    shard: &mut Shard<'_>,
    accounts: &mut Accounts<'_>,
) -> Result<SampleOutcome, Diagnostic> {
    let (mut host, mut outbox) = (Outbox::default(), Outbox::default());
    let mut activity = Activity::default();
    let mut flight = Flight::default();
    let mut fates = Fates::new(job.chip);
    let mut behind = vec![0_u64; job.tables.core_count()];
    let skipped_before = shard.skipped_updates();
    shard.miss_next(&[]);
    shard.start_sample(number as u32, sample);
    for step in 0..job.program.sample_steps(sample.steps) {
        activity.clear();
        job.inject((number, step), sample, &mut host, &mut activity);
        shard.update(step, &mut outbox, &mut activity);
        flight.depart(&host, &outbox);
        fates.open_step(step);
        accounts.readout.close_step(step, &mut activity, shard.spikes());
        let time = accounts.timer.time_coupled(&activity, &mut fates)?;
        let mut faults = FaultCounts { dropped: fates.dropped(), ..FaultCounts::default() };
        for lists in fates.served().chunk_by(|a, b| a.sent == b.sent) {
            let sent = lists[0].sent;
            let lag = lag(job.chip, step - sent);
            faults.late += shard.deliver_late(sent, lag, flight.arrive(lists));
        }
        flight.tidy(job.chip);
        faults.overruns = overruns(job, accounts.timer.cores(), &mut behind);
        if matches!(job.chip.synchronisation, Synchronisation::FreeRunning { .. }) {
            let missing: Vec<bool> = behind.iter().map(|behind| *behind > 0).collect();
            shard.miss_next(&missing);
        }
        accounts.timer.count_step(&activity, time, faults);
        accounts.readout.keep_probes(step, |probe, values| shard.sample_probe(probe, values));
    }
    shard.miss_next(&[]);
    Ok(accounts.readout.finish_sample(shard.skipped_updates() - skipped_before))
}

/// What it does to a list to be served so many steps after its spike.
fn lag(chip: &Chip, steps: u32) -> Lag {
    match (steps, &chip.synchronisation) {
        (0, _) => Lag::None,
        (_, Synchronisation::FreeRunning { .. }) => Lag::Shift(steps),
        (_, Synchronisation::GlobalTick { .. } | Synchronisation::Barrier(_)) => Lag::Due(steps),
    }
}

/// Counts the cores whose work is not done when the next tick comes. `behind` is the work that
/// they are behind with.
fn overruns(job: &Job<'_>, times: &CountModel, behind: &mut [u64]) -> u64 {
    let (Synchronisation::GlobalTick { period } | Synchronisation::FreeRunning { period }) =
        job.chip.synchronisation
    else {
        return 0;
    };
    let mut overruns = 0;
    for (at, behind) in behind.iter_mut().enumerate() {
        *behind = (*behind + work_of(job, times, at)).saturating_sub(period.0);
        overruns += u64::from(*behind > 0);
    }
    overruns
}

/// Work of a core, by position, in a timestep: its loop and its lists, beside each other where the
/// core overlaps them.
fn work_of(job: &Job<'_>, times: &CountModel, at: usize) -> u64 {
    let (update, service) = (times.update_time(at).0, times.service_time(at).0);
    match job.chip.core_type(job.extent.cores[at]).overlap {
        Overlap::Overlapped => update.max(service),
        Overlap::Sequential => update + service,
    }
}
