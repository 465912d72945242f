//! One file a command.

mod again;
pub mod chip;
pub mod compile;
pub mod explain;
pub mod map;
pub mod mesh;
pub mod neuron;
pub mod reprice;
pub mod retime;
pub mod rule;
pub mod run;

use quarrion_boards::{LoadError, LoadedChip};
use quarrion_isa::diagnostic::Severity;

use crate::args::{ChipArgs, Format};
use crate::failure::Failure;
use crate::render::chip::pretty;
use crate::terminal::Terminal;
use crate::texts::Texts;

/// Loads the chip that a command works on and says what is doubtful about it.
///
/// Notes, such as values that nothing reads yet, are for `chip check`.
///
/// # Errors
/// The findings that keep the description from being a chip.
pub(crate) fn load_chip(
    args: &ChipArgs,
    terminal: &Terminal,
    texts: &mut Texts,
) -> Result<LoadedChip, Failure> {
    let loaded = take_chip(quarrion_boards::load_chip(&args.chip, &args.sets), texts)?;
    let warnings = loaded.notes.iter().filter(|found| found.severity != Severity::Note);
    terminal.say(&warnings.cloned().collect::<Vec<_>>(), texts);
    Ok(loaded)
}

/// The same with the faults that the chip leaves to the run's seed.
///
/// # Errors
/// The findings that keep the description from being a chip.
pub(crate) fn load_chip_broken(
    args: &ChipArgs,
    seed: u32,
    terminal: &Terminal,
    texts: &mut Texts,
) -> Result<LoadedChip, Failure> {
    let mut loaded = load_chip(args, terminal, texts)?;
    loaded.chip.draw_faults(seed);
    Ok(loaded)
}

/// A text that was checked, with what was found: the verdict below it, or the value around it.
pub(crate) fn show_checked(
    text: &str,
    verdict: &str,
    mut value: serde_json::Value,
    format: Format,
) -> String {
    match format {
        Format::Human => format!("{text}\n{verdict}"),
        Format::Json => {
            value["text"] = text.into();
            pretty(&value)
        }
    }
}

/// Keeps the texts of a chip, good or bad.
pub(crate) fn take_chip(
    loaded: Result<LoadedChip, LoadError>,
    texts: &mut Texts,
) -> Result<LoadedChip, Failure> {
    match loaded {
        Ok(loaded) => {
            texts.add_chip(&loaded.sources);
            Ok(loaded)
        }
        Err(error) => {
            texts.add_chip(&error.sources);
            Err(Failure::Input(error.diagnostics))
        }
    }
}
