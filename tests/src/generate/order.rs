//! Whether the order of additions mattered in a case: the one thing that no count shows.

use std::collections::BTreeMap;

use quarrion_isa::activity::{Activity, Destination};
use quarrion_isa::program::{Block, Program, Role};

use super::Case;
use crate::engines::Truth;

/// A list that was served: source ordinal, payload, block and list, in the order of arrival.
struct Arrival<'a> {
    ordinal: u32,
    payload: i32,
    core: usize,
    axon: u32,
    block: &'a Block,
    list: u32,
}

/// Whether in some timestep a saturating sum, started from zero, comes out otherwise when spikes
/// add in the order of cores instead of that of source neurons. Where spikes wait before they
/// leave, their payloads are not followed, and the answer is no.
pub(super) fn order_matters(case: &Case, truth: &Truth) -> bool {
    if case.program.cores.iter().any(|core| !core.axon_delays.is_empty()) {
        return false;
    }
    let mut spikes = truth.spikes.iter().map(|spike| spike.payload);
    truth.activity.iter().any(|record| {
        let mut arrivals = arrivals(case, record, &mut spikes);
        arrivals.retain(|arrival| {
            !arrival.block.delivery.commutes() && arrival.block.delivery.draws() == 0
        });
        let by_core = sums(&arrivals);
        arrivals.sort_by_key(|one| (one.ordinal, one.block.projection, one.axon));
        by_core != sums(&arrivals)
    })
}

/// The lists of a timestep in the order of the record.
fn arrivals<'a>(
    case: &'a Case,
    record: &Activity,
    payloads: &mut impl Iterator<Item = i32>,
) -> Vec<Arrival<'a>> {
    let program = &case.program;
    let mut all = Vec::new();
    let mut rest = record.destinations.as_slice();
    let sample = &case.stimulus.samples[record.sample as usize];
    let host = sample.spikes_at(record.step).iter().zip(&record.host.spikes_in);
    let mut sources: Vec<(u32, i32, u32)> = host
        .map(|(spike, sent)| {
            (input_ordinal(program, spike.neuron), spike.payload, sent.destinations)
        })
        .collect();
    for (position, core) in record.cores.iter().enumerate() {
        for segment in record.segments_of(core).iter().filter(|segment| segment.spiking == 1) {
            let ordinal = program.cores[position].ordinals[segment.end as usize - 1];
            let payload = payloads.next().unwrap_or(1);
            sources.push((ordinal, payload, segment.destinations));
        }
    }
    for (ordinal, payload, count) in sources {
        let (own, others) = rest.split_at(count as usize);
        rest = others;
        for &Destination { core, axon, .. } in own {
            let core = program.core_position(core).expect("a used core");
            let entry = program.cores[core].axons_in[axon.index()];
            let block = &program.cores[core].blocks[entry.block as usize];
            let (axon, list) = (axon.0, entry.list);
            all.push(Arrival { ordinal, payload, core, axon, block, list });
        }
    }
    all
}

fn input_ordinal(program: &Program, neuron: u32) -> u32 {
    let inputs = program.populations.iter().filter(|population| population.role == Role::Input);
    let mut ordinals = inputs.flat_map(|p| p.first_ordinal..p.first_ordinal + p.size);
    ordinals.nth(neuron as usize).unwrap_or(u32::MAX)
}

/// What each accumulator, by core, compartment, input and delay, comes to.
fn sums(arrivals: &[Arrival<'_>]) -> BTreeMap<(usize, u32, u32, u32), i32> {
    let mut sums = BTreeMap::new();
    for arrival in arrivals {
        let Arrival { payload, core, block, list, .. } = *arrival;
        let visit = |synapse: quarrion_isa::synapse::Synapse| {
            let sum = sums.entry((core, synapse.target, block.input, synapse.delay)).or_insert(0);
            let contribution = block.delivery.contribution(synapse.weight, payload);
            *sum = block.delivery.accumulate(*sum, contribution);
        };
        block.synapses.decode_list(list, visit).expect("the list decodes");
    }
    sums
}
