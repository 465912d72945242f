//! Energy of an inference in the summary.

use quarrion_isa::event::{Category, EventKind, Phase};
use quarrion_isa::pricing::{Energy, EnergyBill};
use quarrion_isa::quantity::Attojoules;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::{by_name, ratio};

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
    /// The network; its fields are `null` where no part of it is modelled.
    #[serde(flatten, serialize_with = "fields_or_null")]
    pub network: Option<Range>,
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
    /// Network (where modelled) and static energy; `None` where the latter is not modelled.
    pub with_static: Option<Range>,
    /// Network and static (where modelled) and host energy; `None` where the host is not modelled.
    pub with_host: Option<Range>,
}

/// A figure by total; `None` where the part that a total adds is not modelled.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Totals {
    /// Of the network.
    pub network: Option<f64>,
    /// With static energy.
    pub with_static: Option<f64>,
    /// With the host.
    pub with_host: Option<f64>,
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

impl Range {
    pub(super) fn new(energy: Energy, samples: f64) -> Self {
        let each = |energy: Attojoules| energy.to_decimal() / samples;
        Self { low: each(energy.low), nominal: each(energy.nominal), high: each(energy.high) }
    }
}

/// Writes the three fields also where there is nothing to write into them.
fn fields_or_null<S: Serializer>(range: &Option<Range>, to: S) -> Result<S::Ok, S::Error> {
    let mut fields = to.serialize_map(Some(3))?;
    fields.serialize_entry("low", &range.map(|range| range.low))?;
    fields.serialize_entry("nominal", &range.map(|range| range.nominal))?;
    fields.serialize_entry("high", &range.map(|range| range.high))?;
    fields.end()
}

impl EnergyReport {
    pub(super) fn new(bill: &EnergyBill, samples: f64) -> Self {
        let range = |energy: Energy| Range::new(energy, samples);
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
        let by_category: Vec<(String, Option<Range>)> = categories
            .map(|&category| (category.name().to_owned(), bill.category(category).map(range)))
            .collect();
        let is_modelled = by_category.iter().any(|(_, part)| part.is_some());
        Self {
            network: is_modelled.then(|| range(bill.network())),
            bounded_share: ratio(range(bounded).nominal, range(bill.network()).nominal),
            by_category,
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

/// Every kind of event that was counted.
pub(super) fn kinds(bill: &EnergyBill, samples: f64) -> Vec<KindReport> {
    let report = |priced: &quarrion_isa::pricing::PricedKind| KindReport {
        kind: priced.kind.name().into(),
        category: priced.kind.category().name().into(),
        events: priced.events,
        energy_per_inference_pj: priced.energy.map(|energy| Range::new(energy, samples)),
    };
    bill.kinds.iter().map(report).collect()
}
