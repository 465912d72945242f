//! Reading a folder of reference runs.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use quarrion_emulator::mesh::{Destination, Packet, PortId, Traffic};

use super::settings::CYCLE_PS;

/// One packet of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// When the source has it ready, in cycles.
    pub time: u64,
    /// Sending node, `y * k + x`.
    pub source: u32,
    /// Receiving node.
    pub destination: u32,
    /// Length.
    pub flits: u32,
}

/// One run of the reference.
#[derive(Clone, Debug)]
pub struct Run {
    /// Trace name.
    pub trace: String,
    /// Side of the mesh.
    pub side: u32,
    /// Router setting.
    pub router: String,
    /// Cycle after the last tail's ejection.
    pub completion: u64,
    /// Mean cycles from creation to the tail's ejection.
    pub latency: f64,
}

/// A packet of the reference's per-packet lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Sending node.
    pub source: u32,
    /// Receiving node.
    pub destination: u32,
    /// Cycle of the head's entry.
    pub inject: u64,
    /// Cycle of the tail's ejection.
    pub eject: u64,
}

/// One row of the latency curves.
#[derive(Clone, Debug)]
pub struct CurvePoint {
    /// Side of the mesh.
    pub side: u32,
    /// Router setting.
    pub router: String,
    /// Packet length.
    pub flits: u32,
    /// Pattern.
    pub pattern: String,
    /// Latency run or saturation run.
    pub mode: String,
    /// Offered flits per node and cycle.
    pub offered: f64,
    /// Whether the reference found it stable.
    pub stable: bool,
    /// Mean latency; `None` where the reference gives none.
    pub latency: Option<f64>,
    /// Accepted flits per node and cycle.
    pub accepted: f64,
}

/// One row of the reference's speed table.
#[derive(Clone, Debug)]
pub struct Speed {
    /// Trace and router, `TRACE/ROUTER`.
    pub case: String,
    /// Packets per CPU second.
    pub packets: f64,
    /// Flit-hops per CPU second.
    pub flit_hops: f64,
}

/// A folder in the reference's format.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

/// What went wrong while reading, in one sentence.
pub type Problem = String;

fn rows(path: &Path) -> Result<Vec<csv::StringRecord>, Problem> {
    let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut text = String::new();
    let mut read: Box<dyn Read> = match path.extension().and_then(|e| e.to_str()) {
        Some("gz") => Box::new(GzDecoder::new(BufReader::new(file))),
        _ => Box::new(BufReader::new(file)),
    };
    read.read_to_string(&mut text).map_err(|error| format!("{}: {error}", path.display()))?;
    csv::Reader::from_reader(text.as_bytes())
        .records()
        .collect::<Result<_, _>>()
        .map_err(|error| format!("{}: {error}", path.display()))
}

fn field<T: std::str::FromStr>(row: &csv::StringRecord, at: usize) -> Result<T, Problem> {
    let text = row.get(at).unwrap_or("");
    text.parse().map_err(|_| format!("column {at} of {row:?} is not a number: {text:?}"))
}

impl Folder {
    /// Names a folder; nothing is read yet.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The runs of `traces_summary.csv`.
    ///
    /// # Errors
    /// The file is absent or has other columns.
    pub fn runs(&self) -> Result<Vec<Run>, Problem> {
        let parse = |row: &csv::StringRecord| {
            Ok(Run {
                trace: field(row, 0)?,
                side: field(row, 1)?,
                router: field(row, 2)?,
                completion: field(row, 5)?,
                latency: field(row, 6)?,
            })
        };
        rows(&self.root.join("traces_summary.csv"))?.iter().map(parse).collect()
    }

    /// The rows of `curves.csv`; none if the folder has no such file.
    ///
    /// # Errors
    /// The file has other columns.
    pub fn curves(&self) -> Result<Vec<CurvePoint>, Problem> {
        let path = self.root.join("curves.csv");
        if !path.exists() {
            return Ok(Vec::new());
        }
        let parse = |row: &csv::StringRecord| {
            Ok(CurvePoint {
                side: field(row, 0)?,
                router: field(row, 1)?,
                flits: field(row, 2)?,
                pattern: field(row, 3)?,
                mode: field(row, 4)?,
                offered: field(row, 5)?,
                stable: field::<u32>(row, 6)? == 1,
                latency: field(row, 7).ok(),
                accepted: field(row, 11).unwrap_or(0.0),
            })
        };
        rows(&path)?.iter().map(parse).collect()
    }

    /// The rows of `speed.csv`; none if the folder has no such file.
    ///
    /// # Errors
    /// The file has other columns.
    pub fn speeds(&self) -> Result<Vec<Speed>, Problem> {
        let path = self.root.join("speed.csv");
        if !path.exists() {
            return Ok(Vec::new());
        }
        let parse = |row: &csv::StringRecord| {
            Ok(Speed { case: field(row, 0)?, packets: field(row, 4)?, flit_hops: field(row, 7)? })
        };
        rows(&path)?.iter().map(parse).collect()
    }

    /// A trace: from the folder, or generated if the folder lacks it.
    ///
    /// # Errors
    /// The file is broken, or there is none and the name is not one that can be generated.
    pub fn trace(&self, name: &str) -> Result<Vec<Line>, Problem> {
        let path = self.root.join("traces").join(format!("{name}.tr.gz"));
        if !path.exists() {
            return super::generate::trace(name)
                .ok_or_else(|| format!("no trace {name} in {}", self.root.display()));
        }
        let file = File::open(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let mut text = String::new();
        GzDecoder::new(BufReader::new(file))
            .read_to_string(&mut text)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        text.lines().map(line).collect()
    }

    /// The packets of one run, source by source; `None` if the folder does not list them.
    ///
    /// # Errors
    /// The file is broken.
    pub fn packets(&self, trace: &str, router: &str) -> Result<Option<Vec<Arrival>>, Problem> {
        let path = self.root.join("packets").join(format!("{trace}__{router}.csv.gz"));
        if !path.exists() {
            return Ok(None);
        }
        let parse = |row: &csv::StringRecord| {
            Ok(Arrival {
                source: field(row, 0)?,
                destination: field(row, 1)?,
                inject: field(row, 4)?,
                eject: field(row, 5)?,
            })
        };
        rows(&path)?.iter().map(parse).collect::<Result<_, _>>().map(Some)
    }
}

fn line(text: &str) -> Result<Line, Problem> {
    let mut numbers = text.split_ascii_whitespace().map(str::parse::<u64>);
    let mut next = || match numbers.next() {
        Some(Ok(number)) => Ok(number),
        _ => Err(format!("a trace line is `time src dst flits`, not {text:?}")),
    };
    Ok(Line {
        time: next()?,
        source: next()? as u32,
        destination: next()? as u32,
        flits: next()? as u32,
    })
}

/// A trace as traffic of a mesh with one core per tile.
#[must_use]
pub fn traffic(lines: &[Line]) -> Traffic {
    let packet = |line: &Line| Packet {
        source: PortId(line.source),
        destination: Destination::Port(PortId(line.destination)),
        plane: 0,
        flits: line.flits,
        inject_ps: line.time * CYCLE_PS,
        service_ps: 0,
    };
    Traffic { packets: lines.iter().map(packet).collect(), ..Traffic::default() }
}
