//! Placements clear of what is dead: no packet crosses a dead link or router.
//!
//! First parts with lost ways are moved, or exchanged, one at a time, which keeps most of a good
//! placement. Where that ends in nothing, parts are tried on tile after tile, the part with the
//! fewest tiles left first; few parts are tried on all tiles, so that "does not fit" is proved.

mod search;

use std::collections::{BTreeMap, BTreeSet};

use quarrion_isa::chip::Chip;
use quarrion_isa::id::{CoreId, PopulationId, TileId};

use super::Part;
use super::measure::{Measured, Meter};
use super::place::working;
use super::seats::Seats;
use crate::infeasible::{DoesNotFit, Resource, Term};
use crate::layout::Mapping;
use search::Search;

/// Moves of parts that are tried without fewer ways being lost.
const MOVES: usize = 32;

/// Cores that are looked at, nearest to the host's port first, beside a multiple of the parts.
const NEAR: usize = 1024;
/// See [`NEAR`].
const NEAR_PER_PART: usize = 16;

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

    /// Whether none of them crosses anything dead.
    fn whole(&self, chip: &Chip, seats: &[CoreId]) -> bool {
        let tile = |part: u32| chip.tile_of(seats[part as usize]);
        let mut fed = (0..seats.len() as u32).filter(|&part| self.fed[part as usize]);
        fed.all(|part| chip.mesh.connects(chip.host.port, tile(part)))
            && self.between.iter().all(|&(a, b)| chip.mesh.connects(tile(a), tile(b)))
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
    if ways.whole(chip, &seats) {
        return Ok(seats);
    }
    let mut detour = Detour::new(chip, parts, ways, &seats);
    let (mut least, mut in_vain) = (usize::MAX, 0);
    while in_vain < MOVES {
        let first = (0..seats.len()).find(|&part| detour.lost(&seats, part) > 0);
        let Some(part) = first else { return Ok(seats) };
        let all = detour.all_lost(&seats);
        in_vain = if all < least { 0 } else { in_vain + 1 };
        least = least.min(all);
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
    /// The tiles that parts may lie on, in order, and the host's port; elsewhere a tile goes by its
    /// position here.
    field: Vec<TileId>,
    /// By kind, the working cores on them.
    cores: Vec<Vec<CoreId>>,
    /// By tile, those that it reaches; as far as somebody has asked.
    reached: Vec<Option<Vec<bool>>>,
    /// By tile, those that reach it; as far as somebody has asked.
    reaching: Vec<Option<Vec<bool>>>,
}

/// The tiles of the seats and of enough cores of every kind near the host's port, in order.
fn field(chip: &Chip, seats: &[CoreId]) -> Vec<TileId> {
    let port = chip.host.port;
    let mut tiles: Vec<TileId> = seats.iter().map(|&seat| chip.tile_of(seat)).collect();
    tiles.push(port);
    for kind in 0..chip.core_types.len() as u32 {
        let mut near: Vec<TileId> = working(chip, kind).map(|core| chip.tile_of(core)).collect();
        near.sort_by_cached_key(|&tile| (chip.mesh.hops(port, tile).total(), tile));
        near.truncate(NEAR + NEAR_PER_PART * seats.len());
        tiles.extend(near);
    }
    tiles.sort_unstable();
    tiles.dedup();
    tiles
}

impl<'a> Detour<'a> {
    fn new(chip: &'a Chip, parts: &'a [Part], ways: &'a Ways, seats: &[CoreId]) -> Self {
        let field = field(chip, seats);
        let tiles = field.len();
        let mut to = vec![Vec::new(); parts.len()];
        let mut from = vec![Vec::new(); parts.len()];
        for &(a, b) in ways.between.iter().filter(|(a, b)| a != b) {
            to[a as usize].push(b);
            from[b as usize].push(a);
        }
        let rows = || vec![None; tiles];
        let within = |core: &CoreId| field.binary_search(&chip.tile_of(*core)).is_ok();
        let kinds = 0..chip.core_types.len() as u32;
        let cores = kinds.map(|kind| working(chip, kind).filter(within).collect()).collect();
        Self { chip, parts, ways, to, from, field, cores, reached: rows(), reaching: rows() }
    }

    /// The tile of a core of the field.
    fn tile(&self, core: CoreId) -> usize {
        self.field.partition_point(|&tile| tile < self.chip.tile_of(core))
    }

    /// The tile of the host's port.
    fn port(&self) -> usize {
        self.field.partition_point(|&tile| tile < self.chip.host.port)
    }

    /// The tiles that a tile reaches.
    fn reached(&mut self, tile: usize) -> &[bool] {
        let mesh = &self.chip.mesh;
        self.reached[tile].get_or_insert_with(|| {
            let from = self.field[tile];
            self.field.iter().map(|&to| mesh.connects(from, to)).collect()
        })
    }

    /// The tiles that reach a tile.
    fn reaching(&mut self, tile: usize) -> &[bool] {
        let mesh = &self.chip.mesh;
        self.reaching[tile].get_or_insert_with(|| {
            let to = self.field[tile];
            self.field.iter().map(|&from| mesh.connects(from, to)).collect()
        })
    }

    /// Ways from and to a part that cross something dead.
    fn lost(&mut self, seats: &[CoreId], part: usize) -> usize {
        let here = self.tile(seats[part]);
        let tiles = |parts: &[u32]| -> Vec<usize> {
            parts.iter().map(|&other| self.tile(seats[other as usize])).collect()
        };
        let (to, from) = (tiles(&self.to[part]), tiles(&self.from[part]));
        let port = self.port();
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
        let port = self.port();
        let fed = (0..tiles.len()).filter(|&part| ways.fed[part]);
        between + fed.filter(|&part| !self.reached(port)[tiles[part]]).count()
    }

    /// Moves a part to where the fewest of its ways are lost, near by; says whether it could.
    fn step(&mut self, seats: &mut [CoreId], part: usize) -> bool {
        let mut best: Option<((usize, u32, CoreId), Option<usize>)> = None;
        let home = seats[part];
        let holders: BTreeMap<CoreId, usize> =
            seats.iter().enumerate().map(|(part, &seat)| (seat, part)).collect();
        let cores = std::mem::take(&mut self.cores[self.parts[part].core_type as usize]);
        for &core in cores.iter().filter(|&&core| core != home) {
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
        self.cores[self.parts[part].core_type as usize] = cores;
        let Some(((_, _, core), other)) = best else { return false };
        seats[part] = core;
        if let Some(other) = other {
            seats[other] = home;
        }
        true
    }
}
