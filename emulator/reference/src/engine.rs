//! The timestep contract, line by line.

use quarrion_isa::activity::{Activity, CoreActivity, Destination, HostSpike, Segment};
use quarrion_isa::chip::Chip;
use quarrion_isa::delivery::{Delivery, synapse_random};
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::id::PopulationId;
use quarrion_isa::learning::{Draws, LearnedProjection, RecordedDraws};
use quarrion_isa::neuron::{NeuronProgram, Outcome as Update, Scope, step_compartment};
use quarrion_isa::program::{AxonOut, Block, Occurrence, Program, Role};
use quarrion_isa::random::{Counter, Purpose, draw};
use quarrion_isa::stimulus::{InputSpike, ParameterWrite, Sample, Stimulus};
use quarrion_isa::synapse::{CorruptList, Synapse};

use crate::build::{build_cores, parse_neuron_programs};
use crate::codes::{bad_program, bad_stimulus};
use crate::count::{Counts, Ground};
use crate::learning::{Changes, Learning};
use crate::state::{Compartment, Spike};

/// A program that runs, one timestep after the other.
#[derive(Clone, Debug)]
pub struct Reference<'a> {
    ground: Ground<'a>,
    seed: u32,
    neuron_programs: Vec<NeuronProgram>,
    /// Compartments in order, core by core as the program has them.
    cores: Vec<Vec<Compartment>>,
    sample: u32,
    step: u32,
    activity: Activity,
    spikes: Vec<Spike>,
    output_counts: Vec<u32>,
    /// Registers that the sample's parameters were written to.
    writes: u32,
    counts: Counts,
    overflows: Overflows,
    learning: Learning,
    record: Option<&'a RecordedDraws>,
}

/// Sums that did not fit their accumulator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overflows {
    /// Those that wrapped.
    pub wrapped: u64,
    /// Those that stopped at an end of the range.
    pub saturated: u64,
}

/// What a whole run leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Spikes of each output neuron in the output's window, sample by sample.
    pub output_counts: Vec<Vec<u32>>,
    /// Event counts.
    pub counts: Counts,
}

/// A spike on its way to one list.
struct Arrival {
    /// Ordinal of the source neuron.
    ordinal: u32,
    payload: i32,
    axon: AxonOut,
}

/// Runs all samples and calls `observe` after each timestep; `record` takes the place of learning's
/// random draws.
///
/// # Errors
/// The program or the stimulus names something that is not there.
pub fn run(
    program: &Program,
    chip: &Chip,
    stimulus: &Stimulus,
    (seed, record): (u32, Option<&RecordedDraws>),
    observe: &mut dyn FnMut(&Reference<'_>),
) -> Result<Outcome, Diagnostic> {
    let mut reference = Reference::new(program, chip, seed)?.with_record(record);
    let mut output_counts = Vec::new();
    for (ordinal, sample) in (0..).zip(&stimulus.samples) {
        reference.begin_sample(ordinal, sample)?;
        for _ in 0..program.sample_steps(sample.steps) {
            reference.step(sample)?;
            observe(&reference);
        }
        output_counts.push(reference.output_counts.clone());
    }
    Ok(Outcome { output_counts, counts: reference.counts })
}

impl<'a> Reference<'a> {
    /// Makes the compartments of a program.
    ///
    /// # Errors
    /// The program contradicts itself or the chip; who compiled it acts.
    pub fn new(program: &'a Program, chip: &'a Chip, seed: u32) -> Result<Self, Diagnostic> {
        let neuron_programs = parse_neuron_programs(program)?;
        let cores = build_cores(program, chip, &neuron_programs)?;
        let learning = Learning::new(program, &neuron_programs)?;
        Ok(Self {
            ground: Ground::new(program, chip),
            seed,
            neuron_programs,
            cores,
            sample: 0,
            step: 0,
            activity: Activity::default(),
            spikes: Vec::new(),
            output_counts: Vec::new(),
            writes: 0,
            counts: Counts::new(program),
            overflows: Overflows::default(),
            learning,
            record: None,
        })
    }

    /// Takes the random numbers of learning from a record.
    #[must_use]
    pub fn with_record(self, record: Option<&'a RecordedDraws>) -> Self {
        Self { record, ..self }
    }

    fn draws(&self) -> Draws<'a> {
        Draws { seed: self.seed, sample: self.sample, step: self.step, record: self.record }
    }

    /// Writes the sample's parameters and returns all state to its start.
    ///
    /// # Errors
    /// The sample names something that is not there; who made the stimulus acts.
    pub fn begin_sample(&mut self, ordinal: u32, sample: &Sample) -> Result<(), Diagnostic> {
        let inputs = self.ground.program.input_size();
        let stray = |spike: &&InputSpike| spike.step >= sample.steps || spike.neuron >= inputs;
        if let Some(spike) = sample.spikes.iter().find(stray) {
            let message = format!(
                "a spike names input neuron {} of {inputs} in step {} of {}",
                spike.neuron, spike.step, sample.steps
            );
            return Err(bad_stimulus(ordinal, message));
        }
        for compartment in self.cores.iter_mut().flatten() {
            compartment.parameters.clone_from(&compartment.compiled);
        }
        self.writes = 0;
        for write in &sample.writes {
            self.write(write).ok_or_else(|| {
                let message = format!(
                    "a write names parameter {} of neuron {} of population {} with value {}",
                    write.parameter, write.neuron, write.population, write.value
                );
                bad_stimulus(ordinal, message)
            })?;
        }
        for compartment in self.cores.iter_mut().flatten() {
            compartment.reset(&self.neuron_programs[compartment.neuron_program]);
        }
        self.learning.reset();
        (self.sample, self.step) = (ordinal, 0);
        self.output_counts = vec![0; self.ground.program.output_population().size as usize];
        Ok(())
    }

    /// Writes one parameter; `None` where there is no such thing to write.
    fn write(&mut self, write: &ParameterWrite) -> Option<()> {
        let compartments = self.cores.iter_mut().flatten();
        let own =
            |c: &&mut Compartment| c.population == write.population && c.neuron == write.neuron;
        let mut written = 0;
        for compartment in compartments.filter(own) {
            let neuron_program = &self.neuron_programs[compartment.neuron_program];
            let declared = neuron_program.parameters().get(write.parameter as usize)?;
            if declared.scope != Scope::Compartment || !declared.range.contains(write.value) {
                return None;
            }
            compartment.parameters[write.parameter as usize] = write.value as i32;
            written += 1;
        }
        self.writes += written;
        (written > 0).then_some(())
    }

    /// Advances all cores by one timestep of the sample that was begun.
    ///
    /// # Errors
    /// A synapse list contradicts its core; who compiled the program acts.
    pub fn step(&mut self, sample: &Sample) -> Result<&Activity, Diagnostic> {
        self.activity = Activity { sample: self.sample, step: self.step, ..Activity::default() };
        self.spikes.clear();
        let mut arrivals = Vec::new();
        self.inject(sample, &mut arrivals)?;
        for position in 0..self.cores.len() {
            self.update_core(position, &mut arrivals)?;
        }
        // The logical order, so that no mapping changes a saturating sum.
        arrivals.sort_by_key(|arrival| {
            let (block, _) = list_of(self.ground.program, arrival.axon);
            (arrival.ordinal, block.projection, arrival.axon.axon)
        });
        for arrival in &arrivals {
            self.deliver(arrival)?;
        }
        let draws = self.draws();
        let reward = sample.reward_at(self.step);
        self.learning.end_epochs(&mut self.cores, &self.neuron_programs, &draws, reward);
        self.end_step(sample);
        Ok(&self.activity)
    }

    /// Host spikes of this step enter.
    fn inject(&mut self, sample: &Sample, arrivals: &mut Vec<Arrival>) -> Result<(), Diagnostic> {
        let program = self.ground.program;
        for spike in sample.spikes_at(self.step) {
            let axons = program.inputs.row(spike.neuron as usize);
            let (population, ordinal) = input_neuron(program, spike.neuron);
            let carried = self.ground.chip.payload_bits();
            let payload_bits = if spike.payload == 1 { 0 } else { carried };
            let destinations = self.send(axons, ordinal, spike.payload, arrivals)?;
            self.activity.host.spikes_in.push(HostSpike { population, destinations, payload_bits });
        }
        Ok(())
    }

    /// One core's update loop.
    fn update_core(
        &mut self,
        position: usize,
        arrivals: &mut Vec<Arrival>,
    ) -> Result<(), Diagnostic> {
        let entry = &self.ground.program.cores[position];
        let first_segment = self.activity.segments.len() as u32;
        let mut segment = None;
        for (at, end) in (0..self.cores[position].len()).zip(1..) {
            let population = self.cores[position][at].population;
            let open: &mut Segment = segment.get_or_insert(empty_segment(population));
            open.end = end;
            let (update, instructions) = self.update(position, at);
            open.instructions += instructions;
            match (update.spike, update.active) {
                (Some(_), _) => open.spiking += 1,
                (None, true) => open.active += 1,
                (None, false) => open.inactive += 1,
            }
            let row = entry.axons_out.row(at);
            let mut leaving = None;
            if let Some(payload) = update.spike {
                let draws = self.draws();
                for follower in self.cores[position][at].followers.clone() {
                    self.learning.record_post(&mut self.cores[position][follower], &draws);
                }
                let compartment = &mut self.cores[position][at];
                if compartment.occurrence == Occurrence::First {
                    self.spikes.push(Spike { population, neuron: compartment.neuron, payload });
                }
                let delay = compartment.axon_delay;
                if delay > 0 && !row.is_empty() {
                    compartment.waiting.push_back((self.step + delay, payload));
                } else {
                    leaving = Some(payload);
                }
            }
            let Compartment { waiting, ordinal, neuron_program, .. } =
                &mut self.cores[position][at];
            let (ordinal, neuron_program) = (*ordinal, *neuron_program);
            if waiting.front().is_some_and(|(due, _)| *due == self.step) {
                leaving = waiting.pop_front().map(|(_, payload)| payload);
            }
            if let Some(payload) = leaving {
                open.payload_bits = self.neuron_programs[neuron_program].payload_bits();
                open.destinations = self.send(row, ordinal, payload, arrivals)?;
            }
            let next = self.cores[position].get(at + 1);
            let last = next.is_none_or(|next| next.population != population);
            if update.spike.is_some() || leaving.is_some() || last {
                self.activity.segments.extend(segment.take());
            }
        }
        let (plastic_visits, trace_updates) =
            self.learning.work(position, &self.cores[position], self.step);
        self.activity.cores.push(CoreActivity {
            core: entry.core,
            first_segment,
            segments: self.activity.segments.len() as u32 - first_segment,
            plastic_visits,
            trace_updates,
        });
        Ok(())
    }

    /// Updates one compartment; returns what it did and how many instructions that took.
    fn update(&mut self, position: usize, at: usize) -> (Update, u32) {
        let program = self.ground.program;
        let (seed, sample, step) = (self.seed, self.sample, self.step);
        let joined = self.joined(position, at);
        let compartment = &mut self.cores[position][at];
        let mut inputs = compartment.take_slot(step % program.cores[position].ring_slots);
        if step < program.populations[compartment.population.index()].phase {
            compartment.output = 0;
            return (Update { active: false, spike: None, output: 0 }, 0);
        }
        inputs.extend(joined);
        let neuron_program = &self.neuron_programs[compartment.neuron_program];
        let Compartment { ordinal, ref mut state, ref parameters, .. } = *compartment;
        let mut random =
            |site| draw(seed, Purpose::Neuron, Counter { ordinal, step, sample, draw: site });
        let update = step_compartment(neuron_program, state, &inputs, parameters, &mut random);
        compartment.output = update.output;
        let length = neuron_program.instruction_count();
        let instructions = length.update + if update.spike.is_some() { length.spike } else { 0 };
        (update, instructions)
    }

    /// What a compartment reads from those that it joins; the loop has passed them.
    fn joined(&self, position: usize, at: usize) -> Option<i32> {
        let compartments = &self.cores[position];
        let (op, from) = compartments[at].join.as_ref()?;
        let declared = self.neuron_programs[compartments[at].neuron_program].joined()?;
        Some(op.join(from.iter().map(|&other| compartments[other].output), declared))
    }

    /// Records a spike's destinations and sends it on its way to all whose packets are not lost;
    /// returns their number.
    fn send(
        &mut self,
        axons: &[AxonOut],
        ordinal: u32,
        payload: i32,
        arrivals: &mut Vec<Arrival>,
    ) -> Result<u32, Diagnostic> {
        let at = Counter { ordinal, step: self.step, sample: self.sample, draw: 0 };
        let mut sent = 0;
        for &axon in axons {
            if self.ground.chip.faults.loses(self.seed, at, axon.core) {
                self.activity.lost += 1;
                continue;
            }
            sent += 1;
            let (block, list) = list_of(self.ground.program, axon);
            let corrupt = |error: CorruptList| {
                bad_program(&format!("cores.{}", axon.core), error.to_string())
            };
            self.activity.destinations.push(Destination {
                core: axon.core,
                axon: axon.axon,
                words: block.synapses.list_words(list).map_err(corrupt)?,
                synaptic_ops: block.synapses.list_synapses(list).map_err(corrupt)?,
                format: block.synapses.format().kind,
            });
            arrivals.push(Arrival { ordinal, payload, axon });
        }
        Ok(sent)
    }

    /// Serves one list: decodes it and adds every synapse to its slot.
    fn deliver(&mut self, arrival: &Arrival) -> Result<(), Diagnostic> {
        let program = self.ground.program;
        let place = format!("cores.{}", arrival.axon.core);
        let (block, list) = list_of(program, arrival.axon);
        let mut synapses = Vec::new();
        let at = (program.core_position(arrival.axon.core), arrival.axon.axon.index());
        let at = (at.0.expect("axons were checked"), at.1);
        let draws = self.draws();
        self.learning.record_pre(at, &draws);
        match self.learning.lists.get(&at) {
            Some(plastic) => synapses.extend(plastic.synapses.iter().map(|one| {
                let [weight, delay, _] = one.variables;
                Synapse { target: one.target, delay: delay as u32, weight }
            })),
            None => block
                .synapses
                .decode_list(list, |synapse| synapses.push(synapse))
                .map_err(|error| bad_program(&place, error.to_string()))?,
        }
        for synapse in synapses {
            self.add(arrival, block, synapse).ok_or_else(|| {
                let message = format!(
                    "a synapse to compartment {} with delay {} has no accumulator of its kind",
                    synapse.target, synapse.delay
                );
                bad_program(&place, message)
            })?;
        }
        Ok(())
    }

    /// Adds one synapse to its slot; `None` where there is none, or one of another delivery.
    fn add(&mut self, arrival: &Arrival, block: &Block, synapse: Synapse) -> Option<()> {
        let position = self.ground.program.core_position(arrival.axon.core)?;
        let slots = self.ground.program.cores[position].ring_slots;
        let compartment = self.cores[position].get_mut(synapse.target as usize)?;
        let input = block.input as usize;
        let settling = compartment.inputs.get(input)?;
        if synapse.delay + 2 > slots || !settling.settles_like(&block.delivery) {
            return None;
        }
        let slot = Delivery::slot(self.step, synapse.delay, slots) as usize;
        let accumulator = &mut compartment.ring[slot][input];
        let (seed, sample, step) = (self.seed, self.sample, self.step);
        let random = synapse_random(seed, sample, step, arrival.ordinal, compartment.ordinal);
        let weight = block.delivery.drawn_weight(synapse.weight, random);
        let contribution = block.delivery.contribution(weight, arrival.payload);
        let sum = i64::from(*accumulator).saturating_add(contribution);
        *accumulator = block.delivery.accumulate(*accumulator, contribution);
        match (i64::from(*accumulator) == sum, block.delivery.commutes()) {
            (true, _) => {}
            (false, true) => self.overflows.wrapped += 1,
            (false, false) => self.overflows.saturated += 1,
        }
        Some(())
    }

    /// The host's part of the step, and the counts.
    fn end_step(&mut self, sample: &Sample) {
        let program = self.ground.program;
        let window = program.window(program.output_population(), sample.steps);
        let rewards = sample.rewards_written_at(self.step) * self.rewarded_cores();
        let host = &mut self.activity.host;
        for spike in &self.spikes {
            if spike.population == program.output && window.contains(&self.step) {
                self.output_counts[spike.neuron as usize] += 1;
                host.spikes_out += 1;
            }
        }
        if self.step == 0 {
            host.parameter_writes = self.writes;
        }
        host.parameter_writes += rewards;
        if self.step + 1 == program.sample_steps(sample.steps) {
            host.state_resets = 1;
        }
        self.counts.add_step(self.ground, &self.activity);
        self.step += 1;
    }

    /// Cores with a rule whose third factor the host writes.
    fn rewarded_cores(&self) -> u32 {
        let by_host = |rule: u32| self.learning.rules[rule as usize].rule.is_rewarded_by_host();
        let cores = self.ground.program.cores.iter();
        let rewarded = cores.filter(|core| {
            let groups = core.groups.iter().filter_map(|group| group.learning);
            groups.chain(core.blocks.iter().filter_map(|block| block.learning)).any(by_host)
        });
        rewarded.count() as u32
    }

    /// The plastic synapses as they are now.
    #[must_use]
    pub fn learned(&self) -> Vec<LearnedProjection> {
        self.learning.learned(self.ground.program, &self.cores)
    }

    /// What the changes of plastic synapses so far met.
    #[must_use]
    pub fn changes(&self) -> Changes {
        self.learning.changes
    }

    /// The record of the last timestep.
    #[must_use]
    pub fn activity(&self) -> &Activity {
        &self.activity
    }

    /// The spikes of the last timestep, in the order of cores and compartments.
    #[must_use]
    pub fn spikes(&self) -> &[Spike] {
        &self.spikes
    }

    /// Calls `visit` with the population, neuron and state words of every compartment.
    pub fn visit_state(&self, mut visit: impl FnMut(PopulationId, u32, &[i32])) {
        for compartment in self.cores.iter().flatten() {
            visit(compartment.population, compartment.neuron, &compartment.state);
        }
    }

    /// Writes the state word called `word` of a range of a population's neurons into `values`; a
    /// neuron whose program has no such word keeps what is there.
    pub fn look(
        &self,
        population: PopulationId,
        neurons: &std::ops::Range<u32>,
        word: &str,
        values: &mut [i32],
    ) {
        let trace = |letter| word.strip_prefix(letter)?.parse::<usize>().ok()?.checked_sub(1);
        if let (Some(trace), Some(rule)) = (trace('x'), self.rule_of_source(population))
            && self.learning.rules[rule as usize].rule.declares_pre(trace)
        {
            return self.look_pre((population, rule), neurons, trace, values);
        }
        let compartments = self.cores.iter().flatten();
        let read =
            |c: &&Compartment| c.population == population && c.occurrence == Occurrence::First;
        for compartment in compartments.filter(read) {
            if let (Some(trace), Some(rule)) = (trace('y'), compartment.learning)
                && self.learning.rules[rule].rule.declares_post(trace)
            {
                if neurons.contains(&compartment.neuron) {
                    let value = compartment.post.get(trace).copied().unwrap_or_default();
                    values[(compartment.neuron - neurons.start) as usize] = value;
                }
                continue;
            }
            let at = self.neuron_programs[compartment.neuron_program].state_index(word);
            if let Some(at) = at.filter(|_| neurons.contains(&compartment.neuron)) {
                values[(compartment.neuron - neurons.start) as usize] = compartment.state[at];
            }
        }
    }

    /// The first rule that teaches what a population reaches.
    fn rule_of_source(&self, population: PopulationId) -> Option<u32> {
        let program = self.ground.program;
        let blocks = program.cores.iter().flat_map(|core| &core.blocks);
        let source = |block: &Block| program.projections[block.projection.index()].source;
        let own = blocks.filter(|block| source(block) == population);
        own.filter_map(|block| block.learning).min()
    }

    /// As [`Self::look`], for a trace of a population's neurons as sources.
    fn look_pre(
        &self,
        (population, rule): (PopulationId, u32),
        neurons: &std::ops::Range<u32>,
        trace: usize,
        values: &mut [i32],
    ) {
        let first = self.ground.program.populations[population.index()].first_ordinal;
        self.learning.visit_pre(rule as usize, trace, |ordinal, value| {
            let neuron = ordinal.wrapping_sub(first);
            if neurons.contains(&neuron) {
                values[(neuron - neurons.start) as usize] = value;
            }
        });
    }

    /// Spikes of each output neuron in the output's window of this sample so far.
    #[must_use]
    pub fn output_counts(&self) -> &[u32] {
        &self.output_counts
    }

    /// Sums so far that did not fit their accumulator.
    #[must_use]
    pub fn overflows(&self) -> Overflows {
        self.overflows
    }

    /// Events of all timesteps so far.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }
}

/// A segment before its first compartment.
fn empty_segment(population: PopulationId) -> Segment {
    Segment {
        population,
        end: 0,
        inactive: 0,
        active: 0,
        spiking: 0,
        instructions: 0,
        payload_bits: 0,
        destinations: 0,
    }
}

/// The list that an axon names; tables were checked when the engine was made.
fn list_of(program: &Program, axon: AxonOut) -> (&Block, u32) {
    let position = program.core_position(axon.core).expect("axons were checked");
    let core = &program.cores[position];
    let entry = core.axons_in[axon.axon.index()];
    (&core.blocks[entry.block as usize], entry.list)
}

/// The population and ordinal of an input neuron, counted over all input populations.
fn input_neuron(program: &Program, neuron: u32) -> (PopulationId, u32) {
    let mut first = 0;
    for (index, population) in program.populations.iter().enumerate() {
        if population.role == Role::Input {
            if neuron < first + population.size {
                return (
                    PopulationId::from_index(index),
                    population.first_ordinal + neuron - first,
                );
            }
            first += population.size;
        }
    }
    unreachable!("spikes were checked against the size of the input")
}
