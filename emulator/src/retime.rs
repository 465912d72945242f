//! Timing again: a stored activity record on another chip file, without running the function.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};

use quarrion_isa::activity::Activity;
use quarrion_isa::chip::Chip;
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::id::CoreId;
use quarrion_isa::ledger::Ledger;

use crate::coupled::is_coupled;
use crate::crew::Crew;
use crate::job::Extent;
use crate::time::{Following, Timing};
use crate::timer::{TimerSpec, time_all};

/// Most work of one kind that one entry of a record can hold.
const WORK_MAX: u32 = 1 << 24;
/// Widest payload.
const PAYLOAD_MAX: u32 = 1 << 16;

/// Whether a record of one chip can be timed on another: whether they agree in all that decides
/// what a program computes and where it lies.
///
/// # Errors
/// QE025 names the difference; the user must run the network again.
pub fn check_retimable(ran: &Chip, other: &Chip) -> Result<(), Diagnostic> {
    let refuse = |message: String, path: &str| {
        Err(Diagnostic::error("QE025", message)
            .at(&other.name, path, "decides what is computed, or where")
            .help("run the network on that chip"))
    };
    if is_coupled(ran) || is_coupled(other) {
        let message = "without a barrier, or where packets drop, time changes what is computed";
        return refuse(message.into(), "synchronisation");
    }
    match ran.differs_beyond_timing(other) {
        Some(part) => {
            let message = "the chips differ in more than times and prices";
            refuse(message.into(), &part)
        }
        None => Ok(()),
    }
}

/// How a record is timed again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retiming {
    /// Timing model.
    pub timing: Timing,
    /// Packets that are followed link by link, where contention is timed.
    pub following: Following,
    /// Worker threads; they change nothing.
    pub threads: NonZero<usize>,
}

impl Retiming {
    /// With this model on so many threads; only the longest timesteps' packets are followed.
    #[must_use]
    pub fn by(timing: Timing, threads: NonZero<usize>) -> Self {
        Self { timing, following: Following::default(), threads }
    }
}

/// Times and counts a record again; `populations` is the number of populations of its program.
///
/// # Errors
/// The record names cores that the chip lacks, is out of order, or its packets never arrive.
///
/// # Determinism
/// The number of threads changes nothing.
pub fn retime(
    activity: &[Activity],
    chip: &Chip,
    populations: usize,
    retiming: &Retiming,
) -> Result<(Ledger, Extent), Diagnostic> {
    let cores = check_record(activity, chip, populations)?;
    let extent = Extent::of_cores(cores, chip);
    let following = &retiming.following;
    let spec = TimerSpec { chip, extent: &extent, populations, timing: retiming.timing, following };
    let taken = AtomicUsize::new(0);
    let next = || activity.get(taken.fetch_add(1, Ordering::Relaxed));
    let stop = || taken.store(activity.len(), Ordering::Relaxed);
    let tally = time_all(&spec, &Crew::new(retiming.threads), &next, &stop)?;
    Ok((tally.finish(chip), extent))
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
        if let Some(what) = excess(record) {
            return Err(wrong(format!("step {} has {what}", record.step)));
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

/// A figure of a record that no program's timestep has, in words.
fn excess(record: &Activity) -> Option<String> {
    let many = |what: &str, figure: u32| {
        (figure > WORK_MAX).then(|| format!("{figure} {what}; {WORK_MAX} are the most"))
    };
    let wide = |bits: u32| {
        (bits > PAYLOAD_MAX)
            .then(|| format!("a payload of {bits} bits; {PAYLOAD_MAX} are the most"))
    };
    let lists = record.destinations.iter().find_map(|one| {
        many("words in a list", one.words).or_else(|| many("synapses in a list", one.synaptic_ops))
    });
    let segments = record.segments.iter().find_map(|segment| {
        let updates = [segment.inactive, segment.active, segment.spiking, segment.instructions];
        let most = updates.into_iter().max().unwrap_or(0);
        many("updates in a row", most).or_else(|| wide(segment.payload_bits))
    });
    let sweeps = record
        .cores
        .iter()
        .find_map(|core| many("visits of a sweep", core.plastic_visits.max(core.trace_updates)));
    let host = &record.host;
    let payloads = host.spikes_in.iter().find_map(|spike| wide(spike.payload_bits));
    let most = host.spikes_out.max(host.parameter_writes).max(host.state_resets);
    lists.or(segments).or(sweeps).or(payloads).or_else(|| many("events of the host", most))
}
