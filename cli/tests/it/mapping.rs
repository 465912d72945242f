//! What the mapping commands promise: levers that hold, mappings that are kept and checked.

use serde_json::Value;

use crate::bench::{Bench, Ended};

/// A command that fits, with its result.
fn fits(bench: &Bench, words: &[&str]) -> Value {
    let output = bench.command().args(words).args(["--format", "json"]).output();
    let output = output.expect("the binary runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{words:?}\n{said}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// What does not fit, with its levers.
fn misfit(ended: &Ended) -> Value {
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    let last = ended.stderr.lines().last().expect("a result");
    serde_json::from_str::<Value>(last).expect("JSON")["does_not_fit"].take()
}

/// Every lever that is told, typed in by hand, gives the cores and the timestep that it promised.
#[test]
fn levers_hold_what_they_promise() {
    let bench = Bench::new();
    bench.copy("examples/digits_conv/digits_conv.nir", "digits_conv.nir");
    let cases: &[(&str, &str, usize)] = &[
        ("digits.nir", "core_types.neuro.axons_in=32", 1),
        ("digits_conv.nir", "core_types.neuro.synapse_memory_bits=16384", 2),
        ("digits_conv.nir", "mesh.height=1 --set mesh.width=1 --set mesh.cores_per_tile=1", 2),
    ];
    for (network, set, least) in cases {
        let asked = format!("map {network} --chip loihi1 --set {set}");
        let result = misfit(&bench.run(&format!("{asked} --format json")));
        let levers = result["levers"].as_array().expect("levers");
        assert!(levers.len() >= *least, "{result}");
        for lever in levers {
            let sets = lever["sets"].as_array().expect("sets").iter();
            let sets = sets.flat_map(|set| ["--set", set.as_str().expect("a text")]);
            let plainly = ["--objective", "cores", "--strategy", "greedy"];
            let words: Vec<&str> = asked.split(' ').chain(sets).chain(plainly).collect();
            let made = fits(&bench, &words);
            assert_eq!(made["cores_used"], lever["cores"], "{lever}");
            let step = made["answers"][0]["prediction"]["step_ps"].as_f64().expect("a time");
            assert_eq!(step.round() as u64, lever["step_ps"], "{lever}");
        }
    }
}

/// Of a network that fits, `--levers` names what asks for its cores and what would make them fewer.
#[test]
fn levers_of_a_network_that_fits_save_cores() {
    let bench = Bench::new();
    bench.copy("examples/digits_conv/digits_conv.nir", "digits_conv.nir");
    let made = fits(&bench, &["map", "digits_conv.nir", "--chip", "loihi1", "--levers"]);
    let survey = &made["levers"];
    let now = survey["now"]["cores"].as_u64().expect("cores");
    let levers = survey["levers"].as_array().expect("levers");
    assert!(!levers.is_empty() && levers.iter().all(|l| l["cores"].as_u64() < Some(now)));
    let fullest = &survey["volumes"][0];
    assert_eq!(fullest["resource"], "compartments");
    // Two layers of 768 and 384 compartments and ten outputs, and the cores that they fill.
    assert_eq!((fullest["used"].as_u64(), fullest["cores"].as_u64()), (Some(1162), Some(2)));
}
