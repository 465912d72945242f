//! Prints how close the timing models come to the reference simulator.

use quarrion_tests::booksim::compare::cycle;
use quarrion_tests::booksim::folder::Folder;

fn main() {
    let dir = std::env::args().nth(1).unwrap();
    let folder = Folder::new(dir);
    for run in folder.runs().unwrap() {
        let start = std::time::Instant::now();
        let c = cycle(&folder, &run).unwrap();
        println!(
            "{:9} {:32} completion {:7.3}% latency {:7.3}% exact {:?} {:.3}s",
            run.router,
            run.trace,
            100.0 * c.completion,
            100.0 * c.latency,
            c.exact,
            start.elapsed().as_secs_f64()
        );
    }
}
