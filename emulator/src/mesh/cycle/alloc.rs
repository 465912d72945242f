//! Round-robin picks on bit masks, the one arbiter of both engines.

/// The first set bit of `mask` at or after `pointer`, going round; `mask` is not zero.
#[inline]
pub(in crate::mesh) fn pick(mask: u64, pointer: u8) -> u32 {
    let pointer = u32::from(pointer);
    (mask.rotate_right(pointer).trailing_zeros() + pointer) & 63
}

/// Set bits of a mask, lowest first.
#[inline]
pub(in crate::mesh) fn bits(mask: u64) -> impl Iterator<Item = u32> {
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
