//! How full the cores are, as tables and as JSON.

use quarrion_compiler::compile::Compiled;
use quarrion_compiler::utilisation::{Bottleneck, CoreUse, LayerUse, Utilisation};
use quarrion_isa::chip::Chip;
use quarrion_isa::program::Role;
use serde_json::json;

use super::chip::pretty;
use super::mapping;
use super::table::{Side, aligned};
use crate::args::Format;

/// Cores that the screen has room for.
const CORES: usize = 24;

/// What `compile` prints.
#[must_use]
pub fn render(compiled: &Compiled, chip: &Chip, format: Format) -> String {
    match format {
        Format::Json => in_json(compiled, chip),
        Format::Human => {
            let name = &compiled.program.name;
            let (used, there) = (compiled.program.cores.len(), chip.cores.len());
            let head = format!("{name} on {}: {used} of {there} cores\n", chip.name);
            let parts = [
                head,
                layers(compiled),
                cores(compiled),
                projections(compiled),
                memory(&compiled.utilisation),
                mapping::answers(compiled, &chip.mesh),
            ];
            parts.join("\n")
        }
    }
}

/// A row for every population.
pub(super) fn layers(compiled: &Compiled) -> String {
    let row = |layer: &LayerUse| {
        let LayerUse { cores, compartments, accumulator_slots, axons_in, axons_out, .. } = *layer;
        let (fan_in, words) = (layer.fan_in, layer.synapse_words);
        let counts = [cores, compartments, accumulator_slots, fan_in, axons_in, axons_out, words];
        let mut row = vec![layer.name.clone()];
        let phase = compiled.program.populations[layer.population.index()].phase;
        row.push(phase.to_string());
        row.extend(counts.map(|count| count.to_string()));
        row.push(format!("{:.0} %", 100.0 * layer.waste.share()));
        row.push(layer.bottleneck.as_ref().map_or_else(|| "-".into(), bottleneck));
        row
    };
    let columns = [
        ("layer", Side::Left),
        ("phase", Side::Right),
        ("cores", Side::Right),
        ("compartments", Side::Right),
        ("delay slots", Side::Right),
        ("fan-in", Side::Right),
        ("axons in", Side::Right),
        ("axons out", Side::Right),
        ("synapse words", Side::Right),
        ("wasted", Side::Right),
        ("fullest", Side::Left),
    ];
    aligned(&columns, compiled.utilisation.layers.iter().map(row).collect())
}

fn cores(compiled: &Compiled) -> String {
    let Some(first) = compiled.utilisation.cores.first() else { return String::new() };
    let mut columns = vec![("core", Side::Right)];
    columns.extend(first.resources.iter().map(|entry| (entry.resource.name(), Side::Right)));
    let row = |core: &CoreUse| {
        let mut row = vec![core.core.to_string()];
        let shares = core
            .resources
            .iter()
            .map(|entry| format!("{} ({:.1} %)", entry.used, 100.0 * entry.share()));
        row.extend(shares);
        row
    };
    let all = &compiled.utilisation.cores;
    let mut text = aligned(&columns, all.iter().take(CORES).map(row).collect());
    if all.len() > CORES {
        text.push_str(&format!("  ... and {} more cores\n", all.len() - CORES));
    }
    text
}

fn projections(compiled: &Compiled) -> String {
    let program = &compiled.program;
    let row = |projection: &quarrion_isa::program::Projection| {
        vec![
            projection.name.clone(),
            projection.synapses.to_string(),
            projection.delay.to_string(),
            projection.exponent.to_string(),
            format!("{:.2} %", 100.0 * projection.error),
        ]
    };
    let columns = [
        ("projection", Side::Left),
        ("synapses", Side::Right),
        ("delay", Side::Right),
        ("exponent", Side::Right),
        ("weight error", Side::Right),
    ];
    aligned(&columns, program.projections.iter().map(row).collect())
}

/// The fullest resource, and what synapse memory is used for.
pub(super) fn memory(utilisation: &Utilisation) -> String {
    let waste = &utilisation.waste;
    let kib = |bits: u64| format!("{:.1} KiB", bits as f64 / 8192.0);
    let fullest = &utilisation.bottleneck;
    format!(
        "  bottleneck  {}\n  memory      {} of synapse memory in use; of that {} prefixes, {} \
         padding, {} zeros, {} fields wider than needed\n",
        fullest.as_ref().map_or_else(|| "-".into(), bottleneck),
        kib(waste.stored_bits),
        kib(waste.prefix_bits),
        kib(waste.padding_bits),
        kib(waste.zero_bits),
        kib(waste.format_bits)
    )
}

fn bottleneck(fullest: &Bottleneck) -> String {
    let usage = &fullest.usage;
    format!(
        "{} of core {}: {} of {} ({:.1} %)",
        usage.resource.name(),
        fullest.core,
        usage.used,
        usage.available,
        100.0 * usage.share()
    )
}

fn in_json(compiled: &Compiled, chip: &Chip) -> String {
    let program = &compiled.program;
    let populations = program.populations.iter().map(|population| {
        json!({
            "name": population.name,
            "role": if population.role == Role::Input { "input" } else { "neurons" },
            "neurons": population.size,
            "phase": population.phase,
            "scale": population.scale,
        })
    });
    let projections = program.projections.iter().map(|projection| {
        json!({
            "name": projection.name,
            "synapses": projection.synapses,
            "delay": projection.delay,
            "exponent": projection.exponent,
            "weight_error": projection.error,
        })
    });
    let assumptions =
        program.provenance.iter().map(|(about, value)| json!({ "about": about, "value": value }));
    pretty(&json!({
        "network": program.name,
        "chip": chip.name,
        "cores_used": program.cores.len(),
        "cores_available": chip.cores.len(),
        "populations": populations.collect::<Vec<_>>(),
        "projections": projections.collect::<Vec<_>>(),
        "assumptions": assumptions.collect::<Vec<_>>(),
        "utilisation": compiled.utilisation,
        "mapping": compiled.answers,
    }))
}
