//! Lists on their way to be served, where timesteps do not wait for them.

use quarrion_isa::chip::{Chip, Synchronisation};

/// A list that is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Served {
    /// Timestep in which its spike was sent.
    pub sent: u32,
    /// Position in that timestep's [`quarrion_isa::activity::Activity::destinations`].
    pub destination: u32,
}

/// What becomes of lists, timestep by timestep of one sample.
#[derive(Clone, Debug, Default)]
pub struct Fates {
    /// The timestep at hand.
    step: u32,
    /// Length of a timestep; `None` where a timestep ends when everything has arrived.
    period_ps: Option<u64>,
    /// Lists that will be served later: time from the beginning of the sample, list.
    flying: Vec<(u64, Served)>,
    /// Lists served in the timestep at hand, in the order in which they were sent.
    served: Vec<Served>,
    /// Lists of which it became known in this timestep that their packets were dropped.
    dropped: u64,
}

impl Fates {
    /// Nothing under way; timesteps as the chip has them.
    #[must_use]
    pub fn new(chip: &Chip) -> Self {
        let period_ps = match chip.synchronisation {
            Synchronisation::Barrier(_) => None,
            Synchronisation::GlobalTick { period } | Synchronisation::FreeRunning { period } => {
                Some(period.0)
            }
        };
        Self { period_ps, ..Self::default() }
    }

    /// Begins a timestep.
    pub fn open_step(&mut self, step: u32) {
        self.step = step;
        self.served.clear();
        self.dropped = 0;
    }

    /// When the timestep at hand begins, from the beginning of the sample.
    #[must_use]
    pub fn begins(&self) -> u64 {
        self.period_ps.unwrap_or(0) * u64::from(self.step)
    }

    /// When it ends; `None` where that is when everything has arrived.
    #[must_use]
    pub fn ends(&self) -> Option<u64> {
        self.period_ps.map(|period| period * (u64::from(self.step) + 1))
    }

    /// The timestep at hand.
    #[must_use]
    pub fn step(&self) -> u32 {
        self.step
    }

    /// A list of this timestep will be served so long after the timestep's beginning.
    pub fn announce(&mut self, destination: u32, time_ps: u64) {
        let served = Served { sent: self.step, destination };
        self.flying.push((self.begins().saturating_add(time_ps), served));
    }

    /// A list is served before this timestep ends.
    pub fn serve(&mut self, served: Served) {
        self.served.push(served);
    }

    /// So many lists are never served: their packets were dropped.
    pub fn drop_lists(&mut self, lists: u64) {
        self.dropped += lists;
    }

    /// Ends the timestep: what was announced for a time before its end is served.
    pub fn close_step(&mut self) {
        let end = self.ends().unwrap_or(u64::MAX);
        let served = &mut self.served;
        self.flying.retain(|(time, list)| {
            let later = *time > end;
            if !later {
                served.push(*list);
            }
            later
        });
        self.served.sort_unstable();
    }

    /// Lists served in the timestep at hand, in the order in which they were sent.
    #[must_use]
    pub fn served(&self) -> &[Served] {
        &self.served
    }

    /// Lists whose packets were dropped, as far as that became known in this timestep.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}
