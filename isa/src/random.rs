//! Counter-based randomness: Philox4x32-10.
//!
//! A draw is a pure function of who asks, when and for what, never of how many draws came before,
//! so neither mapping nor batching nor threads change it.
//!
//! # Source
//! Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3 (SC 2011).

use serde::{Deserialize, Serialize};

/// What a draw is for; part of the key, so that streams never overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u32)]
pub enum Purpose {
    /// `rand` inside a neuron program; the ordinal is the logical neuron's.
    Neuron = 1,
    /// A stochastic synapse; the ordinal is the logical synapse's.
    Synapse = 2,
    /// Stochastic rounding in a learning rule; the ordinal is the logical synapse's.
    Learning = 3,
    /// Faults: lost packets.
    Fault = 4,
    /// Generated stimuli and traffic.
    Stimulus = 5,
}

/// Who asks and when: the counter of a draw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counter {
    /// Logical neuron or synapse ordinal.
    pub ordinal: u32,
    /// Timestep in the sample.
    pub step: u32,
    /// Sample.
    pub sample: u32,
    /// Which draw of this asker in this step.
    pub draw: u32,
}

/// The four words that Philox4x32-10 gives for a key and a counter.
#[must_use]
pub fn philox(key: [u32; 2], counter: [u32; 4]) -> [u32; 4] {
    const MULTIPLIERS: [u64; 2] = [0xD251_1F53, 0xCD9E_8D57];
    const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
    let mut key = key;
    let mut c = counter;
    for _ in 0..10 {
        let first = MULTIPLIERS[0] * u64::from(c[0]);
        let second = MULTIPLIERS[1] * u64::from(c[2]);
        c = [
            (second >> 32) as u32 ^ c[1] ^ key[0],
            second as u32,
            (first >> 32) as u32 ^ c[3] ^ key[1],
            first as u32,
        ];
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    c
}

/// One 32-bit draw of `purpose` under the run's seed.
#[must_use]
pub fn draw(seed: u32, purpose: Purpose, at: Counter) -> u32 {
    philox([seed, purpose as u32], [at.ordinal, at.step, at.sample, at.draw])[0]
}

#[cfg(test)]
mod tests {
    use super::philox;

    /// Known answers of the authors' Random123 library (kat_vectors, philox4x32 10).
    #[test]
    fn philox_gives_the_authors_known_answers() {
        assert_eq!(philox([0; 2], [0; 4]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(
            philox([u32::MAX; 2], [u32::MAX; 4]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        assert_eq!(
            philox(
                [0xa409_3822, 0x299f_31d0],
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344]
            ),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }
}
