//! What a random case reached, so that silent cases cannot pass for evidence.

use std::collections::BTreeMap;
use std::sync::Arc;

use quarrion_isa::chip::{Multicast, Topology};
use quarrion_isa::event::EventKind;
use quarrion_isa::id::PopulationId;
use quarrion_isa::learning::LearnedProjection;
use quarrion_isa::neuron::NeuronProgram;
use quarrion_isa::program::{Block, Group, Join, Program};

use super::Case;
use super::order::order_matters;
use crate::engines::{Truth, parsed};

/// What can be reached, and the least share of cases (in per mille) that must reach it.
pub const FEATURES: &[(&str, u64)] = &[
    ("some spikes", 500),
    ("many spikes", 200),
    ("input spikes graded", 60),
    ("compartment spikes graded", 80),
    ("sum wrapped", 50),
    ("sum saturated", 70),
    ("order of a sum matters", 5),
    ("state at a bound", 30),
    ("delay", 400),
    ("long delay", 150),
    ("spike waits before it leaves", 50),
    ("spike as another leaves", 30),
    ("remote packet", 400),
    ("chip edge", 80),
    ("torus", 120),
    ("fan-out to several cores", 250),
    ("branching packets", 70),
    ("route table", 80),
    ("lost packet", 60),
    ("packet of several flits", 250),
    ("dense list", 300),
    ("sparse list", 350),
    ("run-length list", 100),
    ("kernel list", 250),
    ("stochastic synapse", 120),
    ("scaled sum", 100),
    ("input while held", 150),
    ("refractory", 40),
    ("idle skipped", 80),
    ("hand-written kernel", 300),
    ("random draws", 40),
    ("programmable core", 150),
    ("several inputs", 80),
    ("several groups of a population", 300),
    ("several cores", 400),
    ("parameter writes", 80),
    ("plastic list", 100),
    ("synapse changed", 60),
    ("change rounded by chance", 40),
    ("change saturated", 50),
    ("several spikes in an epoch", 40),
    ("delay or tag changed", 25),
    ("rule with a reward", 30),
    ("learning over samples", 50),
    ("several samples", 400),
    ("output read", 250),
    ("join by add", 5),
    ("join by max", 5),
    ("join by min", 5),
    ("join by or", 5),
    ("join by and", 5),
    ("join by pass", 5),
    ("joined compartments spike", 50),
    ("join of joined compartments", 10),
];

/// How many cases reached each feature.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    cases: u64,
    reached: BTreeMap<&'static str, u64>,
}

impl Coverage {
    /// Notes what a case reached, and how many updates the fast engine passed over.
    pub fn note(&mut self, case: &Case, truth: &Truth, skipped: u64) {
        self.cases += 1;
        let reached = Reached { case, truth, skipped, served: served(case, truth) };
        for &(feature, _) in FEATURES {
            *self.reached.entry(feature).or_default() += u64::from(reached.has(feature));
        }
    }

    /// One line a feature: share of the cases in per mille, and the least that is asked for.
    #[must_use]
    pub fn table(&self) -> String {
        let mut table = format!("{} random cases; per mille that reached (least):\n", self.cases);
        for &(feature, least) in FEATURES {
            let line = format!("  {feature:32} {:4} ({least})\n", self.per_mille(feature));
            table.push_str(&line);
        }
        table
    }

    /// Features that too few cases reached.
    #[must_use]
    pub fn gaps(&self) -> Vec<&'static str> {
        let missed = FEATURES.iter().filter(|(feature, least)| self.per_mille(feature) < *least);
        missed.map(|(feature, _)| *feature).collect()
    }

    fn per_mille(&self, feature: &str) -> u64 {
        self.reached.get(feature).copied().unwrap_or(0) * 1000 / self.cases.max(1)
    }
}

/// A list that was served: its block, its longest delay, and the step.
struct Served<'a> {
    block: &'a Block,
    delay: u32,
    step: u32,
}

fn served<'a>(case: &'a Case, truth: &Truth) -> Vec<Served<'a>> {
    let mut delays: BTreeMap<(u32, u32), u32> = BTreeMap::new();
    let mut all = Vec::new();
    for record in &truth.activity {
        for destination in &record.destinations {
            let position = case.program.core_position(destination.core).expect("a used core");
            let core = &case.program.cores[position];
            let axon = core.axons_in[destination.axon.index()];
            let block = &core.blocks[axon.block as usize];
            let key = (destination.core.0, destination.axon.0);
            let delay = *delays.entry(key).or_insert_with(|| {
                let mut longest = 0;
                block
                    .synapses
                    .decode_list(axon.list, |synapse| longest = longest.max(synapse.delay))
                    .expect("the list decodes");
                longest
            });
            all.push(Served { block, delay, step: record.step });
        }
    }
    all
}

struct Reached<'a> {
    case: &'a Case,
    truth: &'a Truth,
    skipped: u64,
    served: Vec<Served<'a>>,
}

impl Reached<'_> {
    fn has(&self, feature: &str) -> bool {
        let (case, truth, program) = (self.case, self.truth, &self.case.program);
        let mesh = &case.chip.mesh;
        let total = &truth.outcome.counts.total;
        let any = |kinds: &[EventKind]| kinds.iter().any(|kind| total.get(*kind) > 0);
        let mesh_hops = [EventKind::HopEastWest, EventKind::HopNorthSouth, EventKind::HopChipEdge];
        let served = |of: &dyn Fn(&Served<'_>) -> bool| self.served.iter().any(of);
        match feature {
            "some spikes" => !truth.spikes.is_empty(),
            "many spikes" => truth.spikes.len() >= 50,
            "input spikes graded" => self.host_graded(),
            "compartment spikes graded" => truth.spikes.iter().any(|spike| spike.payload != 1),
            "sum wrapped" => truth.overflows.wrapped > 0,
            "sum saturated" => truth.overflows.saturated > 0,
            "order of a sum matters" => order_matters(case, truth),
            "state at a bound" => self.at_bound(),
            "delay" => served(&|list| list.delay > 0),
            "long delay" => served(&|list| list.delay > 7),
            "spike waits before it leaves" => self.sends_late(0),
            "spike as another leaves" => self.sends_late(1),
            "remote packet" => any(&mesh_hops),
            "chip edge" => any(&[EventKind::HopChipEdge]),
            "torus" => mesh.topology == Topology::Torus && any(&mesh_hops),
            "fan-out to several cores" => self.fans_out(),
            "branching packets" => mesh.multicast != Multicast::Copies && self.fans_out(),
            "route table" => mesh.table.is_some() && any(&mesh_hops),
            "lost packet" => truth.activity.iter().any(|record| record.lost > 0),
            "packet of several flits" => {
                truth.outcome.counts.links.values().any(|(packets, flits)| flits > packets)
            }
            "dense list" => any(&[EventKind::SynapticOpDense]),
            "sparse list" => any(&[EventKind::SynapticOpSparse]),
            "run-length list" => any(&[EventKind::SynapticOpRunLength]),
            "kernel list" => any(&[EventKind::SynapticOpKernel]),
            "stochastic synapse" => served(&|list| list.block.delivery.draws() > 0),
            "scaled sum" => served(&|list| {
                list.block.delivery.settings().scaling == quarrion_isa::delivery::Scaling::Sum
            }),
            "input while held" => served(&|list| {
                let target = program.projections[list.block.projection.index()].target;
                program.populations[target.index()].phase > list.step + 1 + list.delay
            }),
            "refractory" => self.refractory(),
            "idle skipped" => self.skipped > 0,
            "hand-written kernel" => used(program).iter().any(|program| program.has_kernel()),
            "random draws" => used(program).iter().any(|program| program.random_calls() > 0),
            "programmable core" => any(&[EventKind::Instruction]),
            "several inputs" => used(program).iter().any(|program| program.inputs().len() > 1),
            "several groups of a population" => program.cores.iter().any(|core| {
                core.groups.windows(2).any(|pair| pair[0].population == pair[1].population)
            }),
            "several cores" => program.cores.len() > 1,
            "parameter writes" => any(&[EventKind::ParameterWrite]),
            "several samples" => case.stimulus.samples.len() > 1,
            "output read" => any(&[EventKind::HostSpikeOut]),
            "joined compartments spike" => self.joined_spike(),
            "join of joined compartments" => self.groups().any(|group| {
                group.join.is_some()
                    && program.populations[group.population.index()].part_of.is_some()
            }),
            joined if joined.starts_with("join by ") => {
                let by = |join: &Join| joined.ends_with(join.op.name());
                self.groups().any(|group| group.join.as_ref().is_some_and(by))
            }
            other => self.has_learning(other),
        }
    }

    fn has_learning(&self, feature: &str) -> bool {
        let (truth, changes) = (self.truth, self.truth.changes);
        let learned = changes.changed > 0;
        match feature {
            "plastic list" => truth.learned.last().is_some_and(|learned| !learned.is_empty()),
            "synapse changed" => learned,
            "change rounded by chance" => changes.rounded > 0,
            "change saturated" => changes.saturated > 0,
            "several spikes in an epoch" => changes.repeated_spikes > 0,
            "delay or tag changed" => self.delay_or_tag_changed(),
            "rule with a reward" => {
                let mut rules = self.case.program.learning.iter();
                learned && rules.any(|rule| rule.text.contains("reward"))
            }
            "learning over samples" => learned && self.case.stimulus.samples.len() > 1,
            other => unreachable!("`{other}` is no feature of {}", self.case.chip.name),
        }
    }

    fn groups(&self) -> impl Iterator<Item = &Group> {
        self.case.program.cores.iter().flat_map(|core| &core.groups)
    }

    /// A spike that has waited leaves as its compartment does not spike (0), or does (1).
    fn sends_late(&self, spiking: u32) -> bool {
        let program = &self.case.program;
        self.truth.activity.iter().any(|record| {
            record.cores.iter().zip(&program.cores).any(|(done, core)| {
                let mut segments = record.segments_of(done).iter();
                segments.any(|segment| {
                    let waits = core.axon_delay(segment.end - 1) > 0;
                    waits && segment.spiking == spiking && segment.destinations > 0
                })
            })
        })
    }

    /// A spike of a compartment that joins others.
    fn joined_spike(&self) -> bool {
        let joins = |id: PopulationId| {
            self.groups().any(|group| group.population == id && group.join.is_some())
        };
        self.truth.spikes.iter().any(|spike| joins(spike.population))
    }

    /// Whether learning moved a delay or a tag.
    fn delay_or_tag_changed(&self) -> bool {
        let ends = self.truth.learned.first().zip(self.truth.learned.last());
        ends.is_some_and(|(first, last)| {
            let variables = |learned: &[LearnedProjection]| -> Vec<(u32, i32)> {
                let synapses = learned.iter().flat_map(|one| &one.synapses);
                synapses.map(|synapse| (synapse.delay, synapse.tag)).collect()
            };
            variables(first) != variables(last)
        })
    }

    fn host_graded(&self) -> bool {
        let mut samples = self.case.stimulus.samples.iter();
        samples.any(|sample| sample.spikes.iter().any(|spike| spike.payload != 1))
    }

    /// A state word at an end of its declared range, or `v` at its `vmin`.
    fn at_bound(&self) -> bool {
        let programs = used(&self.case.program);
        let ends: Vec<(i64, i64)> = programs
            .iter()
            .flat_map(|program| program.state())
            .map(|word| (word.width.range().low, word.width.range().high))
            .filter(|(low, _)| *low < 0)
            .collect();
        let words = self.truth.states.iter().flatten().flat_map(|(_, _, words)| words);
        let mut far = words.map(|word| i64::from(*word)).filter(|word| word.abs() > 2000);
        far.any(|word| {
            ends.iter().any(|(low, high)| word == *low || word == *high || word == low + 1)
        })
    }

    /// A compartment that counts refractory steps down.
    fn refractory(&self) -> bool {
        let program = &self.case.program;
        let counter = |population: PopulationId| {
            let mut groups = program.cores.iter().flat_map(|core| &core.groups);
            let group = groups.find(|group| group.population == population)?;
            let text = &program.neuron_programs[group.neuron_program as usize];
            parsed(text).state().iter().position(|word| word.name.starts_with("refractory"))
        };
        let counters: Vec<Option<usize>> = (0..program.populations.len())
            .map(|at| counter(PopulationId::from_index(at)))
            .collect();
        let mut states = self.truth.states.iter().flatten();
        states.any(|(population, _, words)| {
            counters[population.index()].is_some_and(|counter| words[counter] > 0)
        })
    }

    /// A spike with destinations on at least two cores.
    fn fans_out(&self) -> bool {
        self.truth.activity.iter().any(|record| {
            let mut rest = record.destinations.as_slice();
            let host = record.host.spikes_in.iter().map(|spike| spike.destinations);
            let mut counts = host.chain(record.segments.iter().map(|part| part.destinations));
            counts.any(|count| {
                let (own, others) = rest.split_at(count as usize);
                rest = others;
                own.iter().any(|destination| destination.core != own[0].core)
            })
        })
    }
}

/// The neuron programs that groups name.
fn used(program: &Program) -> Vec<Arc<NeuronProgram>> {
    let groups = program.cores.iter().flat_map(|core| &core.groups);
    let mut positions: Vec<u32> = groups.map(|group| group.neuron_program).collect();
    positions.sort_unstable();
    positions.dedup();
    positions.into_iter().map(|at| parsed(&program.neuron_programs[at as usize])).collect()
}
