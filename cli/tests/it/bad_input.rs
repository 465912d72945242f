//! Every bad input ends in its message and exit code, with nothing on stdout and nothing written.

use quarrion::counts::ArchiveWriter;

use crate::bench::{Bench, golden};

/// Golden name, exit code, and the words of the command.
const CASES: &[(&str, i32, &str)] = &[
    // Networks.
    ("missing-network", 2, "run nowhere.nir --chip loihi1 --input test.npz"),
    ("not-hdf5", 2, "run not_hdf5.nir --chip loihi1 --input test.npz"),
    ("dangling-edge", 2, "run dangling_edge.nir --chip loihi1 --input test.npz"),
    ("wrong-shape", 2, "run wrong_shape.nir --chip loihi1 --input test.npz"),
    ("nan-weight", 2, "run nan_weight.nir --chip loihi1 --input test.npz"),
    ("unknown-node-type", 2, "run unknown_type.nir --chip loihi1 --input test.npz"),
    ("empty-network", 2, "run empty_network.nir --chip loihi1 --input test.npz"),
    ("unknown-dialect", 2, "run digits.nir --chip loihi1 --input test.npz --dialect brian"),
    ("negative-dt", 2, "run digits.nir --chip loihi1 --input test.npz --dt=-1"),
    ("reset-by-subtraction", 2, "run digits.nir --chip loihi1 --input test.npz --reset subtract"),
    // Lava networks.
    ("net-not-hdf5", 2, "run not_hdf5.net --chip loihi1 --input narrow.npz"),
    ("net-cut-off", 2, "run cut_off.net --chip loihi1 --input narrow.npz"),
    ("net-weight-fraction", 2, "run weight_fraction.net --chip loihi1 --input narrow.npz"),
    ("net-weight-range", 2, "compile weight_range.net --chip loihi1"),
    ("net-layer-missing", 2, "compile layer_missing.net --chip loihi1"),
    ("net-layer-type", 2, "compile layer_type.net --chip loihi1"),
    ("net-neuron-type", 2, "compile neuron_type.net --chip loihi1"),
    ("net-with-dt", 2, "compile weight_range.net --chip loihi1 --dt 0.001"),
    ("net-graded-on-loihi1", 2, "compile sdnn.net --chip loihi1"),
    ("reset-interval-of-nir", 2, "compile digits.nir --chip loihi1 --reset-interval 8"),
    ("reset-interval-zero", 2, "compile sdnn.net --chip loihi2 --reset-interval 0"),
    ("neuron-unreadable", 2, "compile digits.nir --chip loihi2 --neuron lif1"),
    ("neuron-layer", 2, "compile digits.nir --chip loihi2 --neuron lfi1=izhikevich"),
    ("neuron-parameter", 2, "compile digits.nir --chip loihi2 --neuron lif1=izhikevich,e=3"),
    ("neuron-scale", 2, "compile digits.nir --chip loihi2 --neuron lif1=izhikevich,scale=0.0001"),
    ("neuron-biases", 2, "compile digits.nir --chip loihi2 --neuron lif1=plain.neuron,scale=99"),
    ("neuron-on-loihi1", 2, "compile digits.nir --chip loihi1 --neuron lif1=izhikevich"),
    // Chips.
    ("missing-chip", 2, "run digits.nir --chip nowhere.ron --input test.npz"),
    ("unknown-chip", 2, "chip check loihi3"),
    ("chip-unknown-field", 2, "chip check unknown_field.ron"),
    ("chip-negative-price", 2, "chip check negative_price.ron"),
    ("chip-not-a-number", 2, "chip check not_a_number.ron"),
    ("chip-duplicate-key", 2, "chip check duplicate_key.ron"),
    ("chip-zero-mesh", 2, "chip check zero_mesh.ron"),
    ("set-unknown-path", 2, "chip check loihi1 --set mesh.wdith=3"),
    ("set-missing-price", 2, "chip check loihi1 --set prices.axon_out.energy_pj=3"),
    ("show-unknown-path", 2, "chip show loihi1 prises"),
    ("does-not-fit", 3, "compile digits.nir --chip loihi1 --set core_types.neuro.axons_in=32"),
    (
        "no-way-around",
        3,
        "map digits.nir --chip loihi1 --set core_types.neuro.compartments=16 --set mesh.width=2 \
         --set mesh.height=2 --set mesh.cores_per_tile=2 --set \
         faults.dead_links=[(x:0,y:0,towards:east)]",
    ),
    // Mappings.
    ("mapping-nonsense", 2, "compile digits.nir --chip loihi1 --mapping nonsense.ron"),
    ("mapping-format", 2, "compile digits.nir --chip loihi1 --mapping mapping_format.ron"),
    ("mapping-population", 2, "compile digits.nir --chip loihi1 --mapping mapping_population.ron"),
    ("mapping-range", 2, "compile digits.nir --chip loihi1 --mapping mapping_range.ron"),
    ("mapping-twice", 2, "compile digits.nir --chip loihi1 --mapping mapping_twice.ron"),
    ("mapping-core", 2, "compile digits.nir --chip loihi1 --mapping mapping_core.ron"),
    ("mapping-beyond", 2, "compile digits.nir --chip loihi1 --mapping mapping_beyond.ron"),
    ("mapping-two-entries", 2, "compile digits.nir --chip loihi1 --mapping mapping_entries.ron"),
    (
        "mapping-dead-way",
        2,
        "compile digits.nir --chip loihi1 --mapping mapping_far.ron --set \
         faults.dead_routers=[(x:1,y:0)]",
    ),
    ("mapping-with-program", 2, "run loihi2.program --chip loihi2 --input test.npz --like x.ron"),
    ("objective-unknown", 2, "map digits.nir --chip loihi1 --objective speed"),
    ("objective-nothing", 2, "map digits.nir --chip loihi1 --objective latency=0"),
    ("objective-twice", 2, "map digits.nir --chip loihi1 --objective latency=1,latency=2"),
    ("objective-negative", 2, "map digits.nir --chip loihi1 --objective latency=-1"),
    ("rates-too-high", 2, "map digits.nir --chip loihi1 --rates 1.5"),
    ("rates-in-no-order", 2, "map digits.nir --chip loihi1 --rates counted"),
    ("rates-of-another", 2, "map digits.nir --chip loihi1 --rates other"),
    ("calibrate-program", 2, "run loihi2.program --chip loihi2 --input test.npz --calibrate 2"),
    ("cores-too-few", 3, "map digits_conv.nir --chip loihi1 --cores 1"),
    (
        "dialect-with-program",
        2,
        "run loihi2.program --chip loihi2 --input test.npz --dialect norse",
    ),
    // Inputs.
    ("missing-input", 2, "run digits.nir --chip loihi1 --input nowhere.npz"),
    ("wrong-neuron-count", 2, "run digits.nir --chip loihi1 --input narrow.npz"),
    ("spike-out-of-range", 2, "run digits.nir --chip loihi1 --input stray.csv"),
    ("malformed-table", 2, "run digits.nir --chip loihi1 --input broken.csv"),
    ("too-many-samples", 2, "run digits.nir --chip loihi1 --input far_sample.csv"),
    ("zero-samples", 2, "run digits.nir --chip loihi1 --input empty.npz"),
    ("zero-samples-asked", 2, "run digits.nir --chip loihi1 --input test.npz --samples 0"),
    ("count-as-spike", 2, "run digits.nir --chip loihi1 --input counts.npz"),
    ("not-an-archive", 2, "run digits.nir --chip loihi1 --input digits.nir"),
    // Networks alone.
    ("trace-missing", 2, "mesh --chip loihi1 --traffic nowhere.csv"),
    ("trace-without-header", 2, "mesh --chip loihi1 --traffic headless_trace.csv"),
    ("trace-not-a-number", 2, "mesh --chip loihi1 --traffic broken_trace.csv"),
    ("trace-unknown-core", 2, "mesh --chip loihi1 --traffic stray_trace.csv"),
    (
        "trace-of-a-dead-core",
        2,
        "mesh --chip loihi1 --traffic good_trace.csv --set faults.dead_cores=[127] --set \
         faults.packet_loss=0.5",
    ),
    ("mesh-all-dead", 2, "mesh --chip loihi1 --set faults.drawn_cores=128"),
    ("trace-without-flits", 2, "mesh --chip loihi1 --traffic empty_packet.csv"),
    ("mesh-rate-out-of-range", 2, "mesh --chip loihi1 --rates 0.5,1.5"),
    (
        "reference-on-ticks",
        2,
        "run digits.nir --chip loihi1 --input test.npz --engine reference --set \
         synchronisation=global_tick(period_ns:1000,source:\"test\",standing:assumed)",
    ),
    (
        "packets-without-contention",
        2,
        "run digits.nir --chip loihi1 --input test.npz --packets p.csv",
    ),
    (
        "packets-of-no-step",
        2,
        "run digits.nir --chip loihi1 --input test.npz --samples 2 --timing queue --packets p.csv \
         --at 1@90",
    ),
    (
        "packets-unreadable",
        2,
        "run digits.nir --chip loihi1 --input test.npz --timing queue --packets p.csv --at first",
    ),
    ("mesh-packets-of-a-curve", 2, "mesh --chip loihi1 --burst 3"),
    (
        "mesh-too-large",
        4,
        "mesh --chip loihi1 --set mesh.width=512 --set mesh.height=512 --set mesh.cores_per_tile=2",
    ),
    ("mesh-without-times", 2, "mesh --chip truenorth"),
    ("csv-of-no-table", 2, "chip list --format csv"),
    // Results.
    ("out-in-no-folder", 2, "run digits.nir --chip loihi1 --input test.npz --out no/such/run"),
    ("out-unwritable", 2, "run digits.nir --chip loihi1 --input test.npz --out /proc/run"),
    ("out-in-a-file", 2, "run digits.nir --chip loihi1 --input test.npz --out stray.csv/run"),
    ("out-taken", 2, "run digits.nir --chip loihi1 --input test.npz --out taken"),
    ("out-no-run", 2, "run digits.nir --chip loihi1 --input test.npz --out taken --force"),
    ("counts-in-no-folder", 2, "run digits.nir --chip loihi1 --input test.npz --counts no/c.npz"),
    ("counts-over-input", 2, "run digits.nir --chip loihi1 --input test.npz --counts ./test.npz"),
    ("map-over-network", 2, "map digits.nir --chip loihi1 --picture digits.nir"),
    ("results-over-each-other", 2, "map digits.nir --chip loihi1 --out a.out --picture ./a.out"),
    // Probes.
    ("probe-unreadable", 2, "run digits.nir --chip loihi1 --input test.npz --out r --probe v[0"),
    (
        "probe-with-tail",
        2,
        "run digits.nir --chip loihi1 --input test.npz --out r --probe lif1.v[0..4]x",
    ),
    ("usage-as-json", 2, "map digits.nir --chip loihi1 --levrs --format json"),
    ("probe-population", 2, "run digits.nir --chip loihi1 --input test.npz --out r --probe lfi1.v"),
    ("probe-input", 2, "run digits.nir --chip loihi1 --input test.npz --out r --probe input.v"),
    ("probe-word", 2, "run digits.nir --chip loihi1 --input test.npz --out r --probe lif1.w"),
    (
        "probe-neurons",
        2,
        "run digits.nir --chip loihi1 --input test.npz --out r --probe lif2.v[8..11]",
    ),
    (
        "probe-steps",
        2,
        "run digits.nir --chip loihi1 --input test.npz --out r --probe lif1.v@20..40",
    ),
    (
        "probe-twice",
        2,
        "run digits.nir --chip loihi1 --input test.npz --out r --probe lif2.v --probe lif2.v[..10]",
    ),
    ("probe-without-out", 2, "run digits.nir --chip loihi1 --input test.npz --probe lif1.v"),
    // Learning.
    ("learn-unreadable", 2, "compile digits.nir --chip loihi1 --learn lif1"),
    ("learn-projection", 2, "compile digits.nir --chip loihi1 --learn fc9=pairwise_stdp"),
    ("learn-no-learning", 2, "compile digits.nir --chip loihi2 --learn lif1->lif2=pairwise_stdp"),
    ("learn-reward-word", 2, "compile digits.nir --chip loihi1 --learn lif1->lif2=pes"),
    ("learn-too-long-epoch", 2, "compile digits.nir --chip loihi1 --learn lif1->lif2=slow.rule"),
    (
        "learn-too-many-products",
        2,
        "compile digits.nir --chip few_products.ron --learn lif1->lif2=pairwise_stdp",
    ),
    ("reward-shape", 2, "run digits.nir --chip loihi1 --input reward_shape.npz"),
    ("reward-too-large", 2, "run digits.nir --chip loihi1 --input reward_large.npz"),
    ("probe-trace", 2, "run digits.nir --chip loihi1 --input test.npz --out r --probe lif1.y1"),
    ("rule-nonsense", 2, "rule check nonsense.rule"),
    // Run folders, programs, codes, usage.
    ("reprice-of-mesh", 2, "reprice bare --set mesh.width=4"),
    ("set-extends", 2, "chip check loihi1 --set extends=\"loihi2\""),
    ("reprice-out-taken", 2, "reprice bare --chip loihi1 --out taken"),
    ("reprice-no-run", 2, "reprice taken --chip loihi1"),
    ("retime-without-activity", 2, "retime bare"),
    ("retime-damaged-activity", 2, "retime damaged"),
    ("retime-on-another-mesh", 2, "retime damaged --set mesh.width=16"),
    ("program-of-other-chip", 2, "run loihi2.program --chip loihi1 --input test.npz"),
    ("program-cut-off", 2, "run cut.program --chip loihi1 --input test.npz"),
    ("unknown-code", 2, "explain QX999"),
    ("neuron-nonsense", 2, "neuron check nonsense.neuron"),
    ("neuron-input-out-of-range", 2, "neuron trace if_zero --input 0,9999999"),
    ("force-without-out", 2, "run digits.nir --chip loihi1 --input test.npz --force"),
    ("unknown-flag", 2, "run digits.nir --chip loihi1 --input test.npz --sample 3"),
];

/// Chip files that are Loihi 1 but for one line.
const CHIPS: &[(&str, &str)] = &[
    ("unknown_field.ron", "mesh: (width: 4, depth: 2),"),
    (
        "negative_price.ron",
        r#"prices: { neuron_active: (energy_pj: -8.1, spread: unknown,
        source: "a hope", standing: assumed) },"#,
    ),
    ("not_a_number.ron", "mesh: (links: (east_west: (latency_ns: NaN))),"),
    ("duplicate_key.ron", "mesh: (width: 4, width: 5),"),
    ("zero_mesh.ron", "mesh: (width: 0),"),
    ("few_products.ron", r#"core_types: { "neuro": (learning: (products: 1)) },"#),
];

/// Mappings of the digits network that are right but for one word.
const MAPPINGS: &[(&str, &str, &str)] = &[
    ("nonsense.ron", "holds: [", "holds ["),
    ("mapping_format.ron", "format: 1", "format: 9"),
    ("mapping_population.ron", "lif2", "lif3"),
    ("mapping_range.ron", "0-9", "0..9"),
    ("mapping_twice.ron", "\"0-9\"", "\"0-9, 5\""),
    ("mapping_core.ron", "core: 1,", "core: 128,"),
    ("mapping_beyond.ron", "0-9", "0-10"),
    ("mapping_entries.ron", "core: 1,", "core: 0,"),
    ("mapping_far.ron", "core: 1,", "core: 127,"),
];

const MAPPING: &str = r#"(
    format: 1, network: "digits", chip: "loihi1",
    cores: [
        // lif1 first
        (core: 0, holds: [(population: "lif1", neurons: "0-95")]),
        (core: 1, holds: [(population: "lif2", neurons: "0-9")]),
    ],
)
"#;

/// Adds up its input and has no bias.
const PLAIN: &str = "program plain\ninput a: s22 wrap\nstate v: s24\n\nv = clip(v + a, -9, 9)\n\
                     spike when v > 5 {\n    v = 0\n}\n";

/// Tables of spikes and packets.
fn write_tables(bench: &Bench) {
    bench.write("stray.csv", b"sample,step,neuron\n0,0,1\n0,3,64\n");
    bench.write("broken.csv", b"sample,step,neuron\n0,0,1\n0,three,64\n");
    let header = "time_ps,source,destination,flits";
    bench.write("headless_trace.csv", b"0,1,2,1\n");
    bench.write("broken_trace.csv", format!("{header}\n0,1,2,1\n5,1,two,1\n").as_bytes());
    bench.write("stray_trace.csv", format!("{header}\n0,1,2,1\n5,1,128,1\n").as_bytes());
    bench.write("far_sample.csv", b"sample,step,neuron\n0,0,0\n3000000,0,1\n");
    bench.write("good_trace.csv", format!("{header}\n0,0,127,1\n").as_bytes());
    bench.write("empty_packet.csv", format!("{header}\n0,1,2,0\n").as_bytes());
}

fn prepare() -> Bench {
    let bench = Bench::new();
    bench.copy("examples/digits_conv/digits_conv.nir", "digits_conv.nir");
    for (name, right, wrong) in MAPPINGS {
        assert!(MAPPING.contains(right), "{name}");
        bench.write(name, MAPPING.replacen(right, wrong, 1).as_bytes());
    }
    for name in
        ["not_hdf5", "dangling_edge", "wrong_shape", "nan_weight", "unknown_type", "empty_network"]
    {
        let file = format!("{name}.nir");
        bench.copy(&format!("tests/data/nir/findings/{file}"), &file);
    }
    for name in
        ["not_hdf5", "cut_off", "weight_fraction", "weight_range", "layer_missing", "layer_type"]
    {
        let file = format!("{name}.net");
        bench.copy(&format!("tests/data/lava/findings/{file}"), &file);
    }
    bench.copy("tests/data/lava/findings/neuron_type.net", "neuron_type.net");
    bench.copy("tests/data/lava/good/sdnn.net", "sdnn.net");
    for (name, line) in CHIPS {
        let text = format!("(\n    name: \"mine\",\n    extends: \"loihi1\",\n    {line}\n)\n");
        bench.write(name, text.as_bytes());
    }
    bench.write_spikes("narrow.npz", &[1, 20, 63], &[0; 20 * 63]);
    bench.write_spikes("empty.npz", &[0, 20, 64], &[]);
    let mut counts = [0; 20 * 64];
    counts[3 * 64 + 7] = 2;
    bench.write_spikes("counts.npz", &[1, 20, 64], &counts);
    for (name, rewards) in
        [("reward_shape.npz", &[0; 19][..]), ("reward_large.npz", &[1 << 31; 20])]
    {
        let mut archive = ArchiveWriter::default();
        archive.add_bytes("spikes", "|u1", &[1, 20, 64], &[1; 20 * 64]).expect("in memory");
        let values = rewards.iter().copied();
        archive.add_integers("reward", &[1, rewards.len()], values).expect("in memory");
        bench.write(name, &archive.finish().expect("in memory"));
    }
    let slow = "rule slow\nepoch 64\ntrace y1: u9, impulse 1\ndw = 2^-9*y1*x0\n";
    bench.write("slow.rule", slow.as_bytes());
    bench.write("nonsense.rule", b"rule nonsense\ndw = 2^-4*x1*y9\n");
    let rates = |lines: &str| format!("population,neuron,spikes,timesteps\n{lines}");
    for (folder, lines) in [("counted", "lif1,0,2,9\nlif1,2,1,9\n"), ("other", "lif1,0,2,9\n")] {
        std::fs::create_dir(bench.path(folder)).expect("a folder");
        bench.write(&format!("{folder}/rates.csv"), rates(lines).as_bytes());
    }
    write_tables(&bench);
    bench.write("plain.neuron", PLAIN.as_bytes());
    std::fs::create_dir(bench.path("taken")).expect("a new folder");
    bench.write("taken/thesis.txt", b"dear");
    bench.write("nonsense.neuron", b"program p\ninput a: s22 wrap\nstate v: s24\n\nv = w + a\n");
    for (run, more) in [("bare", ""), ("damaged", "--save-activity")] {
        let words =
            format!("run digits.nir --chip loihi1 --input test.npz --samples 1 --out {run}");
        assert_eq!(bench.run(&format!("{words} {more}")).code, Some(0));
    }
    let mut activity = std::fs::read(bench.path("damaged/activity.bin")).expect("activity");
    activity[100] ^= 1;
    bench.write("damaged/activity.bin", &activity);
    let compiled = bench.run("compile digits.nir --chip loihi2 --out loihi2.program --quiet");
    assert_eq!(compiled.code, Some(0), "{}", compiled.stderr);
    let program = std::fs::read(bench.path("loihi2.program")).expect("a program");
    bench.write("cut.program", &program[..program.len() / 2]);
    bench
}

#[test]
fn each_has_its_message_and_exit_code() {
    let bench = prepare();
    let before = bench.names();
    let mut wrong = Vec::new();
    for &(name, code, words) in CASES {
        let ended = bench.run(words);
        if ended.code != Some(code) || !ended.stdout.is_empty() {
            wrong.push(format!("{name}: {:?} with {:?}", ended.code, ended.stdout));
        }
        let text = format!("$ quarrion {words}\nexit {code}\n\n{}", ended.stderr);
        wrong.extend(golden(name, &text).err());
        assert_eq!(bench.names(), before, "{name} left something behind");
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), CASES.len(), wrong.join("\n\n"));
    assert_eq!(std::fs::read(bench.path("taken/thesis.txt")).expect("untouched"), b"dear");
}

/// With `--format json` each finding is one JSON object on stderr.
#[test]
fn findings_are_json_where_asked() {
    let bench = prepare();
    let ended = bench.run("run nan_weight.nir --chip loihi1 --input test.npz --format json");
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    let found: serde_json::Value = serde_json::from_str(&ended.stderr).expect("one JSON object");
    assert_eq!(found["code"], "QN008");
    let misfit = "compile digits.nir --chip loihi1 --set core_types.neuro.axons_in=32";
    let ended = bench.run(&format!("{misfit} --format json"));
    let last = ended.stderr.lines().last().expect("a line");
    let found: serde_json::Value = serde_json::from_str(last).expect("one JSON object");
    assert_eq!(ended.code, Some(3));
    let misfit = &found["does_not_fit"];
    let terms = misfit["demand"].as_array().expect("terms").iter();
    let sum: u64 = terms.map(|term| term["amount"].as_u64().expect("an amount")).sum();
    assert_eq!(misfit["total"], sum);
    // What is said to help does: levers are tried, and say on how many cores.
    let levers = misfit["levers"].as_array().expect("levers");
    assert!(!levers.is_empty());
    for lever in levers {
        let sets = lever["sets"].as_array().expect("sets");
        let sets: Vec<&str> = sets.iter().filter_map(|set| set.as_str()).collect();
        let mut command = bench.command();
        command.args("compile digits.nir --chip loihi1 --objective cores".split(' '));
        command.args("--strategy greedy --format json".split(' '));
        command.args(["--set", "core_types.neuro.axons_in=32"]);
        sets.iter().for_each(|set| {
            command.args(["--set", set]);
        });
        let ended = command.output().expect("the binary runs");
        let made: serde_json::Value = serde_json::from_slice(&ended.stdout).expect("it fits");
        assert_eq!(made["cores_used"], lever["cores"], "{sets:?}");
    }
}
