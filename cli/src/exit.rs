//! Exit codes: a script can tell a bad file from a network that does not fit.

/// All went well.
pub const GOOD: u8 = 0;
/// A fault of Quarrion itself.
pub const OUR_BUG: u8 = 1;
/// The command line or a file that it names is wrong.
pub const BAD_INPUT: u8 = 2;
/// Everything is valid, but the network does not fit the chip.
pub const DOES_NOT_FIT: u8 = 3;
/// A limit given by the user or the chip was reached.
pub const LIMIT_REACHED: u8 = 4;
/// A comparison found a difference.
pub const DIFFERS: u8 = 5;
/// Interrupted from the keyboard.
pub const INTERRUPTED: u8 = 130;
