//! Stored activity: it reads back as it was, another chip's times change it as a run on that chip
//! does, and no damage to it ends in a panic.

use std::num::NonZero;

use quarrion_boards::load_chip;
use quarrion_emulator::time::{Following, Timing};
use quarrion_emulator::{Retiming, RunOutcome, check_retimable, is_coupled, retime};
use quarrion_isa::activity::{
    Activity, CoreActivity, Destination, Segment, decode_activity, encode_activity,
};
use quarrion_isa::chip::{Chip, LinkClass, SynapseFormatKind, Synchronisation};
use quarrion_isa::id::{AxonInId, CoreId, PopulationId};
use quarrion_isa::ledger::Ledger;
use quarrion_isa::quantity::Picoseconds;
use quarrion_isa::random::philox;
use quarrion_tests::engines::{Way, run_fast};
use quarrion_tests::generate::Case;

/// Seeds of the cases, apart from those of the other tests.
const FIRST: u64 = 0x00AC_7140;
const CASES: u64 = 60;
/// Damaged records and damaged files of each case.
const DAMAGED: u32 = 40;

fn threads(count: usize) -> NonZero<usize> {
    NonZero::new(count).expect("not zero")
}

fn case(number: u64) -> (Case, RunOutcome) {
    let case = Case::draw(FIRST + number);
    let (program, chip, stimulus) = (&case.program, &case.chip, &case.stimulus);
    let fast = run_fast(program, chip, stimulus, (case.run_seed(), Way::usual(2)));
    let fast = fast.unwrap_or_else(|error| panic!("case {number}: {error}"));
    (case, fast)
}

/// The same chip with other times.
fn slower(chip: &Chip) -> Chip {
    let mut chip = chip.clone();
    for class in [LinkClass::EastWest, LinkClass::NorthSouth] {
        let link = &mut chip.mesh.links[class as usize];
        link.latency.0 += 700;
        link.occupancy.0 += 1300;
    }
    for kind in &mut chip.core_types {
        kind.services.axon_in.occupancy.0 += 2100;
        kind.services.neuron_active.occupancy.0 += 900;
    }
    chip.host.spike_in.occupancy = Picoseconds(400);
    chip
}

/// What a record can tell: nothing of samples without a timestep.
fn told(ledger: &Ledger) -> Ledger {
    let mut ledger = ledger.clone();
    ledger.samples.retain(|sample| sample.steps > 0);
    ledger
}

#[test]
fn timed_again_is_timed_in_a_run_on_that_chip() {
    let mut changed = 0;
    for number in 0..CASES {
        let (case, fast) = case(number);
        if fast.activity.is_empty() || is_coupled(&case.chip) {
            // Without a timestep a record knows no core; where time feeds back it is refused.
            continue;
        }
        let populations = case.program.populations.len();
        let bytes = encode_activity("its program", populations as u32, &fast.activity);
        let bytes = bytes.expect("a small record");
        let (head, read) = decode_activity(&bytes).expect("just written");
        assert_eq!((head.program.as_str(), &read), ("its program", &fast.activity));
        let again = |chip: &Chip, count: usize| {
            check_retimable(&case.chip, chip).expect("only times differ");
            let ledger =
                retime(&read, chip, populations, &Retiming::by(Timing::Count, threads(count)));
            ledger.unwrap_or_else(|error| panic!("case {number}: {error}"))
        };
        assert_eq!(again(&case.chip, 1).0, told(&fast.ledger), "case {number}");
        let chip = slower(&case.chip);
        let (seed, way) = (case.run_seed(), Way::usual(1));
        let direct = run_fast(&case.program, &chip, &case.stimulus, (seed, way)).expect("runs");
        for count in [1, 2, 5] {
            let (ledger, extent) = again(&chip, count);
            assert_eq!(ledger, told(&direct.ledger), "case {number} on {count} threads");
            assert_eq!(extent, direct.extent);
        }
        changed += u64::from(direct.ledger.steps != fast.ledger.steps);
    }
    assert!(changed > CASES / 2, "other times show in {changed} of {CASES} cases only");
}

/// Every packet's time is in the histogram, and flits wait on links that carried some only; the
/// number of threads changes neither.
#[test]
fn waits_are_counted_once_for_every_packet() {
    let (mut waiting, mut followed) = (0, 0);
    for number in 0..CASES {
        let (case, fast) = case(number);
        let populations = case.program.populations.len();
        let time = |following: Following, count: usize| {
            let retiming = Retiming { following, ..Retiming::by(Timing::Queue, threads(count)) };
            retime(&fast.activity, &case.chip, populations, &retiming).map(|(ledger, _)| ledger)
        };
        let every = Following::Every { samples: 0..2, steps: 1..4 };
        for following in [Following::Last, every, Following::Longest] {
            let alone = time(following.clone(), 1);
            for count in [2, 3] {
                assert_eq!(time(following.clone(), count), alone, "case {number}, {following:?}");
            }
        }
        let ledger = time(Following::Longest, 1);
        let ledger = ledger.unwrap_or_else(|error| panic!("case {number}: {error}"));
        followed += ledger.lasts.len();
        let dropped = ledger.faults.dropped > 0;
        let packets: u64 = ledger.steps.iter().map(|row| row.packets).sum();
        assert!(dropped || ledger.latencies.count() == packets, "case {number}: {packets} packets");
        for row in &ledger.queues {
            let carried = ledger.links.iter().find(|link| link.link == row.link);
            assert!(carried.is_some_and(|link| link.flits >= u64::from(row.ahead_flits_max)));
            waiting += u64::from(row.waiting_flit_ps > 0);
        }
    }
    assert!(waiting > 20, "flits waited on {waiting} links only");
    assert!(followed > CASES as usize, "{followed} packets were followed");
}

/// One timestep of very many packets on a large mesh: its regions advance side by side on the
/// threads that have nothing else to do, with the same result.
#[test]
fn a_very_large_timestep_is_the_same_on_any_number_of_threads() {
    let sets = ["mesh.width=16", "mesh.height=16"].map(String::from);
    let chip = load_chip("loihi1", &sets).unwrap_or_else(|error| panic!("{error}")).chip;
    let mut record = Activity::default();
    let cores = chip.cores.len() as u32;
    for core in 0..cores {
        let draw = |n: u32| philox([8, 8], [core, n, 0, 0])[0] % cores;
        let to = |n: u32| Destination {
            core: CoreId(draw(n)),
            axon: AxonInId(0),
            words: 2,
            synaptic_ops: 3,
            format: SynapseFormatKind::Sparse,
        };
        record.destinations.extend((0..17).map(to));
        record.segments.push(Segment {
            population: PopulationId(0),
            end: 1,
            inactive: 0,
            active: 1,
            spiking: 1,
            instructions: 0,
            destinations: 17,
            payload_bits: 0,
        });
        record.cores.push(CoreActivity {
            core: CoreId(core),
            first_segment: core,
            segments: 1,
            plastic_visits: 0,
            trace_updates: 0,
        });
    }
    let time = |count: usize| {
        retime(&[record.clone()], &chip, 1, &Retiming::by(Timing::Queue, threads(count)))
    };
    let alone = time(1);
    let packets = alone.as_ref().expect("it is timed").0.latencies.count();
    assert!(packets > 1 << 14, "{packets} packets");
    for count in [2, 3] {
        assert!(time(count) == alone, "{count} threads");
    }
}

#[test]
fn what_changes_more_than_times_is_refused() {
    let (case, _) = case(0);
    let changed = |change: fn(&mut Chip)| {
        let mut chip = case.chip.clone();
        change(&mut chip);
        check_retimable(&case.chip, &chip).map_err(|found| found.code)
    };
    assert_eq!(changed(|chip| chip.name = "other".into()), Ok(()));
    assert_eq!(changed(|chip| chip.mesh.width += 1), Err("QE025"));
    assert_eq!(changed(|chip| chip.core_types[0].compartments += 1), Err("QE025"));
    assert_eq!(changed(|chip| chip.core_types[0].weights.input_shift += 1), Err("QE025"));
    assert_eq!(changed(|chip| chip.core_types[0].lanes += 1), Ok(()));
    let period = Picoseconds(1);
    let free = Synchronisation::FreeRunning { period };
    let mut chip = case.chip.clone();
    chip.synchronisation = free;
    assert_eq!(check_retimable(&chip, &chip).map_err(|found| found.code), Err("QE025"));
}

/// Draws for one damage.
struct Draws {
    key: [u32; 2],
    next: u32,
}

impl Draws {
    fn word(&mut self) -> u32 {
        self.next += 1;
        philox(self.key, [self.next, 0, 0, 0])[0]
    }

    fn below(&mut self, bound: usize) -> usize {
        ((u64::from(self.word()) * bound as u64) >> 32) as usize
    }

    /// A number near 0, near the largest, or anything.
    fn wild(&mut self) -> u32 {
        match self.below(3) {
            0 => self.below(4) as u32,
            1 => u32::MAX - self.below(4) as u32,
            _ => self.word(),
        }
    }
}

/// Changes one figure of one record.
fn damage(records: &mut [Activity], draws: &mut Draws) {
    let at = draws.below(records.len());
    let record = &mut records[at];
    let value = draws.wild();
    let (cores, segments) = (record.cores.len(), record.segments.len());
    let destinations = record.destinations.len();
    match draws.below(6) {
        0 if cores > 0 => {
            let core = &mut record.cores[draws.below(cores)];
            match draws.below(5) {
                0 => core.core.0 = value,
                1 => core.first_segment = value,
                2 => core.segments = value,
                3 => core.plastic_visits = value,
                _ => core.trace_updates = value,
            }
        }
        1 if segments > 0 => {
            let segment = &mut record.segments[draws.below(segments)];
            match draws.below(7) {
                0 => segment.population.0 = value,
                1 => segment.inactive = value,
                2 => segment.active = value,
                3 => segment.spiking = value,
                4 => segment.instructions = value,
                5 => segment.payload_bits = value,
                _ => segment.destinations = value,
            }
        }
        2 | 3 if destinations > 0 => {
            let one = &mut record.destinations[draws.below(destinations)];
            match draws.below(3) {
                0 => one.core.0 = value,
                1 => one.words = value,
                _ => one.synaptic_ops = value,
            }
        }
        4 => record.host.spikes_out = value,
        5 => record.host.state_resets = value,
        _ => record.step = value,
    }
}

#[test]
fn damaged_records_and_files_are_refused_or_timed_but_never_panic() {
    let (mut refused, mut timed, mut unread) = (0, 0, 0);
    for number in 0..CASES / 2 {
        let (case, fast) = case(number);
        let populations = case.program.populations.len();
        if fast.activity.is_empty() {
            continue;
        }
        let bytes = encode_activity("p", populations as u32, &fast.activity).expect("small");
        for which in 0..DAMAGED {
            let mut draws = Draws { key: [which, number as u32], next: 0 };
            let mut records = fast.activity.clone();
            damage(&mut records, &mut draws);
            let timing = if which % 4 == 0 { Timing::Queue } else { Timing::Count };
            match retime(&records, &case.chip, populations, &Retiming::by(timing, threads(1))) {
                Ok(_) => timed += 1,
                // What contradicts itself.
                Err(found) => refused += usize::from(found.code == "QE023"),
            }
            let mut file = bytes.clone();
            let body = file.len() - 32;
            file[draws.below(body)] ^= 1 << draws.below(8);
            assert!(decode_activity(&file).is_err(), "its hash does not match");
            // With a hash that matches, the checks behind it have to hold.
            let hash = blake3::hash(&file[..body]);
            file[body..].copy_from_slice(hash.as_bytes());
            unread += usize::from(decode_activity(&file).is_err());
            file.truncate(draws.below(file.len()));
            assert!(decode_activity(&file).is_err(), "it is cut off");
        }
    }
    assert!(refused > 100 && timed > 100 && unread > 100, "{refused} {timed} {unread}");
}
