//! The summary adds up, and its keys are those of the document.

use quarrion_isa::chip::{Price, Standing};
use quarrion_isa::event::EventKind;
use quarrion_isa::quantity::{Attojoules, Picowatts};

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
    assert_eq!(energy.network, Some(Range { low: 35.0, nominal: 50.0, high: 65.0 }));
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
    assert!((report.power_mw.network.unwrap_or_default() - 50.0 / 6.0).abs() < 1e-12);
    assert_eq!(report.energy_delay_product_js.with_static, Some(56e-12 * 6e-9));
    assert_eq!(report.bound_by[0].share, 10.0 / 12.0);
    assert_eq!(report.accuracy, Some(0.5));
    assert_eq!(report.layers[1].rate, 0.5);
}

#[test]
fn a_network_without_prices_has_no_energy_rather_than_none_of_it() {
    let power = StaticPower { core: Some(Picowatts(1_000_000_000)), ..StaticPower::default() };
    let report = RunReport::new(&record(), &settings(), &toy(&PriceTable::default(), &power));
    assert_eq!(report.energy_per_inference_pj.network, None);
    assert_eq!((report.power_mw.network, report.energy_delay_product_js.network), (None, None));
    let json: serde_json::Value = serde_json::from_str(&report.to_json()).expect("JSON");
    assert!(json["energy_per_inference_pj"]["nominal"].is_null());
    assert!(json["energy_per_inference_pj"].get("low").is_some(), "the field is there");
    let text = report.to_text();
    let network = text.lines().find(|line| line.trim_start().starts_with("network"));
    assert!(network.is_some_and(|line| line.ends_with("not modelled")), "{text}");
}

#[test]
fn what_went_wrong_is_told_and_nothing_is_told_of_a_sound_run() {
    let (prices, power) = (PriceTable::default(), StaticPower::default());
    let told = |record: &RunRecord| {
        let report = RunReport::new(record, &settings(), &toy(&prices, &power));
        let text = report.to_text();
        text.lines().find(|line| line.contains("went wrong")).map(str::to_owned)
    };
    let mut record = record();
    let line = told(&record);
    assert_eq!(line.as_deref(), Some("  went wrong packets lost: 7, lists served late: 2"));
    record.faults = FaultCounts::default();
    assert_eq!(told(&record), None);
}

#[test]
fn the_keys_are_those_of_the_document() {
    let prices =
        [(EventKind::NeuronActive, price(4, None)), (EventKind::HostHandshake, price(4, None))];
    let power = StaticPower { chip: Some(Picowatts(1)), ..StaticPower::default() };
    let report = RunReport::new(&record(), &settings(), &toy(&prices.into(), &power));
    let json: serde_json::Value = serde_json::from_str(&report.to_json()).expect("JSON");
    let document = include_str!("../../JSON.md");
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
