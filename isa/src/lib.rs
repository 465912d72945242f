//! What a neuromorphic chip *is* and what runs on it.
//!
//! Everything that the compiler and the engines must agree about lives here and nowhere else: the
//! chip description and its rules, neuron programs, delivery arithmetic, synapse formats, the
//! mapped program and its container, the activity record, event kinds, prices and diagnostics.
//! This crate does no input or output, spawns no thread, reads no clock and holds no global.

pub mod activity;
pub mod chip;
pub mod codes;
mod container;
pub mod delivery;
pub mod diagnostic;
pub mod event;
pub mod histogram;
pub mod id;
pub mod join;
pub mod learning;
pub mod ledger;
pub mod near;
pub mod neuron;
pub mod pricing;
pub mod program;
pub mod quantity;
pub mod random;
pub mod stimulus;
pub mod synapse;
pub mod timing;
pub mod way;

pub use container::ContainerError;
