//! Each rule is broken by one value, and its message points there.

use std::collections::{BTreeMap, BTreeSet};

use quarrion_boards::{LoadError, LoadedChip, Sources, load_chip_text};
use quarrion_isa::diagnostic::{Diagnostic, Severity};
use serde::Deserialize;

use super::render::{data, golden, render};

/// One case of `cases.ron`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    code: String,
    base: String,
    replace: String,
    by: String,
}

/// Chip files that keep every rule.
const BASES: [&str; 3] = ["torus", "tree", "mixed"];

/// Codes whose cause is not the changed value: something is missing, or the text is no tree.
const ELSEWHERE: [&str; 5] = ["QC015", "QC057", "QC091", "QC092", "QC094"];

/// Codes that other tests show: files and folders, edits, derived files, unreachable from a file.
const SHOWN_ELSEWHERE: [&str; 8] =
    ["QC001", "QC007", "QC008", "QC014", "QC017", "QC023", "QC071", "QC093"];

fn cases() -> Vec<Case> {
    let text = std::fs::read_to_string(data().join("cases.ron")).expect("cases.ron is there");
    ron::from_str(&text).expect("cases.ron reads")
}

fn base(name: &str) -> String {
    std::fs::read_to_string(data().join(format!("{name}.ron"))).expect("the base is there")
}

fn load(name: &str, text: &str) -> (Vec<Diagnostic>, Sources) {
    match load_chip_text(name, text, &[]) {
        Ok(LoadedChip { notes, sources, .. }) => (notes, sources),
        Err(LoadError { diagnostics, sources }) => (diagnostics, sources),
    }
}

/// What is wrong with the outcome of a case.
fn judge(case: &Case, bases: &BTreeMap<String, String>) -> Result<(), String> {
    let base = &bases[&case.base];
    if base.matches(&case.replace).count() != 1 {
        return Err(format!("{}: `{}` is not once in {}", case.name, case.replace, case.base));
    }
    let start = base.find(&case.replace).unwrap_or_default();
    let text = base.replacen(&case.replace, &case.by, 1);
    let (found, sources) = load(&format!("{}.ron", case.name), &text);
    let before = load(&format!("{}.ron", case.name), base).0;
    let new: Vec<&Diagnostic> =
        found.iter().filter(|one| before.iter().all(|old| old.message != one.message)).collect();
    let errors = new.iter().filter(|one| one.severity == Severity::Error).count();
    let of_code: Vec<&&Diagnostic> = new.iter().filter(|one| one.code == case.code).collect();
    if of_code.len() != 1 || errors > 1 {
        let said: Vec<String> = new.iter().map(|one| render(one, &sources)).collect();
        return Err(format!("{}: expected one {}, found\n{}", case.name, case.code, said.concat()));
    }
    let one = of_code[0];
    let changed = start..start + case.by.len().max(1);
    let touches = one
        .labels
        .iter()
        .filter_map(|label| label.span)
        .any(|span| span.start < changed.end && span.end > changed.start);
    if !touches && !ELSEWHERE.contains(&one.code) && case.name != "unclosed" {
        return Err(format!("{}: points elsewhere\n{}", case.name, render(one, &sources)));
    }
    if one.severity != Severity::Note && one.help.is_none() {
        return Err(format!("{}: offers no way out", case.name));
    }
    golden(&case.name, &render(one, &sources))
}

#[test]
fn every_rule_points_at_the_value_that_breaks_it() {
    let cases = cases();
    let bases: BTreeMap<String, String> =
        BASES.into_iter().map(|name| (name.to_owned(), base(name))).collect();
    let failures: Vec<String> = cases.iter().filter_map(|case| judge(case, &bases).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    println!("{} cases of {} codes", cases.len(), codes_of(&cases).len());
}

fn codes_of(cases: &[Case]) -> BTreeSet<&str> {
    cases.iter().map(|case| case.code.as_str()).collect()
}

#[test]
fn every_code_has_a_case_and_an_explanation() {
    let cases = cases();
    let mut shown = codes_of(&cases);
    shown.extend(SHOWN_ELSEWHERE);
    let tables = [quarrion_boards::CODES, quarrion_isa::chip::CODES];
    let listed: Vec<&str> = tables.iter().flat_map(|table| table.iter().map(|e| e.code)).collect();
    let explained: BTreeSet<&str> = listed.iter().copied().collect();
    assert_eq!(listed.len(), explained.len(), "a code is explained twice");
    assert_eq!(shown, explained);
    for entry in tables.iter().copied().flatten() {
        assert!(!entry.title.is_empty() && entry.explanation.len() > 60, "{}", entry.code);
    }
}

#[test]
fn the_bases_keep_every_rule() {
    for name in BASES {
        let (found, sources) = load(name, &base(name));
        let bad: Vec<String> = found
            .iter()
            .filter(|one| one.severity != Severity::Note)
            .map(|one| render(one, &sources))
            .collect();
        assert!(bad.is_empty(), "{}", bad.concat());
    }
}

#[test]
fn every_golden_message_belongs_to_a_case() {
    let cases = cases();
    let names: BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), cases.len(), "two cases share a name");
    for entry in std::fs::read_dir(data().join("golden")).expect("golden messages are there") {
        let file = entry.expect("the folder reads").file_name().into_string().expect("plain names");
        let name = file.trim_end_matches(".txt");
        let elsewhere = ["set-", "derived-", "unknown-chip"];
        let known = names.contains(name) || elsewhere.iter().any(|start| name.starts_with(start));
        assert!(known, "{file} belongs to no case");
    }
}
