//! The accuracy and speed tables, and the line that sums them up.

use std::fmt::Write;

use quarrion_emulator::mesh::Fidelity;

use super::compare::{Comparison, Spread, compare};
use super::curves::{CurveErrors, join};
use super::folder::{Folder, Problem};
use super::settings::{Mixed, SETTINGS, setting};
use super::speed::{Clocking, rate};

/// Every comparison of a folder, by model.
#[derive(Clone, Debug, Default)]
pub struct Accuracy {
    /// `cycle` against the reference.
    pub cycle: Vec<Comparison>,
    /// `queue` against the reference.
    pub queue: Vec<Comparison>,
}

/// Whether a setting counts in the figures of the last line: the flow control that others ship by
/// mistake does not, and one that draws random routes cannot be compared run by run.
fn judged(router: &str) -> bool {
    router != "sanafe" && setting(router).is_none_or(|setting| setting.mixed == Mixed::No)
}

impl Accuracy {
    /// Runs both models on every run of a folder.
    ///
    /// # Errors
    /// A broken folder, or a run that does not end.
    pub fn measure(folder: &Folder) -> Result<Self, Problem> {
        let mut all = Self::default();
        for run in folder.runs()? {
            all.cycle.push(compare(Fidelity::Cycle, folder, &run)?);
            all.queue.push(compare(Fidelity::Queue, folder, &run)?);
        }
        Ok(all)
    }

    /// Errors in completion over the judged settings.
    #[must_use]
    pub fn completion(list: &[Comparison]) -> Spread {
        let judged = list.iter().filter(|c| judged(&c.run.router));
        Spread::of(judged.map(|c| c.completion))
    }

    /// Errors in mean latency over the judged settings.
    #[must_use]
    pub fn latency(list: &[Comparison]) -> Spread {
        let judged = list.iter().filter(|c| judged(&c.run.router));
        Spread::of(judged.map(|c| c.latency))
    }

    /// The line that ends the command's output.
    #[must_use]
    pub fn last_line(&self) -> String {
        let (cycle, queue) = (Self::completion(&self.cycle), Self::completion(&self.queue));
        format!(
            "mesh: cycle completion {:.2}% {:.2}%, queue completion {:.2}% {:.2}%, \
             queue latency {:.2}%",
            cycle.mean,
            cycle.worst,
            queue.mean,
            queue.worst,
            Self::latency(&self.queue).mean
        )
    }

    /// A table with a row per router setting; figures are `mean / worst` in per cent.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = String::from(
            "errors against the reference in per cent, mean / worst over the runs of a setting\n",
        );
        let columns = [
            "law",
            "packets",
            "cycle compl.",
            "cycle lat.",
            "queue compl. 1",
            "queue \
            lat. 1",
            "queue compl. 4",
            "queue lat. 4",
        ];
        let _ = write!(text, "{:9} {:>4}", "router", "runs");
        for column in columns {
            let _ = write!(text, " {column:>15}");
        }
        text.push('\n');
        for setting in &SETTINGS {
            let row = self.row(setting.name);
            text.push_str(&row);
        }
        text.push_str(
            "law: zero-load packets off P (H + 1) + 2 + (L - 1), both models; packets: share with \
             the\nreference's very times in `cycle`; 1, 4: flits a packet. `sanafe` and the random \
             routes of\n`v2b4xyyx` do not count in the last line; of the latter, signed means:\n",
        );
        let _ = writeln!(text, "{}", self.random_routes());
        text
    }

    fn row(&self, router: &str) -> String {
        let of = |list: &[Comparison], flits: Option<u32>| -> Vec<Comparison> {
            let mine = |c: &&Comparison| {
                c.run.router == router && flits.is_none_or(|flits| (c.flits > 1) == (flits > 1))
            };
            list.iter().filter(mine).cloned().collect()
        };
        let all = of(&self.cycle, None);
        if all.is_empty() {
            return String::new();
        }
        let both = all.iter().chain(self.queue.iter().filter(|c| c.run.router == router));
        let lawless: usize = both.filter_map(|c| c.lawless).sum();
        let listed = all.iter().filter_map(|c| c.exact);
        let (same, count) = listed.fold((0, 0), |sum, e| (sum.0 + e.0, sum.1 + e.1));
        let share = match count {
            0 => "-".into(),
            _ => format!("{:.2}", 100.0 * same as f64 / count as f64),
        };
        let completion = |list: Vec<Comparison>| Spread::of(list.iter().map(|c| c.completion));
        let latency = |list: Vec<Comparison>| Spread::of(list.iter().map(|c| c.latency));
        format!(
            "{router:9} {:>4} {lawless:>15} {share:>15} {:>15} {:>15} {:>15} {:>15} {:>15} {:>15}\n",
            all.len(),
            completion(all.clone()),
            latency(all),
            completion(of(&self.queue, Some(1))),
            latency(of(&self.queue, Some(1))),
            completion(of(&self.queue, Some(4))),
            latency(of(&self.queue, Some(4))),
        )
    }

    fn random_routes(&self) -> String {
        let mean = |list: &[Comparison], value: fn(&Comparison) -> f64| {
            let mixed = list.iter().filter(|c| {
                setting(&c.run.router).is_some_and(|setting| setting.mixed == Mixed::Yes)
            });
            let values: Vec<f64> = mixed.map(value).collect();
            100.0 * values.iter().sum::<f64>() / values.len().max(1) as f64
        };
        format!(
            "cycle completion {:+.2}, latency {:+.2}; queue completion {:+.2}, latency {:+.2}",
            mean(&self.cycle, |c| c.completion),
            mean(&self.cycle, |c| c.latency),
            mean(&self.queue, |c| c.completion),
            mean(&self.queue, |c| c.latency)
        )
    }
}

/// A table of latency curves and saturation, a row per router setting.
///
/// # Errors
/// A broken folder.
pub fn curves(folder: &Folder) -> Result<String, Problem> {
    let curves = join(&folder.curves()?);
    let mut text = String::from(
        "latency curves up to twice the lowest latency, and saturation: errors in per cent, mean / worst\n",
    );
    let _ = writeln!(
        text,
        "{:9} {:>6} {:>15} {:>15} {:>15} {:>15}",
        "router", "curves", "cycle lat.", "cycle sat.", "queue lat.", "queue sat."
    );
    for setting in &SETTINGS {
        let mine: Vec<_> = curves.iter().filter(|c| c.router == setting.name).collect();
        if mine.is_empty() {
            continue;
        }
        let measure = |fidelity: Fidelity| -> Result<Vec<CurveErrors>, Problem> {
            mine.iter().map(|curve| curve.measure(fidelity)).collect()
        };
        let latency = |all: &[CurveErrors]| Spread::of(all.iter().flat_map(|e| e.latency.clone()));
        let saturation = |all: &[CurveErrors]| Spread::of(all.iter().map(|e| e.saturation));
        let (cycle, queue) = (measure(Fidelity::Cycle)?, measure(Fidelity::Queue)?);
        let _ = writeln!(
            text,
            "{:9} {:>6} {:>15} {:>15} {:>15} {:>15}",
            setting.name,
            mine.len(),
            latency(&cycle),
            saturation(&cycle),
            latency(&queue),
            saturation(&queue)
        );
    }
    Ok(text)
}

/// A table of speeds beside the reference's, millions a CPU second.
///
/// # Errors
/// A broken folder.
pub fn speeds(folder: &Folder) -> Result<String, Problem> {
    let mut text = String::from(
        "speed on one core, millions a CPU second: packets, flit-hops; the reference beside\n",
    );
    let _ =
        writeln!(text, "{:38} {:>16} {:>16} {:>16}", "trace/router", "queue", "cycle", "reference");
    for speed in folder.speeds()? {
        let Some((trace, router)) = speed.case.split_once('/') else { continue };
        let side = if trace.contains("_k16_") { 16 } else { 8 };
        let pair = |packets: f64, hops: f64| format!("{:.2} {:6.2}", packets / 1e6, hops / 1e6);
        let mut line = |name: &str, clocking: Clocking, reference: String| {
            let queue = rate(Fidelity::Queue, folder, trace, router, (side, clocking))?;
            let cycle = rate(Fidelity::Cycle, folder, trace, router, (side, clocking))?;
            let queue = pair(queue.packets, queue.flit_hops);
            let cycle = pair(cycle.packets, cycle.flit_hops);
            let _ = writeln!(text, "{name:38} {queue:>16} {cycle:>16} {reference:>16}");
            Ok::<(), Problem>(())
        };
        line(&speed.case, Clocking::Clocked, pair(speed.packets, speed.flit_hops))?;
        if router == "v1b4" {
            line("  the same with asynchronous routers", Clocking::Asynchronous, "-".into())?;
        }
    }
    Ok(text)
}
