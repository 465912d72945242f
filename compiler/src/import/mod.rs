//! Importers: bytes of a network file in, a checked graph of its nodes or the network itself out.
//!
//! [`nir`] reads NIR files; [`policy`] says how their continuous-time equations become steps,
//! because the file itself does not. [`lava`] reads Lava-DL's `.net` files, whose integers are a
//! chip's already. Nothing here opens a file: `cli` reads the bytes.

mod archive;
pub mod graph;
pub mod lava;
pub mod nir;
mod node;
mod parameter;
pub mod policy;
mod shape;

pub use graph::{NirGraph, NirNode, NodeKind};
pub use policy::{Dialect, ImportPolicy};
