//! Both models against a reference simulator's runs.

use quarrion_emulator::mesh::Fidelity;
use quarrion_tests::booksim::compare::compare;
use quarrion_tests::booksim::folder::Folder;
use quarrion_tests::booksim::table::Accuracy;

fn committed() -> Folder {
    Folder::new(concat!(env!("CARGO_MANIFEST_DIR"), "/data/booksim"))
}

/// The figures that the accuracy command prints must not get worse.
#[test]
fn both_models_stay_as_close_to_the_reference_as_they_are() {
    let folder = committed();
    let mut all = Accuracy::default();
    for run in folder.runs().unwrap().into_iter().filter(|run| run.side == 8) {
        all.cycle.push(compare(Fidelity::Cycle, &folder, &run).unwrap());
        all.queue.push(compare(Fidelity::Queue, &folder, &run).unwrap());
    }
    assert!(all.cycle.len() > 100, "the committed subset has shrunk to {}", all.cycle.len());
    let listed: usize = all.cycle.iter().filter_map(|c| c.exact).map(|(_, count)| count).sum();
    assert!(listed > 5000, "only {listed} packets are listed one by one");
    for comparison in &all.cycle {
        let (trace, router) = (&comparison.run.trace, &comparison.run.router);
        if let Some((same, count)) = comparison.exact {
            assert_eq!(same, count, "cycle, {trace} on {router}: packets with other times");
        }
        if router != "v2b4xyyx" {
            assert!(comparison.completion.abs() < 1e-9, "cycle, {trace} on {router}");
        }
    }
    for comparison in all.cycle.iter().chain(&all.queue) {
        let (trace, router) = (&comparison.run.trace, &comparison.run.router);
        assert_eq!(comparison.lawless.unwrap_or(0), 0, "zero load, {trace} on {router}");
    }
    for (queue, cycle) in all.queue.iter().zip(&all.cycle) {
        let (trace, router) = (&queue.run.trace, &queue.run.router);
        assert!((queue.completion - cycle.completion).abs() < 1e-9, "queue, {trace} on {router}");
        assert!((queue.latency - cycle.latency).abs() < 1e-9, "queue, {trace} on {router}");
    }
    let long = all.queue.iter().filter(|queue| queue.flits > 1 && queue.run.router == "v2b4");
    assert!(long.count() > 2, "no long packets on several channels");
    let (queue, latency) = (Accuracy::completion(&all.queue), Accuracy::latency(&all.queue));
    assert!(queue.worst < 1e-9, "queue completion {queue}");
    assert!(latency.worst < 0.01, "queue latency {latency}");
}
