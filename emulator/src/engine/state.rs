//! The state of one core: lanes of state words, accumulator ring, written parameters.

use quarrion_isa::neuron::{Initial, LaneState, Scope, StateDecl};
use quarrion_isa::stimulus::ParameterWrite;

use super::learning::{LearningTables, PlasticState};
use super::tables::{CoreTables, Tables};
use super::waiting::Waiting;

/// The state of one core.
#[derive(Clone, Debug)]
pub(super) struct CoreState {
    pub(super) groups: Vec<GroupState>,
    /// Accumulators: `[slot][input][compartment]`.
    pub(super) ring: Vec<i32>,
    pub(super) plastic: PlasticState,
    pub(super) waiting: Waiting,
}

/// The state of one group.
#[derive(Clone, Debug)]
pub(super) struct GroupState {
    pub(super) lane: LaneState,
    /// Compartment parameters with the stimulus's writes; `None` while the tables' hold.
    pub(super) written: Option<Vec<i32>>,
}

impl CoreState {
    pub(super) fn new(tables: &Tables, core: &CoreTables) -> Self {
        let lane = |group: &super::tables::GroupTables| GroupState {
            lane: LaneState::new(
                &tables.neuron_programs[group.neuron_program as usize],
                group.count as usize,
            ),
            written: None,
        };
        let ring = (core.ring_slots * core.inputs * core.compartments) as usize;
        let mut state = Self {
            groups: core.groups.iter().map(lane).collect(),
            ring: vec![0; ring],
            plastic: PlasticState::new(&core.plastic, &tables.learning),
            waiting: Waiting::new(core),
        };
        state.reset(core);
        state
    }

    /// Returns everything but what was learned to its state before the first timestep of a sample.
    pub(super) fn reset(&mut self, core: &CoreTables) {
        self.ring.fill(0);
        self.plastic.reset();
        self.waiting.clear();
        for (state, group) in self.groups.iter_mut().zip(&core.groups) {
            state.lane.words_mut().copy_from_slice(&group.initial);
            state.written = None;
        }
    }

    /// Drops what has arrived for a timestep, and what was to leave in it.
    pub(super) fn forget_slot(&mut self, core: &CoreTables, step: u32) {
        let length = (core.inputs * core.compartments) as usize;
        let first = (step % core.ring_slots) as usize * length;
        self.ring[first..first + length].fill(0);
        self.waiting.take_due(step);
    }

    /// Applies a parameter write, if its neuron lies on this core.
    pub(super) fn write_parameter(
        &mut self,
        tables: &Tables,
        core: &CoreTables,
        write: &ParameterWrite,
    ) {
        let ordinal = tables.populations[write.population.index()].first_ordinal + write.neuron;
        for (state, group) in self.groups.iter_mut().zip(&core.groups) {
            if group.population != write.population {
                continue;
            }
            let range = group.first as usize..(group.first + group.count) as usize;
            let Some(place) = core.ordinals[range].iter().position(|&own| own == ordinal) else {
                continue;
            };
            let program = &tables.neuron_programs[group.neuron_program as usize];
            let decl = &program.parameters()[write.parameter as usize];
            if decl.scope == Scope::Compartment {
                let values = state.written.get_or_insert_with(|| group.each.clone());
                values[decl.slot * group.count as usize + place] = write.value as i32;
                let starts_from =
                    |word: &StateDecl| word.initial == Initial::Parameter(write.parameter as usize);
                let words = state.lane.words_mut();
                for word in (0..program.state().len()).filter(|w| starts_from(&program.state()[*w]))
                {
                    words[word * group.count as usize + place] = write.value as i32;
                }
            }
        }
    }

    /// Fills in what a rule reads as its third factor, compartment by compartment.
    pub(super) fn fill_reward(
        &self,
        tables: &Tables,
        core: &CoreTables,
        table: &LearningTables,
        host: i32,
        reward: &mut Vec<i32>,
    ) {
        reward.clear();
        let Some(decl) = table.rule.reward() else { return };
        let host = if table.rule.is_rewarded_by_host() { decl.narrow(host.into()) } else { 0 };
        reward.resize(core.ordinals.len(), host);
        let Some(word) = table.reward_word() else { return };
        for (state, group) in self.groups.iter().zip(&core.groups) {
            let program = &tables.neuron_programs[group.neuron_program as usize];
            let first = group.first as usize;
            let own = &mut reward[first..first + group.count as usize];
            let each = state.written.as_deref().unwrap_or(&group.each);
            let declared = program.parameter_index(word).map(|at| &program.parameters()[at]);
            let values = match (program.state_index(word), declared) {
                (Some(at), _) => state.lane.word(at),
                (None, Some(decl)) if decl.scope == Scope::Compartment => {
                    &each[decl.slot * own.len()..][..own.len()]
                }
                (None, Some(decl)) => {
                    own.fill(group.shared[decl.slot]);
                    &[]
                }
                // The rule is another group's.
                (None, None) => &[],
            };
            own[..values.len()].copy_from_slice(values);
            own.iter_mut().for_each(|value| *value = decl.narrow((*value).into()));
        }
    }

    pub(super) fn lanes(&self) -> impl Iterator<Item = &LaneState> {
        self.groups.iter().map(|group| &group.lane)
    }
}
