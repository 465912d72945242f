//! Packets followed link by link: `--packets`.

use std::collections::BTreeMap;

use crate::bench::{Bench, Ended};
use crate::good_input::files;

const RUN: &str = "run digits.nir --chip loihi1 --input test.npz --samples 3";

fn good(ended: Ended) -> String {
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    ended.stdout
}

/// The rows of a table, by column.
fn table(bench: &Bench, name: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(bench.path(name)).expect("a table");
    reader.deserialize().collect::<Result<_, _>>().expect("rows")
}

fn number(row: &BTreeMap<String, String>, column: &str) -> u64 {
    row[column].parse().expect("a number")
}

/// Every packet is ready, goes on and arrives in this order, each wait is what the times say, and
/// the tables of links and timesteps say the same as the packets do one by one.
#[test]
fn packets_add_up_to_links_and_timesteps() {
    let bench = Bench::new();
    for timing in ["queue", "cycle"] {
        let words = format!("{RUN} --timing {timing} --packets p.csv --at ..@.. --out {timing}");
        good(bench.run(&words));
        let mut crossed: BTreeMap<String, u64> = BTreeMap::new();
        let mut last: BTreeMap<(u64, u64), (u64, u64)> = BTreeMap::new();
        let mut waited = 0;
        let rows = table(&bench, "p.csv");
        for packet in rows.chunk_by(|a, b| {
            ["sample", "step", "packet"].iter().all(|column| a[*column] == b[*column])
        }) {
            let events: Vec<&str> = packet.iter().map(|row| row["event"].as_str()).collect();
            assert_eq!(events[..2], ["ready", "inject"]);
            assert_eq!(events[events.len() - 3..], ["hop", "eject", "done"]);
            let times: Vec<u64> = packet.iter().map(|row| number(row, "time_ps")).collect();
            assert!(times.is_sorted(), "{packet:?}");
            assert_eq!(times[1] - times[0], number(&packet[1], "waited_ps"));
            for row in packet.iter().filter(|row| row["event"] == "hop") {
                // Both planes of a link are one row of the table of links.
                let link = row["place"].split(", plane").next().expect("a place");
                *crossed.entry(link.into()).or_default() += 1;
            }
            let own = packet.iter().filter(|row| !row["waited_ps"].is_empty());
            let own: u64 = own.map(|row| number(row, "waited_ps")).sum();
            waited += u64::from(own > 0);
            let step = (number(&packet[0], "sample"), number(&packet[0], "step"));
            let (count, done) = last.entry(step).or_default();
            (*count, *done) = (*count + 1, (*done).max(times[times.len() - 1]));
        }
        assert!(rows.len() > 1000 && waited > 100, "{} rows, {waited} packets wait", rows.len());
        for row in table(&bench, &format!("{timing}/links.csv")) {
            let link = format!("tile ({}, {}) {}", row["x"], row["y"], row["direction"]);
            assert_eq!(crossed.remove(&link), Some(number(&row, "packets")), "{link}");
        }
        assert!(crossed.keys().all(|link| link.starts_with("the mesh into")), "{crossed:?}");
        let steps = table(&bench, &format!("{timing}/steps.csv"));
        for row in steps.iter().filter(|row| row["packets"] != "0") {
            let step = (number(row, "sample"), number(row, "step"));
            assert_eq!(last[&step], (number(row, "packets"), number(row, "last_done_ps")));
        }
    }
}

/// A run, the same on the other engine, on two threads, and timed again follow the same packets;
/// the packet on the screen is that of the longest timestep.
#[test]
fn every_way_to_time_a_run_follows_the_same_packets() {
    let bench = Bench::new();
    let asked = "--packets p.csv --at 1..3@4..9";
    let words = format!("{RUN} --timing queue");
    good(bench.run(&format!("{words} {asked} --out a --save-activity")));
    let first = std::fs::read(bench.path("p.csv")).expect("packets");
    let steps = |at: &str| table(&bench, at).into_iter().map(|row| row["step"].clone());
    assert_eq!(steps("p.csv").min(), Some("4".into()));
    for again in [
        &format!("{words} {asked} --engine reference"),
        &format!("{words} {asked} --threads 2"),
        &format!("{words} {asked} --threads 5"),
        &format!("retime a {asked}"),
    ] {
        std::fs::remove_file(bench.path("p.csv")).expect("removed");
        good(bench.run(again));
        assert_eq!(std::fs::read(bench.path("p.csv")).expect("packets"), first, "{again}");
    }
    let said = |words: &str| -> serde_json::Value {
        serde_json::from_str(&good(bench.run(&format!("{words} --format json")))).expect("JSON")
    };
    let summary = said(&words);
    for again in [format!("{words} --engine reference"), "retime a".into()] {
        assert_eq!(said(&again)["last_packet"], summary["last_packet"], "{again}");
    }
    let rows = table(&bench, "a/steps.csv");
    let longest = rows.iter().rev().max_by_key(|row| number(row, "total_ps")).expect("a timestep");
    let last = &summary["last_packet"];
    assert_eq!(
        (&last["sample"], &last["step"]),
        (&number(longest, "sample").into(), &number(longest, "step").into())
    );
    assert_eq!(last["done_ps"], number(longest, "last_done_ps"));
    let path = last["path"].as_array().expect("links");
    let path: Vec<&str> = path.iter().filter_map(|leg| leg["link"].as_str()).collect();
    assert_eq!(path.join("; "), longest["last_path"]);
    assert!(said(&format!("{RUN} --timing count"))["last_packet"].is_null());
}

/// Timesteps of one sample are timed side by side: whatever a run keeps, the threads are not seen.
#[test]
fn one_sample_is_the_same_on_any_number_of_threads() {
    let bench = Bench::new();
    let words = "run digits.nir --chip loihi1 --input test.npz --samples 1";
    let kept = "--probe lif1.v --probe lif2.u[3]@7.. --spikes --save-activity";
    for asked in ["--timing queue", "--timing cycle --packets p.csv --at ..@3..9", "--timing count"]
    {
        let mut runs = Vec::new();
        for threads in 1..4 {
            let out = format!("run{threads}");
            let screen =
                bench.run(&format!("{words} {asked} {kept} --out {out} --threads {threads}"));
            let packets = std::fs::read(bench.path("p.csv")).ok();
            runs.push((good(screen), packets, files(&bench, &out)));
            std::fs::remove_dir_all(bench.path(&out)).expect("removed");
        }
        assert!(runs[0].2.iter().any(|(name, bytes)| name == "links.csv" && bytes.len() > 500));
        assert!(runs.windows(2).all(|pair| pair[0] == pair[1]), "{asked}");
    }
}

/// The network alone gives the same tables: every packet, and links that add up to them.
#[test]
fn bursts_are_followed_too() {
    let bench = Bench::new();
    let burst = "mesh --chip loihi1 --traffic bursts --burst 4 --packets p.csv --links l.csv";
    good(bench.run(&format!("{burst} --picture board.svg")));
    let rows = table(&bench, "p.csv");
    let of = |event: &str| rows.iter().filter(|row| row["event"] == event).count();
    assert_eq!((of("ready"), of("inject"), of("eject")), (512, 512, 512));
    let between =
        rows.iter().filter(|row| row["event"] == "hop" && row["place"].starts_with("tile"));
    let links = table(&bench, "l.csv");
    let packets: u64 = links.iter().map(|row| number(row, "packets")).sum();
    assert_eq!(packets, between.count() as u64);
    assert!(links.iter().any(|row| row["queue_mean_flits"] != "0.000000"));
    let svg = std::fs::read_to_string(bench.path("board.svg")).expect("a picture");
    assert!(svg.contains("most ahead"), "{svg:.200}");
    let curve = "mesh --chip loihi1 --cycles 200 --rates 0.1 --links c.csv";
    good(bench.run(curve));
    assert!(table(&bench, "c.csv").iter().any(|row| row["busy_share"].as_str() > "0.5"));
}

/// The host's packets go through its port one after the other, and `count` knows it.
#[test]
fn the_hosts_port_bounds_a_timestep() {
    let bench = Bench::new();
    let [count, queue] = ["count", "queue"].map(|timing| {
        let slow = "--objective cores --set mesh.links.tile.occupancy_ns=1000 --format json";
        let ended = bench.run(&format!("{RUN} --timing {timing} {slow}"));
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        serde_json::from_str::<serde_json::Value>(&ended.stdout).expect("a summary")
    });
    assert_eq!(count["bound_by"][0]["bound"], "port");
    let [count, queue] =
        [count, queue].map(|run| run["timestep_ps"]["mean"].as_f64().expect("a time"));
    assert!(count <= queue && queue < 1.01 * count, "{count} {queue}");
}
