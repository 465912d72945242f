//! The manifest of a run: what made it, so that it can be made again.

use quarrion_isa::diagnostic::Diagnostic;
use serde::{Deserialize, Serialize};

/// First field of every manifest; tells a run folder from any other.
pub const RUN_FORMAT: &str = "quarrion-run";
/// The only version of run folders that this build reads and writes.
pub const RUN_VERSION: u32 = 1;

/// What made a run. All but `host` is the same wherever and with however many threads it is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`RUN_FORMAT`].
    pub format: String,
    /// [`RUN_VERSION`].
    pub version: u32,
    /// Version of Quarrion.
    pub quarrion: String,
    /// The network file.
    pub network: Source,
    /// The chip, with all edits; its text is `chip.ron` in the folder.
    pub chip: Source,
    /// The input file.
    pub input: Source,
    /// Edits of the chip that were given with the command.
    pub sets: Vec<String>,
    /// Identity of the program: the hash of its container.
    pub program: String,
    /// What the user chose and what was assumed.
    pub settings: Settings,
    /// What differs from machine to machine.
    pub host: HostSection,
}

/// A file with the BLAKE3 hash of its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Name without folders.
    pub name: String,
    /// Hash in hexadecimal.
    pub blake3: String,
}

/// What a result rests on beside its files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Seed of everything random.
    pub seed: u64,
    /// Timing model.
    pub timing: String,
    /// What was assumed because no file says it.
    pub assumptions: Vec<Assumption>,
}

/// One assumption.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assumption {
    /// What it is about.
    pub about: String,
    /// What was assumed.
    pub value: String,
}

/// The machine and the time that the run took on it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostSection {
    /// Engine that ran it.
    pub engine: String,
    /// Threads of the engine.
    pub threads: u32,
    /// Operating system and processor.
    pub platform: String,
    /// Wall time of the emulation in seconds.
    pub seconds: f64,
    /// The command line.
    pub command: Vec<String>,
}

/// Reads a manifest; `source` names it in messages.
///
/// # Errors
/// QR003, QR004 or QR005: the user named another folder, one of another version or a damaged one.
pub fn parse_manifest(text: &str, source: &str) -> Result<Manifest, Diagnostic> {
    /// What every version has.
    #[derive(Deserialize)]
    struct Head {
        format: String,
        version: u32,
    }
    let head: Option<Head> = serde_json::from_str(text).ok();
    let Some(head) = head.filter(|head| head.format == RUN_FORMAT) else {
        return Err(Diagnostic::error("QR003", "the folder is not a run folder")
            .at(source, "format", format!("is not {RUN_FORMAT:?}"))
            .help("name a folder that `run --out` has written"));
    };
    if head.version != RUN_VERSION {
        let message = format!(
            "the run folder has version {}, this build reads version {RUN_VERSION}",
            head.version
        );
        return Err(Diagnostic::error("QR004", message).at(source, "version", "another version"));
    }
    serde_json::from_str(text).map_err(|error| damaged(source, &error))
}

/// A file of a run folder that does not parse.
pub(crate) fn damaged(source: &str, error: &serde_json::Error) -> Diagnostic {
    Diagnostic::error("QR005", "a file of the run folder does not parse")
        .at(source, "", error.to_string())
        .help("run the network again")
}
