//! Multicast trees: which routers a packet branches at, and which cores it ends in.

use std::collections::BTreeMap;

use quarrion_isa::diagnostic::Diagnostic;

use super::codes::BAD_TREE;
use super::fabric::{End, Fabric, PortId};
use super::plan::{NONE, Plan};
use super::proof::no_route;
use super::traffic::{Destination, Traffic};

/// A core that gets a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who gets it.
    pub port: PortId,
    /// How long that core is busy with it.
    pub service_ps: u64,
}

/// One way on from a router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Branch {
    /// Through an output port to the router of another node of the tree.
    Onward {
        /// Output port.
        port: u32,
        /// Position in [`Tree::nodes`].
        node: u32,
    },
    /// To a core of this router.
    Leaf(Member),
}

/// A router of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeNode {
    /// Position in [`Fabric::routers`].
    pub router: u32,
    /// Ways on.
    pub branches: Vec<Branch>,
}

/// A multicast tree; the first node is at the source's router.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// Routers.
    pub nodes: Vec<TreeNode>,
}

/// One line of a router's multicast table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MulticastEntry {
    /// Key that the masked key of a packet must equal.
    pub key: u32,
    /// Bits of the key that count.
    pub mask: u32,
    /// Output ports towards other routers.
    pub ports: Vec<u32>,
    /// Cores of this router.
    pub cores: Vec<Member>,
}

/// Multicast tables, router by router; the first line that matches counts. A packet without one
/// goes straight on, out of the port opposite to the one it came in by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MulticastTable {
    /// Lines by router.
    pub entries: Vec<Vec<MulticastEntry>>,
}

impl Tree {
    /// The union of the single routes from a source to every member: with x-first routing, the
    /// tree that runs along x and branches along y.
    ///
    /// # Errors
    /// A member without a route.
    pub fn along_routes(
        fabric: &Fabric,
        source: PortId,
        members: &[Member],
        plane: u32,
    ) -> Result<Self, Diagnostic> {
        let plan = Plan::new(fabric)?;
        let root = plan.side(source, plane).0;
        let mut tree = Self { nodes: vec![TreeNode { router: root, branches: Vec::new() }] };
        let mut onward: BTreeMap<(u32, u32), u32> = BTreeMap::new();
        for member in members {
            let order = plan.orders()[0];
            let ticket = plan.ticket_to(member.port, plane, order);
            let to = plan.side(member.port, plane).0;
            let mut node = 0;
            for _ in 0..=plan.routers {
                let router = tree.nodes[node as usize].router;
                if router == to {
                    break;
                }
                let port = plan.step(router, &ticket).port;
                let next = plan.neighbour(router, port);
                let Some(next) = next else {
                    return Err(no_route(source.0, member.port.0, router));
                };
                node = *onward.entry((node, port)).or_insert_with(|| {
                    let added = tree.nodes.len() as u32;
                    tree.nodes.push(TreeNode { router: next, branches: Vec::new() });
                    tree.nodes[node as usize].branches.push(Branch::Onward { port, node: added });
                    added
                });
            }
            if tree.nodes[node as usize].router != to {
                return Err(no_route(source.0, member.port.0, tree.nodes[node as usize].router));
            }
            tree.nodes[node as usize].branches.push(Branch::Leaf(*member));
        }
        Ok(tree)
    }

    /// The tree that the routers' tables give to a packet with this key.
    ///
    /// # Errors
    /// A table that sends the packet in a circle, off the network, or to a core of another router.
    pub fn by_table(
        fabric: &Fabric,
        table: &MulticastTable,
        source: PortId,
        key: u32,
        plane: u32,
    ) -> Result<Self, Diagnostic> {
        let plan = Plan::new(fabric)?;
        let bad = |text: String| Diagnostic::error(BAD_TREE, format!("key {key:#x}: {text}"));
        let root = plan.side(source, plane).0;
        let mut tree = Self { nodes: vec![TreeNode { router: root, branches: Vec::new() }] };
        let mut sides: Vec<Option<u32>> = vec![None];
        let mut at = 0;
        while at < tree.nodes.len() {
            if tree.nodes.len() > 4 * plan.routers as usize {
                return Err(bad("the tables send it in a circle".into()));
            }
            let router = tree.nodes[at].router;
            let lines = table.entries.get(router as usize).map_or(&[][..], Vec::as_slice);
            let line = lines.iter().find(|line| key & line.mask == line.key);
            // Ports come in pairs that face each other.
            let straight = sides[at].map(|side| side ^ 1);
            let (ports, cores) = match line {
                Some(line) => (line.ports.clone(), line.cores.clone()),
                None => (straight.into_iter().collect(), Vec::new()),
            };
            if ports.is_empty() && cores.is_empty() {
                return Err(bad(format!("router {router} has no line for it and no way on")));
            }
            for port in ports {
                let Some(next) = plan.neighbour(router, port) else {
                    return Err(bad(format!("router {router} sends it out of port {port}")));
                };
                let node = tree.nodes.len() as u32;
                tree.nodes.push(TreeNode { router: next, branches: Vec::new() });
                sides.push(plan.entry_side(router, port));
                tree.nodes[at].branches.push(Branch::Onward { port, node });
            }
            tree.nodes[at].branches.extend(cores.into_iter().map(Branch::Leaf));
            at += 1;
        }
        Ok(tree)
    }

    /// Cores that it ends in.
    #[must_use]
    pub fn leaves(&self) -> usize {
        let leaf = |branch: &&Branch| matches!(branch, Branch::Leaf(_));
        self.nodes.iter().map(|node| node.branches.iter().filter(leaf).count()).sum()
    }
}

/// A way on in the engine's terms.
#[derive(Clone, Copy, Debug)]
pub(super) struct FlatBranch {
    /// Out slot.
    pub(super) slot: u8,
    /// Node, or leaf from [`Forest::LEAF`] on.
    pub(super) next: u32,
}

/// All trees of a timestep, flat.
#[derive(Debug, Default)]
pub(super) struct Forest {
    /// Root node of each tree, its plane and its leaves.
    roots: Vec<(u32, u32, u32)>,
    /// Per node: first branch, branches, leaves below.
    nodes: Vec<(u32, u32, u32)>,
    branches: Vec<FlatBranch>,
    /// Service time of each leaf in ticks.
    services: Vec<u64>,
}

impl Forest {
    /// Added to leaf numbers where they stand beside nodes.
    pub(super) const LEAF: u32 = 1 << 31;

    /// Lays out and checks the trees.
    pub(super) fn new(plan: &Plan, trees: &[Tree]) -> Result<Self, Diagnostic> {
        let mut forest = Self::default();
        for (tree, number) in trees.iter().zip(0u32..) {
            let bad =
                |text: &str| Err(Diagnostic::error(BAD_TREE, format!("tree {number} {text}")));
            let base = forest.nodes.len() as u32;
            let Some(root) = tree.nodes.first() else { return bad("is empty") };
            for (node, at) in tree.nodes.iter().zip(base..) {
                if node.router >= plan.routers || node.branches.is_empty() {
                    return bad("has a node without a router or without branches");
                }
                let first = forest.branches.len() as u32;
                let mut used = 0u64;
                for branch in &node.branches {
                    let flat = match *branch {
                        Branch::Onward { port, node: next } => {
                            let there = tree.nodes.get(next as usize).map(|node| node.router);
                            if there.is_none() || plan.neighbour(node.router, port) != there {
                                return bad("follows a link that is not there");
                            }
                            if base + next <= at {
                                return bad("has a node before its parent");
                            }
                            FlatBranch { slot: port as u8, next: base + next }
                        }
                        Branch::Leaf(member) => {
                            let plane = plan.plane(node.router);
                            let known = member.port.0 < plan.ports();
                            if !known || plan.side(member.port, plane).0 != node.router {
                                return bad("ends in a core of another router");
                            }
                            let leaf = forest.services.len() as u32;
                            forest.services.push(plan.ticks(member.service_ps));
                            let slot = plan.side(member.port, plane).1;
                            FlatBranch { slot, next: Self::LEAF | leaf }
                        }
                    };
                    if used >> flat.slot & 1 == 1 {
                        return bad("sends two copies out of the same port");
                    }
                    used |= 1 << flat.slot;
                    forest.branches.push(flat);
                }
                forest.nodes.push((first, node.branches.len() as u32, 0));
            }
            forest.count(base);
            let leaves = forest.nodes[base as usize].2;
            if leaves as usize != tree.leaves() {
                return bad("has nodes that it does not reach");
            }
            forest.roots.push((base, plan.plane(root.router), leaves));
        }
        Ok(forest)
    }

    /// Counts leaves below each node from `base` on; children come after their parents.
    fn count(&mut self, base: u32) {
        for at in (base as usize..self.nodes.len()).rev() {
            let (first, branches, _) = self.nodes[at];
            let below = self.branches[first as usize..(first + branches) as usize].iter();
            self.nodes[at].2 = below.map(|branch| self.leaves(branch.next)).sum();
        }
    }

    /// Root node and plane of a tree.
    pub(super) fn root(&self, tree: u32) -> (u32, u32) {
        let (node, plane, _) = self.roots[tree as usize];
        (node, plane)
    }

    /// Cores that a tree ends in.
    pub(super) fn size(&self, tree: u32) -> u32 {
        self.roots[tree as usize].2
    }

    /// Cores that the packets of a timestep go to.
    pub(super) fn cores(&self, traffic: &Traffic) -> u64 {
        let sizes = traffic.packets.iter().map(|packet| match packet.destination {
            Destination::Port(_) => 1,
            Destination::Tree(tree) => u64::from(self.size(tree)),
        });
        sizes.sum()
    }

    /// Leaves of all trees.
    pub(super) fn leaves_of_all(&self) -> usize {
        self.services.len()
    }

    /// Ways on from a node.
    #[inline]
    pub(super) fn branches(&self, node: u32) -> &[FlatBranch] {
        let (first, count, _) = self.nodes[node as usize];
        &self.branches[first as usize..(first + count) as usize]
    }

    /// Cores below a node or leaf.
    pub(super) fn leaves(&self, next: u32) -> u32 {
        if next >= Self::LEAF { 1 } else { self.nodes[next as usize].2 }
    }

    /// Service time of a leaf in ticks.
    pub(super) fn service(&self, leaf: u32) -> u64 {
        self.services[(leaf & !Self::LEAF) as usize]
    }
}

impl Plan {
    /// Router and slot that lead to a port in a plane.
    pub(super) fn side(&self, port: PortId, plane: u32) -> (u32, u8) {
        self.sides[port.index() * self.planes as usize + plane as usize]
    }

    /// The router at the far end of a working link.
    pub(super) fn neighbour(&self, router: u32, port: u32) -> Option<u32> {
        if port >= self.slots {
            return None;
        }
        let out = self.outs[(router * self.slots + port) as usize];
        let node = out.lane >> self.shift;
        (out.lane != NONE && node < self.routers).then_some(node)
    }

    /// The in slot at the far end of a link.
    pub(super) fn entry_side(&self, router: u32, port: u32) -> Option<u32> {
        let out = self.outs[(router * self.slots + port) as usize];
        let local = out.lane & ((1 << self.shift) - 1);
        (out.lane != NONE).then_some(local / self.stride)
    }
}

/// Names the planes of routers: the engine reads them from the fabric once.
pub(super) fn planes(fabric: &Fabric) -> Vec<u8> {
    fabric.routers.iter().map(|router| router.plane as u8).collect()
}

/// Dependencies of a tree: every link into a node, with the links out of it.
pub(super) fn dependencies(
    fabric: &Fabric,
    plan: &Plan,
    tree: &Tree,
    mut found: impl FnMut(u32, u32),
) {
    let mut into = vec![None; tree.nodes.len()];
    for (at, node) in tree.nodes.iter().enumerate() {
        let from: Option<u32> = into[at];
        for branch in &node.branches {
            let slot = match *branch {
                Branch::Onward { port, .. } => port,
                Branch::Leaf(member) => {
                    let plane = fabric.routers[node.router as usize].plane;
                    u32::from(plan.side(member.port, plane).1)
                }
            };
            let link = plan.link_from(node.router, slot);
            if let Branch::Onward { node: next, .. } = *branch {
                into[next as usize] = Some(link);
            }
            match from {
                Some(from) => found(from, link),
                // The first link of a tree may be that of any port of its router.
                None => {
                    for (index, candidate) in fabric.links.iter().enumerate() {
                        let here = End::Router { router: node.router, port: 0 };
                        let ends_here = matches!(
                            (candidate.to, here),
                            (End::Router { router: a, .. }, End::Router { router: b, .. }) if a == b
                        );
                        if ends_here && matches!(candidate.from, End::Port(_)) {
                            found(index as u32, link);
                        }
                    }
                }
            }
        }
    }
}
