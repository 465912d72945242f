//! quarrion-emulator

pub mod mesh;
