//! Prints how close the timing models of the mesh come to a reference simulator, and how fast.
//!
//! `mesh-accuracy [--large] [DIR]`: DIR is a folder of reference runs; without it, the committed
//! subset. With `--large`, a mesh of 64x64 comes first.
//! Beside it, or where `QUARRION_REFERENCE` says, packets of a network on slow cores are looked
//! for.

use std::path::Path;
use std::process::ExitCode;

use quarrion_tests::booksim::folder::{Folder, Problem};
use quarrion_tests::booksim::large::large;
use quarrion_tests::booksim::table::{Accuracy, curves, speeds};
use quarrion_tests::gesture;

fn main() -> ExitCode {
    let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/data/booksim");
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let asked = words.len();
    words.retain(|word| word != "--large");
    let size = if words.len() < asked { Size::Large } else { Size::Small };
    let dir = words.pop().unwrap_or_else(|| committed.into());
    match print(Path::new(&dir), size) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("mesh-accuracy: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// Whether a mesh larger than the reference's runs as well.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Size {
    Small,
    Large,
}

fn print(dir: &Path, size: Size) -> Result<(), Problem> {
    if size == Size::Large {
        println!("{}", large()?);
    }
    let folder = &Folder::new(dir);
    let accuracy = Accuracy::measure(folder)?;
    println!("{}", accuracy.table());
    println!("{}", curves(folder)?);
    println!("{}", speeds(folder)?);
    match gesture::find(dir) {
        Some(file) => println!("{}", gesture::table(&file)?),
        None => println!(
            "slow sinks: skipped, the recorded packets are neither beside {} nor where \
             QUARRION_REFERENCE says\n",
            dir.display()
        ),
    }
    println!("{}", accuracy.last_line());
    Ok(())
}
