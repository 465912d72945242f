//! The network of a chip in the packet models' terms: the fabric, and which core has which port.

use quarrion_isa::chip::{Chip, CoreSite, LinkClass, Multicast, Planes, Router, Routing, Topology};
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::id::{CoreId, LinkId};

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
        let fabric = grid(chip, cores_per_tile)?.build()?;
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

    /// The ports of all cores, as synthetic traffic sees them.
    #[must_use]
    pub fn terminals(&self, chip: &Chip) -> mesh::Terminals {
        let ports = chip.cores.iter().zip(&self.ports).map(|(site, port)| (site.tile.0, *port));
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
            let message = "the network cannot be timed alone: its links take no time";
            Diagnostic::error("QE024", message)
                .at(&chip.name, "mesh.links.east_west.occupancy_ns", "is 0, as the others are")
                .help("give the links' occupancies and latencies, in the file or with --set")
        })
    }

    /// A link in words: its tile and direction, or its core.
    #[must_use]
    pub fn describe_link(&self, link: u32) -> String {
        let port = |port: mesh::PortId| match self.core(port) {
            Some(core) => format!("core {core}"),
            None => "the host".into(),
        };
        match (self.fabric.links[link as usize].from, self.fabric.links[link as usize].to) {
            (mesh::End::Router { router, port }, mesh::End::Router { .. }) => {
                let at = self.fabric.routers[router as usize];
                // Rows are counted from the north.
                let towards = match port {
                    mesh::direction::EAST => "east",
                    mesh::direction::WEST => "west",
                    mesh::direction::NORTH => "south",
                    _ => "north",
                };
                let plane = match self.fabric.planes {
                    0 | 1 => String::new(),
                    _ => format!(", plane {}", at.plane),
                };
                format!("tile ({}, {}) {towards}{plane}", at.x, at.y)
            }
            (mesh::End::Port(own), _) => format!("{} into the mesh", port(own)),
            (_, mesh::End::Port(own)) => format!("the mesh into {}", port(own)),
        }
    }

    /// The chip's number of a link between routers; planes share it. `None` inside tiles.
    #[must_use]
    pub fn link(&self, link: u32) -> Option<LinkId> {
        let link = &self.fabric.links[link as usize];
        let (mesh::End::Router { router, port }, mesh::End::Router { .. }) = (link.from, link.to)
        else {
            return None;
        };
        let tiles = self.fabric.routers.len() as u32 / self.fabric.planes.max(1);
        // Routers of both count east, west, growing y, shrinking y.
        Some(LinkId(router % tiles * mesh::direction::LOCAL + port))
    }
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
fn grid(chip: &Chip, cores_per_tile: u32) -> Result<mesh::GridSpec, Diagnostic> {
    let own = &chip.mesh;
    if own.multicast != Multicast::Copies {
        let message = "packets that branch are timed by `count` only; contention for them is not \
                       built yet";
        return Err(Diagnostic::error("QE022", message)
            .help("use timing count, or set mesh.multicast=copies"));
    }
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
        Routing::XyYx => mesh::Routing::Mixed { seed: 0 },
        Routing::Table => {
            let message = "table routing from a chip file is not built yet";
            return Err(Diagnostic::error("QE020", message).help("use routing xy, yx or xy_yx"));
        }
    };
    let crosses = own.chips_x * own.chips_y > 1;
    let edge = mesh::Edge {
        every_x: if own.chips_x > 1 { own.width } else { 0 },
        every_y: if own.chips_y > 1 { own.height } else { 0 },
        class: mesh::LinkClass::ChipEdge,
        timing: link(LinkClass::ChipEdge),
    };
    Ok(mesh::GridSpec {
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
        // A spike's passage through its tiles is counted once, on the way out of the mesh.
        inject: mesh::LinkTiming { latency_ps: 0, ..link(LinkClass::Tile) },
        eject: link(LinkClass::Tile),
        edges: if crosses { vec![edge] } else { Vec::new() },
        planes,
        plane_use,
        timing: router_timing(&own.router),
        routing,
        drop_after_ps: None,
    })
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

fn router_timing(router: &Router) -> mesh::RouterTiming {
    let base = mesh::RouterTiming {
        clock: mesh::RouterClock::Asynchronous { forward_ps: 0 },
        virtual_channels: 1,
        release: mesh::ChannelRelease::TailSent,
        switching: mesh::Switching::Wormhole,
    };
    match *router {
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
