//! Neurons of one's own: a population that computes a program which no network file names.

use std::borrow::Cow;

use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::near;
use quarrion_isa::neuron::NeuronProgram;
use quarrion_isa::program::ParameterValue;

use super::{GivenNeurons, GivenProgram, GivenSynapses, Network, NeuronModel, Role};

/// A program in the place of a population's own model.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnNeurons {
    /// The population's name.
    pub population: String,
    /// What its neurons compute; synapses end in its first input.
    pub program: NeuronProgram,
    /// Values of the program's parameters; the others keep their defaults.
    pub parameters: Vec<(String, i64)>,
    /// What the network's weights are multiplied by before they are rounded to whole numbers.
    pub scale: f64,
    /// Left shift from a whole weight to what the program reads.
    pub input_shift: u32,
}

/// The parameter that takes the biases of the layer, where a program has it.
const BIAS: &str = "bias";

impl OwnNeurons {
    /// The biases of a model on the program's scale.
    fn biases(&self, model: &NeuronModel) -> Vec<i64> {
        let one = self.scale * 2_f64.powi(self.input_shift as i32);
        let sums = model.current_bias.iter().zip(&model.voltage_bias);
        sums.map(|(current, voltage)| ((current + voltage) * one).round() as i64).collect()
    }
}

impl Network {
    /// Puts a program in the place of a population's model. The weights into it are scaled, rounded
    /// and from there on taken as they are; biases, scaled alike, go to the program's `bias`.
    ///
    /// # Errors
    /// QN050: no such population or parameter, biases that nothing takes, or a scale that leaves no
    /// weight; whoever chose the program must act.
    pub fn take_own_neurons(&mut self, own: OwnNeurons) -> Result<(), Diagnostic> {
        let refuse = |message: String, help: String| {
            Diagnostic::error("QN050", message)
                .at(&self.name, &own.population, "neurons of your own")
                .help(help)
        };
        let names: Vec<&str> = self.populations.iter().map(|p| p.name.as_str()).collect();
        let Some(index) = names.iter().position(|name| *name == own.population) else {
            let message = format!("the network has no population `{}`", own.population);
            return Err(refuse(message, near::help(&own.population, &names)));
        };
        let mut parameters: Vec<(Cow<'static, str>, ParameterValue)> = Vec::new();
        let set = own.parameters.iter();
        parameters.extend(set.map(|(n, v)| (n.clone().into(), ParameterValue::Shared(*v))));
        let known: Vec<&str> = own.program.parameters().iter().map(|p| p.name.as_str()).collect();
        match &self.populations[index].role {
            Role::Input => {
                let message = format!("`{}` is the input and computes nothing", own.population);
                return Err(refuse(message, "name a layer of neurons".into()));
            }
            Role::Neurons(model) => {
                let biases = own.biases(model);
                let is_set = own.parameters.iter().any(|(name, _)| name == BIAS);
                if biases.iter().any(|&bias| bias != 0) && !is_set {
                    if !known.contains(&BIAS) {
                        let message = format!(
                            "`{}` has biases, and `{}` no parameter `{BIAS}` to take them",
                            own.population,
                            own.program.name()
                        );
                        let help = "declare `compartment bias: -65536..65536 = 0` and add it";
                        return Err(refuse(message, help.into()));
                    }
                    parameters.push((BIAS.into(), ParameterValue::Each(biases)));
                }
            }
            Role::Given(_) => {}
        }
        if let Some((name, _)) = own.parameters.iter().find(|(name, _)| !known.contains(&&**name)) {
            let message = format!("`{}` has no parameter `{name}`", own.program.name());
            return Err(refuse(message, near::help(name, &known)));
        }
        if own.program.inputs().is_empty() {
            let message = format!("`{}` has no input for synapses", own.program.name());
            return Err(refuse(message, "declare one, such as `input a: s24 saturate`".into()));
        }
        let onto = self.projections.iter_mut().filter(|p| p.target.index() == index);
        let mut largest: f64 = 0.0;
        let mut scaled = Vec::new();
        for projection in onto {
            let mut connectivity = projection.connectivity.clone();
            connectivity.change_weights(|weight| *weight = (*weight * own.scale).round());
            largest = largest.max(connectivity.largest_weight());
            scaled.push((projection, connectivity));
        }
        if !largest.is_finite() || (largest == 0.0 && !scaled.is_empty()) {
            let message =
                format!("times {}, no weight into `{}` is left", own.scale, own.population);
            return Err(refuse(message, "give a scale that makes weights whole numbers".into()));
        }
        for (projection, connectivity) in scaled {
            projection.connectivity = connectivity;
            projection.given = Some(GivenSynapses { input: 0, exponent: 0 });
        }
        self.populations[index].role = Role::Given(GivenNeurons {
            program: GivenProgram::Own(Box::new(own.program)),
            parameters,
            input_shift: own.input_shift,
        });
        Ok(())
    }
}
