//! Quantities as integers: picoseconds, attojoules, picowatts.
//!
//! Decimal figures appear in chip files and on the screen only. They are converted once, here, and
//! every sum after that is exact (invariant: count integers, price once).

use serde::{Deserialize, Serialize};

/// Declares an integer quantity with its sum and its conversion from a decimal figure.
macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident($int:ty), $per:literal, $figure:literal) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize,
            Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub $int);

        impl $name {
            /// Zero of this quantity.
            pub const ZERO: Self = Self(0);

            #[doc = concat!("Converts a decimal figure in ", $figure, ", rounded to nearest.")]
            ///
            /// Returns `None` for a figure that is negative, not finite or too large to count.
            #[must_use]
            pub fn from_decimal(figure: f64) -> Option<Self> {
                let scaled = (figure * $per).round();
                (figure >= 0.0 && scaled < 9.0e18).then_some(Self(scaled as $int))
            }

            #[doc = concat!("The quantity as a decimal figure in ", $figure, ", for display only.")]
            #[must_use]
            pub fn to_decimal(self) -> f64 {
                self.0 as f64 / $per
            }
        }

        impl std::ops::Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }

        impl std::ops::AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                self.0 += other.0;
            }
        }

        impl std::iter::Sum for $name {
            fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
                items.fold(Self::ZERO, |total, item| total + item)
            }
        }
    };
}

quantity!(
    /// Simulated time in picoseconds.
    ///
    /// # Units
    /// ps
    Picoseconds(u64), 1.0e3, "nanoseconds"
);
quantity!(
    /// Energy in attojoules; sums of a run need 128 bits.
    ///
    /// # Units
    /// aJ (10^-18 J)
    Attojoules(u128), 1.0e6, "picojoules"
);
quantity!(
    /// Static power in picowatts.
    ///
    /// # Units
    /// pW (10^-12 W)
    Picowatts(u64), 1.0e9, "milliwatts"
);

impl Picowatts {
    /// The energy that this power draws over `time`, rounded down to whole attojoules.
    ///
    /// # Units
    /// pW x ps = 10^-24 J, so a million of them make an attojoule.
    #[must_use]
    pub fn over(self, time: Picoseconds) -> Attojoules {
        Attojoules(u128::from(self.0) * u128::from(time.0) / 1_000_000)
    }
}
