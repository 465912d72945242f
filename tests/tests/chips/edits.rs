//! `--set PATH=VALUE`: what it changes, what follows, and what it refuses.

use quarrion_boards::{LoadError, LoadedChip, load_chip, load_chip_text};
use quarrion_isa::chip::{Standing, Topology};
use quarrion_isa::event::EventKind;
use quarrion_isa::id::CoreId;
use quarrion_isa::quantity::{Attojoules, Picoseconds};

use super::render::{data, golden, render};

fn with(name: &str, sets: &[&str]) -> Result<LoadedChip, LoadError> {
    let sets: Vec<String> = sets.iter().map(|&set| set.to_owned()).collect();
    load_chip(name, &sets)
}

fn torus(sets: &[&str]) -> Result<LoadedChip, LoadError> {
    let text = std::fs::read_to_string(data().join("torus.ron")).expect("the base is there");
    let sets: Vec<String> = sets.iter().map(|&set| set.to_owned()).collect();
    load_chip_text("torus.ron", &text, &sets)
}

fn good(outcome: Result<LoadedChip, LoadError>) -> LoadedChip {
    outcome.unwrap_or_else(|error| panic!("{error}"))
}

/// Routers that a torus can do with.
const TWO_CHANNELS: &str = "mesh.router=clocked(period_ns:1,pipeline_cycles:4,virtual_channels:2,\
                            buffer_flits:8,speculative:false)";

#[test]
fn an_edit_changes_the_chip_and_its_provenance() {
    let loaded = good(with("loihi1", &["mesh.width=16", "mesh.topology=torus", TWO_CHANNELS]));
    assert_eq!(loaded.chip.cores.len(), 256);
    assert_eq!(loaded.chip.mesh.topology, Topology::Torus);
    let row = |path: &str| {
        let row = loaded.provenance.iter().find(|row| row.path == path);
        row.unwrap_or_else(|| panic!("no {path}")).clone()
    };
    let width = row("mesh.width");
    assert_eq!(width.value, "16");
    assert_eq!(width.source.as_deref(), Some("--set mesh.width=16"));
    assert_eq!(width.standing.as_deref(), Some("assumed"));
    assert_eq!(width.set_in, "--set");
    assert_eq!(row("mesh.height").standing.as_deref(), Some("assumed"));
    assert!(row("mesh.height").set_in.starts_with("builtin:"));
}

#[test]
fn an_edited_figure_rests_on_the_edit_and_loses_its_old_bounds() {
    let loaded = good(with("loihi1", &["prices.synaptic_op_dense.energy_pj=10"]));
    let price = &loaded.chip.prices[&EventKind::SynapticOpDense];
    assert_eq!(price.nominal, Attojoules(10_000_000));
    assert_eq!((price.bounds, price.standing), (None, Standing::Assumed));
    assert_eq!(price.source, "--set prices.synaptic_op_dense.energy_pj=10");
    let both = good(with(
        "loihi1",
        &[
            "prices.synaptic_op_dense.spread=range(low_pj: 5, high_pj: 20)",
            "prices.synaptic_op_dense.energy_pj=10",
        ],
    ));
    let price = &both.chip.prices[&EventKind::SynapticOpDense];
    assert_eq!(price.bounds, Some((Attojoules(5_000_000), Attojoules(20_000_000))));
}

#[test]
fn an_edit_reaches_lists_and_fields_that_the_file_leaves_out() {
    let loaded = good(with(
        "loihi1",
        &[
            "core_types.neuro.weights.widths[6]=7",
            "core_types.neuro.fan_in=1000",
            "synchronisation.latency[1].latency_ns=500",
            "name=mine",
        ],
    ));
    let core = loaded.chip.core_type(CoreId(0));
    assert_eq!(core.weights.widths, [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(core.fan_in, Some(1000));
    assert_eq!(loaded.chip.barrier_latency(32), Picoseconds(500_000));
    assert_eq!(loaded.chip.name, "mine");
}

#[test]
fn a_price_follows_its_law_and_says_so() {
    let path = "core_types.large.synapse_memory_bits";
    let sets = [&*format!("{path}=8388608"), "core_types.large.memory_bits=8486912"];
    let loaded = good(torus(&sets));
    let price = &loaded.chip.prices[&EventKind::SynapticOpDense];
    assert_eq!(price.nominal, Attojoules(24_000_000), "12 pJ x 4^0.5");
    assert_eq!(price.bounds, Some((Attojoules(18_000_000), Attojoules(40_000_000))));
    let notes: Vec<String> = loaded
        .notes
        .iter()
        .filter(|note| ["QC093", "QC071"].contains(&note.code))
        .map(|note| render(note, &loaded.sources))
        .collect();
    golden("set-scales", &notes.concat()).unwrap_or_else(|error| panic!("{error}"));
    // Stored, the scaled price stands for the new memory and is not scaled again.
    let again = good(load_chip_text("stored", &loaded.text, &[]));
    assert_eq!(again.chip, loaded.chip);
}

#[test]
fn a_price_without_a_law_warns_that_it_stayed() {
    let loaded = good(with("loihi1", &["core_types.neuro.word_bits=128"]));
    let warnings: Vec<String> = loaded
        .notes
        .iter()
        .filter(|note| note.code == "QC071")
        .map(|note| render(note, &loaded.sources))
        .collect();
    assert_eq!(warnings.len(), 1);
    golden("set-price-unchanged", &warnings.concat()).unwrap_or_else(|error| panic!("{error}"));
    let priced = good(with(
        "loihi1",
        &[
            "core_types.neuro.word_bits=128",
            "prices.synaptic_op_dense.energy_pj=30",
            "prices.synaptic_op_sparse.energy_pj=30",
            "prices.synaptic_op_kernel.energy_pj=30",
            "prices.synaptic_op_run_length.energy_pj=30",
        ],
    ));
    assert!(priced.notes.iter().all(|note| note.code != "QC071"), "new prices belong to it");
}

#[test]
fn edits_that_lead_nowhere_are_refused() {
    let cases = [
        ("set-unknown-field", "mesh.widht=16"),
        ("set-unknown-group", "mehs.width=16"),
        ("set-unknown-core", "core_types.nuero.compartments=16"),
        ("set-beyond-list", "core_types.neuro.weights.widths[9]=3"),
        ("set-into-number", "mesh.width.bits=3"),
        ("set-no-value", "mesh.width="),
        ("set-no-equals", "mesh.width"),
        ("set-no-path", "mesh..width=3"),
        ("set-not-ron", "mesh.width=(((("),
        ("set-nan", "prices.hop_tile.energy_pj=NaN"),
        ("set-negative", "prices.hop_tile.energy_pj=-1"),
        ("set-wrong-kind", "mesh.width=wide"),
        ("set-zero", "mesh.height=0"),
    ];
    for (name, set) in cases {
        let error = with("loihi1", &["mesh.chips_x=1", set]).expect_err(name);
        let said: Vec<String> =
            error.diagnostics.iter().map(|found| render(found, &error.sources)).collect();
        assert_eq!(said.len(), 1, "{name}: {said:?}");
        let label = error.diagnostics[0].labels.first().expect("a label");
        assert_eq!(label.source, "--set", "{name}");
        golden(name, &said.concat()).unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn every_form_of_the_documentation_makes_a_chip() {
    let document = include_str!("../../../boards/README.md");
    let (_, forms) = document.split_once("## Forms to copy").expect("the section");
    let block = forms.split("```").nth(1).expect("its block");
    let mut forms: Vec<Vec<String>> = Vec::new();
    for line in block.lines().filter(|line| !line.trim().is_empty()) {
        match forms.last_mut().filter(|_| line.starts_with(' ')) {
            Some(form) => form.push(line.trim().to_owned()),
            None => forms.push(vec![line.to_owned()]),
        }
    }
    assert!(forms.len() > 25, "{} forms", forms.len());
    let refused = forms.iter().filter_map(|form| Some((form, load_chip("loihi1", form).err()?)));
    let refused: Vec<String> = refused.map(|(form, error)| format!("{form:?}: {error}")).collect();
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}
