//! The summary of a run: the record with prices, per inference, in decimals for the screen.
//!
//! The JSON form of [`RunReport`] is a stable interface; `JSON.md` beside this crate describes it.

mod energy;
mod network;
mod time;

use quarrion_isa::chip::{Chip, PriceTable, StaticPower};
use quarrion_isa::ledger::FaultCounts;
use quarrion_isa::pricing::{EnergyBill, price_counts};
use quarrion_isa::program::Role;
use serde::{Serialize, Serializer};

use crate::manifest::Settings;
use crate::record::{Layer, ResourceUse, RunRecord};

pub use energy::{EnergyReport, KindReport, Range, Totals};
pub use network::{LastPacket, LinkReport, PathLeg, Wait};
pub use time::{BoundShare, LatencyBucket, LatencyReport, OverloadReport, StepReport};

/// Version of the JSON form.
pub const SUMMARY_VERSION: u32 = 1;
/// Picoseconds of a second.
const PER_SECOND: f64 = 1e12;

/// What a record is priced with.
#[derive(Clone, Copy, Debug)]
pub struct Prices<'a> {
    /// Name of the chip description that the prices come from.
    pub chip: &'a str,
    /// Energy by event kind.
    pub events: &'a PriceTable,
    /// Power that flows whatever happens.
    pub power: &'a StaticPower,
}

impl<'a> Prices<'a> {
    /// The prices of a chip.
    #[must_use]
    pub fn of(chip: &'a Chip) -> Self {
        Self { chip: &chip.name, events: &chip.prices, power: &chip.static_power }
    }
}

/// The summary of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunReport {
    /// Version of this form.
    pub version: u32,
    /// Name of the network.
    pub network: String,
    /// Name of the chip description.
    pub chip: String,
    /// Name of the chip description that the prices come from.
    pub prices_of: String,
    /// Share of samples classified rightly; `None` without labels.
    pub accuracy: Option<f64>,
    /// Samples classified rightly; `None` without labels.
    pub correct: Option<u32>,
    /// Samples.
    pub samples: u32,
    /// Timesteps of an inference, mean.
    pub timesteps_per_inference: f64,
    /// Steps of input of an inference, mean.
    pub input_steps_per_inference: f64,
    /// Cores that the program uses.
    pub cores_used: u32,
    /// Cores that the board has.
    pub cores_available: u32,
    /// What the used cores hold.
    pub resources: Vec<ResourceShare>,
    /// Spikes of each population inside its window, over all samples, by name.
    #[serde(serialize_with = "by_name")]
    pub spikes_per_layer: Vec<(String, u64)>,
    /// The populations, inputs first.
    pub layers: Vec<LayerReport>,
    /// Energy of an inference.
    pub energy_per_inference_pj: EnergyReport,
    /// Time of a timestep.
    pub timestep_ps: StepReport,
    /// Times of packets; `None` where the timing model knows no contention.
    pub packet_latency_ps: Option<LatencyReport>,
    /// The packet that was done last in the longest timestep; `None` without contention.
    pub last_packet: Option<LastPacket>,
    /// The links between tiles that were taken longest; at most ten.
    pub hottest_links: Vec<LinkReport>,
    /// Time of an inference, mean.
    pub inference_ps: f64,
    /// Time of the longest inference.
    pub inference_ps_max: u64,
    /// Inferences that one board finishes in a second of chip time.
    pub inferences_per_second: f64,
    /// Mean power over the run, by total.
    pub power_mw: Totals,
    /// Energy of an inference times its time in joule seconds, by total.
    pub energy_delay_product_js: Totals,
    /// What bounded the timesteps, most time first; at most three.
    pub bound_by: Vec<BoundShare>,
    /// What went wrong on the chip, over the whole run.
    pub faults: FaultCounts,
    /// Timesteps whose work takes longer than their tick; `None` where there is none.
    pub overload: Option<OverloadReport>,
    /// What the chip description gives no price or time for, although it happened.
    pub not_modelled: NotModelled,
    /// Seed, timing model and what was assumed because no file says it.
    pub settings: Settings,
    /// Events by kind with their energy.
    pub events: Vec<KindReport>,
}

/// Use of one resource.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ResourceShare {
    /// What is used.
    pub resource: String,
    /// How much, over all used cores.
    pub used: u64,
    /// How much the used cores have.
    pub available: u64,
    /// Share of the fullest core's.
    pub fullest_core: f64,
}

/// One population.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerReport {
    /// Name.
    pub name: String,
    /// Inputs or neurons.
    pub role: Role,
    /// Neurons.
    pub neurons: u32,
    /// Step at which it starts.
    pub phase: u32,
    /// Cores that hold a part of it.
    pub cores: u32,
    /// Spikes of an inference inside its window, mean.
    pub spikes_per_inference: f64,
    /// Spikes of a neuron and step, mean.
    pub rate: f64,
}

/// What happened and has no figure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NotModelled {
    /// Kinds of event without price, and power without figure.
    pub energy: Vec<String>,
    /// Parts of the timestep without time.
    pub time: Vec<String>,
}

impl RunReport {
    /// Prices a record.
    #[must_use]
    pub fn new(record: &RunRecord, settings: &Settings, prices: &Prices<'_>) -> Self {
        let counts = record.counts();
        let bill = price_counts(&counts, record.powered, prices.events, prices.power);
        let samples = f64::from(record.samples.max(1));
        let time = &record.time;
        let inference_ps = time.total.0 as f64 / samples;
        let energy = EnergyReport::new(&bill, samples);
        let totals = |figure: &dyn Fn(f64) -> f64| Totals {
            network: energy.network.map(|range| figure(range.nominal)),
            with_static: energy.with_static.map(|range| figure(range.nominal)),
            with_host: energy.with_host.map(|range| figure(range.nominal)),
        };
        Self {
            version: SUMMARY_VERSION,
            network: record.network.clone(),
            chip: record.chip.clone(),
            prices_of: prices.chip.into(),
            accuracy: record.correct.map(|correct| f64::from(correct) / samples),
            correct: record.correct,
            samples: record.samples,
            timesteps_per_inference: record.timesteps as f64 / samples,
            input_steps_per_inference: record.input_steps as f64 / samples,
            cores_used: record.cores_used,
            cores_available: record.cores_available,
            resources: resources(record),
            spikes_per_layer: record.layers.iter().map(|l| (l.name.clone(), l.spikes)).collect(),
            layers: record.layers.iter().map(|layer| LayerReport::new(layer, record)).collect(),
            timestep_ps: StepReport::new(record),
            packet_latency_ps: time.packet_latency.as_ref().map(LatencyReport::new),
            last_packet: network::last_packet(record),
            hottest_links: network::hottest_links(record),
            inference_ps,
            inference_ps_max: time.inference_max.0,
            inferences_per_second: ratio(PER_SECOND, inference_ps),
            // pJ / ps = W.
            power_mw: totals(&|pj| ratio(pj * 1e3, inference_ps)),
            energy_delay_product_js: totals(&|pj| pj * 1e-12 * (inference_ps / PER_SECOND)),
            bound_by: time::bounds(record),
            faults: record.faults,
            overload: time.overload.as_ref().map(|over| OverloadReport::new(over, record)),
            not_modelled: not_modelled(&bill, record),
            settings: settings.clone(),
            events: energy::kinds(&bill, samples),
            energy_per_inference_pj: energy,
        }
    }

    /// The stable JSON form, with a newline at its end.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self)
            .expect("plain structs of numbers and text always serialise");
        text.push('\n');
        text
    }
}

impl LayerReport {
    fn new(layer: &Layer, record: &RunRecord) -> Self {
        let neuron_steps = f64::from(layer.neurons) * record.input_steps as f64;
        Self {
            name: layer.name.clone(),
            role: layer.role,
            neurons: layer.neurons,
            phase: layer.phase,
            cores: layer.cores,
            spikes_per_inference: layer.spikes as f64 / f64::from(record.samples.max(1)),
            rate: ratio(layer.spikes as f64, neuron_steps),
        }
    }
}

fn resources(record: &RunRecord) -> Vec<ResourceShare> {
    let share = |entry: &ResourceUse| ResourceShare {
        resource: entry.resource.clone(),
        used: entry.used,
        available: entry.available,
        fullest_core: ratio(entry.fullest_used as f64, entry.fullest_available as f64),
    };
    record.resources.iter().map(share).collect()
}

fn not_modelled(bill: &EnergyBill, record: &RunRecord) -> NotModelled {
    let mut energy: Vec<String> =
        bill.not_modelled().map(|priced| priced.kind.name().to_owned()).collect();
    if bill.static_power.is_none() {
        energy.push("static power".into());
    }
    NotModelled { energy, time: record.time.not_modelled.clone() }
}

/// A quotient that is zero where there is nothing to divide by.
pub(crate) fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// Writes pairs as an object, in their order.
fn by_name<S: Serializer, T: Serialize>(
    pairs: &[(String, T)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(name, value)| (name, value)))
}

#[cfg(test)]
mod tests;
