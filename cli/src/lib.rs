//! The command line of Quarrion: flags, terminals, exit codes.
//!
//! The binary `quarrion` calls [`run_command_line`]; everything else here serves it.

mod codes;
pub mod counts;
pub mod exit;
pub mod input;

pub use codes::CODES;
