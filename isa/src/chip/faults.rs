//! Faults: parts of a chip that are dead or slow, and packets that get lost.

use serde::{Deserialize, Serialize};

use super::{Chip, Direction};
use crate::id::{CoreId, LinkId, TileId};
use crate::quantity::Picoseconds;
use crate::random::{Counter, Purpose, draw, philox};

/// What is broken on a board; dead links and routers are the mesh's ([`super::Mesh::dead_links`]).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Faults {
    /// Cores that hold nothing, ascending: dead ones and those of dead routers.
    pub dead_cores: Vec<CoreId>,
    /// Links that work at a fraction of their speed, in millionths of it, ascending by link.
    pub slow_links: Vec<(LinkId, u32)>,
    /// Share of packets that get lost, in parts of 2^32.
    pub loss: u32,
    /// Parts that the run's seed is still to break.
    pub drawn: Drawn,
}

/// Numbers of parts that the run's seed breaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drawn {
    /// Links between neighbouring tiles, both directions at once.
    pub links: u32,
    /// Routers, the host's excepted.
    pub routers: u32,
    /// Cores.
    pub cores: u32,
}

impl Faults {
    /// Whether the packets of a spike to one core get lost.
    ///
    /// # Determinism
    /// A function of the run's seed, the source neuron, the time and the destination core.
    #[must_use]
    #[inline]
    pub fn loses(&self, seed: u32, at: Counter, destination: CoreId) -> bool {
        let at = Counter { draw: destination.0, ..at };
        self.loss > 0 && draw(seed, Purpose::Fault, at) < self.loss
    }
}

/// The counter word that tells draws of parts from draws of packets: no sample has this number.
const PARTS: u32 = u32::MAX;

impl Chip {
    /// Breaks the parts that the chip leaves to the run's seed; the second call changes nothing.
    ///
    /// # Determinism
    /// The same chip and seed break the same parts.
    pub fn draw_faults(&mut self, seed: u32) {
        let wanted = std::mem::take(&mut self.faults.drawn);
        let tiles: Vec<TileId> = (0..self.mesh.tiles()).map(TileId).collect();
        let whole = |tile: &TileId| *tile != self.host.port && !self.mesh.is_dead(*tile);
        let routers = choose(seed, 0, wanted.routers, tiles.iter().copied().filter(whole));
        for tile in routers {
            self.kill_router(tile);
        }
        let mut pairs = Vec::new();
        for tile in tiles {
            for direction in [Direction::East, Direction::South] {
                let link = self.mesh.link_towards(tile, direction);
                if self.mesh.has_link(link) && !self.mesh.link_is_dead(link) {
                    pairs.push((tile, direction));
                }
            }
        }
        for (tile, direction) in choose(seed, 1, wanted.links, pairs) {
            self.kill_link(tile, direction);
        }
        let cores: Vec<CoreId> = (0..self.cores.len())
            .map(CoreId::from_index)
            .filter(|core| self.works(*core))
            .collect();
        let cores = choose(seed, 2, wanted.cores, cores);
        self.faults.dead_cores.extend(cores);
        self.settle_faults();
    }

    /// Breaks a router, its links and its cores; [`Chip::settle_faults`] has to follow.
    pub(super) fn kill_router(&mut self, tile: TileId) {
        for direction in Direction::ALL {
            self.kill_link(tile, *direction);
        }
        let sites = (0..self.cores.len()).map(CoreId::from_index);
        let own: Vec<CoreId> = sites.filter(|core| self.tile_of(*core) == tile).collect();
        self.faults.dead_cores.extend(own);
        self.mesh.dead_tiles.push(tile);
    }

    /// Breaks the links between a tile and its neighbour, both directions; where there is none,
    /// nothing happens. [`Chip::settle_faults`] has to follow.
    pub(super) fn kill_link(&mut self, tile: TileId, direction: Direction) {
        let link = self.mesh.link_towards(tile, direction);
        if self.mesh.has_link(link) {
            let back = self.mesh.reverse(link);
            self.mesh.dead_links.extend([link, back]);
        }
    }

    /// Puts what is broken in order and lays the route table around it.
    pub(super) fn settle_faults(&mut self) {
        self.mesh.dead_links.sort_unstable();
        self.mesh.dead_links.dedup();
        self.mesh.dead_tiles.sort_unstable();
        self.mesh.dead_tiles.dedup();
        self.faults.dead_cores.sort_unstable();
        self.faults.dead_cores.dedup();
        self.faults.slow_links.sort_unstable();
        // Of two speeds of a link the lower one holds.
        self.faults.slow_links.dedup_by_key(|(link, _)| *link);
        self.mesh.lay_table();
    }

    /// Time until the next flit may follow on a link: longer where it is slow.
    #[must_use]
    pub fn link_occupancy(&self, link: LinkId) -> Picoseconds {
        let whole = self.mesh.link(self.mesh.link_class(link)).occupancy;
        let slow = &self.faults.slow_links;
        match slow.binary_search_by_key(&link, |(slow, _)| *slow) {
            Ok(at) => Picoseconds((whole.0 * 1_000_000).div_ceil(u64::from(slow[at].1))),
            Err(_) => whole,
        }
    }

    /// Whether a core can hold anything.
    #[must_use]
    pub fn works(&self, core: CoreId) -> bool {
        self.faults.dead_cores.binary_search(&core).is_err()
    }

    /// Whether the packets of one core reach another one without crossing anything dead.
    #[must_use]
    pub fn connects(&self, from: CoreId, to: CoreId) -> bool {
        self.mesh.connects(self.tile_of(from), self.tile_of(to))
    }
}

/// Chooses `count` of the candidates, fewer where there are fewer.
fn choose<T>(seed: u32, kind: u32, count: u32, candidates: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut left: Vec<T> = candidates.into_iter().collect();
    let mut chosen = Vec::new();
    for number in 0..count {
        if left.is_empty() {
            break;
        }
        let key = [seed, Purpose::Fault as u32];
        let word = u64::from(philox(key, [number, kind, PARTS, 0])[0]);
        let at = (word * left.len() as u64) >> 32;
        chosen.push(left.remove(at as usize));
    }
    chosen
}
