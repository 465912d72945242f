//! The time that one core spends on its own neurons and on arriving spikes.

use std::rc::Rc;

use quarrion_isa::chip::{CoreType, LinkClass, SynapseFormatKind};

use super::Part;
use super::measure::{Measured, Meter};
use crate::layout::Slice;
use crate::passes::demand::SliceDemand;
use crate::passes::lists::ListWork;

/// The update loop of one core.
#[derive(Clone, Copy, Default)]
pub(super) struct Loop {
    /// Time in ps.
    pub(super) time: f64,
    /// Compartments that do not spike.
    pub(super) quiet: f64,
    /// Spikes.
    pub(super) spikes: f64,
    /// Instructions.
    pub(super) instructions: f64,
}

/// The update loop of a core that holds the slices.
pub(super) fn update_loop(
    meter: &Meter<'_>,
    kind: &CoreType,
    slices: &[Slice],
    demands: &[Rc<SliceDemand>],
) -> Loop {
    let services = &kind.services;
    let mut all = Loop::default();
    for (slice, demand) in slices.iter().zip(demands) {
        let rates = &meter.rates[slice.population.index()];
        let spikes: f64 = slice.neurons().map(|neuron| rates[neuron as usize]).sum();
        all.spikes += spikes;
        all.quiet += demand.compartments as f64 - spikes;
        all.instructions += f64::from(slice.size()) * f64::from(demand.instructions);
    }
    let time = all.quiet * services.neuron_active.occupancy.0 as f64
        + all.spikes * services.neuron_spiking.occupancy.0 as f64
        + all.instructions * services.instruction.occupancy.0 as f64;
    Loop { time: time / f64::from(kind.lanes.max(1)), ..all }
}

/// Time to serve one list.
pub(super) fn list_time(kind: &CoreType, format: SynapseFormatKind, work: ListWork) -> f64 {
    kind.services.axon_in.occupancy.0 as f64
        + f64::from(work.words) * kind.services.synapse_word.occupancy.0 as f64
        + f64::from(work.operations) * kind.synaptic_op(format).occupancy.0 as f64
}

/// Time from one packet of a core to the next.
pub(super) fn send_time(meter: &Meter<'_>, kind: &CoreType) -> f64 {
    let mesh = &meter.chip.mesh;
    let flits = f64::from(mesh.flits(LinkClass::Tile, 0));
    let tile = flits * mesh.link(LinkClass::Tile).occupancy.0 as f64;
    (kind.services.axon_out.occupancy.0 as f64).max(tile)
}

/// The longest stage of every part, wherever it lies.
pub(super) fn core_times(meter: &Meter<'_>, parts: &[Part], measured: &Measured) -> Vec<f64> {
    let of = |(at, part): (usize, &Part)| {
        let kind = meter.kind(part.core_type);
        let demands = &measured.demands[at];
        let update = update_loop(meter, kind, &part.slices, demands).time;
        let mut service = 0.0;
        for reach in demands.iter().flat_map(|demand| &demand.reached_by) {
            let rates = &meter.rates[reach.source.index()];
            for (&neuron, &work) in reach.neurons.iter().zip(&reach.work) {
                service += rates[neuron as usize] * list_time(kind, reach.kind, work);
            }
        }
        let mut packets = 0.0;
        for (slice, entries) in part.slices.iter().zip(&measured.axons_out[at]) {
            let rates = &meter.rates[slice.population.index()];
            let sent = slice.neurons().zip(entries);
            packets += sent.map(|(n, &entries)| rates[n as usize] * entries as f64).sum::<f64>();
        }
        update.max(service).max(packets * send_time(meter, kind))
    };
    parts.iter().enumerate().map(of).collect()
}
