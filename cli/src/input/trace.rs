//! Packet traces: `time_ps,source,destination,flits`, one line per packet.
//!
//! Source and destination are cores, counted from 0. In place of `time_ps` the first column can be
//! `cycle`, counted in the cycles that `mesh` prints. Lines may come in any order; packets of one
//! core that are ready at the same time leave in the order of their lines.

use quarrion_isa::diagnostic::{Diagnostic, Span};

/// Most packets of a trace.
const PACKETS_MAX: usize = 1 << 26;
/// Longest packet.
const FLITS_MAX: u32 = 1 << 15;
/// Latest time: half an hour of chip time.
const TIME_MAX: u64 = 1 << 51;

/// One packet of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TracePacket {
    /// When it is ready.
    pub time_ps: u64,
    /// Core that sends it.
    pub source: u32,
    /// Core that gets it.
    pub destination: u32,
    /// Length.
    pub flits: u32,
}

/// Reads a trace for a chip of so many cores, sorted by time.
///
/// # Errors
/// QI017 or QI010: the author of the trace must act.
pub fn read_trace(
    bytes: &[u8],
    source: &str,
    cores: u32,
    cycle_ps: u64,
) -> Result<Vec<TracePacket>, Diagnostic> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    let header = reader.headers().map_err(|error| malformed(source, &error))?;
    let scale = match header.iter().collect::<Vec<_>>()[..] {
        ["time_ps", "source", "destination", "flits"] => 1,
        ["cycle", "source", "destination", "flits"] => cycle_ps,
        _ => {
            let message = "the first line of a trace is `time_ps,source,destination,flits` or \
                           `cycle,source,destination,flits`";
            let found = header.iter().take(8).collect::<Vec<_>>().join(",");
            return Err(Diagnostic::error("QI017", message)
                .at(source, "line 1", format!("{found:.80}"))
                .help("add the header line"));
        }
    };
    let mut packets = Vec::new();
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(|error| malformed(source, &error))? {
        let line = record.position().map_or(0, csv::Position::line);
        let row: (u64, u32, u32, u32) =
            record.deserialize(None).map_err(|error| malformed(source, &error))?;
        let (time, from, to, flits) = row;
        let wrong = |rule: String, text: String| {
            Err(Diagnostic::error("QI017", rule).at(source, &format!("line {line}"), text))
        };
        if let Some(core) = [from, to].into_iter().find(|core| *core >= cores) {
            return wrong(format!("the chip has cores 0 to {}", cores - 1), format!("core {core}"));
        }
        if flits == 0 || flits > FLITS_MAX {
            let rule = format!("a packet has 1 to {FLITS_MAX} flits");
            return wrong(rule, format!("{flits} flits"));
        }
        let time_ps = time.checked_mul(scale).filter(|time| *time <= TIME_MAX);
        let Some(time_ps) = time_ps else {
            return wrong(format!("packets are ready by {TIME_MAX} ps"), format!("time {time}"));
        };
        if packets.len() == PACKETS_MAX {
            let message = format!("a trace has at most {PACKETS_MAX} packets");
            return Err(Diagnostic::error("QI010", message).at(source, "", "is longer"));
        }
        packets.push(TracePacket { time_ps, source: from, destination: to, flits });
    }
    if packets.is_empty() {
        let message = "a trace has at least one packet";
        return Err(Diagnostic::error("QI017", message).at(source, "", "has none"));
    }
    packets.sort_by_key(|packet| packet.time_ps);
    Ok(packets)
}

/// A line that does not parse, with its place.
fn malformed(source: &str, error: &csv::Error) -> Diagnostic {
    let message = "each line of a trace has four integers from 0 up";
    let found = Diagnostic::error("QI017", message).help("write time,source,destination,flits");
    match error.position() {
        Some(position) => {
            let at = usize::try_from(position.byte()).unwrap_or(usize::MAX);
            let text = format!("line {}: {}", position.line(), super::table::cause(error));
            found.at_span(source, Span { start: at, end: at.saturating_add(1) }, text)
        }
        None => found.at(source, "", super::table::cause(error)),
    }
}
