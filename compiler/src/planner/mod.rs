//! The planner: which neurons lie on which core, and why.
//!
//! Several strategies each make whole mappings; every one is measured exactly (the words, entries
//! and configurations that packing will write) and its timestep is predicted from spike rates. The
//! objective picks one. So a clever search can lose to a plain cut, but never be worse than it.
//!
//! * `cut`: populations as boxes, each on cores of its own, ever finer where time is lost;
//! * `search`: blocks of neurons through the hypergraph partitioner of [`crate::mapping`];
//! * `refine`: whole cores merged, split and moved while the exact figure of the objective falls;
//! * `place`: a core for every part, near the parts it talks to and the host's port;
//! * `clear`: placements that no packet leaves over something dead;
//! * `measure`, `predict`: what a mapping asks of its cores, and what a timestep takes;
//! * `mend`: cores that turn out too full are split, neurons with too many ways copied;
//! * `like`: an old mapping is kept.

mod answer;
mod boxes;
mod check;
mod choose;
mod clear;
mod cut;
mod graph;
mod like;
mod measure;
mod mend;
mod options;
mod place;
mod predict;
mod rates;
mod refine;
mod search;
mod seats;
mod work;

use quarrion_isa::diagnostic::Diagnostic;

pub use answer::{Answer, Work};
pub use like::Kept;
pub use options::{Effort, Objective, PlannerOptions, Strategy, Weights};
pub use predict::{Bottleneck, Prediction};
pub use rates::{Rates, UNIFORM_RATE};

pub(crate) use answer::{Plan, plan};
use check::check_mapping;

use crate::layout::Slice;

/// What goes together onto one core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) core_type: u32,
    pub(crate) slices: Vec<Slice>,
}

/// A mapping that one strategy has made, with what it is worth.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) strategy: Strategy,
    pub(crate) mapping: crate::layout::Mapping,
    pub(crate) prediction: Prediction,
}

/// A plan's remarks for the reader.
pub(crate) type Notes = Vec<Diagnostic>;
