//! Which lanes to look at, by stretch of time: a bit map for each of the next stretches; what lies
//! further ahead waits in lists.

use crate::mesh::far::Far;

/// Most stretches with a map; what lies further ahead waits. Their bits fill a word.
const MOST: u64 = 64;

/// Lanes to look at.
#[derive(Debug)]
pub(super) struct Looks {
    /// Exponent of a stretch's ticks.
    pub(super) shift: u32,
    /// Maps minus one.
    mask: u64,
    /// Words of one map, and the exponent of how far maps lie apart.
    words: usize,
    apart: u32,
    /// One bit per lane.
    maps: Vec<u64>,
    /// Maps with anything in them.
    occupied: u64,
    far: Far<u32>,
    /// Kept for its memory.
    moved: Vec<(u64, u32)>,
    /// The stretch that is being worked on.
    now: u64,
}

impl Looks {
    /// For so many lanes, and looks that mostly lie less than `reach` ticks ahead; a stretch has
    /// `1 << shift` ticks.
    pub(super) fn new(lanes: usize, reach: u64, shift: u32) -> Self {
        let maps = ((reach >> shift) + 2).clamp(16, MOST).next_power_of_two();
        let words = lanes.div_ceil(64);
        Self {
            shift,
            mask: maps - 1,
            words,
            apart: words.next_power_of_two().trailing_zeros(),
            maps: vec![0; words.next_power_of_two() * maps as usize],
            occupied: 0,
            far: Far::new(maps.trailing_zeros() - 1),
            moved: Vec::new(),
            now: 0,
        }
    }

    /// Forgets everything and goes back to tick 0.
    pub(super) fn rewind(&mut self) {
        self.far.rewind();
        if self.occupied != 0 {
            self.occupied = 0;
            self.maps.fill(0);
        }
        self.now = 0;
    }

    /// Words of a map.
    pub(super) fn words(&self) -> usize {
        self.words
    }

    /// Has a lane looked at in the stretch of a tick.
    #[inline(always)]
    pub(super) fn at(&mut self, tick: u64, lane: u32) {
        self.set(tick, lane, 1);
    }

    /// The same if `wanted` is 1; nothing if it is 0.
    #[inline(always)]
    pub(super) fn set(&mut self, tick: u64, lane: u32, wanted: u64) {
        let stretch = if wanted == 1 { tick >> self.shift } else { self.now };
        if stretch.wrapping_sub(self.now) > self.mask {
            self.far.push(stretch, lane);
            return;
        }
        let slot = stretch & self.mask;
        self.occupied |= wanted << slot;
        let word = self.word(slot, lane as usize / 64);
        self.maps[word] |= wanted << (lane % 64);
    }

    #[inline]
    fn word(&self, slot: u64, word: usize) -> usize {
        (slot as usize) << self.apart | word
    }

    /// The first tick of the next stretch with anything to look at.
    #[inline]
    pub(super) fn next(&self) -> Option<u64> {
        let next = self.next_near().unwrap_or(u64::MAX).min(self.far.next());
        (next != u64::MAX).then_some(next << self.shift)
    }

    /// Steps to the next stretch with anything to look at.
    #[inline]
    pub(super) fn advance(&mut self, tick: u64) {
        self.now = tick >> self.shift;
        let mut far = std::mem::take(&mut self.moved);
        self.far.hand_out(self.now, &mut far);
        for (stretch, lane) in far.drain(..) {
            self.set(stretch << self.shift, lane, 1);
        }
        self.moved = far;
        self.occupied &= !(1 << (self.now & self.mask));
    }

    /// Takes one word of the map that is being worked on.
    #[inline]
    pub(super) fn take_word(&mut self, word: usize) -> u64 {
        let word = self.word(self.now & self.mask, word);
        std::mem::take(&mut self.maps[word])
    }

    /// Takes the bits of `mask` from one word of the map that is being worked on.
    #[inline]
    pub(super) fn take(&mut self, word: usize, mask: u64) -> u64 {
        let word = self.word(self.now & self.mask, word);
        let taken = self.maps[word] & mask;
        self.maps[word] &= !mask;
        taken
    }

    #[inline]
    fn next_near(&self) -> Option<u64> {
        if self.occupied == 0 {
            return None;
        }
        let start = self.now & self.mask;
        let (after, before) = (self.occupied >> start, self.occupied);
        let distance = match after {
            0 => u64::from(before.trailing_zeros()) + self.mask + 1 - start,
            _ => u64::from(after.trailing_zeros()),
        };
        Some(self.now + distance)
    }
}
