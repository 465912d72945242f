//! The `queue` and `cycle` timing models: packets on the mesh, with contention.
//!
//! Updates and sending are timed as in [`super::CountModel`]; the way of the packets, the buffers
//! they wait in and the cores that serve them one after the other are the mesh's. A step's bound is
//! that of the lower bound, unless waiting adds more to the step than the bound itself takes; then
//! it is the way of the last packet.

use quarrion_isa::activity::Activity;
use quarrion_isa::chip::{Chip, LinkClass, Multicast, Planes, Router, Routing, Topology};
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::id::CoreId;
use quarrion_isa::timing::{Bound, StepTime};

use super::CountModel;
use super::count::list_service;
use super::traffic::{Origin, Traffic};
use crate::mesh;

/// Which packet model runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketModel {
    /// One record per packet.
    Queue,
    /// Flit by flit.
    Cycle,
}

/// A timing model with contention.
#[derive(Debug)]
pub struct ContendedModel {
    count: CountModel,
    ports: Ports,
    engine: Engine,
    packets: mesh::Traffic,
}

/// The packet model at work.
#[derive(Debug)]
enum Engine {
    Queue(mesh::QueueModel),
    Cycle(mesh::CycleModel),
}

/// Ports of the fabric by core.
#[derive(Debug)]
struct Ports {
    by_core: Vec<u32>,
    host: u32,
}

impl ContendedModel {
    /// A model of the chip's mesh for the program that `count` was made for.
    ///
    /// # Errors
    /// The chip describes a mesh that the packet models cannot run; its author must act.
    pub fn new(chip: &Chip, count: CountModel, model: PacketModel) -> Result<Self, Diagnostic> {
        let (ports, cores_per_tile) = number_ports(chip);
        let fabric = grid(chip, cores_per_tile)?.build()?;
        let engine = match model {
            PacketModel::Queue => Engine::Queue(mesh::QueueModel::new(&fabric)?),
            PacketModel::Cycle => Engine::Cycle(mesh::CycleModel::new(&fabric)?),
        };
        Ok(Self { count, ports, engine, packets: mesh::Traffic::default() })
    }

    /// The part of the model that times cores.
    pub(super) fn count_model(&self) -> &CountModel {
        &self.count
    }

    /// Times one timestep.
    pub(super) fn time_packets(
        &mut self,
        chip: &Chip,
        activity: &Activity,
        traffic: &mut Traffic,
    ) -> Result<StepTime, Diagnostic> {
        let mut longest = self.count.lower_bound(chip, activity, traffic);
        self.load(chip, activity, traffic);
        if !self.packets.packets.is_empty() {
            let detail = mesh::Detail::Packets;
            let outcome = match &mut self.engine {
                Engine::Queue(model) => model.run(&self.packets, detail)?,
                Engine::Cycle(model) => model.run(&self.packets, detail)?,
            };
            if let mesh::Ending::Deadlock(ring) = &outcome.ending {
                return Err(deadlock(activity, ring));
            }
            let waited = outcome.completion_ps.saturating_sub(longest.time);
            if waited > longest.time {
                longest.bound = self.last_way(&outcome, longest.bound);
            }
            longest.time = longest.time.max(outcome.completion_ps);
        }
        Ok(self.count.close(chip, activity, longest))
    }

    /// Turns the traffic into packets of the mesh: one per destination.
    fn load(&mut self, chip: &Chip, activity: &Activity, traffic: &Traffic) {
        self.packets.packets.clear();
        let mut sender = 0;
        for (position, packet) in traffic.packets.iter().enumerate() {
            let source = match packet.origin {
                Origin::Host(_) => self.ports.host,
                Origin::Segment(segment) => {
                    let ends = |core: &quarrion_isa::activity::CoreActivity| {
                        core.first_segment + core.segments
                    };
                    while ends(&activity.cores[sender]) <= segment {
                        sender += 1;
                    }
                    self.ports.by_core[activity.cores[sender].core.index()]
                }
            };
            let destination = &activity.destinations[packet.destinations.start as usize];
            let port = mesh::PortId(self.ports.by_core[destination.core.index()]);
            self.packets.packets.push(mesh::Packet {
                source: mesh::PortId(source),
                destination: mesh::Destination::Port(port),
                plane: 0,
                flits: chip.mesh.flits(LinkClass::EastWest, packet.payload_bits),
                inject_ps: self.count.injected(position),
                service_ps: list_service(chip.core_type(destination.core), destination),
            });
        }
    }

    /// The way of the packet that was done last.
    fn last_way(&self, outcome: &mesh::Outcome, otherwise: Bound) -> Bound {
        let Some(last) = outcome.critical else { return otherwise };
        let destination = self.packets.packets[last as usize].destination;
        let mesh::Destination::Port(port) = destination else { return otherwise };
        let core = self.ports.by_core.iter().position(|own| *own == port.0);
        core.map_or(otherwise, |core| Bound::Path(CoreId::from_index(core)))
    }
}

/// Numbers the ports tile by tile; tiles with fewer cores leave theirs unused.
fn number_ports(chip: &Chip) -> (Ports, u32) {
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
    let port = |(site, slot): (&quarrion_isa::chip::CoreSite, &u32)| site.tile.0 * most + slot;
    let by_core = chip.cores.iter().zip(&slots).map(port).collect();
    (Ports { by_core, host: tiles * most }, most)
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

fn deadlock(activity: &Activity, ring: &[mesh::Waiting]) -> Diagnostic {
    let links: Vec<String> = ring.iter().map(|waiting| waiting.link.to_string()).collect();
    let message = format!(
        "packets of sample {} step {} wait for each other for ever, in a ring of {} channels",
        activity.sample,
        activity.step,
        ring.len()
    );
    Diagnostic::error("QE021", message)
        .at("mesh", &format!("links {}", links.join(", ")), "each waits for the next")
        .help("use more virtual channels, larger buffers or dimension-order routing")
}
