//! Packet timing: how long the packets of a timestep take through the network of a chip.

mod alloc;
mod calendar;
mod check;
pub mod codes;
mod critical;
mod curve;
mod cycle;
mod deadlock;
mod fabric;
mod faults;
pub mod grid;
mod model;
mod plan;
mod ports;
mod proof;
mod queue;
mod record;
mod routing;
mod synthetic;
mod traffic;
mod tree;
mod wheel;

pub use critical::{CriticalPath, Leg, critical_path};
pub use curve::{CurvePoint, CurveSpec};
pub use cycle::{CycleModel, run_cycle};
pub use fabric::{
    ChannelRelease, Consumption, End, Fabric, Grid, Link, LinkClass, LinkState, LinkTiming,
    PlaneUse, Port, PortId, Router, RouterClock, RouterTiming, Speculation, Switching, Wrap,
    direction,
};
pub use grid::{Edge, GridSpec};
pub use model::{Fidelity, TimingModel};
pub use proof::{Proof, prove_deadlock_free};
pub use queue::{QueueModel, run_queue};
pub use routing::{Class, Order, RouteTable, Routing, Step, grid_step, hops};
pub use synthetic::{Arrivals, Pattern, Synthetic};
pub use traffic::{
    Conservation, Destination, Detail, Ending, Hop, LinkCount, Outcome, Packet, PacketTimes,
    Traffic, Waiting,
};
pub use tree::{Branch, Member, MulticastEntry, MulticastTable, Tree, TreeNode};
