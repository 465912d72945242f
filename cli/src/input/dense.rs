//! Dense spikes: one element per sample, step and neuron.

use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::stimulus::{InputSpike, Stimulus};

use super::archive::Archive;
use super::array::{Go, Header};
use super::{
    InputRules, SPIKES_MAX, collect_samples, samples_to_read, steps_to_run, too_many_spikes,
};

const ARRAY: &str = "spikes";

/// Reads `spikes` of shape (samples, steps, neurons...).
pub(super) fn read_dense(
    archive: &mut Archive<'_>,
    rules: &InputRules<'_>,
) -> Result<Stimulus, Diagnostic> {
    let header = archive.header(ARRAY)?;
    let [there, steps, neurons] = extents(&header, rules)?;
    let samples = samples_to_read(there, rules, ARRAY)?;
    let steps = fixed_steps(steps, rules)?;
    let strides = Strides::of(&header);
    let mut spikes = Vec::new();
    archive.visit_nonzero(ARRAY, |position, value| {
        let [sample, step, neuron] = strides.place(position, [there, u64::from(steps), neurons]);
        if sample >= u64::from(samples) {
            return Ok(if header.fortran { Go::On } else { Go::Stop });
        }
        if value.real() == 0.0 {
            return Ok(Go::On);
        }
        let payload = rules.payload.take(value).ok_or_else(|| {
            let place = format!("sample {sample}, step {step}, neuron {neuron}");
            rules.payload.refuse(value, rules, ARRAY, place)
        })?;
        if spikes.len() == SPIKES_MAX {
            return Err(too_many_spikes(rules, ARRAY).into());
        }
        let spike = InputSpike { step: step as u32, neuron: neuron as u32, payload };
        spikes.push((sample as u32, spike));
        Ok(Go::On)
    })?;
    if header.fortran {
        spikes.sort_unstable();
    }
    collect_samples(&spikes, samples, steps, rules, ARRAY)
}

/// Samples, steps and neurons of the array; the neurons must be the network's.
fn extents(header: &Header, rules: &InputRules<'_>) -> Result<[u64; 3], Diagnostic> {
    let [samples, steps, neurons @ ..] = header.shape.as_slice() else {
        let message = format!(
            "`spikes` has the shape (samples, steps, neurons...), but this has {} dimensions",
            header.shape.len()
        );
        return Err(Diagnostic::error("QI005", message)
            .at(rules.source, ARRAY, format!("shape {:?}", header.shape))
            .help("for one sample, store spikes[None]"));
    };
    // The product over all dimensions is known to fit, unless one of them is zero.
    let found = neurons.iter().try_fold(1_u64, |product, &d| product.checked_mul(d));
    if found != Some(u64::from(rules.neurons)) {
        let found = found.map_or("more than 2^64".to_owned(), |found| found.to_string());
        let message = format!(
            "the network has {} input neurons {:?}, but each step of `spikes` has {found}",
            rules.neurons, rules.shape
        );
        return Err(Diagnostic::error("QI005", message)
            .at(rules.source, ARRAY, format!("shape {:?}", header.shape))
            .help("store (samples, steps, neurons...), with the neurons in the network's order"));
    }
    Ok([*samples, *steps, u64::from(rules.neurons)])
}

/// The array's steps; the user may only confirm them.
fn fixed_steps(there: u64, rules: &InputRules<'_>) -> Result<u32, Diagnostic> {
    if let Some(steps) = rules.steps.filter(|&steps| u64::from(steps) != there) {
        let message = format!("`spikes` has {there} steps a sample, but `--steps` says {steps}");
        return Err(Diagnostic::error("QI011", message)
            .at(rules.source, ARRAY, format!("{there} steps"))
            .help("leave `--steps` out: dense spikes say how long they are"));
    }
    steps_to_run(there, rules, ARRAY)
}

/// How a stored position becomes sample, step and neuron.
struct Strides {
    /// Dimensions from the third on, for Fortran order; empty for C order.
    neuron_shape: Vec<u64>,
    fortran: bool,
}

impl Strides {
    fn of(header: &Header) -> Self {
        Self { neuron_shape: header.shape[2..].to_vec(), fortran: header.fortran }
    }

    fn place(&self, position: u64, [samples, steps, neurons]: [u64; 3]) -> [u64; 3] {
        if !self.fortran {
            let row = position / neurons;
            return [row / steps, row % steps, position % neurons];
        }
        let (sample, rest) = (position % samples, position / samples);
        let (step, mut rest) = (rest % steps, rest / steps);
        // The first neuron dimension runs fastest here, but counts most in the row-major index.
        let mut stride = neurons;
        let mut neuron = 0;
        for &length in &self.neuron_shape {
            stride /= length;
            neuron += rest % length * stride;
            rest /= length;
        }
        [sample, step, neuron]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_name_the_same_place() {
        let [samples, steps, a, b] = [2, 3, 4, 5];
        let c = Strides { neuron_shape: vec![a, b], fortran: false };
        let fortran = Strides { neuron_shape: vec![a, b], fortran: true };
        let extents = [samples, steps, a * b];
        for sample in 0..samples {
            for step in 0..steps {
                for x in 0..a {
                    for y in 0..b {
                        let place = [sample, step, x * b + y];
                        let row_major = ((sample * steps + step) * a + x) * b + y;
                        let column_major = ((y * a + x) * steps + step) * samples + sample;
                        assert_eq!(c.place(row_major, extents), place);
                        assert_eq!(fortran.place(column_major, extents), place);
                    }
                }
            }
        }
    }
}
