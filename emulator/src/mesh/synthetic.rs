//! Synthetic traffic, as architects use it to judge a network: patterns, open loop or in bursts.

use quarrion_isa::random::{Purpose, philox};

use super::fabric::{Grid, PortId};
use super::traffic::{Destination, Packet, Traffic};

/// Who sends to whom, among the ports of [`Terminals`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// To every port alike, oneself included.
    Uniform,
    /// From tile (x, y) to the same port of tile (y, x); columns beyond the rows wrap. Where that
    /// tile has no such port, nothing is sent.
    Transpose,
    /// From each port to the one as far from the last as it is from the first: with every bit of
    /// its number turned, where their number is a power of two.
    BitComplement,
    /// A part of the packets to a few ports in turn, the rest uniform.
    Hotspot {
        /// The busy ports.
        ports: Vec<PortId>,
        /// Packets in a thousand that go there.
        per_mille: u32,
    },
}

/// The ports that send and receive, tile by tile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terminals {
    width: u32,
    height: u32,
    ports: Vec<PortId>,
    /// Tile of each port.
    tiles: Vec<u32>,
    /// Position in `ports` of each tile's first one, and one past the last.
    first: Vec<u32>,
}

impl Terminals {
    /// The ports of a grid with one core on every tile: port `y * width + x` is tile (x, y)'s.
    #[must_use]
    pub fn one_a_tile(grid: Grid) -> Self {
        let tiles = grid.width * grid.height;
        Self::new(grid.width, grid.height, (0..tiles).map(|tile| (tile, PortId(tile))))
    }

    /// The ports of a grid of tiles, each with its tile `y * width + x`; ports of tiles outside
    /// the grid are left out.
    #[must_use]
    pub fn new(width: u32, height: u32, ports: impl Iterator<Item = (u32, PortId)>) -> Self {
        let count = width * height;
        let mut sorted: Vec<(u32, PortId)> = ports.filter(|(tile, _)| *tile < count).collect();
        sorted.sort_unstable();
        let (tiles, ports): (Vec<u32>, Vec<PortId>) = sorted.into_iter().unzip();
        let first = (0..=count).map(|tile| tiles.partition_point(|own| *own < tile) as u32);
        Self { width, height, first: first.collect(), ports, tiles }
    }

    /// The ports, in the order in which sources are numbered.
    #[must_use]
    pub fn ports(&self) -> &[PortId] {
        &self.ports
    }

    /// One port on each of the four tiles at the quarters of the grid; fewer where they coincide
    /// or have none.
    #[must_use]
    pub fn quarters(&self) -> Vec<PortId> {
        let ends = |size: u32| [size / 4, size - 1 - size / 4];
        let places = ends(self.height).into_iter().flat_map(|y| ends(self.width).map(|x| (x, y)));
        let mut ports: Vec<PortId> =
            places.filter_map(|(x, y)| self.at(y * self.width + x, 0)).collect();
        ports.sort_unstable();
        ports.dedup();
        ports
    }

    fn at(&self, tile: u32, slot: u32) -> Option<PortId> {
        let (first, end) = (self.first[tile as usize], self.first[tile as usize + 1]);
        (first + slot < end).then(|| self.ports[(first + slot) as usize])
    }

    /// The port of the mirrored tile that has the same number there.
    fn transposed(&self, source: u32) -> Option<PortId> {
        let tile = self.tiles[source as usize];
        let (x, y) = (tile % self.width, tile / self.width);
        self.at((x % self.height) * self.width + y % self.width, source - self.first[tile as usize])
    }
}

/// When sources have packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrivals {
    /// Each cycle a packet with a fixed chance, independently.
    Bernoulli {
        /// Offered flits per port and a million cycles.
        flits_per_million: u64,
        /// Length of the run.
        cycles: u64,
    },
    /// A fixed number of packets per source.
    Burst {
        /// Packets of each source.
        packets: u32,
        /// Cycles between two of them; 0 for all at once.
        gap: u64,
    },
}

/// Synthetic traffic in a few figures.
#[derive(Clone, Debug)]
pub struct Synthetic {
    /// Who sends to whom.
    pub pattern: Pattern,
    /// When.
    pub arrivals: Arrivals,
    /// Length of every packet.
    pub flits: u32,
    /// Length of a cycle.
    pub cycle_ps: u64,
    /// How long a core is busy with a packet.
    pub service_ps: u64,
    /// Seed of every draw.
    pub seed: u32,
}

impl Synthetic {
    /// Makes the packets for a grid with one core per tile.
    ///
    /// # Determinism
    /// Every draw is a function of seed, source and cycle (or packet).
    #[must_use]
    pub fn generate(&self, grid: Grid) -> Traffic {
        self.generate_among(&Terminals::one_a_tile(grid))
    }

    /// Makes the packets that these ports send each other.
    ///
    /// # Determinism
    /// Every draw is a function of seed, source and cycle (or packet).
    #[must_use]
    pub fn generate_among(&self, terminals: &Terminals) -> Traffic {
        let sources = terminals.ports.len() as u32;
        let mut packets = Vec::new();
        match self.arrivals {
            Arrivals::Bernoulli { flits_per_million, cycles } => {
                let chance = (u128::from(flits_per_million) << 32)
                    / (1_000_000 * u128::from(self.flits.max(1)));
                for cycle in 0..cycles {
                    for source in 0..sources {
                        let words = self.draw(source, cycle);
                        if u128::from(words[0]) < chance {
                            packets.extend(self.packet(terminals, source, words, cycle));
                        }
                    }
                }
            }
            Arrivals::Burst { packets: count, gap } => {
                for packet in 0..u64::from(count) {
                    for source in 0..sources {
                        let words = self.draw(source, packet);
                        packets.extend(self.packet(terminals, source, words, packet * gap));
                    }
                }
            }
        }
        Traffic { packets, ..Traffic::default() }
    }

    fn draw(&self, source: u32, number: u64) -> [u32; 4] {
        let counter = [source, number as u32, (number >> 32) as u32, 0];
        philox([self.seed, Purpose::Stimulus as u32], counter)
    }

    fn packet(
        &self,
        among: &Terminals,
        source: u32,
        words: [u32; 4],
        cycle: u64,
    ) -> Option<Packet> {
        let ports = among.ports.len() as u32;
        let below = |word: u32, bound: u32| ((u64::from(word) * u64::from(bound)) >> 32) as u32;
        let destination = match &self.pattern {
            Pattern::Uniform => among.ports[below(words[1], ports) as usize],
            Pattern::Transpose => among.transposed(source)?,
            Pattern::BitComplement => among.ports[(ports - 1 - source) as usize],
            Pattern::Hotspot { ports: hot, per_mille } => {
                if !hot.is_empty() && below(words[2], 1000) < *per_mille {
                    hot[below(words[3], hot.len() as u32) as usize]
                } else {
                    among.ports[below(words[1], ports) as usize]
                }
            }
        };
        Some(Packet {
            source: among.ports[source as usize],
            destination: Destination::Port(destination),
            plane: 0,
            flits: self.flits,
            inject_ps: cycle * self.cycle_ps,
            service_ps: self.service_ps,
        })
    }
}
