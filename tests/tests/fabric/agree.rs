//! Random programs on random chips under every timing model.
//!
//! Every run checks in every timestep that sums agree link by link and router by router.

use std::num::NonZero;

use quarrion_emulator::time::Timing;
use quarrion_emulator::{Retiming, retime};
use quarrion_isa::chip::{Multicast, Planes, Routing, Topology};
use quarrion_tests::engines::{Way, run_fast};
use quarrion_tests::generate::Case;

const CASES: u64 = 300;
const FIRST: u64 = 0x000F_AB21;

#[test]
fn every_model_times_every_program_and_contention_never_saves_time() {
    let mut reached = [0_u64; 6];
    for seed in FIRST..FIRST + CASES {
        let case = Case::draw(seed);
        let (chip, program) = (&case.chip, &case.program);
        let way = Way::usual(1);
        let fast = run_fast(program, chip, &case.stimulus, (case.run_seed(), way)).unwrap();
        let populations = program.populations.len();
        let mut before = fast.ledger;
        for timing in [Timing::Queue, Timing::Cycle] {
            let retiming = Retiming::by(timing, NonZero::<usize>::MIN);
            let timed = retime(&fast.activity, chip, populations, &retiming).map(|(own, _)| own);
            let timed = timed.unwrap_or_else(|error| panic!("seed {seed}, {timing:?}: {error}"));
            assert_eq!(timed.total, before.total, "seed {seed}, {timing:?}: events");
            assert_eq!(timed.links, before.links, "seed {seed}, {timing:?}: links");
            for (free, held) in before.steps.iter().zip(&timed.steps) {
                if timing == Timing::Queue {
                    let (free, held) = (free.time.total(), held.time.total());
                    assert!(
                        free <= held,
                        "seed {seed}: {held:?} with contention, {free:?} without"
                    );
                    reached[0] += u64::from(held > free);
                }
            }
            if timing == Timing::Queue {
                before = timed;
            }
        }
        let branches = chip.mesh.multicast != Multicast::Copies;
        let hops: u64 = before.steps.iter().map(|step| step.hops).sum();
        if hops > 0 {
            reached[1] += u64::from(branches);
            reached[2] += u64::from(chip.mesh.routing == Routing::Table);
            reached[3] += u64::from(chip.mesh.topology == Topology::Torus);
            reached[4] += u64::from(matches!(chip.mesh.planes, Planes::Alternate(_)));
            reached[5] += u64::from(chip.mesh.routing == Routing::XyYx);
        }
    }
    println!(
        "{CASES} cases: {} timesteps held up; with hops: {} branching, {} by table, {} on a torus, \
         {} on two planes, {} mixed",
        reached[0], reached[1], reached[2], reached[3], reached[4], reached[5]
    );
    assert!(reached.iter().all(|count| *count > 8), "{reached:?}");
}
