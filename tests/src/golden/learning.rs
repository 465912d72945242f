//! Cases that learn: Lava's LearningDense, and the rules of brian2-loihi.
//!
//! Lava steps count from 0 and row k is step k; epochs of t_epoch steps begin with step 0. It draws
//! anew for every trace twice a step, the second draw being the one that the epoch's end sees, and
//! once an epoch for all synapses. A file records as many draws of traces as there are steps; what
//! comes after them is the same generator's, which is numpy's.

use quarrion_isa::learning::{RecordedDraws, TraceDraw};

use super::json::Node;
use super::lava;
use super::network::{LearnedRows, Network, Quantity};
use crate::benchmark_nets::Generator;

/// Largest seed that a recorded stream is looked for under.
const SEEDS: u32 = 64;

pub(super) fn build(case: &Node<'_>, id: &str) -> Result<Network, String> {
    let (rule, rows) = (lava_rule(case)?, case.need("steps")?.index()?);
    let mut network = Network::new(id, lava::BITS, rows);
    network.phase = 0;
    let weights = case.need("w0")?.table()?;
    let (sources, targets) = (weights.first().map_or(0, Vec::len), weights.len());
    let input = network.input(sources);
    let layer = lava::layer(case, &case.need("lif")?, targets, 0)?;
    let population = network.layer(layer);
    let projection = lava::connect(case, &mut network, (input, population), &weights, Some(&rule))?;
    for (step, neuron) in case.spikes()? {
        network.arrive(input, step + 1, neuron, 1)?;
    }
    network.record = Some(record(&case.need("random")?, rows)?);
    let expected = case.need("expected")?;
    for word in ["u", "v"] {
        network.expect(population, Quantity::Word(word.to_owned()), expected.need(word)?.table()?);
    }
    network.expect(population, Quantity::Spikes, expected.need("s")?.table()?);
    for (trace, owner) in
        [("x1", input), ("x2", input), ("y1", population), ("y2", population), ("y3", population)]
    {
        let Some(recorded) = expected.get(trace) else { continue };
        let recorded = recorded.table()?;
        if rule.contains(&format!("trace {trace}:")) {
            network.expect(owner, Quantity::Trace(trace.to_owned()), recorded);
        } else {
            let single = recorded.iter().flatten().map(|value| (trace.to_owned(), *value, 0));
            network.single.extend(single);
        }
    }
    let by_source = |row: &Node<'_>| -> Result<Vec<i64>, String> {
        let row = row.table()?;
        Ok((0..sources).flat_map(|from| row.iter().map(move |weights| weights[from])).collect())
    };
    let rows = expected.need("w")?.items()?.iter().map(by_source).collect::<Result<_, _>>()?;
    network.learned.push(LearnedRows { projection, first_step: 0, rows });
    Ok(network)
}

/// A rule in our language; traces without time constant keep nothing.
fn rule_text(epoch: i64, traces: &[(&str, i64, i64)], change: &str) -> String {
    let mut text = format!("rule recorded\nepoch {epoch}\n");
    for (name, impulse, tau) in traces {
        let decay = if *tau > 0 { format!("tau {tau}") } else { "decay 4096".to_owned() };
        text.push_str(&format!("trace {name}: u7, impulse {impulse}, {decay}\n"));
    }
    text.push_str(&format!("dw = {}\n", change.replace(' ', "")));
    text
}

/// Lava drops low bits of a product whose widths exceed 15 together and the scale with them; our
/// products keep theirs, so the power is lowered by as much.
fn rescaled(change: &str) -> String {
    let mut out = String::new();
    let spaced = change.replace(' ', "").replace("^-", "^~").replace('+', " +").replace('-', " -");
    for term in spaced.split_whitespace() {
        let term = term.replace("^~", "^-");
        let width = |factor: &str| match factor.trim_start_matches(['+', '-']) {
            "x1" | "x2" | "y1" | "y2" | "y3" => 7,
            "w" | "t" => 9,
            "d" => 8,
            _ => 0,
        };
        let lost = (term.split('*').map(width).sum::<i64>() + 4 - 15).max(0);
        out.push_str(&term);
        if lost > 0 {
            out.push_str(&format!("*2^-{lost}"));
        }
    }
    out
}

fn lava_rule(case: &Node<'_>) -> Result<String, String> {
    let rule = case.need("rule")?;
    let change = rule.need("dw")?.text()?.to_owned();
    let mut traces = Vec::new();
    for name in ["x1", "x2", "y1", "y2", "y3"] {
        let impulse = rule.int_or(&format!("{name}_impulse"), 0)?;
        let tau = rule.int_or(&format!("{name}_tau"), 0)?;
        if change.contains(name) || impulse > 0 {
            traces.push((name, impulse, tau));
        }
    }
    Ok(rule_text(case.need("t_epoch")?.int()?, &traces, &rescaled(&change)))
}

/// A rule of brian2-loihi: every step is an epoch.
pub(super) fn brian2_rule(learn: &Node<'_>) -> Result<String, String> {
    let change = learn.need("dw")?.text()?.to_owned();
    let mut traces = Vec::new();
    for name in ["x1", "x2", "y1", "y2", "y3"] {
        let impulse = learn.int_or(&format!("imp_{name}"), 0)?;
        if change.contains(name) || impulse > 0 {
            traces.push((name, impulse, learn.int_or(&format!("tau_{name}"), 0)?));
        }
    }
    Ok(rule_text(1, &traces, &change))
}

/// The longest period of a rule's terms: the k of `uk`.
pub(super) fn period(learn: &Node<'_>) -> Result<u32, String> {
    let change = learn.need("dw")?.text()?.to_owned();
    let factors = change.split(|letter: char| !letter.is_ascii_alphanumeric());
    let periods = factors.filter_map(|factor| factor.strip_prefix('u')?.parse().ok());
    Ok(periods.filter(|period| *period < 16).max().unwrap_or(0))
}

/// Recorded draws by timestep and epoch.
fn record(random: &Node<'_>, steps: usize) -> Result<RecordedDraws, String> {
    let traces = |decay: &str, impulse: &str| -> Result<Vec<TraceDraw>, String> {
        let decays = continued(random.need(decay)?.floats()?, 2 * steps);
        let impulses = random.need(impulse)?.ints()?;
        let draw = |step: usize| TraceDraw {
            decay: decays.get(2 * step + 1).copied().map_or(0, draw_of),
            // The impulses on record have no fraction that a draw could decide.
            impulse: impulses.get(2 * step + 1).map_or(0, |&seventh| (seventh as u32) << 25),
        };
        Ok((0..steps).map(draw).collect())
    };
    Ok(RecordedDraws {
        pre: traces("x_decay", "x_imp")?,
        post: traces("y_decay", "y_imp")?,
        synapse: random.need("weight")?.floats()?.into_iter().map(draw_of).collect(),
    })
}

fn draw_of(share: f64) -> u32 {
    (share * 4_294_967_296.0) as u32
}

/// A recorded stream, continued where its generator is known: numpy's of a small seed, the first
/// number left out.
fn continued(mut recorded: Vec<f64>, length: usize) -> Vec<f64> {
    for seed in 0..SEEDS {
        let mut generator = Generator::new(seed);
        generator.uniform();
        // A JSON reader may miss the last bit.
        if recorded.iter().all(|&value| (generator.uniform() - value).abs() < 1e-12) {
            while recorded.len() < length {
                recorded.push(generator.uniform());
            }
        }
    }
    recorded
}
