//! Our models against the reference, run by run.

use quarrion_emulator::mesh::{Detail, Ending, Fabric, Outcome, Traffic};
use quarrion_isa::diagnostic::Diagnostic;

use super::folder::{Folder, Problem, Run, traffic};
use super::settings::{CYCLE_PS, Setting, setting};

/// A timing model.
pub type Model = fn(&Fabric, &Traffic, Detail) -> Result<Outcome, Diagnostic>;

/// One run of ours beside one of the reference's.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The reference.
    pub run: Run,
    /// Our completion over theirs, minus one.
    pub completion: f64,
    /// Our mean latency over theirs, minus one.
    pub latency: f64,
    /// Packets with exactly the reference's times, and packets listed by it.
    pub exact: Option<(usize, usize)>,
}

/// Compares one outcome with one reference run.
///
/// # Errors
/// A broken packet list, or an outcome that is not complete.
pub fn compare(
    folder: &Folder,
    run: &Run,
    traffic: &Traffic,
    outcome: &Outcome,
) -> Result<Comparison, Problem> {
    if outcome.ending != Ending::Complete {
        return Err(format!("{} on {} does not end: {:?}", run.trace, run.router, outcome.ending));
    }
    let completion = (outcome.completion_ps / CYCLE_PS + 1) as f64;
    let latency = outcome.mean_latency_ps(traffic) / CYCLE_PS as f64;
    let exact = folder.packets(&run.trace, &run.router)?.map(|mut listed| {
        listed.sort_by_key(|arrival| arrival.source);
        let mut order: Vec<usize> = (0..traffic.packets.len()).collect();
        order.sort_by_key(|at| traffic.packets[*at].source);
        let same = listed.iter().zip(&order).filter(|(theirs, at)| {
            let ours = outcome.packets[**at];
            theirs.eject == ours.eject_ps / CYCLE_PS && theirs.inject == ours.inject_ps / CYCLE_PS
        });
        (same.count(), listed.len())
    });
    Ok(Comparison {
        run: run.clone(),
        completion: completion / run.completion as f64 - 1.0,
        latency: latency / run.latency - 1.0,
        exact,
    })
}

/// Runs a model on one reference run.
///
/// # Errors
/// A broken folder or an unknown router name.
pub fn model(model: Model, folder: &Folder, run: &Run) -> Result<Comparison, Problem> {
    let setting: &Setting =
        setting(&run.router).ok_or_else(|| format!("unknown router {}", run.router))?;
    let traffic = traffic(&folder.trace(&run.trace)?);
    let fabric = setting.mesh(run.side);
    let outcome = model(&fabric, &traffic, Detail::Packets).map_err(|e| e.to_string())?;
    compare(folder, run, &traffic, &outcome)
}
