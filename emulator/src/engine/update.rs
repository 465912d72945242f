//! The update loop of one core: accumulators in, state on, spikes out.

use quarrion_isa::activity::{Activity, Segment};
use quarrion_isa::id::PopulationId;
use quarrion_isa::neuron::{
    LaneInputs, LaneOptions, LaneOutcome, LaneRandom, LaneScratch, NeuronProgram, step_lane,
};
use quarrion_isa::program::Occurrence;

use super::mail::Moment;
use super::state::{CoreState, GroupState};
use super::tables::{CoreTables, GroupTables, INPUTS_MAX, Tables};
use super::waiting::{End, Fired, find_ends};

/// What an update loop did, in loop order, and memory that is kept between loops.
#[derive(Debug, Default)]
pub(super) struct Updated {
    pub(super) spikes: Vec<FiredAt>,
    /// Spikes that leave the core.
    pub(super) sends: Vec<SentAt>,
    /// Compartments passed over, over all loops.
    pub(super) skipped: u64,
    pub(super) options: LaneOptions,
    outcome: LaneOutcome,
    scratch: LaneScratch,
    fired: Vec<Fired>,
    ends: Vec<End>,
    /// What the compartments of the core put out.
    outputs: Vec<i32>,
    joined: Vec<i32>,
}

impl Updated {
    /// Nothing done yet; lanes will be computed as `options` says.
    pub(super) fn new(options: LaneOptions) -> Self {
        Self { options, ..Self::default() }
    }
}

/// A spike at its loop position.
#[derive(Clone, Copy, Debug)]
pub(super) struct FiredAt {
    pub(super) population: PopulationId,
    pub(super) occurrence: Occurrence,
    pub(super) compartment: u32,
    pub(super) payload: i32,
}

/// A spike that leaves at its loop position, which ends a segment of the record.
#[derive(Clone, Copy, Debug)]
pub(super) struct SentAt {
    pub(super) compartment: u32,
    pub(super) payload: i32,
    /// Position of the segment in the record.
    pub(super) segment: usize,
}

/// Runs the update loop of a core for one timestep.
pub(super) fn update_core(
    tables: &Tables,
    core: &CoreTables,
    state: &mut CoreState,
    moment: Moment,
    updated: &mut Updated,
    activity: &mut Activity,
) {
    updated.spikes.clear();
    updated.sends.clear();
    let due = state.waiting.take_due(moment.step);
    updated.outputs.clear();
    updated.outputs.resize(if core.joins { width(core) } else { 0 }, 0);
    let first_segment = activity.segments.len();
    let width = width(core);
    let slot = (moment.step % core.ring_slots) as usize;
    let slot_length = core.inputs as usize * width;
    let accumulators = &mut state.ring[slot * slot_length..(slot + 1) * slot_length];
    for (group_state, group) in state.groups.iter_mut().zip(&core.groups) {
        if tables.populations[group.population.index()].phase > moment.step {
            push_segment(activity, first_segment, held_segment(group));
            continue;
        }
        let program = &tables.neuron_programs[group.neuron_program as usize];
        settle_inputs(group, accumulators, width);
        updated.fired.clear();
        join_outputs(program, group, updated);
        let lane = Lane { program, group, accumulators, width, core };
        lane.step(group_state, moment, updated);
        if core.joins {
            let own = &updated.outcome.output;
            updated.outputs[group.first as usize..][..own.len()].copy_from_slice(own);
        }
        let fired = (updated.fired.as_slice(), due.as_slice());
        find_ends(core, group, moment.step, fired, &mut state.waiting, &mut updated.ends);
        push_segments(core, group, updated, first_segment, activity);
        for &(compartment, payload) in &updated.fired {
            let (population, occurrence) = (group.population, group.occurrence);
            updated.spikes.push(FiredAt { population, occurrence, compartment, payload });
        }
    }
    accumulators.fill(0);
}

/// One group's lane with what its update reads.
struct Lane<'a> {
    program: &'a NeuronProgram,
    group: &'a GroupTables,
    accumulators: &'a [i32],
    width: usize,
    core: &'a CoreTables,
}

impl Lane<'_> {
    fn step(&self, state: &mut GroupState, moment: Moment, updated: &mut Updated) {
        let range = self.group.first as usize..(self.group.first + self.group.count) as usize;
        let mut inputs: [&[i32]; INPUTS_MAX] = [&[]; INPUTS_MAX];
        let mut count = self.program.inputs().len();
        for (input, slice) in inputs.iter_mut().enumerate().take(count) {
            *slice = &self.accumulators[input * self.width..][range.clone()];
        }
        if self.group.join.is_some() {
            inputs[count] = &updated.joined;
            count += 1;
        }
        let lane = LaneInputs {
            inputs: &inputs[..count],
            group: &self.group.shared,
            compartment: state.written.as_deref().unwrap_or(&self.group.each),
            first_position: self.group.first,
            options: updated.options,
        };
        let mut random = LaneRandom::Counter {
            seed: moment.seed,
            step: moment.step,
            sample: moment.sample,
            ordinals: &self.core.ordinals[range],
        };
        step_lane(
            self.program,
            &mut state.lane,
            &lane,
            &mut random,
            &mut updated.scratch,
            &mut updated.fired,
            &mut updated.outcome,
        );
        updated.skipped += u64::from(updated.outcome.skipped);
    }
}

fn width(core: &CoreTables) -> usize {
    core.compartments as usize
}

/// Puts together what the compartments that the group joins have put out.
fn join_outputs(program: &NeuronProgram, group: &GroupTables, updated: &mut Updated) {
    let Updated { outputs, joined, .. } = updated;
    joined.clear();
    let (Some(join), Some(decl)) = (&group.join, program.joined()) else { return };
    joined.extend((0..group.count).map(|place| {
        let run = join.from.iter().map(|first| outputs[(first + place) as usize]);
        join.op.join(run, decl)
    }));
}

/// A population before its phase: nothing is computed, its updates count as inactive.
fn held_segment(group: &GroupTables) -> Segment {
    Segment {
        population: group.population,
        end: group.first + group.count,
        inactive: group.count,
        active: 0,
        spiking: 0,
        instructions: 0,
        payload_bits: 0,
        destinations: 0,
    }
}

/// Turns sums into what the neuron program reads.
fn settle_inputs(group: &GroupTables, accumulators: &mut [i32], width: usize) {
    for (input, delivery) in group.inputs.iter().enumerate() {
        let start = input * width + group.first as usize;
        for value in &mut accumulators[start..start + group.count as usize] {
            if *value != 0 {
                *value = delivery.settle(*value);
            }
        }
    }
}

/// Cuts the loop over a group at its spikes, and where spikes leave.
fn push_segments(
    core: &CoreTables,
    group: &GroupTables,
    updated: &mut Updated,
    first_segment: usize,
    activity: &mut Activity,
) {
    let (per_update, per_spike) = group.instructions;
    let mut start = 0;
    let mut push = |end: u32, spiking: u32, sends: Option<u32>, last_active: bool| {
        let active = ones(&updated.outcome.active, start, end) - u32::from(last_active);
        let length = end - start;
        push_segment(
            activity,
            first_segment,
            Segment {
                population: group.population,
                end: group.first + end,
                inactive: length - spiking - active,
                active,
                spiking,
                instructions: per_update * length + per_spike * spiking,
                payload_bits: if sends.is_some() { group.payload_bits } else { 0 },
                destinations: sends.unwrap_or(0),
            },
        );
        start = end;
        activity.segments.len() - 1
    };
    for &End { compartment, spikes, sends } in &updated.ends {
        let place = compartment - group.first;
        let was_active = spikes && ones(&updated.outcome.active, place, place + 1) == 1;
        let destinations = core.axons_out.row(compartment as usize).len() as u32;
        let segment = push(place + 1, u32::from(spikes), sends.map(|_| destinations), was_active);
        let sent = sends.map(|payload| SentAt { compartment, payload, segment });
        updated.sends.extend(sent);
    }
    if updated.ends.last().is_none_or(|last| last.compartment + 1 < group.first + group.count) {
        push(group.count, 0, None, false);
    }
}

/// Appends a segment of a core whose segments start at `first`; a stretch that nothing has ended
/// goes on over groups of the same population.
fn push_segment(activity: &mut Activity, first: usize, segment: Segment) {
    match activity.segments[first..].last_mut() {
        Some(open)
            if (open.spiking, open.destinations) == (0, 0)
                && open.population == segment.population =>
        {
            *open = Segment {
                inactive: open.inactive + segment.inactive,
                active: open.active + segment.active,
                instructions: open.instructions + segment.instructions,
                ..segment
            };
        }
        _ => activity.segments.push(segment),
    }
}

/// Set bits of `bits` from `start` to before `end`.
fn ones(bits: &[u64], start: u32, end: u32) -> u32 {
    let mut total = 0;
    let mut at = start;
    while at < end {
        let (word, low) = ((at / 64) as usize, at % 64);
        let take = (64 - low).min(end - at);
        let mask = if take == 64 { u64::MAX } else { (1 << take) - 1 };
        total += ((bits[word] >> low) & mask).count_ones();
        at += take;
    }
    total
}
