//! Dice for drawing cases: a stream of Philox words under a 64-bit seed.

use quarrion_isa::random::philox;

/// A stream of draws; the same seed gives the same stream on any machine.
#[derive(Clone, Debug)]
pub struct Dice {
    key: [u32; 2],
    drawn: u32,
}

impl Dice {
    /// Starts the stream of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { key: [seed as u32, (seed >> 32) as u32], drawn: 0 }
    }

    /// 32 random bits.
    pub fn word(&mut self) -> u32 {
        self.drawn += 1;
        philox(self.key, [self.drawn, 0, 0, 0])[0]
    }

    /// A number of `low..=high`.
    pub fn range(&mut self, low: i64, high: i64) -> i64 {
        let span = (high - low) as u64 + 1;
        low + ((u64::from(self.word()) * span) >> 32) as i64
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        self.range(0, bound as i64 - 1) as usize
    }

    /// A small count of `low..=high`.
    pub fn count(&mut self, low: u32, high: u32) -> u32 {
        self.range(i64::from(low), i64::from(high)) as u32
    }

    /// Whether an event of so many per cent happens.
    pub fn chance(&mut self, percent: u32) -> bool {
        self.word() % 100 < percent
    }

    /// One of the choices.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// Puts a list into random order.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            list.swap(at, self.below(at + 1));
        }
    }
}
