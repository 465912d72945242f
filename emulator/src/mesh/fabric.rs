//! The fabric: routers, directed links and endpoints, in plain types and picoseconds.

use quarrion_isa::diagnostic::Diagnostic;

use super::routing::Routing;

/// A place where packets enter and leave: a core or a host port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortId(pub u32);

impl PortId {
    /// The position that this id names in [`Fabric::ports`].
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Kind of a link; reports add up by class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkClass {
    /// Core to router or router to core, inside a tile.
    Tile,
    /// Host port to router or router to host port.
    Host,
    /// Between neighbours in x.
    EastWest,
    /// Between neighbours in y.
    NorthSouth,
    /// Between neighbours that sit on different chips.
    ChipEdge,
    /// Between neighbours that sit on different boards.
    BoardEdge,
}

/// How a link behaves: latency and occupancy are two different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkTiming {
    /// From a flit's departure to its arrival.
    ///
    /// # Units
    /// Picoseconds.
    pub latency_ps: u64,
    /// How soon the next flit may follow (a narrow link has a large one).
    ///
    /// # Units
    /// Picoseconds per flit.
    pub flit_ps: u64,
    /// From a freed buffer slot to the sender's knowing of it.
    ///
    /// # Units
    /// Picoseconds.
    pub credit_ps: u64,
    /// Buffer at the receiving end, per virtual channel.
    ///
    /// # Units
    /// Flits.
    pub buffer_flits: u32,
}

/// One end of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// A numbered port of a router.
    Router {
        /// Position in [`Fabric::routers`].
        router: u32,
        /// Port of that router; in and out ports are numbered apart.
        port: u32,
    },
    /// A core or host port.
    Port(PortId),
}

/// Whether a link carries anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// It works.
    Up,
    /// It is broken: no route may use it.
    Dead,
}

/// A directed link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Sending end.
    pub from: End,
    /// Receiving end.
    pub to: End,
    /// Kind.
    pub class: LinkClass,
    /// Latency, occupancy and buffer.
    pub timing: LinkTiming,
    /// Working or broken.
    pub state: LinkState,
}

/// What a router does with its clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouterClock {
    /// A clocked pipeline: routing, virtual-channel allocation, switch allocation, traversal.
    Clocked {
        /// Clock period.
        period_ps: u64,
        /// Cycles spent on routing before allocation; 0 with lookahead routing.
        routing_cycles: u32,
        /// Whether the switch is asked for while the virtual channel is still being allocated.
        speculation: Speculation,
    },
    /// No clock: a flit crosses the router in a fixed time and waits only for what is busy.
    Asynchronous {
        /// From arrival to departure when nothing is busy; per-direction delays belong to links.
        forward_ps: u64,
    },
}

/// Speculative switch allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speculation {
    /// Virtual channel first, switch one cycle later.
    Off,
    /// Both in the same cycle; the switch grant is lost when no channel is granted.
    On,
}

/// When the next packet may take a virtual channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelRelease {
    /// As soon as the tail has left.
    TailSent,
    /// When the last credit of the packet before has come back.
    TailCredit,
}

/// How much room a packet needs before its head moves on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switching {
    /// One flit's room.
    Wormhole,
    /// Room for the whole packet.
    VirtualCutThrough,
}

/// Timing and flow control of every router of a fabric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouterTiming {
    /// Clock and pipeline.
    pub clock: RouterClock,
    /// Virtual channels per link.
    pub virtual_channels: u32,
    /// When a virtual channel is free again.
    pub release: ChannelRelease,
    /// Room needed to move on.
    pub switching: Switching,
}

/// A router and its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Router {
    /// Column in the whole grid; 0 in fabrics without a grid.
    pub x: u32,
    /// Row in the whole grid.
    pub y: u32,
    /// Physical plane.
    pub plane: u32,
}

/// Whether a core's taking of packets can depend on its own sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consumption {
    /// It always takes packets sooner or later, whatever becomes of its own.
    Guaranteed,
    /// It stops taking packets while its own cannot leave: a dependency for the deadlock proof.
    WaitsForOutput,
}

/// A core or host port: for each plane the router it hangs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Per plane, the link into the mesh.
    pub inject: Vec<u32>,
    /// Per plane, the link out of the mesh.
    pub eject: Vec<u32>,
    /// Whether input waits for output.
    pub consumption: Consumption,
}

/// Which packets take which physical plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaneUse {
    /// Packets of a source take the planes in turn.
    Alternate,
    /// The packet says it.
    ByClass,
}

/// Whether the grid closes on itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrap {
    /// A mesh.
    Mesh,
    /// A torus: wrap links in both dimensions.
    Torus,
}

/// The regular shape that algorithmic routing needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Columns of routers over all chips.
    pub width: u32,
    /// Rows of routers over all chips.
    pub height: u32,
    /// Mesh or torus.
    pub wrap: Wrap,
}

/// Output ports of a grid router towards its neighbours; cores and hosts follow from 4 on.
pub mod direction {
    /// Towards larger x.
    pub const EAST: u32 = 0;
    /// Towards smaller x.
    pub const WEST: u32 = 1;
    /// Towards larger y.
    pub const NORTH: u32 = 2;
    /// Towards smaller y.
    pub const SOUTH: u32 = 3;
    /// The first port that leads to a core or host.
    pub const LOCAL: u32 = 4;
}

/// Everything that the timing models know about a network.
#[derive(Clone, Debug)]
pub struct Fabric {
    /// The regular shape, if there is one.
    pub grid: Option<Grid>,
    /// Routers, plane by plane, row by row.
    pub routers: Vec<Router>,
    /// Directed links.
    pub links: Vec<Link>,
    /// Cores, then host ports.
    pub ports: Vec<Port>,
    /// Physical planes.
    pub planes: u32,
    /// Which packet takes which plane.
    pub plane_use: PlaneUse,
    /// Router timing.
    pub timing: RouterTiming,
    /// Routing.
    pub routing: Routing,
    /// A packet that has waited this long at the front of a router's buffer is dropped there.
    ///
    /// # Units
    /// Picoseconds; `None` for never.
    pub drop_after_ps: Option<u64>,
}

impl Fabric {
    /// Gives the tile (router of plane 0) on which a port hangs.
    #[must_use]
    pub fn router_of(&self, port: PortId) -> u32 {
        let link = &self.links[self.ports[port.index()].eject[0] as usize];
        match link.from {
            End::Router { router, .. } => router,
            End::Port(_) => 0,
        }
    }

    /// Checks what the engines rely on: ends exist, ports are used once, figures are not zero.
    ///
    /// # Errors
    /// A diagnostic about the first thing that is wrong; the chip's author must act.
    pub fn check(&self) -> Result<(), Diagnostic> {
        super::check::check_fabric(self)
    }
}
