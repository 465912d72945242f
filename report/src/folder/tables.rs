//! The tables of a run folder, as CSV with one header line.

use std::io::{self, Write};

use quarrion_isa::chip::{Chip, LinkClass};
use quarrion_isa::event::{EventCounts, EventKind, Phase};
use quarrion_isa::ledger::Ledger;
use quarrion_isa::program::Program;

use super::SpikeRow;
use super::packets::{LAST, last_columns};
use crate::record::RunRecord;
use crate::summary::{RunReport, ratio};

/// Events by kind, with the energy of an inference where it is modelled.
pub(super) fn write_kinds(file: impl Write, report: &RunReport) -> io::Result<()> {
    let mut table = csv::Writer::from_writer(file);
    table.write_record(["kind", "category", "events", "low_pj", "nominal_pj", "high_pj"])?;
    for kind in &report.events {
        let energy = kind
            .energy_per_inference_pj
            .map(|range| [range.low, range.nominal, range.high].map(|energy| energy.to_string()));
        let [low, nominal, high] = energy.unwrap_or_default();
        let events = kind.events.to_string();
        table.write_record([&kind.kind, &kind.category, &events, &low, &nominal, &high])?;
    }
    table.flush()
}

/// What each core holds, did and took.
pub(super) fn write_cores(
    file: impl Write,
    program: &Program,
    chip: &Chip,
    ledger: &Ledger,
) -> io::Result<()> {
    let mut table = csv::Writer::from_writer(file);
    let head = [
        "core",
        "tile",
        "x",
        "y",
        "core_type",
        "compartments",
        "axons_in",
        "axons_out",
        "synapse_words",
        "update_ps",
        "synapse_ps",
    ];
    table.write_record(head.into_iter().chain(kind_names()))?;
    for row in &ledger.cores {
        let tile = chip.tile_of(row.core);
        let at = chip.mesh.position(tile);
        let holds = program.core_position(row.core).map(|position| &program.cores[position]);
        let mut record = vec![
            row.core.to_string(),
            tile.to_string(),
            at.x.to_string(),
            at.y.to_string(),
            chip.core_type(row.core).name.clone(),
        ];
        let held = holds.map_or([0; 4], |core| {
            [
                core.compartments.into(),
                core.axons_in.len() as u64,
                core.axon_out_entries(chip),
                core.synapse_words(),
            ]
        });
        record.extend(held.map(|amount| amount.to_string()));
        record.extend([row.update_time.0.to_string(), row.synapse_time.0.to_string()]);
        record.extend(kind_values(&row.counts));
        table.write_record(record)?;
    }
    table.flush()
}

/// Traffic of each link that carried any.
///
/// # Errors
/// Those of the file.
pub fn write_links(file: impl Write, chip: &Chip, ledger: &Ledger) -> io::Result<()> {
    let mut table = csv::Writer::from_writer(file);
    let head = ["link", "x", "y", "direction", "class", "packets", "flits", "busy_ps"];
    let more = ["busy_share", "queue_mean_flits", "ahead_peak_flits"];
    table.write_record(head.into_iter().chain(more))?;
    let time: u64 = ledger.samples.iter().map(|sample| sample.time.0).sum();
    let planes = u64::from(chip.mesh.planes.count());
    let per_time = |amount: u64| format!("{:.6}", ratio(amount as f64, time as f64));
    for row in &ledger.links {
        let found = ledger.queues.binary_search_by_key(&row.link, |queue| queue.link);
        let queue = found.ok().map(|at| ledger.queues[at]);
        let (tile, direction) = chip.mesh.link_ends(row.link);
        let at = chip.mesh.position(tile);
        let class = match chip.mesh.link_class(row.link) {
            LinkClass::Tile => "tile",
            LinkClass::EastWest => "east_west",
            LinkClass::NorthSouth => "north_south",
            LinkClass::ChipEdge => "chip_edge",
        };
        table.write_record([
            row.link.to_string(),
            at.x.to_string(),
            at.y.to_string(),
            direction.name().to_owned(),
            class.to_owned(),
            row.packets.to_string(),
            row.flits.to_string(),
            row.busy.0.to_string(),
            per_time(row.busy.0 / planes),
            queue.map(|queue| per_time(queue.waiting_flit_ps)).unwrap_or_default(),
            queue.map(|queue| queue.ahead_flits_max.to_string()).unwrap_or_default(),
        ])?;
    }
    table.flush()
}

/// Each timestep with its time by phase and what bounded it.
pub(super) fn write_steps(file: impl Write, ledger: &Ledger) -> io::Result<()> {
    let mut table = csv::Writer::from_writer(file);
    let head = ["sample", "step", "spikes", "host_spikes", "packets", "hops", "synaptic_ops"];
    let phases = Phase::ALL.iter().map(|phase| format!("{}_ps", phase.name()));
    let head = head.into_iter().map(str::to_owned).chain(phases);
    let bound = ["total_ps", "bound", "bound_place"];
    table.write_record(head.chain(bound.into_iter().chain(LAST).map(str::to_owned)))?;
    let mut lasts = ledger.lasts.iter().peekable();
    for row in &ledger.steps {
        let counts = [
            row.sample.into(),
            row.step.into(),
            row.spikes,
            row.host_spikes,
            row.packets,
            row.hops,
            row.synaptic_ops,
        ];
        let times = Phase::ALL.iter().map(|&phase| row.time.phase(phase).0);
        let numbers = counts.into_iter().chain(times).chain([row.time.total().0]);
        let texts = [row.time.bound.kind().to_owned(), row.time.bound.to_string()];
        let last = lasts.next_if(|way| (way.sample, way.step) == (row.sample, row.step));
        let texts = texts.into_iter().chain(last_columns(last));
        table.write_record(numbers.map(|number| number.to_string()).chain(texts))?;
    }
    table.flush()
}

/// Each population with its spikes and events.
pub(super) fn write_populations(
    file: impl Write,
    record: &RunRecord,
    ledger: &Ledger,
) -> io::Result<()> {
    let mut table = csv::Writer::from_writer(file);
    let head = ["population", "neurons", "cores", "phase", "window_spikes"];
    table.write_record(head.into_iter().chain(kind_names()))?;
    for (layer, counts) in record.layers.iter().zip(&ledger.populations) {
        let numbers = [layer.neurons, layer.cores, layer.phase].map(|number| number.to_string());
        let mut row = vec![layer.name.clone()];
        row.extend(numbers);
        row.push(layer.spikes.to_string());
        row.extend(kind_values(counts));
        table.write_record(row)?;
    }
    table.flush()
}

/// Every spike, with the population by name.
pub(super) fn write_spikes(
    file: impl Write,
    program: &Program,
    spikes: impl Iterator<Item = SpikeRow>,
) -> io::Result<()> {
    let mut table = csv::Writer::from_writer(file);
    table.write_record(["sample", "step", "population", "neuron", "payload"])?;
    for spike in spikes {
        let population = program.populations.get(spike.population as usize);
        table.write_record([
            spike.sample.to_string(),
            spike.step.to_string(),
            population.map_or_else(String::new, |population| population.name.clone()),
            spike.neuron.to_string(),
            spike.payload.to_string(),
        ])?;
    }
    table.flush()
}

fn kind_names() -> impl Iterator<Item = &'static str> {
    EventKind::ALL.iter().map(|kind| kind.name())
}

fn kind_values(counts: &EventCounts) -> impl Iterator<Item = String> + '_ {
    counts.iter().map(|(_, events)| events.to_string())
}
