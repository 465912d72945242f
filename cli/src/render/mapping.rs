//! What mappings are predicted to take, side by side.

use std::collections::BTreeMap;

use quarrion_compiler::compile::Compiled;
use quarrion_compiler::planner::{Answer, Bottleneck, Kept, Work};
use quarrion_isa::chip::{Chip, Mesh};
use quarrion_isa::program::{Program, Role};
use quarrion_report::figures;
use serde_json::json;

use super::chip::pretty;
use super::levers;
use super::table::{Side, aligned};
use super::utilisation::{layers, memory};
use crate::args::Format;
use crate::pipeline::levers::LeverSurvey;

/// The chosen mapping beside those that `latency` and `cores` would have chosen.
#[must_use]
pub fn answers(compiled: &Compiled, mesh: &Mesh) -> String {
    let row = |(at, answer): (usize, &Answer)| {
        let chosen = if at == 0 { " (chosen)" } else { "" };
        figures(format!("{}{chosen}", answer.objective.name()), answer, mesh)
    };
    let rows = compiled.answers.iter().enumerate().map(row).collect();
    aligned(&columns("objective"), rows)
}

/// The columns of a row of [`figures()`].
#[must_use]
pub fn columns(first: &'static str) -> [(&'static str, Side); 9] {
    [
        (first, Side::Left),
        ("made by", Side::Left),
        ("cores", Side::Right),
        ("predicted step", Side::Right),
        ("packets a step", Side::Right),
        ("hops", Side::Right),
        ("hottest link", Side::Right),
        ("energy + static", Side::Right),
        ("waits for", Side::Left),
    ]
}

/// One mapping's figures.
#[must_use]
pub fn figures(name: String, answer: &Answer, mesh: &Mesh) -> Vec<String> {
    let prediction = &answer.prediction;
    vec![
        name,
        answer.strategy.to_string(),
        prediction.cores.to_string(),
        figures::time(prediction.step_ps),
        format!("{:.1}", prediction.packets),
        format!("{:.1}", prediction.hops),
        format!("{:.2}", prediction.link_packets),
        figures::energy(prediction.energy_pj),
        waits_for(prediction.bound, mesh),
    ]
}

/// The stage that a timestep waits for, in words.
fn waits_for(bound: Bottleneck, mesh: &Mesh) -> String {
    match bound {
        Bottleneck::Update(core) => format!("update loop of core {core}"),
        Bottleneck::AxonOut(core) => format!("packets out of core {core}"),
        Bottleneck::Synapses(core) => format!("lists of core {core}"),
        Bottleneck::Path(core) => format!("last packet to core {core}"),
        Bottleneck::Link(link) => format!("link of {}", mesh.link_name(link)),
        Bottleneck::Host => "the host's spikes through its port".to_owned(),
    }
}

/// Sources that are named as the busiest.
const BUSIEST: usize = 8;

/// What `map` prints.
#[must_use]
pub fn render(
    compiled: &Compiled,
    chip: &Chip,
    survey: Option<&LeverSurvey>,
    format: Format,
) -> String {
    match format {
        Format::Json => in_json(compiled, chip, survey),
        Format::Human => {
            let name = &compiled.program.name;
            let bound = compiled.core_bound;
            let (used, there) = (compiled.program.cores.len(), chip.cores.len());
            let head = format!(
                "{name} on {}: {used} of {there} cores; no mapping takes fewer than {bound}\n",
                chip.name
            );
            let parts = [
                head + &kept(compiled),
                answers(compiled, &chip.mesh),
                strategies(compiled, &chip.mesh),
                layers(compiled),
                sources(compiled),
                links(compiled, &chip.mesh),
                memory(&compiled.utilisation),
                survey.map_or_else(String::new, levers::survey),
            ];
            let said = |part: &&String| !part.is_empty();
            parts.iter().filter(said).cloned().collect::<Vec<_>>().join("\n")
        }
    }
}

/// How much of an earlier mapping was kept.
fn kept(compiled: &Compiled) -> String {
    let Some(Kept { stayed, shared, neurons }) = compiled.kept else { return String::new() };
    let share = 100.0 * stayed as f64 / shared.max(1) as f64;
    format!(
        "of the earlier mapping {stayed} of {shared} neurons ({share:.1} %) stay on their cores; \
         the network has {neurons}\n"
    )
}

/// The best mapping of every strategy.
fn strategies(compiled: &Compiled, mesh: &Mesh) -> String {
    let row = |answer: &Answer| figures(answer.objective.name().to_owned(), answer, mesh);
    let table = aligned(&columns("strategies by"), compiled.strategies.iter().map(row).collect());
    format!("{table}\n{}", works(compiled))
}

/// What every strategy has looked at: counts, as seconds would differ from run to run.
fn works(compiled: &Compiled) -> String {
    let row = |answer: &Answer| {
        let Work { layouts, placed, synapses, nets } = answer.work;
        let mut row = vec![answer.strategy.to_string()];
        row.extend([layouts, placed, synapses, nets].map(|count| count.to_string()));
        row
    };
    let columns = [
        ("work of", Side::Left),
        ("layouts weighed", Side::Right),
        ("placed", Side::Right),
        ("synapses measured", Side::Right),
        ("nets searched at most", Side::Right),
    ];
    aligned(&columns, compiled.strategies.iter().map(row).collect())
}

/// The population whose spikes leave over most axons, and how many.
fn sources(compiled: &Compiled) -> String {
    let rows = busiest(compiled).into_iter().take(BUSIEST).map(|source| {
        vec![
            source.name,
            source.neurons.to_string(),
            source.entries.to_string(),
            format!("{:.1}", source.packets),
        ]
    });
    let columns = [
        ("busiest sources", Side::Left),
        ("neurons", Side::Right),
        ("cores each reaches", Side::Right),
        ("packets a step", Side::Right),
    ];
    aligned(&columns, rows.collect())
}

/// Neurons of one population with as many axons out each.
struct Busy {
    name: String,
    neurons: u32,
    entries: usize,
    packets: f64,
}

/// Axon-out entries of every neuron by population, over all its compartments.
fn sent(program: &Program) -> BTreeMap<(usize, u32), usize> {
    let mut sent = BTreeMap::new();
    for core in &program.cores {
        for group in &core.groups {
            let population = group.population.index();
            let first = program.populations[population].first_ordinal;
            for row in group.first as usize..(group.first + group.count) as usize {
                let neuron = core.ordinals[row] - first;
                *sent.entry((population, neuron)).or_default() += core.axons_out.row(row).len();
            }
        }
    }
    sent
}

/// Hyperedges by what they cost, most first: those of one population and size together.
fn busiest(compiled: &Compiled) -> Vec<Busy> {
    let program = &compiled.program;
    let mut sums: BTreeMap<(usize, usize), (u32, f64)> = BTreeMap::new();
    let mut add = |population: usize, neuron: u32, entries: usize| {
        let rate = compiled.rates[population][neuron as usize];
        let sum = sums.entry((population, entries)).or_default();
        sum.0 += 1;
        sum.1 += rate * entries as f64;
    };
    let mut row = 0;
    for (at, population) in program.populations.iter().enumerate() {
        if population.role == Role::Input {
            for neuron in 0..population.size {
                add(at, neuron, program.inputs.row(row).len());
                row += 1;
            }
        }
    }
    for ((population, neuron), entries) in sent(program) {
        add(population, neuron, entries);
    }
    let busy = |((population, entries), (neurons, packets)): ((usize, usize), (u32, f64))| Busy {
        name: program.populations[population].name.clone(),
        neurons,
        entries,
        packets,
    };
    let mut all: Vec<Busy> = sums.into_iter().map(busy).filter(|b| b.entries > 0).collect();
    all.sort_by(|a, b| b.packets.total_cmp(&a.packets).then(a.name.cmp(&b.name)));
    all
}

/// The links with most packets.
fn links(compiled: &Compiled, mesh: &Mesh) -> String {
    let mut links = compiled.answers.first().map_or_else(Vec::new, |a| a.prediction.links.clone());
    links.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let rows = links.into_iter().take(BUSIEST);
    let rows = rows.map(|(link, packets)| vec![mesh.link_name(link), format!("{packets:.2}")]);
    let rows: Vec<Vec<String>> = rows.collect();
    if rows.is_empty() {
        return String::new();
    }
    let columns = [("hottest links", Side::Left), ("packets a step", Side::Right)];
    aligned(&columns, rows)
}

fn in_json(compiled: &Compiled, chip: &Chip, survey: Option<&LeverSurvey>) -> String {
    let sources = busiest(compiled).into_iter().map(|source| {
        json!({
            "population": source.name,
            "neurons": source.neurons,
            "entries": source.entries,
            "packets": source.packets,
        })
    });
    let links = compiled.answers.first().map(|answer| {
        let link = |(link, packets): &(quarrion_isa::id::LinkId, f64)| {
            let name = chip.mesh.link_name(*link);
            json!({ "link": link, "name": name, "packets": packets })
        };
        answer.prediction.links.iter().map(link).collect::<Vec<_>>()
    });
    pretty(&json!({
        "network": compiled.program.name,
        "chip": chip.name,
        "cores_used": compiled.program.cores.len(),
        "cores_bound": compiled.core_bound,
        "cores_available": chip.cores.len(),
        "kept": compiled.kept,
        "answers": compiled.answers,
        "strategies": compiled.strategies,
        "sources": sources.collect::<Vec<_>>(),
        "links": links,
        "utilisation": compiled.utilisation,
        "levers": survey,
    }))
}
