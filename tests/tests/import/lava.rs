//! The Lava files of `data/lava`: what is said about the bad ones, and that none panics.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use quarrion_boards::load_chip;
use quarrion_compiler::compile::{CompileOptions, compile};
use quarrion_compiler::import::lava::{is_lava, read_lava};
use quarrion_compiler::network::Network;
use quarrion_isa::diagnostic::Diagnostic;

use super::files::assert_golden;

/// The Lava files of a folder by stem, in alphabetical order.
pub(super) fn files(folder: &str) -> BTreeMap<String, PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/lava").join(folder);
    let entries = std::fs::read_dir(folder).expect("a folder of test data");
    let files: BTreeMap<String, PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "net"))
        .map(|path| (path.file_stem().expect("a name").to_string_lossy().into_owned(), path))
        .collect();
    files
}

fn read(path: &Path) -> Result<Network, Vec<Diagnostic>> {
    let name = path.file_name().expect("a name").to_string_lossy().into_owned();
    read_lava(&std::fs::read(path).expect("a file"), &name, None)
}

#[test]
fn findings_are_told_as_written_down() {
    let chip = load_chip("loihi1", &[]).expect("a chip that comes with Quarrion").chip;
    let all = files("findings");
    for (name, path) in &all {
        let mut told = String::new();
        let found = match read(path) {
            Err(found) => {
                told += "refused\n";
                found
            }
            Ok(network) => {
                let compiled = compile(&network, &chip, &CompileOptions::default());
                told += match &compiled {
                    Ok(_) => "imported and compiled\n",
                    Err(_) => "imported, not compiled\n",
                };
                if let Err(failure) = compiled {
                    told += &format!("{failure}\n");
                }
                network.warnings
            }
        };
        for diagnostic in found {
            assert!(!diagnostic.labels.is_empty(), "{name}: {diagnostic} names no place");
            told += &format!("{:?}: {diagnostic}\n", diagnostic.severity);
        }
        assert_ne!(told, "imported and compiled\n", "{name}: nothing is said");
        assert_golden(&path.with_extension("txt"), &told);
    }
    assert!(all.len() >= 30, "only {} files", all.len());
}

/// A convolution is as large as its kernel, however many neurons it has.
#[test]
fn large_networks_stay_symbolic() {
    let network = read(&files("good")["large"]).expect("a good file");
    let neurons: usize = network.populations[1..].iter().map(|population| population.len()).sum();
    let kinds: Vec<&str> =
        network.projections.iter().map(|projection| projection.connectivity.kind_name()).collect();
    let stored: usize =
        network.projections.iter().map(|p| p.connectivity.stored_weights().count()).sum();
    let synapses: u64 = network.projections.iter().map(|p| p.connectivity.synapse_count()).sum();
    println!("{neurons} neurons, {stored} weights, {synapses} synapses");
    assert_eq!(kinds, [["convolution"; 8].as_slice(), &["dense"]].concat());
    assert!(neurons > 100_000 && synapses > 15_000_000 && stored < 50_000);
}

#[test]
fn content_tells_the_formats_apart() {
    let good = files("good");
    assert!(good.len() >= 10);
    for path in good.values() {
        assert!(is_lava(&std::fs::read(path).expect("a file")));
    }
    let nir = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/nir/encodings/plain.nir");
    assert!(!is_lava(&std::fs::read(nir).expect("a file")));
    assert!(!is_lava(b"layer"));
}
