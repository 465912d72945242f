//! Who may do what: no I/O in `isa`, no printing outside `cli`, no figure without a source.

use quarrion_boards::{CATALOG, load_chip};

use super::tree::{File, files, none};

/// Lines of library code: what stands before a file's tests, without comments.
fn code(file: &File) -> impl Iterator<Item = (usize, &str)> {
    let lines = file.text.lines().enumerate().map(|(number, line)| (number + 1, line));
    let lines = lines.take_while(|(_, line)| !line.contains("#[cfg(test)]"));
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Places of library code in these folders that use one of the words.
fn uses(folders: &[&str], words: &[&str]) -> Vec<String> {
    let mut findings = Vec::new();
    let mut seen = 0;
    for file in files(&[".rs"]) {
        let library = folders.iter().any(|folder| file.path.starts_with(&format!("{folder}/src/")));
        if !library || file.path.ends_with("/tests.rs") {
            continue;
        }
        seen += 1;
        for (number, line) in code(&file) {
            for word in words.iter().filter(|word| line.contains(*word)) {
                findings.push(format!("{}:{number}: uses {word}", file.path));
            }
        }
    }
    assert!(seen >= folders.len(), "only {seen} files in {folders:?}");
    findings
}

#[test]
fn isa_touches_nothing_outside_itself() {
    let words = [
        "std::fs",
        "std::io",
        "std::net",
        "std::thread",
        "std::time",
        "std::env",
        "std::process",
        "static mut",
        "OnceLock",
        "LazyLock",
        "thread_local!",
        "println!",
        "eprintln!",
    ];
    none(&uses(&["isa"], &words));
}

#[test]
fn only_the_command_line_prints_exits_or_asks_the_environment() {
    let libraries = ["isa", "boards", "compiler", "emulator", "emulator/reference", "report"];
    let words = ["println!", "eprintln!", "print!", "std::process", "std::env", "dbg!"];
    none(&uses(&libraries, &words));
}

#[test]
fn nothing_iterates_in_the_order_of_a_random_hash() {
    let libraries =
        ["isa", "boards", "compiler", "emulator", "emulator/reference", "report", "cli"];
    none(&uses(&libraries, &["RandomState", "HashMap::new()", "HashSet::new()"]));
}

#[test]
fn every_figure_of_the_catalogue_has_source_and_standing() {
    let mut findings = Vec::new();
    let mut figures = 0;
    for entry in CATALOG {
        let loaded = load_chip(entry.name, &[]).unwrap_or_else(|error| panic!("{error}"));
        for row in &loaded.provenance {
            figures += 1;
            let sourced = row.source.as_deref().is_some_and(|source| !source.trim().is_empty());
            if !sourced || row.standing.is_none() {
                findings.push(format!("{}: {} = {}", entry.name, row.path, row.value));
            }
        }
    }
    assert!(figures > 300, "only {figures} figures in the catalogue");
    none(&findings);
}
