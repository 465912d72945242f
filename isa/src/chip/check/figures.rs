//! Decimal figures into integers: times, energies, powers, areas.

use super::super::file::{PriceFile, Spread, StageFigure};
use super::super::{Price, Stage};
use super::findings::Findings;
use crate::quantity::{Attojoules, Picoseconds, Picowatts};

/// The longest time that a chip file may give one event, so that sums of a run stay countable.
const LONGEST_NS: f64 = 1.0e9;
/// The largest energy that a chip file may give one event, for the same reason.
const LARGEST_PJ: f64 = 1.0e12;
/// The largest static power, for the same reason.
const LARGEST_MW: f64 = 1.0e9;

/// Whether the figure can be counted: finite, not negative, not beyond `largest`.
fn countable(found: &mut Findings, path: &str, figure: f64, largest: (f64, &str)) -> bool {
    if !figure.is_finite() {
        let message = format!("`{path}` is {figure}, but a figure is a finite number");
        found.error("QC023", path, message, "write a decimal number, or leave the entry out");
        return false;
    }
    if figure < 0.0 {
        let message = format!("`{path}` is {figure}, but a figure cannot be negative");
        found.error("QC022", path, message, "write zero or a positive number");
        return false;
    }
    if figure > largest.0 {
        let message = format!("`{path}` is {figure}, but at most {} can be counted", largest.1);
        found.error("QC024", path, message, "check the figure's measure: pJ, ns, mW or mm2");
        return false;
    }
    true
}

/// A time in ns as integer picoseconds.
pub(super) fn time(found: &mut Findings, path: &str, figure_ns: f64) -> Picoseconds {
    if !countable(found, path, figure_ns, (LONGEST_NS, "one second (1e9 ns)")) {
        return Picoseconds::ZERO;
    }
    Picoseconds::from_decimal(figure_ns).unwrap_or_default()
}

/// An energy in pJ as integer attojoules.
pub(super) fn energy(found: &mut Findings, path: &str, figure_pj: f64) -> Attojoules {
    if !countable(found, path, figure_pj, (LARGEST_PJ, "one joule (1e12 pJ)")) {
        return Attojoules::ZERO;
    }
    Attojoules::from_decimal(figure_pj).unwrap_or_default()
}

/// A power in mW as integer picowatts.
pub(super) fn power(found: &mut Findings, path: &str, figure_mw: f64) -> Picowatts {
    if !countable(found, path, figure_mw, (LARGEST_MW, "one megawatt (1e9 mW)")) {
        return Picowatts::ZERO;
    }
    Picowatts::from_decimal(figure_mw).unwrap_or_default()
}

/// An area in square millimetres, checked.
pub(super) fn area(found: &mut Findings, path: &str, figure_mm2: f64) -> f64 {
    countable(found, path, figure_mm2, (1.0e6, "a square metre (1e6 mm2)"));
    figure_mm2
}

/// Latency and occupancy of a stage.
pub(super) fn stage(found: &mut Findings, path: &str, figure: &StageFigure) -> Stage {
    Stage {
        latency: time(found, &format!("{path}.latency_ns"), figure.latency_ns),
        occupancy: time(found, &format!("{path}.occupancy_ns"), figure.occupancy_ns),
    }
}

/// A price with its bounds in order.
pub(super) fn price(found: &mut Findings, path: &str, file: &PriceFile) -> Price {
    let nominal = energy(found, &format!("{path}.energy_pj"), file.energy_pj);
    let bounds = match file.spread {
        Spread::Unknown => None,
        Spread::Range { low_pj, high_pj } => {
            let paths = [format!("{path}.spread.low_pj"), format!("{path}.spread.high_pj")];
            let low = energy(found, &paths[0], low_pj);
            let high = energy(found, &paths[1], high_pj);
            let ends = [
                (low_pj > file.energy_pj, &paths[0], low_pj, "above"),
                (high_pj < file.energy_pj, &paths[1], high_pj, "below"),
            ];
            for (wrong, end, figure, side) in ends {
                if wrong {
                    let message = format!(
                        "`{end}` is {figure}, {side} the nominal {}, but low <= nominal <= high",
                        file.energy_pj
                    );
                    let nominal = format!("{path}.energy_pj");
                    let help = "move the bound, or write `spread: unknown`";
                    found.clash("QC054", (end, &nominal), message, help);
                }
            }
            Some((low, high))
        }
    };
    Price { nominal, bounds, standing: file.standing, source: file.source.clone() }
}
