//! The catalogue: every figure says where it comes from, and the chips are the published ones.

use quarrion_boards::{CATALOG, LoadedChip, load_chip, load_chip_text};
use quarrion_isa::chip::Standing;
use quarrion_isa::diagnostic::Severity;
use quarrion_isa::event::EventKind;
use quarrion_isa::id::CoreId;
use quarrion_isa::quantity::{Attojoules, Picoseconds, Picowatts};

fn load(name: &str, sets: &[&str]) -> LoadedChip {
    let sets: Vec<String> = sets.iter().map(|&set| set.to_owned()).collect();
    load_chip(name, &sets).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn every_figure_of_the_catalogue_has_source_and_standing() {
    assert!(CATALOG.len() >= 4);
    let mut figures = 0;
    for entry in CATALOG {
        let loaded = load(entry.name, &[]);
        for row in &loaded.provenance {
            let sourced = row.source.as_ref().is_some_and(|source| source.len() > 3);
            assert!(sourced && row.standing.is_some(), "{}: {row:?}", entry.name);
            figures += 1;
        }
        assert!(!loaded.file.about.is_empty(), "{}", entry.name);
    }
    println!("{figures} figures of {} descriptions", CATALOG.len());
    assert!(figures > 500);
}

#[test]
fn the_catalogue_is_free_of_warnings_and_reads_back_from_its_stored_text() {
    for entry in CATALOG {
        let loaded = load(entry.name, &[]);
        let doubts: Vec<_> =
            loaded.notes.iter().filter(|note| note.severity != Severity::Note).collect();
        assert!(doubts.is_empty(), "{}: {doubts:?}", entry.name);
        assert_eq!(loaded.chip.name, entry.name);
        let again = load_chip_text("stored", &loaded.text, &[]);
        let again = again.unwrap_or_else(|error| panic!("{}: {error}", entry.name));
        assert_eq!(again.chip, loaded.chip);
        assert_eq!(again.text, loaded.text);
    }
}

/// The reader of this project and the `ron` crate's own must find the same in a file.
#[test]
fn the_ron_crate_reads_the_same_values() {
    for entry in CATALOG.iter().filter(|entry| !entry.text.contains("extends:")) {
        let theirs: quarrion_isa::chip::file::ChipFile =
            ron::from_str(entry.text).unwrap_or_else(|error| panic!("{}: {error}", entry.name));
        assert_eq!(theirs, load(entry.name, &[]).file, "{}", entry.name);
    }
}

#[test]
fn loihi1_is_as_published() {
    let chip = load("loihi1", &[]).chip;
    assert_eq!(chip.cores.len(), 128);
    let core = chip.core_type(CoreId(0));
    assert_eq!((core.compartments, core.synapse_words()), (1024, 16_384));
    assert_eq!((core.axons_in, core.axons_out), (4096, 4096));
    let price = |kind: EventKind| chip.prices[&kind].nominal;
    assert_eq!(price(EventKind::SynapticOpDense), Attojoules(23_600_000));
    assert_eq!(price(EventKind::NeuronInactive), Attojoules(52_000_000));
    assert_eq!(price(EventKind::HopNorthSouth), Attojoules(4_000_000));
    assert_eq!(chip.prices[&EventKind::NeuronSpiking].standing, Standing::Assumed);
    assert_eq!(core.services.neuron_active.occupancy, Picoseconds(8400));
    assert_eq!(chip.barrier_latency(1), Picoseconds(113_000));
    assert_eq!(chip.barrier_latency(32), Picoseconds(465_000));
    assert!(!chip.prices.contains_key(&EventKind::AxonIn), "Davies gives no such price");
}

/// ODIN's power is 27.3 uW + 1.78 uW/MHz x f + 8.43 pJ x rate: its two measured points.
#[test]
fn odin_meets_its_two_measured_points() {
    let points = [(1000.0 / 75.0, 37.5e6, 477.0), (1000.0 / 1.3, 0.65e6, 35.0)];
    for (period_ns, rate, measured_uw) in points {
        let chip = load("odin", &[&format!("mesh.router.period_ns={period_ns}")]).chip;
        let idle = [chip.static_power.core, chip.static_power.chip];
        let idle: u64 = idle.iter().map(|part| part.map_or(0, |Picowatts(power)| power)).sum();
        let operation = chip.prices[&EventKind::SynapticOpDense].nominal;
        let power_uw = idle as f64 / 1e6 + operation.0 as f64 * 1e-18 * rate * 1e6;
        let error = (power_uw / measured_uw - 1.0).abs();
        println!("{power_uw:.2} uW of {measured_uw} uW");
        assert!(error < 0.004, "{power_uw} uW of {measured_uw} uW");
        // A spike event takes 1 + 512 cycles.
        let core = chip.core_type(CoreId(0));
        let event =
            core.services.axon_in.occupancy.0 + 256 * core.services.synaptic_op_dense.occupancy.0;
        let cycles = event as f64 / (period_ns * 1000.0);
        assert!((cycles - 513.0).abs() < 0.01, "{cycles} cycles");
    }
}

/// TrueNorth's power is affine in synaptic events: the middle point of its sweep was not fitted.
#[test]
fn truenorth_meets_its_power_sweep() {
    let chip = load("truenorth", &[]).chip;
    assert_eq!(chip.cores.len(), 4096);
    let idle_mw = chip.static_power.chip.expect("truenorth has static power").to_decimal();
    let operation = chip.prices[&EventKind::SynapticOpDense].nominal.0 as f64 * 1e-18;
    for (rate_hz, measured_mw) in [(11.58, 68.0), (20.07, 71.0), (95.93, 94.0)] {
        let events = f64::from(1 << 20) * rate_hz * 128.0;
        let power_mw = idle_mw + operation * events * 1e3;
        assert!((power_mw / measured_mw - 1.0).abs() < 0.006, "{power_mw} mW of {measured_mw} mW");
    }
}

#[test]
fn boards_repeat_their_chip() {
    for (name, chips, cores) in
        [("kapoho-bay", 2, 256), ("nahuku32", 32, 4096), ("pohoiki-springs", 768, 98_304)]
    {
        let chip = load(name, &[]).chip;
        assert_eq!(chip.mesh.chips_x * chip.mesh.chips_y, chips, "{name}");
        assert_eq!(chip.cores.len(), cores, "{name}");
        let per_chip = cores / chips as usize;
        let tile = chip.tile_of(CoreId::from_index(per_chip));
        assert_eq!(chip.mesh.position(tile).x, chip.mesh.width, "{name}: the second chip's corner");
    }
}
