//! Synapse lists lowered for delivery: contiguous, grouped by delay, narrow where they fit.

use quarrion_isa::delivery::Delivery;
use quarrion_isa::program::{AxonIn, Block, CoreProgram};
use quarrion_isa::synapse::{CorruptList, KernelBlock, Synapse, SynapseBlock};

use super::kernels::{Kernel, Place};

/// How the synapses of a run are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Storage {
    /// `weights[first..]`, targets `base..`.
    Dense,
    /// `targets[first..]` and `weights[first..]`.
    Sparse,
    /// Kernel `first`, the source at this place.
    Kernel(Place),
}

/// A run of synapses of one list with the same delay.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) storage: Storage,
    /// Position in [`Lists::deliveries`].
    pub(super) delivery: u16,
    /// Accumulator.
    pub(super) input: u16,
    pub(super) delay: u32,
    pub(super) first: u32,
    pub(super) count: u32,
    pub(super) base: u32,
}

/// The work of one list, as the activity record states it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Work {
    pub(super) words: u32,
    pub(super) synaptic_ops: u32,
}

/// Delivery settings with what the inner loop needs worked out.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeliveryRule {
    pub(super) settings: Delivery,
    /// Left shift from weight to contribution, where a binary spike needs nothing else.
    pub(super) plain_shift: Option<u32>,
}

/// All lists of one core.
#[derive(Clone, Debug, Default)]
pub(super) struct Lists {
    /// Runs of all axon-in entries.
    pub(super) runs: Vec<Run>,
    /// First run of each axon-in entry, and the end of the last.
    pub(super) axon_runs: Vec<u32>,
    /// Work of each axon-in entry.
    pub(super) work: Vec<Work>,
    /// Projection of each axon-in entry: ties of the logical order.
    pub(super) projection: Vec<u32>,
    pub(super) targets: Vec<u16>,
    pub(super) weights: Vec<i16>,
    pub(super) kernels: Vec<Kernel>,
    pub(super) deliveries: Vec<DeliveryRule>,
    /// Whether any accumulator's sum depends on the order.
    pub(super) ordered: bool,
}

/// Why lists cannot be lowered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ListError {
    #[error(transparent)]
    Corrupt(#[from] CorruptList),
    #[error("an axon-in entry names block {0}, which is not there")]
    Block(u32),
    #[error("a synapse names compartment {target} or delay {delay}, beyond the core's tables")]
    OutOfRange { target: u32, delay: u32 },
    #[error("a synapse names a compartment, weight or place in a plane beyond 16 bits")]
    TooWide,
}

impl Lists {
    /// Lowers the axon-in table and the blocks of a core.
    pub(super) fn lower(core: &CoreProgram) -> Result<Self, ListError> {
        let mut lists = Self { axon_runs: vec![0], ..Self::default() };
        let mut kernel_of = vec![None; core.blocks.len()];
        for (position, block) in core.blocks.iter().enumerate() {
            lists.deliveries.push(DeliveryRule::new(block.delivery));
            lists.ordered |= !block.delivery.commutes();
            if let SynapseBlock::Kernel(kernel) = &block.synapses {
                kernel_of[position] = Some(lists.kernels.len() as u32);
                lists.kernels.push(Kernel::new(kernel)?);
            }
        }
        let mut synapses = Vec::new();
        for axon in &core.axons_in {
            let block = core.blocks.get(axon.block as usize).ok_or(ListError::Block(axon.block))?;
            let synaptic_ops = match (&block.synapses, kernel_of[axon.block as usize]) {
                (SynapseBlock::Kernel(shared), Some(kernel)) => {
                    let synapses = check_kernel(core, shared, axon.list)?;
                    lists.push_kernel(axon, block, shared, kernel)?;
                    synapses
                }
                _ => {
                    synapses.clear();
                    block.synapses.decode_list(axon.list, |synapse| synapses.push(synapse))?;
                    for synapse in &synapses {
                        check_place(core, synapse.target, synapse.delay)?;
                    }
                    // Plastic lists are served from state.
                    if block.learning.is_none() {
                        lists.push_packed(axon.block, block, &mut synapses)?;
                    }
                    synapses.len() as u32
                }
            };
            let words = match &block.synapses {
                SynapseBlock::Packed(_) => block.synapses.list_words(axon.list)?,
                SynapseBlock::Kernel(shared) => {
                    shared.format.list_words(u64::from(synaptic_ops)) as u32
                }
            };
            lists.work.push(Work { words, synaptic_ops });
            lists.projection.push(block.projection.0);
            lists.axon_runs.push(lists.runs.len() as u32);
        }
        Ok(lists)
    }

    fn push_kernel(
        &mut self,
        axon: &AxonIn,
        block: &Block,
        shared: &KernelBlock,
        kernel: u32,
    ) -> Result<(), ListError> {
        let place = Place::of(shared, axon.list).ok_or(ListError::TooWide)?;
        self.runs.push(Run {
            storage: Storage::Kernel(place),
            delivery: axon.block as u16,
            input: block.input as u16,
            delay: shared.delay,
            first: kernel,
            count: 0,
            base: 0,
        });
        Ok(())
    }

    /// Splits a list by delay; the order inside a delay stays as stored.
    fn push_packed(
        &mut self,
        position: u32,
        block: &Block,
        synapses: &mut [Synapse],
    ) -> Result<(), ListError> {
        synapses.sort_by_key(|synapse| synapse.delay);
        for part in synapses.chunk_by(|a, b| a.delay == b.delay) {
            let dense = part.windows(2).all(|pair| pair[1].target == pair[0].target + 1);
            let first = self.weights.len() as u32;
            for synapse in part {
                let narrow = i16::try_from(synapse.weight).map_err(|_| ListError::TooWide)?;
                self.weights.push(narrow);
                let target = u16::try_from(synapse.target).map_err(|_| ListError::TooWide)?;
                self.targets.push(target);
            }
            self.runs.push(Run {
                storage: if dense { Storage::Dense } else { Storage::Sparse },
                delivery: position as u16,
                input: block.input as u16,
                delay: part[0].delay,
                first,
                count: part.len() as u32,
                base: part[0].target,
            });
        }
        Ok(())
    }
}

/// Checks where a synapse ends, once, so that the run need not.
fn check_place(core: &CoreProgram, target: u32, delay: u32) -> Result<(), ListError> {
    let inside = target < core.compartments && u64::from(delay) + 2 <= u64::from(core.ring_slots);
    if inside { Ok(()) } else { Err(ListError::OutOfRange { target, delay }) }
}

/// Checks a kernel list and counts its synapses.
fn check_kernel(core: &CoreProgram, shared: &KernelBlock, list: u32) -> Result<u32, ListError> {
    let (mut synapses, mut furthest) = (0, 0);
    shared.visit_taps(list, |target, _| {
        synapses += 1;
        furthest = furthest.max(target);
    })?;
    if synapses > 0 {
        check_place(core, furthest, shared.delay)?;
    }
    Ok(synapses)
}

impl DeliveryRule {
    fn new(settings: Delivery) -> Self {
        Self { settings, plain_shift: settings.plain_shift() }
    }
}
