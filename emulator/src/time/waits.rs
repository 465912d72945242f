//! Waits: what packets and links waited for each other, summed over timesteps.

use quarrion_isa::histogram::Histogram;
use quarrion_isa::id::LinkId;
use quarrion_isa::ledger::{Ledger, QueueRow};

use super::network::ChipNetwork;
use super::ways::Followed;
use crate::mesh;

/// What contention did over any number of timesteps; nothing where the timing model knows none.
#[derive(Clone, Debug, Default)]
pub struct Waits {
    /// By link of the chip: flits waiting in the buffers behind it times picoseconds, and most
    /// flits ever ahead on one plane.
    queues: Vec<(u64, u32)>,
    latencies: Histogram,
    pub(super) followed: Followed,
}

impl Waits {
    /// Adds what one timestep's packets did.
    pub(super) fn add(
        &mut self,
        network: &ChipNetwork,
        traffic: &mesh::Traffic,
        outcome: &mesh::Outcome,
    ) {
        for (count, link) in outcome.links.iter().zip(0..) {
            let Some(link) = network.link(link).filter(|_| count.packets > 0) else { continue };
            if self.queues.len() <= link.index() {
                self.queues.resize(link.index() + 1, (0, 0));
            }
            let (waiting, ahead) = &mut self.queues[link.index()];
            *waiting += count.queue_flit_ps;
            *ahead = (*ahead).max(count.ahead_peak);
        }
        for (packet, times) in traffic.packets.iter().zip(&outcome.packets) {
            if times.eject_ps != u64::MAX {
                self.latencies.add(times.eject_ps.saturating_sub(packet.inject_ps));
            }
        }
    }

    /// Adds what other timesteps did.
    pub fn merge(&mut self, other: Self) {
        if self.queues.len() < other.queues.len() {
            self.queues.resize(other.queues.len(), (0, 0));
        }
        for ((waiting, ahead), more) in self.queues.iter_mut().zip(&other.queues) {
            *waiting += more.0;
            *ahead = (*ahead).max(more.1);
        }
        self.latencies.merge(&other.latencies);
        self.followed.merge(other.followed);
    }

    /// Writes everything into the ledger.
    pub(crate) fn settle(self, ledger: &mut Ledger) {
        let rows = self.queues.into_iter().enumerate().filter(|(_, (_, ahead))| *ahead > 0);
        let row = |(at, (waiting_flit_ps, ahead_flits_max))| QueueRow {
            link: LinkId::from_index(at),
            waiting_flit_ps,
            ahead_flits_max,
        };
        ledger.queues = rows.map(row).collect();
        ledger.latencies = self.latencies;
        (ledger.lasts, ledger.packets) = self.followed.in_order();
    }
}
