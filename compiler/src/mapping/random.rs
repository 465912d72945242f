//! The search's own stream of random numbers: deterministic, cheap, no transcendental function.

/// A stream of 64-bit draws (SplitMix64: a counter and a mixing function).
#[derive(Clone, Debug)]
pub(crate) struct Stream(u64);

impl Stream {
    /// Starts the stream that belongs to `seed` and `lane`.
    pub(crate) fn new(seed: u64, lane: u64) -> Self {
        let mut stream = Self(seed ^ lane.wrapping_mul(0xD6E8_FEB8_6659_FD93));
        stream.draw();
        stream
    }

    /// The next 64 bits.
    pub(super) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is at least 1.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.draw()) * bound as u128) >> 64) as usize
    }

    /// An exponentially distributed number of mean 1, from plain arithmetic only.
    ///
    /// The fractional part of the logarithm is a cubic that errs by less than 0.002, so machines
    /// whose libraries round differently still walk the same path.
    pub(super) fn exponential(&mut self) -> f64 {
        let bits = self.draw() | 1;
        let zeros = bits.leading_zeros();
        let mantissa = (bits << zeros << 1) >> 12;
        let x = mantissa as f64 / (1_u64 << 52) as f64;
        let log2 = x * (1.424_2 + x * (-0.583_1 + x * 0.158_9));
        (f64::from(zeros) + 1.0 - log2) * std::f64::consts::LN_2
    }

    /// Shuffles `items`.
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}
