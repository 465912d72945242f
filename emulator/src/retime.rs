//! Timing again: a stored activity record on another chip file, without running the function.

use quarrion_isa::activity::Activity;
use quarrion_isa::chip::Chip;
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::id::CoreId;
use quarrion_isa::ledger::Ledger;

use crate::run::Extent;
use crate::tally::Tally;
use crate::time::{Timing, Traffic, timing_model};

/// Times and counts a record again; `populations` is the number of populations of its program.
///
/// # Errors
/// The record names cores that the chip lacks, is out of order, or its packets never arrive.
pub fn retime(
    activity: &[Activity],
    chip: &Chip,
    timing: Timing,
    populations: usize,
) -> Result<Ledger, Diagnostic> {
    let cores = check_record(activity, chip, populations)?;
    let extent = Extent::of_cores(cores, chip);
    let mut model = timing_model(timing, chip, &extent.cores, extent.tiles)?;
    let mut tally = Tally::new(chip, &extent.cores, extent.tiles, extent.chips, populations);
    let mut traffic = Traffic::default();
    let mut sample = None;
    for record in activity {
        if sample != Some(record.sample) {
            sample = Some(record.sample);
            tally.start_sample();
        }
        traffic.expand(record, chip);
        let time = model.time_step(chip, record, &mut traffic)?;
        tally.count_step(chip, record, &traffic, time, model.cores());
    }
    Ok(tally.finish(chip))
}

/// Checks that every record can be expanded on the chip; returns the cores that it names.
fn check_record(
    activity: &[Activity],
    chip: &Chip,
    populations: usize,
) -> Result<Vec<CoreId>, Diagnostic> {
    let wrong = |what: String| {
        Diagnostic::error("QE023", what)
            .help("use the activity of a run on a chip with the same cores, written by this build")
    };
    let cores: Vec<CoreId> = activity
        .first()
        .map(|first| first.cores.iter().map(|core| core.core).collect())
        .unwrap_or_default();
    for record in activity {
        let same = record.cores.len() == cores.len()
            && record.cores.iter().zip(&cores).all(|(own, core)| own.core == *core);
        if !same || !cores.is_sorted() {
            return Err(wrong(format!("step {} names other cores than the first", record.step)));
        }
        let segments: u64 = record.cores.iter().map(|core| u64::from(core.segments)).sum();
        let mut next = 0;
        let contiguous = record.cores.iter().all(|core| {
            let follows = core.first_segment == next;
            next = core.first_segment.saturating_add(core.segments);
            follows
        });
        let host = record.host.spikes_in.iter().map(|spike| u64::from(spike.destinations));
        let own = record.segments.iter().map(|segment| u64::from(segment.destinations));
        let destinations: u64 = host.chain(own).sum();
        if !contiguous
            || segments != record.segments.len() as u64
            || destinations != record.destinations.len() as u64
        {
            return Err(wrong(format!("the record of step {} contradicts itself", record.step)));
        }
        let named = record.segments.iter().map(|segment| segment.population);
        let named = named.chain(record.host.spikes_in.iter().map(|spike| spike.population));
        if named.into_iter().any(|population| population.index() >= populations) {
            return Err(wrong(format!("step {} names an unknown population", record.step)));
        }
        let unknown =
            record.destinations.iter().find(|one| cores.binary_search(&one.core).is_err());
        if let Some(unknown) = unknown {
            return Err(wrong(format!(
                "a packet goes to core {}, which is not in use",
                unknown.core
            )));
        }
    }
    match cores.last() {
        Some(last) if last.index() >= chip.cores.len() => Err(wrong(format!(
            "the record uses core {last}; chip {} has {} cores",
            chip.name,
            chip.cores.len()
        ))),
        _ => Ok(cores),
    }
}
