//! quarrion-tests

pub mod accuracy;
pub mod assemble;
pub mod bench;
pub mod benchmark_nets;
pub mod booksim;
pub mod engines;
pub mod generate;
pub mod gesture;
pub mod golden;
pub mod oracle_float;
pub mod oracle_integer;
pub mod published;
pub mod reach;
pub mod scenario;
