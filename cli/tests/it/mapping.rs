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

/// A core that layers share is painted in the colours of all of them, by their shares.
#[test]
fn shared_cores_are_painted_in_stripes() {
    let bench = Bench::new();
    let map = ["map", "digits.nir", "--chip", "loihi1", "--cores", "1", "--picture", "p.svg"];
    let made = fits(&bench, &map);
    let held = &made["utilisation"]["cores"][0]["held"];
    let sizes = |at: usize| held[at]["compartments"].as_u64().expect("a count");
    assert_eq!((sizes(0), sizes(1)), (96, 10));
    let picture = std::fs::read_to_string(bench.path("p.svg")).expect("a picture");
    let core = picture.lines().find(|line| line.contains("96 of lif1, 10 of lif2"));
    let core = core.expect("the core with its layers");
    let widths = core.split("width=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let widths: Vec<f64> = widths.map(|width| width.parse().expect("a width")).collect();
    assert_eq!(widths.len(), 2, "{core}");
    let share = widths[0] / (widths[0] + widths[1]);
    assert!((share - 96.0 / 106.0).abs() < 0.01, "{core}");
}

/// Wasted bits are told by cause: delay fields that hold no delay are the format's.
#[test]
fn waste_is_told_by_cause() {
    let bench = Bench::new();
    let first_layer = |sets: &[&str]| {
        let map = ["map", "digits.nir", "--chip", "loihi1", "--objective", "cores"];
        let words: Vec<&str> = map.iter().chain(sets).copied().collect();
        let made = fits(&bench, &words)["utilisation"].take();
        let layers = made["layers"].as_array().expect("layers").iter();
        let of_layers = layers.map(|layer| layer["waste"]["format_bits"].as_u64());
        assert_eq!(of_layers.sum::<Option<u64>>(), made["waste"]["format_bits"].as_u64());
        let waste = made["layers"][0]["waste"].clone();
        move |cause: &str| waste[cause].as_u64().expect("bits")
    };
    let tight = first_layer(&[]);
    assert_eq!(tight("format_bits"), 0);
    let formats = [0, 1, 2].map(|at| format!("core_types.neuro.formats.{at}.delay_widths=[6]"));
    let wide = first_layer(&["--set", &formats[0], "--set", &formats[1], "--set", &formats[2]]);
    assert_eq!(wide("prefix_bits"), tight("prefix_bits"));
    // Dense lists: every synapse has eight bits of weight and, for nothing, six of delay.
    let held = wide("stored_bits") - wide("padding_bits") - wide("prefix_bits");
    let (synapses, zeros) = (held / 14, wide("zero_bits") / 14);
    assert_eq!((held % 14, synapses), (0, 64 * 96));
    assert_eq!(wide("format_bits"), 6 * (synapses - zeros));
}
