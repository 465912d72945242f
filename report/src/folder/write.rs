//! Writing a run folder: whole or not at all.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use quarrion_isa::chip::Chip;
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::ledger::Ledger;
use quarrion_isa::program::Program;
use tempfile::TempDir;

use super::{ACTIVITY, CHIP, MANIFEST, RECORD, SUMMARY, tables};
use crate::manifest::{Manifest, parse_manifest};
use crate::record::RunRecord;
use crate::summary::RunReport;

/// What to do with a folder of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Refuse it.
    Refuse,
    /// Replace it, if it is a run folder.
    Replace,
}

/// A spike of a compartment, for `spikes.csv`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpikeRow {
    /// Sample.
    pub sample: u32,
    /// Timestep in the sample.
    pub step: u32,
    /// Position of the population in the program.
    pub population: u32,
    /// Neuron in the population.
    pub neuron: u32,
    /// Payload; 1 for a binary spike.
    pub payload: i32,
}

/// A run folder in the making. Dropped before [`RunFolder::finish`], it leaves nothing.
#[derive(Debug)]
pub struct RunFolder {
    place: PathBuf,
    existing: Existing,
    draft: TempDir,
}

impl RunFolder {
    /// Starts a run folder; everything that can be refused is refused here, before the run.
    ///
    /// # Errors
    /// QR001 or QR003 for a name that is taken, QR002 where nothing can be written.
    pub fn create(place: &Path, existing: Existing) -> Result<Self, Diagnostic> {
        if place.file_name().is_none() {
            let message = "a run folder needs a name of its own";
            return Err(Diagnostic::error("QR002", message)
                .at(&place.display().to_string(), "", "names no new folder")
                .help("name a folder, such as --out runs/first"));
        }
        check_free(place, existing)?;
        let parent = parent_of(place);
        let draft = tempfile::Builder::new()
            .prefix(".quarrion-run-")
            .tempdir_in(&parent)
            .map_err(|error| unwritable(&parent, &error))?;
        let folder = Self { place: place.to_owned(), existing, draft };
        std::fs::create_dir(folder.files()).map_err(|error| unwritable(&parent, &error))?;
        Ok(folder)
    }

    /// Where the files are until the folder has its name. Temporary folders are private, so this
    /// is a plain folder inside one: the run gets the permissions that any new folder gets.
    fn files(&self) -> PathBuf {
        self.draft.path().join("run")
    }

    /// Writes the files of a run.
    ///
    /// # Errors
    /// QR002 where a file cannot be written.
    pub fn write_run(
        &self,
        manifest: &Manifest,
        record: &RunRecord,
        report: &RunReport,
        chip_text: &str,
    ) -> Result<(), Diagnostic> {
        self.write_file(MANIFEST, |file| to_json(file, manifest))?;
        self.write_file(RECORD, |file| to_json(file, record))?;
        self.write_file(SUMMARY, |file| file.write_all(report.to_json().as_bytes()))?;
        self.write_file(CHIP, |file| file.write_all(chip_text.as_bytes()))?;
        self.write_file("kinds.csv", |file| tables::write_kinds(file, report))
    }

    /// Writes the tables by core, link, population and timestep.
    ///
    /// # Errors
    /// QR002 where a file cannot be written.
    pub fn write_tables(
        &self,
        program: &Program,
        chip: &Chip,
        ledger: &Ledger,
        record: &RunRecord,
    ) -> Result<(), Diagnostic> {
        self.write_file("cores.csv", |file| tables::write_cores(file, program, chip, ledger))?;
        self.write_times(chip, ledger, record)
    }

    /// Writes the tables by link, population and timestep, which need no program.
    ///
    /// # Errors
    /// QR002 where a file cannot be written.
    pub fn write_times(
        &self,
        chip: &Chip,
        ledger: &Ledger,
        record: &RunRecord,
    ) -> Result<(), Diagnostic> {
        self.write_file("links.csv", |file| tables::write_links(file, chip, ledger))?;
        self.write_file("steps.csv", |file| tables::write_steps(file, ledger))?;
        self.write_file("populations.csv", |file| tables::write_populations(file, record, ledger))
    }

    /// Writes `spikes.csv`.
    ///
    /// # Errors
    /// QR002 where the file cannot be written.
    pub fn write_spikes(
        &self,
        program: &Program,
        spikes: impl Iterator<Item = SpikeRow>,
    ) -> Result<(), Diagnostic> {
        self.write_file("spikes.csv", |file| tables::write_spikes(file, program, spikes))
    }

    /// Writes the activity of a run, as [`quarrion_isa::activity::encode_activity`] gives it.
    ///
    /// # Errors
    /// QR002 where the file cannot be written.
    pub fn write_activity(&self, bytes: &[u8]) -> Result<(), Diagnostic> {
        self.write_bytes(ACTIVITY, bytes)
    }

    /// Writes any further file of the folder.
    ///
    /// # Errors
    /// QR002 where the file cannot be written.
    pub fn write_bytes(&self, name: &str, bytes: &[u8]) -> Result<(), Diagnostic> {
        self.write_file(name, |file| file.write_all(bytes))
    }

    /// Gives the folder its name; an old run under it goes only now.
    ///
    /// # Errors
    /// QR001 or QR003 for a name that was taken meanwhile, QR002 where it cannot be renamed.
    pub fn finish(self) -> Result<(), Diagnostic> {
        check_free(&self.place, self.existing)?;
        let refuse = |error: io::Error| unwritable(&self.place, &error);
        // The old run is moved aside first, so that it is whole until the new one is in place.
        let aside = if self.place.exists() {
            let aside = tempfile::Builder::new()
                .prefix(".quarrion-old-")
                .tempdir_in(parent_of(&self.place))
                .map_err(refuse)?;
            std::fs::rename(&self.place, aside.path().join("run")).map_err(refuse)?;
            Some(aside)
        } else {
            None
        };
        if let Err(error) = std::fs::rename(self.files(), &self.place) {
            if let Some(aside) = &aside {
                std::fs::rename(aside.path().join("run"), &self.place).map_err(refuse)?;
            }
            return Err(refuse(error));
        }
        Ok(())
    }

    fn write_file(
        &self,
        name: &str,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> Result<(), Diagnostic> {
        let whole = || {
            let mut file = BufWriter::new(File::create(self.files().join(name))?);
            write(&mut file)?;
            file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_data()
        };
        whole().map_err(|error: io::Error| unwritable(&self.place.join(name), &error))
    }
}

/// Whether the name may be taken.
fn check_free(place: &Path, existing: Existing) -> Result<(), Diagnostic> {
    if std::fs::symlink_metadata(place).is_err() {
        return Ok(());
    }
    let name = place.display().to_string();
    let taken = |code, message: &str, help: &str| {
        Err(Diagnostic::error(code, message).at(&name, "", "exists").help(help))
    };
    match existing {
        Existing::Refuse => taken(
            "QR001",
            "a run never overwrites what is there",
            "name another folder, or give --force to replace an old run",
        ),
        Existing::Replace => {
            let manifest = std::fs::read_to_string(place.join(MANIFEST)).unwrap_or_default();
            match parse_manifest(&manifest, &name) {
                Err(found) if found.code == "QR003" => taken(
                    "QR003",
                    "--force replaces run folders only, and this is none",
                    "name another folder, or remove this one yourself",
                ),
                _ => Ok(()),
            }
        }
    }
}

fn parent_of(place: &Path) -> PathBuf {
    match place.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn to_json(file: &mut impl Write, value: &impl serde::Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *file, value)?;
    file.write_all(b"\n")
}

fn unwritable(place: &Path, error: &io::Error) -> Diagnostic {
    // The system's words, without its number.
    let text = error.to_string().to_lowercase();
    Diagnostic::error("QR002", "the run folder cannot be written")
        .at(&place.display().to_string(), "", text.split(" (os error").next().unwrap_or_default())
        .help("make room or name a folder that can be written; nothing was left behind")
}
