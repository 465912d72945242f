//! Plain searches over a mesh with dead parts: what routes and placements are held to.
//!
//! Written against the dead links alone, and not against the routes of the mesh.

use std::collections::{BTreeSet, VecDeque};

use quarrion_isa::chip::{Chip, Position, Routing};
use quarrion_isa::id::TileId;

/// By tile, the neighbours that a packet can go on to.
#[must_use]
pub fn neighbours(chip: &Chip) -> Vec<Vec<usize>> {
    let mesh = &chip.mesh;
    let (width, height) = (i64::from(mesh.board_width()), i64::from(mesh.board_height()));
    let dead: BTreeSet<(u32, u32)> = mesh
        .dead_links
        .iter()
        .map(|link| {
            let (tile, direction) = mesh.link_ends(*link);
            let to = mesh.tile_at(mesh.neighbour(mesh.position(tile), direction));
            (tile.0, to.0)
        })
        .collect();
    let near = |tile: i64| {
        let (x, y) = (tile % width, tile / width);
        let all = [(x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)];
        let inside =
            all.into_iter().filter(|(x, y)| (0..width).contains(x) && (0..height).contains(y));
        let tiles = inside.map(|(x, y)| y * width + x);
        tiles
            .filter(|to| !dead.contains(&(tile as u32, *to as u32)))
            .map(|to| to as usize)
            .collect()
    };
    (0..width * height).map(near).collect()
}

/// Hops from a tile to every other one, by breadth; `None` where none leads there.
#[must_use]
pub fn distances(near: &[Vec<usize>], from: usize) -> Vec<Option<usize>> {
    let mut distance = vec![None; near.len()];
    distance[from] = Some(0);
    let mut queue = VecDeque::from([from]);
    while let Some(at) = queue.pop_front() {
        for &to in &near[at] {
            if distance[to].is_none() {
                distance[to] = distance[at].map(|hops| hops + 1);
                queue.push_back(to);
            }
        }
    }
    distance
}

/// Whether going along one dimension and then along the other meets nothing dead.
#[must_use]
pub fn goes_straight(chip: &Chip, near: &[Vec<usize>], from: TileId, to: TileId) -> bool {
    let x_first = match chip.mesh.routing {
        Routing::Xy | Routing::Table => true,
        Routing::Yx => false,
        Routing::XyYx => (from.0 + to.0).is_multiple_of(2),
    };
    let (mut at, goal) = (chip.mesh.position(from), chip.mesh.position(to));
    let step = |at: u32, goal: u32| if at < goal { at + 1 } else { at - 1 };
    while at != goal {
        let along_x = if x_first { at.x != goal.x } else { at.y == goal.y };
        let next = match along_x {
            true => Position { x: step(at.x, goal.x), y: at.y },
            false => Position { x: at.x, y: step(at.y, goal.y) },
        };
        let (here, there) = (chip.mesh.tile_at(at).index(), chip.mesh.tile_at(next).index());
        if !near[here].contains(&there) {
            return false;
        }
        at = next;
    }
    !chip.mesh.dead_tiles.contains(&from) && !chip.mesh.dead_tiles.contains(&to)
}

/// Hops of the shortest ways to a tile that climb towards tile 0 and then descend, where who can
/// descend does not climb; by tile that they start from.
///
/// Such ways close no ring of channels, whatever is dead. Where a part of the mesh has come off,
/// its lowest tile stands for tile 0.
#[must_use]
pub fn climb_and_descend(near: &[Vec<usize>], to: usize) -> Vec<Option<usize>> {
    // Height of a tile: its distance from the lowest one that it is connected with, then its place.
    let mut height: Vec<Option<usize>> = vec![None; near.len()];
    for root in 0..near.len() {
        if height[root].is_none() {
            for (tile, hops) in distances(near, root).into_iter().enumerate() {
                height[tile] = height[tile].or(hops);
            }
        }
    }
    let below = |a: usize, b: usize| height[a] > height[b];
    let reversed = |allowed: &dyn Fn(usize, usize) -> bool| -> Vec<Vec<usize>> {
        let onto = |at: usize| {
            near[at].iter().copied().filter(|&from| allowed(from, at)).collect::<Vec<usize>>()
        };
        (0..near.len()).map(onto).collect()
    };
    let descents = distances(&reversed(&|from, at| below(at, from)), to);
    // Climbs, relaxed until nothing changes.
    let mut hops = descents.clone();
    loop {
        let mut changed = false;
        for from in (0..near.len()).filter(|&from| descents[from].is_none()) {
            let ends = near[from].iter().filter(|&&next| below(from, next));
            let least = ends.filter_map(|&next| hops[next]).min().map(|rest| rest + 1);
            changed |= least != hops[from];
            hops[from] = least;
        }
        if !changed {
            return hops;
        }
    }
}
