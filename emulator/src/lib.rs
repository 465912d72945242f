//! quarrion-emulator
