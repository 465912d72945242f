//! The tally: from activity, traffic and step times to the ledger's rows.

use std::collections::BTreeMap;

use quarrion_isa::activity::Activity;
use quarrion_isa::chip::{Chip, Hops, LinkClass, Programs, SynapseFormatKind, Synchronisation};
use quarrion_isa::event::{EventCounts, EventKind};
use quarrion_isa::id::{CoreId, LinkId};
use quarrion_isa::ledger::{CoreRow, FaultCounts, Ledger, LinkRow, SampleRow, StepRow};
use quarrion_isa::quantity::Picoseconds;
use quarrion_isa::timing::StepTime;

use crate::time::{CountModel, Origin, Packet, Traffic, Waits};

/// A ledger in the making, of any timesteps; those that several threads have counted add up.
#[derive(Debug)]
pub struct Tally {
    ledger: Ledger,
    /// Row in `ledger.cores` by core id; `u32::MAX` for cores outside the program.
    position: Vec<u32>,
    link_packets: Vec<[u64; 2]>,
    samples: BTreeMap<u32, SampleRow>,
    waits: Waits,
    tiles: u32,
    chips: u32,
}

impl Tally {
    /// An empty ledger for a program on `cores` (ascending), `tiles` tiles, `chips` chips and
    /// `populations` populations.
    #[must_use]
    pub fn new(chip: &Chip, cores: &[CoreId], tiles: u32, chips: u32, populations: usize) -> Self {
        let mut position = vec![u32::MAX; chip.cores.len()];
        for (at, core) in cores.iter().enumerate() {
            position[core.index()] = at as u32;
        }
        let row = |core: &CoreId| CoreRow {
            core: *core,
            counts: EventCounts::default(),
            update_time: Picoseconds::ZERO,
            synapse_time: Picoseconds::ZERO,
        };
        let ledger = Ledger {
            cores: cores.iter().map(row).collect(),
            populations: vec![EventCounts::default(); populations],
            ..Ledger::default()
        };
        let link_packets = vec![[0; 2]; chip.mesh.link_count() as usize];
        let (samples, waits) = (BTreeMap::new(), Waits::default());
        Self { ledger, position, link_packets, samples, waits, tiles, chips }
    }

    /// Adds what packets and links have waited.
    pub fn count_waits(&mut self, waits: Waits) {
        self.waits.merge(waits);
    }

    /// The row of a sample, which is there from now on.
    pub fn open_sample(&mut self, number: u32) -> &mut SampleRow {
        let empty = SampleRow { counts: EventCounts::default(), steps: 0, time: Picoseconds::ZERO };
        self.samples.entry(number).or_insert(empty)
    }

    /// Counts one timestep, and what went wrong beside lost packets.
    pub fn count_step(
        &mut self,
        chip: &Chip,
        activity: &Activity,
        traffic: &Traffic,
        (time, faults): (StepTime, FaultCounts),
        model: &CountModel,
    ) {
        let mut step = EventCounts::default();
        self.count_updates(chip, activity, model, &mut step);
        let hops = self.count_packets(activity, traffic, &mut step);
        self.count_rest(chip, activity, &mut step);
        let row = StepRow {
            sample: activity.sample,
            step: activity.step,
            spikes: activity.spikes(),
            host_spikes: activity.host.spikes_in.len() as u64,
            packets: traffic.packets.len() as u64,
            hops,
            synaptic_ops: activity.destinations.iter().map(|d| u64::from(d.synaptic_ops)).sum(),
            time,
            faults: FaultCounts { lost: activity.lost.into(), ..faults },
        };
        self.ledger.faults.merge(&row.faults);
        self.ledger.steps.push(row);
        self.ledger.total.merge(&step);
        let sample = self.open_sample(activity.sample);
        sample.counts.merge(&step);
        sample.steps += 1;
        sample.time += time.total();
    }

    fn count_updates(
        &mut self,
        chip: &Chip,
        activity: &Activity,
        model: &CountModel,
        step: &mut EventCounts,
    ) {
        for (at, core) in activity.cores.iter().enumerate() {
            let kind = chip.core_type(core.core);
            let programmable = matches!(kind.programs, Programs::Programmable { .. });
            let mut own = EventCounts::default();
            for segment in activity.segments_of(core) {
                let population = &mut self.ledger.populations[segment.population.index()];
                for counts in [&mut own, population] {
                    counts.add(EventKind::NeuronInactive, segment.inactive.into());
                    counts.add(EventKind::NeuronActive, segment.active.into());
                    counts.add(EventKind::NeuronSpiking, segment.spiking.into());
                    if programmable {
                        counts.add(EventKind::Instruction, segment.instructions.into());
                    }
                }
            }
            own.add(EventKind::SynapticUpdate, core.plastic_visits.into());
            own.add(EventKind::TraceUpdate, core.trace_updates.into());
            step.merge(&own);
            let row = &mut self.ledger.cores[at];
            row.counts.merge(&own);
            row.update_time += model.update_time(at);
            row.synapse_time += model.service_time(at);
        }
    }

    fn count_packets(
        &mut self,
        activity: &Activity,
        traffic: &Traffic,
        step: &mut EventCounts,
    ) -> u64 {
        let (mut all_hops, mut sender) = (0, 0);
        let alike = |a: &Packet, b: &Packet| (a.population, a.length) == (b.population, b.length);
        for packets in traffic.packets.chunk_by(alike) {
            let length = traffic.length(&packets[0]);
            let (mut hops, mut tiles, mut sent) = (Hops::default(), 0, 0);
            let mut own = EventCounts::default();
            for packet in packets {
                for link in traffic.links_of(packet) {
                    let [packets, flits] = &mut self.link_packets[link.index()];
                    *packets += 1;
                    *flits += u64::from(length.on(*link).flits);
                }
                hops.east_west += packet.hops.east_west;
                hops.north_south += packet.hops.north_south;
                hops.chip_edge += packet.hops.chip_edge;
                tiles += packet.destinations.len() as u32;
                if let Origin::Segment(segment) = packet.origin {
                    let end =
                        |at: usize| activity.cores[at].first_segment + activity.cores[at].segments;
                    while end(sender) <= segment {
                        sender += 1;
                    }
                    self.ledger.cores[sender].counts.add(EventKind::AxonOut, 1);
                    sent += 1;
                }
                for one in packet.destinations.clone() {
                    let destination = &activity.destinations[one as usize];
                    let row = self.position[destination.core.index()] as usize;
                    for counts in [&mut own, &mut self.ledger.cores[row].counts] {
                        counts.add(EventKind::SynapseWord, destination.words.into());
                        counts.add(operation(destination.format), destination.synaptic_ops.into());
                    }
                    self.ledger.cores[row].counts.add(EventKind::AxonIn, 1);
                }
            }
            // A long packet's hops count once for every binary spike that it is as long as.
            for (kind, class, hops) in [
                (EventKind::HopTile, LinkClass::Tile, tiles),
                (EventKind::HopEastWest, LinkClass::EastWest, hops.east_west),
                (EventKind::HopNorthSouth, LinkClass::NorthSouth, hops.north_south),
                (EventKind::HopChipEdge, LinkClass::ChipEdge, hops.chip_edge),
            ] {
                own.add(kind, u64::from(hops) * u64::from(length.spikes_long(class)));
            }
            own.add(EventKind::AxonOut, sent);
            own.add(EventKind::AxonIn, tiles.into());
            all_hops += u64::from(hops.total());
            self.ledger.populations[packets[0].population.index()].merge(&own);
            step.merge(&own);
        }
        all_hops
    }

    fn count_rest(&self, chip: &Chip, activity: &Activity, step: &mut EventCounts) {
        if matches!(chip.synchronisation, Synchronisation::Barrier(_)) {
            step.add(EventKind::BarrierTile, self.tiles.into());
        }
        let host = &activity.host;
        step.add(EventKind::HostSpikeIn, host.spikes_in.len() as u64);
        step.add(EventKind::HostSpikeOut, host.spikes_out.into());
        step.add(EventKind::HostHandshake, 1);
        step.add(EventKind::ParameterWrite, host.parameter_writes.into());
        step.add(EventKind::StateReset, u64::from(host.state_resets) * u64::from(self.chips));
    }

    /// Adds what was counted of other timesteps, of the same samples or of others.
    pub fn merge(&mut self, other: Self) {
        self.ledger.total.merge(&other.ledger.total);
        for (row, other) in self.ledger.cores.iter_mut().zip(other.ledger.cores) {
            row.counts.merge(&other.counts);
            row.update_time += other.update_time;
            row.synapse_time += other.synapse_time;
        }
        for (row, other) in self.ledger.populations.iter_mut().zip(&other.ledger.populations) {
            row.merge(other);
        }
        for (row, other) in self.link_packets.iter_mut().zip(&other.link_packets) {
            row[0] += other[0];
            row[1] += other[1];
        }
        self.ledger.faults.merge(&other.ledger.faults);
        self.waits.merge(other.waits);
        self.ledger.steps.extend(other.ledger.steps);
        for (number, row) in other.samples {
            let sample = self.open_sample(number);
            sample.counts.merge(&row.counts);
            sample.steps += row.steps;
            sample.time += row.time;
        }
    }

    /// The finished ledger.
    #[must_use]
    pub fn finish(mut self, chip: &Chip) -> Ledger {
        for (at, [packets, flits]) in self.link_packets.iter().enumerate() {
            if *packets > 0 {
                let link = LinkId::from_index(at);
                let occupancy = chip.link_occupancy(link);
                let busy = Picoseconds(flits * occupancy.0);
                self.ledger.links.push(LinkRow { link, packets: *packets, flits: *flits, busy });
            }
        }
        self.ledger.steps.sort_by_key(|row| (row.sample, row.step));
        self.ledger.samples = self.samples.into_values().collect();
        self.waits.settle(&mut self.ledger);
        self.ledger
    }
}

/// The event of one synaptic operation from a list of the format.
fn operation(format: SynapseFormatKind) -> EventKind {
    match format {
        SynapseFormatKind::Dense => EventKind::SynapticOpDense,
        SynapseFormatKind::Sparse => EventKind::SynapticOpSparse,
        SynapseFormatKind::Kernel => EventKind::SynapticOpKernel,
        SynapseFormatKind::RunLength => EventKind::SynapticOpRunLength,
    }
}
