//! Conservation: what a packet model says about a timestep adds up, link by link, router by router.

use quarrion_isa::id::LinkId;

use super::network::ChipNetwork;
use super::traffic::Traffic;
use crate::mesh;

/// What does not add up, in one sentence: over every link as many packets as the routes lead
/// over it, into every router and copied there as much as out of it, and nothing left behind.
///
/// `packets` is the traffic as the packet model had it. Where packets were dropped, sums may fall
/// short of the routes, never the other way.
#[must_use]
pub fn violation(
    network: &ChipNetwork,
    traffic: &Traffic,
    packets: &mesh::Traffic,
    outcome: &mesh::Outcome,
) -> Option<String> {
    let sums = &outcome.conservation;
    if outcome.ending == mesh::Ending::Complete {
        let left = sums.violation();
        if left.is_some() {
            return left;
        }
    }
    let whole = outcome.ending == mesh::Ending::Complete && sums.dropped == 0;
    by_link(network, traffic, outcome, whole)
        .or_else(|| by_router(network, packets, outcome, whole))
}

/// Packets over each link of the chip, all planes together, against the routes.
fn by_link(
    network: &ChipNetwork,
    traffic: &Traffic,
    outcome: &mesh::Outcome,
    whole: bool,
) -> Option<String> {
    let numbers = (0..outcome.links.len() as u32).map(|link| network.link(link));
    let carried: Vec<(LinkId, u64)> = numbers
        .zip(&outcome.links)
        .filter_map(|(link, count)| link.map(|link| (link, count.packets)))
        .collect();
    let links = carried.iter().map(|(link, _)| link.index() + 1).max().unwrap_or(0);
    let mut balance = vec![0_i64; links];
    for (link, packets) in carried {
        balance[link.index()] += packets as i64;
    }
    for packet in &traffic.packets {
        for link in traffic.links_of(packet) {
            balance[link.index()] -= 1;
        }
    }
    let wrong = |balance: &i64| *balance > 0 || (whole && *balance < 0);
    let at = balance.iter().position(wrong)?;
    Some(format!("link {at} carried {} packets beside those whose routes cross it", balance[at]))
}

/// Flits into each router and copied there, against flits out of it.
fn by_router(
    network: &ChipNetwork,
    packets: &mesh::Traffic,
    outcome: &mesh::Outcome,
    whole: bool,
) -> Option<String> {
    let mut balance = vec![0_i64; network.fabric.routers.len()];
    for (link, count) in network.fabric.links.iter().zip(&outcome.links) {
        if let mesh::End::Router { router, .. } = link.to {
            balance[router as usize] += count.flits as i64;
        }
        if let mesh::End::Router { router, .. } = link.from {
            balance[router as usize] -= count.flits as i64;
        }
    }
    for packet in &packets.packets {
        let mesh::Destination::Tree(tree) = packet.destination else { continue };
        for node in &packets.trees[tree as usize].nodes {
            let copies = node.branches.len() as i64 - 1;
            balance[node.router as usize] += copies * i64::from(packet.flits);
        }
    }
    let wrong = |balance: &i64| *balance < 0 || (whole && *balance > 0);
    let at = balance.iter().position(wrong)?;
    Some(format!("{} flits came into router {at} and did not leave it", balance[at]))
}
