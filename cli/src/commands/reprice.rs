//! `reprice`: the counts and times of a finished run with other prices.

use quarrion_boards::{load_chip, load_chip_over, load_chip_text};
use quarrion_isa::chip::Chip;
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_report::{Prices, RunReport, load_run};

use super::again::{Place, existing};
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
    let place = Place::check(args.out.as_deref(), existing(args.force))?;
    let run = load_run(&args.run)?;
    let loaded = match (&args.chip, &args.prices) {
        (Some(chip), _) => load_chip(chip, &args.sets),
        (None, Some(prices)) => {
            load_chip_over((CHIP, &run.chip), &prices.display().to_string(), &args.sets)
        }
        (None, None) => load_chip_text(CHIP, &run.chip, &args.sets),
    };
    let loaded = take_chip(loaded, texts)?;
    let chip = &loaded.chip;
    let plain = match &args.chip {
        Some(chip) => load_chip(chip, &[]),
        None => load_chip_text(CHIP, &run.chip, &[]),
    };
    check_only_prices(&take_chip(plain, texts)?.chip, chip)?;
    let report = RunReport::new(&run.record, &run.manifest.settings, &Prices::of(chip));
    if let Some(place) = place {
        let settings = run.manifest.settings.clone();
        let manifest = place.manifest(&run, &loaded, (&args.sets, settings, 1));
        let folder = place.create()?;
        folder.write_run(&manifest, &run.record, &report, &loaded.text)?;
        folder.finish()?;
    }
    terminal.result(&match terminal.format {
        Format::Human => report.to_text(),
        Format::Json => report.to_json(),
    })
}

/// Refuses changes of anything but prices and static power: they would be passed over.
fn check_only_prices(plain: &Chip, changed: &Chip) -> Result<(), Diagnostic> {
    let Chip { name, prices, static_power, .. } = changed.clone();
    if *changed == (Chip { name, prices, static_power, ..plain.clone() }) {
        return Ok(());
    }
    let message = "`reprice` changes prices and static power alone, and more is changed here";
    Err(Diagnostic::error("QU013", message)
        .at(&changed.name, "", "differs in what was run")
        .help("use `retime` for other times, and run the network again for anything else"))
}
