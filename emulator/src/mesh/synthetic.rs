//! Synthetic traffic, as architects use it to judge a network: patterns, open loop or in bursts.

use quarrion_isa::random::{Purpose, philox};

use super::fabric::{Grid, PortId};
use super::traffic::{Destination, Packet, Traffic};

/// Who sends to whom; port `y * width + x` is the core of tile (x, y).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// To every port alike, oneself included.
    Uniform,
    /// From (x, y) to (y, x); columns beyond the rows wrap.
    Transpose,
    /// From each port to the one with every bit of its number turned.
    BitComplement,
    /// A part of the packets to a few ports in turn, the rest uniform.
    Hotspot {
        /// The busy ports.
        ports: Vec<PortId>,
        /// Packets in a thousand that go there.
        per_mille: u32,
    },
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
        let ports = grid.width * grid.height;
        let mut packets = Vec::new();
        match self.arrivals {
            Arrivals::Bernoulli { flits_per_million, cycles } => {
                let chance = (u128::from(flits_per_million) << 32)
                    / (1_000_000 * u128::from(self.flits.max(1)));
                for cycle in 0..cycles {
                    for source in 0..ports {
                        let words = self.draw(source, cycle);
                        if u128::from(words[0]) < chance {
                            packets.push(self.packet(grid, source, words, cycle));
                        }
                    }
                }
            }
            Arrivals::Burst { packets: count, gap } => {
                for packet in 0..u64::from(count) {
                    for source in 0..ports {
                        let words = self.draw(source, packet);
                        packets.push(self.packet(grid, source, words, packet * gap));
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

    fn packet(&self, grid: Grid, source: u32, words: [u32; 4], cycle: u64) -> Packet {
        let ports = grid.width * grid.height;
        let below = |word: u32, bound: u32| ((u64::from(word) * u64::from(bound)) >> 32) as u32;
        let destination = match &self.pattern {
            Pattern::Uniform => below(words[1], ports),
            Pattern::Transpose => {
                let (x, y) = (source % grid.width, source / grid.width);
                (x % grid.height) * grid.width + y % grid.width
            }
            Pattern::BitComplement => ports - 1 - source,
            Pattern::Hotspot { ports: hot, per_mille } => {
                if !hot.is_empty() && below(words[2], 1000) < *per_mille {
                    hot[below(words[3], hot.len() as u32) as usize].0
                } else {
                    below(words[1], ports)
                }
            }
        };
        Packet {
            source: PortId(source),
            destination: Destination::Port(PortId(destination)),
            plane: 0,
            flits: self.flits,
            inject_ps: cycle * self.cycle_ps,
            service_ps: self.service_ps,
        }
    }
}
