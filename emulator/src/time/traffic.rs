//! Traffic: the packets of a timestep on their routes.
//!
//! The chip's multicast rule is applied here. *Copies*: a spike leaves as one packet per
//! destination. *Tree* and *table*: it leaves as one packet that branches where its routes part.

use std::ops::Range;

use quarrion_isa::activity::{Activity, Destination};
use quarrion_isa::chip::{Chip, Hops, LinkClass, Multicast, Router};
use quarrion_isa::id::{LinkId, PopulationId, TileId};
use quarrion_isa::quantity::Picoseconds;

use super::length::Length;

/// Where a packet comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The segment (position in the record) of a core's loop that ended with the spike.
    Segment(u32),
    /// The host's spike of this number in the timestep.
    Host(u32),
}

impl Origin {
    /// The class of the packet, where classes have physical planes: 0 for spikes of cores, 1 for
    /// the host's.
    #[must_use]
    pub const fn class(self) -> u32 {
        match self {
            Self::Segment(_) => 0,
            Self::Host(_) => 1,
        }
    }
}

/// One packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Who sent it.
    pub origin: Origin,
    /// Population of the source neuron.
    pub population: PopulationId,
    /// Its destinations in [`Activity::destinations`].
    pub destinations: Range<u32>,
    /// Its links in [`Traffic::links`]; of a branching packet, those of all branches.
    pub links: Range<u32>,
    /// Hops over those links by class.
    pub hops: Hops,
    /// Payload bits.
    pub payload_bits: u32,
    /// Position of its length in [`Traffic::lengths`].
    pub length: u32,
}

/// The packets of a timestep, in order of origin: the host's first, then core by core.
#[derive(Debug, Default)]
pub struct Traffic {
    /// The packets.
    pub packets: Vec<Packet>,
    /// Links of all packets.
    pub links: Vec<LinkId>,
    /// Where packets branch, by position in `links`: the link before, [`Traffic::NONE`] at the
    /// source. Empty where packets do not branch.
    pub before: Vec<u32>,
    /// Where packets branch, by position in [`Activity::destinations`]: the last link of the way
    /// there, [`Traffic::NONE`] inside the source's tile. Empty where packets do not branch.
    pub last: Vec<u32>,
    /// Zero-load latency of a flit's way from the source's tile into the core, by position in
    /// [`Activity::destinations`].
    pub latencies: Vec<Picoseconds>,
    /// The lengths of packets that have been met so far.
    pub lengths: Vec<Length>,
    routes: Routes,
    /// By link, the packet that took it last and the position of the link then.
    taken: Vec<(u64, u32)>,
    packet: u64,
}

/// Routes worked out so far, by source and destination tile.
#[derive(Debug, Default)]
struct Routes {
    rows: Vec<Option<Box<[Route]>>>,
    links: Vec<LinkId>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Route {
    known: bool,
    first: u32,
    length: u32,
    hops: Hops,
    latency: Picoseconds,
}

impl Traffic {
    /// Stands for no link.
    pub const NONE: u32 = u32::MAX;

    /// Expands the record of a timestep; what was there before is dropped.
    pub fn expand(&mut self, activity: &Activity, chip: &Chip) {
        self.packets.clear();
        self.links.clear();
        self.before.clear();
        self.last.clear();
        self.latencies.clear();
        self.taken.resize(chip.mesh.link_count() as usize, (0, 0));
        let mut next = 0;
        for (number, spike) in activity.host.spikes_in.iter().enumerate() {
            let origin = Origin::Host(number as u32);
            let part = next..next + spike.destinations;
            next = part.end;
            let source = (origin, spike.population, spike.payload_bits);
            self.push(chip, chip.host.port, source, part, activity);
        }
        for core in &activity.cores {
            let tile = chip.tile_of(core.core);
            let first = core.first_segment;
            for (offset, segment) in activity.segments_of(core).iter().enumerate() {
                let origin = Origin::Segment(first + offset as u32);
                let part = next..next + segment.destinations;
                next = part.end;
                let source = (origin, segment.population, segment.payload_bits);
                self.push(chip, tile, source, part, activity);
            }
        }
    }

    fn push(
        &mut self,
        chip: &Chip,
        from: TileId,
        (origin, population, payload_bits): (Origin, PopulationId, u32),
        part: Range<u32>,
        activity: &Activity,
    ) {
        if part.is_empty() {
            return;
        }
        let length = self.length_of(chip, payload_bits);
        let mut send = |destinations: Range<u32>, branches: bool| {
            let first = self.links.len();
            let hops = if branches {
                self.branch(chip, from, &activity.destinations[range(&destinations)])
            } else {
                let to = chip.tile_of(activity.destinations[destinations.start as usize].core);
                let route = *self.routes.find(chip, from, to);
                self.latencies.push(route.latency);
                self.links.extend_from_slice(&self.routes.links[route.range()]);
                route.hops
            };
            let links = first as u32..self.links.len() as u32;
            self.packets.push(Packet {
                origin,
                population,
                destinations,
                links,
                hops,
                payload_bits,
                length,
            });
        };
        match chip.mesh.multicast {
            Multicast::Copies => part.for_each(|one| send(one..one + 1, false)),
            Multicast::Tree | Multicast::Table => send(part, true),
        }
    }

    /// Lays the links of a branching packet: routes share their links until they part.
    fn branch(&mut self, chip: &Chip, from: TileId, destinations: &[Destination]) -> Hops {
        let first = self.links.len();
        let mut hops = Hops::default();
        self.packet += 1;
        for destination in destinations {
            let route = *self.routes.find(chip, from, chip.tile_of(destination.core));
            self.latencies.push(route.latency);
            let mut at = Self::NONE;
            for position in route.range() {
                let link = self.routes.links[position];
                at = match self.taken_after(first, link, at) {
                    Some(known) => known,
                    None => {
                        let added = self.links.len() as u32;
                        self.taken[link.index()] = (self.packet, added);
                        self.links.push(link);
                        self.before.push(at);
                        match chip.mesh.link_class(link) {
                            LinkClass::EastWest => hops.east_west += 1,
                            LinkClass::NorthSouth => hops.north_south += 1,
                            LinkClass::ChipEdge | LinkClass::Tile => hops.chip_edge += 1,
                        }
                        added
                    }
                };
            }
            self.last.push(at);
        }
        hops
    }

    /// Where the packet that is being laid took `link` after the link at position `before`. Routes
    /// by table may part and meet again; then a link is taken once on each of them.
    fn taken_after(&self, first: usize, link: LinkId, before: u32) -> Option<u32> {
        let (packet, at) = self.taken[link.index()];
        if packet != self.packet {
            return None;
        }
        if self.before[at as usize] == before {
            return Some(at);
        }
        let same = |at: &usize| self.links[*at] == link && self.before[*at] == before;
        (first..self.links.len()).find(same).map(|at| at as u32)
    }

    /// The position of a length, worked out when it is met first.
    fn length_of(&mut self, chip: &Chip, payload_bits: u32) -> u32 {
        let known = self.lengths.iter().position(|length| length.payload_bits == payload_bits);
        let at = known.unwrap_or_else(|| {
            self.lengths.push(Length::new(chip, payload_bits));
            self.lengths.len() - 1
        });
        at as u32
    }

    /// The links of a packet.
    #[must_use]
    pub fn links_of(&self, packet: &Packet) -> &[LinkId] {
        &self.links[range(&packet.links)]
    }

    /// The length of a packet.
    #[must_use]
    pub fn length(&self, packet: &Packet) -> &Length {
        &self.lengths[packet.length as usize]
    }
}

impl Route {
    /// Its links in [`Routes::links`].
    fn range(self) -> Range<usize> {
        self.first as usize..(self.first + self.length) as usize
    }
}

/// A range of positions.
fn range(part: &Range<u32>) -> Range<usize> {
    part.start as usize..part.end as usize
}

impl Routes {
    fn find(&mut self, chip: &Chip, from: TileId, to: TileId) -> &Route {
        let tiles = chip.mesh.tiles() as usize;
        if self.rows.len() < tiles {
            self.rows.resize_with(tiles, || None);
        }
        let row = self.rows[from.index()]
            .get_or_insert_with(|| vec![Route::default(); tiles].into_boxed_slice());
        let route = &mut row[to.index()];
        if !route.known {
            *route = work_out(chip, from, to, &mut self.links);
        }
        route
    }
}

/// Walks a route once: its links, hops and zero-load latency for one flit.
///
/// A clocked router adds its pipeline at each of the route's routers, the first one included.
fn work_out(chip: &Chip, from: TileId, to: TileId, links: &mut Vec<LinkId>) -> Route {
    let first = links.len();
    let mut latency = chip.mesh.link(LinkClass::Tile).latency;
    chip.mesh.route(from, to, |link| {
        latency += chip.mesh.link(chip.mesh.link_class(link)).latency;
        links.push(link);
    });
    let length = (links.len() - first) as u32;
    if let Router::Clocked { period, pipeline_cycles, .. } = chip.mesh.router {
        latency.0 += u64::from(length + 1) * u64::from(pipeline_cycles) * period.0;
    }
    let hops = chip.mesh.hops(from, to);
    Route { known: true, first: first as u32, length, hops, latency }
}
