//! `retime`: the activity of a finished run on a chip with other times.

use std::num::NonZero;

use quarrion_boards::{load_chip, load_chip_text};
use quarrion_emulator::{Retiming, check_retimable, retime};
use quarrion_isa::activity::Activity;
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::pricing::Powered;
use quarrion_report::{
    Prices, RunReport, Settings, draw_mesh, load_activity, load_run, render_html,
};

use super::again::{Place, existing};
use super::take_chip;
use crate::args::{Format, RetimeArgs, TimingChoice};
use crate::failure::Failure;
use crate::following::{Tables, following, write_ways};
use crate::pipeline::emulate::timing;
use crate::terminal::Terminal;
use crate::texts::Texts;

/// What labels call the chip description of the run.
const CHIP: &str = "chip.ron of the run";

/// Times a run again.
///
/// # Errors
/// What is no run folder or holds no activity, or a chip on which the run would be another one.
pub fn run(args: &RetimeArgs, terminal: &Terminal, texts: &mut Texts) -> Result<(), Failure> {
    let place = Place::check(args.out.as_deref(), existing(args.force))?;
    let run = load_run(&args.run)?;
    let seed = run.manifest.settings.seed as u32;
    let mut ran = take_chip(load_chip_text(CHIP, &run.chip, &[]), texts)?.chip;
    ran.draw_faults(seed);
    let loaded = match &args.chip {
        Some(chip) => load_chip(chip, &args.sets),
        None => load_chip_text(CHIP, &run.chip, &args.sets),
    };
    let mut loaded = take_chip(loaded, texts)?;
    loaded.chip.draw_faults(seed);
    let chip = &loaded.chip;
    check_retimable(&ran, chip)?;
    let choice = match args.timing {
        Some(choice) => choice,
        None => stored_timing(&run.manifest.settings)?,
    };
    let activity = load_activity(&args.run, &run)?;
    let populations = run.record.layers.len();
    let threads = args.threads.map_or_else(all_threads, |threads| threads as usize);
    let threads = NonZero::new(threads).unwrap_or(NonZero::<usize>::MIN);
    let last = |part: fn(&Activity) -> u32| activity.iter().map(part).max().map_or(0, |at| at + 1);
    let tables = if place.is_some() { Tables::Written } else { Tables::None };
    let size = (last(|record| record.sample), last(|record| record.step));
    let following = following(&args.packets, choice, size, tables)?;
    let retiming = Retiming { timing: timing(choice), following, threads };
    let (ledger, extent) = retime(&activity, chip, populations, &retiming)?;
    write_ways(args.packets.packets.as_deref(), &ledger.packets)?;
    let powered = Powered {
        time: ledger.samples.iter().map(|sample| sample.time).sum(),
        cores: extent.cores.len() as u32,
        chips: extent.chips,
    };
    let settings =
        Settings { timing: format!("{choice:?}").to_lowercase(), ..run.manifest.settings.clone() };
    let record = run.record.retimed(chip, &ledger, powered);
    let report = RunReport::new(&record, &settings, &Prices::of(chip));
    if let Some(place) = place {
        let asked = (args.sets.as_slice(), settings, threads.get() as u32);
        let manifest = place.manifest(&run, &loaded, asked);
        let folder = place.create()?;
        folder.write_run(&manifest, &record, &report, &loaded.text)?;
        folder.write_times(chip, &ledger, &record)?;
        let picture = draw_mesh(chip, &ledger);
        let page = render_html(&report, &picture).map_err(|e| Failure::Bug(e.to_string()))?;
        folder.write_bytes("mesh.svg", picture.as_bytes())?;
        folder.write_bytes("report.html", page.as_bytes())?;
        folder.finish()?;
    }
    terminal.result(&match terminal.format {
        Format::Human => report.to_text(),
        Format::Json => report.to_json(),
    })
}

/// The timing model that the run used.
fn stored_timing(settings: &Settings) -> Result<TimingChoice, Failure> {
    match settings.timing.as_str() {
        "count" => Ok(TimingChoice::Count),
        "queue" => Ok(TimingChoice::Queue),
        "cycle" => Ok(TimingChoice::Cycle),
        other => Err(Diagnostic::error("QR005", "a file of the run folder does not parse")
            .at("manifest.json", "settings.timing", format!("no timing model {other:.40}"))
            .help("run the network again")
            .into()),
    }
}

fn all_threads() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}
