//! What learning changes: weights, delays and tags for good, traces until the sample ends.

use quarrion_isa::delivery::{Delivery, synapse_random};
use quarrion_isa::learning::{Draws, PRE_TRACES};

use super::tables::{LearningTables, Plastic};
use crate::engine::lists::DeliveryRule;
use crate::engine::mail::{Arrival, Moment};
use crate::engine::tables::CoreTables;

/// The traces of a list's source.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::engine) struct PreState {
    pub(in crate::engine) traces: [i32; PRE_TRACES],
    /// Place in the epoch of the last spike, from one; 0 for none.
    pub(in crate::engine) spike: u32,
}

/// The plastic state of one core.
#[derive(Clone, Debug, Default)]
pub(in crate::engine) struct PlasticState {
    pub(in crate::engine) weights: Vec<i16>,
    pub(in crate::engine) delays: Vec<u16>,
    pub(in crate::engine) tags: Vec<i16>,
    /// By list.
    pub(in crate::engine) pre: Vec<PreState>,
    /// By trace, then compartment.
    pub(in crate::engine) post: Vec<Vec<i32>>,
    /// Place in the epoch of each compartment's last spike, from one; 0 for none.
    pub(in crate::engine) post_spike: Vec<u32>,
}

impl PlasticState {
    pub(in crate::engine) fn new(plastic: &Plastic, rules: &[LearningTables]) -> Self {
        if plastic.is_empty() {
            return Self::default();
        }
        let compartments = plastic.rule_of.len();
        let traces = rules.first().map_or(0, |rule| rule.post.len());
        Self {
            weights: plastic.weights.clone(),
            delays: plastic.delays.clone(),
            tags: vec![0; plastic.weights.len()],
            pre: vec![PreState::default(); plastic.lists.len()],
            post: vec![vec![0; compartments]; traces],
            post_spike: vec![0; compartments],
        }
    }

    /// Traces go back to zero; what was learned stays.
    pub(in crate::engine) fn reset(&mut self) {
        self.pre.fill(PreState::default());
        self.post.iter_mut().for_each(|trace| trace.fill(0));
        self.post_spike.fill(0);
    }

    /// A compartment has spiked: a spike of its neuron, if it is the outermost of it.
    pub(in crate::engine) fn record_post(
        &mut self,
        core: &CoreTables,
        rules: &[LearningTables],
        draws: &Draws<'_>,
        compartment: u32,
    ) {
        for &follower in core.plastic.followers.get(compartment as usize).into_iter().flatten() {
            self.follow(core, rules, draws, follower as usize);
        }
    }

    /// The neuron that a compartment is a part of has spiked.
    fn follow(
        &mut self,
        core: &CoreTables,
        rules: &[LearningTables],
        draws: &Draws<'_>,
        at: usize,
    ) {
        let table = &rules[core.plastic.rule_of[at]];
        if self.post_spike[at] > 0 {
            for (number, trace) in table.post.iter().enumerate() {
                let Some(trace) = trace else { continue };
                let draw = draws.post(core.ordinals[at], number);
                let value = &mut self.post[number][at];
                *value = trace.decl.add_impulse(*value, draw.impulse);
            }
        }
        self.post_spike[at] = table.rule.place_in_epoch(draws.step);
    }

    /// The source of a list has spiked.
    pub(in crate::engine) fn record_pre(
        &mut self,
        plastic: &Plastic,
        rules: &[LearningTables],
        draws: &Draws<'_>,
        list: usize,
    ) {
        let lowered = &plastic.lists[list];
        let table = &rules[lowered.rule];
        let state = &mut self.pre[list];
        if state.spike > 0 {
            for (number, trace) in table.pre.iter().enumerate() {
                let Some(trace) = trace else { continue };
                let draw = draws.pre(lowered.source, number);
                let value = &mut state.traces[number];
                *value = trace.decl.add_impulse(*value, draw.impulse);
            }
        }
        state.spike = table.rule.place_in_epoch(draws.step);
    }

    /// Serves a plastic list: every synapse adds its weight of now to the slot of its delay.
    ///
    /// # Shape
    /// `ring`: `[slot][input][compartment]`.
    pub(in crate::engine) fn serve(
        &self,
        core: &CoreTables,
        list: usize,
        rule: &DeliveryRule,
        (moment, arrival): (Moment, Arrival),
        ring: &mut [i32],
    ) {
        let (settings, width) = (&rule.settings, core.compartments as usize);
        let list = &core.plastic.lists[list];
        for at in list.synapses.clone() {
            let target = usize::from(core.plastic.targets[at]);
            let slot = Delivery::slot(moment.step, self.delays[at].into(), core.ring_slots);
            let place = (slot * core.inputs + list.input) as usize * width + target;
            let mut weight = i32::from(self.weights[at]);
            if settings.draws() > 0 {
                let Moment { seed, sample, step } = moment;
                let random =
                    synapse_random(seed, sample, step, arrival.ordinal, core.ordinals[target]);
                weight = settings.drawn_weight(weight, random);
            }
            let contribution = settings.contribution(weight, arrival.payload);
            ring[place] = settings.accumulate(ring[place], contribution);
        }
    }
}
