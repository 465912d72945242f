//! The mesh as the chip file writes it.

use serde::Deserialize;

use super::super::{Multicast, Planes, Routing, Standing, Topology};
use super::ScalingLaw;

/// Tiles, links and routers.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeshFile {
    /// Mesh or torus.
    pub topology: Topology,
    /// Tiles of one chip from west to east.
    pub width: u32,
    /// Tiles of one chip from north to south.
    pub height: u32,
    /// Chips of the board from west to east.
    #[serde(default = "one")]
    pub chips_x: u32,
    /// Chips of the board from north to south.
    #[serde(default = "one")]
    pub chips_y: u32,
    /// Cores of every tile that no region speaks of.
    pub cores_per_tile: u32,
    /// Kind of those cores; needed only where the file has several.
    #[serde(default)]
    pub core_type: Option<String>,
    /// Tiles that hold something else.
    #[serde(default)]
    pub regions: Vec<RegionFile>,
    /// Route computation.
    pub routing: Routing,
    /// How one spike reaches several cores.
    pub multicast: Multicast,
    /// Physical planes and how packets choose one.
    pub planes: Planes,
    /// The router.
    pub router: RouterFile,
    /// Bits of a spike packet without payload.
    pub packet_bits: u32,
    /// A packet that has waited so long at a router is dropped there.
    #[serde(default)]
    pub drop_after_ns: Option<f64>,
    /// Links by class.
    pub links: LinksFile,
}

/// One of anything, for fields that a single chip leaves out.
fn one() -> u32 {
    1
}

/// A rectangle of a chip's tiles and what they hold.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegionFile {
    /// Westernmost column.
    pub x: u32,
    /// Northernmost row.
    pub y: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// What each tile of the region holds.
    pub holds: RegionHolds,
}

/// What a tile holds.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum RegionHolds {
    /// Cores of one kind.
    Cores {
        /// The kind.
        core_type: String,
        /// How many on each tile.
        per_tile: u32,
    },
    /// A router that serves the host and no core.
    Io,
    /// A router and nothing else.
    Empty,
}

/// A tile by its place on the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceFile {
    /// Tiles from the west.
    pub x: u32,
    /// Tiles from the north.
    pub y: u32,
}

/// The router of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum RouterFile {
    /// No clock: a hop takes its link's latency.
    Asynchronous {
        /// Flits that an input buffer holds.
        buffer_flits: u32,
    },
    /// A clocked pipeline before each link.
    Clocked {
        /// Clock period.
        period_ns: f64,
        /// Pipeline cycles a hop, link included.
        pipeline_cycles: u32,
        /// Virtual channels per input.
        virtual_channels: u32,
        /// Flits that one virtual channel's buffer holds.
        buffer_flits: u32,
        /// Whether switch allocation is speculative.
        speculative: bool,
    },
}

/// Links by class; a class may be absent where the chip has no such link.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinksFile {
    /// Between a core and its tile's router.
    pub tile: LinkFigure,
    /// East or west, inside a chip.
    #[serde(default)]
    pub east_west: Option<LinkFigure>,
    /// North or south, inside a chip.
    #[serde(default)]
    pub north_south: Option<LinkFigure>,
    /// Over the edge between two chips.
    #[serde(default)]
    pub chip_edge: Option<LinkFigure>,
    /// Between two boards.
    #[serde(default)]
    pub board: Option<LinkFigure>,
}

/// Latency, occupancy and width of one class of link.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkFigure {
    /// Time of a flit over the hop, router included.
    pub latency_ns: f64,
    /// Time until the next flit may follow.
    pub occupancy_ns: f64,
    /// Width in bits.
    pub width_bits: u32,
    /// Where the figures come from.
    pub source: String,
    /// What the figures rest on.
    pub standing: Standing,
    /// How the figures follow parameters of the chip.
    #[serde(default)]
    pub scaling: Vec<ScalingLaw>,
}
