//! A run is a folder: manifest, record, summary and tables.
//!
//! The folder is written under a temporary name beside its place and renamed when it is whole. What
//! is under the name is therefore always a whole run; after a failure nothing is left.

mod packets;
mod read;
mod tables;
mod write;

pub use packets::write_packets;
pub use read::{StoredRun, load_activity, load_run};
pub use tables::write_links;
pub use write::{Existing, RunFolder, SpikeRow};

/// Manifest of a run folder.
pub(crate) const MANIFEST: &str = "manifest.json";
/// Record of a run folder.
pub(crate) const RECORD: &str = "record.json";
/// Summary of a run folder.
pub(crate) const SUMMARY: &str = "summary.json";
/// Resolved chip description of a run folder.
pub(crate) const CHIP: &str = "chip.ron";
/// Stored activity of a run folder, where it was asked for.
pub(crate) const ACTIVITY: &str = "activity.bin";

#[cfg(test)]
mod tests;
