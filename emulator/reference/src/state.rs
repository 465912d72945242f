//! What changes while a program runs: state words and rings, compartment by compartment.

use std::collections::VecDeque;

use quarrion_isa::delivery::Delivery;
use quarrion_isa::id::PopulationId;
use quarrion_isa::join::JoinOp;
use quarrion_isa::learning::POST_TRACES;
use quarrion_isa::neuron::NeuronProgram;
use quarrion_isa::program::Occurrence;

/// A spike of a compartment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spike {
    /// Population of the neuron.
    pub population: PopulationId,
    /// Neuron in the population.
    pub neuron: u32,
    /// Payload; 1 for a binary spike.
    pub payload: i32,
}

/// One compartment with everything that belongs to it.
#[derive(Clone, Debug)]
pub(crate) struct Compartment {
    pub(crate) population: PopulationId,
    /// The neuron's position in its population.
    pub(crate) neuron: u32,
    /// The neuron's ordinal in the network.
    pub(crate) ordinal: u32,
    /// Whether it is read, or a copy that only sends.
    pub(crate) occurrence: Occurrence,
    /// Position in the program's neuron programs.
    pub(crate) neuron_program: usize,
    /// All parameters in order of declaration, as compiled.
    pub(crate) compiled: Vec<i32>,
    /// All parameters with the writes of the sample.
    pub(crate) parameters: Vec<i32>,
    /// State words in order of declaration.
    pub(crate) state: Vec<i32>,
    /// The accumulators: `ring[slot][input]`.
    pub(crate) ring: Vec<Vec<i32>>,
    /// How the accumulator of each input is read.
    pub(crate) inputs: Vec<Delivery>,
    /// How it joins other compartments of its core, and which.
    pub(crate) join: Option<(JoinOp, Vec<usize>)>,
    /// Timesteps that its spikes wait before they leave.
    pub(crate) axon_delay: u32,
    /// Those that wait, as the timestep in which they leave and the payload.
    pub(crate) waiting: VecDeque<(u32, i32)>,
    /// What it puts out in this timestep.
    pub(crate) output: i32,
    /// The compartments of the core whose traces follow its spikes: the parts of its neuron, where
    /// it is the outermost.
    pub(crate) followers: Vec<usize>,
    /// Position of the rule whose traces of targets it keeps.
    pub(crate) learning: Option<usize>,
    /// The traces.
    pub(crate) post: [i32; POST_TRACES],
    /// Place in the epoch of its last spike, from one; 0 for none.
    pub(crate) post_spike: u32,
}

impl Compartment {
    /// Back to the start of a sample: state words at their initial values, rings cleared.
    pub(crate) fn reset(&mut self, program: &NeuronProgram) {
        self.state = program.initial_state(&self.parameters);
        for slot in &mut self.ring {
            slot.fill(0);
        }
        self.waiting.clear();
        (self.post, self.post_spike) = ([0; POST_TRACES], 0);
    }

    /// Reads the accumulators of a slot, each as its delivery settles it, and clears them.
    pub(crate) fn take_slot(&mut self, slot: u32) -> Vec<i32> {
        let accumulators = self.ring[slot as usize].iter_mut().map(std::mem::take);
        let settled = accumulators.zip(&self.inputs).map(|(sum, input)| input.settle(sum));
        settled.collect()
    }
}
