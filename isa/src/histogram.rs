//! Histograms of times and lengths: integer buckets whose width follows the value.
//!
//! Values below 32 have a bucket each; above, every power of two is divided into 32. So a bucket is
//! at most a 32nd of its lower end wide, and two histograms add up exactly.

use serde::{Deserialize, Serialize};

/// Buckets of a power of two.
const PER_OCTAVE: u64 = 32;
/// Bits of a bucket's number within a power of two.
const OCTAVE_BITS: u32 = 5;

/// A histogram of integers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Histogram {
    /// Number of values by bucket; buckets after the last value are left out.
    buckets: Vec<u64>,
    /// Sum of all values.
    sum: u128,
    /// Largest value.
    max: u64,
}

impl Histogram {
    /// Adds a value.
    pub fn add(&mut self, value: u64) {
        let bucket = bucket_of(value);
        if self.buckets.len() <= bucket {
            self.buckets.resize(bucket + 1, 0);
        }
        self.buckets[bucket] += 1;
        self.sum += u128::from(value);
        self.max = self.max.max(value);
    }

    /// Adds all values of another histogram.
    pub fn merge(&mut self, other: &Self) {
        if self.buckets.len() < other.buckets.len() {
            self.buckets.resize(other.buckets.len(), 0);
        }
        self.buckets.iter_mut().zip(&other.buckets).for_each(|(own, more)| *own += more);
        self.sum += other.sum;
        self.max = self.max.max(other.max);
    }

    /// Number of values.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// Largest value; 0 where there is none.
    #[must_use]
    pub fn max(&self) -> u64 {
        self.max
    }

    /// Mean, for display; 0 where there is no value.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.sum as f64 / self.count().max(1) as f64
    }

    /// A value that so many in a thousand do not exceed: the upper end of the bucket in which that
    /// value lies.
    #[must_use]
    pub fn quantile(&self, per_mille: u32) -> u64 {
        let rank = (u128::from(self.count()) * u128::from(per_mille)).div_ceil(1000).max(1);
        let mut passed = 0;
        for (bucket, values) in self.buckets.iter().enumerate() {
            passed += u128::from(*values);
            if passed >= rank {
                return upper_end(bucket).min(self.max);
            }
        }
        self.max
    }

    /// The buckets with values: upper end (included) and number of values.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.spans().map(|(_, up_to, values)| (up_to, values))
    }

    /// The same with the lower end before them: values are above it, but in the first bucket.
    pub fn spans(&self) -> impl Iterator<Item = (u64, u64, u64)> + '_ {
        let filled = self.buckets.iter().enumerate().filter(|(_, values)| **values > 0);
        filled.map(|(bucket, values)| {
            let above = bucket.checked_sub(1).map_or(0, upper_end);
            (above, upper_end(bucket), *values)
        })
    }
}

fn bucket_of(value: u64) -> usize {
    if value < PER_OCTAVE {
        return value as usize;
    }
    let shift = value.ilog2() - OCTAVE_BITS;
    (u64::from(shift) * PER_OCTAVE + (value >> shift)) as usize
}

/// The largest value of a bucket.
fn upper_end(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < PER_OCTAVE {
        return bucket;
    }
    let shift = bucket / PER_OCTAVE - 1;
    let first = (bucket % PER_OCTAVE + PER_OCTAVE) << shift;
    first + ((1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_in_its_bucket_and_buckets_are_narrow() {
        let values = (0..2000).chain([4095, 4096, 1 << 40, u64::MAX / 3, u64::MAX]);
        for value in values {
            let bucket = bucket_of(value);
            let above = upper_end(bucket);
            let below = bucket.checked_sub(1).map(upper_end);
            assert!(above >= value && below.is_none_or(|below| below < value), "{value}");
            assert!(above - value <= value / PER_OCTAVE, "{value} in a bucket up to {above}");
        }
    }

    #[test]
    fn parts_add_up_and_quantiles_are_upper_ends() {
        let (mut whole, mut low, mut high) = <(Histogram, Histogram, Histogram)>::default();
        for value in 1..=1000 {
            whole.add(value);
            if value <= 400 { low.add(value) } else { high.add(value) }
        }
        low.merge(&high);
        assert_eq!(low, whole);
        assert_eq!((whole.count(), whole.max(), whole.quantile(1000)), (1000, 1000, 1000));
        assert_eq!(whole.buckets().map(|(_, values)| values).sum::<u64>(), 1000);
        let half = whole.quantile(500);
        assert!((500..=500 + 500 / PER_OCTAVE).contains(&half), "{half}");
        assert_eq!(Histogram::default().quantile(500), 0);
    }
}
