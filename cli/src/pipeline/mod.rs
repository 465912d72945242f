//! What `run` and `compile` share: from files to a program, from a program to results.

pub mod emulate;
pub mod layout;
pub mod levers;
pub mod network;
pub mod packets;
pub mod score;
pub mod workload;
