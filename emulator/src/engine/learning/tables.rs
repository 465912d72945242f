//! Plastic blocks lowered into flat arrays.

use std::ops::Range;

use quarrion_isa::id::ProjectionId;
use quarrion_isa::learning::{
    LearningRule, LearningSettings, POST_TRACES, PRE_TRACES, RewardSource, TermWidths, TraceDecl,
};
use quarrion_isa::neuron::NeuronProgram;
use quarrion_isa::program::{Block, CoreProgram, PlasticRule, Program};
use quarrion_isa::synapse::{PackedBlock, Synapse, SynapseBlock};

/// A trace with its decay worked out.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct Trace {
    pub(in crate::engine) decl: TraceDecl,
    pub(in crate::engine) factor: u64,
}

/// One rule of the program.
#[derive(Debug)]
pub(crate) struct LearningTables {
    pub(crate) rule: LearningRule,
    pub(in crate::engine) settings: LearningSettings,
    pub(in crate::engine) widths: Vec<TermWidths>,
    pub(in crate::engine) pre: [Option<Trace>; PRE_TRACES],
    pub(in crate::engine) post: [Option<Trace>; POST_TRACES],
}

/// One plastic list.
#[derive(Clone, Debug)]
pub(in crate::engine) struct PlasticList {
    /// Position of the rule in the program.
    pub(in crate::engine) rule: usize,
    pub(in crate::engine) projection: ProjectionId,
    /// Ordinal of the source neuron.
    pub(in crate::engine) source: u32,
    /// Its synapses in the core's arrays.
    pub(in crate::engine) synapses: Range<usize>,
    /// Position of its delivery settings in the core's lists.
    pub(in crate::engine) delivery: usize,
    /// Accumulator that it adds to.
    pub(in crate::engine) input: u32,
    /// Weights are multiples of 2^step.
    pub(in crate::engine) step: u32,
    pub(in crate::engine) weight_range: (i32, i32),
    pub(in crate::engine) delay_max: u32,
}

/// What one rule does on a core.
#[derive(Clone, Debug)]
pub(in crate::engine) struct CoreRule {
    /// Position in the program.
    pub(in crate::engine) rule: usize,
    /// Its lists on the core.
    pub(in crate::engine) lists: Range<usize>,
    /// Compartments that keep its traces, group by group.
    pub(in crate::engine) compartments: Vec<Range<usize>>,
    /// Plastic synapses that its epoch visits.
    pub(in crate::engine) visits: u32,
    /// Traces that its epoch brings up to date.
    pub(in crate::engine) trace_updates: u32,
}

/// The plastic part of one core.
#[derive(Clone, Debug, Default)]
pub(in crate::engine) struct Plastic {
    pub(in crate::engine) rules: Vec<CoreRule>,
    /// Ordered by rule, then axon-in entry.
    pub(in crate::engine) lists: Vec<PlasticList>,
    /// Position in `lists` of each axon-in entry; `u32::MAX` for lists that stay.
    pub(in crate::engine) list_of: Vec<u32>,
    /// Compartment of each synapse.
    pub(in crate::engine) targets: Vec<u16>,
    /// Weight and delay of each synapse before any learning.
    pub(in crate::engine) weights: Vec<i16>,
    pub(in crate::engine) delays: Vec<u16>,
    /// Position of the rule of each compartment; `usize::MAX` for none.
    pub(in crate::engine) rule_of: Vec<usize>,
    /// The compartments whose traces follow the spikes of each: the parts of its neuron, where it
    /// is the outermost.
    pub(in crate::engine) followers: Vec<Vec<u32>>,
}

/// Reads the rules of a program.
///
/// # Errors
/// A rule that does not parse, or widths that the arithmetic does not take.
pub(in crate::engine) fn lower_rules(program: &Program) -> Result<Vec<LearningTables>, String> {
    program.learning.iter().map(lower_rule).collect()
}

fn lower_rule(plastic: &PlasticRule) -> Result<LearningTables, String> {
    let rule = LearningRule::parse(&plastic.text, "program").map_err(|found| {
        let first = found.first().map_or("", |found| &found.message);
        format!("a learning rule does not parse: {first}")
    })?;
    let settings = plastic.settings;
    if !settings.is_sound() {
        return Err(format!("the widths of learning rule {} make no sense", rule.name()));
    }
    let lower =
        |decl: Option<TraceDecl>| decl.map(|decl| Trace { decl, factor: decl.decay.factor() });
    Ok(LearningTables {
        settings,
        widths: rule.term_widths(&settings),
        pre: rule.pre_traces().map(lower),
        post: rule.post_traces().map(lower),
        rule,
    })
}

/// Lowers the plastic blocks of a core; `sources` are those of its axon-in entries.
///
/// # Errors
/// What contradicts what.
pub(in crate::engine) fn lower_core(
    core: &CoreProgram,
    sources: &[Option<u32>],
    rules: &[LearningTables],
    neuron_programs: &[NeuronProgram],
) -> Result<Plastic, String> {
    let mut plastic = Plastic {
        list_of: vec![u32::MAX; core.axons_in.len()],
        rule_of: vec![usize::MAX; core.compartments as usize],
        ..Plastic::default()
    };
    for group in &core.groups {
        let Some(rule) = group.learning else { continue };
        let found = rules.get(rule as usize).ok_or("a group names a rule that is not there")?;
        check_reward(found, &neuron_programs[group.neuron_program as usize])?;
        let first = group.first as usize;
        plastic.rule_of[first..first + group.count as usize].fill(rule as usize);
    }
    for (rule, table) in rules.iter().enumerate() {
        let first = plastic.lists.len();
        for (axon, entry) in core.axons_in.iter().enumerate() {
            let block = &core.blocks[entry.block as usize];
            if block.learning == Some(rule as u32) {
                let source = sources[axon].ok_or("a plastic list has not one source")?;
                plastic.list_of[axon] = plastic.lists.len() as u32;
                plastic.push_list(core, (rule, entry.block), block, (entry.list, source))?;
            }
        }
        plastic.push_rule(core, rule, first, table);
    }
    plastic.followers = vec![Vec::new(); core.compartments as usize];
    for ((part, whole), rule) in (0..).zip(core.outermost()).zip(&plastic.rule_of) {
        if *rule != usize::MAX {
            plastic.followers[whole as usize].push(part);
        }
    }
    check_blocks(core, &plastic, rules.len())?;
    Ok(plastic)
}

fn check_reward(rule: &LearningTables, program: &NeuronProgram) -> Result<(), String> {
    rule.rule.check_neuron(program).map_err(|found| found.message)
}

/// Every list of a plastic block is named by exactly one axon-in entry.
fn check_blocks(core: &CoreProgram, plastic: &Plastic, rules: usize) -> Result<(), String> {
    let named = core.blocks.iter().filter(|block| block.learning.is_some());
    let lists: usize = named.clone().map(|block| block.synapses.list_count() as usize).sum();
    let mut distinct: Vec<(u32, u32)> = core
        .axons_in
        .iter()
        .zip(&plastic.list_of)
        .filter(|(_, list)| **list != u32::MAX)
        .map(|(entry, _)| (entry.block, entry.list))
        .collect();
    distinct.sort_unstable();
    distinct.dedup();
    let known = named.clone().all(|block| block.learning.is_some_and(|r| (r as usize) < rules));
    if !known || lists != plastic.lists.len() || distinct.len() != lists {
        return Err("a plastic list is named by no axon, by several, or by an unknown rule".into());
    }
    Ok(())
}

impl Plastic {
    /// Whether anything on the core learns.
    pub(in crate::engine) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The plastic list behind an axon-in entry.
    pub(in crate::engine) fn list_at(&self, axon: usize) -> Option<usize> {
        self.list_of.get(axon).filter(|list| **list != u32::MAX).map(|list| *list as usize)
    }

    fn push_list(
        &mut self,
        core: &CoreProgram,
        (rule, delivery): (usize, u32),
        block: &Block,
        (list, source): (u32, u32),
    ) -> Result<(), String> {
        let SynapseBlock::Packed(packed) = &block.synapses else {
            return Err("a shared kernel is marked plastic".into());
        };
        let first = self.targets.len();
        let mut synapses = Vec::new();
        packed
            .decode_list(list, |synapse| synapses.push(synapse))
            .map_err(|error| error.to_string())?;
        for Synapse { target, delay, weight } in synapses {
            // Range and delay were checked when the list was lowered for delivery.
            if self.rule_of.get(target as usize) != Some(&rule) {
                return Err("a plastic synapse ends where its rule's traces are not kept".into());
            }
            self.targets.push(target as u16);
            self.delays.push(delay as u16);
            self.weights.push(i16::try_from(weight).map_err(|_| "a weight beyond 16 bits")?);
        }
        self.lists.push(PlasticList {
            rule,
            projection: block.projection,
            source,
            synapses: first..self.targets.len(),
            delivery: delivery as usize,
            input: block.input,
            step: packed.format.weight_shift(),
            weight_range: packed.format.weight_range(),
            delay_max: delay_max(packed, core.ring_slots),
        });
        Ok(())
    }

    fn push_rule(&mut self, core: &CoreProgram, rule: usize, first: usize, table: &LearningTables) {
        let lists = first..self.lists.len();
        let own = core.groups.iter().filter(|group| group.learning == Some(rule as u32));
        let compartments: Vec<Range<usize>> =
            own.map(|group| group.first as usize..(group.first + group.count) as usize).collect();
        if lists.is_empty() && compartments.is_empty() {
            return;
        }
        let kept: usize = compartments.iter().map(ExactSizeIterator::len).sum();
        let count = |traces: &[Option<Trace>]| traces.iter().flatten().count();
        let trace_updates = lists.len() * count(&table.pre) + kept * count(&table.post);
        let visits: usize = self.lists[lists.clone()].iter().map(|list| list.synapses.len()).sum();
        self.rules.push(CoreRule {
            rule,
            lists,
            compartments,
            visits: visits as u32,
            trace_updates: trace_updates as u32,
        });
    }

    /// Visits and trace updates of the epochs that a timestep ends.
    pub(in crate::engine) fn work_of(&self, rules: &[LearningTables], step: u32) -> (u32, u32) {
        let ended = |rule: &&CoreRule| rules[rule.rule].rule.ended_epoch(step).is_some();
        let ended = self.rules.iter().filter(ended);
        ended.fold((0, 0), |(visits, traces), rule| {
            (visits + rule.visits, traces + rule.trace_updates)
        })
    }
}

/// The longest delay that learning may reach: what the field and the ring hold.
fn delay_max(packed: &PackedBlock, ring_slots: u32) -> u32 {
    let field = (1_u64 << packed.format.delay_bits.min(16)) - 1;
    (field as u32).min(ring_slots.saturating_sub(2))
}

impl LearningTables {
    /// The word of a compartment that the third factor reads.
    pub(in crate::engine) fn reward_word(&self) -> Option<&str> {
        match self.rule.reward().map(|reward| &reward.source) {
            Some(RewardSource::Compartment(word)) => Some(word),
            Some(RewardSource::Host) | None => None,
        }
    }
}
