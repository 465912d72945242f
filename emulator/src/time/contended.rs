//! The `queue` and `cycle` timing models: packets on the mesh, with contention.
//!
//! Updates and sending are timed as in [`super::CountModel`]; the way of the packets, the buffers
//! they wait in and the cores that serve them one after the other are the mesh's. A step's bound is
//! that of the lower bound, unless waiting adds more to the step than the bound itself takes; then
//! it is the way of the last packet.

use std::num::NonZero;

use quarrion_isa::activity::{Activity, Destination};
use quarrion_isa::chip::Chip;
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::id::{CoreId, TileId};
use quarrion_isa::timing::{Bound, StepTime};

use super::CountModel;
use super::conserve::violation;
use super::count::list_service;
use super::network::ChipNetwork;
use super::traffic::{Origin, Packet, Traffic};
use super::waits::Waits;
use super::ways::{Following, Mark, Watch};
use super::window::Window;
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
    pub(super) count: CountModel,
    pub(super) network: ChipNetwork,
    engine: Engine,
    pub(super) packets: mesh::Traffic,
    /// Packets that each port has sent so far: the planes take turns.
    turns: Vec<u32>,
    /// Packets of earlier timesteps that are still under way, in coupled runs.
    pub(super) window: Window,
    /// Destination cores of the window's lists.
    pub(super) window_cores: Vec<CoreId>,
    /// What packets and links have waited.
    waits: Waits,
    /// Packets that are followed link by link.
    watch: Watch,
}

/// The packet model at work.
#[derive(Debug)]
enum Engine {
    Queue(mesh::QueueModel),
    Cycle(mesh::CycleModel),
}

impl Engine {
    fn model(&mut self) -> &mut dyn mesh::TimingModel {
        match self {
            Self::Queue(model) => model,
            Self::Cycle(model) => model,
        }
    }
}

impl ContendedModel {
    /// A model of the chip's mesh for the program that `count` was made for.
    ///
    /// # Errors
    /// The chip describes a mesh that the packet models cannot run; its author must act.
    pub fn new(chip: &Chip, count: CountModel, model: PacketModel) -> Result<Self, Diagnostic> {
        let network = ChipNetwork::new(chip)?;
        let engine = match model {
            PacketModel::Queue => Engine::Queue(mesh::QueueModel::new(&network.fabric)?),
            PacketModel::Cycle => Engine::Cycle(mesh::CycleModel::new(&network.fabric)?),
        };
        let watch = Watch::new(&network.fabric)?;
        Ok(Self {
            count,
            network,
            engine,
            packets: mesh::Traffic::default(),
            turns: Vec::new(),
            window: Window::default(),
            window_cores: Vec::new(),
            waits: Waits::default(),
            watch,
        })
    }

    /// Chooses the packets that are followed.
    pub(super) fn follow(&mut self, following: &Following) {
        self.watch.following = following.clone();
    }

    /// Lets packets move on so many threads; flit by flit they move on one.
    pub(super) fn use_threads(&mut self, threads: NonZero<usize>) {
        if let Engine::Queue(model) = &mut self.engine {
            model.use_threads(threads);
        }
    }

    /// What packets and links have waited since it was last asked for.
    pub(super) fn take_waits(&mut self) -> Result<Waits, Diagnostic> {
        self.close_window()?;
        let model = (&self.network, self.engine.model());
        self.watch.close_sample(model, &mut self.waits.followed)?;
        Ok(std::mem::take(&mut self.waits))
    }

    /// Counts and follows the packets that are loaded: those of the timesteps `marks`.
    pub(super) fn settle(
        &mut self,
        outcome: Option<&mesh::Outcome>,
        marks: &[Mark],
    ) -> Result<(), Diagnostic> {
        if let Some(outcome) = outcome {
            self.waits.add(&self.network, &self.packets, outcome);
        }
        let model = (&self.network, self.engine.model());
        self.watch.close_steps(model, &self.packets, marks, &mut self.waits.followed)
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
        let mut timed = None;
        self.restart();
        self.load(chip, activity, traffic, 0);
        if !self.packets.packets.is_empty() {
            let outcome = self.run()?;
            if let mesh::Ending::Deadlock(ring) = &outcome.ending {
                return Err(deadlock(&self.network, activity, ring));
            }
            assert_eq!(
                violation(&self.network, traffic, &self.packets, &outcome),
                None,
                "conservation in sample {} step {}",
                activity.sample,
                activity.step
            );
            let waited = outcome.completion_ps.saturating_sub(longest.time);
            if waited > longest.time {
                longest.bound = self.last_way(&outcome, longest.bound);
            }
            longest.time = longest.time.max(outcome.completion_ps);
            timed = Some(outcome);
        }
        let time = self.count.close(chip, activity, longest);
        let mark = Mark {
            at: (activity.sample, activity.step),
            offset_ps: 0,
            packets: 0..self.packets.packets.len() as u32,
            total_ps: time.total().0,
            last: timed.as_ref().and_then(|outcome| outcome.critical),
        };
        self.settle(timed.as_ref(), &[mark])?;
        Ok(time)
    }

    /// Times the packets that are loaded.
    pub(super) fn run(&mut self) -> Result<mesh::Outcome, Diagnostic> {
        self.engine.model().run(&self.packets, mesh::Detail::Packets)
    }

    /// Forgets all packets.
    pub(super) fn restart(&mut self) {
        self.packets.packets.clear();
        self.packets.trees.clear();
        self.packets.horizon_ps = None;
        self.window_cores.clear();
        self.turns.clear();
        self.turns.resize(self.network.fabric.ports.len(), 0);
    }

    /// Adds the traffic of a timestep that begins after `offset_ps`, as packets of the mesh.
    pub(super) fn load(
        &mut self,
        chip: &Chip,
        activity: &Activity,
        traffic: &Traffic,
        offset_ps: u64,
    ) {
        let mut sender = 0;
        for (position, packet) in traffic.packets.iter().enumerate() {
            let source = match packet.origin {
                Origin::Host(_) => self.network.host(),
                Origin::Segment(segment) => {
                    let ends = |core: &quarrion_isa::activity::CoreActivity| {
                        core.first_segment + core.segments
                    };
                    while ends(&activity.cores[sender]) <= segment {
                        sender += 1;
                    }
                    self.network.port(activity.cores[sender].core)
                }
            };
            let turn = &mut self.turns[source.index()];
            let class = packet.origin.class();
            let plane = match self.network.fabric.plane_use {
                mesh::PlaneUse::Alternate => *turn,
                mesh::PlaneUse::ByClass => class,
            };
            *turn += 1;
            let part = packet.destinations.start as usize..packet.destinations.end as usize;
            let destinations = &activity.destinations[part];
            let service = |one: &Destination| list_service(chip.core_type(one.core), one);
            let to = destinations[0].core;
            let destination = if destinations.iter().all(|one| one.core == to) {
                mesh::Destination::Port(self.network.port(to))
            } else {
                let from = self.network.fabric.router_of(source);
                let plane = plane % self.network.fabric.planes;
                let tree = self.tree(chip, (TileId(from), plane), packet, (activity, traffic));
                self.packets.trees.push(tree);
                mesh::Destination::Tree(self.packets.trees.len() as u32 - 1)
            };
            self.packets.packets.push(mesh::Packet {
                source,
                destination,
                plane: class,
                flits: ChipNetwork::flits(chip, packet.payload_bits),
                inject_ps: offset_ps + self.count.injected(position),
                service_ps: destinations.iter().map(service).sum(),
            });
        }
    }

    /// The tree of a branching packet that leaves a tile in a plane. A core that several lists
    /// are for gets one copy and serves them one after the other.
    fn tree(
        &self,
        chip: &Chip,
        (from, plane): (TileId, u32),
        packet: &Packet,
        (activity, traffic): (&Activity, &Traffic),
    ) -> mesh::Tree {
        let first = packet.links.start;
        // The root, then the far end of each link.
        let node = |at: u32| if at == Traffic::NONE { 0 } else { at - first + 1 };
        let router = |tile: TileId| self.network.router(tile, plane);
        let mut nodes = vec![mesh::TreeNode { router: router(from), branches: Vec::new() }];
        for at in packet.links.clone() {
            let link = traffic.links[at as usize];
            let (tile, direction) = chip.mesh.link_ends(link);
            let there = chip.mesh.neighbour(chip.mesh.position(tile), direction);
            let onward = mesh::Branch::Onward { port: direction as u32, node: node(at) };
            let before = node(traffic.before[at as usize]) as usize;
            nodes[before].branches.push(onward);
            let router = router(chip.mesh.tile_at(there));
            nodes.push(mesh::TreeNode { router, branches: Vec::new() });
        }
        for one in packet.destinations.clone() {
            let destination = &activity.destinations[one as usize];
            let port = self.network.port(destination.core);
            let service = list_service(chip.core_type(destination.core), destination);
            let branches = &mut nodes[node(traffic.last[one as usize]) as usize].branches;
            let known = branches.iter_mut().find_map(|branch| match branch {
                mesh::Branch::Leaf(member) if member.port == port => Some(member),
                _ => None,
            });
            match known {
                Some(member) => member.service_ps += service,
                None => {
                    let member = mesh::Member { port, service_ps: service };
                    branches.push(mesh::Branch::Leaf(member));
                }
            }
        }
        mesh::Tree { nodes }
    }

    /// The way of the packet that was done last.
    fn last_way(&self, outcome: &mesh::Outcome, otherwise: Bound) -> Bound {
        let Some(last) = outcome.critical else { return otherwise };
        let destination = self.packets.packets[last as usize].destination;
        let mesh::Destination::Port(port) = destination else { return otherwise };
        self.network.core(port).map_or(otherwise, Bound::Path)
    }
}

/// The ring of channels that wait for each other, each with the packet that it holds.
pub(super) fn deadlock(
    network: &ChipNetwork,
    activity: &Activity,
    ring: &[mesh::Waiting],
) -> Diagnostic {
    let ring: Vec<String> =
        ring.iter().map(|waiting| network.passage(waiting.link).to_string()).collect();
    let message = format!(
        "packets of sample {} step {} wait for each other for ever, in a ring of {} channels: {}",
        activity.sample,
        activity.step,
        ring.len(),
        ring.join(", then ")
    );
    Diagnostic::error("QE021", message)
        .at("", "mesh.routing", "closes the ring")
        .help("use more virtual channels, larger buffers or dimension-order routing")
}
