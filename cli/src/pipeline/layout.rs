//! What the flags say about the mapping: objective, rates, files.

use std::path::Path;

use quarrion_compiler::mapping_file::{LocatedMapping, Unknown, parse_mapping};
use quarrion_compiler::network::Network;
use quarrion_compiler::planner::{Effort, PlannerOptions, Rates};
use quarrion_report::load_run;

use crate::args::MapperArgs;
use crate::failure::Failure;
use crate::rates::{RATES_FILE, read_rates};
use crate::texts::{Texts, read_text};

/// How a network is to be laid onto cores.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// How the compiler makes its own mapping.
    pub planner: PlannerOptions,
    /// The mapping to use instead.
    pub given: Option<LocatedMapping>,
    /// The mapping to keep; the planner's options have it too.
    pub like: Option<LocatedMapping>,
}

/// Reads the files that the flags name.
///
/// # Errors
/// What is wrong with them.
pub fn read_layout(
    args: &MapperArgs,
    network: &Network,
    texts: &mut Texts,
) -> Result<Layout, Failure> {
    let names = network.names_in_program();
    let mut read = |path: &Path, unknown| -> Result<LocatedMapping, Failure> {
        let source = path.display().to_string();
        let text = read_text(path)?;
        texts.add(&source, &text);
        Ok(parse_mapping(&text, &source, &names, unknown)?)
    };
    let given = args.mapping.as_deref().map(|path| read(path, Unknown::Refuse)).transpose()?;
    let like = args.like.as_deref().map(|path| read(path, Unknown::Skip)).transpose()?;
    let planner = PlannerOptions {
        objective: args.objective,
        strategies: args.strategy.clone(),
        cores: args.cores,
        effort: args.effort.map_or(Effort::Auto, Effort::Millions),
        rates: rates(&args.rates)?,
        like: like.as_ref().map(|like| like.mapping.clone()),
    };
    Ok(Layout { planner, given, like })
}

/// A number, or the rates of a run: by neuron where it has written them, else by layer.
fn rates(text: &str) -> Result<Rates, Failure> {
    if let Ok(rate) = text.parse::<f64>() {
        return Ok(Rates::Uniform(rate));
    }
    let neurons = Path::new(text).join(RATES_FILE);
    if neurons.is_file() {
        return Ok(read_rates(&read_text(&neurons)?, &neurons)?);
    }
    let run = load_run(Path::new(text))?.record;
    let rate = |layer: &quarrion_report::Layer| {
        let chances = (f64::from(layer.neurons) * run.input_steps as f64).max(1.0);
        (layer.name.clone(), layer.spikes as f64 / chances)
    };
    Ok(Rates::Populations(run.layers.iter().map(rate).collect()))
}
