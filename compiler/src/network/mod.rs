//! The working network.
pub mod window;
