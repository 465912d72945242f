//! Images as constant input: one value per sample and input neuron.

use quarrion_isa::diagnostic::Diagnostic;

use super::archive::Archive;
use super::array::Go;
use super::events::scalar;
use super::{InputRules, samples_to_read, steps_to_run};

const ARRAY: &str = "bias";
/// Most values of all images together.
const VALUES_MAX: u64 = 1 << 28;

/// Images, each shown for the same number of steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Images {
    /// Timesteps that each image is shown for.
    pub steps: u32,
    /// Values of each image in the order of the input neurons.
    pub values: Vec<Vec<f64>>,
}

/// Reads `bias` of shape (samples, neurons...).
pub(super) fn read_bias(
    archive: &mut Archive<'_>,
    rules: &InputRules<'_>,
) -> Result<Images, Diagnostic> {
    let header = archive.header(ARRAY)?;
    let place = format!("shape {:?}", header.shape);
    let neurons = header.shape.iter().skip(1).try_fold(1_u64, |product, &d| product.checked_mul(d));
    if header.shape.is_empty() || neurons != Some(u64::from(rules.neurons)) || header.fortran {
        let message = format!(
            "`bias` has the shape (samples, neurons...) in C order, with {} neurons {:?}",
            rules.neurons, rules.shape
        );
        return Err(Diagnostic::error("QI005", message)
            .at(rules.source, ARRAY, place)
            .help("np.ascontiguousarray(images) stores C order"));
    }
    if header.elements > VALUES_MAX {
        let message = format!("`bias` has at most {VALUES_MAX} values, not {}", header.elements);
        return Err(Diagnostic::error("QI010", message).at(rules.source, ARRAY, place));
    }
    let stored_steps = scalar(archive, "steps", rules)?;
    let Some(steps) = rules.steps.map(u64::from).or(stored_steps) else {
        return Err(Diagnostic::error("QI011", "images say nothing of how long each is shown")
            .at(rules.source, ARRAY, place)
            .help("add `--steps`, such as `--steps 32`"));
    };
    let steps = steps_to_run(steps, rules, ARRAY)?;
    let samples = samples_to_read(header.shape[0], rules, ARRAY)?;
    let mut values = vec![vec![0.0; rules.neurons as usize]; samples as usize];
    archive.visit_nonzero(ARRAY, |at, number| {
        let (sample, neuron) = (at / u64::from(rules.neurons), at % u64::from(rules.neurons));
        let Some(image) = values.get_mut(sample as usize) else { return Ok(Go::Stop) };
        image[neuron as usize] = number.real();
        if number.real().is_finite() {
            return Ok(Go::On);
        }
        Err(Diagnostic::error(
            "QI015",
            format!("a value of `bias` is {number}, which is no number"),
        )
        .at(rules.source, ARRAY, format!("sample {sample}, neuron {neuron}"))
        .into())
    })?;
    Ok(Images { steps, values })
}
