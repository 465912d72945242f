//! Round-robin arbiters on bit masks, and lists of grants.

/// The first set bit of `mask` at or after `pointer`, going round; `mask` is not zero.
#[inline]
pub(super) fn pick(mask: u64, pointer: u8) -> u32 {
    let pointer = u32::from(pointer);
    (mask.rotate_right(pointer).trailing_zeros() + pointer) & 63
}

/// Set bits of a mask, lowest first.
#[inline]
pub(super) fn bits(mask: u64) -> impl Iterator<Item = u32> {
    let mut rest = mask;
    std::iter::from_fn(move || {
        if rest == 0 {
            return None;
        }
        let bit = rest.trailing_zeros();
        rest &= rest - 1;
        Some(bit)
    })
}

/// One bit per slot of `V` lanes that has any lane in `mask`, at the slot's first lane.
#[inline]
pub(super) fn by_slot<const V: usize>(mask: u64) -> u64 {
    let mut gathered = mask;
    let mut width = 1;
    while width < V {
        gathered |= gathered >> width;
        width *= 2;
    }
    let mut first = 0;
    let mut at = 0;
    while at < 64 {
        first |= 1 << at;
        at += V;
    }
    gathered & first
}

/// Grants of one visit: (in lane, out lane or slot), both counted within the node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grants {
    len: usize,
    pairs: [(u8, u8); 64],
}

impl Default for Grants {
    #[inline]
    fn default() -> Self {
        Self { len: 0, pairs: [(0, 0); 64] }
    }
}

impl Grants {
    #[inline]
    pub(super) fn push(&mut self, from: u32, to: u32) {
        self.pairs[self.len] = (from as u8, to as u8);
        self.len += 1;
    }

    #[inline]
    pub(super) fn any(&self) -> bool {
        self.len > 0
    }

    #[inline]
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, u32)> {
        self.pairs[..self.len].iter().map(|(from, to)| (u32::from(*from), u32::from(*to)))
    }
}
