//! Network in, mapped program out: importers (from bytes), passes, verifier, utilisation and
//! does-not-fit results. This crate opens no file and never simulates.

pub mod codes;
pub mod import;
pub mod mapping;
pub mod network;
