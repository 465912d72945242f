//! What a mapping is asked to be good at, and how long it may be sought.

/// What the mapper makes small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objective {
    /// Cores first, packets second.
    Cores,
    /// Packets per timestep.
    Traffic,
    /// Packets per timestep and the links they cross, each at its price.
    Energy(Prices),
    /// The busiest core of a timestep first, packets and hops second.
    Latency(Service),
}

/// What a packet costs, whatever the currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prices {
    /// A packet that leaves its core, however far it goes.
    pub packet: u32,
    /// A link that a packet crosses.
    pub hop: u32,
    /// Whether packets of one spike share links.
    pub multicast: Multicast,
}

/// How one spike reaches several cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Multicast {
    /// Every core gets its own packet all the way.
    Copies,
    /// Packets share the common part of their XY paths.
    Tree,
}

/// How long a core is busy with what happens to it in a timestep, in any one measure of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// A neuron that is updated.
    pub neuron: u32,
    /// A spike that arrives on an input axon.
    pub axon: u32,
    /// A synapse that a spike reaches.
    pub synapse: u32,
}

impl Default for Prices {
    fn default() -> Self {
        Self { packet: 4, hop: 1, multicast: Multicast::Copies }
    }
}

impl Default for Objective {
    fn default() -> Self {
        Self::Energy(Prices::default())
    }
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
    /// Nets that may be looked at; roughly a hundred million a second and thread.
    pub effort: u64,
    /// Seed of every random choice.
    pub seed: u64,
    /// Threads for independent tries; 0 takes as many as the machine has.
    pub threads: usize,
}
