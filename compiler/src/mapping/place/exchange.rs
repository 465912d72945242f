//! Exchange of parts between slots, with incremental evaluation of the hops.

use super::flow::Traffic;
use crate::mapping::grid::Grid;
use crate::mapping::random::Stream;
use crate::mapping::scores::Placement;

/// Nobody is in this slot.
const EMPTY: u32 = u32::MAX;

/// Column, row and chip of a tile.
#[derive(Clone, Copy, Default)]
struct Spot {
    x: i32,
    y: i32,
    chip_x: i32,
    chip_y: i32,
}

/// A placement under search.
#[derive(Clone)]
pub(in crate::mapping) struct Exchange<'a> {
    traffic: &'a Traffic,
    slots: &'a [u32],
    spots: Vec<Spot>,
    port: Spot,
    extra: i64,
    slot_of: Vec<u32>,
    spot_of: Vec<Spot>,
    item_at: Vec<u32>,
    cost: i64,
}

impl<'a> Exchange<'a> {
    /// Puts the parts into the slots in `order`, where the largest number is an empty slot.
    pub(in crate::mapping) fn new(
        traffic: &'a Traffic,
        grid: &Grid,
        slots: &'a [u32],
        order: &[u32],
    ) -> Self {
        let spot = |&tile: &u32| {
            let ((x, y), (chip_x, chip_y)) = (grid.position(tile), grid.chip_of(tile));
            Spot { x: x as i32, y: y as i32, chip_x: chip_x as i32, chip_y: chip_y as i32 }
        };
        let mut exchange = Self {
            traffic,
            slots,
            spots: slots.iter().map(spot).collect(),
            port: spot(&traffic.port()),
            extra: i64::from(grid.chip_cost()),
            slot_of: vec![EMPTY; traffic.parts()],
            spot_of: vec![Spot::default(); traffic.parts()],
            item_at: vec![EMPTY; slots.len()],
            cost: 0,
        };
        for (slot, &part) in order.iter().enumerate() {
            if part == EMPTY {
                continue;
            }
            exchange.slot_of[part as usize] = slot as u32;
            exchange.spot_of[part as usize] = exchange.spots[slot];
            exchange.item_at[slot] = part;
        }
        exchange.cost = exchange.count_cost();
        exchange
    }

    /// Puts the parts where a placement says, each into a free slot of its tile.
    pub(in crate::mapping) fn from_placement(
        traffic: &'a Traffic,
        grid: &Grid,
        slots: &'a [u32],
        placement: &Placement,
    ) -> Option<Self> {
        let mut free = vec![true; slots.len()];
        let mut order = vec![EMPTY; slots.len()];
        for (part, &tile) in (0_u32..).zip(&placement.tile) {
            let slot = (0..slots.len()).find(|&s| free[s] && slots[s] == tile)?;
            free[slot] = false;
            order[slot] = part;
        }
        Some(Self::new(traffic, grid, slots, &order))
    }

    /// Links crossed per step, in 1 / `WEIGHT_ONE`.
    pub(in crate::mapping) fn cost(&self) -> i64 {
        self.cost
    }

    /// The tile of each part.
    pub(in crate::mapping) fn placement(&self) -> Placement {
        Placement { tile: self.slot_of.iter().map(|&s| self.slots[s as usize]).collect() }
    }

    fn count_cost(&self) -> i64 {
        let parts = 0..self.traffic.parts() as u32;
        let spot = |p: u32| self.spot_of[p as usize];
        let host: i64 = parts.clone().map(|p| self.host_pull(p, spot(p))).sum();
        (parts.map(|p| self.pull(p, spot(p), EMPTY)).sum::<i64>() + host) / 2
    }

    fn distance(&self, a: Spot, b: Spot) -> i64 {
        let hops = a.x.abs_diff(b.x) + a.y.abs_diff(b.y);
        let edges = a.chip_x.abs_diff(b.chip_x) + a.chip_y.abs_diff(b.chip_y);
        i64::from(hops) + i64::from(edges) * self.extra
    }

    /// What the traffic of part `p` costs from `spot`, that with `but` left out.
    fn pull(&self, p: u32, spot: Spot, but: u32) -> i64 {
        let mut sum = self.host_pull(p, spot);
        for flow in self.traffic.partners(p) {
            if flow.part != but {
                let distance = self.distance(spot, self.spot_of[flow.part as usize]);
                sum += flow.both() as i64 * distance;
            }
        }
        sum
    }

    /// What the host's packets to part `p` cost at `spot`.
    fn host_pull(&self, p: u32, spot: Spot) -> i64 {
        self.traffic.host_packets(p) as i64 * self.distance(spot, self.port)
    }

    /// Change of the cost when the part in slot `s` and whoever is in slot `t` change places.
    fn judge(&self, s: usize, t: usize) -> i64 {
        let (here, there) = (self.spots[s], self.spots[t]);
        let (a, b) = (self.item_at[s], self.item_at[t]);
        let mut change = 0;
        if a != EMPTY {
            change += self.pull(a, there, b) - self.pull(a, here, b);
        }
        if b != EMPTY {
            change += self.pull(b, here, a) - self.pull(b, there, a);
        }
        change
    }

    fn swap(&mut self, s: usize, t: usize, change: i64) {
        self.item_at.swap(s, t);
        for slot in [s, t] {
            let item = self.item_at[slot];
            if item != EMPTY {
                self.slot_of[item as usize] = slot as u32;
                self.spot_of[item as usize] = self.spots[slot];
            }
        }
        self.cost += change;
    }

    /// Exchanges a random part with whoever is in a random slot; the change of the cost.
    #[cfg(test)]
    pub(super) fn exchange_at_random(&mut self, random: &mut Stream) -> i64 {
        let s = self.slot_of[random.below(self.slot_of.len())] as usize;
        let t = random.below(self.slots.len());
        let change = if s == t { 0 } else { self.judge(s, t) };
        self.swap(s, t, change);
        change
    }

    /// Anneals for about `effort` flows looked at, then descends.
    pub(in crate::mapping) fn anneal(&mut self, random: &mut Stream, effort: u64, hot: f64) {
        let parts = self.traffic.parts();
        let slots = self.slots.len();
        let (partners, total) = self.traffic.total();
        if parts == 0 || slots < 2 || partners == 0 {
            return;
        }
        let per_move = 4 * (partners / parts) as u64 + 8;
        let mean = total as f64 / partners as f64;
        let ratio = COLD / hot;
        let rate = (0..BLOCKS_LOG2).fold(ratio, |r, _| r.sqrt());
        let mut temperature = mean * hot;
        for _ in 0..1 << BLOCKS_LOG2 {
            for _ in 0..(effort / per_move) >> BLOCKS_LOG2 {
                let s = self.slot_of[random.below(parts)] as usize;
                let t = random.below(slots);
                if s == t {
                    continue;
                }
                let change = self.judge(s, t);
                if change <= 0 || (change as f64) < temperature * random.exponential() {
                    self.swap(s, t, change);
                }
            }
            temperature *= rate;
        }
        self.descend(effort / 2);
    }

    /// Exchanges as long as any exchange improves and `effort` lasts.
    pub(in crate::mapping) fn descend(&mut self, effort: u64) {
        let slots = self.slots.len();
        let (partners, _) = self.traffic.total();
        let per_exchange = 4 * (partners / self.traffic.parts().max(1)) as u64 + 8;
        let mut work = 0;
        loop {
            let before = self.cost;
            for s in 0..slots {
                work += per_exchange * (slots - s) as u64;
                if work > effort {
                    return;
                }
                for t in s + 1..slots {
                    let change = self.judge(s, t);
                    if change < 0 {
                        self.swap(s, t, change);
                    }
                }
            }
            if self.cost == before {
                return;
            }
        }
    }
}

/// Blocks of equal temperature, as a power of two.
const BLOCKS_LOG2: u32 = 8;
/// Last temperature, in mean flows between two parts.
const COLD: f64 = 0.02;
