//! Our models against the reference, run by run.

use quarrion_emulator::mesh::{Destination, Detail, Ending, Fidelity, Outcome, Traffic};

use super::folder::{Folder, Problem, Run, traffic};
use super::settings::{CYCLE_PS, Setting, setting};

/// One run of ours beside one of the reference's.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The reference.
    pub run: Run,
    /// Longest packet.
    pub flits: u32,
    /// Our completion over theirs, minus one.
    pub completion: f64,
    /// Our mean latency over theirs, minus one.
    pub latency: f64,
    /// Packets with exactly the reference's times, and packets listed by it.
    pub exact: Option<(usize, usize)>,
    /// Packets of a zero-load trace whose latency does not follow the law; `None` for others.
    pub lawless: Option<usize>,
}

/// Runs a model on one reference run.
///
/// # Errors
/// A broken folder, an unknown router name, or a run that does not end.
pub fn compare(fidelity: Fidelity, folder: &Folder, run: &Run) -> Result<Comparison, Problem> {
    let setting = setting(&run.router).ok_or_else(|| format!("unknown router {}", run.router))?;
    let traffic = traffic(&folder.trace(&run.trace)?);
    let mut model = fidelity.model(&setting.mesh(run.side)).map_err(|e| e.to_string())?;
    let outcome = model.run(&traffic, Detail::Packets).map_err(|e| e.to_string())?;
    if outcome.ending != Ending::Complete {
        return Err(format!("{} on {} does not end: {:?}", run.trace, run.router, outcome.ending));
    }
    let completion = (outcome.completion_ps / CYCLE_PS + 1) as f64;
    let latency = outcome.mean_latency_ps(&traffic) / CYCLE_PS as f64;
    let zero = run.trace.starts_with("zero");
    Ok(Comparison {
        flits: traffic.packets.iter().map(|packet| packet.flits).max().unwrap_or(0),
        completion: completion / run.completion as f64 - 1.0,
        latency: latency / run.latency - 1.0,
        exact: exact(folder, run, &traffic, &outcome)?,
        lawless: zero.then(|| lawless(setting, run.side, &traffic, &outcome)),
        run: run.clone(),
    })
}

fn exact(
    folder: &Folder,
    run: &Run,
    traffic: &Traffic,
    outcome: &Outcome,
) -> Result<Option<(usize, usize)>, Problem> {
    let Some(mut listed) = folder.packets(&run.trace, &run.router)? else { return Ok(None) };
    // Both in the order in which a source sends; the lists mix the sources differently.
    listed.sort_by_key(|arrival| arrival.source);
    let mut order: Vec<usize> = (0..traffic.packets.len()).collect();
    order.sort_by_key(|at| traffic.packets[*at].source);
    if listed.len() != order.len() {
        return Err(format!("{} lists {} packets of {}", run.trace, listed.len(), order.len()));
    }
    let same = listed.iter().zip(&order).filter(|(theirs, at)| {
        let ours = outcome.packets[**at];
        theirs.eject == ours.eject_ps / CYCLE_PS && theirs.inject == ours.inject_ps / CYCLE_PS
    });
    Ok(Some((same.count(), listed.len())))
}

/// Packets that do not take `P (H + 1) + 2 + (L - 1)` cycles. A packet longer than a buffer waits
/// for credits even on an empty mesh, so the law says nothing about it.
fn lawless(setting: &Setting, side: u32, traffic: &Traffic, outcome: &Outcome) -> usize {
    let packets = traffic.packets.iter().zip(&outcome.packets);
    let broken = packets.filter(|(packet, times)| {
        let Destination::Port(to) = packet.destination else { return true };
        let from = packet.source.0;
        let hops = (from % side).abs_diff(to.0 % side) + (from / side).abs_diff(to.0 / side);
        let cycles = setting.cycles_per_hop() * u64::from(hops + 1) + 1 + u64::from(packet.flits);
        packet.flits <= setting.buffer && times.eject_ps - packet.inject_ps != cycles * CYCLE_PS
    });
    broken.count()
}

/// Mean and worst of absolute values, in per cent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spread {
    /// Mean.
    pub mean: f64,
    /// Worst.
    pub worst: f64,
    /// How many values.
    pub count: usize,
}

impl Spread {
    /// Collects errors, which are given as fractions.
    #[must_use]
    pub fn of(errors: impl Iterator<Item = f64>) -> Self {
        let mut spread = Self::default();
        let mut sum = 0.0;
        for error in errors {
            sum += error.abs();
            spread.worst = spread.worst.max(100.0 * error.abs());
            spread.count += 1;
        }
        spread.mean = 100.0 * sum / spread.count.max(1) as f64;
        spread
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.count == 0 {
            return f.pad("-");
        }
        f.pad(&format!("{:.2} / {:.2}", self.mean, self.worst))
    }
}
