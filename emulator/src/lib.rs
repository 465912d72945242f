//! Runs a mapped program: function, then time, then counts.
//!
//! On a barrier chip what the network computes does not depend on how long a packet takes, so a run
//! is a pipeline: the [`engine`] computes a timestep and leaves an activity record, a timing model
//! ([`time`]) turns the record into picoseconds, and the [`tally`] turns it into event counts.
//! On other chips, where late or dropped packets change what is computed, the timing model says
//! before each delivery what arrives. [`run`] drives all three over the samples of a stimulus, on
//! any number of threads with the same result.

pub mod codes;
mod coupled;
mod crew;
pub mod engine;
mod job;
pub mod mesh;
mod pieces;
mod probe;
mod retime;
mod run;
mod shards;
pub mod tally;
pub mod time;
mod timer;

pub use coupled::is_coupled;
pub use job::{
    Extent, Observer, Progress, Recording, RunError, RunOptions, RunOutcome, SpikeRecord,
};
pub use probe::{Probe, ProbeError, ProbeRecord};
pub use retime::{Retiming, check_retimable, retime};
pub use run::run;
pub use timer::{Timer, TimerSpec};
