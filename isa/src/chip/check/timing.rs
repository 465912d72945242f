//! Rules on synchronisation and the host link.

use super::super::file::{BarrierEntry, BarrierFile, ChipFile, SynchronisationFile, TimeFigure};
use super::super::{BarrierLatency, HostLink, Mesh, Position, Stage, Synchronisation};
use super::figures::{stage, time};
use super::findings::Findings;
use crate::id::TileId;
use crate::quantity::Picoseconds;

/// How timesteps end.
pub(super) fn check_synchronisation(file: &ChipFile, found: &mut Findings) -> Synchronisation {
    let period = "synchronisation.period_ns";
    match &file.synchronisation {
        SynchronisationFile::Barrier { latency, .. } => {
            Synchronisation::Barrier(barrier(file, latency, found))
        }
        SynchronisationFile::GlobalTick { period_ns, .. } => {
            Synchronisation::GlobalTick { period: super::period(found, period, *period_ns) }
        }
        SynchronisationFile::FreeRunning { period_ns, .. } => {
            Synchronisation::FreeRunning { period: super::period(found, period, *period_ns) }
        }
    }
}

/// The barrier's latency.
fn barrier(file: &ChipFile, latency: &BarrierFile, found: &mut Findings) -> BarrierLatency {
    let path = "synchronisation.latency";
    match latency {
        BarrierFile::Constant { latency_ns } => {
            BarrierLatency::Constant(time(found, &format!("{path}.latency_ns"), *latency_ns))
        }
        BarrierFile::Tree { base_ns } => {
            BarrierLatency::Tree { base: time(found, &format!("{path}.base_ns"), *base_ns) }
        }
        BarrierFile::Table(entries) => {
            check_table(file, path, entries, found);
            let entries = entries.iter().enumerate().map(|(position, entry)| {
                let place = format!("{path}.{position}.latency_ns");
                (entry.tiles, time(found, &place, entry.latency_ns))
            });
            BarrierLatency::Table(entries.collect())
        }
    }
}

/// A barrier table ascends from one tile, and should reach the board's last.
fn check_table(file: &ChipFile, path: &str, entries: &[BarrierEntry], found: &mut Findings) {
    let Some(first) = entries.first() else {
        let message = format!("`{path}` is a table without entries");
        found.error("QC039", path, message, "write at least `(tiles: 1, latency_ns: …)`");
        return;
    };
    if first.tiles != 1 {
        let place = format!("{path}.0.tiles");
        let message = format!("`{place}` is {}, but a barrier table begins at 1 tile", first.tiles);
        found.error("QC060", &place, message, "add an entry for a program on one tile");
    }
    for (position, pair) in (1..).zip(entries.windows(2)) {
        if pair[1].tiles <= pair[0].tiles {
            let place = format!("{path}.{position}.tiles");
            let message = format!(
                "`{place}` is {}, after {}, but the tiles of a barrier table ascend",
                pair[1].tiles, pair[0].tiles
            );
            found.error("QC039", &place, message, "sort the table and drop repeated entries");
        }
    }
    let mesh = &file.mesh;
    let tiles = [mesh.width, mesh.height, mesh.chips_x, mesh.chips_y];
    let tiles: u128 = tiles.iter().map(|&size| u128::from(size)).product();
    let last = entries.len() - 1;
    if u128::from(entries[last].tiles) < tiles {
        let place = format!("{path}.{last}.tiles");
        let message = format!(
            "the barrier table ends at {} tiles, but the board has {tiles}: beyond, the last \
             entry holds",
            entries[last].tiles
        );
        found.warning("QC061", &place, message, "add an entry for the whole board");
    }
}

/// The host link; the port's place is checked with the layout.
pub(super) fn check_host(file: &ChipFile, mesh: &Mesh, found: &mut Findings) -> HostLink {
    let host = &file.host;
    let inside = host.port.x < mesh.board_width() && host.port.y < mesh.board_height();
    let port =
        if inside { mesh.tile_at(Position { x: host.port.x, y: host.port.y }) } else { TileId(0) };
    let mut missing = Vec::new();
    let mut spikes =
        |name: &'static str, figure: &Option<super::super::file::StageFigure>| match figure {
            Some(figure) => stage(found, &format!("host.{name}"), figure),
            None => {
                missing.push(name);
                Stage::default()
            }
        };
    let (spike_in, spike_out) =
        (spikes("spike_in", &host.spike_in), spikes("spike_out", &host.spike_out));
    let mut alone = |name: &'static str, figure: &Option<TimeFigure>| -> Option<Picoseconds> {
        if figure.is_none() {
            missing.push(name);
        }
        figure.as_ref().map(|figure| time(found, &format!("host.{name}.time_ns"), figure.time_ns))
    };
    let (handshake, state_reset) =
        (alone("handshake", &host.handshake), alone("state_reset", &host.state_reset));
    if !missing.is_empty() {
        let message = format!("time not modelled in `host`: {}", missing.join(", "));
        found.note("QC091", "host", message);
    }
    HostLink { port, spike_in, spike_out, handshake, state_reset }
}
