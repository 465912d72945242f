//! Reading a run folder back.

use std::path::Path;

use quarrion_isa::activity::{Activity, decode_activity};
use quarrion_isa::diagnostic::Diagnostic;

use super::{ACTIVITY, CHIP, MANIFEST, RECORD};
use crate::manifest::{Manifest, damaged, parse_manifest};
use crate::record::RunRecord;

/// Largest file of a folder that is read whole: 64 MiB.
const FILE_BYTES_MAX: u64 = 1 << 26;

/// Largest stored activity that is read: 16 GiB.
const ACTIVITY_BYTES_MAX: u64 = 1 << 34;

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

/// Loads the activity of a run whose manifest and record are `run`'s.
///
/// # Errors
/// QR006: the folder holds none. QR005: it is damaged, or another run's.
pub fn load_activity(folder: &Path, run: &StoredRun) -> Result<Vec<Activity>, Diagnostic> {
    let path = folder.join(ACTIVITY);
    let name = path.display().to_string();
    if !path.exists() {
        return Err(Diagnostic::error("QR006", "the run folder holds no activity")
            .at(&name, "", "no such file")
            .help("run the network again with --save-activity"));
    }
    let refuse = |what: String| {
        Diagnostic::error("QR005", "the stored activity of the run folder cannot be used")
            .at(&name, "", what)
            .help("run the network again with --save-activity")
    };
    let length = std::fs::metadata(&path).map_err(|error| refuse(error.to_string()))?.len();
    if length > ACTIVITY_BYTES_MAX {
        return Err(refuse(format!("{length} bytes are more than a reader takes")));
    }
    let bytes = std::fs::read(&path).map_err(|error| refuse(error.to_string()))?;
    let (head, records) = decode_activity(&bytes).map_err(|error| refuse(error.to_string()))?;
    let (layers, timesteps) = (run.record.layers.len() as u64, run.record.timesteps);
    if head.program != run.manifest.program {
        return Err(refuse("it is of another program than the manifest's".into()));
    }
    if (u64::from(head.populations), head.records) != (layers, timesteps) {
        return Err(refuse("it has another number of populations or timesteps".into()));
    }
    Ok(records)
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
