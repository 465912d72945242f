//! One thread's timing and counting, and the pool of threads that time timesteps side by side.
//!
//! A timing model carries nothing from one timestep to the next, and what is counted adds up in any
//! order; what has an order is put into it at the end ([`Tally::finish`]). So any thread can take
//! any timestep.

use std::borrow::Borrow;
use std::num::NonZero;

use quarrion_isa::activity::Activity;
use quarrion_isa::chip::Chip;
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::ledger::FaultCounts;
use quarrion_isa::timing::StepTime;

use crate::crew::{Crew, Hands, on_all_threads};
use crate::job::Extent;
use crate::tally::Tally;
use crate::time::{CountModel, Fates, Following, Timing, TimingModel, Traffic, timing_model};

/// Packets from which on a timestep gets all threads that have nothing to do.
const LARGE_STEP: usize = 1 << 14;

/// A timestep's time, or why it never ends.
type Timed = Result<StepTime, Diagnostic>;

/// What decides how timesteps are timed and counted.
#[derive(Clone, Copy, Debug)]
pub struct TimerSpec<'a> {
    /// The chip.
    pub chip: &'a Chip,
    /// What the program occupies of it.
    pub extent: &'a Extent,
    /// Populations of the program.
    pub populations: usize,
    /// Timing model.
    pub timing: Timing,
    /// Packets that are followed link by link.
    pub following: &'a Following,
}

impl TimerSpec<'_> {
    /// A ledger of no timestep.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let Extent { cores, tiles, chips } = self.extent;
        Tally::new(self.chip, cores, *tiles, *chips, self.populations)
    }
}

/// Times and counts timesteps.
#[derive(Debug)]
pub struct Timer<'a> {
    chip: &'a Chip,
    model: Box<dyn TimingModel>,
    traffic: Traffic,
    tally: Tally,
    crew: Option<&'a Crew>,
}

impl<'a> Timer<'a> {
    /// A timer of no timestep so far.
    ///
    /// # Errors
    /// The chip describes a mesh that the timing model cannot run; its author must act.
    pub fn new(spec: &TimerSpec<'a>) -> Result<Self, Diagnostic> {
        let Extent { cores, tiles, .. } = spec.extent;
        let mut model = timing_model(spec.timing, spec.chip, cores, *tiles)?;
        model.follow(spec.following);
        let traffic = Traffic::default();
        Ok(Self { chip: spec.chip, model, traffic, tally: spec.tally(), crew: None })
    }

    /// A timer that may borrow threads.
    pub(crate) fn with_crew(spec: &TimerSpec<'a>, crew: &'a Crew) -> Result<Self, Diagnostic> {
        Ok(Self { crew: Some(crew), ..Self::new(spec)? })
    }

    /// A sample of which there may be no timestep.
    pub fn open_sample(&mut self, number: u32) {
        self.tally.open_sample(number);
    }

    /// Times and counts a timestep.
    ///
    /// # Errors
    /// The packets of the step never arrive; the chip's author must act.
    pub fn close_step(&mut self, activity: &Activity) -> Result<(), Diagnostic> {
        let time = self.with_hands(activity, |model, chip, traffic| {
            model.time_step(chip, activity, traffic)
        })?;
        self.count_step(activity, time, FaultCounts::default());
        Ok(())
    }

    /// Times a timestep of a coupled run; [`Self::count_step`] has to follow.
    pub(crate) fn time_coupled(&mut self, activity: &Activity, fates: &mut Fates) -> Timed {
        self.with_hands(activity, |model, chip, traffic| {
            model.time_coupled(chip, activity, traffic, fates)
        })
    }

    /// Has a timestep's packets timed, by as many threads as are idle if there are many packets.
    fn with_hands(
        &mut self,
        activity: &Activity,
        time: impl FnOnce(&mut dyn TimingModel, &Chip, &mut Traffic) -> Timed,
    ) -> Timed {
        self.traffic.expand(activity, self.chip);
        let large = self.traffic.packets.len() >= LARGE_STEP;
        let hands = self.crew.filter(|_| large).map(Crew::borrow);
        let idle = hands.as_ref().map_or(0, Hands::threads);
        self.model.use_threads(NonZero::<usize>::MIN.saturating_add(idle));
        time(self.model.as_mut(), self.chip, &mut self.traffic)
    }

    /// Counts a timestep, and what went wrong in it beside lost packets.
    pub(crate) fn count_step(&mut self, activity: &Activity, time: StepTime, faults: FaultCounts) {
        let times = (time, faults);
        self.tally.count_step(self.chip, activity, &self.traffic, times, self.model.cores());
    }

    /// The times of the cores in the last timestep.
    pub(crate) fn cores(&self) -> &CountModel {
        self.model.cores()
    }

    /// What was counted.
    ///
    /// # Errors
    /// What the model said of the packets that it is to follow; it said so before.
    pub fn finish(mut self) -> Result<Tally, Diagnostic> {
        self.tally.count_waits(self.model.take_waits()?);
        Ok(self.tally)
    }
}

/// Times what `next` hands out, in order, on all threads of the crew, until there is no more.
///
/// When a timestep cannot be timed `stop` is called: from then on `next` has nothing more.
///
/// # Errors
/// The finding of the earliest timestep that cannot be timed.
pub(crate) fn time_all<A: Borrow<Activity>>(
    spec: &TimerSpec<'_>,
    crew: &Crew,
    next: &(dyn Fn() -> Option<A> + Sync),
    stop: &(dyn Fn() + Sync),
) -> Result<Tally, Diagnostic> {
    let work = || {
        let _ward = Ward(stop);
        let tally = attend(spec, crew, next);
        if tally.is_err() {
            stop();
        }
        tally
    };
    let mut whole = spec.tally();
    let mut failed: Option<Failed> = None;
    for part in on_all_threads(crew.threads(), &work) {
        match part {
            Ok(tally) => whole.merge(tally),
            Err(one) if failed.as_ref().is_none_or(|first| one.at < first.at) => failed = Some(one),
            Err(_) => {}
        }
    }
    failed.map_or(Ok(whole), |failed| Err(failed.why))
}

/// A timestep that cannot be timed.
struct Failed {
    /// Sample and step. Nothing comes before a thread's first timestep but the model itself.
    at: (u32, u32),
    why: Diagnostic,
}

/// One thread's part.
fn attend<A: Borrow<Activity>>(
    spec: &TimerSpec<'_>,
    crew: &Crew,
    next: &(dyn Fn() -> Option<A> + Sync),
) -> Result<Tally, Failed> {
    let mut at = (0, 0);
    let failed = |at, why| Failed { at, why };
    let mut timer = Timer::with_crew(spec, crew).map_err(|why| failed(at, why))?;
    while let Some(record) = next() {
        let _own = crew.work();
        let activity = record.borrow();
        at = (activity.sample, activity.step);
        timer.close_step(activity).map_err(|why| failed(at, why))?;
    }
    timer.finish().map_err(|why| failed(at, why))
}

/// Stops the supply when a thread panics, or whoever fills it would wait for ever.
struct Ward<'a>(&'a (dyn Fn() + Sync));

impl Drop for Ward<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            (self.0)();
        }
    }
}
