//! Traffic: the packets of a timestep on their routes.
//!
//! The chip's multicast rule is applied here. *Copies*: a spike leaves as one packet per
//! destination core. *Tree*: it leaves as one packet that branches along the union of the routes.

use std::ops::Range;

use quarrion_isa::activity::{Activity, Destination};
use quarrion_isa::chip::{Chip, Hops, LinkClass, Multicast, Router};
use quarrion_isa::id::{CoreId, LinkId, PopulationId, TileId};
use quarrion_isa::quantity::Picoseconds;

/// Where a packet comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The segment (position in the record) of a core's loop that ended with the spike.
    Segment(u32),
    /// The host's spike of this number in the timestep.
    Host(u32),
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
    /// Its links in [`Traffic::links`]; of a tree, the union of the routes.
    pub links: Range<u32>,
    /// Hops over those links by class.
    pub hops: Hops,
    /// Payload bits.
    pub payload_bits: u32,
}

/// The packets of a timestep, in order of origin: the host's first, then core by core.
#[derive(Debug, Default)]
pub struct Traffic {
    /// The packets.
    pub packets: Vec<Packet>,
    /// Links of all packets.
    pub links: Vec<LinkId>,
    routes: Routes,
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
    /// Expands the record of a timestep; what was there before is dropped.
    pub fn expand(&mut self, activity: &Activity, chip: &Chip) {
        self.packets.clear();
        self.links.clear();
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
        let packets: Vec<Range<u32>> = match chip.mesh.multicast {
            Multicast::Copies => part.map(|one| one..one + 1).collect(),
            Multicast::Tree | Multicast::Table => vec![part],
        };
        for destinations in packets {
            let first = self.links.len();
            let mut hops = Hops::default();
            for one in destinations.clone() {
                let to = chip.tile_of(activity.destinations[one as usize].core);
                let route = *self.routes.find(chip, from, to);
                let links = route.first as usize..(route.first + route.length) as usize;
                self.links.extend_from_slice(&self.routes.links[links]);
                hops = route.hops;
            }
            if destinations.len() > 1 {
                hops = self.merge_branches(chip, first);
            }
            let links = first as u32..self.links.len() as u32;
            self.packets.push(Packet {
                origin,
                population,
                destinations,
                links,
                hops,
                payload_bits,
            });
        }
    }

    /// Leaves each link of a branching packet once and counts the hops that remain.
    fn merge_branches(&mut self, chip: &Chip, first: usize) -> Hops {
        let mut union = self.links.split_off(first);
        union.sort_unstable();
        union.dedup();
        let mut hops = Hops::default();
        for link in &union {
            match chip.mesh.link_class(*link) {
                LinkClass::EastWest => hops.east_west += 1,
                LinkClass::NorthSouth => hops.north_south += 1,
                LinkClass::ChipEdge | LinkClass::Tile => hops.chip_edge += 1,
            }
        }
        self.links.append(&mut union);
        hops
    }

    /// Zero-load latency from the source tile into the destination core, for the last flit.
    pub fn latency(
        &mut self,
        chip: &Chip,
        from: TileId,
        destination: &Destination,
        payload_bits: u32,
    ) -> Picoseconds {
        let to = chip.tile_of(destination.core);
        let route = *self.routes.find(chip, from, to);
        let flits = u64::from(chip.mesh.flits(LinkClass::Tile, payload_bits));
        let tail = (flits - 1) * chip.mesh.link(LinkClass::Tile).occupancy.0;
        Picoseconds(route.latency.0 + tail)
    }
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

/// The tile that an origin's packets enter the mesh at.
pub(super) fn source_tile(chip: &Chip, core: Option<CoreId>) -> TileId {
    core.map_or(chip.host.port, |core| chip.tile_of(core))
}
