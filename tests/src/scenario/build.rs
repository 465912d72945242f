//! From a scenario file to chip, program, stimulus and expectations.

use std::collections::BTreeMap;

use quarrion_isa::chip::Chip;
use quarrion_isa::id::{CoreId, PopulationId};
use quarrion_isa::neuron::{NeuronProgram, library};
use quarrion_isa::program::Program;
use quarrion_isa::stimulus::{InputSpike, ParameterWrite, Sample, Stimulus};
use quarrion_isa::synapse::{KernelShape, Synapse};

use super::file::{
    ExpectFile, JoinFile, KernelFile, ParameterFile, PopulationFile, ProjectionFile, SampleFile,
    ScenarioFile,
};
use crate::assemble::{
    BlockSketch, CoreSketch, JoinSketch, ParameterSketch, PieceSketch, PopulationSketch,
    ProjectionSketch, Sketch, Spread, assemble, plain_inputs,
};
use crate::bench::load_bench;

/// A scenario, ready to run.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name: the file's.
    pub name: String,
    /// Changes to the bench chip.
    pub sets: Vec<String>,
    /// Seed of the draws inside the run.
    pub seed: u32,
    /// The chip.
    pub chip: Chip,
    /// The program.
    pub program: Program,
    /// What goes in.
    pub stimulus: Stimulus,
    /// What must come out.
    pub expect: ExpectFile,
}

impl Scenario {
    /// Builds chip, program and stimulus.
    ///
    /// # Errors
    /// A name that nothing bears, or a chip that cannot be; the scenario's author must act.
    pub fn build(name: String, file: ScenarioFile) -> Result<Self, String> {
        let chip = load_bench(&file.chip)?.chip;
        let mut texts = Texts::default();
        let programs: Vec<Option<usize>> = file
            .populations
            .iter()
            .map(|population| population.program.as_ref().map(|text| texts.add(text)).transpose())
            .collect::<Result<_, _>>()?;
        let input_shift = chip.core_types[0].weights.input_shift;
        let mut populations = file
            .populations
            .iter()
            .zip(&programs)
            .map(|(population, &position)| texts.population(population, position, input_shift))
            .collect::<Result<Vec<_>, _>>()?;
        let names = Names { file: &file };
        for (sketch, written) in populations.iter_mut().zip(&file.populations) {
            sketch.join = written.join.as_ref().map(|join| names.join(join)).transpose()?;
        }
        let projection = |projection| names.projection(projection, &populations, &texts);
        let projections = file.projections.iter().map(projection).collect::<Result<_, _>>()?;
        let sketch = Sketch {
            learning: Vec::new(),
            name: name.clone(),
            neuron_programs: texts.texts.clone(),
            projections,
            cores: cores(&file),
            output: names.population(&file.output)?,
            populations: populations.clone(),
        };
        let sample = |sample| names.sample(sample, &populations, &texts);
        let samples = file.samples.iter().map(sample).collect::<Result<_, _>>()?;
        let program = assemble(&sketch, &chip);
        let stimulus = Stimulus { samples, labels: None };
        let (sets, seed) = (file.chip.clone(), file.seed);
        Ok(Self { name, sets, seed, chip, program, stimulus, expect: file.expect })
    }

    /// The population called `name`.
    ///
    /// # Errors
    /// There is none.
    pub fn population(&self, name: &str) -> Result<PopulationId, String> {
        let position = self.program.populations.iter().position(|found| found.name == name);
        position
            .map(PopulationId::from_index)
            .ok_or_else(|| format!("no population is called `{name}`"))
    }
}

/// The neuron programs in use.
#[derive(Default)]
struct Texts {
    texts: Vec<String>,
    parsed: Vec<NeuronProgram>,
}

impl Texts {
    /// Adds a shipped program by name, or a text; returns its position.
    fn add(&mut self, name_or_text: &str) -> Result<usize, String> {
        let text = library::find(name_or_text).map_or(name_or_text, |shipped| shipped.text);
        if let Some(position) = self.texts.iter().position(|known| known == text) {
            return Ok(position);
        }
        let parsed = NeuronProgram::parse(text, "scenario").map_err(|findings| {
            let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
            lines.join("\n")
        })?;
        self.texts.push(text.to_owned());
        self.parsed.push(parsed);
        Ok(self.texts.len() - 1)
    }

    fn population(
        &self,
        file: &PopulationFile,
        position: Option<usize>,
        input_shift: u32,
    ) -> Result<PopulationSketch, String> {
        let (mut parameters, mut inputs) = (Vec::new(), Vec::new());
        let mut given = file.parameters.clone();
        if let Some(program) = position.map(|position| &self.parsed[position]) {
            for declared in program.parameters() {
                parameters.push(match given.remove(&declared.name) {
                    Some(ParameterFile::Shared(value)) => ParameterSketch::Shared(value),
                    Some(ParameterFile::Each(values)) => ParameterSketch::Each(values),
                    None => ParameterSketch::Shared(declared.default.into()),
                });
            }
            inputs = plain_inputs(program, input_shift);
            for input in &mut inputs {
                (input.scaling, input.exponent) = (file.scaling, file.exponent);
                input.accumulator_bits = file.accumulator_bits.unwrap_or(input.accumulator_bits);
            }
        }
        if let Some(name) = given.keys().next() {
            return Err(format!("`{}` has no parameter `{name}`", file.name));
        }
        Ok(PopulationSketch {
            name: file.name.clone(),
            shape: file.shape.into(),
            phase: file.phase,
            neuron_program: position,
            parameters,
            inputs,
            join: None,
            axon_delays: Vec::new(),
        })
    }
}

/// Cores by ascending id, their pieces in the order of the file.
fn cores(file: &ScenarioFile) -> Vec<CoreSketch> {
    let mut cores: BTreeMap<u32, Vec<PieceSketch>> = BTreeMap::new();
    for (population, placed) in file.populations.iter().enumerate() {
        let mut first = 0;
        for place in &placed.places {
            let piece = PieceSketch { population, first, groups: vec![place.count] };
            cores.entry(place.core).or_default().push(piece);
            first += place.count;
        }
    }
    let core = |(core, pieces)| CoreSketch { core: CoreId(core), pieces };
    cores.into_iter().map(core).collect()
}

/// Looks names up.
struct Names<'a> {
    file: &'a ScenarioFile,
}

impl Names<'_> {
    fn population(&self, name: &str) -> Result<usize, String> {
        let position = self.file.populations.iter().position(|found| found.name == name);
        position.ok_or_else(|| format!("no population is called `{name}`"))
    }

    fn join(&self, file: &JoinFile) -> Result<JoinSketch, String> {
        let from = file.from.iter().map(|name| self.population(name));
        Ok(JoinSketch { op: file.op, from: from.collect::<Result<_, _>>()? })
    }

    fn projection(
        &self,
        file: &ProjectionFile,
        populations: &[PopulationSketch],
        texts: &Texts,
    ) -> Result<ProjectionSketch, String> {
        let (source, target) = (self.population(&file.from)?, self.population(&file.to)?);
        let program = populations[target].neuron_program.map(|position| &texts.parsed[position]);
        let program = program.ok_or_else(|| format!("`{}` is an input", file.to))?;
        let input = match &file.input {
            Some(name) => program
                .input_index(name)
                .ok_or_else(|| format!("`{}` has no input `{name}`", file.to))?,
            None => 0,
        };
        let (from, to) = (&populations[source], &populations[target]);
        let block = match &file.kernel {
            Some(kernel) => kernel_block(kernel, from.shape, to.shape),
            None => packed_block(file, from.size(), to.size())?,
        };
        Ok(ProjectionSketch {
            name: format!("{} to {}", file.from, file.to),
            source,
            target,
            input: input as u32,
            exponent: file.exponent,
            synapse: file.synapse,
            weight_bits: file.weight_bits,
            sign: file.sign,
            block,
            learning: None,
        })
    }

    fn sample(
        &self,
        file: &SampleFile,
        populations: &[PopulationSketch],
        texts: &Texts,
    ) -> Result<Sample, String> {
        let binary = file.spikes.iter().map(|&(step, neuron)| (step, neuron, 1));
        let all = binary.chain(file.graded.iter().copied());
        let mut spikes: Vec<InputSpike> =
            all.map(|(step, neuron, payload)| InputSpike { step, neuron, payload }).collect();
        spikes.sort_unstable();
        let mut writes = Vec::new();
        for (name, neuron, parameter, value) in &file.writes {
            let population = self.population(name)?;
            let program = populations[population].neuron_program.map(|at| &texts.parsed[at]);
            let found = program.and_then(|program| program.parameter_index(parameter));
            let found = found.ok_or_else(|| format!("`{name}` has no parameter `{parameter}`"))?;
            writes.push(ParameterWrite {
                population: PopulationId::from_index(population),
                neuron: *neuron,
                parameter: found as u32,
                value: *value,
            });
        }
        Ok(Sample { steps: file.steps, spikes, writes, rewards: Vec::new() })
    }
}

fn packed_block(file: &ProjectionFile, sources: u32, targets: u32) -> Result<BlockSketch, String> {
    let mut lists = vec![Vec::new(); sources as usize];
    for &(source, target, weight, delay) in &file.synapses {
        if source >= sources || target >= targets {
            let names = format!("from {} to {}", file.from, file.to);
            return Err(format!("{names}: a synapse from {source} to {target} leaves them"));
        }
        lists[source as usize].push(Synapse { target, delay, weight });
    }
    Ok(BlockSketch::Packed { kind: file.format, lists, spread: Spread::Whole })
}

fn kernel_block(file: &KernelFile, input: [u32; 3], output: [u32; 3]) -> BlockSketch {
    let shape = KernelShape {
        input,
        output,
        kernel: file.size.into(),
        stride: file.stride.into(),
        padding: file.padding.into(),
        dilation: [1, 1],
        groups: file.groups,
    };
    BlockSketch::Kernel { shape, weights: file.weights.clone(), delay: file.delay }
}
