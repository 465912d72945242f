//! The texts that findings point into, and the files that a command names.

use std::path::Path;

use quarrion_boards::Sources;
use quarrion_isa::diagnostic::Diagnostic;

/// Texts by the name that labels use.
#[derive(Debug, Default)]
pub struct Texts(Vec<(String, String)>);

impl Texts {
    /// Keeps a text.
    pub fn add(&mut self, name: &str, text: &str) {
        self.0.push((name.into(), text.into()));
    }

    /// Keeps the texts that a chip was made of.
    pub fn add_chip(&mut self, sources: &Sources) {
        for source in sources.texts() {
            self.add(&source.name, &source.text);
        }
    }

    /// Keeps and returns a text that comes with Quarrion, given by name and text, or else that of a
    /// file; with the name that labels use.
    ///
    /// # Errors
    /// QU001: nothing of the name comes with Quarrion, and there is no such file.
    pub fn take_shipped(
        &mut self,
        name: &str,
        shipped: Option<(&str, &str)>,
    ) -> Result<(String, String), Diagnostic> {
        let (source, text) = match shipped {
            Some((own, text)) => (format!("builtin:{own}"), text.to_owned()),
            None => (name.to_owned(), read_text(Path::new(name))?),
        };
        self.add(&source, &text);
        Ok((source, text))
    }

    /// The text of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&str> {
        // The latest first: two chips of one command may both have a `--set`.
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, text)| text.as_str())
    }
}

/// Reads a file that the user named.
///
/// # Errors
/// QU001: it is not there or cannot be read.
pub fn read_file(path: &Path) -> Result<Vec<u8>, Diagnostic> {
    std::fs::read(path).map_err(|error| {
        Diagnostic::error("QU001", "a file that the command names cannot be read")
            .at(&path.display().to_string(), "", describe(&error))
            .help("check the name and the folder that the command runs in")
    })
}

/// Reads a text file that the user named.
///
/// # Errors
/// QU001: it is not there, cannot be read or is no text.
pub fn read_text(path: &Path) -> Result<String, Diagnostic> {
    String::from_utf8(read_file(path)?).map_err(|_| {
        Diagnostic::error("QU001", "a file that the command names is no text").at(
            &path.display().to_string(),
            "",
            "not UTF-8",
        )
    })
}

/// Writes a file whole or not at all.
///
/// # Errors
/// QU002: its folder cannot be written, or the disk is full.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Diagnostic> {
    let write = || {
        // A device such as /dev/null is no file to put another one in the place of.
        if std::fs::metadata(path).is_ok_and(|there| !there.is_file() && !there.is_dir()) {
            return std::fs::write(path, bytes);
        }
        let draft = path.with_file_name(draft_name(path));
        let result = write_whole(&draft, bytes).and_then(|()| std::fs::rename(&draft, path));
        if result.is_err() {
            // The draft may not exist; the first error is the one to tell.
            let _ = std::fs::remove_file(&draft);
        }
        result
    };
    write().map_err(|error| {
        Diagnostic::error("QU002", "a result cannot be written")
            .at(&path.display().to_string(), "", describe(&error))
            .help("make room or name a file that can be written; nothing was left behind")
    })
}

/// A name beside the file that no other process uses.
fn draft_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!(".{name}.{}.tmp", std::process::id())
}

fn write_whole(draft: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    let mut file = std::fs::File::create_new(draft)?;
    file.write_all(bytes)?;
    file.sync_data()
}

/// What the system says, without its number.
pub(crate) fn describe(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}
