//! The record of a run: all that a report is computed from, in integers.
//!
//! A record holds no price and no decimal, so that the same run can be priced again.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use quarrion_isa::chip::{Chip, Direction};
use quarrion_isa::event::{EventCounts, EventKind, Phase};
use quarrion_isa::histogram::Histogram;
use quarrion_isa::id::LinkId;
use quarrion_isa::ledger::{FaultCounts, Ledger, LinkRow};
use quarrion_isa::pricing::Powered;
use quarrion_isa::program::{CoreProgram, Program, Role};
use quarrion_isa::quantity::Picoseconds;
use quarrion_isa::timing::Bound;
use quarrion_isa::way::Way;
use serde::{Deserialize, Serialize};

use crate::overload::Overload;

/// Links that are named as the hottest.
const HOTTEST: usize = 10;
/// The handshake's name among what is not modelled.
pub(crate) const HOST_HANDSHAKE: &str = "host handshake";
/// The reset's name among what is not modelled.
pub(crate) const STATE_RESET: &str = "state reset";

/// What a run leaves, before it is summed up.
#[derive(Clone, Copy, Debug)]
pub struct RunFacts<'a> {
    /// The program that ran.
    pub program: &'a Program,
    /// The chip that it ran on.
    pub chip: &'a Chip,
    /// What was counted.
    pub ledger: &'a Ledger,
    /// How long how much of the hardware was powered.
    pub powered: Powered,
    /// Spikes of each population inside its window, over all samples.
    pub window_spikes: &'a [u64],
    /// Steps of each sample's input.
    pub input_steps: &'a [u32],
    /// How many samples were classified rightly, where labels are known.
    pub correct: Option<u32>,
}

/// The record of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunRecord {
    /// Name of the network.
    pub network: String,
    /// Name of the chip description that the run was timed on.
    pub chip: String,
    /// Samples.
    pub samples: u32,
    /// Samples that were classified rightly; `None` without labels.
    pub correct: Option<u32>,
    /// Input steps of all samples together.
    pub input_steps: u64,
    /// Timesteps of all samples together.
    pub timesteps: u64,
    /// Cores that the program uses.
    pub cores_used: u32,
    /// Cores that the board has.
    pub cores_available: u32,
    /// What the used cores hold.
    pub resources: Vec<ResourceUse>,
    /// The populations, inputs first.
    pub layers: Vec<Layer>,
    /// Events by kind; kinds without events are left out.
    pub events: BTreeMap<EventKind, u64>,
    /// Powered hardware and time.
    pub powered: Powered,
    /// Time.
    pub time: TimeRecord,
    /// What went wrong on the chip.
    pub faults: FaultCounts,
    /// The links between tiles that were taken longest; at most ten.
    #[serde(default)]
    pub hottest_links: Vec<LinkUse>,
    /// The packet that was done last in the longest timestep; `None` where contention was not
    /// timed.
    #[serde(default)]
    pub last_packet: Option<Way>,
}

/// Use of one link between tiles; its planes together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkUse {
    /// The link.
    pub link: LinkId,
    /// Column of the tile that it leaves.
    pub x: u32,
    /// Row of that tile.
    pub y: u32,
    /// Where it leads.
    pub towards: Direction,
    /// Physical planes.
    pub planes: u32,
    /// Packets carried.
    pub packets: u64,
    /// Flits carried.
    pub flits: u64,
    /// Time that its planes were taken, added up.
    pub busy: Picoseconds,
    /// Waiting behind it; `None` where contention was not timed.
    pub queue: Option<LinkQueue>,
}

/// Flits that waited for one link's far end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkQueue {
    /// Flits in the buffers behind it, summed over time.
    pub waiting_flit_ps: u64,
    /// Most flits of one plane that were in those buffers or on their way there.
    pub ahead_flits_max: u32,
}

/// Use of one resource over the used cores.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceUse {
    /// What is used: `compartments`, `axons_in`, `axons_out` or `synapse_memory_bits`.
    pub resource: String,
    /// How much of it, over all used cores.
    pub used: u64,
    /// How much the used cores have.
    pub available: u64,
    /// Use of the fullest core.
    pub fullest_used: u64,
    /// How much the fullest core has.
    pub fullest_available: u64,
}

/// One population.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// Name.
    pub name: String,
    /// Inputs or neurons.
    pub role: Role,
    /// Neurons.
    pub neurons: u32,
    /// Step at which it starts.
    pub phase: u32,
    /// Cores that hold a part of it.
    pub cores: u32,
    /// Spikes inside its window, over all samples.
    pub spikes: u64,
}

/// Time of all samples.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeRecord {
    /// All timesteps and resets.
    pub total: Picoseconds,
    /// Time of each phase over all timesteps.
    pub phases: BTreeMap<Phase, Picoseconds>,
    /// The longest timestep.
    pub step_max: Picoseconds,
    /// The longest sample.
    pub inference_max: Picoseconds,
    /// What bounded how much, most time first.
    pub bounds: Vec<BoundTime>,
    /// What the chip file gives no time for.
    pub not_modelled: Vec<String>,
    /// Times of the packets from readiness to arrival; `None` where contention was not timed.
    pub packet_latency: Option<Histogram>,
    /// Timesteps whose work takes longer than their tick; `None` where there is none.
    pub overload: Option<Overload>,
}

/// The timesteps that one bound bounded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BoundTime {
    /// The bound.
    pub bound: Bound,
    /// The same in words, with its place.
    pub place: String,
    /// Timesteps.
    pub steps: u64,
    /// Their time.
    pub time: Picoseconds,
}

impl RunRecord {
    /// Sums up a run.
    #[must_use]
    pub fn new(facts: &RunFacts<'_>) -> Self {
        let (program, chip, ledger) = (facts.program, facts.chip, facts.ledger);
        let spikes = facts.window_spikes.iter().copied().chain(std::iter::repeat(0));
        let layers = (0..program.populations.len()).zip(spikes);
        Self {
            network: program.name.clone(),
            chip: chip.name.clone(),
            samples: ledger.samples.len() as u32,
            correct: facts.correct,
            input_steps: facts.input_steps.iter().map(|&steps| u64::from(steps)).sum(),
            timesteps: ledger.steps.len() as u64,
            cores_used: program.cores.len() as u32,
            cores_available: chip.cores.len() as u32,
            resources: resources(program, chip),
            layers: layers.map(|(at, spikes)| layer(program, at, spikes)).collect(),
            events: ledger.total.iter().filter(|&(_, events)| events > 0).collect(),
            powered: facts.powered,
            time: TimeRecord::new(chip, ledger),
            faults: ledger.faults,
            hottest_links: hottest_links(chip, ledger),
            last_packet: ledger.last_of_longest().cloned(),
        }
    }

    /// The record of the same run, timed and counted again on another chip.
    #[must_use]
    pub fn retimed(&self, chip: &Chip, ledger: &Ledger, powered: Powered) -> Self {
        Self {
            chip: chip.name.clone(),
            events: ledger.total.iter().filter(|&(_, events)| events > 0).collect(),
            powered,
            time: TimeRecord::new(chip, ledger),
            faults: ledger.faults,
            hottest_links: hottest_links(chip, ledger),
            last_packet: ledger.last_of_longest().cloned(),
            ..self.clone()
        }
    }

    /// The events as the ledger counts them.
    #[must_use]
    pub fn counts(&self) -> EventCounts {
        let mut counts = EventCounts::default();
        for (&kind, &events) in &self.events {
            counts.add(kind, events);
        }
        counts
    }
}

fn layer(program: &Program, at: usize, spikes: u64) -> Layer {
    let population = &program.populations[at];
    let holds = |core: &&CoreProgram| core.groups.iter().any(|g| g.population.index() == at);
    let cores = program.cores.iter().filter(holds).count();
    Layer {
        name: population.name.clone(),
        role: population.role,
        neurons: population.size,
        phase: population.phase,
        cores: cores as u32,
        spikes,
    }
}

/// The links that were taken longest.
fn hottest_links(chip: &Chip, ledger: &Ledger) -> Vec<LinkUse> {
    let mut rows: Vec<&LinkRow> = ledger.links.iter().collect();
    rows.sort_by_key(|row| (Reverse(row.busy), Reverse(row.packets), row.link));
    let link = |row: &&LinkRow| {
        let (tile, towards) = chip.mesh.link_ends(row.link);
        let at = chip.mesh.position(tile);
        let found = ledger.queues.binary_search_by_key(&row.link, |queue| queue.link);
        let queue = found.ok().map(|at| ledger.queues[at]);
        LinkUse {
            link: row.link,
            x: at.x,
            y: at.y,
            towards,
            planes: chip.mesh.planes.count(),
            packets: row.packets,
            flits: row.flits,
            busy: row.busy,
            queue: queue.map(|queue| LinkQueue {
                waiting_flit_ps: queue.waiting_flit_ps,
                ahead_flits_max: queue.ahead_flits_max,
            }),
        }
    };
    rows.iter().take(HOTTEST).map(link).collect()
}

/// Use of compartments, axons and synapse memory by the program's cores.
fn resources(program: &Program, chip: &Chip) -> Vec<ResourceUse> {
    let names = ["compartments", "axons_in", "axons_out", "synapse_memory_bits"];
    let mut uses = names.map(|name| ResourceUse {
        resource: name.into(),
        used: 0,
        available: 0,
        fullest_used: 0,
        fullest_available: 0,
    });
    for core in &program.cores {
        let kind = chip.core_type(core.core);
        let word_bits = u64::from(kind.word_bits);
        let amounts = [
            (u64::from(core.compartments), u64::from(kind.compartments)),
            (core.axons_in.len() as u64, u64::from(kind.axons_in)),
            (core.axon_out_entries(chip), u64::from(kind.axons_out)),
            (core.synapse_words() * word_bits, kind.synapse_words() * word_bits),
        ];
        for (total, (used, available)) in uses.iter_mut().zip(amounts) {
            total.used += used;
            total.available += available;
            let fuller = u128::from(used) * u128::from(total.fullest_available)
                > u128::from(total.fullest_used) * u128::from(available);
            if fuller || total.fullest_available == 0 {
                (total.fullest_used, total.fullest_available) = (used, available);
            }
        }
    }
    uses.into()
}

impl TimeRecord {
    fn new(chip: &Chip, ledger: &Ledger) -> Self {
        let mut phases: BTreeMap<Phase, Picoseconds> = BTreeMap::new();
        let mut bounds: BTreeMap<Bound, (u64, Picoseconds)> = BTreeMap::new();
        for row in &ledger.steps {
            for &phase in Phase::ALL {
                *phases.entry(phase).or_default() += row.time.phase(phase);
            }
            let (steps, time) = bounds.entry(row.time.bound).or_default();
            *steps += 1;
            *time += row.time.total();
        }
        let bound = |(bound, (steps, time)): (Bound, _)| BoundTime {
            bound,
            place: bound.place(&chip.mesh),
            steps,
            time,
        };
        let mut bounds: Vec<BoundTime> = bounds.into_iter().map(bound).collect();
        bounds.sort_by_key(|entry| std::cmp::Reverse((entry.time, entry.steps)));
        let silent = [
            (HOST_HANDSHAKE, chip.host.handshake.is_none()),
            (STATE_RESET, chip.host.state_reset.is_none()),
        ];
        Self {
            total: ledger.samples.iter().map(|sample| sample.time).sum(),
            phases,
            step_max: ledger.steps.iter().map(|row| row.time.total()).max().unwrap_or_default(),
            inference_max: ledger.samples.iter().map(|row| row.time).max().unwrap_or_default(),
            bounds,
            packet_latency: (ledger.latencies.count() > 0).then(|| ledger.latencies.clone()),
            overload: Overload::of(chip, ledger),
            not_modelled: silent.iter().filter(|s| s.1).map(|s| s.0.into()).collect(),
        }
    }
}
