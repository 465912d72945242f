//! What a timestep of a mapping takes, from how often neurons spike.
//!
//! The law is that of the maximum of sums (Timcheck et al. 2026, for Loihi 2): the busiest core or
//! link decides, then the barrier. It is what the `count` timing model says of one timestep, said
//! of the mean one:
//!
//! * *update*: the core's compartments one after the other, all of them active;
//! * *axon out*: the packets that its spikes make;
//! * *synapses*: from the first arrival, the lists that arriving spikes read;
//! * *path*: the last spike of a core's loop on its way to where it is read;
//! * *link*: the flits on the busiest link; packets that branch count as copies;
//! * *host*: its spikes, and their packets through its port.

use quarrion_isa::chip::{Chip, Hops, LinkClass, Overlap, Planes, Programs, Synchronisation};
use quarrion_isa::event::EventKind;
use quarrion_isa::id::{CoreId, LinkId, TileId};
use quarrion_isa::quantity::Picoseconds;
use serde::Serialize;

use super::measure::{Measured, Meter};
use super::seats::Seats;
use super::work::{list_time, send_time, update_loop};
use crate::failure::CompileFailure;
use crate::layout::Mapping;

/// What the predicted timestep waits for longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bottleneck {
    /// The update loop of a core.
    Update(CoreId),
    /// The packets that a core sends.
    AxonOut(CoreId),
    /// The lists that a core serves.
    Synapses(CoreId),
    /// The way of the last packet to a core.
    Path(CoreId),
    /// The traffic over a link.
    Link(LinkId),
    /// The host's spikes.
    Host,
}

/// What a timestep of a mapping takes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prediction {
    /// Cores in use.
    pub cores: u32,
    /// Tiles in use.
    pub tiles: u32,
    /// Time of a timestep.
    ///
    /// # Units
    /// ps.
    pub step_ps: f64,
    /// What it waits for longest.
    pub bound: Bottleneck,
    /// Packets a timestep, the host's included.
    pub packets: f64,
    /// Links that packets cross a timestep.
    pub hops: f64,
    /// The busiest link's packets a timestep.
    pub link_packets: f64,
    /// The busiest link, where any is used.
    pub hottest: Option<LinkId>,
    /// Energy of a timestep by the chip's prices, with static power of cores and chips.
    ///
    /// # Units
    /// pJ.
    pub energy_pj: f64,
    /// Packets a timestep of every used link.
    #[serde(skip)]
    pub links: Vec<(LinkId, f64)>,
}

/// Packets a step between two cores, or from the host.
struct Flow {
    /// Position among the mapping's cores; the host without one.
    from: Option<u32>,
    to: u32,
    packets: f64,
}

/// Sums of one core.
#[derive(Clone, Copy, Default)]
struct Load {
    update: f64,
    spikes: f64,
    sent: f64,
    first: f64,
    service: f64,
}

/// Predicts what a mapping, measured before, takes.
pub(super) fn predict(meter: &Meter<'_>, mapping: &Mapping, measured: &Measured) -> Prediction {
    let mut sums = Sums::new(meter, mapping);
    sums.update_cores(measured);
    let flows = sums.serve(measured);
    sums.send(&flows);
    sums.result(&flows)
}

/// Measures and predicts.
///
/// # Errors
/// No synapse format holds some list.
pub(super) fn measure_and_predict(
    meter: &Meter<'_>,
    mapping: &Mapping,
) -> Result<(Measured, Prediction), CompileFailure> {
    let measured = Measured::of_cores(meter, &mapping.cores)?;
    let prediction = predict(meter, mapping, &measured);
    Ok((measured, prediction))
}

struct Sums<'a> {
    meter: &'a Meter<'a>,
    chip: &'a Chip,
    mapping: &'a Mapping,
    loads: Vec<Load>,
    links: Vec<f64>,
    hops: [f64; 3],
    path: (f64, u32),
    energy: f64,
}

impl<'a> Sums<'a> {
    fn new(meter: &'a Meter<'a>, mapping: &'a Mapping) -> Self {
        Self {
            meter,
            chip: meter.chip,
            mapping,
            loads: vec![Load::default(); mapping.cores.len()],
            links: vec![0.0; meter.chip.mesh.link_count() as usize],
            hops: [0.0; 3],
            path: (0.0, 0),
            energy: 0.0,
        }
    }

    /// Nominal price of an event in pJ; 0 where it is not modelled.
    fn price(&self, kind: EventKind) -> f64 {
        self.chip.prices.get(&kind).map_or(0.0, |price| price.nominal.0 as f64 / 1e6)
    }

    fn update_cores(&mut self, measured: &Measured) {
        let (active, spiking) =
            (self.price(EventKind::NeuronActive), self.price(EventKind::NeuronSpiking));
        let instruction = self.price(EventKind::Instruction);
        let cores = self.mapping.cores.iter().zip(&measured.demands);
        for ((core, demands), load) in cores.zip(&mut self.loads) {
            let kind = self.chip.core_type(core.core);
            let all = update_loop(self.meter, kind, &core.slices, demands);
            (load.update, load.spikes) = (all.time, all.spikes);
            self.energy += all.quiet * active + all.spikes * spiking;
            if matches!(kind.programs, Programs::Programmable { .. }) {
                self.energy += all.instructions * instruction;
            }
        }
    }

    /// Service of arriving spikes; returns the packets that bring them.
    fn serve(&mut self, measured: &Measured) -> Vec<Flow> {
        let slices = self.mapping.cores.iter().map(|core| core.slices.as_slice());
        let ways = |population, neuron| measured.ways(population, neuron);
        let mut seats = Seats::of(self.meter.network, slices, ways);
        let host = self.mapping.cores.len();
        let mut sums = vec![0.0; host + 1];
        let mut flows = Vec::new();
        let (axon_in, word) = (self.price(EventKind::AxonIn), self.price(EventKind::SynapseWord));
        for (to, demands) in measured.demands.iter().enumerate() {
            let kind = self.chip.core_type(self.mapping.cores[to].core);
            let mut touched = Vec::new();
            for reach in demands.iter().flat_map(|demand| &demand.reached_by) {
                let rates = &self.meter.rates[reach.source.index()];
                let priced = self.price(operation_kind(reach.kind));
                for (&neuron, &work) in reach.neurons.iter().zip(&reach.work) {
                    let rate = rates[neuron as usize];
                    let (words, ops) = (f64::from(work.words), f64::from(work.operations));
                    self.loads[to].service += rate * list_time(kind, reach.kind, work);
                    self.energy += rate * (axon_in + words * word + ops * priced);
                    let from = seats.sender(reach.source, neuron);
                    let from = from.map_or(host, |core| core as usize);
                    if sums[from] == 0.0 {
                        touched.push(from);
                    }
                    sums[from] += rate;
                }
            }
            touched.sort_unstable();
            for from in touched {
                let packets = std::mem::take(&mut sums[from]);
                let from = (from < host).then_some(from as u32);
                if packets > 0.0 {
                    flows.push(Flow { from, to: to as u32, packets });
                }
            }
        }
        flows
    }

    /// Packets over axons out and links.
    fn send(&mut self, flows: &[Flow]) {
        for load in &mut self.loads {
            load.first = f64::INFINITY;
        }
        for flow in flows {
            let to = self.chip.tile_of(self.mapping.cores[flow.to as usize].core);
            let (from, ready, last) = match flow.from {
                None => (self.chip.host.port, self.chip.host.spike_in.latency.0 as f64, 0.0),
                Some(from) => {
                    let core = self.mapping.cores[from as usize].core;
                    let kind = self.chip.core_type(core);
                    let load = &mut self.loads[from as usize];
                    load.sent += flow.packets * send_time(self.meter, kind);
                    let out = kind.services.axon_out.latency.0 as f64;
                    // Spikes spread evenly over the loop: the first and the last of them.
                    let share = load.update / (load.spikes + 1.0);
                    (self.chip.tile_of(core), share + out, load.update - share + out)
                }
            };
            let latency = self.cross(from, to, flow.packets);
            let target = &mut self.loads[flow.to as usize];
            target.first = target.first.min(ready + latency);
            if flow.from.is_some() && last + latency > self.path.0 {
                self.path = (last + latency, flow.to);
            }
        }
    }

    /// Packets along the route of two tiles; returns its latency.
    fn cross(&mut self, from: TileId, to: TileId, packets: f64) -> f64 {
        let mesh = &self.chip.mesh;
        let mut latency = mesh.link(LinkClass::Tile).latency.0 as f64;
        let mut hops = Hops::default();
        mesh.route(from, to, |link| {
            let class = mesh.link_class(link);
            latency += mesh.link(class).latency.0 as f64;
            self.links[link.index()] += packets;
            match class {
                LinkClass::EastWest => hops.east_west += 1,
                LinkClass::NorthSouth => hops.north_south += 1,
                LinkClass::ChipEdge | LinkClass::Tile => hops.chip_edge += 1,
            }
        });
        for (sum, hops) in
            self.hops.iter_mut().zip([hops.east_west, hops.north_south, hops.chip_edge])
        {
            *sum += packets * f64::from(hops);
        }
        latency
    }

    fn result(mut self, flows: &[Flow]) -> Prediction {
        let mut longest = (self.path.0, Bottleneck::Path(self.core(self.path.1)));
        let mut offer = |time: f64, bound: Bottleneck| {
            if time > longest.0 {
                longest = (time, bound);
            }
        };
        for (core, load) in self.mapping.cores.iter().zip(&self.loads) {
            offer(load.update, Bottleneck::Update(core.core));
            offer(load.sent, Bottleneck::AxonOut(core.core));
            if load.service > 0.0 {
                let overlapped = self.chip.core_type(core.core).overlap == Overlap::Overlapped;
                let start = if overlapped { load.first } else { load.first.max(load.update) };
                offer(start + load.service, Bottleneck::Synapses(core.core));
            }
        }
        let planes = match self.chip.mesh.planes {
            Planes::Alternate(planes) => f64::from(planes.max(1)),
            Planes::Single | Planes::ByClass(_) => 1.0,
        };
        let mut hottest: Option<(f64, LinkId)> = None;
        for (index, &packets) in
            self.links.iter().enumerate().filter(|(_, packets)| **packets > 0.0)
        {
            let link = LinkId::from_index(index);
            let class = self.chip.mesh.link_class(link);
            let flits = f64::from(self.chip.mesh.flits(class, 0));
            let time = packets * flits * self.chip.link_occupancy(link).0 as f64 / planes;
            offer(time, Bottleneck::Link(link));
            if hottest.is_none_or(|(most, _)| packets > most) {
                hottest = Some((packets, link));
            }
        }
        let inputs: f64 = input_rates(self.meter).sum();
        offer(inputs * self.chip.host.spike_in.occupancy.0 as f64, Bottleneck::Host);
        let fed: f64 =
            flows.iter().filter(|flow| flow.from.is_none()).map(|flow| flow.packets).sum();
        let flits = f64::from(self.chip.mesh.flits(LinkClass::Tile, 0));
        let port = fed * flits * self.chip.mesh.link(LinkClass::Tile).occupancy.0 as f64;
        offer(self.chip.host.spike_in.latency.0 as f64 + port, Bottleneck::Host);
        let tiles = used_tiles(self.chip, self.mapping);
        let step_ps = close(self.chip, longest.0, tiles, self.meter);
        let packets: f64 = flows.iter().map(|flow| flow.packets).sum();
        let sent: f64 =
            flows.iter().filter(|flow| flow.from.is_some()).map(|flow| flow.packets).sum();
        self.energy += sent * self.price(EventKind::AxonOut)
            + packets * self.price(EventKind::HopTile)
            + self.hops[0] * self.price(EventKind::HopEastWest)
            + self.hops[1] * self.price(EventKind::HopNorthSouth)
            + self.hops[2] * self.price(EventKind::HopChipEdge)
            + f64::from(tiles) * self.price(EventKind::BarrierTile)
            + static_pj(self.chip, self.mapping, step_ps);
        Prediction {
            cores: self.mapping.cores.len() as u32,
            tiles,
            step_ps,
            bound: longest.1,
            packets,
            hops: self.hops.iter().sum(),
            link_packets: hottest.map_or(0.0, |(packets, _)| packets),
            hottest: hottest.map(|(_, link)| link),
            energy_pj: self.energy,
            links: used_links(&self.links),
        }
    }

    fn core(&self, position: u32) -> CoreId {
        self.mapping.cores.get(position as usize).map_or(CoreId(0), |core| core.core)
    }
}

/// The links that carry anything.
fn used_links(links: &[f64]) -> Vec<(LinkId, f64)> {
    let links = links.iter().enumerate().filter(|(_, packets)| **packets > 0.0);
    links.map(|(index, &packets)| (LinkId::from_index(index), packets)).collect()
}

/// Tiles with a used core.
fn used_tiles(chip: &Chip, mapping: &Mapping) -> u32 {
    let mut tiles: Vec<TileId> = mapping.cores.iter().map(|core| chip.tile_of(core.core)).collect();
    tiles.sort_unstable();
    tiles.dedup();
    tiles.len() as u32
}

/// Rates of all input neurons.
fn input_rates<'m>(meter: &'m Meter<'_>) -> impl Iterator<Item = f64> + 'm {
    let populations = meter.network.populations.iter().zip(&meter.rates);
    populations.filter(|(population, _)| population.neurons.is_none()).flat_map(|(_, r)| r).copied()
}

/// The whole step whose busiest part takes `longest`: barrier and host behind it.
pub(super) fn close(chip: &Chip, longest: f64, tiles: u32, meter: &Meter<'_>) -> f64 {
    let done = match chip.synchronisation {
        Synchronisation::Barrier(_) => longest + chip.barrier_latency(tiles).0 as f64,
        Synchronisation::GlobalTick { period } | Synchronisation::FreeRunning { period } => {
            longest.max(period.0 as f64)
        }
    };
    let output: f64 = meter.rates[meter.network.output.index()].iter().sum();
    let Picoseconds(handshake) = chip.host.handshake.unwrap_or_default();
    done + handshake as f64 + output * chip.host.spike_out.occupancy.0 as f64
}

/// Static energy of used cores and their chips over a step.
fn static_pj(chip: &Chip, mapping: &Mapping, step_ps: f64) -> f64 {
    let mut chips: Vec<_> =
        mapping.cores.iter().map(|core| chip.mesh.chip_of(chip.tile_of(core.core))).collect();
    chips.sort_unstable();
    chips.dedup();
    let picowatts = |power: Option<quarrion_isa::quantity::Picowatts>| {
        power.map_or(0.0, |power| power.0 as f64)
    };
    let power = picowatts(chip.static_power.core) * mapping.cores.len() as f64
        + picowatts(chip.static_power.chip) * chips.len() as f64;
    // pW x ps = 1e-24 J.
    power * step_ps * 1e-12
}

/// The event of a synaptic operation.
fn operation_kind(kind: quarrion_isa::chip::SynapseFormatKind) -> EventKind {
    use quarrion_isa::chip::SynapseFormatKind;
    match kind {
        SynapseFormatKind::Dense => EventKind::SynapticOpDense,
        SynapseFormatKind::Sparse => EventKind::SynapticOpSparse,
        SynapseFormatKind::Kernel => EventKind::SynapticOpKernel,
        SynapseFormatKind::RunLength => EventKind::SynapticOpRunLength,
    }
}
