//! Delivery: the lists of arrived spikes add to the accumulators of later timesteps.
//!
//! The common case, binary spikes into wrapping accumulators, is a shifted 32-bit wrapping addition:
//! the accumulator's own narrower wrap is applied once, where the update reads it, since wrapping at
//! 2^n commutes with wrapping at 2^32. Everything else goes through `isa::delivery` synapse by synapse
//! in the logical order.

use quarrion_isa::delivery::Delivery;

use super::lists::{Lists, Run, Storage};
use super::shard::Arrival;
use super::tables::CoreTables;

/// Serves the inbox of one core.
///
/// # Shape
/// `ring`: `[slot][input][compartment]`.
pub(super) fn serve(core: &CoreTables, ring: &mut [i32], step: u32, inbox: &mut [Arrival]) {
    let lists = &core.lists;
    if lists.ordered {
        let key = |arrival: &Arrival| {
            (arrival.ordinal, lists.projection[arrival.axon as usize], arrival.axon)
        };
        inbox.sort_by_key(key);
    }
    for arrival in inbox.iter() {
        let axon = arrival.axon as usize;
        let runs = lists.axon_runs[axon] as usize..lists.axon_runs[axon + 1] as usize;
        for run in &lists.runs[runs] {
            let slot = Delivery::slot(step, run.delay, core.ring_slots);
            let width = core.compartments as usize;
            let start = (slot * core.inputs + u32::from(run.input)) as usize * width;
            add_run(lists, run, arrival.payload, &mut ring[start..start + width]);
        }
    }
}

/// Adds one run to the accumulators of its slot.
fn add_run(lists: &Lists, run: &Run, payload: i32, accumulators: &mut [i32]) {
    let rule = &lists.deliveries[run.delivery as usize];
    match rule.plain_shift {
        Some(shift) if payload == 1 => {
            let add = |accumulator: &mut i32, weight: i32| {
                *accumulator = accumulator.wrapping_add(weight.wrapping_shl(shift));
            };
            visit_run(lists, run, accumulators, add);
        }
        _ => visit_run(lists, run, accumulators, |accumulator, weight| {
            let contribution = rule.settings.contribution(weight, payload);
            *accumulator = rule.settings.accumulate(*accumulator, contribution);
        }),
    }
}

/// Calls `add` with the accumulator and weight of every synapse of the run, in stored order.
#[inline(always)]
fn visit_run(lists: &Lists, run: &Run, accumulators: &mut [i32], add: impl Fn(&mut i32, i32)) {
    let (first, count) = (run.first as usize, run.count as usize);
    match run.storage {
        Storage::Dense => {
            let base = run.base as usize;
            let weights = &lists.weights[first..first + count];
            for (accumulator, weight) in accumulators[base..base + count].iter_mut().zip(weights) {
                add(accumulator, i32::from(*weight));
            }
        }
        Storage::Sparse => {
            let weights = &lists.weights[first..first + count];
            for (target, weight) in lists.targets[first..first + count].iter().zip(weights) {
                add(&mut accumulators[usize::from(*target)], i32::from(*weight));
            }
        }
        Storage::Kernel => {
            let kernel = &lists.kernels[first];
            // Every list was visited once when the tables were made.
            let _ = kernel.block.visit_taps(run.base, |target, at| {
                add(&mut accumulators[target as usize], kernel.weights[at as usize]);
            });
        }
    }
}
