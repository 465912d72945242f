//! quarrion-compiler
