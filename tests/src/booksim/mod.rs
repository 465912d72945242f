//! Reference runs of the cycle-accurate router simulator BookSim2, and what ours makes of them.
//!
//! A folder holds `traces_summary.csv` (one row per trace and router setting), and perhaps
//! `curves.csv` (synthetic traffic), `speed.csv`, `traces/NAME.tr.gz` and
//! `packets/NAME__ROUTER.csv.gz`. Traces that are missing are generated from their names.

pub mod clock;
pub mod compare;
pub mod curves;
pub mod folder;
pub mod generate;
pub mod large;
pub mod settings;
pub mod speed;
pub mod table;
