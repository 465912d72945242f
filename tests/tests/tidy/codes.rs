//! Codes of messages: each is explained once, and each that is explained can be met.

use std::collections::BTreeSet;

use quarrion::commands::explain::all_codes;

use super::tree::{files, none};

/// Codes that the text has between quotes, such as "QC012".
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    let is_code = |word: &&str| {
        let (letters, digits) = word.split_at_checked(2).unwrap_or_default();
        let prefix = letters.starts_with('Q') && letters.chars().all(|c| c.is_ascii_uppercase());
        prefix && digits.len() == 3 && digits.chars().all(|c| c.is_ascii_digit())
    };
    text.split('"').skip(1).step_by(2).filter(is_code)
}

#[test]
fn codes_are_explained_once_and_in_order() {
    let codes = all_codes();
    assert!(codes.len() > 50, "only {} codes", codes.len());
    let same = codes.windows(2).filter(|pair| pair[0].code == pair[1].code);
    none(&same.map(|pair| format!("{} is explained twice", pair[0].code)).collect::<Vec<_>>());
    let short = codes.iter().filter(|entry| entry.explanation.len() < 40 || entry.title.is_empty());
    none(&short.map(|entry| format!("{} is hardly explained", entry.code)).collect::<Vec<_>>());
}

#[test]
fn every_code_of_the_sources_is_explained_and_the_other_way_round() {
    let explained: BTreeSet<&str> = all_codes().iter().map(|entry| entry.code).collect();
    let mut met: BTreeSet<String> = BTreeSet::new();
    let mut findings = Vec::new();
    for file in files(&[".rs"]) {
        if !file.path.contains("/src/") || file.path.starts_with("tests/") {
            continue;
        }
        let table = file.path.ends_with("codes.rs");
        for line in file.text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for code in quoted(line) {
                if !explained.contains(code) {
                    findings.push(format!("{}: {code} is not explained", file.path));
                }
                if !table || line.contains("const ") {
                    met.insert(code.to_owned());
                }
            }
        }
    }
    let never = explained.iter().filter(|code| !met.contains(**code));
    findings.extend(never.map(|code| format!("{code} is explained, but no source uses it")));
    none(&findings);
}

/// Codes that no test shows yet.
const UNSHOWN: [&str; 4] = ["QE901", "QE902", "QM090", "QN038"];

/// The part of a file that tests read or run.
fn tested(path: &str, text: &str) -> String {
    let inside = |part: &str| path.contains(part);
    let whole = inside("/tests/") || inside("tests/data/") || inside("_test.rs");
    let whole = whole || path.ends_with("/tests.rs") || path.starts_with("tests/tests/");
    match text.split_once("#[cfg(test)]") {
        _ if whole => text.to_owned(),
        Some((_, tests)) => tests.to_owned(),
        None => String::new(),
    }
}

#[test]
fn every_code_is_shown_by_a_test() {
    let shown: String = files(&[".rs", ".txt", ".ron"])
        .iter()
        .filter(|file| !file.path.ends_with("tidy/codes.rs"))
        .map(|file| tested(&file.path, &file.text))
        .collect();
    let all = all_codes();
    let hidden = all.iter().map(|entry| entry.code).filter(|code| !shown.contains(code));
    let new = hidden.filter(|code| !UNSHOWN.contains(code));
    let findings: Vec<String> = new.map(|code| format!("{code} is shown by no test")).collect();
    none(&findings);
}
