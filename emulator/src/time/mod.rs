//! Time: from an activity record and a chip to picoseconds.
//!
//! Every timing model reads the record and the chip and nothing else, so a stored run can be timed
//! again. [`Traffic`] expands a record into packets on their routes, once, for the timing model and
//! the ledger alike.

mod alone;
mod conserve;
mod contended;
mod count;
mod flight;
mod length;
mod network;
mod traffic;
mod waits;
mod ways;
mod window;

use std::num::NonZero;

use quarrion_isa::activity::Activity;
use quarrion_isa::chip::Chip;
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::id::CoreId;
use quarrion_isa::timing::StepTime;

pub use alone::network_ledger;
pub use conserve::violation;
pub use contended::{ContendedModel, PacketModel};
pub use count::CountModel;
pub use flight::{Fates, Served};
pub use length::{Length, LinkTake};
pub use network::ChipNetwork;
pub use traffic::{Origin, Packet, Traffic};
pub use waits::Waits;
pub use ways::{Follower, Following};

/// Which timing model a run uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Timing {
    /// Sums and maxima, no contention.
    #[default]
    Count,
    /// One record per packet, with contention.
    Queue,
    /// Flit by flit.
    Cycle,
}

/// A timing model at work: reads activity records and chip, nothing else.
pub trait TimingModel: std::fmt::Debug + Send {
    /// Times one timestep.
    ///
    /// # Errors
    /// The packets of the step never arrive; the chip's author must act.
    fn time_step(
        &mut self,
        chip: &Chip,
        activity: &Activity,
        traffic: &mut Traffic,
    ) -> Result<StepTime, Diagnostic>;

    /// Times one timestep of a run in which time feeds back into function: packets of earlier
    /// steps may still be under way. Says which lists are served before it ends.
    ///
    /// # Errors
    /// The packets never arrive; the chip's author must act.
    fn time_coupled(
        &mut self,
        chip: &Chip,
        activity: &Activity,
        traffic: &mut Traffic,
        fates: &mut Fates,
    ) -> Result<StepTime, Diagnostic>;

    /// The times of the cores in the last timestep.
    fn cores(&self) -> &CountModel;

    /// Chooses the packets that are followed; without contention there are none.
    fn follow(&mut self, following: &Following);

    /// Lets the next timesteps' packets move on so many threads, where the model can do that; it
    /// changes no time.
    fn use_threads(&mut self, threads: NonZero<usize>);

    /// What packets and links have waited since it was last asked for; nothing without contention.
    ///
    /// # Errors
    /// What the model said of the packets that it is to follow; it said so before.
    fn take_waits(&mut self) -> Result<Waits, Diagnostic>;
}

impl TimingModel for CountModel {
    fn time_step(
        &mut self,
        chip: &Chip,
        activity: &Activity,
        traffic: &mut Traffic,
    ) -> Result<StepTime, Diagnostic> {
        let longest = self.lower_bound(chip, activity, traffic);
        Ok(self.close(chip, activity, longest))
    }

    fn time_coupled(
        &mut self,
        chip: &Chip,
        activity: &Activity,
        traffic: &mut Traffic,
        fates: &mut Fates,
    ) -> Result<StepTime, Diagnostic> {
        let longest = self.lower_bound(chip, activity, traffic);
        for (destination, time) in (0..).zip(self.served()) {
            fates.announce(destination, *time);
        }
        fates.close_step();
        Ok(self.close(chip, activity, longest))
    }

    fn cores(&self) -> &CountModel {
        self
    }

    fn follow(&mut self, _: &Following) {}

    fn use_threads(&mut self, _: NonZero<usize>) {}

    fn take_waits(&mut self) -> Result<Waits, Diagnostic> {
        Ok(Waits::default())
    }
}

impl TimingModel for ContendedModel {
    fn time_step(
        &mut self,
        chip: &Chip,
        activity: &Activity,
        traffic: &mut Traffic,
    ) -> Result<StepTime, Diagnostic> {
        self.time_packets(chip, activity, traffic)
    }

    fn time_coupled(
        &mut self,
        chip: &Chip,
        activity: &Activity,
        traffic: &mut Traffic,
        fates: &mut Fates,
    ) -> Result<StepTime, Diagnostic> {
        self.time_window(chip, activity, traffic, fates)
    }

    fn cores(&self) -> &CountModel {
        self.count_model()
    }

    fn follow(&mut self, following: &Following) {
        Self::follow(self, following);
    }

    fn use_threads(&mut self, threads: NonZero<usize>) {
        Self::use_threads(self, threads);
    }

    fn take_waits(&mut self) -> Result<Waits, Diagnostic> {
        Self::take_waits(self)
    }
}

/// Makes the timing model for a program on `cores` (ascending) and `tiles` tiles.
///
/// # Errors
/// The chip describes a mesh that the model cannot run; its author must act.
pub fn timing_model(
    timing: Timing,
    chip: &Chip,
    cores: &[CoreId],
    tiles: u32,
) -> Result<Box<dyn TimingModel>, Diagnostic> {
    let count = CountModel::new(chip, cores, tiles);
    Ok(match timing {
        Timing::Count => Box::new(count),
        Timing::Queue => Box::new(ContendedModel::new(chip, count, PacketModel::Queue)?),
        Timing::Cycle => Box::new(ContendedModel::new(chip, count, PacketModel::Cycle)?),
    })
}
