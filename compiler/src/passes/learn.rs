//! Learn: rules onto projections, as far as the chip and the neurons can follow them.

use quarrion_isa::chip::{CoreType, SignMode};
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::learning::{LearningRule, WeightSigns};
use quarrion_isa::program::PlasticRule;

use super::lists::widest_weights;
use super::quantise::reset_name;
use super::{Draft, codes};
use crate::failure::CompileFailure;
use crate::options::Taught;
use crate::quantised::{Connections, Plasticity, QuantisedNetwork, QuantisedProjection};

pub(super) fn run(draft: &mut Draft<'_>) -> Result<(), CompileFailure> {
    let mut errors = Vec::new();
    for taught in &draft.options.learning {
        errors.extend(teach(draft.chip, &mut draft.quantised, taught).err().into_iter().flatten());
    }
    if errors.is_empty() { Ok(()) } else { Err(CompileFailure::Diagnostics(errors)) }
}

/// Lets a rule teach the projections of a name.
fn teach(
    chip: &quarrion_isa::chip::Chip,
    network: &mut QuantisedNetwork,
    taught: &Taught,
) -> Result<(), Vec<Diagnostic>> {
    let Taught { projection: name, rule } = taught;
    let own: Vec<usize> = (0..network.projections.len())
        .filter(|&at| names(network, &network.projections[at]).contains(name))
        .collect();
    if own.is_empty() {
        let known: Vec<String> =
            network.projections.iter().filter_map(|one| names(network, one).pop()).collect();
        let message = format!("there is no projection `{name}` to learn");
        return Err(vec![refuse(rule, message).help(format!("there are {}", known.join(", ")))]);
    }
    for at in own {
        let target = network.projections[at].target;
        let population = network.population(target);
        let Some(neurons) = &population.neurons else { continue };
        let core = &chip.core_types[neurons.core_type as usize];
        let settings = rule.check_core(core)?;
        let program = network.neuron_program(neurons);
        rule.check_neuron(program).map_err(|found| vec![found])?;
        let plastic = PlasticRule { text: rule.text().to_owned(), settings };
        let position = network.learning.iter().position(|known| *known == plastic);
        let position = position.unwrap_or(network.learning.len());
        let other = network.projections_onto(target).filter_map(|(_, one)| one.learning);
        if other.into_iter().any(|other| other.rule as usize != position) {
            let message = format!("two rules teach what ends in `{}`", population.name);
            let help = "a compartment keeps the traces of one rule: give one for all of them";
            return Err(vec![refuse(rule, message).help(help)]);
        }
        let fewer = core.learning.is_some_and(|own| position as u32 >= own.trace_configurations);
        if fewer {
            let message = format!("`{}` has no room for another trace configuration", core.name);
            return Err(vec![refuse(rule, message).help("teach fewer projections differently")]);
        }
        if position == network.learning.len() {
            network.learning.push(plastic);
        }
        mark(&mut network.projections[at], rule, core, position as u32);
    }
    Ok(())
}

/// What a projection may be called: its own name, or its neurons' populations. The spikes by which
/// neurons of two compartments reset themselves do not learn.
fn names(network: &QuantisedNetwork, projection: &QuantisedProjection) -> Vec<String> {
    let source = &network.population(projection.source).name;
    let target = &network.population(network.root(projection.target)).name;
    if projection.name == reset_name(target) {
        return Vec::new();
    }
    vec![projection.name.clone(), format!("{source}->{target}")]
}

/// Marks a projection plastic and brings its weights into the format that it learns in.
fn mark(projection: &mut QuantisedProjection, rule: &LearningRule, core: &CoreType, at: u32) {
    let weights = projection.connections.stored_weights();
    let (positive, negative) =
        (weights.iter().any(|&weight| weight > 0), weights.iter().any(|&weight| weight < 0));
    let wanted = match (rule.signs(), positive, negative) {
        (WeightSigns::AsCompiled, true, false) => SignMode::Excitatory,
        (WeightSigns::AsCompiled, false, true) => SignMode::Inhibitory,
        _ => SignMode::Mixed,
    };
    let offered = &core.weights.signs;
    let sign = if offered.contains(&wanted) { wanted } else { offered[0] };
    if let Some((low, high, step)) = widest_weights(core, sign) {
        let fit = |weight: &mut i32| *weight = (*weight / step * step).clamp(low, high);
        match &mut projection.connections {
            Connections::Dense { weights, .. }
            | Connections::Sparse { weights, .. }
            | Connections::Convolution { weights, .. } => weights.iter_mut().for_each(fit),
        }
    }
    projection.learning = Some(Plasticity {
        rule: at,
        sign,
        tag_bits: rule.tag_bits().unwrap_or(0),
        delay_max: rule.moves_delays().then_some(core.delay_max),
    });
}

fn refuse(rule: &LearningRule, message: String) -> Diagnostic {
    Diagnostic::error(codes::LEARNING, message).at("--learn", rule.name(), "this rule")
}
