//! quarrion-isa
