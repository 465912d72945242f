//! The summary on one screen.

use comfy_table::{CellAlignment, Table, presets};
use quarrion_isa::program::Role;

use crate::figures;
use crate::summary::{EnergyReport, LinkReport, Range, RunReport, ratio};

/// Layers that the screen has room for.
const LAYERS: usize = 8;
/// Links that the screen has room for.
const LINKS: usize = 3;
/// Waits of a packet that the screen has room for.
const WAITS: usize = 3;
/// Columns that the screen has.
const WIDTH: usize = 100;
/// Columns before a wrapped list.
const INDENT: usize = 12;
const NOT_MODELLED: &str = "not modelled";

impl RunReport {
    /// The summary as text for a terminal: at most a screen.
    #[must_use]
    pub fn to_text(&self) -> String {
        let parts = [
            self.heading(),
            self.layer_table(),
            self.energy_table(),
            self.phase_table(),
            self.link_table(),
            self.end(),
        ];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        parts.join("\n")
    }

    fn heading(&self) -> String {
        let priced = match &self.prices_of {
            same if *same == self.chip => String::new(),
            other => format!(" with the prices of {other}"),
        };
        let mut lines = vec![
            format!("{} on {}{priced}, {} samples", self.network, self.chip, self.samples),
            String::new(),
        ];
        let counts = self.faults.named().into_iter().filter(|&(_, count)| count > 0);
        let wrong: Vec<String> = counts.map(|(name, count)| format!("{name}: {count}")).collect();
        if !wrong.is_empty() {
            lines.push(wrapped("went wrong", ", ", &wrong));
        }
        if let Some(overload) = &self.overload {
            let said = [overload.told.clone(), overload.advice.clone()];
            lines.push(wrapped("overloaded", "; ", &said));
        }
        let mut line = |name: &str, figure: String, rest: String| {
            lines.push(format!("  {name:<10} {figure:<14} {rest}").trim_end().to_owned());
        };
        match (self.accuracy, self.correct) {
            (Some(accuracy), Some(correct)) => {
                let of = format!("{correct} of {} right", self.samples);
                line("accuracy", figures::share(accuracy), of);
            }
            _ => line("accuracy", "unknown".into(), "the input has no labels".into()),
        }
        let of = format!("{} of {}", self.cores_used, self.cores_available);
        line("cores", of, format!("fullest: {}", self.fullest()));
        let memory = self.resources.iter().find(|r| r.resource == "synapse_memory_bits");
        let kib = |bits: u64| format!("{:.1} KiB", bits as f64 / 8192.0);
        let (used, there) = memory.map_or((0, 0), |memory| (memory.used, memory.available));
        let rest = format!("of {} synapse memory in the used cores", kib(there));
        line("memory", kib(used), rest);
        let step = &self.timestep_ps;
        line(
            "timestep",
            figures::time(step.mean),
            format!("worst {}", figures::time(step.max as f64)),
        );
        let rest = format!(
            "worst {}, {} timesteps, {} inferences/s",
            figures::time(self.inference_ps_max as f64),
            figures::mean(self.timesteps_per_inference),
            figures::mean(self.inferences_per_second)
        );
        line("inference", figures::time(self.inference_ps), rest);
        lines.push(String::new());
        lines.join("\n")
    }

    /// Use of the fullest core, resource by resource.
    fn fullest(&self) -> String {
        let shares = self.resources.iter().map(|entry| {
            let name = match entry.resource.as_str() {
                "axons_in" => "axons in",
                "axons_out" => "out",
                "synapse_memory_bits" => "memory",
                other => other,
            };
            format!("{name} {}", figures::share(entry.fullest_core))
        });
        shares.collect::<Vec<_>>().join(", ")
    }

    fn layer_table(&self) -> String {
        let mut rows = Vec::new();
        for layer in self.layers.iter().take(LAYERS) {
            let of_input = |value: u32| match layer.role {
                Role::Input => "-".to_owned(),
                Role::Neurons => value.to_string(),
            };
            rows.push(vec![
                layer.name.clone(),
                figures::count(layer.neurons.into()),
                of_input(layer.cores),
                of_input(layer.phase),
                figures::mean(layer.spikes_per_inference),
                figures::share(layer.rate),
            ]);
        }
        let header = ["layer", "neurons", "cores", "phase", "spikes/inference", "rate"];
        let mut text = aligned(&header, rows);
        if self.layers.len() > LAYERS {
            text.push_str(&format!("  ... and {} more layers\n", self.layers.len() - LAYERS));
        }
        text
    }

    fn energy_table(&self) -> String {
        let energy = &self.energy_per_inference_pj;
        let nominal = energy.network.map_or(0.0, |network| network.nominal);
        let mut rows = Vec::new();
        for (name, part) in &energy.by_category {
            let share = part.map(|part| figures::share(ratio(part.nominal, nominal)));
            rows.push(energy_row(name, part.as_ref(), &share.unwrap_or_default(), "", ""));
        }
        let (power, product) = (&self.power_mw, &self.energy_delay_product_js);
        let totals = [
            ("network", energy.network, power.network, product.network),
            ("+ static", energy.with_static, power.with_static, product.with_static),
            ("+ host", energy.with_host, power.with_host, product.with_host),
        ];
        for (name, total, power, product) in totals {
            let power = power.map(figures::power).unwrap_or_default();
            let product = product.map(|js| format!("{js:.2e} Js")).unwrap_or_default();
            rows.push(energy_row(name, total.as_ref(), "", &power, &product));
        }
        let header =
            ["energy/inference", "low", "nominal", "high", "share", "power", "energy x delay"];
        let mut text = aligned(&header, rows);
        text.push_str(&bounds_remark(energy));
        text
    }

    fn phase_table(&self) -> String {
        let step = &self.timestep_ps;
        let energies = &self.energy_per_inference_pj.by_phase;
        let mut rows = Vec::new();
        for (phase, ps) in &step.by_phase {
            let energy = energies.iter().find(|(name, _)| name == phase).map(|(_, part)| part);
            if *ps == Some(0.0) && energy.is_none() {
                continue;
            }
            rows.push(vec![
                phase.clone(),
                ps.map_or(NOT_MODELLED.into(), figures::time),
                ps.map_or(String::new(), |ps| figures::share(ratio(ps, step.mean))),
                match energy {
                    Some(Some(range)) => figures::energy(range.nominal),
                    Some(None) => NOT_MODELLED.into(),
                    None => "-".into(),
                },
            ]);
        }
        aligned(&["phase", "time/timestep", "share", "energy/inference"], rows)
    }

    /// The hottest links, where contention was timed.
    fn link_table(&self) -> String {
        let row = |link: &LinkReport| {
            let mean = link.queue_mean_flits?;
            Some(vec![
                link.link.clone(),
                figures::count(link.packets),
                figures::count(link.flits),
                figures::share(link.busy_share),
                format!("{mean:.2}"),
                link.ahead_peak_flits?.to_string(),
            ])
        };
        let rows: Vec<Vec<String>> =
            self.hottest_links.iter().filter_map(row).take(LINKS).collect();
        if rows.is_empty() {
            return String::new();
        }
        aligned(&["hottest link", "packets", "flits", "busy", "mean queue", "most ahead"], rows)
    }

    /// The packet that ended the longest timestep, and where it waited longest.
    fn last_lines(&self) -> Vec<String> {
        let Some(last) = &self.last_packet else { return Vec::new() };
        let time = |ps: u64| figures::time(ps as f64);
        let (name, to) = ("longest", last.destinations.join(" and "));
        let mut lines = vec![format!(
            "  {name:<10} sample {} step {}: the last packet, {} to {to}, is ready at {} and done at {}",
            last.sample,
            last.step,
            last.source,
            time(last.ready_ps),
            time(last.done_ps)
        )];
        let waits = last.waits.iter().take(WAITS);
        lines.extend(
            waits.map(|wait| format!("{:13}waits {} {}", "", time(wait.waited_ps), wait.place)),
        );
        lines
    }

    fn end(&self) -> String {
        let mut lines: Vec<String> = Vec::new();
        if let Some(latency) = &self.packet_latency_ps {
            let time = |ps: u64| figures::time(ps as f64);
            let (half, most) = (time(latency.p50), time(latency.p99));
            let (mean, max) = (figures::time(latency.mean), time(latency.max));
            let name = "packets";
            lines.push(format!("  {name:<10} mean {mean}, p50 {half}, p99 {most}, max {max}"));
        }
        lines.extend(self.last_lines());
        for (rank, bound) in self.bound_by.iter().enumerate() {
            let name = if rank == 0 { "bound by" } else { "" };
            let steps = figures::count(bound.steps);
            let share = figures::share(bound.share);
            lines.push(format!("  {name:<10} {share:>7}  {} ({steps} timesteps)", bound.place));
        }
        let missing = &self.not_modelled;
        for (what, names) in [("energy", &missing.energy), ("time", &missing.time)] {
            if !names.is_empty() {
                let head = format!("{NOT_MODELLED} ({what}):");
                lines.push(wrapped(&head, ", ", names));
            }
        }
        let settings = &self.settings;
        let mut assumed =
            vec![format!("seed {}", settings.seed), format!("timing {}", settings.timing)];
        assumed.extend(settings.assumptions.iter().map(|a| format!("{} {}", a.about, a.value)));
        lines.push(wrapped("assumed", "; ", &assumed));
        lines.push(String::new());
        lines.join("\n")
    }
}

/// A list that is broken into lines of the screen's width.
fn wrapped(name: &str, separator: &str, items: &[String]) -> String {
    let mut text = format!("  {name:<10}");
    let mut used = text.len();
    for word in items.join(separator).split(' ') {
        if used + 1 + word.len() > WIDTH {
            text.push_str(&format!("\n{:INDENT$}", ""));
            used = INDENT;
        }
        text.push(' ');
        text.push_str(word);
        used += 1 + word.len();
    }
    text
}

fn energy_row(
    name: &str,
    range: Option<&Range>,
    share: &str,
    power: &str,
    product: &str,
) -> Vec<String> {
    let [low, nominal, high] = match range {
        Some(range) => [range.low, range.nominal, range.high].map(figures::energy),
        None => [String::new(), NOT_MODELLED.into(), String::new()],
    };
    vec![name.into(), low, nominal, high, share.into(), power.into(), product.into()]
}

/// What low and high mean for this chip.
fn bounds_remark(energy: &EnergyReport) -> String {
    let share = energy.bounded_share;
    if energy.network.is_none_or(|network| network.nominal == 0.0) || share >= 0.9995 {
        return String::new();
    }
    if share == 0.0 {
        return "  the chip file gives no spread for these prices: low and high are unknown\n"
            .into();
    }
    let unknown = figures::share(1.0 - share);
    format!(
        "  {unknown} of the network's energy has no spread given: low and high are too narrow\n"
    )
}

/// A table without lines, indented, its first column to the left and the others to the right.
fn aligned(header: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header.to_vec()).add_rows(rows);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let lines = table.lines().map(|line| format!(" {}\n", line.trim_end()));
    lines.collect()
}
