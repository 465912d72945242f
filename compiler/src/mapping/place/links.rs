//! Taking load off the busiest links.

use super::flow::Traffic;
use crate::mapping::grid::Grid;
use crate::mapping::random::Stream;
use crate::mapping::scores::Placement;

/// Exchanges parts so that the busiest directed link carries less, as long as the hops of all
/// traffic stay below `1 + slack / 1024` times what they were and `effort`, counted in links
/// looked at, lasts.
#[must_use]
pub fn relax_links(
    traffic: &Traffic,
    grid: &Grid,
    placement: &Placement,
    slack: u64,
    effort: u64,
    seed: u64,
) -> Placement {
    let mut loads = Loads::new(traffic, grid, placement);
    let most = loads.hops + (loads.hops as u128 * u128::from(slack) / 1024) as i64;
    let mut random = Stream::new(seed, 10);
    let parts = traffic.parts();
    if parts < 2 {
        return placement.clone();
    }
    while loads.work < effort {
        let (busiest, max) = loads.busiest();
        // Everything above 15/16 of the busiest link is to come down.
        loads.set_bar(max - max / 16);
        let mut better = false;
        for _ in 0..64 * parts {
            if loads.work >= effort {
                break;
            }
            let a = loads.near(busiest, &mut random);
            let b = random.below(parts + loads.free.len());
            if a != b && loads.try_exchange(a, b, most) {
                better = true;
            }
        }
        if !better {
            break;
        }
    }
    Placement { tile: loads.tile }
}

/// Loads of all links under a placement that changes.
pub(super) struct Loads<'a> {
    traffic: &'a Traffic,
    grid: &'a Grid,
    tile: Vec<u32>,
    free: Vec<u32>,
    load: Vec<i64>,
    bar: i64,
    excess: i128,
    hops: i64,
    work: u64,
}

impl<'a> Loads<'a> {
    pub(super) fn new(traffic: &'a Traffic, grid: &'a Grid, placement: &Placement) -> Self {
        let tile = placement.tile.clone();
        let mut free = grid.slots();
        for t in &tile {
            if let Some(i) = free.iter().position(|f| f == t) {
                free.swap_remove(i);
            }
        }
        let load = vec![0; grid.tiles() * 4];
        let (bar, excess) = (i64::MAX / 2, 0);
        let mut loads = Self { traffic, grid, tile, free, load, bar, excess, hops: 0, work: 0 };
        for p in 0..traffic.parts() as u32 {
            for flow in traffic.partners(p) {
                loads.route(p, flow.part, flow.out as i64);
            }
        }
        loads
    }

    pub(super) fn busiest(&self) -> (usize, i64) {
        let links = self.load.iter().copied().enumerate();
        links.max_by_key(|&(i, load)| (load, usize::MAX - i)).unwrap_or((0, 0))
    }

    /// Changes the load above which links count.
    pub(super) fn set_bar(&mut self, bar: i64) {
        self.bar = bar;
        let over = self.load.iter().map(|&load| i128::from((load - bar).max(0)));
        self.excess = over.map(|x| x * x).sum();
    }

    /// Adds `weight` to all links from part `p` to part `q`.
    fn route(&mut self, p: u32, q: u32, weight: i64) {
        let (from, to) = (self.tile[p as usize], self.tile[q as usize]);
        let (load, bar) = (&mut self.load, self.bar);
        let (mut hops, mut excess) = (0, 0_i128);
        self.grid.walk(from, to, |link| {
            let before = (load[link] - bar).max(0);
            load[link] += weight;
            let after = (load[link] - bar).max(0);
            excess += i128::from(after) * i128::from(after);
            excess -= i128::from(before) * i128::from(before);
            hops += 1;
        });
        self.excess += excess;
        self.hops += weight * hops;
        self.work += hops as u64 + 1;
    }

    /// Adds (or takes away, with `sign` -1) all traffic of part `p` but that with part `but`.
    fn route_all(&mut self, p: u32, but: u32, sign: i64) {
        let traffic = self.traffic;
        for flow in traffic.partners(p).iter().filter(|flow| flow.part != but) {
            if flow.out > 0 {
                self.route(p, flow.part, sign * flow.out as i64);
            }
            if flow.back > 0 {
                self.route(flow.part, p, sign * flow.back as i64);
            }
        }
    }

    /// A part with traffic that may cross `link`: one whose tile is in the link's row or column.
    fn near(&self, link: usize, random: &mut Stream) -> usize {
        let (x, y) = self.grid.position(link as u32 / 4);
        for _ in 0..8 {
            let part = random.below(self.tile.len());
            let at = self.grid.position(self.tile[part]);
            if at.0 == x || at.1 == y {
                return part;
            }
        }
        random.below(self.tile.len())
    }

    /// Exchanges two parts (or a part and a free slot) if the load above the bar shrinks, or
    /// stays while hops shrink, and hops stay within `most`.
    fn try_exchange(&mut self, a: usize, b: usize, most: i64) -> bool {
        let (excess, hops) = (self.excess, self.hops);
        self.exchange(a, b);
        let better = self.excess < excess || (self.excess == excess && self.hops < hops);
        if better && self.hops <= most {
            return true;
        }
        self.exchange(a, b);
        false
    }

    pub(super) fn exchange(&mut self, a: usize, b: usize) {
        let parts = self.tile.len();
        self.route_all(a as u32, u32::MAX, -1);
        if b < parts {
            self.route_all(b as u32, a as u32, -1);
            self.tile.swap(a, b);
            self.route_all(b as u32, a as u32, 1);
        } else {
            std::mem::swap(&mut self.tile[a], &mut self.free[b - parts]);
        }
        self.route_all(a as u32, u32::MAX, 1);
    }

    /// Loads of all links, hops, and the squares of what is above the bar.
    #[cfg(test)]
    pub(super) fn figures(&self) -> (&[i64], i64, i128) {
        (&self.load, self.hops, self.excess)
    }

    #[cfg(test)]
    pub(super) fn placement(&self) -> Placement {
        Placement { tile: self.tile.clone() }
    }
}
