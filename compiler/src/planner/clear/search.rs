//! The search over all placements: the part with the fewest tiles left is tried first.

use std::collections::BTreeMap;

use quarrion_isa::id::CoreId;

use super::Detour;

/// Parts that are tried on tiles at most, with every tile counted.
const TRIES: u64 = 200_000;
/// Tiles of parts that all tries look at, and hold in memory, at most: large boards get fewer.
const LOOKED_AT: u64 = 200_000_000;

/// The search over all placements.
pub(super) struct Search<'d, 'a> {
    detour: &'d mut Detour<'a>,
    /// By part, the tile where it would best lie.
    wished: Vec<usize>,
    /// By part, the tiles that it can still lie on, of those of its kind.
    open: Vec<Vec<bool>>,
    /// By kind of core and tile, cores that are free.
    free: Vec<Vec<u32>>,
    chosen: Vec<Option<usize>>,
    tries: u64,
}

impl<'d, 'a> Search<'d, 'a> {
    pub(super) fn new(detour: &'d mut Detour<'a>, seats: &[CoreId]) -> Self {
        let tiles = detour.field.len();
        let mut free = vec![vec![0; tiles]; detour.chip.core_types.len()];
        for (cores, free) in detour.cores.iter().zip(&mut free) {
            cores.iter().for_each(|&core| free[detour.tile(core)] += 1);
        }
        let port = detour.port();
        let mut open: Vec<Vec<bool>> = Vec::with_capacity(seats.len());
        for (part, fed) in detour.parts.iter().zip(&detour.ways.fed) {
            let mut tiles: Vec<bool> =
                free[part.core_type as usize].iter().map(|&cores| cores > 0).collect();
            if *fed {
                keep(&mut tiles, detour.reached(port));
            }
            open.push(tiles);
        }
        let wished = seats.iter().map(|&seat| detour.tile(seat)).collect();
        let tries = TRIES.min(LOOKED_AT / (seats.len().max(1) * tiles.max(1)) as u64);
        Self { wished, open, free, chosen: vec![None; seats.len()], tries, detour }
    }

    /// A placement, where one is found.
    pub(super) fn solve(mut self) -> Option<Vec<CoreId>> {
        self.place_next().then(|| {
            let detour = self.detour;
            let mut cores: BTreeMap<(u32, usize), Vec<CoreId>> = BTreeMap::new();
            for (kind, own) in (0..).zip(&detour.cores) {
                for &core in own {
                    cores.entry((kind, detour.tile(core))).or_default().push(core);
                }
            }
            let parts = detour.parts.iter().zip(&self.chosen);
            let seats =
                parts.filter_map(|(part, tile)| cores.get_mut(&(part.core_type, (*tile)?))?.pop());
            seats.collect()
        })
    }

    /// Places the part with the fewest tiles left and then all others; says whether it could.
    fn place_next(&mut self) -> bool {
        let left = |part: &usize| self.open[*part].iter().filter(|&&open| open).count();
        let unplaced = (0..self.chosen.len()).filter(|&part| self.chosen[part].is_none());
        let Some(part) = unplaced.min_by_key(|part| (left(part), *part)) else { return true };
        let (mesh, field) = (&self.detour.chip.mesh, &self.detour.field);
        let wish = field[self.wished[part]];
        let open = (0..self.open[part].len()).filter(|&tile| self.open[part][tile]);
        let mut tiles: Vec<(u32, usize)> =
            open.map(|tile| (mesh.hops(wish, field[tile]).total(), tile)).collect();
        tiles.sort_unstable();
        for (_, tile) in tiles {
            let Some(tries) = self.tries.checked_sub(1) else { return false };
            self.tries = tries;
            let before = self.open.clone();
            if self.take(part, tile) && self.place_next() {
                return true;
            }
            self.open = before;
            self.chosen[part] = None;
            self.free[self.detour.parts[part].core_type as usize][tile] += 1;
        }
        false
    }

    /// Lays a part onto a tile; says whether every other part still has one.
    fn take(&mut self, part: usize, tile: usize) -> bool {
        let kind = self.detour.parts[part].core_type;
        self.chosen[part] = Some(tile);
        let free = &mut self.free[kind as usize][tile];
        *free -= 1;
        if *free == 0 {
            for (other, open) in self.detour.parts.iter().zip(&mut self.open) {
                open[tile] &= other.core_type != kind;
            }
        }
        for other in self.detour.to[part].clone() {
            keep(&mut self.open[other as usize], self.detour.reached(tile));
        }
        for other in self.detour.from[part].clone() {
            keep(&mut self.open[other as usize], self.detour.reaching(tile));
        }
        let mut parts = self.open.iter().zip(&self.chosen);
        parts.all(|(open, chosen)| chosen.is_some() || open.contains(&true))
    }
}

/// Keeps the tiles that both have.
fn keep(open: &mut [bool], allowed: &[bool]) {
    open.iter_mut().zip(allowed).for_each(|(open, allowed)| *open &= allowed);
}
