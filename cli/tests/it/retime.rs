//! Runs timed again: `retime`.

use serde_json::Value;

use crate::bench::{Bench, Ended};

const RUN: &str = "run digits.nir --chip loihi1 --input test.npz --samples 5 --mapping map.ron";
/// Times that a run of the digits feels: links, routers, cores, barrier and host.
const SLOWER: &str = "--set mesh.links.east_west.latency_ns=41 --set mesh.links.tile.occupancy_ns=9 \
                      --set mesh.router=asynchronous(buffer_flits:1) --set host.port=(x:3,y:0)";

fn good(ended: Ended) -> String {
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    ended.stdout
}

/// Whatever can change without the function: the same bytes as a run on that chip.
#[test]
fn a_stored_run_is_timed_as_a_run_on_that_chip() {
    let bench = Bench::new();
    // Other times could make for another mapping.
    good(bench.run("map digits.nir --chip loihi1 --out map.ron"));
    let screen = good(bench.run(&format!("{RUN} --out a --save-activity")));
    assert_eq!(good(bench.run("retime a")), screen);
    for timing in ["count", "queue", "cycle"] {
        let direct = good(bench.run(&format!("{RUN} {SLOWER} --timing {timing} --format json")));
        for threads in [1, 2] {
            let words = format!("retime a {SLOWER} --timing {timing} --threads {threads}");
            assert_eq!(good(bench.run(&format!("{words} --format json"))), direct, "{words}");
        }
        let time =
            |text: &str| serde_json::from_str::<Value>(text).expect("JSON")["inference_ps"].clone();
        let stored = std::fs::read_to_string(bench.path("a/summary.json")).expect("a summary");
        assert_ne!(time(&direct), time(&stored), "the other times show");
    }
    // Both engines store the same bytes.
    good(bench.run(&format!("{RUN} --out b --save-activity --engine reference")));
    let stored =
        |run: &str| std::fs::read(bench.path(&format!("{run}/activity.bin"))).expect("bytes");
    assert_eq!(stored("a"), stored("b"));
}

/// The folder of a run timed again holds what a run on that chip writes; of one priced again, its
/// result; and both can be priced again.
#[test]
fn results_made_again_are_run_folders() {
    let bench = Bench::new();
    good(bench.run("map digits.nir --chip loihi1 --out map.ron"));
    good(bench.run(&format!("{RUN} --out a --save-activity")));
    let direct = good(bench.run(&format!("{RUN} {SLOWER} --timing queue --out direct")));
    let timed = format!("retime a {SLOWER} --timing queue --out timed");
    assert_eq!(good(bench.run(&timed)), direct);
    let read = |file: String| std::fs::read(bench.path(&file)).expect("a file of the folder");
    for file in [
        "record.json",
        "summary.json",
        "chip.ron",
        "kinds.csv",
        "links.csv",
        "populations.csv",
        "steps.csv",
        "mesh.svg",
        "report.html",
    ] {
        assert!(read(format!("timed/{file}")) == read(format!("direct/{file}")), "{file}");
    }
    assert_eq!(good(bench.run("reprice timed --chip timed/chip.ron")), direct);
    assert_eq!(bench.run(&timed).code, Some(2), "the name is taken");
    good(bench.run(&format!("{timed} --force")));
    let price = "prices.hop_tile.energy_pj=30";
    let priced = good(bench.run(&format!("reprice timed --set {price} --out priced")));
    assert_ne!(priced, direct);
    assert_eq!(good(bench.run("reprice priced --chip priced/chip.ron")), priced);
    let refused = bench.run("reprice timed --set mesh.width=4 --out half");
    assert_eq!((refused.code, bench.path("half").exists()), (Some(2), false));
}

/// What is broken by draws of the seed is broken when the run is timed again.
#[test]
fn drawn_faults_are_drawn_again() {
    let bench = Bench::new();
    let sets = "--set mesh.routing=table --samples 2";
    let run = format!("run digits.nir --chip loihi1 --input test.npz {sets} --timing queue");
    let broken = format!("{run} --set faults.drawn_links=10 --seed 3 --out a --save-activity");
    let screen = good(bench.run(&broken));
    assert_eq!(good(bench.run("retime a")), screen);
}
