//! A run folder is whole or absent, and reads back as it was written.

use std::path::Path;

use super::*;
use crate::fixture::{manifest, record, settings};
use crate::summary::{Prices, RunReport};

fn write_run(place: &Path, existing: Existing) -> Result<(), quarrion_isa::diagnostic::Diagnostic> {
    let folder = RunFolder::create(place, existing)?;
    let (events, power) = Default::default();
    let prices = Prices { chip: "toy", events: &events, power: &power };
    let report = RunReport::new(&record(), &settings(), &prices);
    folder.write_run(&manifest(), &record(), &report, "(name: \"tiny\")")?;
    folder.finish()
}

fn entries(folder: &Path) -> Vec<String> {
    let list = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        list.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into()).collect();
    names.sort_unstable();
    names
}

#[test]
fn a_run_reads_back_and_is_never_overwritten_unasked() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let place = home.path().join("run");
    write_run(&place, Existing::Refuse).expect("written");
    let run = load_run(&place).expect("read back");
    assert_eq!((&run.record, &run.manifest), (&record(), &manifest()));
    assert_eq!(run.chip, "(name: \"tiny\")");
    assert_eq!(entries(&place), [CHIP, "kinds.csv", MANIFEST, RECORD, SUMMARY]);

    let taken = write_run(&place, Existing::Refuse).expect_err("the name is taken");
    assert_eq!(taken.code, "QR001");
    std::fs::write(place.join("old"), "").expect("written");
    write_run(&place, Existing::Replace).expect("replaced");
    assert!(!place.join("old").exists(), "the old run is gone whole");
    assert_eq!(entries(home.path()), ["run"], "nothing temporary is left");
}

#[test]
fn what_is_no_run_is_neither_replaced_nor_read() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let place = home.path().join("thesis");
    std::fs::create_dir(&place).expect("made");
    std::fs::write(place.join("chapter"), "dear").expect("written");
    for existing in [Existing::Refuse, Existing::Replace] {
        let refused = write_run(&place, existing).expect_err("not a run");
        assert!(["QR001", "QR003"].contains(&refused.code), "{refused}");
    }
    assert_eq!(load_run(&place).expect_err("no run").code, "QR003");
    assert_eq!(entries(&place), ["chapter"]);
    let nowhere = home.path().join("no/such/run");
    assert_eq!(write_run(&nowhere, Existing::Refuse).expect_err("no parent").code, "QR002");
}

#[test]
fn a_dropped_draft_leaves_nothing() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let folder = RunFolder::create(&home.path().join("run"), Existing::Refuse).expect("started");
    folder.write_bytes("half", b"written").expect("written");
    assert_eq!(entries(home.path()).len(), 1);
    drop(folder);
    assert_eq!(entries(home.path()), [""; 0]);
}

#[test]
fn other_versions_and_damage_are_told_apart() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let place = home.path().join("run");
    write_run(&place, Existing::Refuse).expect("written");
    let good = std::fs::read_to_string(place.join(MANIFEST)).expect("read");
    for (from, to, code) in [
        ("quarrion-run", "someone-else", "QR003"),
        ("\"version\": 1", "\"version\": 2", "QR004"),
        ("\"seed\"", "\"sea\"", "QR005"),
    ] {
        std::fs::write(place.join(MANIFEST), good.replace(from, to)).expect("written");
        assert_eq!(load_run(&place).expect_err(to).code, code);
    }
    std::fs::write(place.join(MANIFEST), good).expect("written");
    std::fs::write(place.join(RECORD), "{").expect("written");
    assert_eq!(load_run(&place).expect_err("cut off").code, "QR005");
}
