//! quarrion-tests

pub mod booksim;
