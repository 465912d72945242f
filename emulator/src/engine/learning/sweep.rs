//! The sweep at the end of an epoch: every plastic list, term by term.

use quarrion_isa::learning::{
    Draws, Gate, POST_TRACES, PRE_TRACES, Source, Term, TermWidths, Variable,
};

use super::state::PlasticState;
use super::tables::{CoreRule, LearningTables, PlasticList};
use crate::engine::tables::CoreTables;

/// The end of an epoch of one rule.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct Epoch<'a> {
    pub(in crate::engine) table: &'a LearningTables,
    /// From one, in the sample.
    pub(in crate::engine) number: u32,
    pub(in crate::engine) draws: Draws<'a>,
}

/// Memory of a sweep that is kept between sweeps.
#[derive(Debug, Default)]
pub(in crate::engine) struct Sweep {
    /// Third factor of each compartment, as the rule narrows it.
    pub(in crate::engine) reward: Vec<i32>,
    /// Traces of the targets: by trace, place in the epoch (0 is its start), compartment.
    post: [Vec<Vec<i32>>; POST_TRACES],
    /// Traces of the list's source: by trace, place in the epoch.
    pre: [Vec<i32>; PRE_TRACES],
    history: Vec<i32>,
    accumulators: Vec<i64>,
    products: Vec<i64>,
    /// New values by variable, for lists where several change.
    changed: Vec<(Variable, Vec<i64>)>,
}

impl Sweep {
    /// Ends an epoch of a rule on one core: weights first, then traces.
    pub(in crate::engine) fn run(
        &mut self,
        core: &CoreTables,
        own: &CoreRule,
        epoch: Epoch<'_>,
        state: &mut PlasticState,
    ) {
        self.follow_post(core, own, epoch, state);
        let mut compartments = own.compartments.iter().cloned().flatten();
        let any_post = compartments.any(|at| state.post_spike[at] > 0);
        for at in own.lists.clone() {
            let list = &core.plastic.lists[at];
            self.follow_pre(list, epoch, state, at);
            self.change(core, list, epoch, state, (at, any_post));
            let pre = &mut state.pre[at];
            for (value, history) in pre.traces.iter_mut().zip(&self.pre) {
                *value = history.last().copied().unwrap_or(*value);
            }
            pre.spike = 0;
        }
        for range in &own.compartments {
            for (values, history) in state.post.iter_mut().zip(&self.post) {
                if let Some(last) = history.last() {
                    values[range.clone()].copy_from_slice(&last[range.clone()]);
                }
            }
            state.post_spike[range.clone()].fill(0);
        }
    }

    /// Follows the targets' traces through the epoch.
    fn follow_post(
        &mut self,
        core: &CoreTables,
        own: &CoreRule,
        epoch: Epoch<'_>,
        state: &PlasticState,
    ) {
        let steps = epoch.table.rule.epoch() as usize;
        self.history.resize(steps + 1, 0);
        for (number, (rows, trace)) in self.post.iter_mut().zip(&epoch.table.post).enumerate() {
            let Some(trace) = trace else {
                rows.clear();
                continue;
            };
            rows.resize(steps + 1, Vec::new());
            rows.iter_mut().for_each(|row| row.resize(core.ordinals.len(), 0));
            for at in own.compartments.iter().cloned().flatten() {
                self.history[0] = state.post[number][at];
                let draw = epoch.draws.post(core.ordinals[at], number);
                let spike = state.post_spike[at];
                trace.decl.fill_history(spike, trace.factor, draw, &mut self.history);
                for (row, value) in rows.iter_mut().zip(&self.history) {
                    row[at] = *value;
                }
            }
        }
    }

    /// Follows the traces of a list's source through the epoch.
    fn follow_pre(
        &mut self,
        list: &PlasticList,
        epoch: Epoch<'_>,
        state: &PlasticState,
        at: usize,
    ) {
        let steps = epoch.table.rule.epoch() as usize;
        for (number, (history, trace)) in self.pre.iter_mut().zip(&epoch.table.pre).enumerate() {
            history.clear();
            let Some(trace) = trace else { continue };
            history.resize(steps + 1, state.pre[at].traces[number]);
            let draw = epoch.draws.pre(list.source, number);
            trace.decl.fill_history(state.pre[at].spike, trace.factor, draw, history);
        }
    }

    /// Changes the variables of a list.
    fn change(
        &mut self,
        core: &CoreTables,
        list: &PlasticList,
        epoch: Epoch<'_>,
        state: &mut PlasticState,
        (at, any_post): (usize, bool),
    ) {
        let pre_spike = state.pre[at].spike;
        let touches = |term: &&(&Term, &TermWidths)| {
            let open = match term.0.gate {
                Gate::Pre => pre_spike > 0,
                Gate::Post => any_post,
                Gate::Epoch => true,
            };
            open && term.0.is_due(epoch.number)
        };
        let terms: Vec<(&Term, &TermWidths)> =
            epoch.table.rule.terms().iter().zip(&epoch.table.widths).collect();
        let mut changed = std::mem::take(&mut self.changed);
        changed.clear();
        // Terms are ordered by variable.
        for part in terms.chunk_by(|a, b| a.0.variable == b.0.variable) {
            let variable = part[0].0.variable;
            let mut due = part.iter().filter(touches).peekable();
            if due.peek().is_none() {
                continue;
            }
            self.accumulators.clear();
            let settings = &epoch.table.settings;
            self.accumulators.extend(
                list.synapses.clone().map(|s| settings.widen(value_of(state, variable, s))),
            );
            for (term, widths) in due {
                self.add_term(core, list, (term, widths), epoch, state, pre_spike);
            }
            changed.push((variable, self.accumulators.clone()));
        }
        for (variable, accumulators) in &changed {
            write_back(core, list, epoch, state, *variable, accumulators);
        }
        self.changed = changed;
    }

    /// Adds one term to the accumulators of a list.
    fn add_term(
        &mut self,
        core: &CoreTables,
        list: &PlasticList,
        (term, widths): (&Term, &TermWidths),
        epoch: Epoch<'_>,
        state: &PlasticState,
        pre_spike: u32,
    ) {
        let targets = &core.plastic.targets[list.synapses.clone()];
        self.products.clear();
        self.products.resize(targets.len(), term.mantissa);
        let end = epoch.table.rule.epoch() as usize;
        // The moment at which traces are read, where it is the same for the whole list.
        let moment = if term.gate == Gate::Pre { pre_spike as usize } else { end };
        let post_spike = &state.post_spike;
        let at_spike = |target: u16| post_spike[usize::from(target)] as usize;
        for (factor, &bits) in term.factors.iter().zip(&widths.factors) {
            let shape = |value: i32| factor.shape(value, bits);
            let products = self.products.iter_mut().zip(targets);
            match (factor.source, term.gate) {
                (Source::PreSpike, _) => {
                    let value = shape(i32::from(pre_spike > 0));
                    products.for_each(|(product, _)| *product *= value);
                }
                (Source::PostSpike, _) => products.for_each(|(product, &target)| {
                    *product *= shape(i32::from(at_spike(target) > 0));
                }),
                (Source::PreTrace(number), Gate::Post) => {
                    let history = &self.pre[number];
                    products.for_each(|(product, &target)| {
                        *product *= shape(history[at_spike(target)]);
                    });
                }
                (Source::PreTrace(number), _) => {
                    let value = shape(self.pre[number][moment]);
                    products.for_each(|(product, _)| *product *= value);
                }
                (Source::PostTrace(number), Gate::Post) => {
                    let rows = &self.post[number];
                    products.for_each(|(product, &target)| {
                        *product *= shape(rows[at_spike(target)][usize::from(target)]);
                    });
                }
                (Source::PostTrace(number), _) => {
                    let row = &self.post[number][moment];
                    products.for_each(|(product, &target)| {
                        *product *= shape(row[usize::from(target)]);
                    });
                }
                (Source::Variable(variable), _) => {
                    let synapses = list.synapses.clone();
                    products.zip(synapses).for_each(|((product, _), synapse)| {
                        *product *= shape(value_of(state, variable, synapse));
                    });
                }
                (Source::Reward, _) => products.for_each(|(product, &target)| {
                    *product *= shape(self.reward[usize::from(target)]);
                }),
            }
        }
        let settings = &epoch.table.settings;
        let gated = term.gate == Gate::Post;
        let sums = self.accumulators.iter_mut().zip(&self.products).zip(targets);
        for ((sum, &product), &target) in sums {
            if !gated || at_spike(target) > 0 {
                *sum = settings.accumulate(*sum, widths.scale(product));
            }
        }
    }
}

/// A variable of a synapse.
fn value_of(state: &PlasticState, variable: Variable, synapse: usize) -> i32 {
    match variable {
        Variable::Weight => state.weights[synapse].into(),
        Variable::Delay => state.delays[synapse].into(),
        Variable::Tag => state.tags[synapse].into(),
    }
}

/// Rounds the accumulators of a list into its variable.
fn write_back(
    core: &CoreTables,
    list: &PlasticList,
    epoch: Epoch<'_>,
    state: &mut PlasticState,
    variable: Variable,
    accumulators: &[i64],
) {
    let (step, range) = match variable {
        Variable::Weight => (list.step, list.weight_range),
        Variable::Delay => (0, (0, list.delay_max as i32)),
        Variable::Tag => (0, epoch.table.rule.tag_range()),
    };
    let settings = &epoch.table.settings;
    for (synapse, &accumulator) in list.synapses.clone().zip(accumulators) {
        let target = core.ordinals[usize::from(core.plastic.targets[synapse])];
        let random = || epoch.draws.synapse(list.source, target, epoch.number)[variable as usize];
        let value = settings.round(accumulator, step, range, random).value;
        match variable {
            Variable::Weight => state.weights[synapse] = value as i16,
            Variable::Delay => state.delays[synapse] = value as u16,
            Variable::Tag => state.tags[synapse] = value as i16,
        }
    }
}
