//! The lowered network run in f64: what folding must not change.

use quarrion_compiler::network::{Comparison, Network, NeuronKind, NeuronModel, ResetMode};

use super::Outcome;

/// Synapses of one projection by source: (target, weight).
type BySource = Vec<Vec<(usize, f64)>>;

/// An interpreter of one lowered network.
pub struct FoldedOracle<'n> {
    network: &'n Network,
    synapses: Vec<BySource>,
}

impl<'n> FoldedOracle<'n> {
    /// Writes out the synapses of a network.
    #[must_use]
    pub fn new(network: &'n Network) -> Self {
        let synapses = network
            .projections
            .iter()
            .map(|projection| {
                let mut by_source = vec![Vec::new(); projection.connectivity.inputs()];
                projection.connectivity.for_each_synapse(|source, target, weight| {
                    by_source[source].push((target, weight));
                });
                by_source
            })
            .collect();
        Self { network, synapses }
    }

    /// Runs one sample from rest; the outputs come in the order of the populations.
    ///
    /// # Shape
    /// `stimulus[step][input population][element]`.
    #[must_use]
    pub fn run(&self, stimulus: &[Vec<Vec<f64>>]) -> Outcome {
        let populations = &self.network.populations;
        let zeros = || -> Vec<Vec<f64>> {
            populations.iter().map(|population| vec![0.0; population.len()]).collect()
        };
        let (mut current, mut voltage, mut sums) = (zeros(), zeros(), zeros());
        let mut spikes = vec![0; populations.len()];
        let mut margin = f64::INFINITY;
        // Output of every population at every step so far.
        let mut history: Vec<Vec<Vec<f64>>> = Vec::new();
        for (time, step) in stimulus.iter().enumerate() {
            history.push(zeros());
            let mut inputs = step.iter();
            for at in 0..populations.len() {
                let Some(model) = populations[at].model() else {
                    history[time][at].clone_from(inputs.next().expect("one for each input"));
                    continue;
                };
                let entering = self.gather(at, time, &history);
                let (current, voltage) = (&mut current[at], &mut voltage[at]);
                let out = neurons(model, &entering, current, voltage, &mut margin);
                for (sum, value) in sums[at].iter_mut().zip(&out) {
                    // An accumulator sums by itself.
                    let is_sum = model.kind == NeuronKind::Accumulator;
                    *sum = if is_sum { *value } else { *sum + value };
                }
                spikes[at] += out.iter().filter(|&&value| value > 0.0).count() as u64;
                history[time][at] = out;
            }
        }
        let all = || populations.iter().enumerate();
        let fires = |model: &NeuronModel| model.firing.is_some();
        Outcome {
            outputs: all().filter(|(_, p)| p.is_output).map(|(at, _)| sums[at].clone()).collect(),
            spikes: all()
                .filter(|(_, population)| population.model().is_some_and(fires))
                .map(|(at, population)| (population.name.clone(), spikes[at]))
                .collect(),
            margin,
        }
    }

    fn gather(&self, target: usize, time: usize, history: &[Vec<Vec<f64>>]) -> Vec<f64> {
        let mut sum = vec![0.0; self.network.populations[target].len()];
        for (projection, by_source) in self.network.projections.iter().zip(&self.synapses) {
            if projection.target.index() != target {
                continue;
            }
            let Some(then) = time.checked_sub(projection.total_delay() as usize) else { continue };
            let values = &history[then][projection.source.index()];
            for (value, synapses) in values.iter().zip(by_source) {
                if *value != 0.0 {
                    for &(target, weight) in synapses {
                        sum[target] += weight * value;
                    }
                }
            }
        }
        sum
    }
}

fn neurons(
    model: &NeuronModel,
    entering: &[f64],
    current: &mut [f64],
    voltage: &mut [f64],
    margin: &mut f64,
) -> Vec<f64> {
    let mut out = vec![0.0; entering.len()];
    for at in 0..entering.len() {
        let mut drive = entering[at];
        if let Some(decay) = &model.current_decay {
            current[at] = decay[at] * current[at] + drive + model.current_bias[at];
            drive = current[at];
        }
        let v = &mut voltage[at];
        *v = model.voltage_decay[at] * *v + drive + model.voltage_bias[at];
        let Some(firing) = &model.firing else {
            out[at] = *v;
            continue;
        };
        let threshold = firing.threshold[at];
        *margin = margin.min((*v - threshold).abs());
        let fires = match firing.comparison {
            Comparison::Greater => *v > threshold,
            Comparison::GreaterOrEqual => *v >= threshold,
        };
        if fires {
            out[at] = 1.0;
            *v = match firing.reset {
                ResetMode::Zero => 0.0,
                ResetMode::Subtract => *v - threshold,
            };
        }
    }
    out
}
