//! The arrows between the crates, from `cargo metadata`: any other edge is a fault.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// Who may depend on whom, by build, dev and normal dependencies alike.
const ARROWS: &[(&str, &[&str])] = &[
    ("quarrion-isa", &[]),
    ("quarrion-boards", &["quarrion-isa"]),
    ("quarrion-compiler", &["quarrion-isa"]),
    ("quarrion-emulator", &["quarrion-isa"]),
    ("quarrion-reference", &["quarrion-isa"]),
    ("quarrion-report", &["quarrion-isa"]),
    (
        "quarrion",
        &[
            "quarrion-boards",
            "quarrion-compiler",
            "quarrion-emulator",
            "quarrion-isa",
            "quarrion-reference",
            "quarrion-report",
        ],
    ),
    (
        "quarrion-tests",
        &[
            "quarrion",
            "quarrion-boards",
            "quarrion-compiler",
            "quarrion-emulator",
            "quarrion-isa",
            "quarrion-reference",
            "quarrion-report",
        ],
    ),
];

#[test]
fn crates_depend_on_each_other_as_drawn() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root)
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("cargo metadata writes JSON");
    let packages = metadata["packages"].as_array().expect("a list of packages");
    let name = |value: &serde_json::Value| value["name"].as_str().expect("a name").to_owned();
    let ours: BTreeSet<String> = packages.iter().map(name).collect();
    let drawn: BTreeMap<&str, BTreeSet<&str>> =
        ARROWS.iter().map(|(from, to)| (*from, to.iter().copied().collect())).collect();
    let known: BTreeSet<String> = drawn.keys().map(|name| (*name).to_owned()).collect();
    assert_eq!(ours, known, "crates of the workspace and crates that are drawn");
    for package in packages {
        let from = name(package);
        let dependencies = package["dependencies"].as_array().expect("a list");
        for to in dependencies.iter().map(name).filter(|to| ours.contains(to)) {
            assert!(drawn[from.as_str()].contains(to.as_str()), "{from} -> {to} is not drawn");
        }
    }
}
