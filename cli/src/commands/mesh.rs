//! `mesh`: the network of a chip alone, under synthetic traffic or a trace.

use std::num::NonZero;

use quarrion_isa::chip::Chip;
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_report::plot::{Plot, Series, draw_bars, draw_lines};
use quarrion_report::{draw_mesh, write_links};

use super::load_chip_broken;
use crate::args::{Format, FormatChoice, MeshArgs};
use crate::failure::Failure;
use crate::following::write_ways;
use crate::pipeline::packets::{Answer, Curve, Extras, Question, answer, ask};
use crate::render::packets::{heading, in_csv, in_json, in_text};
use crate::terminal::Terminal;
use crate::texts::{Texts, write_file};

/// Times packets in a chip's network.
///
/// # Errors
/// Whatever is wrong with chip, trace, flags or the place of the picture.
pub fn run(
    args: &MeshArgs,
    format: FormatChoice,
    terminal: &Terminal,
    texts: &mut Texts,
) -> Result<(), Failure> {
    let chip = load_chip_broken(&args.chip, args.seed, terminal, texts)?.chip;
    if chip.faults.loss > 0 {
        terminal.say(&[loses_nothing(&chip)], texts);
    }
    let question = ask(args, &chip, texts)?;
    let threads = args.threads.map_or_else(all_threads, |threads| threads as usize);
    let threads = NonZero::new(threads).unwrap_or(NonZero::<usize>::MIN);
    let links = args.links.is_some() || args.picture.is_some();
    let extras = Extras { links, ways: args.packets.is_some() };
    let answer = answer(&question, extras, threads)?;
    write_extras(args, &chip, &answer)?;
    if let Some(path) = &args.svg {
        let title = heading(&chip, &question);
        write_file(path, draw(&title, &question, &answer)?.as_bytes())?;
    }
    terminal.result(&match (format, terminal.format) {
        (FormatChoice::Csv, _) => in_csv(&answer)?,
        (_, Format::Json) => in_json(args, &chip, &question, &answer),
        (_, Format::Human) => in_text(args, &chip, &question, &answer),
    })
}

/// Lost packets are drawn for spikes, and there are none here.
fn loses_nothing(chip: &Chip) -> Diagnostic {
    Diagnostic::warning("QU014", "`mesh` loses no packet: losses are drawn for spikes, in runs")
        .at(&chip.name, "faults.packet_loss", "has no effect here")
        .help("use `run` to see what losses do")
}

/// Writes links, packets and the picture of the board where they were asked for.
fn write_extras(args: &MeshArgs, chip: &Chip, answer: &Answer) -> Result<(), Failure> {
    let (ledger, ways) = match answer {
        Answer::Curve(curve) => (curve.ledger.as_ref(), None),
        Answer::Once(once) => (Some(&once.ledger), Some(&once.ways)),
    };
    if let (Some(file), Some(ledger)) = (&args.links, ledger) {
        let mut bytes = Vec::new();
        write_links(&mut bytes, chip, ledger).map_err(|error| Failure::Bug(error.to_string()))?;
        write_file(file, &bytes)?;
    }
    if let (Some(file), Some(ledger)) = (&args.picture, ledger) {
        write_file(file, draw_mesh(chip, ledger).as_bytes())?;
    }
    match ways {
        Some(ways) => write_ways(args.packets.as_deref(), ways),
        None => Ok(()),
    }
}

fn all_threads() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// The curve, or the latencies of a burst, as SVG.
fn draw(title: &str, question: &Question, answer: &Answer) -> Result<String, Failure> {
    let picture = match answer {
        Answer::Curve(curve) => draw_curve(title, question, curve),
        Answer::Once(once) => {
            let in_ns = |ps: u64| ps as f64 / 1e3;
            let spans = once.latency_ps.spans();
            let bars = spans.map(|(above, up_to, n)| (in_ns(above), in_ns(up_to), n as f64));
            let plot = Plot { title, x: "latency, ns", y: "packets" };
            draw_bars(&plot, &bars.collect::<Vec<_>>())
        }
    };
    picture.map_err(Failure::Bug)
}

fn draw_curve(title: &str, question: &Question, curve: &Curve) -> Result<String, String> {
    // Beyond saturation latency says only how long one has measured: those loads are marked.
    let stable = || curve.points.iter().filter(|point| point.stable());
    let in_ns = |ps: f64| ps / 1e3;
    let series = [
        ("mean", stable().map(|p| (p.offered, in_ns(p.latency_ps.mean()))).collect::<Vec<_>>()),
        (
            "99 of 100",
            stable().map(|p| (p.offered, in_ns(p.latency_ps.quantile(990) as f64))).collect(),
        ),
    ];
    let series = series.map(|(name, points)| Series { name, points });
    let x = format!(
        "offered flits per core and cycle of {:.3} ns; saturation {:.3}",
        question.cycle_ps as f64 / 1e3,
        curve.saturation
    );
    let beyond = curve.points.iter().filter(|point| !point.stable());
    let beyond = Series {
        name: "more than is carried",
        points: beyond.map(|point| point.offered).collect(),
    };
    draw_lines(&Plot { title, x: &x, y: "latency, ns" }, &series, &beyond)
}
