//! The tiles that parts are placed on: a mesh, chips on it, tiles that must stay empty.

/// A mesh of tiles, counted row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    width: u32,
    height: u32,
    slots: Vec<u32>,
    chip: (u32, u32),
    chip_cost: u32,
}

impl Grid {
    /// A mesh of `width` x `height` tiles on one chip, each with one core.
    #[must_use]
    pub fn mesh(width: u32, height: u32) -> Self {
        let slots = vec![1; (width * height) as usize];
        Self { width, height, slots, chip: (width, height), chip_cost: 0 }
    }

    /// Takes tiles out of use.
    #[must_use]
    pub fn without(mut self, dead: &[u32]) -> Self {
        for &tile in dead {
            if let Some(slots) = self.slots.get_mut(tile as usize) {
                *slots = 0;
            }
        }
        self
    }

    /// Says how many usable cores each tile has; tiles that `cores` does not reach have none.
    #[must_use]
    pub fn with_cores(mut self, cores: &[u32]) -> Self {
        for (tile, slots) in self.slots.iter_mut().enumerate() {
            *slots = cores.get(tile).copied().unwrap_or(0);
        }
        self
    }

    /// Cuts the mesh into chips of `width` x `height` tiles; crossing an edge costs `extra` hops
    /// more than a link inside a chip.
    #[must_use]
    pub fn chips(mut self, width: u32, height: u32, extra: u32) -> Self {
        self.chip = (width.max(1), height.max(1));
        self.chip_cost = extra;
        self
    }

    /// All tiles, usable or not.
    #[must_use]
    pub fn tiles(&self) -> usize {
        self.slots.len()
    }

    /// Tiles per row.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Rows.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    /// One entry per usable core: its tile, ascending.
    #[must_use]
    pub fn slots(&self) -> Vec<u32> {
        let per_tile = (0_u32..).zip(&self.slots);
        per_tile.flat_map(|(tile, &slots)| (0..slots).map(move |_| tile)).collect()
    }

    /// Column and row of the chip that a tile is on.
    #[must_use]
    pub fn chip_of(&self, tile: u32) -> (u32, u32) {
        let (x, y) = self.position(tile);
        (x / self.chip.0, y / self.chip.1)
    }

    /// Hops that crossing a chip edge costs more than a link inside a chip.
    #[must_use]
    pub fn chip_cost(&self) -> u32 {
        self.chip_cost
    }

    /// Column and row of a tile.
    #[must_use]
    pub fn position(&self, tile: u32) -> (u32, u32) {
        (tile % self.width, tile / self.width)
    }

    /// What a packet pays from one tile to another: hops, and extra for each chip edge.
    #[must_use]
    pub fn distance(&self, a: u32, b: u32) -> u32 {
        let ((ax, ay), (bx, by)) = (self.position(a), self.position(b));
        let (chip_a, chip_b) = (self.chip_of(a), self.chip_of(b));
        let edges = chip_a.0.abs_diff(chip_b.0) + chip_a.1.abs_diff(chip_b.1);
        ax.abs_diff(bx) + ay.abs_diff(by) + edges * self.chip_cost
    }

    /// Calls `visit` with each directed link of the XY path: tile x 4 + (east, west, south,
    /// north).
    pub fn walk(&self, from: u32, to: u32, mut visit: impl FnMut(usize)) {
        let ((mut x, mut y), (tx, ty)) = (self.position(from), self.position(to));
        while (x, y) != (tx, ty) {
            let link = (y * self.width + x) as usize * 4;
            if x < tx {
                visit(link);
                x += 1;
            } else if x > tx {
                visit(link + 1);
                x -= 1;
            } else if y < ty {
                visit(link + 2);
                y += 1;
            } else {
                visit(link + 3);
                y -= 1;
            }
        }
    }
}

/// Links in the union of the XY paths from `from` to all of `ends`, which is sorted on the way.
///
/// All paths share the row of the source: the links are the stretch of that row between the
/// outermost columns, and in each column the stretch between the outermost rows.
pub(super) fn tree_links(from: (u32, u32), ends: &mut Vec<(u32, u32)>) -> u64 {
    ends.push(from);
    ends.sort_unstable();
    let mut links = ends[ends.len() - 1].0 - ends[0].0;
    for column in ends.chunk_by(|a, b| a.0 == b.0) {
        links += column[column.len() - 1].1.max(from.1) - column[0].1.min(from.1);
    }
    u64::from(links)
}
