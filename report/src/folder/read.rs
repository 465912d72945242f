//! Reading a run folder back.

use std::path::Path;

use quarrion_isa::diagnostic::Diagnostic;

use super::{CHIP, MANIFEST, RECORD};
use crate::manifest::{Manifest, damaged, parse_manifest};
use crate::record::RunRecord;

/// Largest file of a folder that is read whole: 64 MiB.
const FILE_BYTES_MAX: u64 = 1 << 26;

/// What a run folder holds of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRun {
    /// What made the run.
    pub manifest: Manifest,
    /// Its counts and times.
    pub record: RunRecord,
    /// The chip description that it was timed and priced on.
    pub chip: String,
}

/// Loads a run folder.
///
/// # Errors
/// QR003 to QR005: no run folder, another version, or damage.
pub fn load_run(folder: &Path) -> Result<StoredRun, Diagnostic> {
    let name = |file: &str| folder.join(file).display().to_string();
    if !folder.join(MANIFEST).is_file() {
        return Err(Diagnostic::error("QR003", "the folder is not a run folder")
            .at(&folder.display().to_string(), MANIFEST, "no such file")
            .help("name a folder that `run --out` has written"));
    }
    let manifest = parse_manifest(&read_text(folder, MANIFEST)?, &name(MANIFEST))?;
    let record = serde_json::from_str(&read_text(folder, RECORD)?)
        .map_err(|error| damaged(&name(RECORD), &error))?;
    Ok(StoredRun { manifest, record, chip: read_text(folder, CHIP)? })
}

fn read_text(folder: &Path, file: &str) -> Result<String, Diagnostic> {
    let path = folder.join(file);
    let refuse = |what: String| {
        Diagnostic::error("QR005", "a file of the run folder cannot be read")
            .at(&path.display().to_string(), "", what)
            .help("run the network again")
    };
    let length = std::fs::metadata(&path).map_err(|error| refuse(error.to_string()))?.len();
    if length > FILE_BYTES_MAX {
        return Err(refuse(format!("{length} bytes are more than a run writes")));
    }
    std::fs::read_to_string(&path).map_err(|error| refuse(error.to_string()))
}
