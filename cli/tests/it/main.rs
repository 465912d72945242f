//! The binary as a user meets it: every bad input with its message and exit code, and good runs.

mod bad_input;
mod bench;
mod disk;
mod good_input;
mod learning;
mod mapping;
mod network;
mod packets;
mod retime;
