//! The `queue` and `cycle` timing models: packets on the mesh, with contention.
//!
//! Updates and sending are timed as in [`super::CountModel`]; the way of the packets, the buffers
//! they wait in and the cores that serve them one after the other are the mesh's. A step's bound is
//! that of the lower bound, unless waiting adds more to the step than the bound itself takes; then
//! it is the way of the last packet.

use quarrion_isa::activity::Activity;
use quarrion_isa::chip::{Chip, LinkClass};
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::timing::{Bound, StepTime};

use super::CountModel;
use super::count::list_service;
use super::network::ChipNetwork;
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
    network: ChipNetwork,
    engine: Engine,
    packets: mesh::Traffic,
}

/// The packet model at work.
#[derive(Debug)]
enum Engine {
    Queue(mesh::QueueModel),
    Cycle(mesh::CycleModel),
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
        Ok(Self { count, network, engine, packets: mesh::Traffic::default() })
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
            let destination = &activity.destinations[packet.destinations.start as usize];
            let port = self.network.port(destination.core);
            self.packets.packets.push(mesh::Packet {
                source,
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
        self.network.core(port).map_or(otherwise, Bound::Path)
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
