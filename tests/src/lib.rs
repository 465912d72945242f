//! quarrion-tests

pub mod booksim;
pub mod oracle_float;
