//! Rules that a fabric and its traffic keep before an engine sees them.

use quarrion_isa::diagnostic::Diagnostic;

use super::codes::{BAD_FABRIC, BAD_ROUTING, BAD_TRAFFIC, BAD_TREE};
use super::fabric::{End, Fabric, LinkState, PortId, RouterClock, Switching, Wrap};
use super::plan::{FLIT_TICKS, NONE, Plan};
use super::proof::no_route;
use super::routing::Routing;
use super::traffic::{Destination, Traffic};
use super::tree::Forest;

const FEW: u32 = 1 << 15;

pub(super) fn check_fabric(fabric: &Fabric) -> Result<(), Diagnostic> {
    let bad = |text: String| Err(Diagnostic::error(BAD_FABRIC, text));
    let timing = fabric.timing;
    if timing.virtual_channels == 0 {
        return bad("a router needs at least one virtual channel, not 0".into());
    }
    if let RouterClock::Clocked { period_ps: 0, .. } = timing.clock {
        return bad("a router's clock period is at least 1 ps, not 0".into());
    }
    if let RouterClock::Clocked { period_ps, .. } = timing.clock {
        let slowest = fabric.links.iter().map(|link| link.timing.flit_ps).max().unwrap_or(0);
        let cycles = slowest.div_ceil(period_ps);
        if cycles > FLIT_TICKS {
            return bad(format!("a flit takes {cycles} cycles of a link; {FLIT_TICKS} work"));
        }
    }
    if fabric.planes == 0 || fabric.planes > 4 {
        return bad(format!("a network has 1 to 4 physical planes, not {}", fabric.planes));
    }
    let mut outs = std::collections::BTreeSet::new();
    let mut ins = std::collections::BTreeSet::new();
    for (index, link) in fabric.links.iter().enumerate() {
        if link.timing.buffer_flits == 0 || link.timing.buffer_flits > FEW {
            let flits = link.timing.buffer_flits;
            return bad(format!("link {index} ends in a buffer of {flits} flits; 1 to {FEW} work"));
        }
        if link.state == LinkState::Dead {
            continue;
        }
        for (end, seen) in [(link.from, &mut outs), (link.to, &mut ins)] {
            let End::Router { router, port } = end else { continue };
            if router as usize >= fabric.routers.len() {
                return bad(format!("link {index} ends at router {router}, which does not exist"));
            }
            if !seen.insert((router, port)) {
                return bad(format!("port {port} of router {router} carries two links"));
            }
        }
    }
    for (index, port) in fabric.ports.iter().enumerate() {
        let whole = |links: &[u32]| {
            links.len() == fabric.planes as usize
                && links.iter().all(|link| (*link as usize) < fabric.links.len())
        };
        if !whole(&port.inject) || !whole(&port.eject) {
            return bad(format!("port {index} lacks a link in one of the physical planes"));
        }
    }
    if fabric.drop_after_ps.is_some() && timing.switching != Switching::VirtualCutThrough {
        return bad("packets can be dropped with virtual cut-through only".into());
    }
    check_routing(fabric)
}

fn check_routing(fabric: &Fabric) -> Result<(), Diagnostic> {
    let bad = |text: String| Err(Diagnostic::error(BAD_ROUTING, text));
    let torus = fabric.grid.is_some_and(|grid| grid.wrap == Wrap::Torus);
    let channels = fabric.timing.virtual_channels;
    match &fabric.routing {
        Routing::Table(table) => {
            let routers = fabric.routers.len();
            if table.nodes as usize != routers || table.next.len() != routers * routers {
                return bad(format!(
                    "the route table is for {} routers and the network has {routers}",
                    table.nodes
                ));
            }
        }
        _ if fabric.grid.is_none() => {
            return bad("x-first, y-first and mixed routing need a grid".into());
        }
        Routing::Mixed { .. } if torus => {
            return bad("mixed routing is for a mesh, not for a torus".into());
        }
        Routing::Mixed { .. } if channels < 2 => {
            return bad(format!("mixed routing needs 2 virtual channels, not {channels}"));
        }
        _ if torus && channels < 2 => {
            return bad(format!(
                "a torus needs 2 virtual channels (before and after the wrap link), not {channels}"
            ));
        }
        _ => {}
    }
    Ok(())
}

pub(super) fn check_traffic(
    plan: &Plan,
    traffic: &Traffic,
    forest: &Forest,
) -> Result<(), Diagnostic> {
    let bad = |text: String| Err(Diagnostic::error(BAD_TRAFFIC, text));
    if traffic.packets.len() >= 1 << 30 {
        return bad(format!("{} packets in one timestep; 2^30 work", traffic.packets.len()));
    }
    let ports = plan.ports();
    let room = plan.smallest_buffer();
    for (index, packet) in traffic.packets.iter().enumerate() {
        if packet.source.0 >= ports {
            return bad(format!("packet {index} leaves port {}, of {ports}", packet.source.0));
        }
        if packet.flits == 0 || packet.flits > FEW {
            return bad(format!("packet {index} has {} flits; 1 to {FEW} work", packet.flits));
        }
        if plan.switching == Switching::VirtualCutThrough && packet.flits > room {
            return bad(format!(
                "packet {index} has {} flits and virtual cut-through has buffers of {room}",
                packet.flits
            ));
        }
        match packet.destination {
            Destination::Port(port) if port.0 >= ports => {
                return bad(format!("packet {index} goes to port {}, of {ports}", port.0));
            }
            Destination::Port(_) => {}
            Destination::Tree(tree) => check_tree(plan, traffic, tree, index, packet.source)?,
        }
    }
    if plan.holes { check_routes(plan, traffic, forest) } else { Ok(()) }
}

fn check_tree(
    plan: &Plan,
    traffic: &Traffic,
    number: u32,
    packet: usize,
    source: PortId,
) -> Result<(), Diagnostic> {
    let bad = |text: String| Err(Diagnostic::error(BAD_TREE, text));
    let Some(tree) = traffic.trees.get(number as usize) else {
        return bad(format!("packet {packet} goes to tree {number}, which is absent"));
    };
    if plan.switching != Switching::VirtualCutThrough {
        return Err(Diagnostic::error(
            BAD_TREE,
            format!("packet {packet} branches, and wormhole routers may not"),
        )
        .help("use virtual cut-through, with buffers of at least the longest packet"));
    }
    if plan.classed {
        return bad(format!(
            "packet {packet} branches, which classes of channels (torus, mixed) do not allow"
        ));
    }
    let router = tree.nodes[0].router;
    if plan.side(source, plan.plane(router)).0 != router {
        return bad(format!(
            "tree {number} does not start at the router of packet {packet}'s source"
        ));
    }
    Ok(())
}

/// Follows the route of every packet over working links.
fn check_routes(plan: &Plan, traffic: &Traffic, forest: &Forest) -> Result<(), Diagnostic> {
    let mut turns = vec![0; plan.ports() as usize];
    let mut known = std::collections::BTreeSet::new();
    for (packet, ordinal) in traffic.packets.iter().zip(0..) {
        let turn = &mut turns[packet.source.index()];
        let (ticket, plane) = plan.ticket(ordinal, packet, *turn, forest);
        *turn += 1;
        let Destination::Port(to) = packet.destination else { continue };
        if !known.insert((packet.source, to, plane, ticket.order)) {
            continue;
        }
        let first = ((plan.routers + packet.source.0) * plan.slots + plane) as usize;
        let mut lane = plan.outs[first].lane;
        let mut at = lane;
        for _ in 0..=plan.routers + 1 {
            if lane == NONE {
                break;
            }
            at = lane >> plan.shift;
            if at >= plan.routers {
                break;
            }
            let step = plan.step(at, &ticket);
            lane = match step.port {
                port if port >= plan.slots => NONE,
                port => plan.outs[(at * plan.slots + port) as usize].lane,
            };
        }
        if lane == NONE || at != plan.routers + to.0 {
            return Err(no_route(packet.source.0, to.0, at));
        }
    }
    Ok(())
}
