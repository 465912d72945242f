//! The files of the tree.

use std::path::{Path, PathBuf};

/// Folders that are not ours to hold to anything.
const SKIPPED: [&str; 3] = ["target", ".git", ".scratch"];

/// A text file of the tree.
pub(super) struct File {
    /// Path from the root, with `/`.
    pub(super) path: String,
    pub(super) text: String,
}

/// The root of the workspace.
pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every text file of the tree whose name ends so, in order of path.
pub(super) fn files(endings: &[&str]) -> Vec<File> {
    let mut paths = Vec::new();
    walk(&root(), &mut paths);
    let mut files: Vec<File> = paths
        .into_iter()
        .filter(|path| {
            let name = path.file_name().expect("a name").to_string_lossy();
            endings.is_empty() || endings.iter().any(|ending| name.ends_with(ending))
        })
        .filter_map(|path| {
            let text = String::from_utf8(std::fs::read(&path).expect("a file")).ok()?;
            let path = path.strip_prefix(root()).expect("below the root");
            Some(File { path: path.to_string_lossy().replace('\\', "/"), text })
        })
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(files.len() > 10, "only {} files end in {endings:?}", files.len());
    files
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if path.is_dir() && !SKIPPED.contains(&name.as_str()) {
            walk(&path, paths);
        } else if path.is_file() {
            paths.push(path);
        }
    }
}

/// Fails with all findings at once.
pub(super) fn none(findings: &[String]) {
    assert!(findings.is_empty(), "{} findings:\n{}", findings.len(), findings.join("\n"));
}
