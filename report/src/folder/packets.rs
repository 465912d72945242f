//! Tables of packets: every one link by link, and the last ones of timesteps in a few words.

use std::io::{self, Write};

use quarrion_isa::way::{Passage, Way, end_name};

/// Columns of the timestep table about the packet that was done last.
pub(super) const LAST: [&str; 7] = [
    "last_source",
    "last_destination",
    "last_ready_ps",
    "last_done_ps",
    "last_waited_ps",
    "last_waited_longest",
    "last_path",
];

/// Writes packets event by event: ready at its source, let into the network, onto each link, taken
/// and done with; in the order of packets. A copy that was dropped has no event `eject`.
///
/// # Errors
/// Those of the file.
pub fn write_packets(file: impl Write, ways: &[Way]) -> io::Result<()> {
    let mut table = csv::Writer::from_writer(file);
    let head = ["sample", "step", "packet", "source", "flits", "event", "place"];
    table.write_record(head.into_iter().chain(["time_ps", "waited_ps"]))?;
    for way in ways {
        let source = end_name(way.source);
        let numbers = [way.sample, way.step, way.packet].map(|number| number.to_string());
        let flits = way.flits.to_string();
        let mut row = |event: &str, place: &str, time: u64, waited: Option<u64>| {
            let words = [&source, &flits, event, place].map(str::to_owned);
            let times = [time.to_string(), waited.map(|ps| ps.to_string()).unwrap_or_default()];
            table.write_record(numbers.iter().chain(&words).chain(&times))
        };
        row("ready", &source, way.ready_ps, None)?;
        for leg in &way.legs {
            let event = match leg.passage {
                Passage::FromCore(_) | Passage::FromHost => "inject",
                Passage::Link { .. } | Passage::IntoCore(_) | Passage::IntoHost => "hop",
            };
            row(event, &leg.passage.to_string(), leg.depart_ps, Some(leg.waited_ps))?;
        }
        for end in &way.ends {
            row("eject", &end_name(end.core), end.arrived_ps, Some(end.waited_ps))?;
            row("done", &end_name(end.core), end.done_ps, None)?;
        }
    }
    table.flush()
}

/// The last packet of a timestep, by [`LAST`].
pub(super) fn last_columns(way: Option<&Way>) -> [String; 7] {
    let Some(way) = way else { return Default::default() };
    let waited: u64 = way.waits().map(|(_, ps)| ps).sum();
    // The first of several.
    let longest = way.waits().reduce(|a, b| if b.1 > a.1 { b } else { a });
    let ends: Vec<String> = way.ends.iter().map(|end| end_name(end.core)).collect();
    let path: Vec<String> = way.legs.iter().map(|leg| leg.passage.to_string()).collect();
    [
        end_name(way.source),
        ends.join("; "),
        way.ready_ps.to_string(),
        way.done_ps().to_string(),
        waited.to_string(),
        longest.map(|(place, ps)| format!("{ps} ps {place}")).unwrap_or_default(),
        path.join("; "),
    ]
}
