//! The Hilbert curve over the tiles of a grid.

use crate::mapping::grid::Grid;

/// The slots of all usable tiles in the order of the Hilbert curve, chip by chip.
pub(super) fn hilbert_slots(grid: &Grid) -> Vec<u32> {
    let side = grid.width().max(grid.height()).next_power_of_two();
    let rank = |tile: u32| {
        let (x, y) = grid.position(tile);
        (hilbert_rank(side, x, y), tile)
    };
    let mut slots = grid.slots();
    slots.sort_by_key(|&tile| rank(tile));
    slots
}

/// The position of (x, y) along the Hilbert curve of a square of `side` tiles, a power of two.
fn hilbert_rank(side: u32, mut x: u32, mut y: u32) -> u64 {
    let mut rank = 0;
    let mut s = side / 2;
    while s > 0 {
        let right = u32::from(x & s > 0);
        let low = u32::from(y & s > 0);
        rank += u64::from(s) * u64::from(s) * u64::from((3 * right) ^ low);
        if low == 0 {
            if right == 1 {
                x = (side - 1) - x;
                y = (side - 1) - y;
            }
            std::mem::swap(&mut x, &mut y);
        }
        s /= 2;
    }
    rank
}

#[cfg(test)]
mod tests {
    use super::hilbert_slots;
    use crate::mapping::grid::Grid;

    #[test]
    fn neighbours_on_the_curve_are_neighbours_on_the_mesh() {
        let grid = Grid::mesh(16, 16);
        let slots = hilbert_slots(&grid);
        assert_eq!(slots.len(), 256);
        for pair in slots.windows(2) {
            assert_eq!(grid.distance(pair[0], pair[1]), 1, "{pair:?}");
        }
    }
}
