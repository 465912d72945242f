//! Discretisation: the continuous neuron models of the file as per-step factors.

use quarrion_isa::diagnostic::Diagnostic;

use super::{Firing, NeuronKind, NeuronModel};
use crate::import::graph::{Membrane, Neuron, NeuronType, NirNode};
use crate::import::policy::{
    Dialect, ImportPolicy, InitialVoltage, IntegratorGain, LeakyGain, ResetMode,
};

/// A gain outside of this is probably a file of another dialect.
const USUAL_LEAKY_GAIN: std::ops::RangeInclusive<f64> = 0.5..=2.0;
/// The same for states without leak, where weights may carry any scale.
const USUAL_INTEGRATOR_GAIN: std::ops::RangeInclusive<f64> = 0.01..=100.0;
/// A gain this near to 1 is 1, rounded when the file was written in single precision.
const ROUNDING_OF_ONE: f64 = 1e-6;

/// A discrete model and what its input must be multiplied by.
pub(super) struct Discretised {
    /// The model, biases of the input excepted.
    pub(super) model: NeuronModel,
    /// Factor of everything that arrives, one a neuron.
    pub(super) gain: Vec<f64>,
}

/// Turns the equations of one node into steps.
///
/// # Errors
/// Every reason why they cannot be.
pub(super) fn discretise(
    node: &NirNode,
    neuron: &Neuron,
    policy: &ImportPolicy,
    source: &str,
    warnings: &mut Vec<Diagnostic>,
) -> Result<Discretised, Vec<Diagnostic>> {
    let place = Place { node, source };
    let mut errors = Vec::new();
    place.check_times(neuron, policy, &mut errors, warnings);
    if !errors.is_empty() {
        return Err(errors);
    }
    let neurons = node.output_len();
    let mut model = NeuronModel::plain(kind_of(neuron.model), neurons);
    let mut gain = vec![1.0; neurons];
    match (&neuron.membrane, &neuron.synapse) {
        (Membrane::Direct, _) => model.voltage_decay.fill(0.0),
        (Membrane::Integrator { r }, _) => {
            gain = r.iter().map(|&r| policy.integrator_input_gain(r)).collect();
            place.warn_integrator_gain(&gain, policy, warnings);
        }
        (Membrane::Leaky { tau, r, v_leak }, synapse) => {
            model.voltage_decay = tau.iter().map(|&tau| policy.decay(tau)).collect();
            model.voltage_bias =
                tau.iter().zip(v_leak).map(|(&tau, leak)| policy.leak_share(tau) * leak).collect();
            let pairs = tau.iter().zip(r);
            gain = match synapse {
                None => pairs.map(|(&tau, &r)| policy.leaky_input_gain(tau, r)).collect(),
                Some(_) => pairs.map(|(&tau, &r)| policy.current_gain(tau, r)).collect(),
            };
            place.warn_leaky_gain(&gain, "r dt/tau", policy, warnings);
            if let Some(synapse) = synapse {
                let decays = synapse.tau_syn.iter().map(|&tau| policy.decay(tau)).collect();
                model.current_decay = Some(decays);
                let pairs = synapse.tau_syn.iter().zip(&synapse.w_in);
                let entering: Vec<f64> =
                    pairs.map(|(&tau, &w_in)| policy.current_input_gain(tau, w_in)).collect();
                place.warn_leaky_gain(&entering, "w_in dt/tau_syn", policy, warnings);
                // The current is kept in units of what it adds to the membrane.
                gain.iter_mut().zip(entering).for_each(|(gain, entering)| *gain *= entering);
            }
        }
    }
    if let Some(firing) = &neuron.firing {
        place.check_reset(&firing.v_reset, policy).map_err(|error| vec![error])?;
        // Measured from the reset potential, a reset goes to zero.
        for (at, reset) in firing.v_reset.iter().enumerate() {
            model.voltage_bias[at] -= (1.0 - model.voltage_decay[at]) * reset;
        }
        let pairs = firing.threshold.iter().zip(&firing.v_reset);
        let threshold: Vec<f64> = pairs.map(|(threshold, reset)| threshold - reset).collect();
        place.warn_threshold(&threshold, warnings);
        let (comparison, reset) = (policy.comparison, policy.reset);
        model.firing = Some(Firing { threshold, comparison, reset });
    }
    gain.iter_mut()
        .filter(|gain| (**gain - 1.0).abs() < ROUNDING_OF_ONE)
        .for_each(|gain| *gain = 1.0);
    place.check_finite(&model, &gain)?;
    Ok(Discretised { model, gain })
}

fn kind_of(model: NeuronType) -> NeuronKind {
    match model {
        NeuronType::Threshold => NeuronKind::Threshold,
        NeuronType::I => NeuronKind::I,
        NeuronType::If => NeuronKind::If,
        NeuronType::Li => NeuronKind::Li,
        NeuronType::Lif => NeuronKind::Lif,
        NeuronType::CubaLi => NeuronKind::CubaLi,
        NeuronType::CubaLif => NeuronKind::CubaLif,
    }
}

/// The node that findings are about.
struct Place<'a> {
    node: &'a NirNode,
    source: &'a str,
}

impl Place<'_> {
    fn locate(&self, diagnostic: Diagnostic, text: String) -> Diagnostic {
        diagnostic.at(self.source, &self.node.name, text)
    }

    /// The label "n of m neurons, first i".
    fn count(values: &[f64], is_bad: impl Fn(f64) -> bool) -> Option<(f64, String)> {
        let first = values.iter().position(|&value| is_bad(value))?;
        let bad = values.iter().filter(|&&value| is_bad(value)).count();
        Some((values[first], format!("{bad} of {} neurons, first {first}", values.len())))
    }

    fn check_times(
        &self,
        neuron: &Neuron,
        policy: &ImportPolicy,
        errors: &mut Vec<Diagnostic>,
        warnings: &mut Vec<Diagnostic>,
    ) {
        let membrane = match &neuron.membrane {
            Membrane::Leaky { tau, .. } => Some(tau),
            Membrane::Direct | Membrane::Integrator { .. } => None,
        };
        let (slow, fast) = match &neuron.synapse {
            Some(synapse) => ("tau_mem", Some(&synapse.tau_syn)),
            None => ("tau", None),
        };
        for (name, values) in [(slow, membrane), ("tau_syn", fast)] {
            let Some(values) = values else { continue };
            if let Some((value, text)) = Self::count(values, |tau| tau <= 0.0) {
                let message = format!("`{name}` must be positive, and {value} is not");
                errors.push(
                    self.locate(Diagnostic::error("QN021", message), text)
                        .help("use an IF neuron for no leak, a Threshold for no memory"),
                );
                continue;
            }
            let short = |tau: f64| policy.in_steps(tau) < 1.0;
            if let Some((value, text)) = Self::count(values, short) {
                let message = format!(
                    "`{name}` = {value} is shorter than a timestep: the state keeps {:.3} a step",
                    policy.decay(value)
                );
                warnings.push(
                    self.locate(Diagnostic::warning("QN022", message), text)
                        .help("give the right --dt, or the --dialect whose time measure this is"),
                );
            }
        }
    }

    fn warn_leaky_gain(
        &self,
        gain: &[f64],
        formula: &str,
        policy: &ImportPolicy,
        warnings: &mut Vec<Diagnostic>,
    ) {
        // These exporters write r so that the gain is 1; the others leave it to dt and tau.
        let is_expected = matches!(policy.dialect, Dialect::SnnTorch | Dialect::Rockpool);
        if !is_expected || policy.leaky_gain == LeakyGain::Unscaled {
            return;
        }
        let unusual = |gain: f64| !USUAL_LEAKY_GAIN.contains(&gain);
        if let Some((value, text)) = Self::count(gain, unusual) {
            let message = format!("the gain {formula} is {value:.4}, far from 1");
            warnings.push(
                self.locate(Diagnostic::warning("QN023", message), text)
                    .help("give the --dt of the training, or the --dialect that wrote the file"),
            );
        }
    }

    fn warn_integrator_gain(
        &self,
        gain: &[f64],
        policy: &ImportPolicy,
        warnings: &mut Vec<Diagnostic>,
    ) {
        let unusual = |gain: f64| !USUAL_INTEGRATOR_GAIN.contains(&gain.abs());
        if let Some((value, text)) = Self::count(gain, unusual) {
            let (formula, help) = match policy.if_gain {
                IntegratorGain::PerStep => ("r", "SpikingJelly writes r = 1/dt: use its --dialect"),
                IntegratorGain::TimesDt => ("r dt", "most exporters write r = 1: use a gain of r"),
            };
            let message = format!("the gain {formula} is {value:.4}, far from 1");
            warnings.push(self.locate(Diagnostic::warning("QN023", message), text).help(help));
        }
    }

    fn warn_threshold(&self, threshold: &[f64], warnings: &mut Vec<Diagnostic>) {
        if let Some((value, text)) = Self::count(threshold, |threshold| threshold <= 0.0) {
            let message =
                format!("the threshold is {value} above the reset: a neuron at rest may fire");
            warnings.push(
                self.locate(Diagnostic::warning("QN032", message), text)
                    .help("check v_threshold and v_reset"),
            );
        }
    }

    fn check_reset(&self, v_reset: &[f64], policy: &ImportPolicy) -> Result<(), Diagnostic> {
        let Some((value, text)) = Self::count(v_reset, |reset| reset != 0.0) else {
            return Ok(());
        };
        let (message, help) = match (policy.reset, policy.initial_voltage) {
            (ResetMode::Zero, InitialVoltage::Reset) => return Ok(()),
            (ResetMode::Zero, InitialVoltage::Zero) => (
                format!(
                    "v_reset = {value} can only be shifted away when membranes start there, \
                     and here they start at 0"
                ),
                "use --dialect spikingjelly, which starts membranes at v_reset, or train with \
                 v_reset = 0",
            ),
            (ResetMode::Subtract, _) => (
                format!("v_reset = {value} has no meaning when the threshold is subtracted"),
                "use --reset zero, or train with v_reset = 0",
            ),
        };
        Err(self.locate(Diagnostic::error("QN025", message), text).help(help))
    }

    fn check_finite(&self, model: &NeuronModel, gain: &[f64]) -> Result<(), Vec<Diagnostic>> {
        let threshold = model.firing.as_ref().map_or(&[][..], |firing| &firing.threshold);
        let decay = model.current_decay.as_deref().unwrap_or_default();
        let parts = [
            ("gain", gain),
            ("membrane decay", &model.voltage_decay),
            ("current decay", decay),
            ("bias", &model.voltage_bias),
            ("threshold", threshold),
        ];
        for (name, values) in parts {
            if let Some((value, text)) = Self::count(values, |value| !value.is_finite()) {
                let message = format!("the {name} of a step must be finite, and {value} is not");
                let help = "check the node's parameters and --dt";
                return Err(vec![
                    self.locate(Diagnostic::error("QN035", message), text).help(help),
                ]);
            }
        }
        Ok(())
    }
}
