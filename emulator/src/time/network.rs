//! The network of a chip in the packet models' terms: the fabric, and which core has which port.

use quarrion_isa::chip::{
    Chip, CoreSite, Direction, LinkClass, Mesh, Multicast, Planes, Router, Routing, Topology,
};
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::id::{CoreId, LinkId, TileId};
use quarrion_isa::way::Passage;

use crate::mesh;

/// The fabric of a chip, with the chip's names for its parts.
#[derive(Clone, Debug)]
pub struct ChipNetwork {
    /// Routers, links and ports.
    pub fabric: mesh::Fabric,
    /// Port of each core.
    ports: Vec<mesh::PortId>,
    host: mesh::PortId,
    /// Core of each port; `None` for the host's and for those of tiles with fewer cores.
    cores: Vec<Option<CoreId>>,
}

impl ChipNetwork {
    /// Describes the network of a chip.
    ///
    /// # Errors
    /// The chip describes a mesh that the packet models cannot run; its author must act.
    pub fn new(chip: &Chip) -> Result<Self, Diagnostic> {
        let (ports, cores_per_tile) = number_ports(chip);
        let mut fabric = grid(chip, cores_per_tile).build()?;
        break_links(chip, &mut fabric);
        // The other routings are free of rings by what the chip's rules ask of channels.
        if chip.mesh.routing == Routing::Table && chip.mesh.drop_after.is_none() {
            mesh::prove_deadlock_free(&fabric, &[])?;
        }
        let mut cores = vec![None; fabric.ports.len()];
        for (at, port) in ports.iter().enumerate() {
            cores[port.index()] = Some(CoreId::from_index(at));
        }
        let host = mesh::PortId(chip.mesh.tiles() * cores_per_tile);
        Ok(Self { fabric, ports, host, cores })
    }

    /// The port of a core.
    #[must_use]
    pub fn port(&self, core: CoreId) -> mesh::PortId {
        self.ports[core.index()]
    }

    /// The port of the host.
    #[must_use]
    pub fn host(&self) -> mesh::PortId {
        self.host
    }

    /// The core of a port; `None` for the host's.
    #[must_use]
    pub fn core(&self, port: mesh::PortId) -> Option<CoreId> {
        self.cores[port.index()]
    }

    /// The ports of all cores that work, as synthetic traffic sees them.
    #[must_use]
    pub fn terminals(&self, chip: &Chip) -> mesh::Terminals {
        let cores = chip.cores.iter().zip(&self.ports).enumerate();
        let alive = cores.filter(|(index, _)| chip.works(CoreId::from_index(*index)));
        let ports = alive.map(|(_, (site, port))| (site.tile.0, *port));
        mesh::Terminals::new(chip.mesh.board_width(), chip.mesh.board_height(), ports)
    }

    /// The cycle that loads are counted in, and what it is: a router's clock period; without a
    /// clock what a flit takes of a core's own link, or the first time of a link that is known.
    ///
    /// # Errors
    /// QE024: the chip file gives no time of a link; its author must act.
    pub fn cycle(chip: &Chip) -> Result<(u64, &'static str), Diagnostic> {
        if let Router::Clocked { period, .. } = chip.mesh.router {
            return Ok((period.0, "the routers' clock period"));
        }
        let link = |class: LinkClass| chip.mesh.link(class);
        let times = [
            (link(LinkClass::Tile).occupancy, "a flit's time on a core's own link"),
            (link(LinkClass::EastWest).occupancy, "a flit's time on a link east"),
            (link(LinkClass::NorthSouth).occupancy, "a flit's time on a link north"),
            (link(LinkClass::EastWest).latency, "the latency of a link east"),
            (link(LinkClass::NorthSouth).latency, "the latency of a link north"),
        ];
        let known = times.into_iter().find(|(time, _)| time.0 > 0);
        known.map(|(time, what)| (time.0, what)).ok_or_else(|| {
            let message = "the network cannot be timed alone: by the chip file no link takes any \
                           time, so no load is too much for it";
            Diagnostic::error("QE024", message)
                .at(&chip.name, "mesh.links.east_west.occupancy_ns", "is 0, as the others are")
                .help(
                    "say how soon a flit may follow another and how long a hop takes, for example \
                     --set mesh.links.east_west.occupancy_ns=5 --set \
                     mesh.links.east_west.latency_ns=10, and the same for north_south",
                )
        })
    }

    /// A link by its tile and direction, or its core.
    #[must_use]
    pub fn passage(&self, link: u32) -> Passage {
        let (from, to) =
            (self.fabric.links[link as usize].from, self.fabric.links[link as usize].to);
        match (from, to) {
            (mesh::End::Router { router, port }, mesh::End::Router { .. }) => {
                let at = self.fabric.routers[router as usize];
                Passage::Link {
                    link: self.numbered(router, port),
                    x: at.x,
                    y: at.y,
                    towards: Direction::ALL[port as usize],
                    plane: (self.fabric.planes > 1).then_some(at.plane),
                }
            }
            (mesh::End::Port(own), _) => {
                self.core(own).map_or(Passage::FromHost, Passage::FromCore)
            }
            (_, mesh::End::Port(own)) => {
                self.core(own).map_or(Passage::IntoHost, Passage::IntoCore)
            }
        }
    }

    /// The router of a tile in a plane.
    #[must_use]
    pub fn router(&self, tile: TileId, plane: u32) -> u32 {
        plane * (self.fabric.routers.len() as u32 / self.fabric.planes.max(1)) + tile.0
    }

    /// Flits of a packet: the length that it has inside a tile. Links of another width take as
    /// much longer for each of them.
    #[must_use]
    pub fn flits(chip: &Chip, payload_bits: u32) -> u32 {
        chip.mesh.flits(LinkClass::Tile, payload_bits)
    }

    /// The chip's number of a link between routers; planes share it. `None` inside tiles.
    #[must_use]
    pub fn link(&self, link: u32) -> Option<LinkId> {
        let link = &self.fabric.links[link as usize];
        let (mesh::End::Router { router, port }, mesh::End::Router { .. }) = (link.from, link.to)
        else {
            return None;
        };
        Some(self.numbered(router, port))
    }

    /// The chip's number of the link out of a router's port, in any plane.
    fn numbered(&self, router: u32, port: u32) -> LinkId {
        let tiles = self.fabric.routers.len() as u32 / self.fabric.planes.max(1);
        LinkId(router % tiles * mesh::direction::LOCAL + port)
    }
}

/// Carries the chip's dead and slow links over to every plane of the fabric, and to the cores of
/// dead routers. Routers of both number their ports east, west, growing y, shrinking y.
fn break_links(chip: &Chip, fabric: &mut mesh::Fabric) {
    let tiles = chip.mesh.tiles();
    let flits = reference_flits(chip);
    for link in &mut fabric.links {
        let at = match (link.from, link.to) {
            (mesh::End::Router { router, port }, mesh::End::Router { .. }) => {
                let own = LinkId(router % tiles * mesh::direction::LOCAL + port);
                let class = chip.mesh.link_class(own);
                let long = u64::from(chip.mesh.flits(class, 0));
                link.timing.flit_ps = (chip.link_occupancy(own).0 * long).div_ceil(flits);
                if chip.mesh.link_is_dead(own) {
                    link.state = mesh::LinkState::Dead;
                }
                continue;
            }
            (mesh::End::Router { router, .. }, _) | (_, mesh::End::Router { router, .. }) => router,
            _ => continue,
        };
        if chip.mesh.is_dead(TileId(at % tiles)) {
            link.state = mesh::LinkState::Dead;
        }
    }
}

/// Flits of a packet without payload inside a tile.
fn reference_flits(chip: &Chip) -> u64 {
    u64::from(chip.mesh.flits(LinkClass::Tile, 0))
}

/// The chip's routes by table in the fabric's terms: planes have the same, and none leads across.
fn route_table(chip: &Chip, planes: u32) -> mesh::Routing {
    let Some(table) = &chip.mesh.table else { return mesh::Routing::XFirst };
    let tiles = table.nodes as usize;
    let nodes = tiles * planes as usize;
    let mut next = vec![mesh::RouteTable::NONE; nodes * nodes];
    for plane in 0..planes as usize {
        for from in 0..tiles {
            let row = (plane * tiles + from) * nodes + plane * tiles;
            next[row..row + tiles].copy_from_slice(&table.next[from * tiles..(from + 1) * tiles]);
        }
    }
    mesh::Routing::Table(mesh::RouteTable { next, nodes: nodes as u32 })
}

/// Numbers the ports tile by tile; tiles with fewer cores leave theirs unused. Returns the port of
/// each core and the ports of a tile.
fn number_ports(chip: &Chip) -> (Vec<mesh::PortId>, u32) {
    let tiles = chip.mesh.tiles();
    let mut on_tile = vec![0_u32; tiles as usize];
    let slots: Vec<u32> = chip
        .cores
        .iter()
        .map(|site| {
            let slot = on_tile[site.tile.index()];
            on_tile[site.tile.index()] += 1;
            slot
        })
        .collect();
    let most = on_tile.into_iter().max().unwrap_or(0).max(1);
    let port = |(site, slot): (&CoreSite, &u32)| mesh::PortId(site.tile.0 * most + slot);
    (chip.cores.iter().zip(&slots).map(port).collect(), most)
}

/// The chip's mesh in the packet models' terms.
fn grid(chip: &Chip, cores_per_tile: u32) -> mesh::GridSpec {
    let own = &chip.mesh;
    let link = |class: LinkClass| link_timing(chip, class);
    let host = own.position(chip.host.port);
    let (planes, plane_use) = match own.planes {
        Planes::Single => (1, mesh::PlaneUse::ByClass),
        Planes::Alternate(planes) => (planes.max(1), mesh::PlaneUse::Alternate),
        Planes::ByClass(planes) => (planes.max(1), mesh::PlaneUse::ByClass),
    };
    let routing = match own.routing {
        Routing::Xy => mesh::Routing::XFirst,
        Routing::Yx => mesh::Routing::YFirst,
        Routing::XyYx => mesh::Routing::Mixed { choice: mesh::Choice::Places },
        Routing::Table => route_table(chip, planes),
    };
    let tile = link(LinkClass::Tile);
    let crosses = own.chips_x * own.chips_y > 1;
    let edge = mesh::Edge {
        every_x: if own.chips_x > 1 { own.width } else { 0 },
        every_y: if own.chips_y > 1 { own.height } else { 0 },
        class: mesh::LinkClass::ChipEdge,
        timing: link(LinkClass::ChipEdge),
    };
    mesh::GridSpec {
        width: own.board_width(),
        height: own.board_height(),
        wrap: match own.topology {
            Topology::Mesh => mesh::Wrap::Mesh,
            Topology::Torus => mesh::Wrap::Torus,
        },
        cores_per_tile,
        hosts: vec![(host.x, host.y)],
        east_west: link(LinkClass::EastWest),
        north_south: link(LinkClass::NorthSouth),
        // A spike's passage through its tiles is counted once, on the way out of the mesh; a link
        // takes a picosecond at least, and the way out is shorter by that.
        inject: mesh::LinkTiming { latency_ps: tile.latency_ps.min(1), ..tile },
        eject: mesh::LinkTiming { latency_ps: tile.latency_ps.saturating_sub(1), ..tile },
        edges: if crosses { vec![edge] } else { Vec::new() },
        planes,
        plane_use,
        timing: router_timing(own),
        routing,
        drop_after_ps: own.drop_after.map(|time| time.0),
    }
}

fn link_timing(chip: &Chip, class: LinkClass) -> mesh::LinkTiming {
    let figures = chip.mesh.link(class);
    let buffer_flits = match chip.mesh.router {
        Router::Asynchronous { buffer_flits } | Router::Clocked { buffer_flits, .. } => {
            buffer_flits
        }
    };
    mesh::LinkTiming {
        latency_ps: figures.latency.0,
        flit_ps: figures.occupancy.0,
        credit_ps: figures.latency.0,
        buffer_flits,
    }
}

fn router_timing(own: &Mesh) -> mesh::RouterTiming {
    let switching = match own.multicast {
        Multicast::Copies => mesh::Switching::Wormhole,
        // Packets that branch must fit into every buffer whole.
        Multicast::Tree | Multicast::Table => mesh::Switching::VirtualCutThrough,
    };
    let base = mesh::RouterTiming {
        clock: mesh::RouterClock::Asynchronous { forward_ps: 0 },
        virtual_channels: 1,
        release: mesh::ChannelRelease::TailSent,
        switching,
    };
    match own.router {
        Router::Asynchronous { .. } => base,
        Router::Clocked { period, pipeline_cycles, virtual_channels, speculative, .. } => {
            let speculation =
                if speculative { mesh::Speculation::On } else { mesh::Speculation::Off };
            // The packet models' own pipeline takes four cycles, three when it speculates.
            let built_in = if speculative { 3 } else { 4 };
            mesh::RouterTiming {
                clock: mesh::RouterClock::Clocked {
                    period_ps: period.0,
                    routing_cycles: pipeline_cycles.saturating_sub(built_in),
                    speculation,
                },
                virtual_channels,
                ..base
            }
        }
    }
}
