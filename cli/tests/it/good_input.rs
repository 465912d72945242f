//! Good runs: the screen, the run folder, and the same bytes from every engine and thread count.

use serde_json::Value;

use crate::bench::{Bench, Ended, golden, root};

pub(crate) const RUN: &str = "run digits.nir --chip loihi1 --input test.npz --samples 30";

pub(crate) fn good(ended: Ended) -> String {
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    ended.stdout
}

fn json(ended: Ended) -> Value {
    serde_json::from_str(&good(ended)).expect("JSON")
}

/// Every file of a run but the manifest's host section.
pub(crate) fn files(bench: &Bench, run: &str) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(bench.path(run)).expect("a run folder");
    let mut files: Vec<(String, Vec<u8>)> = entries
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            let mut bytes = std::fs::read(path).expect("a file");
            if name == "manifest.json" {
                let mut manifest: Value = serde_json::from_slice(&bytes).expect("JSON");
                assert!(manifest.as_object_mut().is_some_and(|m| m.remove("host").is_some()));
                bytes = manifest.to_string().into_bytes();
            }
            (name, bytes)
        })
        .collect();
    files.sort_unstable();
    files
}

#[test]
fn the_screen_says_what_the_json_says() {
    let bench = Bench::new();
    let screen = good(bench.run(RUN));
    assert!(screen.lines().count() <= 45, "one screen, not {} lines", screen.lines().count());
    let summary = json(bench.run(&format!("{RUN} --format json")));
    assert_eq!(summary["samples"], 30);
    assert!(summary["cores_used"].as_u64() > Some(10), "spread for the sake of time");
    let energy = &summary["energy_per_inference_pj"];
    let total = |parts: &str| -> f64 {
        let parts = energy[parts].as_object().expect("parts").iter();
        let own = parts.filter(|(name, _)| !["management", "host"].contains(&name.as_str()));
        own.filter_map(|(_, part)| part["nominal"].as_f64()).sum()
    };
    let nominal = energy["nominal"].as_f64().expect("a number");
    for parts in ["by_category", "by_phase"] {
        assert!((total(parts) / nominal - 1.0).abs() < 1e-12, "{parts} add up to the whole");
    }
}

/// The README shows what the first command prints, to the letter. UPDATE=1 rewrites it.
#[test]
fn the_readme_shows_a_real_transcript() {
    let words = "run examples/digits/digits.nir --chip loihi1 --input examples/digits/test.npz";
    let path = root().join("README.md");
    let readme = std::fs::read_to_string(&path).expect("the README");
    assert!(readme.contains(&format!("cargo run --release -- {words}")), "the first command");
    let mut command = Bench::new().command();
    let output = command.current_dir(root()).args(words.split(' ')).output().expect("it runs");
    let screen = String::from_utf8(output.stdout).expect("text");
    let start = readme.find("<!-- transcript").expect("the start of the transcript");
    let end = readme.find("<!-- end of transcript").expect("its end");
    let (head, _) = readme[start..].split_once('\n').expect("a line");
    let wanted = format!("{head}\n```\n{screen}```\n");
    if std::env::var_os("UPDATE").is_some() {
        let text = format!("{}{wanted}{}", &readme[..start], &readme[end..]);
        std::fs::write(&path, text).expect("the README can be written");
    } else {
        assert_eq!(&readme[start..end], wanted, "UPDATE=1 rewrites the README's transcript");
    }
}

#[test]
fn engines_and_threads_write_the_same_run_folder() {
    let bench = Bench::new();
    let probes = "--probe lif1.v --probe lif1.u[3..40]@7 --probe lif2.v[9]";
    let kinds = ["--threads 1", "--threads 2", "--threads 3", "--threads 8", "--engine reference"];
    let mut runs = Vec::new();
    for (number, kind) in kinds.iter().enumerate() {
        let out = format!("run{number}");
        let screen = good(bench.run(&format!("{RUN} --spikes {probes} --out {out} {kind}")));
        runs.push((screen, files(&bench, &out)));
    }
    assert!(runs[0].1.iter().any(|(name, bytes)| name == "spikes.csv" && bytes.len() > 1000));
    for (kind, run) in kinds.iter().zip(&runs).skip(1) {
        assert_eq!(*run, runs[0], "{kind} differs from {}", kinds[0]);
    }
}

/// One array of a run's `probes.npz`: samples, timesteps and neurons, and the values in this order.
fn probed(bench: &Bench, run: &str, name: &str) -> (Vec<usize>, Vec<i64>) {
    bench.array(&format!("{run}/probes.npz"), name)
}

/// A probe of a part is that part of the probe of everything, and a neuron that spiked was reset.
#[test]
fn probes_record_what_was_asked_for() {
    let bench = Bench::new();
    let probes = "--probe lif1.v --probe lif1.v[10..13]@5..9 --probe lif1.u[..2]";
    good(bench.run(&format!("{RUN} {probes} --spikes --out run")));
    let (shape, all) = probed(&bench, "run", "lif1.v[0..96]");
    assert_eq!((shape.as_slice(), all.len()), (&[30, 22, 96][..], 30 * 22 * 96));
    let at = |sample: usize, step: usize, neuron: usize| all[(sample * 22 + step) * 96 + neuron];
    let (shape, part) = probed(&bench, "run", "lif1.v[10..13]@5..9");
    assert_eq!(shape, [30, 4, 3]);
    let places = (0..30).flat_map(|s| (5..9).flat_map(move |t| (10..13).map(move |n| (s, t, n))));
    assert_eq!(part, places.map(|(s, t, n)| at(s, t, n)).collect::<Vec<_>>());
    assert_eq!(probed(&bench, "run", "lif1.u[0..2]").0, [30, 22, 2]);
    let spikes = std::fs::read_to_string(bench.path("run/spikes.csv")).expect("the spikes");
    let mut resets = 0;
    for line in spikes.lines().filter(|line| line.contains(",lif1,")) {
        let field = |at: usize| line.split(',').nth(at).and_then(|field| field.parse().ok());
        let [sample, step, neuron] = [0, 1, 3].map(|at| field(at).expect("a number"));
        assert_eq!(at(sample, step, neuron), 0, "{line}");
        resets += 1;
    }
    assert!(resets > 1000 && part.iter().any(|&v| v != 0), "{resets} spikes");
}

/// A tick that is too short for its timesteps' work is said with its figure and a way out, which
/// helps.
#[test]
fn overloaded_ticks_are_said() {
    let bench = Bench::new();
    let run = |ns: u64, more: &str| {
        let tick = "--set synchronisation=global_tick(period_ns:";
        let words = "run digits.nir --chip loihi1 --input test.npz --samples 3";
        bench.run(&format!("{words} {tick}{ns},source:\"test\",standing:assumed) {more}"))
    };
    let json = |ended: &Ended| -> Value { serde_json::from_str(&ended.stdout).expect("JSON") };
    for timing in ["count", "queue"] {
        let mut tick = 20;
        // Late lists leave work undone: with more time there is more to do.
        for round in 0.. {
            let ran = run(tick, &format!("--timing {timing} --format json"));
            let over = &json(&ran)["overload"];
            assert_eq!(ran.stderr.contains("QE034"), !over.is_null(), "{}", ran.stderr);
            if over.is_null() {
                assert!((1..6).contains(&round), "{timing}: quiet after {round} rounds");
                break;
            }
            let number = |key: &str| over[key].as_u64().expect("a number");
            let longest = number("longest_ps");
            assert!(number("steps") > 0 && longest > tick * 1000, "{over}");
            assert_eq!(number("tick_ps"), tick * 1000);
            tick = longest.div_ceil(1000);
            assert!(ran.stderr.contains(&format!("period_ns={tick} ")), "{}", ran.stderr);
        }
    }
    let screen = run(20, "--out short").stdout;
    assert!(screen.contains("  overloaded ") && screen.contains("than a tick of 20"), "{screen}");
    let page = std::fs::read_to_string(bench.path("short/report.html")).expect("a page");
    assert!(page.contains("<td>overloaded</td>"));
}

/// A board of 98,304 cores runs what one of its chips runs, to the same spikes, with packets that
/// wait for each other.
#[test]
fn the_largest_board_runs_a_small_network() {
    let bench = Bench::new();
    let of = |chip: &str| {
        let flags = "--input test.npz --samples 1 --timing queue --format json";
        json(bench.run(&format!("run digits.nir --chip {chip} {flags}")))
    };
    let (board, chip) = (of("pohoiki-springs"), of("loihi1"));
    assert_eq!(board["cores_available"], 98_304);
    for same in ["accuracy", "spikes_per_layer"] {
        assert_eq!(board[same], chip[same], "{same}");
    }
    assert!(board["packet_latency_ps"]["max"].as_u64() > Some(0), "{}", board["packet_latency_ps"]);
}

/// Lava's files by ending and by content; graded input on a chip that carries it.
#[test]
fn lava_networks_run() {
    let bench = Bench::new();
    for name in ["conv", "sdnn"] {
        bench.copy(&format!("tests/data/lava/good/{name}.net"), &format!("{name}.net"));
    }
    std::fs::copy(bench.path("conv.net"), bench.path("renamed")).expect("a copy");
    bench.write_spikes("in.npz", &[2, 9, 2, 7, 6], &[1; 2 * 9 * 84]);
    let words = "run conv.net --chip loihi1 --input in.npz --format json";
    let run = json(bench.run(words));
    assert_eq!((run["timesteps_per_inference"].as_f64(), &run["samples"]), (Some(12.0), &2.into()));
    let layers = run["layers"].as_array().expect("layers").iter();
    let names: Vec<&str> = layers.filter_map(|layer| layer["name"].as_str()).collect();
    assert_eq!(names, ["input", "conv1", "pool2", "dense4"]);
    assert!(run["spikes_per_layer"]["dense4"].as_u64().is_some_and(|spikes| spikes > 0));
    let by_content = json(bench.run(&words.replace("conv.net", "renamed")));
    assert_eq!(by_content["layers"], run["layers"]);
    let periodic = words.replace("loihi1", "loihi2") + " --reset-interval 3";
    assert_ne!(json(bench.run(&periodic))["spikes_per_layer"], run["spikes_per_layer"]);

    bench.write("graded.csv", b"sample,step,neuron,payload\n0,0,1,9\n0,1,1,12\n0,3,4,-7\n");
    let graded =
        "run sdnn.net --chip loihi2 --input graded.csv --steps 6 --out run --probe dense3.sigma";
    let screen = good(bench.run(graded));
    assert!(screen.contains("dense3"), "{screen}");
    let (shape, values) = probed(&bench, "run", "dense3.sigma[0..3]");
    assert!(shape == [1, 10, 3] && values.iter().any(|&value| value != 0), "{shape:?} {values:?}");
}

/// The manual's neuron, out of its text, in the place of a trained layer's.
#[test]
fn a_layer_computes_a_program_of_ones_own() {
    let bench = Bench::new();
    let manual = std::fs::read_to_string(root().join("isa/MANUAL.md")).expect("the manual");
    let (_, tutorial) = manual.split_once("## Tutorial").expect("its tutorial");
    let own =
        |block: &&str| block.starts_with("\nprogram izhikevich") || block.contains("let drive");
    let text: Vec<&str> = tutorial.split("```").filter(own).collect();
    assert_eq!(text.len(), 2, "declarations and statements");
    bench.write("izhikevich.neuron", text.concat().as_bytes());
    let with = |neuron: &str, more: &str| {
        let words = "run digits.nir --chip loihi2 --input test.npz --samples 10 --format json";
        json(bench.run(&format!("{words} --neuron lif1={neuron},scale=40,shift=8 {more}")))
    };
    let mine = with("izhikevich.neuron", "");
    assert!(mine["layers"][1]["rate"].as_f64() > Some(0.01), "{}", mine["layers"]);
    assert_eq!(mine, with("izhikevich", ""), "the shipped program has the same text");
    assert_eq!(mine, with("izhikevich.neuron", "--engine reference"));
    let fast = with("izhikevich.neuron,a=6554", "");
    assert_ne!(mine["layers"], fast["layers"], "the parameter is taken");
}

#[test]
fn a_compiled_program_runs_like_its_network() {
    let bench = Bench::new();
    let compiled = json(bench.run("compile digits.nir --chip loihi1 --out p --format json"));
    assert!(compiled["cores_used"].as_u64() > Some(10));
    let program = RUN.replace("digits.nir", "p");
    assert_eq!(good(bench.run(&program)), good(bench.run(RUN)));
}

/// A mapping is written, edited by hand, checked and used; it changes times and no result.
#[test]
fn a_mapping_is_a_file_to_edit() {
    let bench = Bench::new();
    let map = "map digits.nir --chip loihi1 --objective cores --strategy greedy";
    let table = good(bench.run(&format!("{map} --out m.ron --picture p.svg --cores 4")));
    assert!(table.contains("no mapping takes fewer than 1"), "{table}");
    let picture = std::fs::read_to_string(bench.path("p.svg")).expect("a picture");
    assert!(picture.contains("96 of lif1, 10 of lif2") && picture.contains("<svg"));
    let text = std::fs::read_to_string(bench.path("m.ron")).expect("a mapping");
    let (core, rest) = text.split_once("(population: \"lif1\", neurons: \"0-95\")").expect("lif1");
    let lif1 = |neurons: &str| format!("(population: \"lif1\", neurons: \"{neurons}\")");
    let halves = format!("{core}{}{rest}", lif1("0-9, 50-95"));
    let more = format!("        (core: 120, holds: [{}]),\n    ],\n)", lif1("10-49"));
    bench.write("edited.ron", halves.replace("    ],\n)", &more).as_bytes());
    let one = json(bench.run(&format!("{RUN} --mapping m.ron --format json")));
    let two = json(bench.run(&format!("{RUN} --mapping edited.ron --format json")));
    assert_eq!((&one["cores_used"], &two["cores_used"]), (&1.into(), &2.into()));
    assert_eq!(one["accuracy"], two["accuracy"]);
    assert_ne!(one, two, "times differ");
    // What did not change stays where it was.
    good(bench.run("map digits.nir --chip loihi1 --like edited.ron --out again.ron"));
    let written = |name: &str| std::fs::read_to_string(bench.path(name)).expect("a mapping");
    assert!(written("again.ron").contains("(core: 120, holds: [(population: \"lif1\""));
    good(bench.run(&format!("{RUN} --mapping edited.ron --out r")));
    let rates = json(bench.run("map digits.nir --chip loihi1 --rates r --format json"));
    let answers = rates["answers"].as_array().expect("answers");
    let step = |at: usize| answers[at]["prediction"]["step_ps"].as_f64().expect("a time");
    assert!(answers.len() == 2 && step(0) < step(1), "latency is chosen, cores stand beside it");
}

/// Compile, run, count, compile: in one command what it is in three.
#[test]
fn calibration_is_the_loop_by_hand() {
    let bench = Bench::new();
    let short = RUN.replace("--samples 30", "--samples 8");
    good(bench.run(&format!("{short} --save-rates --out r")));
    let table = std::fs::read_to_string(bench.path("r/rates.csv")).expect("rates");
    let rows: Vec<Vec<&str>> = table.lines().skip(1).map(|l| l.split(',').collect()).collect();
    assert_eq!(rows.len(), 64 + 96 + 10);
    let spikes = |name: &str| -> u64 {
        let own = rows.iter().filter(|row| row[0] == name);
        own.map(|row| row[2].parse::<u64>().expect("a count")).sum()
    };
    let stored = json(bench.run(&format!("{short} --format json")));
    let mean = stored["layers"][0]["spikes_per_inference"].as_f64().expect("a mean");
    assert_eq!(spikes("input"), (mean * 8.0).round() as u64);
    assert!(spikes("lif1") > 500 && spikes("lif2") > 50, "{} {}", spikes("lif1"), spikes("lif2"));
    let by_hand = good(bench.run(&format!("{RUN} --rates r --format json")));
    let at_once = good(bench.run(&format!("{RUN} --calibrate 8 --format json")));
    assert!(by_hand == at_once, "the same mapping, the same times");
    assert!(by_hand != good(bench.run(&format!("{RUN} --format json"))), "made for other rates");
}

#[test]
fn prices_change_without_a_run() {
    let bench = Bench::new();
    let first = json(bench.run(&format!("{RUN} --out run --format json")));
    let same = json(bench.run("reprice run --chip loihi1 --format json"));
    assert_eq!(first, same, "the run's own prices give the run's own summary");
    bench.write(
        "prices.ron",
        br#"(prices: {"axon_out": (energy_pj: 3.0, spread: unknown, source: "a guess", standing: assumed)})"#,
    );
    let with = json(bench.run("reprice run --prices prices.ron --format json"));
    let events = |summary: &Value| -> (u64, Value) {
        let kinds = summary["events"].as_array().expect("kinds");
        let kind = kinds.iter().find(|kind| kind["kind"] == "axon_out").expect("axon_out");
        (kind["events"].as_u64().expect("a count"), kind["energy_per_inference_pj"].clone())
    };
    let (count, before) = events(&first);
    let (_, after) = events(&with);
    assert!(before.is_null(), "the chip file gives no price");
    assert_eq!(after["nominal"].as_f64(), Some(count as f64 * 3.0 / 30.0));
    let set = "reprice run --set prices.neuron_active.energy_pj=0 --format json --quiet";
    let ended = bench.run(set);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let less: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let nominal = |summary: &Value| summary["energy_per_inference_pj"]["nominal"].as_f64();
    assert!(nominal(&less) < nominal(&first));
}

#[test]
fn every_example_is_as_accurate_as_its_readme_says() {
    let bench = Bench::new();
    for (name, accuracy) in [("digits", 0.95), ("digits_conv", 0.93), ("digits_recurrent", 0.85)] {
        bench.copy(&format!("examples/{name}/{name}.nir"), "net.nir");
        bench.copy(&format!("examples/{name}/test.npz"), "in.npz");
        let words = "run net.nir --chip loihi1 --input in.npz --counts c.npz --format json \
                     --objective cores";
        let summary = json(bench.run(words));
        let found = summary["accuracy"].as_f64().expect("labels are known");
        assert!(found >= accuracy, "{name}: {found}");
        assert!(bench.path("c.npz").is_file());
    }
}

#[test]
fn every_command_answers() {
    let bench = Bench::new();
    for words in [
        "--help",
        "--version",
        "run --help",
        "chip list",
        "chip list --format json",
        "chip show loihi1 mesh",
        "chip show odin --resolved",
        "chip diff loihi1 loihi1",
        "explain",
        "explain qc005",
        "neuron list",
        "neuron check cuba_lif",
        "neuron show if_zero",
        "neuron trace if_zero --input 0,40,40,0 --parameter vth=1",
        "rule list",
        "rule check pairwise-stdp",
        "rule show reward_stdp --format json",
        "completions bash",
    ] {
        assert!(!good(bench.run(words)).is_empty(), "{words}");
    }
    assert_eq!(bench.run("chip diff loihi1 loihi2").code, Some(5));
    let check = bench.run("chip check loihi1");
    assert_eq!(check.code, Some(0));
    assert!(check.stderr.contains("not used yet"), "{}", check.stderr);
    assert_eq!(bench.run("chip check loihi1 --quiet").stderr, "", "notes are not for --quiet");
}

/// Two compartments a neuron are said, and counted as two wherever compartments are.
#[test]
fn two_compartments_a_neuron_are_said_and_counted() {
    let bench = Bench::new();
    bench.copy("tests/data/nir/findings/gain_of_if.nir", "integrators.nir");
    let words = "compile integrators.nir --chip loihi1 --cores 1 --reset subtract";
    let Ended { code, stdout, stderr } = bench.run(words);
    assert_eq!(code, Some(0), "{stderr}");
    let text = format!("$ quarrion {words}\n\n{stderr}\n{stdout}");
    golden("two-compartments", &text).unwrap_or_else(|error| panic!("{error}"));
    let table: Value = json_of(&bench.run(&format!("{words} --format json --quiet")));
    let used = table.to_string().matches("dendrite").count();
    assert!(used > 0, "the inner compartments have rows of their own");
}

fn json_of(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).expect("JSON")
}

/// What was lost on the way is said, and only then.
#[test]
fn lost_packets_are_said() {
    let bench = Bench::new();
    let whole = bench.run(RUN);
    assert!(!whole.stderr.contains("QE033"), "{}", whole.stderr);
    let lossy = bench.run(&format!("{RUN} --set faults.packet_loss=0.5"));
    assert_eq!(lossy.code, Some(0));
    assert!(lossy.stderr.contains("warning[QE033]: packets lost: "), "{}", lossy.stderr);
    assert_ne!(lossy.stdout, whole.stdout, "the loss changes what the network does");
    let told = |stdout: &str| stdout.contains("  went wrong packets lost: ");
    assert_eq!((told(&whole.stdout), told(&lossy.stdout)), (false, true), "{}", lossy.stdout);
}
