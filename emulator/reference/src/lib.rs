//! quarrion-reference
