//! A mapping as a text that a person can edit: RON, populations by name, neurons as ranges.
//!
//! ```ron
//! (
//!     format: 1,
//!     network: "digits",
//!     chip: "loihi1",
//!     cores: [
//!         (core: 0, holds: [(population: "lif1", neurons: "0-47, 96")]),
//!         (core: 1, holds: [], copies: [(population: "lif1", neurons: "96")]),
//!     ],
//! )
//! ```
//!
//! `copies` compute once more what is held elsewhere and take a share of its destinations.

use quarrion_isa::diagnostic::{Diagnostic, Span};
use quarrion_isa::id::{CoreId, PopulationId};
use quarrion_isa::program::Occurrence;
use serde::{Deserialize, Serialize};

use crate::layout::{CoreMapping, Mapping, Run, Slice, Sums, parse_sum_name, sum_name};
use crate::passes::codes;

/// The version of the format that is written and read.
pub const FORMAT_VERSION: u32 = 1;

/// Most bytes of a mapping file.
const BYTES_MAX: usize = 1 << 28;

/// The file as it is written.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct MappingFile {
    format: u32,
    network: String,
    chip: String,
    cores: Vec<CoreEntry>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct CoreEntry {
    core: u32,
    #[serde(default)]
    holds: Vec<SliceEntry>,
    #[serde(default)]
    copies: Vec<SliceEntry>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct SliceEntry {
    population: String,
    neurons: String,
}

/// A mapping with the places in its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocatedMapping {
    /// The mapping.
    pub mapping: Mapping,
    /// Network and chip that it says it is for.
    made_for: (String, String),
    source: String,
    /// Where each core's entry begins and ends.
    places: Vec<(u32, Span)>,
}

/// What is done with a population that the network does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// It is refused.
    Refuse,
    /// It is left out: the mapping is of an earlier network.
    Skip,
}

impl LocatedMapping {
    /// Says that the mapping was made for another network or chip.
    #[must_use]
    pub fn doubt(&self, network: &str, chip: &str) -> Option<Diagnostic> {
        let (of, on) = (self.made_for.0.as_str(), self.made_for.1.as_str());
        if (of, on) == (network, chip) {
            return None;
        }
        let message =
            format!("this mapping was made for {of} on {on}, and is used for {network} on {chip}");
        let found = Diagnostic::warning(codes::OTHER_MAPPING, message);
        Some(
            found
                .at(&self.source, "", "names them")
                .help("correct `network` and `chip` in the file if it is meant for this"),
        )
    }

    /// A finding about this mapping, with its place in the file.
    #[must_use]
    pub fn locate(&self, mut found: Diagnostic) -> Diagnostic {
        for label in found.labels.iter_mut().filter(|label| label.source == "mapping") {
            label.source.clone_from(&self.source);
            let core = label.path.strip_prefix("cores.").and_then(|core| core.parse().ok());
            let place = self.places.iter().find(|(known, _)| Some(*known) == core);
            label.span = place.or(self.places.first()).map(|(_, span)| *span);
        }
        found
    }
}

/// Reads a mapping; `names` are the populations as the program numbers them.
///
/// # Errors
/// QM005: no mapping file; QM004: a population or a range that is none.
pub fn parse_mapping(
    text: &str,
    source: &str,
    names: &[String],
    unknown: Unknown,
) -> Result<LocatedMapping, Diagnostic> {
    if text.len() > BYTES_MAX {
        return Err(unreadable(source, text, 0, "larger than any mapping"));
    }
    let file: MappingFile = ron::from_str(text).map_err(|error| {
        let at = offset(text, error.span.start.line, error.span.start.col);
        unreadable(source, text, at, &error.code.to_string())
    })?;
    if file.format != FORMAT_VERSION {
        let what = format!("format {}, but this program reads {FORMAT_VERSION}", file.format);
        return Err(unreadable(source, text, text.find("format").unwrap_or(0), &what));
    }
    let spans = core_spans(text);
    let sums = match unknown {
        Unknown::Refuse => named_sums(&file, names),
        // Those of an earlier network may be others.
        Unknown::Skip => Sums::default(),
    };
    let made_for = (file.network, file.chip);
    let mut located = LocatedMapping {
        mapping: Mapping::default(),
        made_for,
        source: source.into(),
        places: Vec::new(),
    };
    for (at, entry) in file.cores.into_iter().enumerate() {
        let span = spans.get(at).copied().unwrap_or_default();
        located.places.push((entry.core, span));
        let wrong = |message: String| {
            Diagnostic::error(codes::WRONG_MAPPING, message)
                .at_span(source, span, "in this core")
                .help(codes::MEND_MAPPING)
        };
        if located.places[..at].iter().any(|(core, _)| *core == entry.core) {
            return Err(wrong(format!("core {} has two entries", entry.core)));
        }
        let mut slices = Vec::new();
        let held = entry.holds.into_iter().map(|held| (Occurrence::First, held));
        let copies = entry.copies.into_iter().map(|held| (Occurrence::Copy, held));
        for (occurrence, held) in held.chain(copies) {
            let Some(population) = find_population(&held.population, names, &sums) else {
                if unknown == Unknown::Skip {
                    continue;
                }
                let message = format!("the network has no population `{}`", held.population);
                return Err(wrong(message));
            };
            let runs = parse_runs(&held.neurons).map_err(wrong)?;
            slices.push(Slice { population, occurrence, runs });
        }
        if !slices.is_empty() {
            located.mapping.cores.push(CoreMapping { core: CoreId(entry.core), slices });
        }
    }
    located.mapping.cores.sort_by_key(|core| core.core);
    located.mapping.sums = sums;
    Ok(located)
}

/// The populations of which the file places partial sums.
fn named_sums(file: &MappingFile, names: &[String]) -> Sums {
    let held = file.cores.iter().flat_map(|core| core.holds.iter().chain(&core.copies));
    let sums = held.filter_map(|held| parse_sum_name(&held.population));
    sums.fold(Sums::default(), |sums, (whole, parts)| {
        match names.iter().position(|name| name == whole) {
            Some(whole) => sums.with(PopulationId::from_index(whole), parts),
            None => sums,
        }
    })
}

/// The population of a name: one of the network, or partial sums.
fn find_population(name: &str, names: &[String], sums: &Sums) -> Option<PopulationId> {
    if let Some(index) = names.iter().position(|known| known == name) {
        return Some(PopulationId::from_index(index));
    }
    let (whole, parts) = parse_sum_name(name)?;
    let id = PopulationId::from_index(names.iter().position(|known| known == whole)?);
    let mut own = 0..sums.parts_of(id).filter(|&own| own == parts)?;
    let part = own.find(|&part| sum_name(whole, part, parts) == name)?;
    Some(sums.id_of(id, part, names.len()))
}

/// Writes a mapping; `names` are the populations as the program numbers them.
#[must_use]
pub fn write_mapping(mapping: &Mapping, network: &str, chip: &str, names: &[String]) -> String {
    let mut text = String::from(
        "// Which neurons lie on which core. May be edited; it is checked like any other.\n(\n",
    );
    text.push_str(&format!("    format: {FORMAT_VERSION},\n"));
    text.push_str(&format!("    network: {network:?},\n    chip: {chip:?},\n    cores: [\n"));
    for core in &mapping.cores {
        let list = |occurrence: Occurrence| {
            let own = core.slices.iter().filter(|slice| slice.occurrence == occurrence);
            let held = own.map(|slice| {
                let name = names.get(slice.population.index()).map_or("", String::as_str);
                format!("(population: {name:?}, neurons: \"{}\")", ranges(&slice.runs))
            });
            held.collect::<Vec<String>>().join(", ")
        };
        text.push_str(&format!("        (core: {}", core.core));
        for (field, occurrence) in [("holds", Occurrence::First), ("copies", Occurrence::Copy)] {
            let held = list(occurrence);
            if !held.is_empty() {
                text.push_str(&format!(", {field}: [{held}]"));
            }
        }
        text.push_str("),\n");
    }
    text.push_str("    ],\n)\n");
    text
}

fn ranges(runs: &[Run]) -> String {
    let range = |run: &Run| match run.count {
        1 => run.first.to_string(),
        count => format!("{}-{}", run.first, u64::from(run.first) + u64::from(count) - 1),
    };
    runs.iter().map(range).collect::<Vec<_>>().join(", ")
}

/// Reads ranges such as `0-47, 96`, in any order; those that touch become one.
fn parse_runs(text: &str) -> Result<Vec<Run>, String> {
    let range = |range: &str| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (u32, u32) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        (first <= last && last < u32::MAX).then_some((first, last + 1))
    };
    let ranges: Option<Vec<(u32, u32)>> = text.split(',').map(range).collect();
    let mut ranges =
        ranges.ok_or_else(|| format!("`{text}` is no list of ranges such as 0-47, 96"))?;
    ranges.sort_unstable();
    let mut runs: Vec<Run> = Vec::new();
    let mut end = 0;
    for (first, next) in ranges {
        match runs.last_mut() {
            Some(_) if first < end => return Err(format!("neuron {first} is twice in `{text}`")),
            Some(last) if first == end => last.count += next - first,
            _ => runs.push(Run { first, count: next - first }),
        }
        end = next;
    }
    Ok(runs)
}

fn unreadable(source: &str, text: &str, at: usize, what: &str) -> Diagnostic {
    let end = (at + 1).min(text.len()).max(at);
    Diagnostic::error(codes::UNREADABLE_MAPPING, format!("this is no mapping file: {what}"))
        .at_span(source, Span { start: at, end }, "here")
        .help("`quarrion map NET --chip CHIP --out FILE` writes one to begin with")
}

/// The byte at a line and column, both from one.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = text.get(before..).unwrap_or_default();
    let inside: usize = rest.chars().take(column.saturating_sub(1)).map(char::len_utf8).sum();
    (before + inside).min(text.len())
}

/// The field `core` of every entry, in order: outside strings and comments.
fn core_spans(text: &str) -> Vec<Span> {
    let bytes = text.as_bytes();
    let mut spans = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        if rest.starts_with(b"//") {
            at += rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
        } else if bytes[at] == b'"' {
            at += 1;
            while at < bytes.len() && bytes[at] != b'"' {
                at += if bytes[at] == b'\\' { 2 } else { 1 };
            }
            at += 1;
        } else if rest.starts_with(b"core") && !rest.starts_with(b"cores") {
            let end = rest.iter().position(|&byte| byte == b',').unwrap_or(rest.len());
            spans.push(Span { start: at, end: at + end });
            at += end.max(1);
        } else {
            at += 1;
        }
    }
    spans
}
