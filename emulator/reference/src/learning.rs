//! On-chip learning, synapse by synapse.

use std::collections::BTreeMap;

use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::id::ProjectionId;
use quarrion_isa::learning::{
    Draws, Gate, LearnedProjection, LearningRule, LearningSettings, POST_TRACES, PRE_TRACES,
    RewardSource, Scene, TermWidths, TraceDecl, TraceDraw, Variable,
};
use quarrion_isa::neuron::NeuronProgram;
use quarrion_isa::program::{CoreProgram, Occurrence, Program};
use quarrion_isa::synapse::{ListFormat, SynapseBlock};

use crate::codes::bad_program;
use crate::state::Compartment;

/// A rule of the program.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) rule: LearningRule,
    settings: LearningSettings,
    widths: Vec<TermWidths>,
}

/// One synapse that learns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlasticSynapse {
    pub(crate) target: u32,
    /// Weight, delay and tag.
    pub(crate) variables: [i32; 3],
}

/// One plastic list with the traces of its source.
#[derive(Clone, Debug)]
pub(crate) struct PlasticList {
    pub(crate) rule: usize,
    projection: ProjectionId,
    source: u32,
    format: ListFormat,
    delay_max: i32,
    pub(crate) synapses: Vec<PlasticSynapse>,
    traces: [i32; PRE_TRACES],
    spike: u32,
}

/// Everything that learns, by core position and axon-in entry.
#[derive(Clone, Debug, Default)]
pub(crate) struct Learning {
    pub(crate) rules: Vec<Rule>,
    pub(crate) lists: BTreeMap<(usize, usize), PlasticList>,
    pub(crate) changes: Changes,
}

/// What the changes of a run met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Variables of synapses that came out different.
    pub changed: u64,
    /// Roundings that chance decided.
    pub rounded: u64,
    /// Variables that stopped at an end of their range.
    pub saturated: u64,
    /// Spikes that were not the first of their neuron in an epoch.
    pub repeated_spikes: u64,
}

impl Learning {
    /// Reads rules and plastic lists, checking what they name.
    pub(crate) fn new(
        program: &Program,
        neuron_programs: &[NeuronProgram],
    ) -> Result<Self, Diagnostic> {
        let mut learning = Self::default();
        for plastic in &program.learning {
            let rule = LearningRule::parse(&plastic.text, "program").ok();
            let Some(rule) = rule.filter(|_| plastic.settings.is_sound()) else {
                let message = "a learning rule does not parse or has impossible widths";
                return Err(bad_program("learning", message.into()));
            };
            let widths = rule.term_widths(&plastic.settings);
            learning.rules.push(Rule { rule, settings: plastic.settings, widths });
        }
        let sources = program.axon_sources();
        for (position, core) in program.cores.iter().enumerate() {
            learning.add_core(position, core, &sources[position]).map_err(|message| {
                bad_program(&format!("cores.{}", core.core), message.to_owned())
            })?;
            for group in &core.groups {
                let neuron_program = &neuron_programs[group.neuron_program as usize];
                let rule = group.learning.map(|rule| learning.rules.get(rule as usize));
                let known = rule.is_none_or(|rule| {
                    rule.is_some_and(|rule| rule.rule.check_neuron(neuron_program).is_ok())
                });
                if !known {
                    let message = "a group names no rule, or one that its neurons cannot follow";
                    return Err(bad_program(&format!("cores.{}", core.core), message.into()));
                }
            }
        }
        Ok(learning)
    }

    fn add_core(
        &mut self,
        position: usize,
        core: &CoreProgram,
        sources: &[Option<u32>],
    ) -> Result<(), &'static str> {
        let mut named: Vec<(u32, u32)> = Vec::new();
        for (axon, entry) in core.axons_in.iter().enumerate() {
            let block = &core.blocks[entry.block as usize];
            let Some(rule) = block.learning else { continue };
            if rule as usize >= self.rules.len() || named.contains(&(entry.block, entry.list)) {
                return Err("a plastic list names no rule, or is named twice");
            }
            named.push((entry.block, entry.list));
            let SynapseBlock::Packed(packed) = &block.synapses else {
                return Err("a shared kernel is marked plastic");
            };
            let mut synapses = Vec::new();
            let decoded = packed.decode_list(entry.list, |synapse| synapses.push(synapse));
            decoded.map_err(|_| "a plastic list is corrupt")?;
            let keeps = |target: u32| {
                let holds = |first: u32| target.checked_sub(first);
                let mut groups = core.groups.iter();
                let own =
                    groups.find(|group| holds(group.first).is_some_and(|at| at < group.count));
                own.is_some_and(|group| group.learning == Some(rule))
            };
            if synapses.iter().any(|synapse| {
                synapse.target >= core.compartments
                    || u64::from(synapse.delay) + 2 > u64::from(core.ring_slots)
                    || i16::try_from(synapse.weight).is_err()
                    || !keeps(synapse.target)
            }) {
                return Err("a plastic synapse ends where its rule's traces are not kept");
            }
            let field = (1_u64 << packed.format.delay_bits.min(16)) - 1;
            let list = PlasticList {
                rule: rule as usize,
                projection: block.projection,
                source: sources[axon].ok_or("a plastic list has not one source")?,
                format: packed.format,
                delay_max: (field as u32).min(core.ring_slots - 2) as i32,
                synapses: synapses
                    .iter()
                    .map(|one| PlasticSynapse {
                        target: one.target,
                        variables: [one.weight, one.delay as i32, 0],
                    })
                    .collect(),
                traces: [0; PRE_TRACES],
                spike: 0,
            };
            self.lists.insert((position, axon), list);
        }
        let plastic = core.blocks.iter().filter(|block| block.learning.is_some());
        let lists: u32 = plastic.map(|block| block.synapses.list_count()).sum();
        if lists as usize == named.len() { Ok(()) } else { Err("a plastic list has no axon") }
    }

    /// Traces back to zero.
    pub(crate) fn reset(&mut self) {
        for list in self.lists.values_mut() {
            (list.traces, list.spike) = ([0; PRE_TRACES], 0);
        }
    }

    /// The source of a list has spiked.
    pub(crate) fn record_pre(&mut self, at: (usize, usize), draws: &Draws<'_>) {
        let Some(list) = self.lists.get_mut(&at) else { return };
        let rule = &self.rules[list.rule].rule;
        if list.spike > 0 {
            self.changes.repeated_spikes += 1;
            for (number, trace) in rule.pre_traces().iter().enumerate() {
                if let Some(trace) = trace {
                    let random = draws.pre(list.source, number).impulse;
                    list.traces[number] = trace.add_impulse(list.traces[number], random);
                }
            }
        }
        list.spike = rule.place_in_epoch(draws.step);
    }

    /// A compartment has spiked.
    pub(crate) fn record_post(&mut self, compartment: &mut Compartment, draws: &Draws<'_>) {
        let Some(rule) = compartment.learning else { return };
        let rule = &self.rules[rule].rule;
        if compartment.post_spike > 0 {
            self.changes.repeated_spikes += 1;
            for (number, trace) in rule.post_traces().iter().enumerate() {
                if let Some(trace) = trace {
                    let random = draws.post(compartment.ordinal, number).impulse;
                    let value = &mut compartment.post[number];
                    *value = trace.add_impulse(*value, random);
                }
            }
        }
        compartment.post_spike = rule.place_in_epoch(draws.step);
    }

    /// Visits and trace updates of a core in a timestep.
    pub(crate) fn work(
        &self,
        position: usize,
        compartments: &[Compartment],
        step: u32,
    ) -> (u32, u32) {
        let ends = |rule: usize| self.rules[rule].rule.ended_epoch(step).is_some();
        let declared = |traces: &[Option<TraceDecl>]| traces.iter().flatten().count() as u32;
        let (mut visits, mut traces) = (0, 0);
        for list in self.lists.range((position, 0)..(position + 1, 0)).map(|(_, list)| list) {
            if ends(list.rule) {
                visits += list.synapses.len() as u32;
                traces += declared(self.rules[list.rule].rule.pre_traces());
            }
        }
        for rule in compartments.iter().filter_map(|compartment| compartment.learning) {
            if ends(rule) {
                traces += declared(self.rules[rule].rule.post_traces());
            }
        }
        (visits, traces)
    }

    /// Ends the epochs that a timestep ends.
    pub(crate) fn end_epochs(
        &mut self,
        cores: &mut [Vec<Compartment>],
        neuron_programs: &[NeuronProgram],
        draws: &Draws<'_>,
        host: i32,
    ) {
        for (&(position, _), list) in &mut self.lists {
            let rule = &self.rules[list.rule];
            let Some(epoch) = rule.rule.ended_epoch(draws.step) else { continue };
            let pre =
                histories(rule.rule.pre_traces(), &list.traces, list.spike, &rule.rule, |n| {
                    draws.pre(list.source, n)
                });
            let list_spike = list.spike;
            for synapse in &mut list.synapses {
                let target = &cores[position][synapse.target as usize];
                let post = post_histories(target, &rule.rule, draws);
                let reward = reward(&rule.rule, target, neuron_programs, host);
                let scene_at = |moment: usize| Scene {
                    spikes: [i32::from(list_spike > 0), i32::from(target.post_spike > 0)],
                    pre: std::array::from_fn(|n| pre[n][moment]),
                    post: std::array::from_fn(|n| post[n][moment]),
                    variables: synapse.variables,
                    reward,
                };
                let random = draws.synapse(list.source, target.ordinal, epoch);
                let spikes = (list_spike, target.post_spike);
                let mut next = synapse.variables;
                for variable in Variable::ALL.into_iter().filter(|v| rule.rule.changes(*v)) {
                    let sum = rule.sum(variable, epoch, spikes, synapse.variables, &scene_at);
                    let (step, range) = match variable {
                        Variable::Weight => {
                            (list.format.weight_shift(), list.format.weight_range())
                        }
                        Variable::Delay => (0, (0, list.delay_max)),
                        Variable::Tag => (0, rule.rule.tag_range()),
                    };
                    let at = variable as usize;
                    let rounded = rule.settings.round(sum, step, range, || random[at]);
                    next[at] = rounded.value;
                    self.changes.rounded += u64::from(rounded.inexact);
                    self.changes.saturated += u64::from(rounded.saturated);
                    self.changes.changed += u64::from(next[at] != synapse.variables[at]);
                }
                synapse.variables = next;
            }
            list.traces = std::array::from_fn(|n| pre[n][pre[n].len() - 1]);
            list.spike = 0;
        }
        for compartment in cores.iter_mut().flatten() {
            let Some(rule) = compartment.learning.map(|rule| &self.rules[rule].rule) else {
                continue;
            };
            if rule.ended_epoch(draws.step).is_some() {
                let post = post_histories(compartment, rule, draws);
                compartment.post = std::array::from_fn(|n| post[n][post[n].len() - 1]);
                compartment.post_spike = 0;
            }
        }
    }

    /// The plastic synapses as they are now.
    pub(crate) fn learned(
        &self,
        program: &Program,
        cores: &[Vec<Compartment>],
    ) -> Vec<LearnedProjection> {
        let mut synapses = Vec::new();
        for (&(position, _), list) in &self.lists {
            for PlasticSynapse { target, variables: [weight, delay, tag] } in &list.synapses {
                let compartment = &cores[position][*target as usize];
                if compartment.occurrence == Occurrence::Copy {
                    continue;
                }
                let ends = [list.source, compartment.ordinal];
                synapses.push((list.projection, ends, (*weight, *delay as u32, *tag)));
            }
        }
        LearnedProjection::gather(program, synapses)
    }

    /// Calls `visit` with the ordinal and trace of the sources of a rule's lists; a source's first
    /// list comes last.
    pub(crate) fn visit_pre(&self, rule: usize, trace: usize, mut visit: impl FnMut(u32, i32)) {
        for list in self.lists.values().rev().filter(|list| list.rule == rule) {
            visit(list.source, list.traces[trace]);
        }
    }
}

impl Rule {
    /// The accumulator of a variable after all terms that apply.
    fn sum(
        &self,
        variable: Variable,
        epoch: u32,
        (pre_spike, post_spike): (u32, u32),
        variables: [i32; 3],
        scene_at: &impl Fn(usize) -> Scene,
    ) -> i64 {
        let mut sum = self.settings.widen(variables[variable as usize]);
        for (term, widths) in self.rule.terms().iter().zip(&self.widths) {
            let moment = match term.gate {
                Gate::Pre => pre_spike,
                Gate::Post => post_spike,
                Gate::Epoch => self.rule.epoch(),
            };
            if term.variable == variable && moment > 0 && term.is_due(epoch) {
                let contribution = term.contribution(widths, &scene_at(moment as usize));
                sum = self.settings.accumulate(sum, contribution);
            }
        }
        sum
    }
}

/// Traces at each place of the epoch, its start first; zero where there is no such trace.
fn histories<const N: usize>(
    declared: &[Option<TraceDecl>; N],
    values: &[i32; N],
    spike: u32,
    rule: &LearningRule,
    draw: impl Fn(usize) -> TraceDraw,
) -> [Vec<i32>; N] {
    std::array::from_fn(|number| {
        let mut history = vec![values[number]; rule.epoch() as usize + 1];
        if let Some(trace) = declared[number] {
            trace.fill_history(spike, trace.decay.factor(), draw(number), &mut history);
        }
        history
    })
}

fn post_histories(
    compartment: &Compartment,
    rule: &LearningRule,
    draws: &Draws<'_>,
) -> [Vec<i32>; POST_TRACES] {
    histories(rule.post_traces(), &compartment.post, compartment.post_spike, rule, |number| {
        draws.post(compartment.ordinal, number)
    })
}

/// The third factor at a target.
fn reward(
    rule: &LearningRule,
    target: &Compartment,
    neuron_programs: &[NeuronProgram],
    host: i32,
) -> i32 {
    let Some(reward) = rule.reward() else { return 0 };
    let program = &neuron_programs[target.neuron_program];
    let value = match &reward.source {
        RewardSource::Host => Some(host),
        RewardSource::Compartment(word) => match program.state_index(word) {
            Some(at) => Some(target.state[at]),
            None => program.parameter_index(word).map(|at| target.parameters[at]),
        },
    };
    reward.narrow(value.unwrap_or(0).into())
}
