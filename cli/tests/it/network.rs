//! The network of a chip alone: `mesh`.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::bench::{Bench, Ended};

/// A small chip, so that the tests are quick.
const SMALL: &str = "--chip loihi1 --set mesh.width=3 --set mesh.height=3";

fn good(ended: Ended) -> String {
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    ended.stdout
}

fn json(ended: Ended) -> Value {
    serde_json::from_str(&good(ended)).expect("JSON")
}

fn keys(value: &Value, path: &str, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) if !path.ends_with("latency_ps") => {
            for (key, value) in fields {
                let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                keys(value, &inner, into);
                into.insert(inner);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, &format!("{path}[]"), into)),
        _ => {}
    }
}

#[test]
fn the_keys_are_those_of_the_document() {
    let bench = Bench::new();
    let mut written = BTreeSet::new();
    for traffic in ["uniform --rates 0.1 --cycles 200", "bursts"] {
        let words = format!("mesh {SMALL} --traffic {traffic} --format json");
        keys(&json(bench.run(&words)), "", &mut written);
    }
    let lines = include_str!("../../MESH.md").lines();
    let rows = lines.filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    // The table of patterns has names without a dot that are no keys.
    let patterns = ["--traffic", "uniform", "transpose", "bit-complement", "hotspot", "bursts"];
    let documented: BTreeSet<String> =
        rows.filter(|row| !patterns.contains(row)).map(str::to_owned).collect();
    assert_eq!(documented, written);
}

/// Saturation lies where the curve says, both models agree on it, and transposed traffic meets on
/// the diagonal earlier than uniform traffic does.
#[test]
fn curves_saturate_where_they_bend() {
    let bench = Bench::new();
    let words = format!("mesh {SMALL} --cycles 400");
    let curve = |more: &str| json(bench.run(&format!("{words} {more} --format json")));
    let uniform = curve("");
    let saturation = |value: &Value| value["curve"]["saturation"].as_f64().expect("a number");
    let points = uniform["curve"]["points"].as_array().expect("points");
    assert_eq!(points.len(), 12);
    for point in points {
        let offered = point["offered"].as_f64().expect("a number");
        assert_eq!(point["stable"] == true, offered <= saturation(&uniform), "{point}");
    }
    let mean = |point: &Value| point["latency_ps"]["mean"].as_f64().expect("a number");
    assert!(mean(&points[11]) > 2.0 * mean(&points[0]), "latency bends upwards");
    let transpose = curve("--traffic transpose");
    assert!(saturation(&transpose) < saturation(&uniform));
    let cycle = curve("--timing cycle --rates 0.1");
    assert!((saturation(&cycle) / saturation(&uniform) - 1.0).abs() < 0.05);
    let table = good(bench.run(&format!("{words} --format csv --threads 1")));
    assert_eq!(table.lines().count(), 13);
    assert_eq!(table, good(bench.run(&format!("{words} --format csv --threads 2"))));
}

/// A trace is timed as it is written; cycles and picoseconds say the same.
#[test]
fn traces_take_their_time() {
    let bench = Bench::new();
    bench.write("one.csv", b"time_ps,source,destination,flits\n2326,0,5,1\n");
    bench.write("two.csv", b"cycle, source, destination, flits\n2,0,5,1\n");
    let once = |file: &str| {
        let words = format!("mesh --chip loihi1 --traffic {file} --format json");
        json(bench.run(&words))["once"].clone()
    };
    let one = once("one.csv");
    // One tile to the east: 4.1 ns, and 2.1 ns through both tiles together.
    assert_eq!((&one["packets"], &one["latency_ps"]["max"]), (&1.into(), &6200.into()));
    assert_eq!(one["completion_ps"], 2326 + 6200);
    assert_eq!(one["critical"]["path"].as_array().expect("links").len(), 3);
    assert_eq!(one, once("two.csv"));
}

#[test]
fn the_picture_is_drawn() {
    let bench = Bench::new();
    for (traffic, more) in [("uniform", "--cycles 200"), ("bursts", "")] {
        good(bench.run(&format!("mesh {SMALL} --traffic {traffic} {more} --svg plot.svg")));
        let svg = std::fs::read_to_string(bench.path("plot.svg")).expect("a picture");
        assert!(svg.starts_with("<svg") && svg.contains(traffic), "{svg:.200}");
    }
}
