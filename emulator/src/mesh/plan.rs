//! The fabric as the engines read it: dense arrays, ticks instead of picoseconds.
//!
//! Nodes are routers, then ports. A *slot* is a numbered in or out port of a node, a *lane* one
//! virtual channel of a slot: `lane = node << shift | slot * stride + channel`. Engines are
//! compiled for a few numbers of slots and channels; a fabric with fewer leaves some unused.

use quarrion_isa::chip::RouteTable;
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::random::{Counter, Purpose, draw};

use super::codes::TOO_MANY_LANES;
use super::fabric::{
    ChannelRelease, End, Fabric, Grid, LinkState, PlaneUse, PortId, RouterClock, Speculation,
    Switching, Wrap, direction,
};
use super::routing::{Choice, Class, Order, Routing, Step, grid_step};
use super::traffic::{Destination, Packet, Traffic};
use super::tree::Forest;

/// Marks a slot without a link.
pub(super) const NONE: u32 = u32::MAX;
/// Most ticks that a flit takes of a link: engines keep them in 16 bits, and add to them.
pub(super) const FLIT_TICKS: u64 = 1 << 14;
/// Stands for the slot at the destination in the ticket of a tree's packet.
pub(super) const TREE: u8 = u8::MAX;

/// The far side of an out slot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Out {
    /// First lane of the buffer that the link ends in; `NONE` without a link.
    pub(super) lane: u32,
    /// Ticks from departure to arrival.
    pub(super) latency: u32,
    /// Ticks until the next flit may depart.
    pub(super) flit: u16,
    /// Buffer behind the link, flits per channel.
    pub(super) buffer: u16,
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

/// What a packet carries through the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket {
    pub(super) packet: u32,
    /// Place of the destination router, or the two halves of its number under table routing.
    pub(super) x: u16,
    pub(super) y: u16,
    pub(super) flits: u16,
    /// Slot at the destination router that leads to the port.
    pub(super) eject: u8,
    pub(super) order: Order,
}

/// How the engines route.
#[derive(Clone, Debug)]
enum Route {
    Grid { grid: Grid, mixed: Option<Choice>, single: Order },
    Table(RouteTable),
}

/// A fabric in ticks.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) tick_ps: u64,
    pub(super) routers: u32,
    pub(super) nodes: u32,
    pub(super) links: u32,
    /// Slots per node, in use and laid out for.
    pub(super) slots: u32,
    pub(super) room: u32,
    /// Virtual channels per slot, in use and laid out for.
    pub(super) channels: u32,
    pub(super) stride: u32,
    pub(super) shift: u32,
    pub(super) outs: Vec<Out>,
    pub(super) ins: Vec<In>,
    /// Ticks that routing takes a head before it asks for a channel.
    pub(super) routing: u32,
    /// Ticks from a switch grant to the departure onto the link.
    pub(super) traverse: u32,
    /// Ticks that a slot of the switch is busy with a flit; 0 where links alone limit.
    pub(super) cross: u32,
    pub(super) speculation: Speculation,
    pub(super) release: ChannelRelease,
    pub(super) switching: Switching,
    /// Packets are bound to a part of the channels.
    pub(super) classed: bool,
    /// Some routes may lead nowhere, so that every packet's is checked.
    pub(super) holes: bool,
    pub(super) planes: u32,
    plane_use: PlaneUse,
    route: Route,
    places: Vec<(u16, u16)>,
    /// Per port and plane, the router and the slot that lead to it.
    pub(super) sides: Vec<(u32, u8)>,
    /// Physical plane of each router.
    router_planes: Vec<u8>,
    /// Ticks after which a waiting packet is dropped.
    pub(super) drop_after: Option<u64>,
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Tick and router delays in ticks: (tick, routing, traversal, crossing, speculation).
fn clock(fabric: &Fabric) -> (u64, u32, u32, u32, Speculation) {
    match fabric.timing.clock {
        RouterClock::Clocked { period_ps, routing_cycles, speculation } => {
            (period_ps, routing_cycles, 2, 1, speculation)
        }
        RouterClock::Asynchronous { forward_ps } => {
            let tick = fabric.links.iter().fold(forward_ps, |tick, link| {
                let timing = link.timing;
                [timing.latency_ps, timing.flit_ps, timing.credit_ps].into_iter().fold(tick, gcd)
            });
            let slowest = fabric.links.iter().map(|link| link.timing.flit_ps).max().unwrap_or(0);
            let tick = tick.max(1).max(slowest.div_ceil(FLIT_TICKS));
            (tick, 0, (forward_ps / tick) as u32, 0, Speculation::On)
        }
    }
}

impl Plan {
    /// Lays the fabric out.
    ///
    /// # Errors
    /// A fabric that contradicts itself, or more lanes per router than the engines' masks hold.
    pub(super) fn new(fabric: &Fabric) -> Result<Self, Diagnostic> {
        fabric.check()?;
        let routers = fabric.routers.len() as u32;
        let slots = slots_per_node(fabric);
        let channels = fabric.timing.virtual_channels;
        let stride = channels.next_power_of_two();
        let room = slots.next_power_of_two().max(8);
        if room * stride > 64 {
            return Err(Diagnostic::error(
                TOO_MANY_LANES,
                format!(
                    "a router has {slots} ports of {channels} virtual channels; the timing models \
                     hold 64 buffers a router, both figures rounded up to powers of two"
                ),
            )
            .help("use fewer virtual channels or fewer cores per tile"));
        }
        let (tick_ps, routing, traverse, cross, speculation) = clock(fabric);
        let torus = fabric.grid.is_some_and(|grid| grid.wrap == Wrap::Torus);
        let count = ((routers + fabric.ports.len() as u32) * slots) as usize;
        let mut plan = Self {
            tick_ps,
            routers,
            nodes: routers + fabric.ports.len() as u32,
            links: fabric.links.len() as u32,
            slots,
            room,
            channels,
            stride,
            shift: (room * stride).trailing_zeros(),
            outs: vec![Out { lane: NONE, latency: 0, flit: 1, buffer: 0, link: NONE }; count],
            ins: vec![In { lane: NONE, credit: 0, link: NONE }; count],
            routing,
            traverse,
            cross,
            speculation,
            release: fabric.timing.release,
            switching: fabric.timing.switching,
            classed: match fabric.routing {
                Routing::Table(_) => false,
                Routing::Mixed { .. } => true,
                Routing::XFirst | Routing::YFirst => torus,
            },
            holes: matches!(fabric.routing, Routing::Table(_))
                || fabric.links.iter().any(|link| link.state == LinkState::Dead),
            planes: fabric.planes,
            plane_use: fabric.plane_use,
            route: route(fabric),
            places: fabric.routers.iter().map(|r| (r.x as u16, r.y as u16)).collect(),
            sides: Vec::new(),
            router_planes: super::tree::planes(fabric),
            drop_after: fabric.drop_after_ps.map(|ps| ps.div_ceil(tick_ps)),
        };
        plan.lay_links(fabric);
        Ok(plan)
    }

    fn lay_links(&mut self, fabric: &Fabric) {
        for (index, link) in fabric.links.iter().enumerate() {
            if link.state == LinkState::Dead {
                continue;
            }
            let (from, to) = (self.end(fabric, link.from, index), self.end(fabric, link.to, index));
            let ticks = |ps: u64| ps.div_ceil(self.tick_ps) as u32;
            self.outs[from.0] = Out {
                lane: to.1,
                latency: ticks(link.timing.latency_ps).max(1),
                flit: ticks(link.timing.flit_ps).max(1) as u16,
                buffer: link.timing.buffer_flits as u16,
                link: index as u32,
            };
            self.ins[to.0] = In {
                lane: from.1,
                credit: ticks(link.timing.credit_ps).max(1),
                link: index as u32,
            };
        }
        for port in &fabric.ports {
            for link in &port.eject {
                self.sides.push(match fabric.links[*link as usize].from {
                    End::Router { router, port } => (router, port as u8),
                    End::Port(_) => (0, direction::LOCAL as u8),
                });
            }
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
        ((node * self.slots + slot) as usize, (node << self.shift) | (slot * self.stride))
    }

    /// Ticks of a time, rounded up.
    #[inline]
    pub(super) fn ticks(&self, ps: u64) -> u64 {
        ps.div_ceil(self.tick_ps)
    }

    /// Channels that a packet may take on its next link; the copies of one that branches take any.
    #[inline]
    pub(super) fn channels_of(&self, router: u32, ticket: &Ticket) -> u64 {
        if ticket.eject == TREE || !self.classed {
            return Class::Any.mask(self.channels);
        }
        self.step(router, ticket).class.mask(self.channels)
    }

    /// The next step of a packet at a router; ejection when it is there.
    #[inline]
    pub(super) fn step(&self, router: u32, ticket: &Ticket) -> Step {
        let here = Step { port: u32::from(ticket.eject), class: Class::Any };
        match &self.route {
            Route::Grid { grid, mixed, .. } => {
                let (x, y) = self.places[router as usize];
                if !self.classed {
                    let port = plain_step((x, y), (ticket.x, ticket.y), ticket.order, ticket.eject);
                    return Step { port, class: Class::Any };
                }
                let at = (u32::from(x), u32::from(y));
                let to = (u32::from(ticket.x), u32::from(ticket.y));
                let Some(step) = grid_step(*grid, ticket.order, at, to) else { return here };
                match (mixed, ticket.order) {
                    (None, _) => step,
                    (Some(_), Order::XFirst) => Step { class: Class::Low, ..step },
                    (Some(_), Order::YFirst) => Step { class: Class::High, ..step },
                }
            }
            Route::Table(table) => {
                let to = u32::from(ticket.x) | u32::from(ticket.y) << 16;
                if router == to {
                    return here;
                }
                Step { port: u32::from(table.port(router, to)), class: Class::Any }
            }
        }
    }

    /// The orders in which packets may travel.
    pub(super) fn orders(&self) -> Vec<Order> {
        match &self.route {
            Route::Grid { mixed: Some(_), .. } => vec![Order::XFirst, Order::YFirst],
            Route::Grid { single, .. } => vec![*single],
            Route::Table(_) => vec![Order::XFirst],
        }
    }

    /// A packet of one flit on its way to a port.
    pub(super) fn ticket_to(&self, port: PortId, plane: u32, order: Order) -> Ticket {
        let (router, eject) = self.sides[port.index() * self.planes as usize + plane as usize];
        let (x, y) = match &self.route {
            Route::Grid { .. } => self.places[router as usize],
            Route::Table(_) => (router as u16, (router >> 16) as u16),
        };
        Ticket { packet: 0, x, y, flits: 1, eject, order }
    }

    /// The packet as it travels; `turn` counts the packets of its source.
    pub(super) fn ticket(
        &self,
        ordinal: u32,
        packet: &Packet,
        turn: u32,
        forest: &Forest,
    ) -> (Ticket, u32) {
        let port = match packet.destination {
            Destination::Port(port) => port,
            Destination::Tree(tree) => return self.tree_ticket(ordinal, packet, tree, forest),
        };
        let plane = match self.plane_use {
            PlaneUse::Alternate => turn % self.planes,
            PlaneUse::ByClass => packet.plane % self.planes,
        };
        let order = match &self.route {
            Route::Grid { mixed: Some(choice), .. } => {
                let number = match choice {
                    Choice::Drawn(seed) => {
                        let at = Counter { ordinal, ..Counter::default() };
                        draw(*seed, Purpose::Stimulus, at)
                    }
                    Choice::Places => self.side(packet.source, 0).0 + self.side(port, 0).0,
                };
                if number.is_multiple_of(2) { Order::XFirst } else { Order::YFirst }
            }
            Route::Grid { single, .. } => *single,
            Route::Table(_) => Order::XFirst,
        };
        let ticket = self.ticket_to(port, plane, order);
        (Ticket { packet: ordinal, flits: packet.flits as u16, ..ticket }, plane)
    }

    fn tree_ticket(
        &self,
        ordinal: u32,
        packet: &Packet,
        tree: u32,
        forest: &Forest,
    ) -> (Ticket, u32) {
        let (node, plane) = forest.root(tree);
        let ticket = Ticket {
            packet: ordinal,
            x: node as u16,
            y: (node >> 16) as u16,
            flits: packet.flits as u16,
            eject: TREE,
            order: Order::XFirst,
        };
        (ticket, plane)
    }

    /// The physical plane of a router.
    pub(super) fn plane(&self, router: u32) -> u32 {
        u32::from(self.router_planes[router as usize])
    }

    /// Checks what an engine cannot do with this traffic.
    pub(super) fn check(&self, traffic: &Traffic) -> Result<Forest, Diagnostic> {
        let forest = Forest::new(self, &traffic.trees)?;
        super::check::check_traffic(self, traffic, &forest)?;
        Ok(forest)
    }

    /// Ports of the fabric.
    pub(super) fn ports(&self) -> u32 {
        self.nodes - self.routers
    }

    /// The smallest buffer between routers or into a core.
    pub(super) fn smallest_buffer(&self) -> u32 {
        let buffers = self.outs.iter().filter(|out| out.lane != NONE).map(|out| out.buffer);
        buffers.min().map_or(0, u32::from)
    }

    /// The link that leaves a node from a slot.
    pub(super) fn link_from(&self, node: u32, slot: u32) -> u32 {
        self.outs[(node * self.slots + slot) as usize].link
    }

    /// Columns and rows, where there is a grid.
    pub(super) fn grid_size(&self) -> Option<(u32, u32)> {
        match &self.route {
            Route::Grid { grid, .. } if grid.width * grid.height * self.planes == self.routers => {
                Some((grid.width, grid.height))
            }
            _ => None,
        }
    }

    /// The place of a router in the grid.
    pub(super) fn place(&self, router: u32) -> (u16, u16) {
        self.places[router as usize]
    }

    /// Whether [`plain_step`] routes every packet.
    pub(super) fn plain(&self) -> bool {
        matches!(self.route, Route::Grid { .. }) && !self.classed
    }

    /// Ticks from a head's arrival at a router to its first chance at the switch.
    pub(super) fn settle(&self) -> u64 {
        u64::from(self.routing) + u64::from(self.speculation == Speculation::Off)
    }

    /// The longest time that any single event looks ahead, for the size of the wheel.
    pub(super) fn reach(&self) -> u64 {
        let out = self.outs.iter().map(|out| out.latency.max(u32::from(out.flit))).max();
        let credit = self.ins.iter().map(|input| input.credit).max();
        let longest = out.unwrap_or(0).max(credit.unwrap_or(0));
        u64::from(longest) + u64::from(self.traverse + self.routing) + 4
    }
}

/// A step on a mesh where packets may take any channel; no branches, for nothing helps to guess
/// where a packet goes.
#[inline]
pub(super) fn plain_step(at: (u16, u16), to: (u16, u16), order: Order, eject: u8) -> u32 {
    let along_x = direction::EAST + u32::from(to.0 < at.0);
    let along_y = direction::NORTH + u32::from(to.1 < at.1);
    let same_y = to.1 == at.1;
    let x_next = (to.0 != at.0) & (same_y | (order == Order::XFirst));
    let rest = if same_y { u32::from(eject) } else { along_y };
    if x_next { along_x } else { rest }
}

fn route(fabric: &Fabric) -> Route {
    let order = |routing: &Routing| match routing {
        Routing::YFirst => Order::YFirst,
        _ => Order::XFirst,
    };
    match (&fabric.routing, fabric.grid) {
        (Routing::Table(table), _) => Route::Table(table.clone()),
        (Routing::Mixed { choice }, Some(grid)) => {
            Route::Grid { grid, mixed: Some(*choice), single: Order::XFirst }
        }
        (routing, grid) => {
            let none = Grid { width: 1, height: 1, wrap: Wrap::Mesh };
            Route::Grid { grid: grid.unwrap_or(none), mixed: None, single: order(routing) }
        }
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
