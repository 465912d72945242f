//! Which way packets and barrier messages go over a mesh, and what they cannot cross.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::geometry::{Direction, Mesh, Router, Routing, Topology};
use super::routes::{RouteTable, Way};
use crate::id::{LinkId, TileId};
use crate::quantity::Picoseconds;

impl Mesh {
    /// Calls `visit` with every mesh link of the route, in order of travel.
    ///
    /// XY-YX chooses by the parity of the source and destination tiles' numbers together, so the
    /// choice needs no state. A route by table ends where none leads on.
    pub fn route(&self, from: TileId, to: TileId, visit: impl FnMut(LinkId)) {
        match (&self.table, self.routing) {
            (Some(table), _) => self.route_by_table(table, from, to, visit),
            (None, Routing::Xy | Routing::Table) => self.route_straight(true, from, to, visit),
            (None, Routing::Yx) => self.route_straight(false, from, to, visit),
            (None, Routing::XyYx) => {
                self.route_straight((from.0 + to.0).is_multiple_of(2), from, to, visit);
            }
        }
    }

    /// The dimensions one after the other.
    fn route_straight(
        &self,
        x_first: bool,
        from: TileId,
        to: TileId,
        mut visit: impl FnMut(LinkId),
    ) {
        let (mut at, goal) = (self.position(from), self.position(to));
        let (width, height) = (self.board_width(), self.board_height());
        for horizontal in [x_first, !x_first] {
            let (place, aim, size) =
                if horizontal { (at.x, goal.x, width) } else { (at.y, goal.y, height) };
            let (forward, steps) = self.way(place, aim, size);
            let direction = match (horizontal, forward) {
                (true, true) => Direction::East,
                (true, false) => Direction::West,
                (false, true) => Direction::South,
                (false, false) => Direction::North,
            };
            for _ in 0..steps {
                visit(self.link_towards(self.tile_at(at), direction));
                at = self.neighbour(at, direction);
            }
        }
    }

    fn route_by_table(
        &self,
        table: &RouteTable,
        from: TileId,
        to: TileId,
        mut visit: impl FnMut(LinkId),
    ) {
        let mut tile = from;
        while tile != to {
            let Some(direction) = Direction::ALL.get(usize::from(table.port(tile.0, to.0))) else {
                return;
            };
            visit(self.link_towards(tile, *direction));
            tile = self.tile_at(self.neighbour(self.position(tile), *direction));
        }
    }

    /// Whether the route from one tile to another crosses nothing dead.
    #[must_use]
    pub fn connects(&self, from: TileId, to: TileId) -> bool {
        if self.dead_links.is_empty() && self.dead_tiles.is_empty() {
            return true;
        }
        let mut whole = !self.is_dead(from) && !self.is_dead(to);
        if let Some(table) = &self.table {
            return whole && (from == to || table.port(from.0, to.0) != RouteTable::NONE);
        }
        self.route(from, to, |link| whole &= !self.link_is_dead(link));
        whole
    }

    /// Whether the tile's router is dead.
    #[must_use]
    pub fn is_dead(&self, tile: TileId) -> bool {
        self.dead_tiles.binary_search(&tile).is_ok()
    }

    /// Whether the link is dead, by itself or with a router at either end.
    #[must_use]
    pub fn link_is_dead(&self, link: LinkId) -> bool {
        self.dead_links.binary_search(&link).is_ok()
    }

    /// Whether a link of this number exists: on a mesh none leads over the outer edge.
    #[must_use]
    pub fn has_link(&self, link: LinkId) -> bool {
        let (tile, direction) = self.link_ends(link);
        let at = self.position(tile);
        let (place, size) = match direction {
            Direction::East | Direction::West => (at.x, self.board_width()),
            Direction::South | Direction::North => (at.y, self.board_height()),
        };
        let edge = match direction {
            Direction::East | Direction::South => size - 1,
            Direction::West | Direction::North => 0,
        };
        // Two tiles in a ring are joined once.
        place != edge || (self.topology == Topology::Torus && size > 2)
    }

    /// The link back.
    #[must_use]
    pub fn reverse(&self, link: LinkId) -> LinkId {
        let (tile, direction) = self.link_ends(link);
        let there = self.tile_at(self.neighbour(self.position(tile), direction));
        self.link_towards(there, direction.opposite())
    }

    /// Working links, as ways from tile to tile.
    fn ways(&self) -> impl Iterator<Item = (LinkId, Way)> + '_ {
        let links = (0..self.link_count()).map(LinkId);
        let whole = links.filter(|link| self.has_link(*link) && !self.link_is_dead(*link));
        whole.map(|link| {
            let (tile, direction) = self.link_ends(link);
            let to = self.tile_at(self.neighbour(self.position(tile), direction));
            (link, Way { from: tile.0, port: direction as u8, to: to.0 })
        })
    }

    /// Lays the route table, where the routing asks for one: X first on a whole mesh, which needs
    /// no more, and around rings of channels on a torus or where something is dead.
    pub(super) fn lay_table(&mut self) {
        if self.routing != Routing::Table {
            return;
        }
        let tiles = self.tiles();
        let ways: Vec<Way> = self.ways().map(|(_, way)| way).collect();
        if self.topology == Topology::Torus || !self.dead_links.is_empty() {
            self.table = Some(RouteTable::up_down(tiles, &ways));
            return;
        }
        let mut next = vec![RouteTable::NONE; tiles as usize * tiles as usize];
        for from in (0..tiles).map(TileId) {
            for to in (0..tiles).map(TileId).filter(|to| *to != from) {
                let (at, goal) = (self.position(from), self.position(to));
                let direction = match (at.x.cmp(&goal.x), at.y < goal.y) {
                    (Ordering::Less, _) => Direction::East,
                    (Ordering::Greater, _) => Direction::West,
                    (Ordering::Equal, true) => Direction::South,
                    (Ordering::Equal, false) => Direction::North,
                };
                next[(from.0 * tiles + to.0) as usize] = direction as u8;
            }
        }
        self.table = Some(RouteTable { next, nodes: tiles });
    }

    /// Direction (true = growing) and number of steps along one axis. Halfway round a ring, even
    /// places send the growing way and odd ones the other, so that both carry the same.
    fn way(&self, from: u32, to: u32, size: u32) -> (bool, u32) {
        let straight = (to > from, from.abs_diff(to));
        match self.topology {
            Topology::Mesh => straight,
            Topology::Torus => {
                let forward = (to + size - from) % size;
                let growing = forward * 2 < size || (forward * 2 == size && from.is_multiple_of(2));
                if growing { (true, forward) } else { (false, size - forward) }
            }
        }
    }

    /// Latency of the longest of the shortest ways from the board's first tile to the others, over
    /// working links: the depth of a barrier tree.
    #[must_use]
    pub fn barrier_depth(&self) -> Picoseconds {
        let pipeline = match self.router {
            Router::Asynchronous { .. } => 0,
            Router::Clocked { period, pipeline_cycles, .. } => {
                period.0 * u64::from(pipeline_cycles)
            }
        };
        let mut out: Vec<Vec<(u32, u64)>> = vec![Vec::new(); self.tiles() as usize];
        for (link, way) in self.ways() {
            let latency = self.link(self.link_class(link)).latency.0 + pipeline;
            out[way.from as usize].push((way.to, latency));
        }
        let mut depth = vec![u64::MAX; out.len()];
        let root = (0..self.tiles()).find(|tile| !self.is_dead(TileId(*tile))).unwrap_or(0);
        depth[root as usize] = 0;
        let mut queue = BinaryHeap::from([Reverse((0, root))]);
        let mut deepest = 0;
        while let Some(Reverse((at, tile))) = queue.pop() {
            if at > depth[tile as usize] {
                continue;
            }
            deepest = at;
            for &(to, latency) in &out[tile as usize] {
                let there = at + latency;
                if there < depth[to as usize] {
                    depth[to as usize] = there;
                    queue.push(Reverse((there, to)));
                }
            }
        }
        Picoseconds(deepest)
    }
}
