//! The reference engine: slow and obvious, what the fast engine is tested against.
//!
//! One thread, one compartment at a time, every synapse list decoded from its words each time a
//! spike arrives. The timestep contract of `ARCHITECTURE.md` reads off [`Reference::step`] line by
//! line. Nothing here is shared with the fast engine but `quarrion-isa`: the neuron interpreter,
//! the delivery arithmetic and the decoder of synapse words.
//!
//! ```text
//! let mut reference = Reference::new(&program, &chip, seed)?;
//! for (ordinal, sample) in stimulus.samples.iter().enumerate() {
//!     reference.begin_sample(ordinal as u32, sample)?;
//!     for _ in 0..program.sample_steps(sample.steps) {
//!         let activity = reference.step(sample)?;
//!     }
//! }
//! ```

mod build;
mod codes;
mod count;
mod engine;
mod learning;
mod state;

pub use codes::CODES;
pub use count::Counts;
pub use engine::{Outcome, Overflows, Reference, run};
pub use learning::Changes;
pub use state::Spike;
