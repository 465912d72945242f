//! `map`: ways to lay a network onto cores, side by side; a picture; a file to edit.

use quarrion_compiler::compile::{Compiled, InputValues};
use quarrion_compiler::layout::{CoreMapping, Slice};
use quarrion_compiler::mapping_file::write_mapping;
use quarrion_isa::id::PopulationId;
use quarrion_isa::program::Role;
use quarrion_report::{PlacementMarks, draw_placement};

use super::load_chip_broken;
use crate::args::MapArgs;
use crate::failure::Failure;
use crate::pipeline::layout::read_layout;
use crate::pipeline::network::{MapOptions, import, map, survey_levers};
use crate::render::mapping;
use crate::terminal::Terminal;
use crate::texts::{Texts, read_file, write_file};

/// Maps a network and says what the mapping is worth.
///
/// # Errors
/// Whatever is wrong with network and chip, or that the one does not fit the other.
pub fn run(args: &MapArgs, terminal: &Terminal, texts: &mut Texts) -> Result<(), Failure> {
    let chip = load_chip_broken(&args.chip, args.seed, terminal, texts)?.chip;
    let bytes = read_file(&args.network)?;
    let network = import(&bytes, &args.network, &args.import, terminal, texts)?.network;
    let mut layout = read_layout(&args.mapper, &network, texts)?;
    if !args.compare.is_empty() {
        layout.planner.strategies.clone_from(&args.compare);
    }
    let options =
        MapOptions { seed: args.seed, layout, input: InputValues::Binary, learning: Vec::new() };
    let compiled = map(&network, &chip, &options, terminal, texts, &args.chip)?;
    if let Some(out) = &args.out {
        let names: Vec<String> =
            compiled.program.populations.iter().map(|p| p.name.clone()).collect();
        let text = write_mapping(&compiled.mapping, &network.name, &chip.name, &names);
        write_file(out, text.as_bytes())?;
    }
    if let Some(path) = &args.picture {
        write_file(path, draw_placement(&chip, &marks(&compiled)).as_bytes())?;
    }
    let survey = args.levers.then(|| survey_levers(&network, &chip, &options, &args.chip));
    let survey = survey.transpose()?;
    terminal.result(&mapping::render(&compiled, &chip, survey.as_ref(), terminal.format))
}

/// What the picture shows: the layers of every core, and what the links carry.
fn marks(compiled: &Compiled) -> PlacementMarks {
    let populations = &compiled.program.populations;
    let layers: Vec<PopulationId> = (0..populations.len())
        .filter(|&at| populations[at].role == Role::Neurons)
        .map(PopulationId::from_index)
        .collect();
    let core = |core: &CoreMapping| {
        let size = |layer: PopulationId| -> u32 {
            let own = core.slices.iter().filter(|slice| slice.population == layer);
            own.map(Slice::size).sum()
        };
        let held = layers.iter().enumerate().map(|(at, &layer)| (at, size(layer)));
        (core.core, held.filter(|&(_, neurons)| neurons > 0).collect())
    };
    PlacementMarks {
        cores: compiled.mapping.cores.iter().map(core).collect(),
        links: compiled.answers.first().map_or_else(Vec::new, |a| a.prediction.links.clone()),
        layers: layers.iter().map(|layer| populations[layer.index()].name.clone()).collect(),
    }
}
