//! Packets that stay under way from one timestep to the next.
//!
//! The packet models know nothing of earlier runs. So the packets since the network was last
//! empty are timed together, up to the end of the timestep at hand: what they did before is the
//! same again, since nothing that comes later can change it.

use quarrion_isa::activity::Activity;
use quarrion_isa::chip::Chip;
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::timing::StepTime;

use super::contended::ContendedModel;
use super::flight::{Fates, Served};
use super::traffic::Traffic;
use super::ways::Mark;
use crate::mesh;

/// Timesteps that packets may stay under way without the network ever being empty.
const LONGEST: u32 = 64;

/// The lists that packets since the network was last empty are for.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// Beginning, from the beginning of the sample.
    begins_ps: u64,
    /// First timestep.
    first: u32,
    /// Lists, by packet.
    lists: Vec<List>,
    /// Its timesteps, and what has last been found of their packets.
    marks: Vec<Mark>,
    outcome: Option<mesh::Outcome>,
}

/// A list on its way.
#[derive(Clone, Copy, Debug)]
struct List {
    served: Served,
    packet: u32,
    /// Leaf of a tree, counted over all of them.
    leaf: Option<u32>,
    done: bool,
}

impl ContendedModel {
    /// Times the packets of a timestep together with those that are still under way.
    pub(super) fn time_window(
        &mut self,
        chip: &Chip,
        activity: &Activity,
        traffic: &mut Traffic,
        fates: &mut Fates,
    ) -> Result<StepTime, Diagnostic> {
        let mut longest = self.count.lower_bound(chip, activity, traffic);
        if fates.step() == 0 || self.window.lists.is_empty() {
            self.close_window()?;
            self.restart();
            self.window =
                Window { begins_ps: fates.begins(), first: fates.step(), ..Window::default() };
        }
        self.add_lists(activity, traffic, fates.step());
        let offset = fates.begins() - self.window.begins_ps;
        let first = self.packets.packets.len() as u32;
        self.load(chip, activity, traffic, offset);
        let mut mark = Mark {
            at: (activity.sample, activity.step),
            offset_ps: offset,
            packets: first..self.packets.packets.len() as u32,
            total_ps: 0,
            last: None,
        };
        self.number_leaves();
        if self.packets.packets.is_empty() {
            let time = self.count.close(chip, activity, longest);
            mark.total_ps = time.total().0;
            self.window.marks.push(mark);
            return Ok(time);
        }
        let horizon = fates.ends().map(|end| end - self.window.begins_ps);
        self.packets.horizon_ps = horizon;
        let outcome = self.run()?;
        if let mesh::Ending::Deadlock(ring) = &outcome.ending {
            return Err(super::contended::deadlock(&self.network, activity, ring));
        }
        let end = horizon.unwrap_or(u64::MAX);
        let mut open = 0;
        for list in self.window.lists.iter_mut().filter(|list| !list.done) {
            let times = match list.leaf {
                Some(leaf) => outcome.leaves[leaf as usize],
                None => outcome.packets[list.packet as usize],
            };
            if times.done_ps <= end && times.done_ps != u64::MAX {
                list.done = true;
                fates.serve(list.served);
            } else if times.done_ps == u64::MAX && outcome.ending == mesh::Ending::Complete {
                list.done = true;
                fates.drop_lists(1);
            } else {
                open += 1;
            }
        }
        fates.close_step();
        let last = outcome.completion_ps.min(end).saturating_sub(offset);
        longest.time = longest.time.max(last);
        if open == 0 {
            self.window.lists.clear();
        } else if fates.step() - self.window.first >= LONGEST {
            let message = format!(
                "in sample {} step {} packets have been under way for {LONGEST} ticks without the \
                 network ever being empty",
                activity.sample, activity.step
            );
            return Err(Diagnostic::error("QE031", message)
                .at("", "synchronisation.period_ns", "is too short for this traffic")
                .help("lengthen the period, or make links and cores faster"));
        }
        let time = self.count.close(chip, activity, longest);
        mark.total_ps = time.total().0;
        self.window.marks.push(mark);
        self.window.outcome = Some(outcome);
        Ok(time)
    }

    /// Counts and follows the packets of the window to their ends, also those that the last
    /// timestep of their sample leaves under way.
    pub(super) fn close_window(&mut self) -> Result<(), Diagnostic> {
        let mut marks = std::mem::take(&mut self.window.marks);
        let mut outcome = self.window.outcome.take();
        if outcome.as_ref().is_some_and(|outcome| outcome.ending == mesh::Ending::Stopped) {
            self.packets.horizon_ps = None;
            outcome = Some(self.run()?);
        }
        let outcome = outcome.filter(|outcome| outcome.ending == mesh::Ending::Complete);
        if let Some(outcome) = &outcome {
            for mark in &mut marks {
                let done = |number: &u32| outcome.packets[*number as usize].done_ps;
                let arrived = mark.packets.clone().filter(|number| done(number) != u64::MAX);
                // The first of several.
                mark.last = arrived.rev().max_by_key(done);
            }
        }
        self.settle(outcome.as_ref(), &marks)
    }

    /// Notes the lists of a timestep's packets.
    fn add_lists(&mut self, activity: &Activity, traffic: &Traffic, sent: u32) {
        let before = self.packets.packets.len() as u32;
        for (packet, at) in traffic.packets.iter().zip(before..) {
            debug_assert!(packet.destinations.end as usize <= activity.destinations.len());
            self.window.lists.extend(packet.destinations.clone().map(|destination| List {
                served: Served { sent, destination },
                packet: at,
                leaf: None,
                done: false,
            }));
        }
        self.window_cores.extend(activity.destinations.iter().map(|one| one.core));
    }

    /// Finds the leaf of every list whose packet branches.
    fn number_leaves(&mut self) {
        let mut first = vec![0_u32; self.packets.trees.len() + 1];
        for (at, tree) in self.packets.trees.iter().enumerate() {
            first[at + 1] = first[at] + tree.leaves() as u32;
        }
        for (list, core) in self.window.lists.iter_mut().zip(&self.window_cores) {
            let packet = &self.packets.packets[list.packet as usize];
            let mesh::Destination::Tree(tree) = packet.destination else { continue };
            if list.leaf.is_some() {
                continue;
            }
            let port = self.network.port(*core);
            let branches = self.packets.trees[tree as usize].nodes.iter().flat_map(|n| &n.branches);
            let members = branches.filter_map(|branch| match branch {
                mesh::Branch::Leaf(member) => Some(member),
                mesh::Branch::Onward { .. } => None,
            });
            let at = members.zip(first[tree as usize]..).find(|(member, _)| member.port == port);
            list.leaf = at.map(|(_, leaf)| leaf);
        }
    }
}
