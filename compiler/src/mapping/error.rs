//! What can go wrong before or while a mapping is sought.

use thiserror::Error;

/// Why no mapping was made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MappingError {
    /// The caller's fault: rows, rates or groups whose lengths do not fit together.
    #[error("the rows of the hypergraph do not fit together")]
    Shape,
    /// The caller's fault: a pin or source that is no vertex.
    #[error("vertex {vertex} is named, but there are only {vertices}")]
    NoSuchVertex {
        /// The vertex named.
        vertex: u32,
        /// How many there are.
        vertices: usize,
    },
    /// The network's fault: one vertex alone breaks a limit of a core.
    #[error("vertex {vertex} alone needs {demand} {resource}, but a core has {limit}")]
    VertexTooLarge {
        /// The vertex.
        vertex: u32,
        /// Which resource.
        resource: &'static str,
        /// What the vertex asks.
        demand: u64,
        /// What a core has.
        limit: u64,
    },
    /// The network's fault: the best legal partition found needs more cores than there are.
    #[error("the network needs {needed} cores as mapped, but there are {cores}")]
    TooFewCores {
        /// Cores of the best legal partition.
        needed: usize,
        /// Cores that may be used.
        cores: usize,
        /// Cores that no mapping can do without, by volume.
        at_least: usize,
    },
    /// The network's fault, or the effort's: no partition was found that breaks no limit.
    #[error("no mapping onto {cores} cores was found that breaks no limit")]
    NoneFound {
        /// Cores that may be used.
        cores: usize,
        /// Cores that no mapping can do without, by volume.
        at_least: usize,
    },
}
