//! Files that extend others, and files that cannot be read.

use std::path::Path;

use quarrion_boards::load_chip;
use quarrion_isa::chip::check_chip;
use quarrion_isa::event::EventKind;
use quarrion_isa::quantity::{Attojoules, Picoseconds};

use super::render::{golden, render};

/// Writes files into a fresh folder.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("writing a chip file");
    }
    folder
}

fn path(folder: &tempfile::TempDir, name: &str) -> String {
    folder.path().join(name).display().to_string()
}

/// The messages of a description that does not load, free of the folder's name.
fn refused(folder: &Path, name: &str) -> String {
    let target = folder.join(name).display().to_string();
    let error = load_chip(&target, &[]).expect_err("the description is refused");
    let said: Vec<String> =
        error.diagnostics.iter().map(|found| render(found, &error.sources)).collect();
    said.concat().replace(&format!("{}/", folder.display()), "")
}

#[test]
fn a_derived_file_changes_what_it_names_and_nothing_else() {
    let folder = folder(&[
        ("wide.ron", r#"(format: 1, name: "wide", extends: "loihi1", mesh: (width: 4))"#),
        (
            "cheap.ron",
            r#"(name: "cheap", extends: "wide.ron", without: ["prices.hop_tile"], prices: {
                neuron_active:
                    (energy_pj: 8.1, spread: unknown, source: "a hope", standing: assumed),
            })"#,
        ),
    ]);
    let base = load_chip("loihi1", &[]).expect("loihi1 loads").chip;
    let chip = load_chip(&path(&folder, "cheap.ron"), &[]).expect("the file loads").chip;
    assert_eq!((chip.name.as_str(), chip.mesh.width, chip.mesh.height), ("cheap", 4, 4));
    assert_eq!(chip.cores.len(), 64);
    assert_eq!(chip.prices[&EventKind::NeuronActive].nominal, Attojoules(8_100_000));
    assert!(!chip.prices.contains_key(&EventKind::HopTile));
    assert_eq!(chip.core_types, base.core_types);
    assert_eq!(chip.synchronisation, base.synchronisation);
    assert_eq!(chip.barrier_latency(1), Picoseconds(113_000));
}

#[test]
fn figures_are_overridden_whole_and_nothing_is_taken_that_is_not_there() {
    let folder = folder(&[
        (
            "partial.ron",
            r#"(name: "partial", extends: "loihi1", prices: { hop_tile: (energy_pj: 1.0) })"#,
        ),
        ("without.ron", r#"(name: "w", extends: "loihi1", without: ["prices.hop_tiel"])"#),
    ]);
    for (name, code) in [("partial", "QC014"), ("without", "QC017")] {
        let said = refused(folder.path(), &format!("{name}.ron"));
        assert!(said.contains(code), "{said}");
        golden(&format!("derived-{name}"), &said).unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn circles_and_missing_bases_are_refused() {
    let folder = folder(&[
        ("self.ron", r#"(name: "s", extends: "self.ron")"#),
        ("a.ron", r#"(name: "a", extends: "b.ron")"#),
        ("b.ron", r#"(name: "b", extends: "./a.ron")"#),
        ("lost.ron", r#"(name: "lost", extends: "nowhere.ron")"#),
        ("typo.ron", r#"(name: "typo", extends: "loihi")"#),
        ("base-broken.ron", r#"(name: "x", extends: "broken.ron")"#),
        ("broken.ron", r#"(name: "broken", mesh: (width: 3,, ))"#),
        ("not-text.ron", r#"(name: "n", extends: 3)"#),
        ("empty.ron", ""),
        ("list.ron", "[1, 2]"),
    ]);
    let cases = [
        ("self", "QC008"),
        ("a", "QC008"),
        ("lost", "QC001"),
        ("typo", "QC001"),
        ("base-broken", "QC002"),
        ("not-text", "QC006"),
        ("empty", "QC002"),
        ("list", "QC006"),
        ("missing", "QC001"),
    ];
    for (name, code) in cases {
        let said = refused(folder.path(), &format!("{name}.ron"));
        assert!(said.contains(code), "{name}: {said}");
        golden(&format!("derived-{name}"), &said).unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn unknown_names_folders_and_giant_files_are_refused() {
    let error = load_chip("lohi1", &[]).expect_err("no such chip");
    golden("unknown-chip", &render(&error.diagnostics[0], &error.sources))
        .unwrap_or_else(|error| panic!("{error}"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let giant = folder.path().join("giant.ron");
    std::fs::write(&giant, "(".repeat(1 << 20)).expect("writing a chip file");
    std::fs::write(folder.path().join("latin.ron"), b"(name: \"\xe9\")").expect("writing a file");
    for name in ["giant.ron", "latin.ron", "."] {
        let target = folder.path().join(name).display().to_string();
        let error = load_chip(&format!("{target}/").replace(".ron/", ".ron"), &[]);
        let error = error.expect_err("the description is refused");
        assert_eq!(error.diagnostics[0].code, "QC001", "{name}: {error}");
    }
}

/// A file cannot hold a figure that is not finite, but code can: the rule holds there too.
#[test]
fn figures_made_by_code_are_finite_too() {
    let mut file = load_chip("loihi1", &[]).expect("loihi1 loads").file;
    let price = file.prices.get_mut(&EventKind::HopTile).expect("loihi1 prices it");
    price.energy_pj = f64::NAN;
    let found = check_chip(&file).expect_err("NaN is refused");
    assert_eq!(found.iter().map(|one| one.code).collect::<Vec<_>>(), ["QC023"]);
}
