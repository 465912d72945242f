//! Broken and slow parts, and routes around them.

use std::collections::VecDeque;

use super::fabric::{End, Fabric, LinkState};
use super::routing::RouteTable;

impl Fabric {
    /// Breaks a directed link.
    pub fn kill_link(&mut self, link: u32) {
        self.links[link as usize].state = LinkState::Dead;
    }

    /// Breaks a router: every link from it or to it, those of its ports included.
    pub fn kill_router(&mut self, router: u32) {
        for link in &mut self.links {
            let touches = |end: End| matches!(end, End::Router { router: at, .. } if at == router);
            if touches(link.from) || touches(link.to) {
                link.state = LinkState::Dead;
            }
        }
    }

    /// Makes a link carry flits at `part / whole` of its speed, rounded to the slower.
    pub fn slow_link(&mut self, link: u32, part: u64, whole: u64) {
        let timing = &mut self.links[link as usize].timing;
        timing.flit_ps = (timing.flit_ps * whole).div_ceil(part.max(1));
    }

    /// The link that leaves a router's port.
    #[must_use]
    pub fn link_at(&self, router: u32, port: u32) -> Option<u32> {
        let from = End::Router { router, port };
        self.links.iter().position(|link| link.from == from).map(|at| at as u32)
    }

    /// Working links from router to router: (from, port, to).
    fn working(&self) -> Vec<(u32, u32, u32)> {
        let ends = self.links.iter().filter(|link| link.state == LinkState::Up);
        let pairs = ends.filter_map(|link| match (link.from, link.to) {
            (End::Router { router, port }, End::Router { router: to, .. }) => {
                Some((router, port, to))
            }
            _ => None,
        });
        pairs.collect()
    }
}

impl RouteTable {
    /// Shortest routes over working links that never turn from a link away from the root to one
    /// towards it, so that no ring of channels closes on any network, however broken.
    ///
    /// Routers get numbers by distance from router 0 (of every connected part); a link towards a
    /// smaller number is up, every other one down, and a route is some ups, then some downs.
    /// Pairs without a route keep [`RouteTable::NONE`].
    ///
    /// # Complexity
    /// Routers times working links.
    #[must_use]
    pub fn around_faults(fabric: &Fabric) -> Self {
        let routers = fabric.routers.len() as u32;
        let links = fabric.working();
        let rank = ranks(routers, &links);
        let mut into: Vec<Vec<(u32, u32)>> = vec![Vec::new(); routers as usize];
        for &(from, port, to) in &links {
            into[to as usize].push((from, port));
        }
        let mut next = vec![Self::NONE; (routers * routers) as usize];
        for to in 0..routers {
            let ports = towards(to, routers, &rank, &into);
            for (from, port) in (0..routers).zip(ports) {
                next[(from * routers + to) as usize] = port;
            }
        }
        Self { next, routers }
    }
}

/// Numbers by distance from the lowest router of each connected part, ties by number.
fn ranks(routers: u32, links: &[(u32, u32, u32)]) -> Vec<u32> {
    let mut neighbours: Vec<Vec<u32>> = vec![Vec::new(); routers as usize];
    for &(from, _, to) in links {
        neighbours[from as usize].push(to);
        neighbours[to as usize].push(from);
    }
    let mut rank = vec![u32::MAX; routers as usize];
    let mut count = 0;
    for root in 0..routers {
        if rank[root as usize] != u32::MAX {
            continue;
        }
        rank[root as usize] = count;
        count += 1;
        let mut queue = VecDeque::from([root]);
        while let Some(at) = queue.pop_front() {
            neighbours[at as usize].sort_unstable();
            for to in neighbours[at as usize].clone() {
                if rank[to as usize] == u32::MAX {
                    rank[to as usize] = count;
                    count += 1;
                    queue.push_back(to);
                }
            }
        }
    }
    rank
}

/// Per router, the port of the first step towards `to`. A table sees only router and destination,
/// so a router from which downs alone lead there always takes downs: whoever came down goes on so.
fn towards(to: u32, routers: u32, rank: &[u32], into: &[Vec<(u32, u32)>]) -> Vec<u8> {
    let mut port = vec![RouteTable::NONE; routers as usize];
    let mut distance = vec![u32::MAX; routers as usize];
    distance[to as usize] = 0;
    // Downs only, by breadth, against the links' direction.
    let mut queue = VecDeque::from([to]);
    let mut down = vec![to];
    while let Some(at) = queue.pop_front() {
        for &(from, out) in &into[at as usize] {
            let is_down = rank[from as usize] < rank[at as usize];
            if is_down && distance[from as usize] == u32::MAX {
                distance[from as usize] = distance[at as usize] + 1;
                port[from as usize] = out as u8;
                queue.push_back(from);
                down.push(from);
            }
        }
    }
    // Then ups, nearest first: every router takes the up whose end is closest to `to`.
    let mut buckets: Vec<Vec<u32>> = vec![Vec::new(); 2 * routers as usize + 2];
    for at in down {
        buckets[distance[at as usize] as usize].push(at);
    }
    for length in 0..buckets.len() - 1 {
        for at in std::mem::take(&mut buckets[length]) {
            if distance[at as usize] != length as u32 {
                continue;
            }
            for &(from, out) in &into[at as usize] {
                let is_up = rank[from as usize] > rank[at as usize];
                if is_up && distance[from as usize] == u32::MAX {
                    distance[from as usize] = length as u32 + 1;
                    port[from as usize] = out as u8;
                    buckets[length + 1].push(from);
                }
            }
        }
    }
    port
}
