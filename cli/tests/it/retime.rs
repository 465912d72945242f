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
