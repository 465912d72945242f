//! A shard: the state of a contiguous range of cores, and its step.

use std::ops::Range;

use quarrion_isa::activity::{Activity, CoreActivity};
use quarrion_isa::chip::Faults;
use quarrion_isa::id::{PopulationId, ProjectionId};
use quarrion_isa::learning::{Draws, RecordedDraws};
use quarrion_isa::neuron::LaneOptions;
use quarrion_isa::program::Occurrence;
use quarrion_isa::stimulus::Sample;

use super::deliver::serve;
use super::learning::{Epoch, Sweep};
use super::mail::{Arrival, Lag, Mail, Moment, Outbox, Spike};
use super::state::CoreState;
use super::tables::Tables;
use super::update::{SentAt, Updated, update_core};
use crate::probe::{PlacedProbe, ProbePlace};

/// The state of a contiguous range of cores.
#[derive(Debug)]
pub struct Shard<'a> {
    tables: &'a Tables,
    faults: &'a Faults,
    cores: Range<usize>,
    states: Vec<CoreState>,
    spikes: Vec<Spike>,
    updated: Updated,
    seed: u32,
    sample: u32,
    /// Arrivals of the timestep, by core of the shard.
    inbox: Vec<Vec<Arrival>>,
    record: Option<&'a RecordedDraws>,
    sweep: Sweep,
    /// Cores that miss the next update; empty where none does.
    missing: Vec<bool>,
}

impl<'a> Shard<'a> {
    /// A shard of the cores in `cores` (positions in the program), at reset.
    #[must_use]
    pub fn new(
        tables: &'a Tables,
        faults: &'a Faults,
        cores: Range<usize>,
        (seed, options): (u32, LaneOptions),
        record: Option<&'a RecordedDraws>,
    ) -> Self {
        let states = tables.cores[cores.clone()].iter().map(|core| CoreState::new(tables, core));
        Self {
            tables,
            faults,
            states: states.collect(),
            inbox: vec![Vec::new(); cores.len()],
            missing: Vec::new(),
            cores,
            spikes: Vec::new(),
            updated: Updated::new(options),
            seed,
            sample: 0,
            record,
            sweep: Sweep::default(),
        }
    }

    fn draws(&self, step: u32) -> Draws<'a> {
        Draws { seed: self.seed, sample: self.sample, step, record: self.record }
    }

    /// Resets all state and applies the parameter writes of the sample.
    pub fn start_sample(&mut self, number: u32, sample: &Sample) {
        self.sample = number;
        for (state, core) in self.states.iter_mut().zip(&self.tables.cores[self.cores.clone()]) {
            state.reset(core);
            for write in &sample.writes {
                state.write_parameter(self.tables, core, write);
            }
        }
    }

    /// Runs the update loops of `step`: records their segments and puts spikes into the outbox.
    pub fn update(&mut self, step: u32, outbox: &mut Outbox, activity: &mut Activity) {
        outbox.clear();
        self.spikes.clear();
        let moment = Moment { seed: self.seed, sample: self.sample, step };
        let draws = self.draws(step);
        let cores = self.tables.cores[self.cores.clone()].iter().enumerate();
        for (state, (at, core)) in self.states.iter_mut().zip(cores) {
            let first_segment = activity.segments.len() as u32;
            if self.missing.get(at).is_some_and(|missing| *missing) {
                state.forget_slot(core, step);
                self.updated.spikes.clear();
                self.updated.sends.clear();
            } else {
                update_core(self.tables, core, state, moment, &mut self.updated, activity);
            }
            for spike in &self.updated.spikes {
                let rules = &self.tables.learning;
                state.plastic.record_post(core, rules, &draws, spike.compartment);
                let ordinal = core.ordinals[spike.compartment as usize];
                let population = &self.tables.populations[spike.population.index()];
                if spike.occurrence == Occurrence::First {
                    self.spikes.push(Spike {
                        population: spike.population,
                        neuron: ordinal - population.first_ordinal,
                        payload: spike.payload,
                    });
                }
            }
            for &SentAt { compartment, payload, segment } in &self.updated.sends {
                let ordinal = core.ordinals[compartment as usize];
                let mail = Mail { faults: self.faults, moment, ordinal, payload };
                let row = core.axons_out.row(compartment as usize);
                activity.segments[segment].destinations = mail.send(row, outbox, activity);
            }
            let (plastic_visits, trace_updates) = core.plastic.work_of(&self.tables.learning, step);
            activity.cores.push(CoreActivity {
                core: core.core,
                first_segment,
                segments: activity.segments.len() as u32 - first_segment,
                plastic_visits,
                trace_updates,
            });
        }
    }

    /// Serves the lists of everything that the outboxes of all shards and the host sent here.
    ///
    /// # Determinism
    /// Outboxes must come in shard order, the host's first.
    pub fn deliver<'b>(&mut self, step: u32, outboxes: impl IntoIterator<Item = &'b Outbox>) {
        for outbox in outboxes {
            for (core, arrival) in outbox.arrivals() {
                let core = *core as usize;
                if self.cores.contains(&core) {
                    self.inbox[core - self.cores.start].push(*arrival);
                }
            }
        }
        self.serve_inbox(step, Lag::None);
    }

    /// Serves lists of spikes that were sent in step `sent` and arrive later, or not all at once;
    /// returns how many of them miss the step in which their first synapse was due.
    ///
    /// # Determinism
    /// Arrivals must come in the order in which they were sent.
    pub(crate) fn deliver_late(
        &mut self,
        sent: u32,
        lag: Lag,
        arrivals: impl IntoIterator<Item = (u32, Arrival)>,
    ) -> u64 {
        let mut late = 0;
        for (core, arrival) in arrivals {
            late += u64::from(
                lag.misses(self.tables.cores[core as usize].shortest_delay(arrival.axon)),
            );
            self.inbox[core as usize - self.cores.start].push(arrival);
        }
        self.serve_inbox(sent, lag);
        late
    }

    fn serve_inbox(&mut self, step: u32, lag: Lag) {
        let moment = Moment { seed: self.seed, sample: self.sample, step };
        let cores = &self.tables.cores[self.cores.clone()];
        let learning = (self.tables.learning.as_slice(), &self.draws(step));
        for ((state, core), inbox) in self.states.iter_mut().zip(cores).zip(&mut self.inbox) {
            serve(core, state, learning, (moment, lag), inbox);
            inbox.clear();
        }
    }

    /// Ends the epochs that `step` ends: changes plastic synapses, then brings traces up to date.
    /// `reward` is what the host has written.
    pub fn learn(&mut self, step: u32, reward: i32) {
        let draws = self.draws(step);
        let cores = &self.tables.cores[self.cores.clone()];
        for (state, core) in self.states.iter_mut().zip(cores) {
            for own in &core.plastic.rules {
                let table = &self.tables.learning[own.rule];
                let Some(number) = table.rule.ended_epoch(step) else { continue };
                state.fill_reward(self.tables, core, table, reward, &mut self.sweep.reward);
                let epoch = Epoch { table, number, draws };
                self.sweep.run(core, own, epoch, &mut state.plastic);
            }
        }
    }

    /// Calls `visit` with the projection, the ordinals of source and target, and the state of every
    /// plastic synapse, by core and stored order.
    pub(crate) fn visit_plastic(
        &self,
        mut visit: impl FnMut(ProjectionId, [u32; 2], (i32, u32, i32)),
    ) {
        let cores = &self.tables.cores[self.cores.clone()];
        for (state, core) in self.states.iter().zip(cores) {
            let plastic = &state.plastic;
            for list in &core.plastic.lists {
                for at in list.synapses.clone() {
                    let compartment = core.plastic.targets[at];
                    if core.occurrence(compartment.into()) == Occurrence::Copy {
                        continue;
                    }
                    let target = core.ordinals[usize::from(compartment)];
                    let (weight, delay) = (plastic.weights[at].into(), plastic.delays[at].into());
                    let state = (weight, delay, plastic.tags[at].into());
                    visit(list.projection, [list.source, target], state);
                }
            }
        }
    }

    /// Says which cores, by position, miss the next update: their clock runs on, what was due to
    /// them is lost.
    pub(crate) fn miss_next(&mut self, cores: &[bool]) {
        self.missing.clear();
        self.missing.extend_from_slice(cores);
    }

    /// The spikes of the last update, in order of core and loop position.
    #[must_use]
    pub fn spikes(&self) -> &[Spike] {
        &self.spikes
    }

    /// Updates passed over since the shard was made, as their neurons were idle.
    #[must_use]
    pub fn skipped_updates(&self) -> u64 {
        self.updated.skipped
    }

    /// Writes what a probe sees on this shard's cores into `values`, one element per neuron.
    pub(crate) fn sample_probe(&self, probe: &PlacedProbe, values: &mut [i32]) {
        let first = self.tables.populations[probe.population.index()].first_ordinal;
        let cores = &self.tables.cores[self.cores.clone()];
        let mut see = |ordinal: u32, value: i32| {
            let neuron = ordinal.wrapping_sub(first);
            if probe.neurons.contains(&neuron) {
                values[(neuron - probe.neurons.start) as usize] = value;
            }
        };
        if let ProbePlace::Pre { trace, keepers } = &probe.place {
            for &(core, list, neuron) in keepers {
                let state = core.checked_sub(self.cores.start).and_then(|at| self.states.get(at));
                if let Some(state) = state {
                    values[(neuron - probe.neurons.start) as usize] =
                        state.plastic.pre[list].traces[*trace];
                }
            }
            return;
        }
        for (state, core) in self.states.iter().zip(cores) {
            for (group, lane) in core.groups.iter().zip(state.lanes()) {
                let read = group.occurrence == Occurrence::First;
                if group.population != probe.population || !read {
                    continue;
                }
                let range = group.first as usize..(group.first + group.count) as usize;
                let seen = match &probe.place {
                    ProbePlace::Words(words) => {
                        words[group.neuron_program as usize].map(|word| lane.word(word))
                    }
                    ProbePlace::Post(trace) => Some(&state.plastic.post[*trace][range.clone()]),
                    ProbePlace::Pre { .. } => None,
                };
                let own = core.ordinals[range].iter().zip(seen.unwrap_or_default());
                own.for_each(|(&ordinal, &value)| see(ordinal, value));
            }
        }
    }

    /// Calls `visit` with (population, neuron, state word, value) of every compartment, copies too.
    pub fn visit_state(&self, mut visit: impl FnMut(PopulationId, u32, usize, i32)) {
        let cores = &self.tables.cores[self.cores.clone()];
        for (state, core) in self.states.iter().zip(cores) {
            for (group, lane) in core.groups.iter().zip(state.lanes()) {
                let first = self.tables.populations[group.population.index()].first_ordinal;
                for (at, value) in lane.words().iter().enumerate() {
                    let (word, place) = (at / group.count as usize, at % group.count as usize);
                    let ordinal = core.ordinals[group.first as usize + place];
                    visit(group.population, ordinal - first, word, *value);
                }
            }
        }
    }
}
