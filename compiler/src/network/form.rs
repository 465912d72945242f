//! What a node puts out as a sum of linear paths from populations, and how linear nodes change it.

use quarrion_isa::diagnostic::Diagnostic;

use super::connectivity::{Connectivity, Synapse};
use super::fold::{FoldTooLarge, Folding, LinearMap};
use crate::import::graph::{Matrix, NirNode};
use crate::import::policy::ImportPolicy;

/// Terms that may meet at one node; more come only from graphs made to explode.
const MAX_TERMS: usize = 1 << 10;
/// Longest delay that is believed, in steps.
const MAX_DELAY_STEPS: f64 = 1_048_576.0;
/// How far a delay may be from a whole number of steps without a warning.
const DELAY_TOLERANCE: f64 = 1e-3;
/// Delays are rounded to this part of a step first: half a step written in decimals may lie a
/// rounding error below.
const DELAY_GRID: f64 = 1e-6;

/// One linear path from a population to a node.
#[derive(Clone)]
pub(super) struct Term {
    /// The node of the population.
    pub(super) origin: usize,
    /// The path.
    pub(super) map: LinearMap,
    /// Steps that Delay nodes on the path add.
    pub(super) delay_steps: u32,
    /// Whether the path leaves a neuron into its own cycle.
    pub(super) is_recurrent: bool,
    /// Names of the nodes that were folded into the map.
    pub(super) through: Vec<String>,
}

/// What a node puts out, as a sum of linear paths and a constant.
#[derive(Clone, Default)]
pub(super) struct Form {
    /// The paths.
    pub(super) terms: Vec<Term>,
    /// The constant, when there is one.
    pub(super) bias: Option<Vec<f64>>,
}

impl Form {
    /// The output of a population itself.
    pub(super) fn of_population(origin: usize, is_recurrent: bool) -> Self {
        let (map, through) = (LinearMap::Identity, Vec::new());
        let term = Term { origin, map, delay_steps: 0, is_recurrent, through };
        Self { terms: vec![term], bias: None }
    }

    /// Adds another form to this one.
    pub(super) fn add(&mut self, other: Self) {
        self.terms.extend(other.terms);
        if let Some(bias) = other.bias {
            self.add_bias(&bias);
        }
    }

    fn add_bias(&mut self, bias: &[f64]) {
        match &mut self.bias {
            None => self.bias = Some(bias.to_vec()),
            Some(sum) => sum.iter_mut().zip(bias).for_each(|(sum, bias)| *sum += bias),
        }
    }
}

/// Carries forms through linear nodes, within one budget and with one list of findings.
pub(super) struct Chain<'a> {
    pub(super) source: &'a str,
    pub(super) policy: &'a ImportPolicy,
    pub(super) folding: Folding,
    pub(super) warnings: Vec<Diagnostic>,
}

impl Chain<'_> {
    /// The diagnostic for folding that claims too much.
    pub(super) fn too_large(&self, node: &NirNode, fault: FoldTooLarge) -> Diagnostic {
        let FoldTooLarge { demand, left } = fault;
        let message = format!(
            "folding the linear layers up to `{}` takes {demand} operations, and {left} are left",
            node.name
        );
        Diagnostic::error("QN031", message)
            .at(self.source, &node.name, "too large to fold")
            .help("put a neuron between the linear layers, or merge them before exporting")
    }

    /// Refuses more terms than any sensible node has.
    pub(super) fn check_terms(&self, node: &NirNode, terms: usize) -> Result<(), Diagnostic> {
        if terms <= MAX_TERMS {
            return Ok(());
        }
        let message =
            format!("at most {MAX_TERMS} linear paths may meet, and at `{}` {terms} do", node.name);
        Err(Diagnostic::error("QN031", message)
            .at(self.source, &node.name, "parallel linear layers multiply their paths")
            .help("put a neuron between the linear layers, or merge them before exporting"))
    }

    /// Notes that a kernel had to be written out as a list.
    pub(super) fn note_written(&mut self, node: &NirNode, synapses: u64, why: &str) {
        self.warnings.push(
            Diagnostic::note("QN038", format!("a kernel becomes a list of {synapses} synapses"))
                .at(self.source, &node.name, why)
                .help("a list takes more synapse memory than a kernel on chips that share kernels"),
        );
    }

    /// Puts a form through a linear node.
    pub(super) fn through(
        &mut self,
        node: &NirNode,
        form: &Form,
        map: &Connectivity,
        bias: Option<&[f64]>,
    ) -> Result<Form, FoldTooLarge> {
        let mut image = Form::default();
        for term in &form.terms {
            let folded = self.folding.compose(map, term.map.clone())?;
            if map.is_spatial() && term.map.is_spatial() && !folded.is_spatial() {
                let why = "no single kernel is equal to this layer after the one before it";
                self.note_written(node, folded.synapse_count(), why);
            }
            let mut term = Term { map: LinearMap::Synapses(folded), ..term.clone() };
            term.through.push(node.name.clone());
            image.terms.push(term);
        }
        if let Some(before) = &form.bias {
            image.bias = Some(self.folding.apply(map, before)?);
        }
        if let Some(bias) = bias {
            image.add_bias(bias);
        }
        Ok(image)
    }

    /// A matrix as synapses; several blocks lie on the diagonal of a larger one.
    pub(super) fn matrix(&mut self, matrix: &Matrix) -> Result<Connectivity, FoldTooLarge> {
        let Matrix { blocks, outputs, inputs, weights, .. } = matrix;
        let (blocks, outputs, inputs) = (*blocks, *outputs, *inputs);
        if blocks == 1 {
            return Ok(Connectivity::Dense { inputs, outputs, weights: weights.clone() });
        }
        self.folding.claim_list(weights.len() as u64)?;
        let synapse = |(at, &weight): (usize, &f64)| {
            let (row, column) = (at / inputs, at % inputs);
            let source = row / outputs * inputs + column;
            Synapse { target: row as u32, source: source as u32, weight }
        };
        let synapses = weights.iter().enumerate().map(synapse).collect();
        let (inputs, outputs) = (blocks * inputs, blocks * outputs);
        Ok(Connectivity::Sparse { inputs, outputs, synapses })
    }

    /// Delays every term; neurons with unlike delays get a term for each delay.
    pub(super) fn delay(
        &mut self,
        node: &NirNode,
        times: &[f64],
        form: &mut Form,
    ) -> Result<(), Diagnostic> {
        let steps = self.delay_steps(node, times)?;
        if form.bias.is_some() && steps.iter().any(|&steps| steps > 0) {
            let message = format!("`{}` delays a constant bias, which a chip cannot", node.name);
            return Err(Diagnostic::error("QN028", message)
                .at(self.source, &node.name, "behind a layer with a bias")
                .help("move the bias behind the delay, or the delay to the neuron's output"));
        }
        let mut distinct = steps.clone();
        distinct.sort_unstable();
        distinct.dedup();
        self.check_terms(node, form.terms.len().saturating_mul(distinct.len()))?;
        let mut terms = Vec::new();
        for term in &form.terms {
            for &delay in &distinct {
                let mut delayed = term.clone();
                delayed.delay_steps += delay;
                delayed.through.push(node.name.clone());
                if distinct.len() > 1 {
                    let mask = keep_where(&steps, delay);
                    let folded = self.folding.compose(&mask, delayed.map);
                    let folded = folded.map_err(|fault| self.too_large(node, fault))?;
                    delayed.map = LinearMap::Synapses(folded);
                }
                terms.push(delayed);
            }
        }
        form.terms = terms;
        Ok(())
    }

    fn delay_steps(&mut self, node: &NirNode, times: &[f64]) -> Result<Vec<u32>, Diagnostic> {
        let mut uneven = None;
        let mut steps = Vec::with_capacity(times.len());
        for &time in times {
            let exact = self.policy.in_steps(time);
            let rounded = ((exact / DELAY_GRID).round() * DELAY_GRID).round();
            if !(0.0..=MAX_DELAY_STEPS).contains(&rounded) {
                let message = format!("a delay must be 0 to {MAX_DELAY_STEPS} steps, not {exact}");
                return Err(Diagnostic::error("QN027", message)
                    .at(self.source, &node.name, format!("delay {time}"))
                    .help("give the right --dt, or the --dialect whose time measure this is"));
            }
            if (exact - rounded).abs() > DELAY_TOLERANCE && uneven.is_none() {
                uneven = Some((exact, rounded));
            }
            steps.push(rounded as u32);
        }
        if let Some((exact, rounded)) = uneven {
            let message = format!("a delay of {exact:.4} steps becomes {rounded}");
            self.warnings.push(
                Diagnostic::warning("QN026", message)
                    .at(self.source, &node.name, "rounded to whole steps")
                    .help("train with delays that are multiples of dt"),
            );
        }
        Ok(steps)
    }
}

/// The identity on those elements whose delay is `delay`.
fn keep_where(steps: &[u32], delay: u32) -> Connectivity {
    let kept = (0_u32..).zip(steps).filter(|&(_, &steps)| steps == delay);
    Connectivity::Sparse {
        inputs: steps.len(),
        outputs: steps.len(),
        synapses: kept.map(|(at, _)| Synapse { target: at, source: at, weight: 1.0 }).collect(),
    }
}
