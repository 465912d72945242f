//! The chip file as it is written: decimal figures in named units, each with source and standing.
//!
//! These types mirror the file and nothing else; [`super::check_chip`] turns them into a
//! [`super::Chip`], whose values are always valid.

mod core_type;
mod faults;
mod mesh;
mod price;

pub use core_type::{
    CoreTypeFile, FormatFile, LearningFile, ProgramsFile, RegisterFile, ServicesFile, StageFigure,
    WeightsFile,
};
pub use faults::{FaultsFile, LinkPlaceFile, SlowLinkFile};
pub use mesh::{LinkFigure, LinksFile, MeshFile, PlaceFile, RegionFile, RegionHolds, RouterFile};
pub use price::{
    AreaFigure, AreaFile, PowerFigure, PriceFile, ScalingLaw, Spread, StaticPowerFile,
};

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Standing;
use crate::event::EventKind;

/// A chip file: one chip, or a board of like chips.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChipFile {
    /// Version of the file format.
    pub format: u32,
    /// Name of the description.
    pub name: String,
    /// What the description is and what it rests on, in a few sentences.
    #[serde(default)]
    pub about: String,
    /// The description that this one changes: a catalogue name or the path of a chip file.
    #[serde(default)]
    pub extends: Option<String>,
    /// Values of the extended description that this one does without, by path.
    #[serde(default)]
    pub without: Vec<String>,
    /// Citations by key; a figure's source refers to one as `[key]`.
    #[serde(default)]
    pub sources: BTreeMap<String, String>,
    /// Source and standing of values that carry none themselves, by path or beginning of a path.
    #[serde(default)]
    pub provenance: BTreeMap<String, ProvenanceFile>,
    /// Tiles, links and routers.
    pub mesh: MeshFile,
    /// The kinds of core, by name.
    pub core_types: BTreeMap<String, CoreTypeFile>,
    /// How timesteps end.
    pub synchronisation: SynchronisationFile,
    /// How input enters and output leaves.
    pub host: HostFile,
    /// Energy by event kind; a kind that is missing is not modelled.
    pub prices: BTreeMap<EventKind, PriceFile>,
    /// Power that flows whatever happens.
    #[serde(default)]
    pub static_power: StaticPowerFile,
    /// Silicon area.
    #[serde(default)]
    pub area: AreaFile,
    /// What is broken.
    #[serde(default)]
    pub faults: FaultsFile,
}

/// Where values come from and what they rest on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProvenanceFile {
    /// Where the values come from.
    pub source: String,
    /// What the values rest on.
    pub standing: Standing,
}

/// How a timestep ends.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum SynchronisationFile {
    /// Flush, then advance.
    Barrier {
        /// How long the barrier takes.
        latency: BarrierFile,
        /// Where the figures come from.
        source: String,
        /// What the figures rest on.
        standing: Standing,
    },
    /// A global tick; packets in flight carry their delivery tick.
    GlobalTick {
        /// Length of the tick.
        period_ns: f64,
        /// Where the figure comes from.
        source: String,
        /// What the figure rests on.
        standing: Standing,
    },
    /// Each core on its own timer.
    FreeRunning {
        /// Length of the timer's period.
        period_ns: f64,
        /// Where the figure comes from.
        source: String,
        /// What the figure rests on.
        standing: Standing,
    },
}

/// How long the barrier takes once the last list is served.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum BarrierFile {
    /// The same whatever the program uses.
    Constant {
        /// The barrier's latency.
        latency_ns: f64,
    },
    /// By the number of tiles that the program uses, ascending.
    Table(Vec<BarrierEntry>),
    /// A tree over the mesh at link latency, there and back.
    Tree {
        /// Time beside the hops.
        base_ns: f64,
    },
}

/// One entry of a barrier table.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BarrierEntry {
    /// Tiles that the program uses.
    pub tiles: u32,
    /// The barrier's latency.
    pub latency_ns: f64,
}

/// How input enters, output leaves, and what the host's part of a timestep takes.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostFile {
    /// The tile where host packets enter and leave the mesh.
    pub port: PlaceFile,
    /// What takes the host's spikes in.
    #[serde(default)]
    pub entry: HostEntry,
    /// Time per spike injected.
    #[serde(default)]
    pub spike_in: Option<StageFigure>,
    /// Time per spike read back.
    #[serde(default)]
    pub spike_out: Option<StageFigure>,
    /// Time of a timestep handshake.
    #[serde(default)]
    pub handshake: Option<TimeFigure>,
    /// Time of a state reset between samples.
    #[serde(default)]
    pub state_reset: Option<TimeFigure>,
}

/// What takes the host's spikes in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostEntry {
    /// A port of the mesh: host packets travel like any other.
    #[default]
    MeshPort,
    /// Relay compartments, which spend a compartment for each input.
    Relay,
}

/// A time that stands alone.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeFigure {
    /// The time.
    pub time_ns: f64,
    /// Where the figure comes from.
    pub source: String,
    /// What the figure rests on.
    pub standing: Standing,
    /// How the figure follows parameters of the chip.
    #[serde(default)]
    pub scaling: Vec<ScalingLaw>,
}
