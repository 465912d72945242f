//! Network in, mapped program out: importers (from bytes), passes, verifier, utilisation and
//! does-not-fit results. This crate opens no file and never simulates.

pub mod bias_images;
pub mod codes;
pub mod compile;
mod failure;
pub mod import;
pub mod infeasible;
pub mod layout;
pub mod mapping;
pub mod mapping_file;
pub mod network;
mod options;
pub mod passes;
pub mod planner;
pub mod quantised;
pub mod utilisation;
pub mod verify;
