//! On-chip learning: plastic lists, traces, and the sweep at the end of an epoch.
//!
//! [`LearningTables`] is what a program says about it, lowered once; [`Plastic`] one core's part of
//! that and [`PlasticState`] what learning changes. A list is swept term by term over contiguous
//! arrays; which lists no term touches is known from the spikes of the epoch, so that they are
//! passed over (and counted all the same).

mod state;
mod sweep;
mod tables;

pub(super) use state::PlasticState;
pub(super) use sweep::{Epoch, Sweep};
pub(super) use tables::{LearningTables, Plastic, lower_core, lower_rules};
