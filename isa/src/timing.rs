//! What a timing model says about a timestep.

use serde::{Deserialize, Serialize};

use crate::chip::Mesh;
use crate::event::Phase;
use crate::id::{CoreId, LinkId};
use crate::quantity::Picoseconds;

/// The time of one timestep, by phase, with what bounded it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepTime {
    /// Time of each phase; position = [`Phase`].
    phases: [Picoseconds; Phase::ALL.len()],
    /// What the step waited for longest.
    pub bound: Bound,
    /// How much longer than its tick the step's work takes; nothing where a barrier waits for it.
    pub excess: Picoseconds,
}

impl StepTime {
    /// A step without time, to which phases are added.
    #[must_use]
    pub fn new(bound: Bound) -> Self {
        Self { phases: [Picoseconds::ZERO; Phase::ALL.len()], bound, excess: Picoseconds::ZERO }
    }

    /// Sets the time of one phase.
    #[must_use]
    pub fn with(mut self, phase: Phase, time: Picoseconds) -> Self {
        self.phases[phase as usize] = time;
        self
    }

    /// The time of one phase.
    #[must_use]
    pub fn phase(&self, phase: Phase) -> Picoseconds {
        self.phases[phase as usize]
    }

    /// The whole step.
    #[must_use]
    pub fn total(&self) -> Picoseconds {
        self.phases.iter().copied().sum()
    }
}

/// What bounded a timestep: the largest part of its critical path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// The update loop of a core.
    Update(CoreId),
    /// The packets that a core sends.
    AxonOut(CoreId),
    /// The lists that a core serves.
    Synapses(CoreId),
    /// The way of the last packet to a core.
    Path(CoreId),
    /// The traffic over a link.
    Link(LinkId),
    /// The host's packets, one after the other through its port.
    Port,
    /// The barrier.
    Barrier,
    /// The epoch sweep of a core.
    Learning(CoreId),
    /// The host.
    Host,
}

impl Bound {
    /// The kind of bound without its place.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Update(_) => "update",
            Self::AxonOut(_) => "axon_out",
            Self::Synapses(_) => "synapses",
            Self::Path(_) => "path",
            Self::Link(_) => "link",
            Self::Port => "port",
            Self::Barrier => "barrier",
            Self::Learning(_) => "learning",
            Self::Host => "host",
        }
    }

    /// The bound in words, a link by its place on the mesh.
    #[must_use]
    pub fn place(self, mesh: &Mesh) -> String {
        match self {
            Self::Link(link) => format!("traffic on the link of {}", mesh.link_name(link)),
            other => other.to_string(),
        }
    }
}

impl std::fmt::Display for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Update(core) => write!(f, "update loop of core {core}"),
            Self::AxonOut(core) => write!(f, "packets sent by core {core}"),
            Self::Synapses(core) => write!(f, "synapse lists of core {core}"),
            Self::Path(core) => write!(f, "way of the last packet to core {core}"),
            Self::Link(link) => write!(f, "traffic on link {link}"),
            Self::Port => write!(f, "the host's packets through its port"),
            Self::Barrier => write!(f, "barrier"),
            Self::Learning(core) => write!(f, "epoch sweep of core {core}"),
            Self::Host => write!(f, "host"),
        }
    }
}
