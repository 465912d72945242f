//! What a mapping is asked to be good at, and how long it may be sought.

/// What the mapper makes small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objective {
    /// Cores first, packets second.
    Cores,
    /// Packets per timestep.
    Traffic,
    /// The busiest core or link of a timestep.
    Latency,
    /// Packets and the links they cross, each at its price.
    Energy,
    /// Packets, links, cores and the busiest core or link, weighed against each other.
    Mix(Weights),
}

/// Weights of a mixed objective; each term is taken relative to the first start's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weights {
    /// Cores used.
    pub cores: u32,
    /// Packets per timestep.
    pub traffic: u32,
    /// Links crossed per timestep.
    pub hops: u32,
    /// Load of the busiest core or link.
    pub latency: u32,
}

/// What the search may use.
///
/// # Determinism
/// Effort is counted in steps of the search, not in seconds, so a result depends neither on the
/// machine nor on `threads`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Cores that may be used.
    pub cores: usize,
    /// Nets that may be looked at, in millions; roughly 150 a second and core of a machine.
    pub effort: u64,
    /// Seed of every random choice.
    pub seed: u64,
    /// Threads for independent tries; 0 takes as many as the machine has.
    pub threads: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { cores: 128, effort: 1200, seed: 1, threads: 1 }
    }
}
