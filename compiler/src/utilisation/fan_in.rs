//! Fan-in: synapses that end in each compartment of a core, counted from its lists.

use quarrion_isa::program::CoreProgram;
use quarrion_isa::synapse::SynapseBlock;

/// Synapses onto every compartment; those of weight zero inside dense lists are none.
pub(super) fn fan_in(core: &CoreProgram) -> Vec<u64> {
    let mut synapses = vec![0; core.compartments as usize];
    let mut count = |target: u32, weight: i32| {
        if let Some(synapses) = synapses.get_mut(target as usize) {
            *synapses += u64::from(weight != 0);
        }
    };
    for block in &core.blocks {
        // A corrupt list has been refused by the verifier.
        match &block.synapses {
            SynapseBlock::Packed(packed) => {
                for list in 0..packed.lists.len() as u32 {
                    let _ = packed.decode_list(list, |one| count(one.target, one.weight));
                }
            }
            SynapseBlock::Kernel(kernel) => {
                let weights = kernel.weights().unwrap_or_default();
                for list in 0..kernel.shape.sources() {
                    let weight = |at: u32| weights.get(at as usize).copied().unwrap_or(0);
                    let _ = kernel.visit_taps(list, |target, at| count(target, weight(at)));
                }
            }
        }
    }
    synapses
}
