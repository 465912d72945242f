//! What goes into a timing model and what comes out.

use quarrion_isa::diagnostic::Diagnostic;

use super::fabric::PortId;
use super::tree::Tree;

/// Where a packet goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// One core or host port.
    Port(PortId),
    /// Every leaf of the tree at this position of [`Traffic::trees`].
    Tree(u32),
}

/// One packet on its way to one port or a group of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Who sends it.
    pub source: PortId,
    /// Who gets it.
    pub destination: Destination,
    /// Physical plane under [`super::PlaneUse::ByClass`]; ignored otherwise.
    pub plane: u32,
    /// Length.
    pub flits: u32,
    /// When the source has it ready.
    ///
    /// # Units
    /// Picoseconds from the start of the timestep.
    pub inject_ps: u64,
    /// How long the receiving core is busy with it; packets behind it wait meanwhile. The leaves
    /// of a tree have their own.
    ///
    /// # Units
    /// Picoseconds.
    pub service_ps: u64,
}

/// The packets of one timestep.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Packets; those of one source leave in this order, each not before its time.
    pub packets: Vec<Packet>,
    /// Multicast trees.
    pub trees: Vec<Tree>,
    /// Where to stop, whatever is still under way then.
    ///
    /// # Units
    /// Picoseconds.
    pub horizon_ps: Option<u64>,
}

/// How much a run writes down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// Times per packet and counts per link.
    #[default]
    Packets,
    /// Also every hop of this packet.
    Watch(u32),
    /// Also every hop of every packet.
    Hops,
}

/// A packet's times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacketTimes {
    /// When its head entered the network; `u64::MAX` while it has not.
    pub inject_ps: u64,
    /// When the core took its tail (the last core, of several); `u64::MAX` for a dropped packet.
    pub eject_ps: u64,
    /// When the core was done with it.
    pub done_ps: u64,
}

/// A packet's head crossing one link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hop {
    /// Position in [`Traffic::packets`].
    pub packet: u32,
    /// Position in [`super::Fabric::links`].
    pub link: u32,
    /// When the switch let the head go.
    pub depart_ps: u64,
}

/// What one link did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkCount {
    /// Packets (tails) that crossed it.
    pub packets: u64,
    /// Flits that crossed it.
    pub flits: u64,
    /// How long it was occupied.
    pub busy_ps: u64,
    /// Flits waiting in the buffer behind it, summed over time: divide by the time for the mean.
    pub queue_flit_ps: u64,
    /// Most flits ever sent whose credits were not back: on the way, in the buffer behind it, or
    /// gone with the credit under way; of each virtual channel the most, added up.
    pub ahead_peak: u32,
}

/// One channel of a deadlock: it waits for the next of the list, the last for the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Position in [`super::Fabric::links`] of the link whose buffer is stuck.
    pub link: u32,
    /// Virtual channel.
    pub channel: u32,
    /// Packet at the head of it.
    pub packet: u32,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Every packet arrived or was dropped.
    Complete,
    /// The horizon came first.
    Stopped,
    /// Nothing can move any more; the ring of waiting channels.
    Deadlock(Vec<Waiting>),
}

/// Sums that must agree; a run checks them before it returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conservation {
    /// Packets that entered the network.
    pub injected: u64,
    /// Further copies made by branching.
    pub replicated: u64,
    /// Copies that reached their core.
    pub delivered: u64,
    /// Copies that were dropped.
    pub dropped: u64,
    /// Cores that a dropped copy would have reached.
    pub lost: u64,
    /// Flits that left a sender.
    pub flits_sent: u64,
    /// Flits that reached a receiver.
    pub flits_received: u64,
    /// Credits that were not back at the end.
    pub credits_missing: u64,
}

/// What a timing model says about the packets of one timestep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Times, packet by packet.
    pub packets: Vec<PacketTimes>,
    /// Times of the copies for the leaves of trees, tree by tree, node by node; no entry times.
    pub leaves: Vec<PacketTimes>,
    /// Counts, link by link.
    pub links: Vec<LinkCount>,
    /// Hops, if they were asked for, in the order in which they happened.
    pub hops: Vec<Hop>,
    /// When the last core was done.
    pub completion_ps: u64,
    /// The packet that was done last; the first of several.
    pub critical: Option<u32>,
    /// How it ended.
    pub ending: Ending,
    /// Sums.
    pub conservation: Conservation,
    /// Flits times links between routers and out of them, the work a run is measured by.
    pub flit_hops: u64,
}

impl Conservation {
    /// What does not add up after a run that ended by itself, in one sentence.
    #[must_use]
    pub fn violation(&self) -> Option<String> {
        let (made, gone) = (self.injected + self.replicated, self.delivered + self.dropped);
        if made != gone {
            return Some(format!("{made} packets went in or were copied and {gone} came out"));
        }
        if self.flits_sent != self.flits_received {
            let (sent, received) = (self.flits_sent, self.flits_received);
            return Some(format!("{sent} flits were sent and {received} received"));
        }
        (self.credits_missing > 0)
            .then(|| format!("{} credits never came back", self.credits_missing))
    }
}

impl Outcome {
    /// The finding where packets wait for each other for ever.
    #[must_use]
    pub fn deadlock(&self) -> Option<Diagnostic> {
        let Ending::Deadlock(ring) = &self.ending else { return None };
        let links: Vec<String> = ring.iter().map(|waiting| waiting.link.to_string()).collect();
        let count = ring.len();
        let message =
            format!("packets wait for each other for ever, in a ring of {count} channels");
        let found = Diagnostic::error("QE021", message)
            .at("mesh", &format!("links {}", links.join(", ")), "each waits for the next")
            .help("use more virtual channels, larger buffers or dimension-order routing");
        Some(found)
    }

    /// Mean time from readiness at the source to the tail's arrival, over delivered packets.
    ///
    /// # Units
    /// Picoseconds.
    #[must_use]
    pub fn mean_latency_ps(&self, traffic: &Traffic) -> f64 {
        let mut sum = 0u128;
        let mut count = 0u64;
        for (packet, times) in traffic.packets.iter().zip(&self.packets) {
            if times.eject_ps != u64::MAX {
                sum += u128::from(times.eject_ps - packet.inject_ps);
                count += 1;
            }
        }
        if count == 0 { 0.0 } else { sum as f64 / count as f64 }
    }
}
