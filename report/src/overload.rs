//! Ticks that are too short for the work of their timesteps.

use quarrion_isa::chip::{Chip, Synchronisation};
use quarrion_isa::ledger::Ledger;
use quarrion_isa::quantity::Picoseconds;
use serde::{Deserialize, Serialize};

use crate::figures;

/// Timesteps that a tick ends before their work is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overload {
    /// How many.
    pub steps: u64,
    /// Length of a tick.
    pub tick: Picoseconds,
    /// What the work of the worst of them takes.
    pub longest: Picoseconds,
    /// What takes so long, with its place.
    pub place: String,
}

impl Overload {
    /// The overload of a run, if it had any.
    #[must_use]
    pub fn of(chip: &Chip, ledger: &Ledger) -> Option<Self> {
        let (Synchronisation::GlobalTick { period } | Synchronisation::FreeRunning { period }) =
            chip.synchronisation
        else {
            return None;
        };
        let over = || ledger.steps.iter().filter(|row| row.time.excess > Picoseconds::ZERO);
        // The first of several.
        let worst = over().rev().max_by_key(|row| row.time.excess)?;
        Some(Self {
            steps: over().count() as u64,
            tick: period,
            longest: period + worst.time.excess,
            place: worst.time.bound.place(&chip.mesh),
        })
    }

    /// The same in one sentence.
    #[must_use]
    pub fn told(&self, steps: u64) -> String {
        format!(
            "{} of {steps} timesteps have more to do than a tick of {} lets them: the worst takes \
             {} ({})",
            self.steps,
            figures::time(self.tick.0 as f64),
            figures::time(self.longest.0 as f64),
            self.place
        )
    }

    /// A way out.
    #[must_use]
    pub fn advice(&self) -> String {
        let enough = self.longest.0.div_ceil(1000);
        format!(
            "lengthen the tick (--set synchronisation.period_ns={enough} or more), spread the network over \
             more cores, or give less input in a step"
        )
    }
}
