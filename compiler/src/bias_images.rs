//! Images as constant input: parameter writes that stand for an input that never changes.
//!
//! A constant input drives the neurons behind the first projections with a constant current, and
//! a constant current is a bias. So an image needs no input spikes: the first projections are
//! applied here in floating point, and each neuron's bias register is written before the sample.

use quarrion_isa::chip::Chip;
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::id::PopulationId;
use quarrion_isa::neuron::Scope;
use quarrion_isa::stimulus::ParameterWrite;

use crate::compile::Compiled;
use crate::network::{Network, NeuronModel, Role};
use crate::passes::{codes, registers};
use crate::quantised::{QuantisedNeurons, QuantisedPopulation};

/// Turns images into the writes that show them, one list for every image.
///
/// Compile with [`crate::compile::CompileOptions::input`] set to the largest value, so
/// that the scale leaves room for them.
///
/// # Shape
/// `images`: one value for every input neuron, over all input populations in order.
///
/// # Errors
/// An image of another size, a first projection with a delay, a neuron program without a bias of
/// its own for every compartment, or a bias beyond its register; the user must act.
pub fn lower_bias_images(
    network: &Network,
    compiled: &Compiled,
    chip: &Chip,
    images: &[Vec<f64>],
) -> Result<Vec<Vec<ParameterWrite>>, Diagnostic> {
    let targets = find_targets(network, compiled)?;
    images.iter().map(|image| write_image(network, compiled, chip, &targets, image)).collect()
}

/// A population that the inputs feed.
struct Target<'a> {
    /// Position in the network.
    index: usize,
    /// As the program numbers it.
    id: PopulationId,
    model: &'a NeuronModel,
    held: &'a QuantisedPopulation,
    neurons: &'a QuantisedNeurons,
    /// Position of the bias among the program's parameters.
    bias: usize,
}

/// The populations behind the inputs.
fn find_targets<'a>(
    network: &'a Network,
    compiled: &'a Compiled,
) -> Result<Vec<Target<'a>>, Diagnostic> {
    let wrong = |name: &str, message: String| {
        Diagnostic::error(codes::IMAGE_TARGET, message)
            .at(&network.name, name, "here")
            .help("give the input as spikes")
    };
    let mut targets = Vec::new();
    for (index, population) in network.populations.iter().enumerate() {
        let mut from_inputs = network.projections.iter().filter(|projection| {
            projection.target.index() == index
                && network.population(projection.source).role == Role::Input
        });
        let Some(first) = from_inputs.next() else { continue };
        let model = population.model().ok_or_else(|| {
            let message =
                format!("`{}` counts in integers of its own, and images in none", population.name);
            wrong(&population.name, message)
        })?;
        let delayed = std::iter::once(first).chain(from_inputs).find(|p| p.total_delay() > 0);
        if let Some(delayed) = delayed {
            let message = format!("a constant input cannot pass the delay of `{}`", delayed.name);
            return Err(wrong(&delayed.name, message));
        }
        let mut all = compiled.quantised.populations_with_ids();
        let (id, _) = all
            .find(|(_, held)| held.name == population.name)
            .ok_or_else(|| wrong(&population.name, "not in the program".into()))?;
        // The input of a neuron of several compartments enters the innermost.
        let id = compiled.quantised.parts(id)[0];
        let held = compiled.quantised.population(id);
        let neurons = held.neurons.as_ref();
        let neurons = neurons.ok_or_else(|| wrong(&population.name, "an input".into()))?;
        let program = compiled.quantised.neuron_program(neurons);
        let own = |&bias: &usize| program.parameters()[bias].scope == Scope::Compartment;
        let bias = program.parameter_index("bias").filter(own).ok_or_else(|| {
            let message = format!("`{}` gives compartments no bias of their own", program.name());
            wrong(&population.name, message)
        })?;
        targets.push(Target { index, id, model, held, neurons, bias });
    }
    Ok(targets)
}

/// The writes of one image.
fn write_image(
    network: &Network,
    compiled: &Compiled,
    chip: &Chip,
    targets: &[Target<'_>],
    image: &[f64],
) -> Result<Vec<ParameterWrite>, Diagnostic> {
    let size: usize = network.inputs().map(|(_, population)| population.len()).sum();
    if image.len() != size {
        let message = format!("an image has {} values for {size} input neurons", image.len());
        return Err(Diagnostic::error(codes::IMAGE_TARGET, message)
            .at(&network.name, "", "its inputs")
            .help("give one value for every input neuron"));
    }
    let mut starts = vec![0; network.populations.len()];
    let mut next = 0;
    for (id, population) in network.inputs() {
        starts[id.index()] = next;
        next += population.len();
    }
    let mut writes = Vec::new();
    for target in targets {
        let program = compiled.quantised.neuron_program(target.neurons);
        let declared = &program.parameters()[target.bias];
        let core = &chip.core_types[target.neurons.core_type as usize];
        let register = core.register(&declared.name);
        for neuron in 0..target.held.size as usize {
            let mut current = target.model.current_bias[neuron];
            for (id, projection) in network.projections_onto(PopulationId::from_index(target.index))
            {
                let source = network.projection(id).source;
                if network.population(source).role != Role::Input {
                    continue;
                }
                let start = starts[source.index()];
                projection.connectivity.for_each_input_of(neuron, |source, weight| {
                    current += weight * image[start + source];
                });
            }
            let kept = target.model.current_decay.as_ref().map_or(0.0, |decay| decay[neuron]);
            let gain = 1.0 / (1.0 - kept).max(f64::MIN_POSITIVE);
            let wanted = (target.model.voltage_bias[neuron] + current * gain) * target.held.scale;
            let value = registers::nearest(wanted, declared, register).ok_or_else(|| {
                let message = format!(
                    "an image gives neuron {neuron} of `{}` a bias of {wanted:.0}, which its \
                     register cannot hold",
                    target.held.name
                );
                Diagnostic::error(codes::IMAGE_RANGE, message)
                    .at(&network.name, &target.held.name, "behind the input")
                    .help("scale the images down")
            })?;
            writes.push(ParameterWrite {
                population: target.id,
                neuron: neuron as u32,
                parameter: target.bias as u32,
                value,
            });
        }
    }
    Ok(writes)
}
