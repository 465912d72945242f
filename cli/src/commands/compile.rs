//! `compile`: a network onto a chip, without running it.

use quarrion_compiler::compile::InputValues;

use super::load_chip_broken;
use crate::args::CompileArgs;
use crate::failure::Failure;
use crate::learning::read_taught;
use crate::pipeline::layout::read_layout;
use crate::pipeline::network::{MapOptions, import, map};
use crate::render::utilisation;
use crate::terminal::Terminal;
use crate::texts::{Texts, read_file, write_file};

/// Maps a network.
///
/// # Errors
/// Whatever is wrong with network and chip, or that the one does not fit the other.
pub fn run(args: &CompileArgs, terminal: &Terminal, texts: &mut Texts) -> Result<(), Failure> {
    let chip = load_chip_broken(&args.chip, args.seed, terminal, texts)?;
    let bytes = read_file(&args.network)?;
    let network = import(&bytes, &args.network, &args.import, terminal, texts)?.network;
    let layout = read_layout(&args.mapper, &network, texts)?;
    let learning = read_taught(&args.learning.learn, terminal, texts)?;
    let options = MapOptions { seed: args.seed, layout, input: InputValues::Binary, learning };
    let compiled = map(&network, &chip.chip, &options, terminal, texts, &args.chip)?;
    if let Some(out) = &args.out {
        let bytes = compiled.program.encode().map_err(|error| Failure::Bug(error.to_string()))?;
        write_file(out, &bytes)?;
    }
    terminal.result(&utilisation::render(&compiled, &chip.chip, terminal.format))
}
