//! Random programs on the reference engine and on the fast one: same spikes, state, activity and
//! counts, on any number of threads, with hand-written kernels or interpreted, with idle neurons
//! passed over or updated.
//!
//! `QUARRION_CASES=N` runs N cases instead of 2,000; `QUARRION_CASE=SEED` runs the case of one
//! seed, as a failure names it.

use quarrion_tests::engines::{WAYS, compare, run_fast, run_reference};
use std::collections::BTreeMap;

use quarrion_isa::neuron::Idling;

use quarrion_tests::generate::{Case, Coverage, Dice, damage};

const CASES: u64 = 2_000;
/// Seeds of the cases: this one and those that follow.
const FIRST: u64 = 0x0051_A110;

/// A number from the environment.
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().expect("a number"))
}

/// Runs one case on everything.
fn run_case(seed: u64, coverage: &mut Coverage) -> Result<(), String> {
    let case = Case::draw(seed);
    let Case { chip, program, stimulus, .. } = &case;
    let truth = run_reference(program, chip, stimulus, case.run_seed())
        .map_err(|error| format!("reference: {error}"))?;
    let mut skipped = 0;
    for way in WAYS {
        let wrong = |error| format!("{way}: {error}");
        let fast = run_fast(program, chip, stimulus, (case.run_seed(), way)).map_err(wrong)?;
        compare(program, &truth, &fast).map_err(wrong)?;
        match way.lanes.idle {
            Idling::Update if fast.skipped_updates > 0 => return Err(wrong("skipped".into())),
            Idling::Update => {}
            Idling::Skip => skipped = fast.skipped_updates,
        }
    }
    coverage.note(&case, &truth, skipped);
    Ok(())
}

#[test]
fn both_engines_agree_on_random_programs() {
    let mut coverage = Coverage::default();
    if let Some(seed) = number("QUARRION_CASE") {
        run_case(seed, &mut coverage).unwrap_or_else(|error| panic!("case {seed}: {error}"));
        return;
    }
    let cases = number("QUARRION_CASES").unwrap_or(CASES);
    let mut failures = Vec::new();
    for seed in FIRST..FIRST + cases {
        if let Err(error) = run_case(seed, &mut coverage) {
            failures.push(format!("QUARRION_CASE={seed}: {error}"));
        }
    }
    print!("{}", coverage.table());
    let shown = failures.iter().take(5).cloned().collect::<Vec<_>>().join("\n");
    assert!(failures.is_empty(), "{} of {cases} cases differ:\n{shown}", failures.len());
    assert_eq!(coverage.gaps(), Vec::<&str>::new(), "too few cases reach these");
}

/// A program file that somebody damaged never makes an engine panic: it is refused, or it still
/// makes sense and both engines agree about it.
#[test]
fn damaged_programs_are_refused_or_agreed_about() {
    let mut refused: BTreeMap<&str, [u32; 2]> = BTreeMap::new();
    let mut failures = Vec::new();
    for seed in FIRST..FIRST + CASES {
        let mut case = Case::draw(seed);
        let kind = damage(&mut Dice::new(seed), &mut case.program);
        let Case { chip, program, stimulus, .. } = &case;
        let truth = run_reference(program, chip, stimulus, case.run_seed());
        let fast = run_fast(program, chip, stimulus, (case.run_seed(), WAYS[1]));
        let row = refused.entry(kind).or_default();
        row[0] += 1;
        row[1] += u32::from(truth.is_err());
        if let (Ok(truth), Ok(fast)) = (truth, fast)
            && let Err(error) = compare(program, &truth, &fast)
        {
            failures.push(format!("seed {seed}, {kind}: {error}"));
        }
    }
    println!("damaged, and refused by the reference: {refused:?}");
    let shown = failures.iter().take(5).cloned().collect::<Vec<_>>().join("\n");
    assert!(failures.is_empty(), "{} of {CASES} cases differ:\n{shown}", failures.len());
    let all: u32 = refused.values().map(|row| row[1]).sum();
    assert!(u64::from(all) > CASES / 4, "only {all} of {CASES} were refused");
}
