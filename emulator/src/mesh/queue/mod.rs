//! The `queue` model: one record per packet, moved in bursts of flits.
//!
//! Buffers and credits are counted in flits, but a packet moves as one burst wherever its flits
//! and the credits for them are there; only what is missing comes later, as a further burst. The
//! stages of a router are folded into times: a packet becomes ready when its head has been routed
//! and could hold a virtual channel, and a channel becomes usable again when the next packet could
//! have it. Where there are several virtual channels flits move one by one, as another packet may
//! want the link between any two of them; so nothing is lost by this against the `cycle` model.
//!
//! A router writes its packets straight into the next buffer, with the tick of their arrival; the
//! owner of the buffer looks at nothing that has not arrived. So within a tick nodes can be visited
//! in any order, and only nodes where something can change are visited at all.
//!
//! Traffic of single flits has an engine of its own ([`single`]), with the same results.

mod domain;
mod engine;
mod lanes;
mod movement;
mod parallel;
mod ports;
mod region;
mod router;
mod single;
mod state;
mod stuck;
mod tree;

use std::num::NonZero;

use quarrion_isa::diagnostic::Diagnostic;

use super::fabric::Fabric;
use super::plan::Plan;
use super::traffic::{Detail, Outcome, Traffic};
use engine::Engine;

/// Declares the engines: one for each layout of slots and channels.
macro_rules! layouts {
    ($($name:ident: $slots:literal x $channels:literal),* $(,)?) => {
        #[derive(Debug)]
        enum Layout {
            $($name(Box<Engine<$slots, $channels>>),)*
        }

        impl Layout {
            /// The smallest layout that holds the plan; the plan is checked to fit one.
            fn new(plan: Plan, threads: NonZero<usize>) -> Self {
                let wanted = (plan.room, plan.stride);
                $(if wanted == ($slots, $channels) {
                    return Self::$name(Box::new(Engine::new(plan, threads)));
                })*
                unreachable!("a plan has one of the layouts");
            }

            fn use_threads(&mut self, threads: NonZero<usize>) {
                match self {
                    $(Self::$name(engine) => engine.threads = threads,)*
                }
            }

            fn run(&mut self, traffic: &Traffic, detail: Detail) -> Result<Outcome, Diagnostic> {
                match self {
                    $(Self::$name(engine) => engine.run(traffic, detail),)*
                }
            }
        }
    };
}

layouts! {
    P8V1: 8 x 1, P16V1: 16 x 1, P32V1: 32 x 1, P64V1: 64 x 1,
    P8V2: 8 x 2, P16V2: 16 x 2, P32V2: 32 x 2,
    P8V4: 8 x 4, P16V4: 16 x 4,
    P8V8: 8 x 8,
}

/// The `queue` model of one fabric, kept from one timestep to the next.
#[derive(Debug)]
pub struct QueueModel {
    layout: Layout,
}

impl QueueModel {
    /// Prepares the model.
    ///
    /// # Errors
    /// A diagnostic about the fabric; the chip's author must act.
    pub fn new(fabric: &Fabric) -> Result<Self, Diagnostic> {
        Self::with_threads(fabric, NonZero::<usize>::MIN)
    }

    /// Prepares the model for several threads, which only large fabrics use.
    ///
    /// # Errors
    /// A diagnostic about the fabric; the chip's author must act.
    pub fn with_threads(fabric: &Fabric, threads: NonZero<usize>) -> Result<Self, Diagnostic> {
        Ok(Self { layout: Layout::new(Plan::new(fabric)?, threads) })
    }

    /// From now on timesteps use so many threads.
    pub fn use_threads(&mut self, threads: NonZero<usize>) {
        self.layout.use_threads(threads);
    }

    /// Times the packets of one timestep.
    ///
    /// # Errors
    /// A diagnostic about the traffic; the caller must act.
    ///
    /// # Determinism
    /// A pure function of fabric and arguments: nothing is carried over from earlier runs.
    pub fn run(&mut self, traffic: &Traffic, detail: Detail) -> Result<Outcome, Diagnostic> {
        self.layout.run(traffic, detail)
    }
}

/// Times the packets of one timestep once.
///
/// # Errors
/// A diagnostic about the fabric or the traffic; the caller must act.
pub fn run_queue(
    fabric: &Fabric,
    traffic: &Traffic,
    detail: Detail,
) -> Result<Outcome, Diagnostic> {
    QueueModel::new(fabric)?.run(traffic, detail)
}
