//! Routes by table: around dead parts, and free of rings on any network.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Port of the next step of every node towards every other one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteTable {
    /// Row by row: node, then destination; [`RouteTable::NONE`] where no route leads.
    pub next: Vec<u8>,
    /// Nodes.
    pub nodes: u32,
}

/// A working link of a network: from a node's port to another node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// Sending node.
    pub from: u32,
    /// Port of the sending node.
    pub port: u8,
    /// Receiving node.
    pub to: u32,
}

impl RouteTable {
    /// Marks a pair without a route.
    pub const NONE: u8 = u8::MAX;

    /// The port at `node` towards `destination`.
    #[must_use]
    pub fn port(&self, node: u32, destination: u32) -> u8 {
        self.next[node as usize * self.nodes as usize + destination as usize]
    }

    /// Short routes over the links that never turn from a link away from the root to one
    /// towards it, so that no ring of channels closes on any network, however broken.
    ///
    /// Nodes get numbers by distance from node 0 (of every connected part); a link towards a
    /// smaller number is up, every other one down, and a route is some ups, then some downs.
    /// Pairs without a route keep [`RouteTable::NONE`].
    ///
    /// # Complexity
    /// Nodes times links.
    ///
    /// # Source
    /// Schroeder et al.: Autonet, a high-speed, self-configuring local area network (1991).
    #[must_use]
    pub fn up_down(nodes: u32, links: &[Way]) -> Self {
        let rank = ranks(nodes, links);
        let mut into: Vec<Vec<Way>> = vec![Vec::new(); nodes as usize];
        for link in links {
            into[link.to as usize].push(*link);
        }
        let mut next = vec![Self::NONE; nodes as usize * nodes as usize];
        for to in 0..nodes {
            for (from, port) in towards(to, &rank, &into).into_iter().enumerate() {
                next[from * nodes as usize + to as usize] = port;
            }
        }
        Self { next, nodes }
    }
}

/// Numbers by distance from the lowest node of each connected part, ties by number.
fn ranks(nodes: u32, links: &[Way]) -> Vec<u32> {
    let mut neighbours: Vec<Vec<u32>> = vec![Vec::new(); nodes as usize];
    for link in links {
        neighbours[link.from as usize].push(link.to);
        neighbours[link.to as usize].push(link.from);
    }
    neighbours.iter_mut().for_each(|near| near.sort_unstable());
    let mut rank = vec![u32::MAX; nodes as usize];
    let mut count = 0;
    for root in 0..nodes {
        if rank[root as usize] != u32::MAX {
            continue;
        }
        rank[root as usize] = count;
        count += 1;
        let mut queue = VecDeque::from([root]);
        while let Some(at) = queue.pop_front() {
            for to in &neighbours[at as usize] {
                if rank[*to as usize] == u32::MAX {
                    rank[*to as usize] = count;
                    count += 1;
                    queue.push_back(*to);
                }
            }
        }
    }
    rank
}

/// Per node, the port of the first step towards `to`. A table sees only node and destination,
/// so a node from which downs alone lead there always takes downs: whoever came down goes on so.
fn towards(to: u32, rank: &[u32], into: &[Vec<Way>]) -> Vec<u8> {
    let nodes = rank.len();
    let mut port = vec![RouteTable::NONE; nodes];
    let mut distance = vec![u32::MAX; nodes];
    distance[to as usize] = 0;
    // Downs only, by breadth, against the links' direction.
    let mut queue = VecDeque::from([to]);
    let mut buckets: Vec<Vec<u32>> = vec![Vec::new(); 2 * nodes + 2];
    while let Some(at) = queue.pop_front() {
        buckets[distance[at as usize] as usize].push(at);
        for way in &into[at as usize] {
            let is_down = rank[way.from as usize] < rank[at as usize];
            if is_down && distance[way.from as usize] == u32::MAX {
                distance[way.from as usize] = distance[at as usize] + 1;
                port[way.from as usize] = way.port;
                queue.push_back(way.from);
            }
        }
    }
    // Then ups, nearest first: every node takes the up whose end is closest to `to`.
    for length in 0..buckets.len() - 1 {
        for at in std::mem::take(&mut buckets[length]) {
            for way in &into[at as usize] {
                let is_up = rank[way.from as usize] > rank[at as usize];
                if is_up && distance[way.from as usize] == u32::MAX {
                    distance[way.from as usize] = length as u32 + 1;
                    port[way.from as usize] = way.port;
                    buckets[length + 1].push(way.from);
                }
            }
        }
    }
    port
}
