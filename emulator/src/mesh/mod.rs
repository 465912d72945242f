//! Packet timing: how long the packets of a timestep take through the network of a chip.
//!
//! A [`Fabric`] is routers, directed links and ports (cores, host ports) in picoseconds, made by a
//! [`GridSpec`] (mesh, torus, several cores a tile, chips side by side) or link by link. A
//! [`Traffic`] is the packets of one timestep. A [`TimingModel`] turns the two into an [`Outcome`]:
//! times per packet, counts per link, the packet that ended the timestep, sums that must agree.
//!
//! # Two models
//! - [`CycleModel`]: every flit and every allocation. Its router is the input-queued one of
//!   BookSim2; on the reference runs every packet comes and goes in the same cycle.
//! - [`QueueModel`]: one record per packet, moved in bursts of flits. The default. It equals
//!   `cycle` but where packets of several flits share links with several virtual channels, or where
//!   routers speculate: there it is a few per cent off in bursts.
//!
//! A chip's real buffers are rarely published, so agreement with a reference router says that the
//! arithmetic is right, not that the chip is.
//!
//! # Time
//! Figures are picoseconds. A clocked fabric is worked in periods, everything rounded up to the
//! next one; an asynchronous one in the largest tick that all its delays are multiples of (in a
//! coarser one where a link is so slow that a flit takes 16,384 of these ticks). Latency
//! (when something arrives) and occupancy (how soon the next may follow) are apart everywhere.
//!
//! # Before the run
//! [`prove_deadlock_free`] follows every route and shows that no ring of channels can wait for
//! each other. [`Fabric::kill_link`], [`Fabric::kill_router`] and [`Fabric::slow_link`] break
//! things; [`Fabric::routes_around_faults`] leads around them.
//!
//! # After the run
//! [`critical_path`] says where the last packet waited. A run that locks up says which channels
//! wait for which ([`Ending::Deadlock`]). [`CurveSpec`] measures latency against load under
//! [`Synthetic`] traffic.
//!
//! # Determinism
//! A model carries nothing from one run to the next, and neither threads nor the regions that
//! large fabrics are cut into change a result. Within a tick the order of routers does not matter:
//! what one does to another takes effect at least a tick later.
//!
//! # Where things are
//! | files | what |
//! |---|---|
//! | `fabric`, `grid`, `routing`, `faults`, `check`, `proof` | the network and what is known |
//! | `traffic`, `tree`, `synthetic` | what goes in and comes out |
//! | `plan`, `alloc`, `calendar`, `wheel`, `far`, `ports`, `record`, `deadlock` | shared parts |
//! | `queue/`, `cycle/` | the models |
//! | `critical`, `curve` | what one asks about a run |

mod alloc;
mod calendar;
mod check;
pub mod codes;
mod critical;
mod curve;
mod cycle;
mod deadlock;
mod fabric;
mod far;
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

pub use critical::{CriticalPath, FreeTimes, Leg, critical_path};
pub use curve::{Capacity, CurvePoint, CurveSpec, FULL_LOAD};
pub use cycle::{CycleModel, run_cycle};
pub use fabric::{
    ChannelRelease, Consumption, End, Fabric, Grid, Link, LinkClass, LinkState, LinkTiming,
    PlaneUse, Port, PortId, Router, RouterClock, RouterTiming, Speculation, Switching, Wrap,
    direction,
};
pub use grid::{Edge, GridSpec};
pub use model::{Fidelity, TimingModel};
pub use proof::{Proof, prove_deadlock_free};
pub use quarrion_isa::chip::RouteTable;
pub use queue::{QueueModel, run_queue};
pub use routing::{Choice, Class, Order, Routing, Step, grid_step, hops};
pub use synthetic::{Arrivals, Pattern, Synthetic, Terminals};
pub use traffic::{
    Conservation, Destination, Detail, Ending, Hop, LinkCount, Outcome, Packet, PacketTimes,
    Traffic, Waiting,
};
pub use tree::{Branch, Member, MulticastEntry, MulticastTable, Tree, TreeNode};
