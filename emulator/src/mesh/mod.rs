//! Packet timing: how long the packets of a timestep take through the network of a chip.

mod check;
pub mod codes;
mod cycle;
mod fabric;
pub mod grid;
mod plan;
mod ports;
mod record;
mod routing;
mod traffic;
mod wheel;

pub use cycle::run_cycle;
pub use fabric::{
    ChannelRelease, Consumption, End, Fabric, Grid, Link, LinkClass, LinkState, LinkTiming,
    PlaneUse, Port, PortId, Router, RouterClock, RouterTiming, Speculation, Switching, Wrap,
    direction,
};
pub use grid::{Edge, GridSpec};
pub use routing::{Class, Order, RouteTable, Routing, Step, grid_step, hops};
pub use traffic::{
    Conservation, Destination, Detail, Ending, Hop, LinkCount, Member, Outcome, Packet,
    PacketTimes, Traffic, Waiting,
};
