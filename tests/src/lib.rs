//! quarrion-tests
