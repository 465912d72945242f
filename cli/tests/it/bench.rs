//! A folder with files, good and bad, and the binary to run in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use quarrion::counts::ArchiveWriter;
use tempfile::TempDir;

/// The whole output of one command.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A folder to run in.
pub(crate) struct Bench {
    folder: TempDir,
}

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

impl Bench {
    /// A folder with the digits network and its first samples, and the bad files.
    pub(crate) fn new() -> Self {
        let bench = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        bench.copy("examples/digits/digits.nir", "digits.nir");
        bench.copy("examples/digits/test.npz", "test.npz");
        bench
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn copy(&self, from: &str, to: &str) {
        std::fs::copy(root().join(from), self.path(to)).expect(from);
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).expect(name);
    }

    /// Writes an archive of one array of spikes.
    pub(crate) fn write_spikes(&self, name: &str, shape: &[usize], spikes: &[u8]) {
        let mut archive = ArchiveWriter::default();
        archive.add_bytes("spikes", "|u1", shape, spikes).expect("written to memory");
        self.write(name, &archive.finish().expect("written to memory"));
    }

    /// Shape and integers of one array of an archive.
    pub(crate) fn array(&self, file: &str, name: &str) -> (Vec<usize>, Vec<i64>) {
        let file = std::fs::File::open(self.path(file)).expect("the file");
        let mut archive = zip::ZipArchive::new(file).expect("an archive");
        let mut bytes = Vec::new();
        let mut entry = archive.by_name(&format!("{name}.npy")).expect(name);
        std::io::Read::read_to_end(&mut entry, &mut bytes).expect("unpacked");
        let header = 10 + usize::from(bytes[8]) + 256 * usize::from(bytes[9]);
        let text = std::str::from_utf8(&bytes[10..header]).expect("a header");
        assert!(text.contains("'fortran_order': False"), "{text}");
        let (_, shape) = text.split_once("'shape': (").expect("a shape");
        let (shape, _) = shape.split_once(')').expect("its end");
        let shape = shape.split(',').filter_map(|extent| extent.trim().parse().ok()).collect();
        let data = &bytes[header..];
        let values = if text.contains("'descr': '<i4'") {
            let words = data.chunks_exact(4).map(|word| word.try_into().expect("4 bytes"));
            words.map(|word| i32::from_le_bytes(word).into()).collect()
        } else {
            assert!(text.contains("'descr': '<i8'"), "{text}");
            let words = data.chunks_exact(8).map(|word| word.try_into().expect("8 bytes"));
            words.map(i64::from_le_bytes).collect()
        };
        (shape, values)
    }

    /// Names in the folder, to show that nothing was left behind.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).expect("the folder");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort_unstable();
        names
    }

    /// The binary, to be run in the folder.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_quarrion"));
        command.current_dir(self.folder.path()).env("NO_COLOR", "1");
        command
    }

    /// Runs the binary with words that have no spaces in them.
    pub(crate) fn run(&self, words: &str) -> Ended {
        ended(self.command().args(words.split_whitespace()).output().expect("the binary runs"))
    }

    /// Runs a shell script with the binary as `$Q`.
    pub(crate) fn shell(&self, script: &str) -> Ended {
        let mut command = Command::new("sh");
        command.args(["-c", script]).current_dir(self.folder.path());
        command.env("Q", env!("CARGO_BIN_EXE_quarrion")).env("NO_COLOR", "1");
        ended(command.output().expect("a shell"))
    }
}

fn ended(output: Output) -> Ended {
    let text = |bytes| String::from_utf8(bytes).expect("the binary writes text");
    Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Compares with a golden file, or writes it where `UPDATE` is set.
pub(crate) fn golden(name: &str, text: &str) -> Result<(), String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden");
    let path = folder.join(format!("{name}.txt"));
    if std::env::var_os("UPDATE").is_some() {
        return std::fs::write(&path, text).map_err(|error| format!("{name}: {error}"));
    }
    let expected = std::fs::read_to_string(&path).map_err(|error| format!("{name}: {error}"))?;
    if expected == text {
        return Ok(());
    }
    Err(format!("{name} differs; UPDATE=1 rewrites it.\nexpected:\n{expected}\nfound:\n{text}"))
}
