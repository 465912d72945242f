//! The neurons of a layer: type and registers as parameters of a shipped neuron program.

use std::borrow::Cow;

use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::program::ParameterValue;

use super::values::{find, map, single, spread};
use super::{INTERVAL_MAX, PeriodicReset};
use crate::import::archive::{Folder, Value};
use crate::import::parameter::Parameters;
use crate::network::{GivenNeurons, GivenProgram};

/// Left shift from weights to the accumulator of CUBA neurons, and bits of fraction of spikes.
const SPIKE_EXPONENT: u32 = 6;
/// Bits of fraction that the state of SDNN and RF neurons has beyond the spikes'.
const STATE_EXPONENT: i64 = 6;
/// Bits of fraction of the decays of RF neurons.
const DECAY_BITS: i64 = 12;

/// Where a layer stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Position {
    /// It encodes the input.
    Input,
    /// It is behind another.
    Hidden,
}

/// The neurons of one layer.
pub(super) struct LayerNeurons {
    pub(super) neurons: GivenNeurons,
    /// Exponent of the weights onto them.
    pub(super) exponent: i32,
    /// Whether they take a real and an imaginary sum.
    pub(super) complex: bool,
}

/// Reads the group `neuron` of a layer.
pub(super) fn read_neurons(
    layer: &Folder<'_>,
    shape: &[usize],
    position: Position,
    reset: Option<PeriodicReset>,
    warnings: &mut Vec<Diagnostic>,
) -> Result<LayerNeurons, Diagnostic> {
    let source = layer.archive().source();
    if !layer.list()?.folders.iter().any(|name| name == "neuron") {
        return Err(Diagnostic::error("QN005", "a layer lacks the group `neuron`")
            .at(source, layer.path(), "this layer")
            .help(layer.archive().wording().complete));
    }
    let folder = layer.folder("neuron")?;
    let parameters = Parameters::of(&folder)?;
    let bias_of = Parameters::of(layer)?;
    let bias = spread(&bias_of, "bias", shape)?.unwrap_or(ParameterValue::Shared(0));
    let form = Form { parameters: &parameters, shape, bias };
    let kind = parameters.node_type()?;
    if reset.is_some() && !matches!(kind.as_str(), "CUBA" | "LOIHI") {
        let message = format!("neurons of type {kind} have no periodic reset");
        warnings.push(
            Diagnostic::warning("QN049", message)
                .at(source, folder.path(), "keeps its state")
                .help("Lava-DL ignores it too"),
        );
    }
    match (kind.as_str(), position) {
        ("CUBA" | "LOIHI", _) => {
            if single(&parameters, "gradedSpike")?.unwrap_or(0) != 0 {
                let message = "spikes of CUBA neurons are sent as binary ones";
                warnings.push(
                    Diagnostic::warning("QN049", message)
                        .at(source, &folder.path_of("gradedSpike"), "is set")
                        .help("Lava-DL's importer ignores it too: the file names no unit for them"),
                );
            }
            form.cuba(reset)
        }
        ("SDNN", Position::Input) => form.delta(),
        ("SDNN", Position::Hidden) => form.sigma_delta(),
        ("RF_PHASE", _) => form.resonator("resonate_fire"),
        ("RF" | "RF_IZ", _) => form.resonator("rf_izhikevich"),
        _ => {
            let message = format!("`{kind}` is no neuron type that is read");
            Err(Diagnostic::error("QN045", message)
                .at(source, &folder.path_of("type"), "this type")
                .help("types are LOIHI, CUBA, SDNN, RF_PHASE, RF and RF_IZ"))
        }
    }
}

/// A neuron group with what belongs to it.
struct Form<'p> {
    parameters: &'p Parameters<'p, 'p>,
    shape: &'p [usize],
    bias: ParameterValue,
}

impl Form<'_> {
    /// A register that must be there.
    fn register(&self, name: &str) -> Result<ParameterValue, Diagnostic> {
        match spread(self.parameters, name, self.shape)? {
            Some(value) => Ok(value),
            None => self
                .parameters
                .value(name)
                .and_then(|_| Err(self.parameters.wrong_kind(name, "whole numbers"))),
        }
    }

    fn out_of_range(&self, name: &str, value: i64, wanted: &str) -> Diagnostic {
        Diagnostic::error("QN048", format!("`{name}` must be {wanted}, and {value} is not"))
            .at(self.parameters.source(), &self.parameters.path_of(name), "this register")
            .help("check the neuron's definition in the framework")
    }

    /// A register whose values lie in a range.
    fn bounded(&self, name: &str, low: i64, high: i64) -> Result<ParameterValue, Diagnostic> {
        let value = self.register(name)?;
        match find(&value, |value| !(low..=high).contains(&value)) {
            None => Ok(value),
            Some(bad) => Err(self.out_of_range(name, bad, &format!("{low} to {high}"))),
        }
    }

    /// Compartments of Loihi 1: leaky current and voltage.
    fn cuba(&self, reset: Option<PeriodicReset>) -> Result<LayerNeurons, Diagnostic> {
        let current = self.bounded("iDecay", 0, 4096)?;
        let voltage = self.bounded("vDecay", 0, 4096)?;
        let vth = self.bounded("vThMant", 0, 131_071)?;
        let refractory = match spread(self.parameters, "refDelay", self.shape)? {
            None => ParameterValue::Shared(1),
            Some(_) => self.bounded("refDelay", 1, 63)?,
        };
        let exponent = single(self.parameters, "wgtExp")?.unwrap_or(0);
        let exponent = i32::try_from(exponent).ok().filter(|e| (-16..=16).contains(e));
        let exponent = exponent.ok_or_else(|| {
            let value = single(self.parameters, "wgtExp").ok().flatten().unwrap_or(0);
            self.out_of_range("wgtExp", value, "-16 to 16")
        })?;
        let bias = map(self.bias.clone(), |bias| bias << SPIKE_EXPONENT);
        // The register counts one less where the offset bit is set; a loss of 0 needs it clear.
        let offset = map(current.clone(), |decay| i64::from(decay != 0));
        let lossless = find(&current, |decay| decay == 0).is_some();
        let mut parameters = vec![
            ("du", map(current, |decay| (decay - 1).max(0))),
            ("dv", voltage),
            ("vth", vth),
            ("bias", bias),
        ];
        let program = match reset {
            None => {
                parameters.push(("du_offset", offset));
                parameters.push(("refractory_delay", refractory));
                "cuba_lif"
            }
            Some(reset) => {
                if lossless || refractory != ParameterValue::Shared(1) {
                    let message = "a periodic reset needs a current decay of at least 1 and a \
                                   refDelay of 1";
                    return Err(Diagnostic::error("QN048", message)
                        .at(self.parameters.source(), self.parameters.path(), "these neurons")
                        .help("leave --reset-interval out: every sample starts from a reset"));
                }
                parameters.extend(periodic(reset));
                "lif_reset"
            }
        };
        let neurons = GivenNeurons {
            program: GivenProgram::Shipped(program),
            parameters: owned(parameters),
            input_shift: SPIKE_EXPONENT,
        };
        Ok(LayerNeurons { neurons, exponent, complex: false })
    }

    /// The threshold of SDNN neurons, in units of their state.
    fn delta_threshold(&self) -> Result<ParameterValue, Diagnostic> {
        let fraction = i64::from(SPIKE_EXPONENT) + STATE_EXPONENT;
        let vth = self.bounded("vThMant", 0, i64::from(i32::MAX) >> fraction)?;
        Ok(map(vth, |vth| vth << fraction))
    }

    /// Encoders of changes.
    fn delta(&self) -> Result<LayerNeurons, Diagnostic> {
        let parameters = vec![
            ("vth", self.delta_threshold()?),
            ("spike_exp", ParameterValue::Shared(SPIKE_EXPONENT.into())),
            ("state_exp", ParameterValue::Shared(STATE_EXPONENT)),
        ];
        let neurons = GivenNeurons {
            program: GivenProgram::Shipped("delta"),
            parameters: owned(parameters),
            input_shift: 0,
        };
        Ok(LayerNeurons { neurons, exponent: 0, complex: false })
    }

    /// Sigma-delta units, or plain sums at the end.
    fn sigma_delta(&self) -> Result<LayerNeurons, Diagnostic> {
        let plain = |program, parameters| {
            let neurons = GivenNeurons {
                program: GivenProgram::Shipped(program),
                parameters: owned(parameters),
                input_shift: 0,
            };
            LayerNeurons { neurons, exponent: 0, complex: false }
        };
        if self.parameters.has("sigma_output") {
            return Ok(plain("sigma", Vec::new()));
        }
        let relu = match self.activation()?.as_deref() {
            None | Some("relu" | "RELU" | "ReLU") => 1,
            Some("identity" | "unit" | "UNIT" | "linear") => 0,
            Some(other) => {
                let message = format!("`{other}` is no activation that sigma-delta units have");
                return Err(Diagnostic::error("QN047", message)
                    .at(self.parameters.source(), &self.parameters.path_of("activation"), "this")
                    .help("train with relu or identity"));
            }
        };
        let fraction = i64::from(SPIKE_EXPONENT) + STATE_EXPONENT;
        let most = 1 << (30 - fraction);
        if let Some(bad) = find(&self.bias, |bias| bias.abs() > most) {
            return Err(self.out_of_range("bias", bad, &format!("at most {most} in magnitude")));
        }
        let parameters = vec![
            ("vth", self.delta_threshold()?),
            ("state_exp", ParameterValue::Shared(STATE_EXPONENT)),
            ("relu", ParameterValue::Shared(relu)),
            ("bias", map(self.bias.clone(), |bias| bias << fraction)),
        ];
        Ok(plain("sigma_delta", parameters))
    }

    fn activation(&self) -> Result<Option<String>, Diagnostic> {
        if !self.parameters.has("activation") {
            return Ok(None);
        }
        match self.parameters.value("activation")? {
            Value::Texts(mut texts) if texts.len() == 1 => Ok(Some(texts.swap_remove(0))),
            _ => Err(self.parameters.wrong_kind("activation", "one text")),
        }
    }

    /// Resonators.
    fn resonator(&self, program: &'static str) -> Result<LayerNeurons, Diagnostic> {
        if find(&self.bias, |bias| bias != 0).is_some() {
            let message = "resonators have no bias";
            return Err(Diagnostic::error("QN048", message)
                .at(self.parameters.source(), self.parameters.path(), "these neurons")
                .help("train without normalisation"));
        }
        let unit = 1 << DECAY_BITS;
        let vth = self.bounded("vThMant", 1, 8_388_607 >> STATE_EXPONENT)?;
        let parameters = vec![
            ("cos_decay", self.bounded("cosDecay", -unit, unit)?),
            ("sin_decay", self.bounded("sinDecay", -unit, unit)?),
            ("decay_bits", ParameterValue::Shared(DECAY_BITS)),
            ("state_exp", ParameterValue::Shared(STATE_EXPONENT)),
            ("vth", map(vth, |vth| vth << STATE_EXPONENT)),
        ];
        let neurons = GivenNeurons {
            program: GivenProgram::Shipped(program),
            parameters: owned(parameters),
            input_shift: 0,
        };
        Ok(LayerNeurons { neurons, exponent: 0, complex: true })
    }
}

/// When a layer is reset, counted from its own first step.
fn periodic(reset: PeriodicReset) -> [(&'static str, ParameterValue); 2] {
    let interval = reset.interval.clamp(1, INTERVAL_MAX);
    let first = reset.offset % interval;
    [
        ("reset_interval", ParameterValue::Shared(interval.into())),
        ("first_reset", ParameterValue::Shared(first.into())),
    ]
}

/// Names of parameters as given neurons keep them.
fn owned(
    parameters: Vec<(&'static str, ParameterValue)>,
) -> Vec<(Cow<'static, str>, ParameterValue)> {
    parameters.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect()
}
