//! The `count` timing model: sums and maxima, no contention.
//!
//! A timestep lasts as long as its longest part and then the barrier. The parts, each a lower bound
//! on what any contention model gives:
//!
//! * *update*, per core: its compartments one after the other, `lanes` at a time;
//! * *axon out*, per core: its packets one after the other, each no earlier than its spike;
//! * *synapses*, per core: from the first arrival (or the end of its own loop, on chips that do not
//!   overlap) the service of all its lists, one after the other;
//! * *path*, per packet: spike, axon out, zero-load latency, service of its own list;
//! * *link*: flits on the busiest link times its occupancy, shared by alternating planes.
//!
//! The service of a list is one axon-in entry, its words and its synaptic operations.

use quarrion_isa::activity::{Activity, Destination, Segment};
use quarrion_isa::chip::{Chip, CoreType, LinkClass, Overlap, Planes, Synchronisation};
use quarrion_isa::event::Phase;
use quarrion_isa::id::{CoreId, LinkId};
use quarrion_isa::quantity::Picoseconds;
use quarrion_isa::timing::{Bound, StepTime};

use super::traffic::{Origin, Traffic};

/// Times of one core in the timestep at hand.
#[derive(Clone, Copy, Debug, Default)]
struct CoreTimes {
    update: u64,
    sent: u64,
    first_arrival: Option<u64>,
    service: u64,
}

/// The `count` timing model with its working memory.
#[derive(Debug)]
pub struct CountModel {
    barrier: Picoseconds,
    /// Position in `times` by core id; `u32::MAX` for cores outside the program.
    position: Vec<u32>,
    times: Vec<CoreTimes>,
    link_load: Vec<u64>,
    /// Links with a load, in the order in which packets came to them.
    loaded: Vec<LinkId>,
    /// Time when each packet leaves its core, in order of packets.
    injected: Vec<u64>,
    /// Time when the spike of each segment, by position in the record, has fired.
    fired: Vec<u64>,
    /// Earliest time when the list of each destination, by position in the record, is served.
    served: Vec<u64>,
}

/// The longest part so far, and what it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Longest {
    pub(super) time: u64,
    pub(super) bound: Bound,
}

impl Longest {
    fn offer(&mut self, time: u64, bound: Bound) {
        if time > self.time {
            *self = Self { time, bound };
        }
    }
}

impl CountModel {
    /// A model for a program that uses the cores in `cores`, ascending, on `tiles` tiles.
    #[must_use]
    pub fn new(chip: &Chip, cores: &[CoreId], tiles: u32) -> Self {
        let mut position = vec![u32::MAX; chip.cores.len()];
        for (at, core) in cores.iter().enumerate() {
            position[core.index()] = at as u32;
        }
        Self {
            barrier: chip.barrier_latency(tiles),
            position,
            times: vec![CoreTimes::default(); cores.len()],
            link_load: vec![0; chip.mesh.link_count() as usize],
            loaded: Vec::new(),
            injected: Vec::new(),
            fired: Vec::new(),
            served: Vec::new(),
        }
    }

    /// Works out every part of the timestep; returns the longest one.
    pub(super) fn lower_bound(
        &mut self,
        chip: &Chip,
        activity: &Activity,
        traffic: &Traffic,
    ) -> Longest {
        self.times.fill(CoreTimes::default());
        self.time_updates(chip, activity);
        self.time_sending(chip, activity, traffic);
        let mut longest = Longest { time: 0, bound: Bound::Barrier };
        for (core, times) in activity.cores.iter().zip(&self.times) {
            longest.offer(times.update, Bound::Update(core.core));
        }
        for (core, times) in activity.cores.iter().zip(&self.times) {
            longest.offer(times.sent, Bound::AxonOut(core.core));
        }
        self.time_paths(chip, activity, traffic, &mut longest);
        for (core, times) in activity.cores.iter().zip(&self.times) {
            let start = times.first_arrival.unwrap_or(0);
            longest.offer(start + times.service, Bound::Synapses(core.core));
        }
        self.time_links(chip, traffic, &mut longest);
        longest
    }

    /// Time when a packet is ready to leave its core, by position in the traffic.
    pub(super) fn injected(&self, packet: usize) -> u64 {
        self.injected[packet]
    }

    /// Times when the lists of all destinations are served at the earliest, in their order.
    pub(super) fn served(&self) -> &[u64] {
        &self.served
    }

    /// Time of each core's service of lists in the last timestep, by position in the program.
    #[must_use]
    pub fn service_time(&self, position: usize) -> Picoseconds {
        Picoseconds(self.times[position].service)
    }

    /// Time of each core's update loop in the last timestep, by position in the program.
    #[must_use]
    pub fn update_time(&self, position: usize) -> Picoseconds {
        Picoseconds(self.times[position].update)
    }

    fn time_updates(&mut self, chip: &Chip, activity: &Activity) {
        self.fired.clear();
        for (times, core) in self.times.iter_mut().zip(&activity.cores) {
            let kind = chip.core_type(core.core);
            let lanes = u64::from(kind.lanes.max(1));
            let spiking = kind.services.neuron_spiking;
            let emit = spiking.latency.0.saturating_sub(spiking.occupancy.0);
            let mut work = 0;
            for segment in activity.segments_of(core) {
                work += segment_work(kind, segment);
                self.fired.push(work.div_ceil(lanes) + emit);
            }
            times.update = work.div_ceil(lanes);
        }
    }

    fn time_sending(&mut self, chip: &Chip, activity: &Activity, traffic: &Traffic) {
        self.injected.clear();
        let spike_in = chip.host.spike_in;
        let tile = chip.mesh.link(LinkClass::Tile).occupancy.0;
        let (mut position, mut free) = (0, 0);
        for packet in &traffic.packets {
            let flits = u64::from(traffic.length(packet).tile_flits);
            let injected = match packet.origin {
                Origin::Host(number) => {
                    u64::from(number) * spike_in.occupancy.0 + spike_in.latency.0
                }
                Origin::Segment(segment) => {
                    while segment >= end_of(activity, position) {
                        position += 1;
                        free = 0;
                    }
                    let stage = chip.core_type(activity.cores[position].core).services.axon_out;
                    let start = free.max(self.fired[segment as usize]);
                    free = start + stage.occupancy.0.max(flits * tile);
                    let times = &mut self.times[position];
                    times.sent = times.sent.max(free).max(start + stage.latency.0);
                    start + stage.latency.0
                }
            };
            self.injected.push(injected);
        }
    }

    fn time_paths(
        &mut self,
        chip: &Chip,
        activity: &Activity,
        traffic: &Traffic,
        longest: &mut Longest,
    ) {
        self.served.clear();
        let tile = chip.mesh.link(LinkClass::Tile).occupancy.0;
        let mut port_free = 0;
        for (packet, ready) in traffic.packets.iter().zip(&self.injected) {
            let length = traffic.length(packet);
            let tail = length.tail_ps;
            let mut injected = *ready;
            if matches!(packet.origin, Origin::Host(_)) {
                // The host's packets go through its port one after the other.
                injected = injected.max(port_free);
                port_free = injected + u64::from(length.tile_flits) * tile;
            }
            for one in packet.destinations.clone() {
                let destination = &activity.destinations[one as usize];
                let latency = traffic.latencies[one as usize].0 + tail;
                let kind = chip.core_type(destination.core);
                let times = &mut self.times[self.position[destination.core.index()] as usize];
                let mut arrival = injected + latency;
                if kind.overlap == Overlap::Sequential {
                    arrival = arrival.max(times.update);
                }
                let service = list_service(kind, destination);
                times.first_arrival = Some(times.first_arrival.map_or(arrival, |t| t.min(arrival)));
                times.service += service;
                let late = injected > *ready;
                let bound = if late { Bound::Port } else { Bound::Path(destination.core) };
                longest.offer(arrival + service, bound);
                self.served.push(arrival + service);
            }
        }
    }

    fn time_links(&mut self, chip: &Chip, traffic: &Traffic, longest: &mut Longest) {
        // Packets of a class have a plane to themselves; packets in turn share all of them evenly.
        let (classes, planes) = match chip.mesh.planes {
            Planes::Single => (1, 1),
            Planes::Alternate(planes) => (1, u64::from(planes.max(1))),
            Planes::ByClass(planes) => (planes.max(1), 1),
        };
        let links = chip.mesh.link_count();
        self.link_load.resize((links * classes) as usize, 0);
        for packet in &traffic.packets {
            let first = packet.origin.class() % classes * links;
            let length = traffic.length(packet);
            for link in traffic.links_of(packet) {
                let load = &mut self.link_load[first as usize + link.index()];
                if *load == 0 {
                    self.loaded.push(*link);
                }
                *load += length.on(*link).time_ps;
            }
        }
        for link in self.loaded.drain(..) {
            for plane in 0..classes {
                let load = &mut self.link_load[(plane * links) as usize + link.index()];
                longest.offer(std::mem::take(load).div_ceil(planes), Bound::Link(link));
            }
        }
    }

    /// Adds the phases after the last list to the longest part.
    pub(super) fn close(&self, chip: &Chip, activity: &Activity, mut longest: Longest) -> StepTime {
        let mut update = self.times.iter().map(|times| times.update).max().unwrap_or(0);
        let mut done = longest.time;
        let mut excess = 0;
        let barrier = match chip.synchronisation {
            Synchronisation::Barrier(_) => self.barrier.0,
            // The next tick comes whatever is still under way.
            Synchronisation::GlobalTick { period } | Synchronisation::FreeRunning { period } => {
                excess = done.saturating_sub(period.0);
                done = done.min(period.0);
                update = update.min(done);
                period.0 - done
            }
        };
        longest.offer(barrier, Bound::Barrier);
        let mut learning = 0;
        for core in &activity.cores {
            let services = &chip.core_type(core.core).services;
            let time = u64::from(core.plastic_visits) * services.synaptic_update.occupancy.0
                + u64::from(core.trace_updates) * services.trace_update.occupancy.0;
            learning = learning.max(time);
            longest.offer(time, Bound::Learning(core.core));
        }
        let reset = chip.host.state_reset.unwrap_or_default().0;
        let management = reset * u64::from(activity.host.state_resets);
        let read = chip.host.spike_out.occupancy.0 * u64::from(activity.host.spikes_out);
        let host = chip.host.handshake.unwrap_or_default().0 + read;
        longest.offer(host, Bound::Host);
        let mut time = StepTime::new(longest.bound)
            .with(Phase::Update, Picoseconds(update))
            .with(Phase::Flush, Picoseconds(done - update))
            .with(Phase::Barrier, Picoseconds(barrier))
            .with(Phase::Learning, Picoseconds(learning))
            .with(Phase::Management, Picoseconds(management))
            .with(Phase::Host, Picoseconds(host));
        time.excess = Picoseconds(excess);
        time
    }
}

/// Time of a segment's updates on one lane.
fn segment_work(kind: &CoreType, segment: &Segment) -> u64 {
    let services = &kind.services;
    u64::from(segment.inactive) * services.neuron_inactive.occupancy.0
        + u64::from(segment.active) * services.neuron_active.occupancy.0
        + u64::from(segment.spiking) * services.neuron_spiking.occupancy.0
        + u64::from(segment.instructions) * services.instruction.occupancy.0
}

/// Time of a list's service at its core.
pub(super) fn list_service(kind: &CoreType, destination: &Destination) -> u64 {
    let operation = kind.synaptic_op(destination.format);
    kind.services.axon_in.occupancy.0
        + u64::from(destination.words) * kind.services.synapse_word.occupancy.0
        + u64::from(destination.synaptic_ops) * operation.occupancy.0
}

/// One past the last segment of the core at `position`.
fn end_of(activity: &Activity, position: usize) -> u32 {
    activity.cores[position].first_segment + activity.cores[position].segments
}
