//! `chip list|check|show|diff`: looking at chip descriptions.

use quarrion_boards::{CATALOG, FigureRow, LoadedChip, load_chip};
use quarrion_isa::diagnostic::Severity;

use super::take_chip;
use crate::args::{ChipCommand, ChipOnly, DiffArgs, ShowArgs};
use crate::failure::Failure;
use crate::render::chip;
use crate::terminal::Terminal;
use crate::texts::Texts;

/// Carries out a command on chips.
///
/// # Errors
/// A description that is no chip; for `diff` also that there is a difference.
pub fn run(command: &ChipCommand, terminal: &Terminal, texts: &mut Texts) -> Result<(), Failure> {
    match command {
        ChipCommand::List => list(terminal, texts),
        ChipCommand::Check(args) => check(args, terminal, texts),
        ChipCommand::Show(args) => show(args, terminal, texts),
        ChipCommand::Diff(args) => diff(args, terminal, texts),
    }
}

fn load(chip: &str, sets: &[String], texts: &mut Texts) -> Result<LoadedChip, Failure> {
    take_chip(load_chip(chip, sets), texts)
}

fn list(terminal: &Terminal, texts: &mut Texts) -> Result<(), Failure> {
    let chips: Result<Vec<LoadedChip>, Failure> =
        CATALOG.iter().map(|entry| load(entry.name, &[], texts)).collect();
    terminal.result(&chip::list(&chips?, terminal.format))
}

fn check(args: &ChipOnly, terminal: &Terminal, texts: &mut Texts) -> Result<(), Failure> {
    let loaded = load(&args.chip, &args.sets, texts)?;
    terminal.say(&loaded.notes, texts);
    let count = |severity| loaded.notes.iter().filter(|found| found.severity == severity).count();
    let findings = [count(Severity::Warning), count(Severity::Note)];
    terminal.result(&chip::verdict(&loaded, findings, terminal.format))
}

fn show(args: &ShowArgs, terminal: &Terminal, texts: &mut Texts) -> Result<(), Failure> {
    let loaded = load(&args.chip.chip, &args.chip.sets, texts)?;
    let warnings = loaded.notes.iter().filter(|found| found.severity != Severity::Note);
    terminal.say(&warnings.cloned().collect::<Vec<_>>(), texts);
    if args.resolved {
        return terminal.result(&loaded.text);
    }
    let path = args.path.as_deref().unwrap_or_default();
    let inside = |row: &&FigureRow| {
        row.path
            .strip_prefix(path)
            .is_some_and(|rest| path.is_empty() || rest.is_empty() || rest.starts_with('.'))
    };
    let rows: Vec<&FigureRow> = loaded.provenance.iter().filter(inside).collect();
    if rows.is_empty() {
        let message = format!("the chip has no value at `{path}`");
        let found = quarrion_isa::diagnostic::Diagnostic::error("QU004", message)
            .at(&args.chip.chip, path, "no such path")
            .help("show the chip without a path to see all of them");
        return Err(found.into());
    }
    terminal.result(&chip::figures(&loaded, &rows, terminal.format))
}

fn diff(args: &DiffArgs, terminal: &Terminal, texts: &mut Texts) -> Result<(), Failure> {
    let left = load(&args.left, &[], texts)?;
    let right = load(&args.right, &args.sets, texts)?;
    let differences = chip::differences(&left, &right);
    terminal.result(&chip::diff(&differences, [&left, &right], terminal.format))?;
    if differences.is_empty() { Ok(()) } else { Err(Failure::Differs) }
}
