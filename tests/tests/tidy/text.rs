//! Length, width, module docs, and paths of one machine.

use super::tree::{files, none};

/// Hard stop for the length of a file.
const LINES_MAX: usize = 1000;
/// Columns of a line of code.
const COLUMNS_MAX: usize = 100;

#[test]
fn files_are_short_and_narrow() {
    let mut findings = Vec::new();
    for file in files(&[".rs"]) {
        let lines = file.text.lines().count();
        if lines > LINES_MAX {
            findings.push(format!("{}: {lines} lines, more than {LINES_MAX}", file.path));
        }
        for (number, line) in file.text.lines().enumerate() {
            let columns = line.chars().count();
            // A text is data: rustfmt leaves it as it is, and so does this.
            let in_text = line.contains('"') || line.ends_with('\\');
            if columns > COLUMNS_MAX && !in_text {
                findings.push(format!("{}:{}: {columns} columns", file.path, number + 1));
            }
        }
    }
    none(&findings);
}

#[test]
fn half_of_the_files_have_at_most_400_lines() {
    let mut lengths: Vec<usize> =
        files(&[".rs"]).iter().map(|file| file.text.lines().count()).collect();
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    assert!(median <= 400, "the median file has {median} lines");
}

#[test]
fn modules_say_what_they_are() {
    let silent = files(&[".rs"]);
    let silent = silent.iter().filter(|file| !file.text.starts_with("//!"));
    none(&silent.map(|file| format!("{}: no `//!` at the top", file.path)).collect::<Vec<_>>());
}

#[test]
fn the_tree_stands_on_its_own() {
    // Written in parts, so that this file does not find itself.
    let foreign = [
        concat!("../sha", "red"),
        concat!("sha", "red/reference"),
        concat!("/wo", "rk/"),
        concat!("/ro", "ot/"),
        concat!("/ho", "me/"),
        concat!("/tmp/br", "ief"),
    ];
    let mut findings = Vec::new();
    for file in files(&[]) {
        for (number, line) in file.text.lines().enumerate() {
            for path in foreign.iter().filter(|path| line.contains(*path)) {
                findings.push(format!("{}:{}: names {path}", file.path, number + 1));
            }
        }
    }
    none(&findings);
}
