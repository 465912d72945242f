//! What a packet costs: nothing but its existence, the way it goes, or the links it shares.

use super::bits::ones;
use crate::mapping::grid::{Grid, tree_links};
use crate::mapping::scores::Placement;

/// What one net costs per unit of its weight.
#[derive(Clone)]
pub(in crate::mapping) enum Metric {
    /// One for every part reached that is not the source's.
    Parts,
    /// For every part reached, what the row of the source's part says; the diagonal is 0.
    Table {
        /// Parts per row.
        width: usize,
        /// Costs, row by row.
        cost: Vec<u32>,
    },
    /// `packet` for every part reached and `hop` for every link in the union of the XY paths.
    Tree {
        /// Column and row of each part.
        spots: Vec<(u32, u32)>,
        /// What a part reached costs.
        packet: u32,
        /// What a link costs.
        hop: u32,
    },
}

impl Metric {
    /// `base` for the packet itself and `per_hop` for every hop between the parts' tiles.
    pub(in crate::mapping) fn hops(
        placement: &Placement,
        grid: &Grid,
        base: u32,
        per_hop: u32,
    ) -> Self {
        let tiles = &placement.tile;
        let width = tiles.len();
        let mut cost = Vec::with_capacity(width * width);
        for (i, &a) in tiles.iter().enumerate() {
            for (j, &b) in tiles.iter().enumerate() {
                cost.push(if i == j { 0 } else { base + per_hop * grid.distance(a, b) });
            }
        }
        Self::Table { width, cost }
    }

    /// The XY trees between the parts' tiles.
    pub(in crate::mapping) fn tree(
        placement: &Placement,
        grid: &Grid,
        packet: u32,
        hop: u32,
    ) -> Self {
        let spots = placement.tile.iter().map(|&tile| grid.position(tile)).collect();
        Self::Tree { spots, packet, hop }
    }

    /// What one packet from part `from` to part `to` costs when nothing is shared.
    pub(super) fn distance(&self, from: usize, to: usize) -> i64 {
        match self {
            Self::Parts => i64::from(from != to),
            Self::Table { width, cost } => i64::from(cost[from * width + to]),
            Self::Tree { spots, packet, hop } => {
                let (a, b) = (spots[from], spots[to]);
                let hops = a.0.abs_diff(b.0) + a.1.abs_diff(b.1);
                i64::from(from != to) * i64::from(*packet) + i64::from(hops) * i64::from(*hop)
            }
        }
    }

    /// What a net of weight one costs from `home` to the parts whose bits are set.
    pub(super) fn net_cost(&self, home: usize, reached: &[u64]) -> i64 {
        let Self::Tree { spots, packet, hop } = self else {
            return ones(reached).map(|p| self.distance(home, p)).sum();
        };
        let mut ends: Vec<(u32, u32)> =
            ones(reached).filter(|&p| p != home).map(|p| spots[p]).collect();
        let parts = ends.len() as i64;
        let links = tree_links(spots[home], &mut ends) as i64;
        parts * i64::from(*packet) + links * i64::from(*hop)
    }
}
