//! Run folders made from others: `retime --out`, `reprice --out`.

use std::path::Path;
use std::time::Instant;

use quarrion_boards::LoadedChip;
use quarrion_report::{Existing, HostSection, Manifest, RunFolder, Settings, Source, StoredRun};

use crate::failure::Failure;

/// Where the folder is to be, found free before any work is done.
pub(super) struct Place<'a> {
    out: &'a Path,
    existing: Existing,
    start: Instant,
}

impl<'a> Place<'a> {
    /// The place that was asked for, if one was.
    ///
    /// # Errors
    /// QR001 to QR003: the name is taken, or nothing can be written there.
    pub(super) fn check(
        out: Option<&'a Path>,
        existing: Existing,
    ) -> Result<Option<Self>, Failure> {
        let Some(out) = out else { return Ok(None) };
        drop(RunFolder::create(out, existing)?);
        Ok(Some(Self { out, existing, start: Instant::now() }))
    }

    /// An empty folder for the files, which gets its name when it is finished.
    ///
    /// # Errors
    /// QR001 to QR003, as before.
    pub(super) fn create(&self) -> Result<RunFolder, Failure> {
        Ok(RunFolder::create(self.out, self.existing)?)
    }

    /// What made the new run: the old one's network, input and program, on this chip.
    pub(super) fn manifest(
        &self,
        run: &StoredRun,
        chip: &LoadedChip,
        (sets, settings, threads): (&[String], Settings, u32),
    ) -> Manifest {
        let blake3 = blake3::hash(chip.text.as_bytes()).to_hex().to_string();
        Manifest {
            quarrion: env!("CARGO_PKG_VERSION").into(),
            chip: Source { name: chip.chip.name.clone(), blake3 },
            sets: sets.to_vec(),
            settings,
            host: HostSection {
                threads,
                platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
                seconds: self.start.elapsed().as_secs_f64(),
                command: std::env::args().collect(),
                ..run.manifest.host.clone()
            },
            ..run.manifest.clone()
        }
    }
}

/// What becomes of an old folder of that name.
pub(super) fn existing(force: bool) -> Existing {
    if force { Existing::Replace } else { Existing::Refuse }
}
