//! quarrion-boards
