//! Prints how close the timing models of the mesh come to a reference simulator, and how fast.
//!
//! `mesh-accuracy [DIR]`: DIR is a folder of reference runs; without it, the committed subset.

use std::process::ExitCode;

use quarrion_tests::booksim::folder::{Folder, Problem};
use quarrion_tests::booksim::table::{Accuracy, curves, speeds};

fn main() -> ExitCode {
    let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/data/booksim");
    let dir = std::env::args().nth(1).unwrap_or_else(|| committed.into());
    match print(&Folder::new(&dir)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("mesh-accuracy: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn print(folder: &Folder) -> Result<(), Problem> {
    let accuracy = Accuracy::measure(folder)?;
    println!("{}", accuracy.table());
    println!("{}", curves(folder)?);
    println!("{}", speeds(folder)?);
    println!("{}", accuracy.last_line());
    Ok(())
}
