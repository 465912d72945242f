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
    let formats = [0, 1, 2, 3].map(|at| format!("core_types.neuro.formats.{at}.delay_widths=[6]"));
    let wide: Vec<&str> = formats.iter().flat_map(|format| ["--set", format]).collect();
    let wide = first_layer(&wide);
    assert_eq!(wide("prefix_bits"), tight("prefix_bits"));
    // Dense lists: every synapse has eight bits of weight and, for nothing, six of delay.
    let held = wide("stored_bits") - wide("padding_bits") - wide("prefix_bits");
    let (synapses, zeros) = (held / 14, wide("zero_bits") / 14);
    assert_eq!((held % 14, synapses), (0, 64 * 96));
    assert_eq!(wide("format_bits"), 6 * (synapses - zeros));
}

/// How much of an earlier mapping is kept is told; what has nothing to do with it, and what leaves
/// it no room, is a warning.
#[test]
fn earlier_mappings_say_how_much_of_them_is_kept() {
    let bench = Bench::new();
    bench.copy("examples/digits_conv/digits_conv.nir", "digits_conv.nir");
    let said = |words: &str| {
        let ended = bench.run(&format!("map {words} --format json"));
        assert_eq!(ended.code, Some(0), "{words}\n{}", ended.stderr);
        let made: Value = serde_json::from_str(&ended.stdout).expect("JSON");
        let codes = ["QM045", "QM046"].map(|code| ended.stderr.contains(code));
        let kept = ["stayed", "shared", "neurons"].map(|key| made["kept"][key].as_u64());
        (kept, codes)
    };
    let all = |count| [Some(count); 3];
    let old = said("digits.nir --chip loihi1 --out m.ron");
    assert_eq!(old, ([None; 3], [false, false]));
    assert_eq!(said("digits.nir --chip loihi1 --like m.ron"), (all(106), [false, false]));
    // Another network with layers of the same names, of other sizes.
    let ([stayed, shared, neurons], codes) = said("digits_conv.nir --chip loihi1 --like m.ron");
    assert_eq!((shared, neurons, codes), (Some(106), Some(1162), [false, true]));
    assert!(stayed >= Some(53), "{stayed:?}");
    let text = std::fs::read_to_string(bench.path("m.ron")).expect("a mapping");
    bench.write("strange.ron", text.replace("\"lif", "\"layer").as_bytes());
    let (kept, codes) = said("digits.nir --chip loihi1 --like strange.ron");
    assert_eq!((kept, codes), ([Some(0), Some(0), Some(106)], [true, false]));
    let half = "(core: 0, holds: [(population: \"lif1\", neurons: \"0-49\")])";
    let half = format!("(format: 1, network: \"digits\", chip: \"loihi1\", cores: [{half}])");
    bench.write("half.ron", half.as_bytes());
    let one = "--set mesh.width=1 --set mesh.height=1 --set mesh.cores_per_tile=1";
    let (kept, codes) = said(&format!("digits.nir --chip loihi1 --like half.ron {one}"));
    assert_eq!((kept, codes), ([Some(50), Some(50), Some(106)], [true, false]));
    // A mapping for another network is checked like any other, and said to be one.
    bench.write("other.ron", text.replace("network: \"digits\"", "network: \"other\"").as_bytes());
    assert_eq!(said("digits.nir --chip loihi1 --mapping other.ron").1, [false, true]);
}
