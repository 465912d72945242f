//! The integer oracle: a quantised network with the chip's delays, on no chip at all.
//!
//! It works from logical populations and projections with integer weights; there are no cores,
//! axons, lists or words here. Neurons run in the scalar interpreter, sums in the delivery
//! arithmetic, both of `quarrion-isa`. Its rasters must equal those of every engine on the mapped
//! program, bit for bit, so it tells faults of mapping and engines from faults of quantisation.

use std::ops::Range;

use quarrion_compiler::quantised::{QuantisedNetwork, QuantisedProjection};
use quarrion_isa::delivery::{Delivery, synapse_random};
use quarrion_isa::id::PopulationId;
use quarrion_isa::neuron::step_compartment;
use quarrion_isa::random::{Counter, Purpose, draw};
use quarrion_isa::stimulus::Sample;

/// One spike of a neuron.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Firing {
    /// Timestep in the sample.
    pub step: u32,
    /// Population.
    pub population: PopulationId,
    /// Neuron in the population.
    pub neuron: u32,
    /// Payload; 1 for a binary spike.
    pub payload: i32,
}

/// What one sample did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Raster {
    /// Every spike of a population of neurons, by step, population and neuron.
    pub firings: Vec<Firing>,
    /// Spikes of each output neuron in the output's window.
    pub output_counts: Vec<u32>,
    /// Spikes of each population in its own window; 0 for inputs.
    pub window_spikes: Vec<u64>,
    /// Sums that did not fit their accumulator.
    pub overflows: u64,
}

/// An interpreter of one quantised network.
pub struct IntegerOracle<'n> {
    network: &'n QuantisedNetwork,
    seed: u32,
    /// By projection, by source neuron: (target neuron, weight), by ascending target.
    outgoing: Vec<Vec<Vec<(u32, i32)>>>,
    /// Slots of every accumulator ring.
    slots: u32,
}

/// What one population remembers.
#[derive(Default)]
struct Memory {
    /// `[neuron][state word]`.
    state: Vec<Vec<i32>>,
    /// `[neuron][parameter]`.
    parameters: Vec<Vec<i32>>,
    /// `[slot][neuron][input]`.
    ring: Vec<Vec<Vec<i32>>>,
    /// What each neuron puts out in this step.
    outputs: Vec<i32>,
}

impl<'n> IntegerOracle<'n> {
    /// Prepares a network; `seed` is the run's.
    #[must_use]
    pub fn new(network: &'n QuantisedNetwork, seed: u32) -> Self {
        let waits = network.populations.iter().flat_map(|population| &population.axon_delays);
        let waits = waits.max().copied().unwrap_or(0);
        let longest = network.projections.iter().map(QuantisedProjection::longest_delay).max();
        let longest = longest.map(|delay| delay + waits);
        let outgoing = network.projections.iter().map(turn_around).collect();
        Self { network, seed, outgoing, slots: longest.unwrap_or(0) + 2 }
    }

    /// Steps at which a population sees a sample of `input_steps` steps.
    #[must_use]
    pub fn window(&self, population: PopulationId, input_steps: u32) -> Range<u32> {
        let phase = self.network.population(population).phase;
        phase..phase + input_steps
    }

    /// Runs one sample; `ordinal` is its number in the run.
    #[must_use]
    pub fn run(&self, ordinal: u32, sample: &Sample) -> Raster {
        let network = self.network;
        let mut memory: Vec<Memory> =
            (0..network.populations.len()).map(|index| self.start(index, sample)).collect();
        let last = network.populations.iter().map(|population| population.phase).max();
        let mut raster = Raster {
            output_counts: vec![0; network.population(network.output).size as usize],
            window_spikes: vec![0; network.populations.len()],
            ..Raster::default()
        };
        for step in 0..sample.steps + last.unwrap_or(0) {
            let mut firings = self.input_firings(sample, step);
            let inputs = firings.len();
            for index in self.order() {
                self.update((ordinal, step), index, &mut memory, &mut firings);
            }
            // Sums go by ascending ordinal of the source.
            firings[inputs..].sort_unstable();
            for firing in &firings {
                raster.overflows += self.deliver(ordinal, firing, &mut memory);
            }
            for firing in &firings[inputs..] {
                if !self.window(firing.population, sample.steps).contains(&step) {
                    continue;
                }
                raster.window_spikes[firing.population.index()] += 1;
                if firing.population == network.output {
                    raster.output_counts[firing.neuron as usize] += 1;
                }
            }
            raster.firings.extend_from_slice(&firings[inputs..]);
        }
        raster
    }

    /// A population at the start of a sample.
    fn start(&self, index: usize, sample: &Sample) -> Memory {
        let population = &self.network.populations[index];
        let Some(neurons) = &population.neurons else {
            return Memory::default();
        };
        let program = self.network.neuron_program(neurons);
        let values = |neuron| neurons.parameters.iter().map(|p| p.at(neuron) as i32).collect();
        let mut parameters: Vec<Vec<i32>> = (0..population.size).map(values).collect();
        for write in sample.writes.iter().filter(|write| write.population.index() == index) {
            parameters[write.neuron as usize][write.parameter as usize] = write.value as i32;
        }
        let state = parameters.iter().map(|values| program.initial_state(values)).collect();
        let slot = vec![vec![0; program.inputs().len()]; population.size as usize];
        let outputs = vec![0; population.size as usize];
        Memory { state, parameters, ring: vec![slot; self.slots as usize], outputs }
    }

    /// The input spikes of a step, inputs numbered over all input populations.
    fn input_firings(&self, sample: &Sample, step: u32) -> Vec<Firing> {
        let mut firings = Vec::new();
        for spike in sample.spikes_at(step) {
            let mut neuron = spike.neuron;
            for (population, held) in self.network.populations_with_ids() {
                if held.neurons.is_some() {
                    continue;
                }
                if neuron < held.size {
                    firings.push(Firing { step, population, neuron, payload: spike.payload });
                    break;
                }
                neuron -= held.size;
            }
        }
        firings
    }

    /// The populations in an order in which each stands behind those that it joins.
    fn order(&self) -> Vec<usize> {
        let whole = self.network.populations_with_ids().filter(|(_, p)| p.part_of.is_none());
        let parts = whole.flat_map(|(id, _)| self.network.parts(id));
        parts.map(PopulationId::index).collect()
    }

    /// What the neurons of a population read from those that they join.
    fn joined(&self, index: usize, memories: &[Memory]) -> Option<Vec<i32>> {
        let population = &self.network.populations[index];
        let (join, neurons) = (population.join.as_ref()?, population.neurons.as_ref()?);
        let declared = self.network.neuron_program(neurons).joined()?;
        let of = |neuron: usize| {
            let outputs = join.from.iter().map(|part| memories[part.index()].outputs[neuron]);
            join.op.join(outputs, declared)
        };
        Some((0..population.size as usize).map(of).collect())
    }

    /// Updates the neurons of one population.
    fn update(
        &self,
        (ordinal, step): (u32, u32),
        index: usize,
        memories: &mut [Memory],
        firings: &mut Vec<Firing>,
    ) {
        let population = &self.network.populations[index];
        let Some(neurons) = &population.neurons else { return };
        let program = self.network.neuron_program(neurons);
        let joined = self.joined(index, memories);
        let memory = &mut memories[index];
        let slot = &mut memory.ring[(step % self.slots) as usize];
        for neuron in 0..population.size {
            let sums = std::mem::replace(&mut slot[neuron as usize], vec![0; neurons.inputs.len()]);
            if step < population.phase {
                memory.outputs[neuron as usize] = 0;
                continue;
            }
            let settled = neurons.inputs.iter().zip(&sums).map(|(input, &sum)| input.settle(sum));
            let settled: Vec<i32> =
                settled.chain(joined.as_ref().map(|joined| joined[neuron as usize])).collect();
            let mut random = |site| {
                let asker = population.first_ordinal + neuron;
                let at = Counter { ordinal: asker, step, sample: ordinal, draw: site };
                draw(self.seed, Purpose::Neuron, at)
            };
            let state = &mut memory.state[neuron as usize];
            let parameters = &memory.parameters[neuron as usize];
            let outcome = step_compartment(program, state, &settled, parameters, &mut random);
            memory.outputs[neuron as usize] = outcome.output;
            if let Some(payload) = outcome.spike {
                let population = PopulationId::from_index(index);
                firings.push(Firing { step, population, neuron, payload });
            }
        }
    }

    /// Adds what one spike sends to the slots that are read later; returns the sums that overflow.
    fn deliver(&self, ordinal: u32, firing: &Firing, memory: &mut [Memory]) -> u64 {
        let mut overflows = 0;
        for (projection, outgoing) in self.network.projections.iter().zip(&self.outgoing) {
            if projection.source != firing.population {
                continue;
            }
            let source = self.network.population(projection.source).first_ordinal + firing.neuron;
            let first = self.network.population(projection.target).first_ordinal;
            let wait = self.network.population(projection.source).axon_delay(firing.neuron);
            let delay = wait + projection.delay_of(firing.neuron);
            let slot = Delivery::slot(firing.step, delay, self.slots) as usize;
            let ring = &mut memory[projection.target.index()].ring[slot];
            let delivery = &projection.delivery;
            for &(target, weight) in &outgoing[firing.neuron as usize] {
                let sum = &mut ring[target as usize][projection.input as usize];
                let random =
                    synapse_random(self.seed, ordinal, firing.step, source, first + target);
                let weight = delivery.drawn_weight(weight, random);
                let contribution = delivery.contribution(weight, firing.payload);
                let exact = i64::from(*sum) + contribution;
                *sum = delivery.accumulate(*sum, contribution);
                overflows += u64::from(i64::from(*sum) != exact);
            }
        }
        overflows
    }
}

/// The synapses of a projection by source.
fn turn_around(projection: &QuantisedProjection) -> Vec<Vec<(u32, i32)>> {
    let connections = &projection.connections;
    let mut outgoing = vec![Vec::new(); connections.sources() as usize];
    for target in 0..connections.targets() {
        connections.for_each_input_of(target, |source, weight| {
            outgoing[source as usize].push((target, weight));
        });
    }
    outgoing
}
