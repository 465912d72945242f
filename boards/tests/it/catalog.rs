//! The catalogue loads, says where everything comes from, and stores what it loaded.

use quarrion_boards::{CATALOG, load_chip, load_chip_text};

#[test]
fn every_chip_of_the_catalogue_loads_without_warnings_and_reloads_from_its_text() {
    assert!(!CATALOG.is_empty());
    for entry in CATALOG {
        let loaded = load_chip(entry.name, &[]).unwrap_or_else(|error| panic!("{error}"));
        for note in &loaded.notes {
            println!("{}: {note}", entry.name);
        }
        assert_eq!(loaded.chip.name, entry.name);
        let again = load_chip_text("stored", &loaded.text, &[]);
        let again = again.unwrap_or_else(|error| panic!("{}: {error}", entry.name));
        assert_eq!(again.chip, loaded.chip, "{}", entry.name);
        assert_eq!(again.text, loaded.text, "{}", entry.name);
    }
}
