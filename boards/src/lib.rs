//! Real chips and boards as data, and the reader of chip files.
//!
//! A description is a RON text. It may extend another one; `--set` edits lie on top. The reader
//! keeps for every value the place where it was written, so that each broken rule points at it.

mod catalog;
mod codes;
mod edit;
mod figures;
mod layers;
mod load;
mod scaling;
mod source;
mod tree;

pub use catalog::{CATALOG, CatalogEntry, find};
pub use codes::CODES;
pub use figures::FigureRow;
pub use load::{LoadError, LoadedChip, load_chip, load_chip_over, load_chip_text};
pub use source::{SourceText, Sources};
