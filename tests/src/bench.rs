//! The bench chip: round figures, changed by `set` or by drawing.

use std::sync::LazyLock;

use quarrion_boards::{LoadedChip, load_chip_text};

/// The description, as a text.
pub const TEXT: &str = include_str!("../data/bench.ron");

/// The bench chip as it stands.
pub static BENCH: LazyLock<LoadedChip> =
    LazyLock::new(|| load_bench(&[]).expect("the bench chip loads"));

/// The bench chip with changes such as `mesh.width=2`.
///
/// # Errors
/// What is wrong with the changes; their author must act.
pub fn load_bench(sets: &[String]) -> Result<LoadedChip, String> {
    load_chip_text("bench", TEXT, sets).map_err(|error| error.to_string())
}
