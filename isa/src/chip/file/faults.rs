//! Faults as the chip file writes them.

use serde::Deserialize;

use super::super::Direction;
use super::PlaceFile;

/// What is broken.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultsFile {
    /// Cores that hold nothing, by number.
    #[serde(default)]
    pub dead_cores: Vec<u32>,
    /// Tiles whose routers are dead, with their links and cores.
    #[serde(default)]
    pub dead_routers: Vec<PlaceFile>,
    /// Links that carry nothing, in neither direction.
    #[serde(default)]
    pub dead_links: Vec<LinkPlaceFile>,
    /// Links that work at a fraction of their speed, in both directions.
    #[serde(default)]
    pub slow_links: Vec<SlowLinkFile>,
    /// How many links between tiles the run's seed breaks.
    #[serde(default)]
    pub drawn_links: u32,
    /// How many routers the run's seed breaks.
    #[serde(default)]
    pub drawn_routers: u32,
    /// How many cores the run's seed breaks.
    #[serde(default)]
    pub drawn_cores: u32,
    /// Share of packets that get lost, each by itself.
    #[serde(default)]
    pub packet_loss: f64,
}

/// The link between a tile and its neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkPlaceFile {
    /// Tiles from the west.
    pub x: u32,
    /// Tiles from the north.
    pub y: u32,
    /// On which side the neighbour lies.
    pub towards: Direction,
}

/// A link that is slow.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlowLinkFile {
    /// Tiles from the west.
    pub x: u32,
    /// Tiles from the north.
    pub y: u32,
    /// On which side the neighbour lies.
    pub towards: Direction,
    /// The share of its speed that is left.
    pub speed: f64,
}
