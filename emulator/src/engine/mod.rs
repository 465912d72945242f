//! The fast engine: function, timestep by timestep.
//!
//! [`Tables`] is a program lowered once into flat, immutable run tables. A [`Shard`] owns the state
//! of a contiguous range of cores and advances it: [`Shard::update`] runs the update loops and
//! hands spikes to the outbox, [`Shard::deliver`] serves the inbox. A single thread owns one shard
//! with all cores; several threads own one shard each and exchange outboxes once a timestep.

mod deliver;
mod kernels;
mod learning;
mod lists;
mod mail;
mod shard;
mod state;
mod tables;
mod update;
mod waiting;

pub(crate) use mail::{Arrival, Lag, Moment, inject};
pub use mail::{Outbox, Spike};
pub use shard::Shard;
pub use tables::{PrepareError, Tables};
