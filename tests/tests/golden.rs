//! Vectors of public emulators on both engines, bit for bit.
//!
//! `QUARRION_GOLDEN=DIR` adds a folder of further vector files of the same shapes. The last line is
//! `golden: C cases, S steps, V values, M mismatches`: cases compared, their recorded steps and
//! values (each value compared on the reference engine and on the fast one with 1 and 3 threads,
//! hand-written kernels and interpreter, idle neurons passed over and updated), and values that
//! differ on any of them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use quarrion_tests::golden::{FileReport, check_folder, check_text};

fn main() -> ExitCode {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("golden")];
    folders.extend(std::env::var_os("QUARRION_GOLDEN").map(PathBuf::from));
    let mut total = FileReport { name: "golden".to_owned(), ..FileReport::default() };
    let mut good = refusals();
    for folder in &folders {
        match check_folder(folder) {
            Ok(reports) => {
                for report in &reports {
                    print_report(report);
                    total.add(report);
                }
            }
            Err(error) => {
                println!("failed: {error}");
                good = false;
            }
        }
    }
    if total.skipped == 0 {
        println!("failed: no idle update was passed over");
        good = false;
    }
    println!("{} updates of idle neurons passed over", total.skipped);
    println!("{total}");
    if good && total.cases > 0 && total.mismatches == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn print_report(report: &FileReport) {
    println!("{report}");
    for (id, first) in &report.wrong {
        println!("  {id}: {first}");
    }
    let mut reasons: Vec<&str> = report.left.iter().map(|(_, why)| *why).collect();
    reasons.dedup();
    for why in reasons {
        let ids: Vec<&str> = report
            .left
            .iter()
            .filter(|(_, reason)| *reason == why)
            .map(|(id, _)| id.as_str())
            .collect();
        println!("  not compared, {why}: {} cases ({})", ids.len(), ids.join(", "));
    }
}

/// The harness itself: what it must refuse, and a wrong digit that it must see.
fn refusals() -> bool {
    let case = |u: i32| {
        format!(
            r#"{{"source": "brian2-loihi", "cases": [{{"id": "planted", "sign_mode": 1,
                "num_weight_bits": 8, "w_exp": 0, "mantissa": [100],
                "expected": {{"w_act": [{u}]}}}}]}}"#
        )
    };
    let found = |name: &str, text: &str| check_text(name, text).map(|report| report.mismatches);
    let mut good = true;
    let mut demand = |what: &str, holds: bool| {
        if !holds {
            println!("failed: {what}");
            good = false;
        }
    };
    let name = "loihi1_brian2.json";
    demand("a right value passes", found(name, &case(6400)) == Ok(0));
    demand("a wrong value is seen on each of seven runs", found(name, &case(6464)) == Ok(7));
    let no_cases = r#"{"source": "brian2-loihi", "cases": []}"#;
    demand("a file without cases fails", found(name, no_cases).is_err());
    demand("an unknown name fails", found("other.json", &case(6400)).is_err());
    demand("a source that is not the name's fails", found("lava_lif.json", &case(6400)).is_err());
    good
}
