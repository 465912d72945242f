//! The codes of messages about run folders.

use quarrion_isa::diagnostic::CodeEntry;

/// All codes of this crate, in order.
pub const CODES: &[CodeEntry] = &[
    entry(
        "QR001",
        "the run folder exists already",
        "A run is never mixed with another one. Name another folder, or give --force to \
         replace the old run once the new one is whole.",
    ),
    entry(
        "QR002",
        "the run folder cannot be written",
        "The folder above it does not exist or may not be written, or the disk is full. A run \
         folder is written under a temporary name beside its place and renamed at the end, so \
         that a failure leaves nothing half written.",
    ),
    entry(
        "QR003",
        "not a run folder",
        "A run folder has a manifest.json of format quarrion-run. --force replaces run \
         folders only, so that a mistyped name never removes anything else.",
    ),
    entry(
        "QR004",
        "a run folder of another version",
        "A reader refuses what it does not know. Run the network again, or use the version of \
         Quarrion that the manifest names.",
    ),
    entry(
        "QR005",
        "the run folder is damaged",
        "A file of the folder is missing, cut off or edited by hand. Run the network again.",
    ),
    entry(
        "QR006",
        "the run folder holds no activity",
        "Timing a run again needs the record of what every core did in every timestep. It is \
         large, so a run keeps it only when it is asked to: run --out DIR --save-activity.",
    ),
];

const fn entry(code: &'static str, title: &'static str, explanation: &'static str) -> CodeEntry {
    CodeEntry { code, title, explanation }
}
