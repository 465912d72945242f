//! A core for every part: near the parts it talks to and the port that its input enters by.

use std::collections::BTreeMap;

use quarrion_isa::chip::LinkClass;
use quarrion_isa::id::CoreId;

use super::Part;
use super::measure::{Measured, Meter};
use crate::layout::{CoreMapping, Mapping};
use crate::mapping::{Grid, Traffic, place_traffic, weight};

/// Flows looked at per part and slot.
const PER_PAIR: u64 = 400;

/// Least and most flows looked at.
const WORK: (u64, u64) = (200_000, 200_000_000);

/// Places measured parts; `None` where there are too few cores of some kind.
///
/// Kinds of core are placed one after the other, each by the traffic among its own parts.
pub(super) fn place(
    meter: &Meter<'_>,
    parts: &[Part],
    measured: &Measured,
    seed: u64,
) -> Option<Mapping> {
    let flows = Flows::between(meter, parts, measured);
    let mut cores = Vec::with_capacity(parts.len());
    for kind in 0..meter.chip.core_types.len() as u32 {
        let mine: Vec<usize> = (0..parts.len()).filter(|&p| parts[p].core_type == kind).collect();
        if mine.is_empty() {
            continue;
        }
        for (&part, core) in mine.iter().zip(seats(meter, kind, &flows.among(&mine), seed)?) {
            cores.push(CoreMapping { core, slices: parts[part].slices.clone() });
        }
    }
    cores.sort_by_key(|core| core.core);
    Some(Mapping { cores })
}

/// A core of kind `kind` for every part of the traffic.
fn seats(meter: &Meter<'_>, kind: u32, traffic: &Traffic, seed: u64) -> Option<Vec<CoreId>> {
    let mut free: BTreeMap<u32, Vec<CoreId>> = BTreeMap::new();
    for (index, site) in meter.chip.cores.iter().enumerate().rev() {
        if site.core_type == kind {
            free.entry(site.tile.0).or_default().push(CoreId::from_index(index));
        }
    }
    let grid = grid(meter, &free);
    let pairs = (traffic.parts() * free.len()) as u64;
    let effort = (pairs * PER_PAIR).clamp(WORK.0, WORK.1);
    let placement = place_traffic(traffic, &grid, effort, seed)?;
    placement.tile.iter().map(|tile| free.get_mut(tile)?.pop()).collect()
}

/// The board as the placer sees it.
fn grid(meter: &Meter<'_>, free: &BTreeMap<u32, Vec<CoreId>>) -> Grid {
    let mesh = &meter.chip.mesh;
    let cores: Vec<u32> =
        (0..mesh.tiles()).map(|tile| free.get(&tile).map_or(0, |c| c.len() as u32)).collect();
    let edge = mesh.link(LinkClass::ChipEdge).latency.0;
    let inside = mesh.link(LinkClass::EastWest).latency.0.max(1);
    let extra = (edge / inside).clamp(1, 64) as u32;
    Grid::mesh(mesh.board_width(), mesh.board_height()).with_cores(&cores).chips(
        mesh.width,
        mesh.height,
        extra,
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
        let sizes = meter.network.populations.iter().map(|p| vec![u32::MAX; p.size as usize]);
        let mut homes: Vec<Vec<u32>> = sizes.collect();
        for (at, part) in (0..).zip(parts) {
            for slice in &part.slices {
                let homes = &mut homes[slice.population.index()];
                slice.neurons().for_each(|neuron| homes[neuron as usize] = at);
            }
        }
        let mut flows =
            Self { port: meter.chip.host.port.0, between: Vec::new(), host: vec![0; parts.len()] };
        let mut sums = vec![0.0; parts.len()];
        for (to, demands) in (0_u32..).zip(&measured.demands) {
            let mut touched = Vec::new();
            for reach in demands.iter().flat_map(|demand| &demand.reached_by) {
                let rates = &meter.rates[reach.source.index()];
                let homes = &homes[reach.source.index()];
                for &neuron in &reach.neurons {
                    let rate = rates[neuron as usize];
                    let Some(sum) = sums.get_mut(homes[neuron as usize] as usize) else {
                        flows.host[to as usize] += weight(rate);
                        continue;
                    };
                    if *sum == 0.0 {
                        touched.push(homes[neuron as usize]);
                    }
                    *sum += rate;
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
