//! Proof before the run that no ring of channels can wait for each other.
//!
//! A channel is a link with a class of virtual channels. A packet that holds one and asks for the
//! next makes the first depend on the second; without a ring of dependencies some packet can
//! always move. Output queues of cores come before their first link, input queues after the last,
//! and an input queue depends on the core's output queue if the core stops taking packets while
//! its own cannot leave.

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use quarrion_isa::diagnostic::Diagnostic;

use super::alloc::bits;
use super::codes::{DEADLOCK_POSSIBLE, NO_ROUTE};
use super::fabric::{Consumption, End, Fabric, PortId};
use super::plan::{NONE, Plan, Ticket};
use super::routing::Class;
use super::tree::{Tree, dependencies};

/// What the proof looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Channels and core queues.
    pub channels: usize,
    /// Dependencies between them.
    pub dependencies: usize,
    /// Pairs of ports that no working route joins; traffic between them is refused.
    pub apart: usize,
}

/// The dependencies found so far: per channel, the next ones as bits over (out slot, half).
struct Dependencies<'f> {
    fabric: &'f Fabric,
    plan: Plan,
    /// Per link and half, two bits for every out slot of the router it ends at.
    next: Vec<[u64; 2]>,
    apart: usize,
}

/// Proves that packets between any two ports, and those of the given trees, cannot deadlock, or
/// shows a ring that might.
///
/// # Errors
/// A ring of channels, or a route without an end; the chip's author must act.
pub fn prove_deadlock_free(fabric: &Fabric, trees: &[Tree]) -> Result<Proof, Diagnostic> {
    let plan = Plan::new(fabric)?;
    let mut all =
        Dependencies { fabric, next: vec![[0; 2]; fabric.links.len() * 2], plan, apart: 0 };
    all.follow_routes()?;
    super::tree::Forest::new(&all.plan, trees)?;
    for tree in trees {
        all.follow_tree(tree);
    }
    all.check()
}

/// The halves of the channels that a class covers.
fn halves(class: Class) -> u64 {
    match class {
        Class::Any => 0b11,
        Class::Low => 0b01,
        Class::High => 0b10,
    }
}

impl Dependencies<'_> {
    fn follow_routes(&mut self) -> Result<(), Diagnostic> {
        let orders = self.plan.orders();
        let mut seen = vec![u32::MAX; self.fabric.routers.len()];
        let mut round = 0;
        for to in 0..self.fabric.ports.len() as u32 {
            for plane in 0..self.fabric.planes {
                for &order in &orders {
                    let ticket = self.plan.ticket_to(PortId(to), plane, order);
                    for from in 0..self.fabric.ports.len() {
                        self.follow(from, to, plane, &ticket, (&mut seen, round))?;
                    }
                    round += 1;
                }
            }
        }
        Ok(())
    }

    fn follow_tree(&mut self, tree: &Tree) {
        let Self { fabric, plan, next, .. } = self;
        dependencies(fabric, plan, tree, |from, to| {
            if let End::Router { port, .. } = fabric.links[to as usize].from {
                let mask = 0b11u128 << (2 * port);
                for half in 0..2 {
                    next[from as usize * 2 + half][0] |= mask as u64;
                    next[from as usize * 2 + half][1] |= (mask >> 64) as u64;
                }
            }
        });
    }

    /// Follows one route until it joins one that was followed to the same port.
    fn follow(
        &mut self,
        from: usize,
        to: u32,
        plane: u32,
        ticket: &Ticket,
        (seen, round): (&mut [u32], u32),
    ) -> Result<(), Diagnostic> {
        let mut link = self.fabric.ports[from].inject[plane as usize];
        let mut held = 0b11;
        let mut left = self.fabric.routers.len() as u32 + 1;
        loop {
            let End::Router { router, .. } = self.fabric.links[link as usize].to else {
                return Ok(());
            };
            let step = self.plan.step(router, ticket);
            let index = (router * self.plan.slots + step.port) as usize;
            let broken = step.port >= self.plan.slots || self.plan.outs[index].lane == NONE;
            if broken {
                self.apart += 1;
                return Ok(());
            }
            if left == 0 {
                return Err(no_route(from as u32, to, router));
            }
            left -= 1;
            let wanted = halves(step.class);
            for half in bits(held) {
                let mask = u128::from(wanted) << (2 * step.port);
                let next = &mut self.next[link as usize * 2 + half as usize];
                next[0] |= mask as u64;
                next[1] |= (mask >> 64) as u64;
            }
            if seen[router as usize] == round {
                return Ok(());
            }
            seen[router as usize] = round;
            link = self.plan.outs[index].link;
            held = wanted;
        }
    }

    /// Builds the graph and looks for rings.
    fn check(&self) -> Result<Proof, Diagnostic> {
        let mut graph: DiGraph<(), ()> = DiGraph::new();
        let links = self.fabric.links.len();
        let ports = self.fabric.ports.len();
        // Channels: link times half; then each port's input queue and output queue.
        let nodes: Vec<NodeIndex> =
            (0..links * 2 + ports * 2).map(|_| graph.add_node(())).collect();
        for (channel, next) in self.next.iter().enumerate() {
            if let End::Router { router, .. } = self.fabric.links[channel / 2].to {
                for (word, base) in next.iter().zip([0u32, 64]) {
                    for bit in bits(*word) {
                        let slot = (base + bit) / 2;
                        let out = self.plan.outs[(router * self.plan.slots + slot) as usize].link;
                        let to = out as usize * 2 + (bit % 2) as usize;
                        graph.add_edge(nodes[channel], nodes[to], ());
                    }
                }
            }
        }
        for (port, sides) in self.fabric.ports.iter().enumerate() {
            let (input, output) = (nodes[links * 2 + port * 2], nodes[links * 2 + port * 2 + 1]);
            for half in 0..2 {
                for link in &sides.eject {
                    graph.add_edge(nodes[*link as usize * 2 + half], input, ());
                }
                for link in &sides.inject {
                    graph.add_edge(output, nodes[*link as usize * 2 + half], ());
                }
            }
            if sides.consumption == Consumption::WaitsForOutput {
                graph.add_edge(input, output, ());
            }
        }
        let rings = tarjan_scc(&graph);
        match rings.iter().find(|ring| ring.len() > 1) {
            Some(ring) => Err(self.ring(ring.iter().map(|node| node.index()).collect())),
            None => Ok(Proof {
                channels: graph.node_count(),
                dependencies: graph.edge_count(),
                apart: self.apart,
            }),
        }
    }

    fn ring(&self, mut channels: Vec<usize>) -> Diagnostic {
        channels.sort_unstable();
        let links = self.fabric.links.len();
        let name = |channel: usize| match channel.checked_sub(links * 2) {
            None => {
                let link = &self.fabric.links[channel / 2];
                let half = if channel.is_multiple_of(2) { "low" } else { "high" };
                format!("link {} ({} to {}), {half}", channel / 2, end(link.from), end(link.to))
            }
            Some(queue) if queue.is_multiple_of(2) => format!("input queue of port {}", queue / 2),
            Some(queue) => format!("output queue of port {}", queue / 2),
        };
        let shown: Vec<String> = channels.iter().take(6).map(|channel| name(*channel)).collect();
        Diagnostic::error(
            DEADLOCK_POSSIBLE,
            format!(
                "{} channels depend on each other in a ring, among them: {}",
                channels.len(),
                shown.join("; ")
            ),
        )
        .help("route x first or y first on a mesh, or give the two kinds of routes channels apart")
    }
}

fn end(end: End) -> String {
    match end {
        End::Router { router, .. } => format!("router {router}"),
        End::Port(port) => format!("port {}", port.0),
    }
}

pub(super) fn no_route(from: u32, to: u32, router: u32) -> Diagnostic {
    Diagnostic::error(
        NO_ROUTE,
        format!("no working route leads from port {from} to port {to}: it ends at router {router}"),
    )
    .help("place the two elsewhere, or use table routing around the dead parts")
}
