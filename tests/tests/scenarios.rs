//! Every scenario of `tests/scenarios` on every engine, and on the fast one in every way.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use quarrion_tests::engines::WAYS;
use quarrion_tests::scenario::{Engine, Scenario, check_scenario, load_scenarios};

fn main() -> ExitCode {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let scenarios = match load_scenarios(&folder) {
        Ok(scenarios) => scenarios,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let engines: Vec<Engine> =
        std::iter::once(Engine::Reference).chain(WAYS.map(Engine::Fast)).collect();
    let mut trials = Vec::new();
    for scenario in scenarios.into_iter().map(Arc::new) {
        for &engine in &engines {
            let name = match engine {
                Engine::Reference => format!("{} on reference", scenario.name),
                Engine::Fast(way) => format!("{}: {way}", scenario.name),
            };
            let scenario = Arc::clone(&scenario);
            trials.push(Trial::test(name, move || run(&scenario, engine)));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn run(scenario: &Scenario, engine: Engine) -> Result<(), Failed> {
    check_scenario(scenario, engine).map_err(Failed::from)
}
