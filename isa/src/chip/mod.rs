//! The chip: a description whose values are always valid.
//!
//! [`Chip`] is what compiler, engines and reports read. It is made from a chip file by `check_chip`
//! only; the file's own types (decimal figures, sources, `extends`) live apart.

mod check;
mod codes;
mod core_type;
mod faults;
pub mod file;
mod geometry;
mod price;
mod routes;
mod timing;
mod ways;

pub use check::{FORMAT_VERSION, check_chip};
pub use codes::CODES;
pub use core_type::{
    CoreType, ExponentRounding, Joins, Learning, Overlap, Programs, Register, Services, SignMode,
    Stage, SynapseFormat, SynapseFormatKind, WeightRules,
};
pub use faults::{Drawn, Faults};
pub use geometry::{
    Direction, Hops, LinkClass, LinkClassFigures, Mesh, Multicast, Planes, Position, Router,
    Routing, Topology,
};
pub use price::{Area, Price, PriceTable, Standing, StaticPower};
pub use routes::{RouteTable, Way};

use serde::{Deserialize, Serialize};

use crate::id::{CoreId, TileId};
use crate::quantity::Picoseconds;

/// A chip, or a board of like chips, that a program can be mapped onto.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chip {
    /// Name of the description.
    pub name: String,
    /// Tiles, links, routers and routing.
    pub mesh: Mesh,
    /// The kinds of core on the board.
    pub core_types: Vec<CoreType>,
    /// Where each core sits and of which kind it is; position = [`CoreId`].
    pub cores: Vec<CoreSite>,
    /// How timesteps end.
    pub synchronisation: Synchronisation,
    /// What input and output cost and where they enter.
    pub host: HostLink,
    /// Price of each event kind, where the file gives one.
    pub prices: PriceTable,
    /// Power that flows whatever happens.
    pub static_power: StaticPower,
    /// Silicon area, where the file gives it.
    pub area: Area,
    /// What is broken.
    pub faults: Faults,
}

/// Where one core sits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoreSite {
    /// The tile whose router serves the core.
    pub tile: TileId,
    /// Position in [`Chip::core_types`].
    pub core_type: u32,
}

/// How a timestep ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Synchronisation {
    /// Flush, then advance.
    Barrier(BarrierLatency),
    /// A global tick of fixed length; packets in flight carry their delivery tick.
    GlobalTick {
        /// Length of the tick.
        period: Picoseconds,
    },
    /// Each core runs on its own timer.
    FreeRunning {
        /// Length of a core's timer period.
        period: Picoseconds,
    },
}

/// How long the barrier takes once the last list is served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BarrierLatency {
    /// The same whatever the program uses.
    Constant(Picoseconds),
    /// By the number of tiles that the program uses: (tiles, latency), ascending; linear between
    /// entries, rounded down, and the last entry holds beyond.
    Table(Vec<(u32, Picoseconds)>),
    /// A tree over the working links of the mesh from the board's first tile: `base` and twice the
    /// latency of the way to the tile that is furthest from it.
    Tree {
        /// Time beside the hops.
        base: Picoseconds,
    },
}

/// The host link: how input enters and what the host's part of a timestep costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostLink {
    /// The tile where host packets enter and leave the mesh.
    pub port: TileId,
    /// Time per spike injected.
    pub spike_in: Stage,
    /// Time per spike read back.
    pub spike_out: Stage,
    /// Time per timestep handshake, if the chip file prices one.
    pub handshake: Option<Picoseconds>,
    /// Time of a state reset between samples, if the chip file prices one.
    pub state_reset: Option<Picoseconds>,
}

impl Chip {
    /// The kind of the core.
    #[must_use]
    pub fn core_type(&self, core: CoreId) -> &CoreType {
        &self.core_types[self.cores[core.index()].core_type as usize]
    }

    /// Bits of the widest payload that the host can send with a spike; 0 where spikes are binary.
    #[must_use]
    pub fn payload_bits(&self) -> u32 {
        self.core_types.iter().map(|kind| kind.payload_bits).max().unwrap_or(0)
    }

    /// The tile of the core.
    #[must_use]
    pub fn tile_of(&self, core: CoreId) -> TileId {
        self.cores[core.index()].tile
    }

    /// Axon-out entries that a way from one core to another takes.
    #[must_use]
    pub fn axon_out_entries(&self, from: CoreId, to: CoreId) -> u64 {
        let (tile, other) = (self.tile_of(from), self.tile_of(to));
        let same = self.mesh.chip_of(tile) == self.mesh.chip_of(other);
        if same { 1 } else { self.core_type(from).axon_out_other_chip_entries.into() }
    }

    /// The hops of a packet from one core to another.
    #[must_use]
    pub fn hops(&self, from: CoreId, to: CoreId) -> Hops {
        self.mesh.hops(self.tile_of(from), self.tile_of(to))
    }

    /// The latency of the barrier when the program uses `tiles` tiles.
    ///
    /// # Units
    /// ps; zero on chips without a barrier.
    #[must_use]
    pub fn barrier_latency(&self, tiles: u32) -> Picoseconds {
        let Synchronisation::Barrier(latency) = &self.synchronisation else {
            return Picoseconds::ZERO;
        };
        match latency {
            BarrierLatency::Constant(latency) => *latency,
            BarrierLatency::Table(entries) => interpolate(entries, tiles),
            BarrierLatency::Tree { base } => {
                let depth = self.mesh.barrier_depth();
                Picoseconds(base.0.saturating_add(2 * depth.0))
            }
        }
    }
}

/// Reads a barrier table: linear between entries, constant beyond its ends.
fn interpolate(entries: &[(u32, Picoseconds)], tiles: u32) -> Picoseconds {
    let after = entries.partition_point(|&(at, _)| at < tiles);
    match (after.checked_sub(1).map(|i| entries[i]), entries.get(after)) {
        (Some((t0, l0)), Some(&(t1, l1))) => {
            let (span, part) = (u64::from(t1 - t0), u64::from(tiles - t0));
            let rise = i128::from(l1.0) - i128::from(l0.0);
            let risen = rise * i128::from(part) / i128::from(span);
            Picoseconds((i128::from(l0.0) + risen) as u64)
        }
        (None, Some(&(_, latency))) | (Some((_, latency)), None) => latency,
        (None, None) => Picoseconds::ZERO,
    }
}
