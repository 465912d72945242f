//! The network of a chip alone: what its links did, in the ledger's rows.

use std::collections::BTreeMap;

use quarrion_isa::event::EventCounts;
use quarrion_isa::id::LinkId;
use quarrion_isa::ledger::{Ledger, LinkRow, SampleRow};
use quarrion_isa::quantity::Picoseconds;

use super::network::ChipNetwork;
use super::waits::Waits;
use crate::mesh;

/// A ledger with the links between tiles, their queues and the packets' latencies; its one sample
/// lasts until the last packet is done.
#[must_use]
pub fn network_ledger(
    network: &ChipNetwork,
    traffic: &mesh::Traffic,
    outcome: &mesh::Outcome,
) -> Ledger {
    let mut ledger = Ledger::default();
    let mut waits = Waits::default();
    waits.add(network, traffic, outcome);
    waits.settle(&mut ledger);
    let mut rows: BTreeMap<LinkId, LinkRow> = BTreeMap::new();
    for (count, number) in outcome.links.iter().zip(0..) {
        let Some(link) = network.link(number).filter(|_| count.packets > 0) else { continue };
        let empty = LinkRow { link, packets: 0, flits: 0, busy: Picoseconds::ZERO };
        let row = rows.entry(link).or_insert(empty);
        row.packets += count.packets;
        row.flits += count.flits;
        row.busy += Picoseconds(count.busy_ps);
    }
    ledger.links = rows.into_values().collect();
    let time = Picoseconds(outcome.completion_ps);
    ledger.samples.push(SampleRow { counts: EventCounts::default(), steps: 1, time });
    ledger
}
