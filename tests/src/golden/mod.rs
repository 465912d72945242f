//! Vectors recorded from other people's emulators, on our engines: every step, bit for bit.
//!
//! A file is recognised by its name and its `source` together. Each case becomes a program by hand
//! (`network`), which the reference engine and the fast one run (`compare`); one module a tool
//! says how that tool counts steps and scales weights.

mod brian2;
mod compare;
mod json;
mod lava;
mod learning;
mod loihi2;
mod nengo;
mod network;
mod ranc;

use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use compare::compare_network;
use json::Node;
use network::Network;

/// Files of one shape, from one tool.
struct Family {
    /// Part of the file's name.
    name: &'static str,
    /// How `source` begins.
    source: &'static str,
    /// What to do with the cases.
    cases: Cases,
}

#[derive(Clone, Copy)]
enum Cases {
    /// Build a network from each.
    Build(fn(&Node<'_>, &str) -> Result<Network, String>),
    /// Name them all, and why they are not compared.
    Leave(&'static str),
}

/// All that is known; an unknown file is a failure.
const FAMILIES: [Family; 9] = [
    Family { name: "loihi1_nengo", source: "nengo-loihi", cases: Cases::Build(nengo::build) },
    Family { name: "loihi1_brian2", source: "brian2-loihi", cases: Cases::Build(brian2::build) },
    Family { name: "lava_lif", source: "lava-nc", cases: Cases::Build(lava::build) },
    Family { name: "lava_network", source: "lava-nc", cases: Cases::Build(lava::build) },
    Family { name: "lava_loihi2", source: "lava-nc", cases: Cases::Build(loihi2::build) },
    Family { name: "lava_learning", source: "lava-nc", cases: Cases::Build(learning::build) },
    Family { name: "truenorth_ranc", source: "RANC", cases: Cases::Build(ranc::build) },
    Family { name: "akida_v1", source: "", cases: Cases::Leave("no model of this chip yet") },
    Family {
        name: "silicon_loihi1_kws",
        source: "",
        cases: Cases::Leave("measured power, not arithmetic"),
    },
];

/// What a file's cases came to.
#[derive(Clone, Debug, Default)]
pub struct FileReport {
    /// The file's name.
    pub name: String,
    /// Cases compared.
    pub cases: u64,
    /// Their recorded steps.
    pub steps: u64,
    /// Recorded values, each compared on every engine.
    pub values: u64,
    /// Values that differ, over all engines; a case that cannot be built or run counts as one.
    pub mismatches: u64,
    /// Updates of idle neurons that the fast engine passed over.
    pub skipped: u64,
    /// Cases that differ, and where first.
    pub wrong: Vec<(String, String)>,
    /// Cases that were not compared, and why.
    pub left: Vec<(String, &'static str)>,
}

impl FileReport {
    fn take(&mut self, id: &str, outcome: Result<(u64, compare::Compared), String>) {
        self.cases += 1;
        match outcome {
            Ok((steps, compared)) => {
                self.steps += steps;
                self.values += compared.values;
                self.mismatches += compared.mismatches;
                self.skipped += compared.skipped;
                self.wrong.extend(compared.first.map(|first| (id.to_owned(), first)));
            }
            Err(error) => {
                self.mismatches += 1;
                self.wrong.push((id.to_owned(), error));
            }
        }
    }

    /// Adds the figures of another file.
    pub fn add(&mut self, other: &Self) {
        self.cases += other.cases;
        self.steps += other.steps;
        self.values += other.values;
        self.mismatches += other.mismatches;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for FileReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, cases, steps, values, mismatches, .. } = self;
        write!(f, "{name}: {cases} cases, {steps} steps, {values} values, {mismatches} mismatches")
    }
}

/// Compares every vector file of a folder, in order of name; texts (`.md`) are passed over.
///
/// # Errors
/// The folder cannot be read or holds no vector file, or a file is not known, not readable or has
/// no cases; whoever filled the folder must act.
pub fn check_folder(folder: &Path) -> Result<Vec<FileReport>, String> {
    let wrong = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(wrong)? {
        paths.push(entry.map_err(wrong)?.path());
    }
    paths.retain(|path| path.extension().is_none_or(|extension| extension != "md"));
    paths.sort();
    if paths.is_empty() {
        return Err(format!("{}: no vector file", folder.display()));
    }
    paths.iter().map(|path| check_file(path)).collect()
}

/// Compares the cases of one vector file.
///
/// # Errors
/// As [`check_folder`].
pub fn check_file(path: &Path) -> Result<FileReport, String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let wrong = |error: String| format!("{}: {error}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    check_text(&name, &text).map_err(wrong)
}

/// Compares the cases of a vector file of this name and content.
///
/// # Errors
/// As [`check_folder`].
pub fn check_text(name: &str, text: &str) -> Result<FileReport, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let file = Node::root(&value);
    let source = file.get("source").map_or(Ok(""), |node| node.text())?;
    let known = |family: &&Family| {
        name.ends_with(".json") && name.contains(family.name) && source.starts_with(family.source)
    };
    let family = FAMILIES
        .iter()
        .find(known)
        .ok_or_else(|| format!("no rule compares a file of this name and source (`{source}`)"))?;
    let cases = file.need("cases")?.items()?;
    if cases.is_empty() {
        return Err("no cases".to_owned());
    }
    let mut report = FileReport { name: name.to_owned(), ..FileReport::default() };
    for case in &cases {
        let id = match (case.get("id"), family.cases) {
            (None, Cases::Leave(_)) => format!("case {}", report.left.len()),
            _ => case.need("id")?.text()?.to_owned(),
        };
        let build = match family.cases {
            Cases::Build(build) => build,
            Cases::Leave(why) => {
                report.left.push((id, why));
                continue;
            }
        };
        let compared = build(case, &id)
            .and_then(|network| Ok((network.rows as u64, compare_network(&network)?)));
        report.take(&id, compared);
    }
    Ok(report)
}
