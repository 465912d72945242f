//! Validate: refuse what no chip can run, and number the populations, inputs first.

use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::id::PopulationId;

use super::{Draft, codes};
use crate::failure::CompileFailure;
use crate::network::{Network, Role};

pub(super) fn run(draft: &mut Draft<'_>) -> Result<(), CompileFailure> {
    let network = draft.network;
    let mut errors = Vec::new();
    errors.extend(check_outputs(network).err());
    errors.extend(check_rates(network, draft.options.rates.as_deref()).err());
    if !errors.is_empty() {
        return Err(CompileFailure::Diagnostics(errors));
    }
    draft.ids = number_populations(network);
    Ok(())
}

/// One population of neurons is read out.
fn check_outputs(network: &Network) -> Result<(), Diagnostic> {
    let outputs: Vec<_> = network.outputs().map(|(_, population)| population).collect();
    match outputs.as_slice() {
        [output] if output.role != Role::Input => Ok(()),
        [output] => Err(Diagnostic::error(
            codes::NO_OUTPUT,
            format!("the output population must have neurons, but `{}` is an input", output.name),
        )
        .at(&network.name, &output.name, "read out, but computes nothing")
        .help("put a spiking layer between Input and Output")),
        [] => Err(Diagnostic::error(codes::NO_OUTPUT, "no population is read out")
            .at(&network.name, "", "no edge into an Output node")
            .help("connect a spiking layer to the Output node")),
        [first, others @ ..] => {
            let names: Vec<String> =
                outputs.iter().map(|output| format!("`{}`", output.name)).collect();
            let message = format!(
                "one population can be read out, but {} lead to an Output: {}",
                others.len() + 1,
                names.join(", ")
            );
            Err(Diagnostic::error(codes::SEVERAL_OUTPUTS, message)
                .at(&network.name, &first.name, "the first of them")
                .help("keep one of them"))
        }
    }
}

/// Given rates have the network's shape and are rates.
fn check_rates(network: &Network, rates: Option<&[Vec<f64>]>) -> Result<(), Diagnostic> {
    let Some(rates) = rates else { return Ok(()) };
    let wrong = |place: &str, message: String| {
        Err(Diagnostic::error(codes::WRONG_RATES, message)
            .at("rates", place, "here")
            .help("leave the rates out, or record them with this network"))
    };
    if rates.len() != network.populations.len() {
        let (given, wanted) = (rates.len(), network.populations.len());
        return wrong("", format!("rates for {given} populations, but the network has {wanted}"));
    }
    for (population, rates) in network.populations.iter().zip(rates) {
        let (given, wanted) = (rates.len(), population.len());
        if given != wanted {
            let message =
                format!("{given} rates for the {wanted} neurons of `{}`", population.name);
            return wrong(&population.name, message);
        }
        if let Some(rate) = rates.iter().find(|rate| !(0.0..=1.0).contains(*rate)) {
            let message = format!("a rate of {rate} spikes per step in `{}`", population.name);
            return wrong(&population.name, message);
        }
    }
    Ok(())
}

/// The program's id of each population: inputs first, both in the network's order.
fn number_populations(network: &Network) -> Vec<PopulationId> {
    let inputs = network.inputs().count();
    let (mut next_input, mut next_other) = (0, inputs);
    let number = |population: &crate::network::Population| {
        let next = if population.role == Role::Input { &mut next_input } else { &mut next_other };
        *next += 1;
        PopulationId::from_index(*next - 1)
    };
    network.populations.iter().map(number).collect()
}
