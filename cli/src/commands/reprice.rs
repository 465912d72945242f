//! `reprice`: the counts and times of a finished run with other prices.

use quarrion_boards::{load_chip, load_chip_over, load_chip_text};
use quarrion_report::{Prices, RunReport, load_run};

use super::take_chip;
use crate::args::{Format, RepriceArgs};
use crate::failure::Failure;
use crate::terminal::Terminal;
use crate::texts::Texts;

/// What labels call the chip description of the run.
const CHIP: &str = "chip.ron of the run";

/// Prices a run again.
///
/// # Errors
/// What is no run folder, or prices that are no prices.
pub fn run(args: &RepriceArgs, terminal: &Terminal, texts: &mut Texts) -> Result<(), Failure> {
    let run = load_run(&args.run)?;
    let loaded = match (&args.chip, &args.prices) {
        (Some(chip), _) => load_chip(chip, &args.sets),
        (None, Some(prices)) => {
            load_chip_over((CHIP, &run.chip), &prices.display().to_string(), &args.sets)
        }
        (None, None) => load_chip_text(CHIP, &run.chip, &args.sets),
    };
    let chip = take_chip(loaded, texts)?.chip;
    let report = RunReport::new(&run.record, &run.manifest.settings, &Prices::of(&chip));
    terminal.result(&match terminal.format {
        Format::Human => report.to_text(),
        Format::Json => report.to_json(),
    })
}
