//! Packets followed link by link.
//!
//! The packet models are functions of their traffic. So a timestep whose packets are wanted one by
//! one is timed a second time, with every hop written down; other timesteps pay nothing for it.

use std::cmp::Reverse;
use std::ops::Range;

use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::way::{Way, WayEnd, WayLeg};

use super::network::ChipNetwork;
use crate::mesh;

/// Which packets are followed, where contention is timed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Following {
    /// The one that is done last in the longest timestep of each sample.
    #[default]
    Longest,
    /// The one that is done last in each timestep.
    Last,
    /// The same, and every packet of these samples and timesteps.
    Every {
        /// Samples.
        samples: Range<u32>,
        /// Timesteps of each.
        steps: Range<u32>,
    },
}

impl Following {
    /// Whether every packet of a timestep is wanted.
    #[must_use]
    pub fn wants(&self, (sample, step): (u32, u32)) -> bool {
        match self {
            Self::Longest | Self::Last => false,
            Self::Every { samples, steps } => samples.contains(&sample) && steps.contains(&step),
        }
    }
}

/// What is needed to follow packets through a chip's network.
#[derive(Debug)]
pub struct Follower<'a> {
    /// The network.
    pub network: &'a ChipNetwork,
    /// Its times without contention.
    pub free: mesh::FreeTimes,
}

impl Follower<'_> {
    /// The ways of all packets, or of one, of sample and timestep `at`, by a second run of the
    /// model.
    ///
    /// # Errors
    /// What the model says of the traffic; it said so before.
    pub fn ways(
        &self,
        model: &mut dyn mesh::TimingModel,
        traffic: &mesh::Traffic,
        at: (u32, u32),
        one: Option<u32>,
    ) -> Result<Vec<Way>, Diagnostic> {
        let detail = one.map_or(mesh::Detail::Hops, mesh::Detail::Watch);
        let outcome = model.run(traffic, detail)?;
        let mut hops = outcome.hops;
        hops.sort_by_key(|hop| (hop.packet, hop.depart_ps));
        let firsts: Vec<usize> = std::iter::once(0)
            .chain(traffic.trees.iter().scan(0, |first, tree| {
                *first += tree.leaves();
                Some(*first)
            }))
            .collect();
        let numbers = one.map_or(0..traffic.packets.len() as u32, |packet| packet..packet + 1);
        let way = |number: u32| {
            let packet = &traffic.packets[number as usize];
            let from = hops.partition_point(|hop| hop.packet < number);
            let to = hops.partition_point(|hop| hop.packet <= number);
            let legs = self.free.legs(&self.network.fabric, packet.inject_ps, &hops[from..to]);
            let ends = match packet.destination {
                mesh::Destination::Port(port) => vec![(port, outcome.packets[number as usize])],
                mesh::Destination::Tree(tree) => {
                    let times = outcome.leaves[firsts[tree as usize]..].iter().copied();
                    leaves(&traffic.trees[tree as usize]).zip(times).collect()
                }
            };
            let arrived = ends.into_iter().filter(|(_, times)| times.eject_ps != u64::MAX);
            Way {
                sample: at.0,
                step: at.1,
                packet: number,
                source: self.network.core(packet.source),
                flits: packet.flits,
                ready_ps: packet.inject_ps,
                ends: arrived.map(|end| self.end(end, &legs, packet.flits)).collect(),
                legs: legs.iter().map(|leg| self.leg(leg)).collect(),
            }
        };
        Ok(numbers.map(way).collect())
    }

    fn leg(&self, leg: &mesh::Leg) -> WayLeg {
        let passage = self.network.passage(leg.link);
        WayLeg { passage, depart_ps: leg.depart_ps, waited_ps: leg.waited_ps }
    }

    fn end(
        &self,
        (port, times): (mesh::PortId, mesh::PacketTimes),
        legs: &[mesh::Leg],
        flits: u32,
    ) -> WayEnd {
        let fabric = &self.network.fabric;
        let into = |leg: &&mesh::Leg| fabric.links[leg.link as usize].to == mesh::End::Port(port);
        let last = legs.iter().rfind(into);
        let free = last.map_or(times.eject_ps, |leg| self.free.tail(fabric, leg, legs, flits));
        WayEnd {
            core: self.network.core(port),
            arrived_ps: times.eject_ps,
            waited_ps: times.eject_ps.saturating_sub(free),
            done_ps: times.done_ps,
        }
    }
}

/// The ports at the leaves of a tree, node by node.
pub(super) fn leaves(tree: &mesh::Tree) -> impl Iterator<Item = mesh::PortId> + '_ {
    let branches = tree.nodes.iter().flat_map(|node| &node.branches);
    branches.filter_map(|branch| match branch {
        mesh::Branch::Leaf(member) => Some(member.port),
        mesh::Branch::Onward { .. } => None,
    })
}

/// A timestep whose packets have been timed, alone or together with others.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    /// Sample and timestep.
    pub(super) at: (u32, u32),
    /// When it began, on the clock of the packets.
    pub(super) offset_ps: u64,
    /// The packets sent in it.
    pub(super) packets: Range<u32>,
    /// How long it took.
    pub(super) total_ps: u64,
    /// Its packet that was done last.
    pub(super) last: Option<u32>,
}

impl Mark {
    /// A way of one of its packets, numbered and timed from its own beginning.
    fn own(&self, mut way: Way) -> Way {
        let earlier = |time: &mut u64| *time -= self.offset_ps;
        (way.sample, way.step) = self.at;
        way.packet -= self.packets.start;
        earlier(&mut way.ready_ps);
        way.legs.iter_mut().for_each(|leg| earlier(&mut leg.depart_ps));
        for end in &mut way.ends {
            earlier(&mut end.arrived_ps);
            earlier(&mut end.done_ps);
        }
        way
    }
}

/// What a model keeps to follow packets.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) following: Following,
    pub(super) free: mesh::FreeTimes,
    /// The longest timestep so far of the sample at hand, with all packets that were timed with
    /// its own.
    longest: Option<(Mark, mesh::Traffic)>,
}

impl Watch {
    pub(super) fn new(fabric: &mesh::Fabric) -> Result<Self, Diagnostic> {
        let free = mesh::FreeTimes::new(fabric)?;
        Ok(Self { following: Following::default(), free, longest: None })
    }

    /// Follows what is wanted of timesteps whose packets have just been timed together.
    pub(super) fn close_steps(
        &mut self,
        (network, model): (&ChipNetwork, &mut dyn mesh::TimingModel),
        packets: &mesh::Traffic,
        marks: &[Mark],
        ledger: &mut Followed,
    ) -> Result<(), Diagnostic> {
        let follower = Follower { network, free: self.free };
        let all = if marks.iter().any(|mark| self.following.wants(mark.at)) {
            follower.ways(model, packets, (0, 0), None)?
        } else {
            Vec::new()
        };
        for mark in marks {
            let way = |number: u32| mark.own(all[number as usize].clone());
            if self.following.wants(mark.at) {
                ledger.lasts.extend(mark.last.map(way));
                ledger.packets.extend(mark.packets.clone().map(way));
            } else if self.following != Following::Longest {
                ledger.lasts.extend(follow_last(&follower, model, packets, mark)?);
            } else {
                self.keep_longest((network, model), packets, mark, ledger)?;
            }
        }
        Ok(())
    }

    fn keep_longest(
        &mut self,
        (network, model): (&ChipNetwork, &mut dyn mesh::TimingModel),
        packets: &mesh::Traffic,
        mark: &Mark,
        ledger: &mut Followed,
    ) -> Result<(), Diagnostic> {
        if self.longest.as_ref().is_some_and(|(longest, _)| longest.at.0 != mark.at.0) {
            self.close_sample((network, model), ledger)?;
        }
        match &mut self.longest {
            Some((longest, _)) if longest.total_ps >= mark.total_ps => {}
            Some((longest, kept)) => {
                kept.clone_from(packets);
                *longest = mark.clone();
            }
            None => self.longest = Some((mark.clone(), packets.clone())),
        }
        Ok(())
    }

    /// Follows the last packet of the sample's longest timestep.
    pub(super) fn close_sample(
        &mut self,
        (network, model): (&ChipNetwork, &mut dyn mesh::TimingModel),
        ledger: &mut Followed,
    ) -> Result<(), Diagnostic> {
        let Some((mark, packets)) = self.longest.take() else { return Ok(()) };
        let follower = Follower { network, free: self.free };
        let ways = follow_last(&follower, model, &packets, &mark)?;
        ledger.longest.push(LongestWays { at: mark.at, total_ps: mark.total_ps, ways });
        Ok(())
    }
}

/// The way of a timestep's last packet, if it had any.
fn follow_last(
    follower: &Follower<'_>,
    model: &mut dyn mesh::TimingModel,
    packets: &mesh::Traffic,
    mark: &Mark,
) -> Result<Vec<Way>, Diagnostic> {
    if mark.last.is_none() {
        return Ok(Vec::new());
    }
    let ways = follower.ways(model, packets, mark.at, mark.last)?;
    Ok(ways.into_iter().map(|way| mark.own(way)).collect())
}

/// Packets that were followed.
#[derive(Clone, Debug, Default)]
pub(super) struct Followed {
    /// Where only the longest timestep of each sample is wanted: the longest of those seen.
    longest: Vec<LongestWays>,
    lasts: Vec<Way>,
    packets: Vec<Way>,
}

/// The longest timestep of a sample among some, and its last packet if it had any.
#[derive(Clone, Debug)]
struct LongestWays {
    at: (u32, u32),
    total_ps: u64,
    ways: Vec<Way>,
}

impl Followed {
    /// Adds those of other timesteps.
    pub(super) fn merge(&mut self, other: Self) {
        self.longest.extend(other.longest);
        self.lasts.extend(other.lasts);
        self.packets.extend(other.packets);
    }

    /// The last packets and all others that were followed, each in order of sample and timestep.
    pub(super) fn in_order(mut self) -> (Vec<Way>, Vec<Way>) {
        self.longest.sort_by_key(|one| (one.at.0, Reverse(one.total_ps), one.at.1));
        self.longest.dedup_by_key(|one| one.at.0);
        self.lasts.extend(self.longest.into_iter().flat_map(|one| one.ways));
        for ways in [&mut self.lasts, &mut self.packets] {
            ways.sort_by_key(|way| (way.sample, way.step));
        }
        (self.lasts, self.packets)
    }
}
