//! A core for every part: near the parts it talks to and the port that its input enters by.

use std::collections::BTreeMap;

use quarrion_isa::chip::{Chip, LinkClass, Mesh};
use quarrion_isa::id::{CoreId, TileId};

use super::Part;
use super::clear::{Unplaced, Ways, clear, has_dead};
use super::measure::{Measured, Meter};
use super::seats::Seats;
use crate::layout::{CoreMapping, Mapping};
use crate::mapping::{Grid, Traffic, place_traffic, weight};

/// Flows looked at per part and slot.
const PER_PAIR: u64 = 400;

/// Least and most flows looked at.
const WORK: (u64, u64) = (200_000, 200_000_000);

/// Places measured parts, clear of what is dead.
///
/// Kinds of core are placed one after the other, each by the traffic among its own parts.
pub(super) fn place(
    meter: &Meter<'_>,
    parts: &[Part],
    measured: &Measured,
    seed: u64,
) -> Result<Mapping, Unplaced> {
    let flows = Flows::between(meter, parts, measured);
    let mut seats = vec![CoreId(0); parts.len()];
    for kind in 0..meter.chip.core_types.len() as u32 {
        let mine: Vec<usize> = (0..parts.len()).filter(|&p| parts[p].core_type == kind).collect();
        if mine.is_empty() {
            continue;
        }
        let chosen = choose(meter, kind, &flows.among(&mine), seed).ok_or(Unplaced::Cores)?;
        mine.iter().zip(chosen).for_each(|(&part, core)| seats[part] = core);
    }
    if has_dead(meter.chip) {
        let ways = Ways::of_parts(meter, parts, measured);
        seats = clear(meter.chip, parts, &ways, seats).map_err(Unplaced::Blocked)?;
    }
    let held = |(part, core): (&Part, CoreId)| {
        let mut slices = part.slices.clone();
        // Copies stand last, as mapping files have them.
        slices.sort_by_key(|slice| slice.occurrence);
        CoreMapping { core, slices }
    };
    let mut cores: Vec<CoreMapping> = parts.iter().zip(seats).map(held).collect();
    cores.sort_by_key(|core| core.core);
    Ok(Mapping { cores, ..Mapping::default() })
}

/// The cores of a kind that work and whose routers do, the last first.
pub(super) fn working(chip: &Chip, kind: u32) -> impl Iterator<Item = CoreId> + '_ {
    let cores = chip.cores.iter().enumerate().rev();
    let own = cores.filter(move |(_, site)| site.core_type == kind);
    own.filter(|(_, site)| !chip.mesh.is_dead(site.tile))
        .map(|(index, _)| CoreId::from_index(index))
        .filter(|&core| chip.works(core))
}

/// Cores of each kind that work.
pub(super) fn available(chip: &Chip) -> Vec<usize> {
    (0..chip.core_types.len() as u32).map(|kind| working(chip, kind).count()).collect()
}

/// A core of kind `kind` for every part of the traffic.
fn choose(meter: &Meter<'_>, kind: u32, traffic: &Traffic, seed: u64) -> Option<Vec<CoreId>> {
    let mut free: BTreeMap<u32, Vec<CoreId>> = BTreeMap::new();
    for core in working(meter.chip, kind) {
        free.entry(meter.chip.tile_of(core).0).or_default().push(core);
    }
    keep_near(meter, &mut free, NEAR_MIN.max(NEAR * traffic.parts()));
    let grid = grid(meter, &free);
    let pairs = (traffic.parts() * free.len()) as u64;
    let effort = (pairs * PER_PAIR).clamp(WORK.0, WORK.1);
    let placement = place_traffic(traffic, &grid, effort, seed)?;
    placement.tile.iter().map(|tile| free.get_mut(tile)?.pop()).collect()
}

/// Leaves the tiles nearest to the host's port, with at least so many cores: of a large board only
/// a corner is searched, as no part gains by going far from all others and from its input.
fn keep_near(meter: &Meter<'_>, free: &mut BTreeMap<u32, Vec<CoreId>>, cores: usize) {
    let mesh = &meter.chip.mesh;
    let mut tiles: Vec<(u32, u32)> = free
        .keys()
        .map(|&tile| {
            let hops = mesh.hops(meter.chip.host.port, TileId(tile));
            (hops.total() + hops.chip_edge * edge_cost(mesh), tile)
        })
        .collect();
    tiles.sort_unstable();
    let mut kept = 0;
    for (_, tile) in tiles {
        if kept >= cores {
            free.remove(&tile);
        } else {
            kept += free.get(&tile).map_or(0, Vec::len);
        }
    }
}

/// Cores that are looked at in placing: so many a part, and no fewer than the other figure.
const NEAR: usize = 16;
/// See [`NEAR`].
const NEAR_MIN: usize = 256;

/// What the edge of a chip costs more than a hop inside, in such hops.
fn edge_cost(mesh: &Mesh) -> u32 {
    let edge = mesh.link(LinkClass::ChipEdge).latency.0;
    let inside = mesh.link(LinkClass::EastWest).latency.0.max(1);
    (edge / inside).clamp(1, 64) as u32
}

/// The board as the placer sees it.
fn grid(meter: &Meter<'_>, free: &BTreeMap<u32, Vec<CoreId>>) -> Grid {
    let mesh = &meter.chip.mesh;
    let cores: Vec<u32> =
        (0..mesh.tiles()).map(|tile| free.get(&tile).map_or(0, |c| c.len() as u32)).collect();
    Grid::mesh(mesh.board_width(), mesh.board_height()).with_cores(&cores).chips(
        mesh.width,
        mesh.height,
        edge_cost(mesh),
    )
}

/// Packets a step among parts and from the host.
struct Flows {
    port: u32,
    between: Vec<(u32, u32, u64)>,
    host: Vec<u64>,
}

impl Flows {
    fn between(meter: &Meter<'_>, parts: &[Part], measured: &Measured) -> Self {
        // Which copy sends where is known once cores have numbers; until then by parts.
        let slices = parts.iter().map(|part| part.slices.as_slice());
        let ways = |population, neuron| measured.ways(population, neuron);
        let mut seats = Seats::of(meter.network, slices, ways);
        let mut flows =
            Self { port: meter.chip.host.port.0, between: Vec::new(), host: vec![0; parts.len()] };
        let mut sums = vec![0.0; parts.len()];
        for (to, demands) in (0_u32..).zip(&measured.demands) {
            let mut touched = Vec::new();
            for reach in demands.iter().flat_map(|demand| &demand.reached_by) {
                let rates = &meter.rates[reach.source.index()];
                for &neuron in &reach.neurons {
                    let rate = rates[neuron as usize];
                    let Some(from) = seats.sender(reach.source, neuron) else {
                        flows.host[to as usize] += weight(rate);
                        continue;
                    };
                    if sums[from as usize] == 0.0 {
                        touched.push(from);
                    }
                    sums[from as usize] += rate;
                }
            }
            touched.sort_unstable();
            for from in touched {
                let packets = weight(std::mem::take(&mut sums[from as usize]));
                if packets > 0 {
                    flows.between.push((from, to, packets));
                }
            }
        }
        flows
    }

    /// The traffic among some parts only, which are renumbered in their order.
    fn among(&self, mine: &[usize]) -> Traffic {
        let mut number = vec![u32::MAX; self.host.len()];
        for (at, &part) in (0..).zip(mine) {
            number[part] = at;
        }
        let renamed = self.between.iter().filter_map(|&(from, to, packets)| {
            let (from, to) = (number[from as usize], number[to as usize]);
            (from != u32::MAX && to != u32::MAX).then_some((from, to, packets))
        });
        let flows: Vec<(u32, u32, u64)> = renamed.collect();
        let host = mine.iter().map(|&part| self.host[part]).collect();
        Traffic::from_flows(mine.len(), &flows).with_host(self.port, host)
    }
}
