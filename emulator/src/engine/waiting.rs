//! Spikes that wait before they leave their core, and where segments of the update loop end.

use super::tables::{CoreTables, GroupTables};

/// A compartment with the payload of its spike.
pub(super) type Fired = (u32, i32);

/// The spikes of one core that wait, by the timestep in which they leave.
#[derive(Clone, Debug, Default)]
pub(super) struct Waiting {
    /// Step `t` at `t` modulo their number; none where no spike of the core waits.
    slots: Vec<Vec<Fired>>,
}

impl Waiting {
    pub(super) fn new(core: &CoreTables) -> Self {
        let longest = core.axon_delays.iter().max().copied().unwrap_or(0) as usize;
        let slots = if longest == 0 { 0 } else { longest + 1 };
        Self { slots: vec![Vec::new(); slots] }
    }

    /// Forgets all of them.
    pub(super) fn clear(&mut self) {
        self.slots.iter_mut().for_each(Vec::clear);
    }

    /// Takes what leaves in a timestep, by ascending compartment.
    pub(super) fn take_due(&mut self, step: u32) -> Vec<Fired> {
        let Some(slot) = (step as usize).checked_rem(self.slots.len()) else { return Vec::new() };
        let mut due = std::mem::take(&mut self.slots[slot]);
        due.sort_unstable();
        due
    }

    fn wait(&mut self, step: u32, delay: u32, spike: Fired) {
        let slots = self.slots.len();
        self.slots[(step as usize + delay as usize) % slots].push(spike);
    }
}

/// A compartment that ends a segment: it spikes, or an earlier spike of its leaves, or both.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) compartment: u32,
    pub(super) spikes: bool,
    /// Payload of the spike that leaves.
    pub(super) sends: Option<i32>,
}

/// Finds where the segments of a group end in a timestep; spikes with a delay begin to wait.
pub(super) fn find_ends(
    core: &CoreTables,
    group: &GroupTables,
    step: u32,
    (fired, due): (&[Fired], &[Fired]),
    waiting: &mut Waiting,
    ends: &mut Vec<End>,
) {
    ends.clear();
    let position = |compartment| due.partition_point(|(at, _)| *at < compartment);
    let own = position(group.first)..position(group.first + group.count);
    let mut due = due[own].iter().copied().peekable();
    let leaves = |(compartment, payload)| End { compartment, spikes: false, sends: Some(payload) };
    for &(compartment, payload) in fired {
        while let Some(earlier) = due.next_if(|(at, _)| *at < compartment) {
            ends.push(leaves(earlier));
        }
        let left = due.next_if(|(at, _)| *at == compartment).map(|(_, payload)| payload);
        let sends = match core.axon_delays.get(compartment as usize) {
            None | Some(0) => Some(payload),
            Some(&delay) => {
                waiting.wait(step, delay, (compartment, payload));
                left
            }
        };
        ends.push(End { compartment, spikes: true, sends });
    }
    ends.extend(due.map(leaves));
}
