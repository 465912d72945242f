//! The summary of a run: the record with prices, per inference, in decimals for the screen.
//!
//! The JSON form of [`RunReport`] is a stable interface; `JSON.md` beside this crate describes it.

use quarrion_isa::chip::{Chip, PriceTable, StaticPower};
use quarrion_isa::event::{Category, EventKind, Phase};
use quarrion_isa::histogram::Histogram;
use quarrion_isa::pricing::{Energy, EnergyBill, price_counts};
use quarrion_isa::program::Role;
use quarrion_isa::quantity::Attojoules;
use serde::{Serialize, Serializer};

use crate::manifest::Settings;
use crate::record::{HOST_HANDSHAKE, Layer, RunRecord, STATE_RESET};

/// Version of the JSON form.
pub const SUMMARY_VERSION: u32 = 1;
/// Bounds that a summary names.
const BOUNDS: usize = 3;
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

/// An energy in picojoules, from the lower, nominal and upper prices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Range {
    /// From the lower bounds of the prices.
    pub low: f64,
    /// From the nominal prices.
    pub nominal: f64,
    /// From the upper bounds of the prices.
    pub high: f64,
}

/// Energy of an inference: the network's with its parts, and the totals above it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EnergyReport {
    /// The network, from the lower bounds of the prices.
    pub low: f64,
    /// The network, from the nominal prices.
    pub nominal: f64,
    /// The network, from the upper bounds of the prices.
    pub high: f64,
    /// Share of the nominal energy whose prices state bounds; the rest has none to move in.
    pub bounded_share: f64,
    /// The network by category of what was counted; `None` where nothing of it is modelled.
    #[serde(serialize_with = "by_name")]
    pub by_category: Vec<(String, Option<Range>)>,
    /// The network by phase of the timestep; `None` where nothing of it is modelled.
    #[serde(serialize_with = "by_name")]
    pub by_phase: Vec<(String, Option<Range>)>,
    /// Static energy alone; `None` where it is not modelled.
    pub static_energy: Option<Range>,
    /// Host energy alone; `None` where it is not modelled.
    pub host_energy: Option<Range>,
    /// Network and static energy; `None` where the latter is not modelled.
    pub with_static: Option<Range>,
    /// Network, static (where modelled) and host energy; `None` where the host is not modelled.
    pub with_host: Option<Range>,
}

/// A figure by total; `None` where the part that a total adds is not modelled.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Totals {
    /// Of the network.
    pub network: f64,
    /// With static energy.
    pub with_static: Option<f64>,
    /// With the host.
    pub with_host: Option<f64>,
}

/// Time of a timestep in picoseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepReport {
    /// Mean.
    pub mean: f64,
    /// The longest.
    pub max: u64,
    /// Mean by phase; `None` where the chip file gives no time for what happened in it.
    #[serde(serialize_with = "by_name")]
    pub by_phase: Vec<(String, Option<f64>)>,
}

/// Times of packets from readiness to arrival, in picoseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LatencyReport {
    /// Packets; one that branches counts once, with its last arrival.
    pub packets: u64,
    /// Mean.
    pub mean: f64,
    /// Half of them take no longer; the upper end of a bucket, as the next two.
    pub p50: u64,
    /// 95 in a hundred take no longer.
    pub p95: u64,
    /// 99 in a hundred take no longer.
    pub p99: u64,
    /// The longest.
    pub max: u64,
    /// The buckets that hold any.
    pub histogram: Vec<LatencyBucket>,
}

/// One bucket of a histogram of times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LatencyBucket {
    /// Longest time in it.
    pub up_to: u64,
    /// Packets in it.
    pub packets: u64,
}

/// One of the bounds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BoundShare {
    /// Kind of bound.
    pub bound: String,
    /// The bound with its place, in words.
    pub place: String,
    /// Timesteps that it bounded.
    pub steps: u64,
    /// Their share of the run's time.
    pub share: f64,
}

/// What happened and has no figure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NotModelled {
    /// Kinds of event without price, and power without figure.
    pub energy: Vec<String>,
    /// Parts of the timestep without time.
    pub time: Vec<String>,
}

/// One kind of event.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KindReport {
    /// The kind.
    pub kind: String,
    /// The category that it is summed under.
    pub category: String,
    /// Events of the whole run.
    pub events: u64,
    /// Energy of an inference in picojoules; `None` where it is not modelled.
    pub energy_per_inference_pj: Option<Range>,
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
            network: figure(energy.nominal),
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
            inference_ps,
            inference_ps_max: time.inference_max.0,
            inferences_per_second: ratio(PER_SECOND, inference_ps),
            // pJ / ps = W.
            power_mw: totals(&|pj| ratio(pj * 1e3, inference_ps)),
            energy_delay_product_js: totals(&|pj| pj * 1e-12 * (inference_ps / PER_SECOND)),
            bound_by: bounds(record),
            not_modelled: not_modelled(&bill, record),
            settings: settings.clone(),
            events: kinds(&bill, samples),
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

impl Range {
    fn new(energy: Energy, samples: f64) -> Self {
        let each = |energy: Attojoules| energy.to_decimal() / samples;
        Self { low: each(energy.low), nominal: each(energy.nominal), high: each(energy.high) }
    }
}

impl EnergyReport {
    fn new(bill: &EnergyBill, samples: f64) -> Self {
        let range = |energy: Energy| Range::new(energy, samples);
        let network = range(bill.network());
        let counted = |belongs: &dyn Fn(EventKind) -> bool| {
            bill.kinds.iter().any(|priced| belongs(priced.kind))
        };
        let categories = Category::ALL.iter().filter(|&&category| {
            category.is_network() && counted(&|kind| kind.category() == category)
        });
        let phases = Phase::ALL.iter().filter(|&&phase| counted(&|kind| kind.phase() == phase));
        let network_kinds = bill.kinds.iter().filter(|kind| kind.kind.category().is_network());
        let bounded: Energy =
            network_kinds.filter(|kind| kind.bounded).filter_map(|kind| kind.energy).sum();
        Self {
            low: network.low,
            nominal: network.nominal,
            high: network.high,
            bounded_share: ratio(range(bounded).nominal, network.nominal),
            by_category: categories
                .map(|&category| (category.name().to_owned(), bill.category(category).map(range)))
                .collect(),
            by_phase: phases
                .map(|&phase| (phase.name().to_owned(), bill.phase(phase).map(range)))
                .collect(),
            static_energy: bill.static_power.map(range),
            host_energy: bill.host.map(range),
            with_static: bill.static_power.map(|_| range(bill.with_static())),
            with_host: bill.host.map(|_| range(bill.with_host())),
        }
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

impl LatencyReport {
    fn new(times: &Histogram) -> Self {
        let bucket = |(up_to, packets)| LatencyBucket { up_to, packets };
        Self {
            packets: times.count(),
            mean: times.mean(),
            p50: times.quantile(500),
            p95: times.quantile(950),
            p99: times.quantile(990),
            max: times.max(),
            histogram: times.buckets().map(bucket).collect(),
        }
    }
}

impl StepReport {
    fn new(record: &RunRecord) -> Self {
        let time = &record.time;
        let mean = |ps: u64| ratio(ps as f64, record.timesteps as f64);
        let silent = |phase: Phase| {
            let part = match phase {
                Phase::Management => STATE_RESET,
                Phase::Host => HOST_HANDSHAKE,
                _ => return false,
            };
            time.not_modelled.iter().any(|name| name == part)
        };
        let phases = time.phases.iter().map(|(&phase, ps)| {
            let known = ps.0 > 0 || !silent(phase);
            (phase.name().to_owned(), known.then(|| mean(ps.0)))
        });
        Self {
            mean: mean(time.phases.values().map(|phase| phase.0).sum()),
            max: time.step_max.0,
            by_phase: phases.collect(),
        }
    }
}

fn resources(record: &RunRecord) -> Vec<ResourceShare> {
    let share = |entry: &crate::record::ResourceUse| ResourceShare {
        resource: entry.resource.clone(),
        used: entry.used,
        available: entry.available,
        fullest_core: ratio(entry.fullest_used as f64, entry.fullest_available as f64),
    };
    record.resources.iter().map(share).collect()
}

fn bounds(record: &RunRecord) -> Vec<BoundShare> {
    let total: u64 = record.time.bounds.iter().map(|entry| entry.time.0).sum();
    let share = |entry: &crate::record::BoundTime| BoundShare {
        bound: entry.bound.kind().into(),
        place: entry.bound.to_string(),
        steps: entry.steps,
        share: ratio(entry.time.0 as f64, total as f64),
    };
    record.time.bounds.iter().take(BOUNDS).map(share).collect()
}

fn not_modelled(bill: &EnergyBill, record: &RunRecord) -> NotModelled {
    let mut energy: Vec<String> =
        bill.not_modelled().map(|priced| priced.kind.name().to_owned()).collect();
    if bill.static_power.is_none() {
        energy.push("static power".into());
    }
    NotModelled { energy, time: record.time.not_modelled.clone() }
}

fn kinds(bill: &EnergyBill, samples: f64) -> Vec<KindReport> {
    let report = |priced: &quarrion_isa::pricing::PricedKind| KindReport {
        kind: priced.kind.name().into(),
        category: priced.kind.category().name().into(),
        events: priced.events,
        energy_per_inference_pj: priced.energy.map(|energy| Range::new(energy, samples)),
    };
    bill.kinds.iter().map(report).collect()
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
mod tests {
    use quarrion_isa::chip::{Price, Standing};
    use quarrion_isa::event::EventKind;
    use quarrion_isa::quantity::Picowatts;

    use super::*;
    use crate::fixture::{record, settings};

    fn price(nominal: u128, bounds: Option<(u128, u128)>) -> Price {
        Price {
            nominal: Attojoules(nominal * 1_000_000),
            bounds: bounds
                .map(|(low, high)| (Attojoules(low * 1_000_000), Attojoules(high * 1_000_000))),
            standing: Standing::Published,
            source: String::new(),
        }
    }

    fn toy<'a>(events: &'a PriceTable, power: &'a StaticPower) -> Prices<'a> {
        Prices { chip: "toy", events, power }
    }

    #[test]
    fn a_small_run_sums_up_by_hand() {
        let prices = [
            (EventKind::NeuronActive, price(4, None)),
            (EventKind::SynapticOpDense, price(2, Some((1, 3)))),
        ];
        let power = StaticPower { core: Some(Picowatts(1_000_000_000)), ..StaticPower::default() };
        let report = RunReport::new(&record(), &settings(), &toy(&prices.into(), &power));
        // 10 x 4 pJ + 30 x 2 pJ over two samples; 1 mW x 12 ns = 12 pJ over two samples.
        let energy = &report.energy_per_inference_pj;
        assert_eq!((energy.low, energy.nominal, energy.high), (35.0, 50.0, 65.0));
        assert_eq!(energy.bounded_share, 0.6);
        assert_eq!(energy.with_static.map(|range| range.nominal), Some(56.0));
        assert_eq!((energy.host_energy, energy.with_host), (None, None));
        for parts in [&energy.by_category, &energy.by_phase] {
            assert_eq!(
                parts.iter().filter_map(|(_, part)| Some(part.as_ref()?.nominal)).sum::<f64>(),
                50.0
            );
            assert!(parts.contains(&("barrier".into(), None)), "counted, but not modelled");
        }
        assert_eq!(report.not_modelled.energy, ["barrier_tile", "host_handshake"]);
        assert_eq!((report.inference_ps, report.timestep_ps.mean), (6000.0, 2000.0));
        // 50 pJ in 6 ns are 8.33 mW; 56 pJ times 6 ns.
        assert!((report.power_mw.network - 50.0 / 6.0).abs() < 1e-12);
        assert_eq!(report.energy_delay_product_js.with_static, Some(56e-12 * 6e-9));
        assert_eq!(report.bound_by[0].share, 10.0 / 12.0);
        assert_eq!(report.accuracy, Some(0.5));
        assert_eq!(report.layers[1].rate, 0.5);
    }

    #[test]
    fn the_keys_are_those_of_the_document() {
        let prices =
            [(EventKind::NeuronActive, price(4, None)), (EventKind::HostHandshake, price(4, None))];
        let power = StaticPower { chip: Some(Picowatts(1)), ..StaticPower::default() };
        let report = RunReport::new(&record(), &settings(), &toy(&prices.into(), &power));
        let json: serde_json::Value = serde_json::from_str(&report.to_json()).expect("JSON");
        let document = include_str!("../JSON.md");
        let documented: std::collections::BTreeSet<&str> = document
            .lines()
            .filter_map(|line| line.strip_prefix("| `"))
            .filter_map(|line| line.split('`').next())
            .collect();
        let keys: std::collections::BTreeSet<String> = keys_of(&json, "");
        let written: std::collections::BTreeSet<&str> = keys.iter().map(String::as_str).collect();
        assert_eq!(documented, written, "JSON.md and the summary name the same keys");
    }

    /// Paths of all keys; keys that are names of the run's own things are one `NAME`, and an energy
    /// with bounds is one key.
    fn keys_of(value: &serde_json::Value, path: &str) -> std::collections::BTreeSet<String> {
        let named = ["spikes_per_layer", "by_category", "by_phase"];
        let own = named.iter().any(|name| path.ends_with(name));
        match value {
            serde_json::Value::Object(fields) => fields
                .iter()
                .filter(|_| !(fields.len() == 3 && fields.contains_key("nominal")))
                .flat_map(|(key, value)| {
                    let key = if own { "NAME" } else { key.as_str() };
                    let inner = if path.is_empty() { key.into() } else { format!("{path}.{key}") };
                    let mut keys = keys_of(value, &inner);
                    keys.insert(inner);
                    keys
                })
                .collect(),
            serde_json::Value::Array(items) => {
                items.iter().flat_map(|item| keys_of(item, &format!("{path}[]"))).collect()
            }
            _ => Default::default(),
        }
    }
}
