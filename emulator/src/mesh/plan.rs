//! The fabric as the engines read it: dense arrays, ticks instead of picoseconds.
//!
//! Nodes are routers, then ports. A *slot* is a numbered in or out port of a node, a *lane* one
//! virtual channel of a slot: `lane = node << shift | slot_in_node * channels + channel`.

use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::random::{Counter, Purpose, draw};

use super::fabric::{
    End, Fabric, Grid, LinkState, PlaneUse, RouterClock, Speculation, Switching, direction,
};
use super::fabric::{ChannelRelease, PortId};
use super::routing::{Class, Order, RouteTable, Routing, Step, grid_step};
use super::traffic::{Destination, Traffic};

/// Marks a slot without a link.
pub(super) const NONE: u32 = u32::MAX;

/// The far side of an out slot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Out {
    /// First lane of the buffer that the link ends in; `NONE` without a link.
    pub(super) lane: u32,
    /// Ticks from departure to arrival.
    pub(super) latency: u32,
    /// Ticks until the next flit may depart.
    pub(super) flit: u32,
    /// Buffer behind the link, flits per channel.
    pub(super) buffer: u32,
    /// Position in the fabric's links.
    pub(super) link: u32,
}

/// The far side of an in slot: where credits go.
#[derive(Clone, Copy, Debug)]
pub(super) struct In {
    /// First lane of the sender.
    pub(super) lane: u32,
    /// Ticks from a freed flit to the sender's knowing.
    pub(super) credit: u32,
    /// Position in the fabric's links.
    pub(super) link: u32,
}

/// What a packet needs while it travels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flight {
    pub(super) x: u16,
    pub(super) y: u16,
    pub(super) router: u32,
    pub(super) flits: u16,
    pub(super) eject: u8,
    pub(super) plane: u8,
    pub(super) order: Order,
}

/// Fabric and traffic in ticks.
#[derive(Debug)]
pub(super) struct Plan<'f> {
    pub(super) tick_ps: u64,
    pub(super) routers: u32,
    pub(super) nodes: u32,
    /// Slots per node.
    pub(super) slots: u32,
    pub(super) channels: u32,
    pub(super) shift: u32,
    pub(super) outs: Vec<Out>,
    pub(super) ins: Vec<In>,
    /// Ticks from a head's arrival (or its reaching the front) to its first allocation.
    pub(super) routing: u32,
    /// Ticks from a switch grant to the departure onto the link.
    pub(super) traverse: u32,
    pub(super) speculation: Speculation,
    pub(super) release: ChannelRelease,
    pub(super) switching: Switching,
    /// Packets are bound to a part of the channels.
    pub(super) classed: bool,
    grid: Option<Grid>,
    places: Vec<(u16, u16)>,
    table: Option<&'f RouteTable>,
    mixed: Option<u32>,
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

impl<'f> Plan<'f> {
    /// Lays the fabric out.
    ///
    /// # Errors
    /// More lanes per router than the engines' masks hold.
    pub(super) fn new(fabric: &'f Fabric) -> Result<Self, Diagnostic> {
        fabric.check()?;
        let routers = fabric.routers.len() as u32;
        let nodes = routers + fabric.ports.len() as u32;
        let slots = slots_per_node(fabric);
        let channels = fabric.timing.virtual_channels;
        if slots * channels > 64 {
            return Err(Diagnostic::error(
                super::codes::TOO_MANY_LANES,
                format!(
                    "a router has {slots} ports of {channels} virtual channels, {} buffers; the \
                     timing models hold 64",
                    slots * channels
                ),
            )
            .help("use fewer virtual channels or fewer cores per tile"));
        }
        let (tick_ps, routing, traverse, speculation) = match fabric.timing.clock {
            RouterClock::Clocked { period_ps, routing_cycles, speculation } => {
                (period_ps, routing_cycles, 2, speculation)
            }
            RouterClock::Asynchronous { forward_ps } => {
                let tick = fabric.links.iter().fold(forward_ps, |tick, link| {
                    let timing = link.timing;
                    [timing.latency_ps, timing.flit_ps, timing.credit_ps].into_iter().fold(tick, gcd)
                });
                let tick = tick.max(1);
                (tick, 0, (forward_ps / tick) as u32, Speculation::On)
            }
        };
        let mut plan = Self {
            tick_ps,
            routers,
            nodes,
            slots,
            channels,
            shift: (slots * channels).next_power_of_two().trailing_zeros(),
            outs: vec![Out { lane: NONE, latency: 0, flit: 0, buffer: 0, link: NONE }; 0],
            ins: Vec::new(),
            routing,
            traverse,
            speculation,
            release: fabric.timing.release,
            switching: fabric.timing.switching,
            classed: false,
            grid: fabric.grid,
            places: fabric.routers.iter().map(|r| (r.x as u16, r.y as u16)).collect(),
            table: None,
            mixed: None,
        };
        plan.set_routing(fabric);
        plan.lay_links(fabric);
        Ok(plan)
    }

    fn set_routing(&mut self, fabric: &'f Fabric) {
        let torus = fabric.grid.is_some_and(|grid| grid.wrap == super::fabric::Wrap::Torus);
        self.classed = torus || matches!(fabric.routing, Routing::Mixed { .. });
        match &fabric.routing {
            Routing::Table(table) => self.table = Some(table),
            Routing::Mixed { seed } => self.mixed = Some(*seed),
            Routing::XFirst | Routing::YFirst => {}
        }
    }

    fn lay_links(&mut self, fabric: &Fabric) {
        let count = (self.nodes * self.slots) as usize;
        self.outs = vec![Out { lane: NONE, latency: 0, flit: 1, buffer: 0, link: NONE }; count];
        self.ins = vec![In { lane: NONE, credit: 0, link: NONE }; count];
        for (index, link) in fabric.links.iter().enumerate() {
            if link.state == LinkState::Dead {
                continue;
            }
            let (from, to) = (self.end(fabric, link.from, index), self.end(fabric, link.to, index));
            let ticks = |ps: u64| ps.div_ceil(self.tick_ps) as u32;
            self.outs[from.0] = Out {
                lane: to.1,
                latency: ticks(link.timing.latency_ps),
                flit: ticks(link.timing.flit_ps).max(1),
                buffer: link.timing.buffer_flits,
                link: index as u32,
            };
            self.ins[to.0] = In {
                lane: from.1,
                credit: ticks(link.timing.credit_ps).max(1),
                link: index as u32,
            };
        }
    }

    /// Slot index and first lane of one end of a link.
    fn end(&self, fabric: &Fabric, end: End, link: usize) -> (usize, u32) {
        let (node, slot) = match end {
            End::Router { router, port } => (router, port),
            End::Port(port) => {
                let sides = &fabric.ports[port.index()];
                let plane = |links: &[u32]| links.iter().position(|l| *l as usize == link);
                let plane = plane(&sides.inject).or_else(|| plane(&sides.eject)).unwrap_or(0);
                (self.routers + port.0, plane as u32)
            }
        };
        ((node * self.slots + slot) as usize, node << self.shift | slot * self.channels)
    }

    /// Ticks of a time, rounded up.
    pub(super) fn ticks(&self, ps: u64) -> u64 {
        ps.div_ceil(self.tick_ps)
    }

    /// The next step of a packet at a router; ejection when it is there.
    #[inline]
    pub(super) fn step(&self, router: u32, flight: Flight) -> Step {
        let here = Step { port: u32::from(flight.eject), class: Class::Any };
        if let Some(grid) = self.grid
            && self.table.is_none()
        {
            let (x, y) = self.places[router as usize];
            let at = (u32::from(x), u32::from(y));
            let to = (u32::from(flight.x), u32::from(flight.y));
            let Some(mut step) = grid_step(grid, flight.order, at, to) else { return here };
            if self.mixed.is_some() {
                step.class = match flight.order {
                    Order::XFirst => Class::Low,
                    Order::YFirst => Class::High,
                };
            }
            return step;
        }
        if router == flight.router {
            return here;
        }
        match self.table {
            Some(table) => {
                Step { port: u32::from(table.port(router, flight.router)), class: Class::Any }
            }
            None => here,
        }
    }

    /// Prepares the packets: destination, plane and order of each.
    pub(super) fn flights(&self, fabric: &Fabric, traffic: &Traffic) -> Vec<Flight> {
        let mut turn = vec![0u32; fabric.ports.len()];
        let single = match fabric.routing {
            Routing::YFirst => Order::YFirst,
            _ => Order::XFirst,
        };
        let mut flights = Vec::with_capacity(traffic.packets.len());
        for (ordinal, packet) in traffic.packets.iter().enumerate() {
            let port = match packet.destination {
                Destination::Port(port) => port,
                Destination::Group(group) => traffic.groups[group as usize][0].port,
            };
            let source = packet.source.index();
            let plane = match fabric.plane_use {
                PlaneUse::Alternate => turn[source] % fabric.planes,
                PlaneUse::ByClass => packet.plane % fabric.planes,
            };
            turn[source] = turn[source].wrapping_add(1);
            let order = match self.mixed {
                Some(seed) => {
                    let at = Counter { ordinal: ordinal as u32, ..Counter::default() };
                    match draw(seed, Purpose::Stimulus, at) & 1 {
                        0 => Order::XFirst,
                        _ => Order::YFirst,
                    }
                }
                None => single,
            };
            flights.push(self.flight(fabric, port, plane, packet.flits, order));
        }
        flights
    }

    fn flight(&self, fabric: &Fabric, to: PortId, plane: u32, flits: u32, order: Order) -> Flight {
        let link = &fabric.links[fabric.ports[to.index()].eject[plane as usize] as usize];
        let (router, eject) = match link.from {
            End::Router { router, port } => (router, port),
            End::Port(_) => (0, direction::LOCAL),
        };
        let (x, y) = self.places[router as usize];
        Flight { x, y, router, flits: flits as u16, eject: eject as u8, plane: plane as u8, order }
    }
}

fn slots_per_node(fabric: &Fabric) -> u32 {
    let ends = fabric.links.iter().flat_map(|link| [link.from, link.to]);
    let ports = ends.map(|end| match end {
        End::Router { port, .. } => port + 1,
        End::Port(_) => 1,
    });
    ports.max().unwrap_or(1).max(fabric.planes)
}
