//! Placements clear of what is dead: no packet crosses a dead link or router.
//!
//! First parts with lost ways are moved, or exchanged, one at a time, which keeps most of a good
//! placement. Where that ends in nothing, parts are tried on tile after tile, the part with the
//! fewest tiles left first; few parts are tried on all tiles, so that "does not fit" is proved.

use std::collections::{BTreeMap, BTreeSet};

use quarrion_isa::chip::Chip;
use quarrion_isa::id::{CoreId, PopulationId, TileId};

use super::Part;
use super::measure::{Measured, Meter};
use super::place::working;
use super::seats::Seats;
use crate::infeasible::{DoesNotFit, Resource, Term};
use crate::layout::Mapping;

/// Moves of parts that are tried, beside a multiple of their number.
const MOVES: usize = 64;
/// See [`MOVES`].
const MOVES_PER_PART: usize = 16;

/// Parts that are tried on tiles at most, with every tile counted.
const TRIES: u64 = 200_000;
/// Tiles of parts that all tries look at, and hold in memory, at most: large boards get fewer.
const LOOKED_AT: u64 = 200_000_000;

/// Ways that packets may take, whatever the rates.
pub(super) struct Ways {
    /// From part to part.
    between: BTreeSet<(u32, u32)>,
    /// Parts that the host sends to.
    fed: Vec<bool>,
}

impl Ways {
    /// Ways among parts that have no cores yet: any copy of a neuron may turn out to send.
    pub(super) fn of_parts(meter: &Meter<'_>, parts: &[Part], measured: &Measured) -> Self {
        let slices = parts.iter().map(|part| part.slices.as_slice());
        let seats = Seats::of(meter.network, slices, |_, _| 1);
        Self::collect(measured, |source, neuron| seats.senders(source, neuron).collect())
    }

    /// Ways among the cores of a mapping, in its order.
    fn of_mapping(meter: &Meter<'_>, mapping: &Mapping, measured: &Measured) -> Self {
        let slices = mapping.cores.iter().map(|core| core.slices.as_slice());
        let ways = |population, neuron| measured.ways(population, neuron);
        let mut seats = Seats::of(meter.network, slices, ways);
        Self::collect(measured, |source, neuron| seats.sender(source, neuron).into_iter().collect())
    }

    /// Ways to all parts from those that `senders` names for a neuron; the host where none.
    fn collect(
        measured: &Measured,
        mut senders: impl FnMut(PopulationId, u32) -> Vec<u32>,
    ) -> Self {
        let mut ways = Self { between: BTreeSet::new(), fed: vec![false; measured.demands.len()] };
        for (to, demands) in (0_u32..).zip(&measured.demands) {
            for reach in demands.iter().flat_map(|demand| &demand.reached_by) {
                for &neuron in &reach.neurons {
                    let from = senders(reach.source, neuron);
                    ways.fed[to as usize] |= from.is_empty();
                    ways.between.extend(from.into_iter().map(|from| (from, to)));
                }
            }
        }
        ways
    }

    fn fed(&self) -> usize {
        self.fed.iter().filter(|&&fed| fed).count()
    }
}

/// Whether the chip has dead links or routers.
pub(super) fn has_dead(chip: &Chip) -> bool {
    !chip.mesh.dead_links.is_empty() || !chip.mesh.dead_tiles.is_empty()
}

/// The first two cores of a mapping between which packets cross something dead; from the host where
/// there is no first one.
pub(super) fn dead_way(
    meter: &Meter<'_>,
    mapping: &Mapping,
    measured: &Measured,
) -> Option<(Option<CoreId>, CoreId)> {
    let chip = meter.chip;
    if !has_dead(chip) {
        return None;
    }
    let ways = Ways::of_mapping(meter, mapping, measured);
    let seat = |part: usize| mapping.cores[part].core;
    let unfed = (0..mapping.cores.len()).find(|&part| {
        ways.fed[part] && !chip.mesh.connects(chip.host.port, chip.tile_of(seat(part)))
    });
    let apart = || {
        let cores = ways.between.iter().map(|&(a, b)| (seat(a as usize), seat(b as usize)));
        cores.into_iter().find(|&(from, to)| !chip.connects(from, to))
    };
    unfed.map(|part| (None, seat(part))).or_else(|| apart().map(|(from, to)| (Some(from), to)))
}

/// Why parts cannot be placed.
#[derive(Debug)]
pub(super) enum Unplaced {
    /// There are too few cores of some kind.
    Cores,
    /// Every placement has ways over something dead.
    Blocked(Blocked),
}

/// Ways of the best placement found.
#[derive(Debug)]
pub(super) struct Blocked {
    fed: u64,
    between: u64,
    lost: u64,
}

impl Blocked {
    /// The same as a result.
    pub(super) fn misfit(&self, chip: &Chip) -> Box<DoesNotFit> {
        let demand =
            vec![Term::new("from the host", self.fed), Term::new("between cores", self.between)];
        let demand: Vec<Term> = demand.into_iter().filter(|term| term.amount > 0).collect();
        let whole = self.fed + self.between - self.lost;
        let place = format!("`{}`", chip.name);
        let path = "faults and mesh.routing, with the best placement found".to_owned();
        Box::new(DoesNotFit::new(Resource::Ways, place, demand, (whole, path)))
    }
}

/// Moves seats until no way crosses anything dead.
pub(super) fn clear(
    chip: &Chip,
    parts: &[Part],
    ways: &Ways,
    mut seats: Vec<CoreId>,
) -> Result<Vec<CoreId>, Blocked> {
    let mut detour = Detour::new(chip, parts, ways);
    let mut least = usize::MAX;
    for _ in 0..MOVES + MOVES_PER_PART * parts.len() {
        let lost: Vec<usize> = (0..seats.len()).map(|part| detour.lost(&seats, part)).collect();
        let Some(part) = lost.iter().position(|&lost| lost > 0) else { return Ok(seats) };
        least = least.min(detour.all_lost(&seats));
        if !detour.step(&mut seats, part) {
            break;
        }
    }
    Search::new(&mut detour, &seats).solve().ok_or_else(|| Blocked {
        fed: ways.fed() as u64,
        between: ways.between.len() as u64,
        lost: least.max(1) as u64,
    })
}

/// What parts can reach from where.
struct Detour<'a> {
    chip: &'a Chip,
    parts: &'a [Part],
    ways: &'a Ways,
    /// Parts that each one sends to, and hears.
    to: Vec<Vec<u32>>,
    from: Vec<Vec<u32>>,
    /// By tile, those that it reaches; as far as somebody has asked.
    reached: Vec<Option<Vec<bool>>>,
    /// By tile, those that reach it; as far as somebody has asked.
    reaching: Vec<Option<Vec<bool>>>,
}

impl<'a> Detour<'a> {
    fn new(chip: &'a Chip, parts: &'a [Part], ways: &'a Ways) -> Self {
        let tiles = chip.mesh.tiles() as usize;
        let mut to = vec![Vec::new(); parts.len()];
        let mut from = vec![Vec::new(); parts.len()];
        for &(a, b) in ways.between.iter().filter(|(a, b)| a != b) {
            to[a as usize].push(b);
            from[b as usize].push(a);
        }
        let rows = || vec![None; tiles];
        Self { chip, parts, ways, to, from, reached: rows(), reaching: rows() }
    }

    fn tile(&self, core: CoreId) -> usize {
        self.chip.tile_of(core).index()
    }

    /// The tiles that a tile reaches.
    fn reached(&mut self, tile: usize) -> &[bool] {
        let mesh = &self.chip.mesh;
        self.reached[tile].get_or_insert_with(|| {
            let from = TileId::from_index(tile);
            (0..mesh.tiles()).map(|to| mesh.connects(from, TileId(to))).collect()
        })
    }

    /// The tiles that reach a tile.
    fn reaching(&mut self, tile: usize) -> &[bool] {
        let mesh = &self.chip.mesh;
        self.reaching[tile].get_or_insert_with(|| {
            let to = TileId::from_index(tile);
            (0..mesh.tiles()).map(|from| mesh.connects(TileId(from), to)).collect()
        })
    }

    /// Ways from and to a part that cross something dead.
    fn lost(&mut self, seats: &[CoreId], part: usize) -> usize {
        let here = self.tile(seats[part]);
        let tiles = |parts: &[u32]| -> Vec<usize> {
            parts.iter().map(|&other| self.tile(seats[other as usize])).collect()
        };
        let (to, from) = (tiles(&self.to[part]), tiles(&self.from[part]));
        let port = self.chip.host.port.index();
        let host = self.ways.fed[part] && !self.reached(port)[here];
        let reached = self.reached(here);
        let lost = to.iter().filter(|&&tile| !reached[tile]).count();
        let reaching = self.reaching(here);
        lost + from.iter().filter(|&&tile| !reaching[tile]).count() + usize::from(host)
    }

    /// All ways that cross something dead.
    fn all_lost(&mut self, seats: &[CoreId]) -> usize {
        let ways = self.ways;
        let tiles: Vec<usize> = seats.iter().map(|&seat| self.tile(seat)).collect();
        let between = ways.between.iter().filter(|(from, to)| {
            let (from, to) = (tiles[*from as usize], tiles[*to as usize]);
            !self.reached(from)[to]
        });
        let between = between.count();
        let port = self.chip.host.port.index();
        let fed = (0..tiles.len()).filter(|&part| ways.fed[part]);
        between + fed.filter(|&part| !self.reached(port)[tiles[part]]).count()
    }

    /// Moves a part to where the fewest of its ways are lost, near by; says whether it could.
    fn step(&mut self, seats: &mut [CoreId], part: usize) -> bool {
        let mut best: Option<((usize, u32, CoreId), Option<usize>)> = None;
        let home = seats[part];
        let holders: BTreeMap<CoreId, usize> =
            seats.iter().enumerate().map(|(part, &seat)| (seat, part)).collect();
        for core in working(self.chip, self.parts[part].core_type).filter(|&core| core != home) {
            let other = holders.get(&core).copied();
            seats[part] = core;
            if let Some(other) = other {
                seats[other] = home;
            }
            let lost = self.lost(seats, part) + other.map_or(0, |other| self.lost(seats, other));
            seats[part] = home;
            if let Some(other) = other {
                seats[other] = core;
            }
            let far = self.chip.mesh.hops(self.chip.tile_of(home), self.chip.tile_of(core));
            let rank = (lost, far.total(), core);
            if best.is_none_or(|(least, _)| rank < least) {
                best = Some((rank, other));
            }
        }
        let Some(((_, _, core), other)) = best else { return false };
        seats[part] = core;
        if let Some(other) = other {
            seats[other] = home;
        }
        true
    }
}

/// The search over all placements.
struct Search<'d, 'a> {
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
    fn new(detour: &'d mut Detour<'a>, seats: &[CoreId]) -> Self {
        let chip = detour.chip;
        let tiles = chip.mesh.tiles() as usize;
        let mut free = vec![vec![0; tiles]; chip.core_types.len()];
        for (kind, free) in (0..).zip(&mut free) {
            working(chip, kind).for_each(|core| free[chip.tile_of(core).index()] += 1);
        }
        let port = chip.host.port.index();
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
    fn solve(mut self) -> Option<Vec<CoreId>> {
        self.place_next().then(|| {
            let chip = self.detour.chip;
            let mut cores: BTreeMap<(u32, usize), Vec<CoreId>> = BTreeMap::new();
            for kind in 0..chip.core_types.len() as u32 {
                for core in working(chip, kind) {
                    cores.entry((kind, chip.tile_of(core).index())).or_default().push(core);
                }
            }
            let parts = self.detour.parts.iter().zip(&self.chosen);
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
        let mesh = &self.detour.chip.mesh;
        let wish = TileId::from_index(self.wished[part]);
        let open = (0..self.open[part].len()).filter(|&tile| self.open[part][tile]);
        let mut tiles: Vec<(u32, usize)> =
            open.map(|tile| (mesh.hops(wish, TileId::from_index(tile)).total(), tile)).collect();
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
