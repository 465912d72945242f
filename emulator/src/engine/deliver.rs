//! Delivery: the lists of arrived spikes add to the accumulators of later timesteps.
//!
//! The common case, binary spikes into wrapping accumulators, is a shifted 32-bit wrapping
//! addition: the accumulator's own narrower wrap is applied once, where the update reads it, since
//! wrapping at 2^n commutes with wrapping at 2^32. Everything else goes through `isa::delivery`
//! synapse by synapse in the logical order.

use quarrion_isa::delivery::{Delivery, synapse_random};
use quarrion_isa::learning::Draws;

use super::learning::LearningTables;
use super::lists::{Lists, Run, Storage};
use super::mail::{Arrival, Lag, Moment};
use super::state::CoreState;
use super::tables::CoreTables;

/// Serves the inbox of one core.
pub(super) fn serve(
    core: &CoreTables,
    state: &mut CoreState,
    (rules, draws): (&[LearningTables], &Draws<'_>),
    (moment, lag): (Moment, Lag),
    inbox: &mut [Arrival],
) {
    let lists = &core.lists;
    if lists.ordered {
        let key = |arrival: &Arrival| {
            (arrival.ordinal, lists.projection[arrival.axon as usize], arrival.axon)
        };
        inbox.sort_by_key(key);
    }
    for arrival in inbox.iter() {
        let axon = arrival.axon as usize;
        if let Some(list) = core.plastic.list_at(axon) {
            let rule = &lists.deliveries[core.plastic.lists[list].delivery];
            state.plastic.record_pre(&core.plastic, rules, draws, list);
            state.plastic.serve(core, list, rule, (moment, *arrival), &mut state.ring);
            continue;
        }
        let runs = lists.axon_runs[axon] as usize..lists.axon_runs[axon + 1] as usize;
        for run in &lists.runs[runs] {
            let slot = Delivery::slot(moment.step, lag.delay(run.delay), core.ring_slots);
            let width = core.compartments as usize;
            let start = (slot * core.inputs + u32::from(run.input)) as usize * width;
            let accumulators = &mut state.ring[start..start + width];
            add_run(core, run, *arrival, moment, accumulators);
        }
    }
}

/// Adds one run to the accumulators of its slot.
fn add_run(
    core: &CoreTables,
    run: &Run,
    arrival: Arrival,
    moment: Moment,
    accumulators: &mut [i32],
) {
    let lists = &core.lists;
    let rule = &lists.deliveries[run.delivery as usize];
    let settings = &rule.settings;
    let payload = arrival.payload;
    match rule.plain_shift {
        Some(shift) if payload == 1 => visit_run(lists, run, |target, weight| {
            let accumulator = &mut accumulators[target];
            *accumulator = accumulator.wrapping_add(weight.wrapping_shl(shift));
        }),
        _ if settings.draws() == 0 => visit_run(lists, run, |target, weight| {
            let contribution = settings.contribution(weight, payload);
            accumulators[target] = settings.accumulate(accumulators[target], contribution);
        }),
        _ => visit_run(lists, run, |target, weight| {
            let Moment { seed, sample, step } = moment;
            let ordinal = core.ordinals[target];
            let random = synapse_random(seed, sample, step, arrival.ordinal, ordinal);
            let contribution =
                settings.contribution(settings.drawn_weight(weight, random), payload);
            accumulators[target] = settings.accumulate(accumulators[target], contribution);
        }),
    }
}

/// Calls `add` with the target and weight of every synapse of the run, in stored order.
#[inline(always)]
fn visit_run(lists: &Lists, run: &Run, mut add: impl FnMut(usize, i32)) {
    let (first, count) = (run.first as usize, run.count as usize);
    match run.storage {
        Storage::Dense => {
            let base = run.base as usize;
            for (offset, weight) in lists.weights[first..first + count].iter().enumerate() {
                add(base + offset, i32::from(*weight));
            }
        }
        Storage::Sparse => {
            let weights = &lists.weights[first..first + count];
            for (target, weight) in lists.targets[first..first + count].iter().zip(weights) {
                add(usize::from(*target), i32::from(*weight));
            }
        }
        Storage::Kernel(place) => lists.kernels[first].visit(place, add),
    }
}
