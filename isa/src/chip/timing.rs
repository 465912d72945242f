//! What of a chip description only times and prices read.

use super::{BarrierLatency, HostLink, LinkClassFigures, Stage, Topology};
use super::{Chip, Mesh, Multicast, Overlap, Planes, Router, Routing, Services, Synchronisation};
use crate::id::TileId;
use crate::quantity::Picoseconds;

impl Chip {
    /// The first part in which two descriptions differ that decides what a program computes or
    /// where it lies; `None` where a run of one can be timed and priced on the other.
    ///
    /// Latencies, occupancies and widths of links, routers, planes, topology, routing, multicast,
    /// service times, lanes, overlap, barrier, host times, prices and areas may differ: on chips
    /// with a barrier they change no spike.
    #[must_use]
    pub fn differs_beyond_timing(&self, other: &Self) -> Option<String> {
        let (own, other) = (self.without_timing(), other.without_timing());
        if own.mesh != other.mesh {
            return Some("mesh: size, chips or dead parts".into());
        }
        if own.cores != other.cores {
            return Some("the cores of its tiles".into());
        }
        let mut types = own.core_types.iter().zip(&other.core_types);
        if let Some((own, _)) = types.find(|(own, other)| own != other) {
            return Some(format!("core_types.{}: memories, arithmetic or programs", own.name));
        }
        if own.synchronisation != other.synchronisation {
            return Some("synchronisation: its kind".into());
        }
        if own.faults != other.faults {
            return Some("faults: dead cores or lost packets".into());
        }
        (own != other).then(|| "the kinds of core".into())
    }

    /// The description with everything that only times and prices read set to nothing.
    fn without_timing(&self) -> Self {
        let none = Stage { latency: Picoseconds::ZERO, occupancy: Picoseconds::ZERO };
        let mut chip = self.clone();
        chip.name.clear();
        // Around dead parts the routes decide which cores can be used together.
        let whole = chip.mesh.dead_links.is_empty();
        chip.mesh = Mesh {
            topology: if whole { Topology::Mesh } else { chip.mesh.topology },
            routing: if whole { Routing::Xy } else { chip.mesh.routing },
            multicast: Multicast::Copies,
            planes: Planes::Single,
            router: Router::Asynchronous { buffer_flits: 1 },
            packet_bits: 0,
            links: [LinkClassFigures::default(); 4],
            table: None,
            ..chip.mesh
        };
        for kind in &mut chip.core_types {
            kind.services = Services::default();
            kind.lanes = 1;
            kind.overlap = Overlap::Sequential;
        }
        chip.synchronisation = match chip.synchronisation {
            Synchronisation::Barrier(_) => {
                Synchronisation::Barrier(BarrierLatency::Constant(Picoseconds::ZERO))
            }
            Synchronisation::GlobalTick { .. } => {
                Synchronisation::GlobalTick { period: Picoseconds::ZERO }
            }
            free @ Synchronisation::FreeRunning { .. } => free,
        };
        chip.host = HostLink {
            port: TileId(0),
            spike_in: none,
            spike_out: none,
            handshake: None,
            state_reset: None,
        };
        chip.prices = Default::default();
        chip.static_power = Default::default();
        chip.area = Default::default();
        chip.faults.slow_links.clear();
        chip
    }
}
