//! What the timing models have in common.

use quarrion_isa::diagnostic::Diagnostic;

use super::cycle::CycleModel;
use super::fabric::Fabric;
use super::queue::QueueModel;
use super::traffic::{Detail, Outcome, Traffic};

/// A timing model of one fabric, kept from one timestep to the next.
pub trait TimingModel: Send {
    /// Times the packets of one timestep.
    ///
    /// # Errors
    /// A diagnostic about the traffic; the caller must act.
    ///
    /// # Determinism
    /// A pure function of fabric and arguments: nothing is carried over from earlier runs.
    fn run(&mut self, traffic: &Traffic, detail: Detail) -> Result<Outcome, Diagnostic>;
}

impl TimingModel for QueueModel {
    fn run(&mut self, traffic: &Traffic, detail: Detail) -> Result<Outcome, Diagnostic> {
        Self::run(self, traffic, detail)
    }
}

impl TimingModel for CycleModel {
    fn run(&mut self, traffic: &Traffic, detail: Detail) -> Result<Outcome, Diagnostic> {
        Self::run(self, traffic, detail)
    }
}

/// Which timing model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fidelity {
    /// Packet by packet.
    Queue,
    /// Flit by flit.
    Cycle,
}

impl Fidelity {
    /// Prepares a model of this kind.
    ///
    /// # Errors
    /// A diagnostic about the fabric; the chip's author must act.
    pub fn model(self, fabric: &Fabric) -> Result<Box<dyn TimingModel>, Diagnostic> {
        Ok(match self {
            Self::Queue => Box::new(QueueModel::new(fabric)?),
            Self::Cycle => Box::new(CycleModel::new(fabric)?),
        })
    }
}
