//! Codes of the diagnostics on reading chip files.

use quarrion_isa::diagnostic::CodeEntry;

/// Every code of this crate with its explanation.
pub const CODES: &[CodeEntry] = &[];
