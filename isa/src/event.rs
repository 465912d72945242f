//! Event kinds: the priced actions that engines count.
//!
//! Engines count events as `u64`; a chip file prices each kind; nothing else makes energy but
//! static power over powered time.

use serde::{Deserialize, Serialize};

/// The phases of a timestep, as time and energy are split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The update loops, until the last one has ended.
    Update,
    /// Packets and lists after that, until the last list is served.
    Flush,
    /// The barrier.
    Barrier,
    /// The epoch sweep of a learning step.
    Learning,
    /// Resets and parameter writes.
    Management,
    /// The host's handshake, spikes in and spikes out.
    Host,
}

impl Phase {
    /// Every phase, in order of time.
    pub const ALL: &[Self] =
        &[Self::Update, Self::Flush, Self::Barrier, Self::Learning, Self::Management, Self::Host];

    /// The name of the phase in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Update => "update",
            Self::Flush => "flush",
            Self::Barrier => "barrier",
            Self::Learning => "learning",
            Self::Management => "management",
            Self::Host => "host",
        }
    }
}

/// Declares the kinds with their stable names, categories and one-line meanings.
macro_rules! event_kinds {
    ($($kind:ident, $name:literal, $category:ident, $meaning:literal;)*) => {
        /// One kind of priced action.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(rename_all = "snake_case")]
        pub enum EventKind {
            $(#[doc = $meaning] $kind,)*
        }

        impl EventKind {
            /// Every kind, in the order of the ledger.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// The name of the kind in chip files and tables.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }

            /// What the kind is, in one line.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$kind => $meaning,)* }
            }

            /// The category that the kind is summed under in results.
            #[must_use]
            pub const fn category(self) -> Category {
                match self { $(Self::$kind => Category::$category,)* }
            }
        }
    };
}

/// Where energy is summed in results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Compartment updates and instructions.
    Neuron,
    /// Synaptic operations and synapse memory reads.
    Synapse,
    /// Axon-in and axon-out entries.
    Axon,
    /// Hops over routers and links.
    Mesh,
    /// The barrier that ends a timestep.
    Barrier,
    /// Learning epochs.
    Learning,
    /// Resets and writes that the host orders.
    Management,
    /// What crosses the host link.
    Host,
}

impl Category {
    /// Every category, in the order of the tables.
    pub const ALL: &[Self] = &[
        Self::Neuron,
        Self::Synapse,
        Self::Axon,
        Self::Mesh,
        Self::Barrier,
        Self::Learning,
        Self::Management,
        Self::Host,
    ];

    /// Whether the network itself causes the events; the others belong to the host.
    #[must_use]
    pub const fn is_network(self) -> bool {
        !matches!(self, Self::Management | Self::Host)
    }

    /// The name of the category in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Neuron => "neuron",
            Self::Synapse => "synapse",
            Self::Axon => "axon",
            Self::Mesh => "mesh",
            Self::Barrier => "barrier",
            Self::Learning => "learning",
            Self::Management => "management",
            Self::Host => "host",
        }
    }
}

event_kinds! {
    NeuronInactive, "neuron_inactive", Neuron, "A compartment update that finds nothing to do";
    NeuronActive, "neuron_active", Neuron, "A compartment update that is active and does not spike";
    NeuronSpiking, "neuron_spiking", Neuron, "A compartment update that spikes";
    Instruction, "instruction", Neuron, "One instruction of a programmable core";
    SynapticOpDense, "synaptic_op_dense", Synapse, "A synaptic operation from a dense list";
    SynapticOpSparse, "synaptic_op_sparse", Synapse, "A synaptic operation from a sparse list";
    SynapticOpKernel, "synaptic_op_kernel", Synapse, "A synaptic operation from a shared kernel";
    SynapticOpRunLength, "synaptic_op_run_length", Synapse,
        "A synaptic operation from a run-length list";
    SynapseWord, "synapse_word", Synapse, "One synapse memory word read";
    AxonOut, "axon_out", Axon, "One axon-out entry read: a packet leaves its core";
    AxonIn, "axon_in", Axon, "One axon-in entry read: a packet is served by its core";
    HopTile, "hop_tile", Mesh, "A packet's passage between a core and the router of its tile";
    HopEastWest, "hop_east_west", Mesh, "A packet's hop to the tile east or west";
    HopNorthSouth, "hop_north_south", Mesh, "A packet's hop to the tile north or south";
    HopChipEdge, "hop_chip_edge", Mesh, "A packet's hop over the edge between two chips";
    BarrierTile, "barrier_tile", Barrier, "One tile's part in one barrier";
    SynapticUpdate, "synaptic_update", Learning, "One visit of a plastic synapse in an epoch";
    TraceUpdate, "trace_update", Learning, "One trace of one compartment or axon in an epoch";
    StateReset, "state_reset", Management, "One chip's state reset between samples";
    ParameterWrite, "parameter_write", Management, "One parameter of one compartment written";
    HostSpikeIn, "host_spike_in", Host, "A spike sent by the host into the mesh";
    HostSpikeOut, "host_spike_out", Host, "A spike read back by the host";
    HostHandshake, "host_handshake", Host, "One timestep handshake with the host";
}

impl EventKind {
    /// The phase that the kind's energy is charged to.
    ///
    /// Packets and lists count as flush wherever they overlap the loop: their energy is theirs,
    /// whenever it is spent.
    #[must_use]
    pub const fn phase(self) -> Phase {
        match self.category() {
            Category::Neuron => Phase::Update,
            Category::Synapse | Category::Axon | Category::Mesh => Phase::Flush,
            Category::Barrier => Phase::Barrier,
            Category::Learning => Phase::Learning,
            Category::Management => Phase::Management,
            Category::Host => Phase::Host,
        }
    }
}

/// Counts by kind; the index is the kind's position in [`EventKind::ALL`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventCounts(Vec<u64>);

impl Default for EventCounts {
    fn default() -> Self {
        Self(vec![0; EventKind::ALL.len()])
    }
}

impl EventCounts {
    /// Counts `events` more of `kind`.
    pub fn add(&mut self, kind: EventKind, events: u64) {
        self.0[kind as usize] += events;
    }

    /// How many events of `kind` were counted.
    #[must_use]
    pub fn get(&self, kind: EventKind) -> u64 {
        self.0[kind as usize]
    }

    /// Adds the counts of another ledger row.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine += theirs;
        }
    }

    /// Kinds with their counts, in ledger order.
    pub fn iter(&self) -> impl Iterator<Item = (EventKind, u64)> + '_ {
        EventKind::ALL.iter().copied().zip(self.0.iter().copied())
    }
}
