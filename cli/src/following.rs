//! Packets to follow, on the command line: `SAMPLES@STEPS`, and the table of them.

use std::ops::Range;
use std::path::Path;

use quarrion_emulator::time::Following;
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::way::Way;
use quarrion_report::write_packets;

use crate::args::{PacketArgs, TimingChoice};
use crate::bounds::Bounds;
use crate::failure::Failure;
use crate::texts::write_file;

/// The packets that a run follows: those that were asked for, beside the last one of each timestep
/// where tables of timesteps are written.
///
/// # Errors
/// QU010: there is nothing to follow, or no such samples and timesteps.
pub fn following(
    args: &PacketArgs,
    timing: TimingChoice,
    (samples, steps): (u32, u32),
    tables: Tables,
) -> Result<Following, Diagnostic> {
    let Some(file) = &args.packets else {
        return Ok(match tables {
            Tables::Written => Following::Last,
            Tables::None => Following::Longest,
        });
    };
    let file = file.display().to_string();
    if timing == TimingChoice::Count {
        let message = "packets are followed where contention is timed";
        return Err(refuse("--packets", &file, message.into(), "timing count has sums alone")
            .help("add --timing queue or --timing cycle"));
    }
    let text = args.at.as_deref().unwrap_or("0");
    let Some((first, second)) = take_apart(text) else {
        let message = "packets are followed in SAMPLES@STEPS, each a number or a range";
        return Err(refuse("--at", text, message.into(), "cannot be read")
            .help("write it such as --at 0, --at 3@7 or --at 0..2@5..10"));
    };
    Ok(Following::Every {
        samples: within(text, first, samples, "samples")?,
        steps: within(text, second, steps, "timesteps")?,
    })
}

/// Whether a run's tables are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tables {
    /// Into its folder.
    Written,
    /// Nowhere.
    None,
}

fn take_apart(text: &str) -> Option<(Bounds, Bounds)> {
    let (samples, steps) = text.split_once('@').unwrap_or((text, ".."));
    let samples = if samples.is_empty() { ".." } else { samples };
    Some((Bounds::parse(samples)?, Bounds::parse(steps)?))
}

fn within(text: &str, asked: Bounds, size: u32, what: &str) -> Result<Range<u32>, Diagnostic> {
    asked
        .within(size, what)
        .map_err(|(message, help)| refuse("--at", text, message, "out of range").help(help))
}

fn refuse(flag: &str, text: &str, message: String, label: &str) -> Diagnostic {
    Diagnostic::error("QU010", message).at(flag, text, label)
}

/// Writes the table of packets where it was asked for.
///
/// # Errors
/// QU002: the file cannot be written.
pub fn write_ways(file: Option<&Path>, ways: &[Way]) -> Result<(), Failure> {
    let Some(file) = file else { return Ok(()) };
    let mut bytes = Vec::new();
    write_packets(&mut bytes, ways).map_err(|error| Failure::Bug(error.to_string()))?;
    Ok(write_file(file, &bytes)?)
}
