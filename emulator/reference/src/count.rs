//! Event counts of a timestep, straight from its activity record and the chip.

use std::collections::{BTreeMap, BTreeSet};

use quarrion_isa::activity::{Activity, Destination};
use quarrion_isa::chip::{
    Chip, LinkClass, Multicast, Programs, SynapseFormatKind, Synchronisation,
};
use quarrion_isa::event::{EventCounts, EventKind};
use quarrion_isa::id::{ChipId, CoreId, LinkId, PopulationId, TileId};
use quarrion_isa::program::Program;

/// Event counts of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All events.
    pub total: EventCounts,
    /// Events of each core of the program, in its order; hops and host events belong to no core.
    pub cores: Vec<EventCounts>,
    /// Events of each population: its updates, and the packets and lists that its spikes caused.
    pub populations: Vec<EventCounts>,
    /// Packets and flits over each mesh link that carried any.
    pub links: BTreeMap<LinkId, (u64, u64)>,
}

/// What is counted from: fixed over a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ground<'a> {
    pub(crate) program: &'a Program,
    pub(crate) chip: &'a Chip,
    /// Distinct tiles of the program's cores.
    pub(crate) tiles: u32,
    /// Distinct chips of the program's cores.
    pub(crate) chips: u32,
}

impl<'a> Ground<'a> {
    /// Counts the tiles and chips that the program uses.
    pub(crate) fn new(program: &'a Program, chip: &'a Chip) -> Self {
        let tiles: BTreeSet<TileId> =
            program.cores.iter().map(|core| chip.tile_of(core.core)).collect();
        let chips: BTreeSet<ChipId> = tiles.iter().map(|&tile| chip_of(chip, tile)).collect();
        Self { program, chip, tiles: tiles.len() as u32, chips: chips.len() as u32 }
    }
}

/// The chip that a tile belongs to.
fn chip_of(chip: &Chip, tile: TileId) -> ChipId {
    let (mesh, at) = (&chip.mesh, chip.mesh.position(tile));
    ChipId(at.y / mesh.height * mesh.chips_x + at.x / mesh.width)
}

/// Who caused an event: a core that did it and a population that it was done for.
#[derive(Clone, Copy)]
struct Cause {
    core: Option<CoreId>,
    population: Option<PopulationId>,
}

/// Nobody: the chip as a whole, or the host.
const NOBODY: Cause = Cause { core: None, population: None };

impl Counts {
    /// No events yet, with a row for every core and population of the program.
    pub(crate) fn new(program: &Program) -> Self {
        Self {
            cores: vec![EventCounts::default(); program.cores.len()],
            populations: vec![EventCounts::default(); program.populations.len()],
            ..Self::default()
        }
    }

    /// Counts one timestep.
    pub(crate) fn add_step(&mut self, ground: Ground<'_>, activity: &Activity) {
        let chip = ground.chip;
        let mut rest = activity.destinations.as_slice();
        for spike in &activity.host.spikes_in {
            let cause = Cause { core: None, population: Some(spike.population) };
            let (own, others) = rest.split_at(spike.destinations as usize);
            self.add(ground, NOBODY, EventKind::HostSpikeIn, 1);
            self.add_spike(ground, cause, spike.payload_bits, own);
            rest = others;
        }
        for core in &activity.cores {
            let programs = &chip.core_type(core.core).programs;
            let programmable = matches!(programs, Programs::Programmable { .. });
            let sweep = Cause { core: Some(core.core), population: None };
            self.add(ground, sweep, EventKind::SynapticUpdate, core.plastic_visits);
            self.add(ground, sweep, EventKind::TraceUpdate, core.trace_updates);
            for segment in activity.segments_of(core) {
                let cause = Cause { core: Some(core.core), population: Some(segment.population) };
                self.add(ground, cause, EventKind::NeuronInactive, segment.inactive);
                self.add(ground, cause, EventKind::NeuronActive, segment.active);
                self.add(ground, cause, EventKind::NeuronSpiking, segment.spiking);
                if programmable {
                    self.add(ground, cause, EventKind::Instruction, segment.instructions);
                }
                let (own, others) = rest.split_at(segment.destinations as usize);
                self.add_spike(ground, cause, segment.payload_bits, own);
                rest = others;
            }
        }
        let host = &activity.host;
        self.add(ground, NOBODY, EventKind::HostSpikeOut, host.spikes_out);
        self.add(ground, NOBODY, EventKind::HostHandshake, 1);
        self.add(ground, NOBODY, EventKind::ParameterWrite, host.parameter_writes);
        self.add(ground, NOBODY, EventKind::StateReset, host.state_resets * ground.chips);
        if matches!(chip.synchronisation, Synchronisation::Barrier(_)) {
            self.add(ground, NOBODY, EventKind::BarrierTile, ground.tiles);
        }
    }

    /// Counts events in the total and in the rows of who caused them.
    fn add(&mut self, ground: Ground<'_>, cause: Cause, kind: EventKind, events: u32) {
        self.total.add(kind, events.into());
        if let Some(position) = cause.core.and_then(|core| ground.program.core_position(core)) {
            self.cores[position].add(kind, events.into());
        }
        if let Some(population) = cause.population {
            self.populations[population.index()].add(kind, events.into());
        }
    }

    /// Counts a spike's packets and the lists that they reach.
    fn add_spike(
        &mut self,
        ground: Ground<'_>,
        sender: Cause,
        payload_bits: u32,
        destinations: &[Destination],
    ) {
        for destination in destinations {
            let server = Cause { core: Some(destination.core), population: sender.population };
            let operation = match destination.format {
                SynapseFormatKind::Dense => EventKind::SynapticOpDense,
                SynapseFormatKind::Sparse => EventKind::SynapticOpSparse,
                SynapseFormatKind::Kernel => EventKind::SynapticOpKernel,
                SynapseFormatKind::RunLength => EventKind::SynapticOpRunLength,
            };
            self.add(ground, server, EventKind::AxonIn, 1);
            self.add(ground, server, EventKind::SynapseWord, destination.words);
            self.add(ground, server, operation, destination.synaptic_ops);
        }
        // Copies: one packet per destination. Otherwise one packet branches on its way to all.
        let packets = match ground.chip.mesh.multicast {
            Multicast::Copies => destinations.chunks(1),
            Multicast::Tree | Multicast::Table => destinations.chunks(destinations.len().max(1)),
        };
        for packet in packets {
            self.add_packet(ground, sender, payload_bits, packet);
        }
    }

    /// Counts one packet, which takes the links that its routes share from the source on once.
    fn add_packet(
        &mut self,
        ground: Ground<'_>,
        sender: Cause,
        payload_bits: u32,
        destinations: &[Destination],
    ) {
        let (chip, mesh) = (ground.chip, &ground.chip.mesh);
        if sender.core.is_some() {
            self.add(ground, sender, EventKind::AxonOut, 1);
        }
        let from = sender.core.map_or(chip.host.port, |core| chip.tile_of(core));
        let traveller = Cause { core: None, population: sender.population };
        // A branch is a link with the way that leads to it.
        let mut branches: BTreeSet<Vec<LinkId>> = BTreeSet::new();
        for destination in destinations {
            let length = mesh.spikes_long(LinkClass::Tile, payload_bits);
            self.add(ground, traveller, EventKind::HopTile, length);
            let mut way = Vec::new();
            mesh.route(from, chip.tile_of(destination.core), |link| {
                way.push(link);
                branches.insert(way.clone());
            });
        }
        for link in branches.iter().filter_map(|way| way.last().copied()) {
            let class = mesh.link_class(link);
            let hop = match class {
                LinkClass::EastWest => EventKind::HopEastWest,
                LinkClass::NorthSouth => EventKind::HopNorthSouth,
                LinkClass::ChipEdge | LinkClass::Tile => EventKind::HopChipEdge,
            };
            self.add(ground, traveller, hop, mesh.spikes_long(class, payload_bits));
            let (packets, flits) = self.links.entry(link).or_default();
            *packets += 1;
            *flits += u64::from(mesh.flits(class, payload_bits));
        }
    }
}
