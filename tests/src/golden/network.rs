//! From a recorded case to a program by hand, its stimulus and what must come out.
//!
//! Every population of neurons has one phase, 1 unless learning wants another: row r of a case is
//! timestep r + 1 of the run, and what is injected in the timestep before arrives for row r. So a
//! case needs no room before its first row, whichever way its tool counts steps.

use std::sync::Arc;

use quarrion_isa::chip::{Chip, SignMode, SynapseFormatKind, check_chip};
use quarrion_isa::delivery::{DeliverySettings, SynapseMode, WeightRounding, WeightRule};
use quarrion_isa::id::CoreId;
use quarrion_isa::learning::{LearningSettings, RecordedDraws};
use quarrion_isa::neuron::{NeuronProgram, Scope, library};
use quarrion_isa::program::{PlasticRule, Program};
use quarrion_isa::stimulus::{InputSpike, Sample, Stimulus};
use quarrion_isa::synapse::Synapse;

use crate::assemble::{
    BlockSketch, CoreSketch, ParameterSketch, PieceSketch, PopulationSketch, ProjectionSketch,
    Sketch, Spread, assemble, plain_inputs,
};
use crate::bench::BENCH;
use crate::engines::parsed;

/// Phase of all neurons, where no case says otherwise.
pub(super) const PHASE: u32 = 1;

/// Neurons of one program.
pub(super) struct Layer {
    text: String,
    program: Arc<NeuronProgram>,
    n: usize,
    /// By parameter and neuron.
    parameters: Vec<Vec<i64>>,
    /// Delivery into each accumulator; plain and unscaled to begin with.
    pub(super) inputs: Vec<DeliverySettings>,
}

impl Layer {
    /// Neurons of a shipped program, parameters at their defaults.
    pub(super) fn new(name: &str, n: usize) -> Result<Self, String> {
        let shipped = library::find(name).ok_or_else(|| format!("no program `{name}`"))?;
        Ok(Self::of_text(shipped.text.to_owned(), n))
    }

    pub(super) fn of_text(text: String, n: usize) -> Self {
        let program = parsed(&text);
        let defaults = program.parameters().iter();
        let parameters = defaults.map(|declared| vec![declared.default.into(); n]).collect();
        let inputs = plain_inputs(&program, 0);
        Self { text, program, n, parameters, inputs }
    }

    pub(super) fn set_all(&mut self, name: &str, value: i64) -> Result<(), String> {
        self.set(name, vec![value; self.n])
    }

    /// Sets a parameter of each neuron.
    pub(super) fn set(&mut self, name: &str, values: Vec<i64>) -> Result<(), String> {
        let index = self.program.parameter_index(name);
        let index = index.ok_or_else(|| format!("no parameter `{name}`"))?;
        let range = self.program.parameters()[index].range;
        if let Some(value) = values.iter().find(|&&value| !range.contains(value)) {
            let (low, high) = (range.low, range.high);
            return Err(format!("`{name}` takes {low} to {high}, not {value}"));
        }
        if values.len() != self.n {
            return Err(format!("`{name}` has {} values for {} neurons", values.len(), self.n));
        }
        self.parameters[index] = values;
        Ok(())
    }

    /// Whether two neurons can share a group.
    fn alike(&self, one: usize, two: usize) -> bool {
        let declared = self.program.parameters().iter().zip(&self.parameters);
        let mut shared = declared.filter(|(declared, _)| declared.scope == Scope::Group);
        shared.all(|(_, values)| values[one] == values[two])
    }

    /// Lengths of the groups that a run of neurons is cut into.
    fn groups(&self, first: usize, count: usize) -> Vec<u32> {
        let mut groups: Vec<u32> = Vec::new();
        for neuron in first..first + count {
            match groups.last_mut() {
                Some(group) if neuron > first && self.alike(neuron - 1, neuron) => *group += 1,
                _ => groups.push(1),
            }
        }
        groups
    }
}

/// What a case records of a population.
#[derive(Clone, Debug)]
pub(super) enum Quantity {
    /// A state word.
    Word(String),
    /// Payloads of spikes, 0 where there is none.
    Spikes,
    /// A trace.
    Trace(String),
}

/// Recorded rows of one quantity: `[row][neuron]`, from column `first` on.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    pub(super) population: usize,
    pub(super) quantity: Quantity,
    pub(super) first: usize,
    pub(super) rows: Vec<Vec<i64>>,
}

/// Synapses from one population to another.
pub(super) struct Connection {
    pub(super) source: usize,
    pub(super) target: usize,
    pub(super) input: u32,
    pub(super) exponent: i32,
    pub(super) bits: u32,
    pub(super) sign: SignMode,
    /// (source neuron, target neuron, stored weight, delay).
    pub(super) synapses: Vec<(usize, usize, i64, u32)>,
    /// The rule that teaches them.
    pub(super) rule: Option<String>,
}

/// Recorded weights of a connection: `[row][synapse]`, by source and then target.
pub(super) struct LearnedRows {
    /// Position of the connection.
    pub(super) projection: usize,
    /// The timestep at whose end row 0 holds.
    pub(super) first_step: u32,
    pub(super) rows: Vec<Vec<i64>>,
}

/// A case on its way to the engines.
pub(super) struct Network {
    name: String,
    bits_max: u32,
    sizes: Vec<usize>,
    layers: Vec<Option<Layer>>,
    projections: Vec<ProjectionSketch>,
    spikes: Vec<InputSpike>,
    /// Recorded rows.
    pub(super) rows: usize,
    pub(super) expected: Vec<Expected>,
    pub(super) learned: Vec<LearnedRows>,
    /// Random numbers of learning.
    pub(super) record: Option<RecordedDraws>,
    /// Timestep of row 0.
    pub(super) phase: u32,
    rules: Vec<PlasticRule>,
    /// Single values that are compared here: (what, recorded, ours).
    pub(super) single: Vec<(String, i64, i64)>,
}

/// A network that runs.
pub(super) struct Built {
    pub(super) chip: Chip,
    pub(super) program: Program,
    pub(super) stimulus: Stimulus,
}

/// Loihi's widths of learning, as the tools take them.
const LOIHI: LearningSettings = LearningSettings {
    accumulator_bits: 16,
    weight_bits: 8,
    delay_bits: 6,
    mantissa_bits: 4,
    product_bits: Some(15),
};

/// Magnitude bits of weights where a case's own are no concern.
pub(super) const WIDE: u32 = 16;

impl Network {
    /// A network on a chip whose weights have `bits_max` magnitude bits.
    pub(super) fn new(name: &str, bits_max: u32, rows: usize) -> Self {
        Self {
            name: name.to_owned(),
            bits_max,
            sizes: Vec::new(),
            layers: Vec::new(),
            projections: Vec::new(),
            spikes: Vec::new(),
            rows,
            expected: Vec::new(),
            learned: Vec::new(),
            record: None,
            phase: PHASE,
            rules: Vec::new(),
            single: Vec::new(),
        }
    }

    /// Adds input neurons, at least one; all inputs come before all layers.
    pub(super) fn input(&mut self, n: usize) -> usize {
        self.sizes.push(n.max(1));
        self.layers.push(None);
        self.sizes.len() - 1
    }

    pub(super) fn layer(&mut self, layer: Layer) -> usize {
        self.sizes.push(layer.n);
        self.layers.push(Some(layer));
        self.sizes.len() - 1
    }

    /// Adds synapses; returns the connection's position.
    pub(super) fn connect(&mut self, connection: &Connection) -> Result<usize, String> {
        let Connection { source, target, bits, sign, .. } = *connection;
        let rule = WeightRule::check(bits, self.bits_max, sign, WeightRounding::Down)
            .map_err(|diagnostic| diagnostic.to_string())?;
        let mut lists = vec![Vec::new(); self.sizes[source]];
        for &(from, to, weight, delay) in &connection.synapses {
            let stored = i32::try_from(weight).ok().filter(|&weight| rule.stored(weight) == weight);
            let weight = stored.ok_or_else(|| format!("a weight of {weight} cannot be stored"))?;
            if to >= self.sizes[target] {
                return Err(format!("a synapse reaches neuron {to}, which does not exist"));
            }
            let list = lists.get_mut(from);
            let list = list.ok_or_else(|| format!("a synapse comes from neuron {from}"))?;
            if weight != 0 || connection.rule.is_some() {
                list.push(Synapse { target: to as u32, delay, weight });
            }
        }
        let learning = connection.rule.as_ref().map(|text| {
            self.rules.push(PlasticRule { text: text.clone(), settings: LOIHI });
            self.rules.len() - 1
        });
        self.projections.push(ProjectionSketch {
            learning,
            name: format!("{source} to {target}"),
            source,
            target,
            input: connection.input,
            exponent: connection.exponent,
            synapse: SynapseMode::Plain,
            weight_bits: bits,
            sign,
            block: BlockSketch::Packed {
                kind: SynapseFormatKind::Sparse,
                lists,
                spread: Spread::Whole,
            },
        });
        Ok(self.projections.len() - 1)
    }

    /// Lets an input neuron spike so that it arrives, without delay, for `row`.
    pub(super) fn arrive(
        &mut self,
        population: usize,
        row: i64,
        neuron: usize,
        payload: i64,
    ) -> Result<(), String> {
        if neuron >= self.sizes[population] {
            return Err(format!("input neuron {neuron} does not exist"));
        }
        let step = row + i64::from(self.phase) - 1;
        let step = u32::try_from(step).map_err(|_| format!("a spike arrives for row {row}"))?;
        let payload = i32::try_from(payload).map_err(|_| format!("a payload of {payload}"))?;
        let before: usize = self.sizes[..population].iter().sum();
        let neuron = (before + neuron) as u32;
        // Later ones are never seen.
        if row < self.rows as i64 && payload != 0 {
            self.spikes.push(InputSpike { step, neuron, payload });
        }
        Ok(())
    }

    /// Demands recorded rows of a whole population.
    pub(super) fn expect(&mut self, population: usize, quantity: Quantity, rows: Vec<Vec<i64>>) {
        self.expected.push(Expected { population, quantity, first: 0, rows });
    }

    pub(super) fn size(&self, population: usize) -> usize {
        self.sizes[population]
    }

    /// Chip, program and stimulus; every layer is spread over two cores of its own.
    pub(super) fn build(&self) -> Result<Built, String> {
        let mut sketch = Sketch {
            learning: self.rules.clone(),
            name: self.name.clone(),
            neuron_programs: Vec::new(),
            populations: Vec::new(),
            projections: self.projections.clone(),
            cores: Vec::new(),
            output: self.sizes.len() - 1,
        };
        for (index, layer) in self.layers.iter().enumerate() {
            sketch.populations.push(self.population(index, &mut sketch.neuron_programs));
            let Some(layer) = layer else { continue };
            let half = layer.n.div_ceil(2);
            for (first, count) in [(0, half), (half, layer.n - half)] {
                if count > 0 {
                    let groups = layer.groups(first, count);
                    let piece = PieceSketch { population: index, first: first as u32, groups };
                    let core = CoreId(sketch.cores.len() as u32);
                    sketch.cores.push(CoreSketch { core, pieces: vec![piece] });
                }
            }
        }
        let chip = self.chip(sketch.cores.len())?;
        let program = assemble(&sketch, &chip);
        let mut spikes = self.spikes.clone();
        spikes.sort_unstable();
        let sample = Sample {
            steps: self.rows as u32 + self.phase.saturating_sub(1),
            spikes,
            writes: Vec::new(),
            rewards: Vec::new(),
        };
        let stimulus = Stimulus { samples: vec![sample], labels: None };
        Ok(Built { chip, program, stimulus })
    }

    fn population(&self, index: usize, texts: &mut Vec<String>) -> PopulationSketch {
        let layer = self.layers[index].as_ref();
        let neuron_program = layer.map(|layer| {
            let known = texts.iter().position(|text| *text == layer.text);
            known.unwrap_or_else(|| {
                texts.push(layer.text.clone());
                texts.len() - 1
            })
        });
        let parameters = layer.map_or(&[][..], |layer| &layer.parameters);
        PopulationSketch {
            name: format!("p{index}"),
            shape: [1, 1, self.sizes[index] as u32],
            phase: if layer.is_some() { self.phase } else { 0 },
            neuron_program,
            parameters: parameters.iter().cloned().map(ParameterSketch::Each).collect(),
            inputs: layer.map_or_else(Vec::new, |layer| layer.inputs.clone()),
            join: None,
            axon_delays: Vec::new(),
        }
    }

    /// The bench chip with as many cores as needed and the network's weights.
    fn chip(&self, cores: usize) -> Result<Chip, String> {
        let mut file = BENCH.file.clone();
        (file.mesh.width, file.mesh.height) = (cores.div_ceil(2).max(1) as u32, 2);
        for core_type in file.core_types.values_mut() {
            core_type.weights.widths = vec![self.bits_max];
            core_type.weights.accumulator_bits = 32;
        }
        match check_chip(&file) {
            Ok((chip, _)) => Ok(chip),
            Err(findings) => {
                let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
                Err(lines.join("; "))
            }
        }
    }
}
