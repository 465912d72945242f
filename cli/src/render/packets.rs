//! What `mesh` found, as text, JSON and CSV.

use quarrion_emulator::mesh::LinkCount;
use quarrion_isa::chip::Chip;
use quarrion_isa::histogram::Histogram;
use quarrion_isa::way::{Way, WayLeg, end_name};
use quarrion_report::figures;
use serde_json::{Value, json};

use super::chip::pretty;
use super::table::{Side, aligned};
use crate::args::MeshArgs;
use crate::failure::Failure;
use crate::pipeline::packets::{Answer, Curve, Once, Question};

/// Version of the JSON form.
const VERSION: u32 = 1;
/// Links that are named as the hottest.
const HOTTEST: usize = 10;

/// What was asked, in one line.
#[must_use]
pub fn heading(chip: &Chip, question: &Question) -> String {
    let flits = match question.flits {
        None => String::new(),
        Some(1) => ", packets of 1 flit".into(),
        Some(flits) => format!(", packets of {flits} flits"),
    };
    format!("{}: {} among {} cores{flits}", chip.name, question.traffic, question.cores)
}

fn timing(args: &MeshArgs) -> String {
    format!("{:?}", args.timing).to_lowercase()
}

/// For people.
#[must_use]
pub fn in_text(args: &MeshArgs, chip: &Chip, question: &Question, answer: &Answer) -> String {
    let head = format!(
        "{}\ntiming {}, seed {}; a cycle is {}, {}\n\n",
        heading(chip, question),
        timing(args),
        args.seed,
        figures::time(question.cycle_ps as f64),
        question.cycle
    );
    head + &match answer {
        Answer::Curve(curve) => curve_text(question, curve),
        Answer::Once(once) => once_text(question, once),
    }
}

fn curve_text(question: &Question, curve: &Curve) -> String {
    let time = |ps: u64| figures::time(ps as f64);
    let rows = curve.points.iter().map(|point| {
        let latency = &point.latency_ps;
        vec![
            format!("{:.4}", point.offered),
            format!("{:.4}", point.accepted),
            figures::count(latency.count()),
            figures::time(latency.mean()),
            time(latency.quantile(500)),
            time(latency.quantile(950)),
            time(latency.quantile(990)),
            time(latency.max()),
            if point.stable() { String::new() } else { "saturated".into() },
        ]
    });
    let names = ["offered", "accepted", "packets", "mean", "p50", "p95", "p99", "max", ""];
    let columns = names.map(|name| (name, Side::Right));
    let mut text = aligned(&columns, rows.collect());
    let per_second = curve.saturation * question.cores as f64 / question.cycle_ps as f64 * 1e12;
    text.push_str(&format!(
        "\n  saturation {:.4} flits per core and cycle, {} in all; {:.4} when overloaded\n",
        curve.saturation,
        figures::scaled(per_second * 1e12, "flits/s"),
        curve.overloaded
    ));
    if let Some(capacity) = curve.capacity {
        text.push_str(&format!(
            "  capacity   {:.4} if nothing waited: the busiest link is {}\n",
            capacity.bound,
            question.network.passage(capacity.link)
        ));
    }
    text
}

fn once_text(question: &Question, once: &Once) -> String {
    let latency = &once.latency_ps;
    let time = |ps: u64| figures::time(ps as f64);
    let mut text = format!(
        "  packets    {} of {} flits in all\n  completion {}\n  latency    mean {}, p50 {}, p95 {}, \
         p99 {}, max {}\n",
        figures::count(once.packets),
        figures::count(once.flits),
        time(once.completion_ps),
        figures::time(latency.mean()),
        time(latency.quantile(500)),
        time(latency.quantile(950)),
        time(latency.quantile(990)),
        time(latency.max())
    );
    if let Some(way) = &once.critical {
        text.push_str(&format!(
            "  last       packet {} from {}, ready at {}, arrived at {}\n",
            way.packet,
            way.ends_in_words(),
            time(way.ready_ps),
            time(arrived(way))
        ));
        for (place, ps) in way.waits() {
            text.push_str(&format!("             waited {} {place}\n", time(ps)));
        }
    }
    text.push('\n');
    let rows = hottest(&once.links).into_iter().map(|link| {
        let count = once.links[link];
        vec![
            question.network.passage(link as u32).to_string(),
            figures::count(count.packets),
            figures::count(count.flits),
            figures::share(share(count.busy_ps, once.completion_ps)),
            format!("{:.2}", share(count.queue_flit_ps, once.completion_ps)),
            count.ahead_peak.to_string(),
        ]
    });
    let names = ["packets", "flits", "busy", "mean queue", "most ahead"];
    let mut columns = vec![("hottest link", Side::Left)];
    columns.extend(names.map(|name| (name, Side::Right)));
    text + &aligned(&columns, rows.collect())
}

/// The links that were busy longest, by position.
fn hottest(links: &[LinkCount]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..links.len()).filter(|at| links[*at].packets > 0).collect();
    order.sort_by_key(|at| (std::cmp::Reverse(links[*at].busy_ps), *at));
    order.truncate(HOTTEST);
    order
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// When the last flit arrived, of several copies the last one's.
fn arrived(way: &Way) -> u64 {
    way.ends.iter().map(|end| end.arrived_ps).max().unwrap_or(0)
}

/// For programs: `report/JSON.md` describes it.
#[must_use]
pub fn in_json(args: &MeshArgs, chip: &Chip, question: &Question, answer: &Answer) -> String {
    let (curve, once) = match answer {
        Answer::Curve(curve) => (curve_json(question, curve), Value::Null),
        Answer::Once(once) => (Value::Null, once_json(question, once)),
    };
    pretty(&json!({
        "version": VERSION,
        "chip": chip.name,
        "traffic": question.traffic,
        "flits": question.flits,
        "cores": question.cores,
        "cycle_ps": question.cycle_ps,
        "timing": timing(args),
        "seed": args.seed,
        "curve": curve,
        "once": once,
    }))
}

fn latency_json(latency: &Histogram) -> Value {
    json!({
        "mean": latency.mean(),
        "p50": latency.quantile(500),
        "p95": latency.quantile(950),
        "p99": latency.quantile(990),
        "max": latency.max(),
    })
}

fn curve_json(question: &Question, curve: &Curve) -> Value {
    let point = |point: &quarrion_emulator::mesh::CurvePoint| {
        json!({
            "offered": point.offered,
            "accepted": point.accepted,
            "stable": point.stable(),
            "packets": point.latency_ps.count(),
            "latency_ps": latency_json(&point.latency_ps),
        })
    };
    json!({
        "saturation": curve.saturation,
        "overloaded": curve.overloaded,
        "capacity": curve.capacity.map(|capacity| capacity.bound),
        "busiest_link": curve.capacity.map(|c| question.network.passage(c.link).to_string()),
        "points": curve.points.iter().map(point).collect::<Vec<_>>(),
    })
}

fn once_json(question: &Question, once: &Once) -> Value {
    let network = &question.network;
    let link = |at: usize| {
        let count = once.links[at];
        json!({
            "link": network.passage(at as u32).to_string(),
            "packets": count.packets,
            "flits": count.flits,
            "busy_share": share(count.busy_ps, once.completion_ps),
            "queue_mean_flits": share(count.queue_flit_ps, once.completion_ps),
            "ahead_peak_flits": count.ahead_peak,
        })
    };
    let critical = once.critical.as_ref().map(|way| {
        let leg = |leg: &WayLeg| {
            json!({
                "link": leg.passage.to_string(),
                "depart_ps": leg.depart_ps,
                "waited_ps": leg.waited_ps,
            })
        };
        let ends: Vec<String> = way.ends.iter().map(|end| end_name(end.core)).collect();
        json!({
            "source": end_name(way.source),
            "destination": ends.join(" and "),
            "ready_ps": way.ready_ps,
            "arrived_ps": arrived(way),
            "path": way.legs.iter().map(leg).collect::<Vec<_>>(),
        })
    });
    let bucket = |(up_to, packets): (u64, u64)| json!({ "up_to_ps": up_to, "packets": packets });
    json!({
        "packets": once.packets,
        "flits": once.flits,
        "completion_ps": once.completion_ps,
        "latency_ps": latency_json(&once.latency_ps),
        "histogram": once.latency_ps.buckets().map(bucket).collect::<Vec<_>>(),
        "hottest_links": hottest(&once.links).into_iter().map(link).collect::<Vec<_>>(),
        "critical": critical,
    })
}

/// As a table: a row per load, or one row.
///
/// # Errors
/// The table cannot be written: our bug.
pub fn in_csv(answer: &Answer) -> Result<String, Failure> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let head = ["offered", "accepted", "stable", "packets"];
    let times = ["mean_ps", "p50_ps", "p95_ps", "p99_ps", "max_ps", "completion_ps"];
    let mut rows = vec![head.into_iter().chain(times).map(str::to_owned).collect::<Vec<_>>()];
    let latency = |latency: &Histogram| {
        let mut row = vec![latency.count().to_string(), format!("{:.1}", latency.mean())];
        row.extend([500, 950, 990].map(|part| latency.quantile(part).to_string()));
        row.push(latency.max().to_string());
        row
    };
    match answer {
        Answer::Curve(curve) => rows.extend(curve.points.iter().map(|point| {
            let mut row = vec![format!("{:.6}", point.offered), format!("{:.6}", point.accepted)];
            row.push(point.stable().to_string());
            row.extend(latency(&point.latency_ps));
            row.push(String::new());
            row
        })),
        Answer::Once(once) => {
            let mut row = vec![String::new(); 3];
            row.extend(latency(&once.latency_ps));
            row.push(once.completion_ps.to_string());
            rows.push(row);
        }
    }
    let bug = |error: String| Failure::Bug(error);
    for row in rows {
        table.write_record(row).map_err(|error| bug(error.to_string()))?;
    }
    let bytes = table.into_inner().map_err(|error| bug(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| bug(error.to_string()))
}
