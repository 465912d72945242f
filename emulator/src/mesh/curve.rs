//! Latency against offered load, and where a network saturates.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};

use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::histogram::Histogram;

use super::fabric::Fabric;
use super::model::Fidelity;
use super::synthetic::{Arrivals, Pattern, Synthetic, Terminals};
use super::traffic::{Detail, Outcome, Traffic};

/// Flits per port and a million cycles when every source always has a packet.
pub const FULL_LOAD: u64 = 1_000_000;

/// How a curve is measured.
#[derive(Clone, Debug)]
pub struct CurveSpec {
    /// Timing model.
    pub fidelity: Fidelity,
    /// The ports that send and receive.
    pub terminals: Terminals,
    /// Who sends to whom.
    pub pattern: Pattern,
    /// Length of every packet.
    pub flits: u32,
    /// Length of a cycle.
    pub cycle_ps: u64,
    /// Cycles before the measurement.
    pub warm_up: u64,
    /// Cycles of the measurement.
    pub measured: u64,
    /// Seed of the traffic.
    pub seed: u32,
}

/// One point of a latency curve.
#[derive(Clone, Debug, PartialEq)]
pub struct CurvePoint {
    /// Offered flits per port and cycle.
    pub offered: f64,
    /// Flits that became ready per port and cycle of the measurement.
    pub generated: f64,
    /// Flits that arrived per port and cycle of the measurement.
    pub accepted: f64,
    /// Latencies of the packets that were ready in the measurement, waiting at the source included.
    ///
    /// # Units
    /// Picoseconds.
    pub latency_ps: Histogram,
}

/// What a network can carry at most, and what would be left of it without contention.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Capacity {
    /// Flits per port and cycle at which the busiest link is never idle.
    pub bound: f64,
    /// That link, by position in [`Fabric::links`].
    pub link: u32,
}

impl CurvePoint {
    /// Whether the network carries the load: no more than a twentieth of it stays behind.
    #[must_use]
    pub fn stable(&self) -> bool {
        carries(self.generated, self.accepted)
    }
}

fn carries(generated: f64, accepted: f64) -> bool {
    accepted >= 0.95 * generated
}

impl CurveSpec {
    /// The traffic of a load.
    #[must_use]
    pub fn traffic(&self, arrivals: Arrivals) -> Traffic {
        Synthetic {
            pattern: self.pattern.clone(),
            arrivals,
            flits: self.flits,
            cycle_ps: self.cycle_ps,
            service_ps: 0,
            seed: self.seed,
        }
        .generate_among(&self.terminals)
    }

    fn run(&self, fabric: &Fabric, traffic: &Traffic) -> Result<Outcome, Diagnostic> {
        let outcome = self.fidelity.model(fabric)?.run(traffic, Detail::Packets)?;
        outcome.deadlock().map_or(Ok(outcome), Err)
    }

    /// Runs a steady load until every packet has arrived.
    ///
    /// # Errors
    /// A diagnostic about the fabric; the chip's author must act.
    pub fn loaded(&self, fabric: &Fabric, load: u64) -> Result<(Traffic, Outcome), Diagnostic> {
        let traffic = self.steady(load);
        let outcome = self.run(fabric, &traffic)?;
        Ok((traffic, outcome))
    }

    fn steady(&self, flits_per_million: u64) -> Traffic {
        let cycles = self.warm_up + self.measured;
        self.traffic(Arrivals::Bernoulli { flits_per_million, cycles })
    }

    /// The measurement, in picoseconds.
    fn window(&self) -> std::ops::Range<u64> {
        let end = self.warm_up + self.measured;
        self.warm_up * self.cycle_ps..end * self.cycle_ps
    }

    /// Flits that arrived per port and cycle of the measurement.
    fn accepted(&self, traffic: &Traffic, outcome: &Outcome) -> f64 {
        let window = self.window();
        let packets = traffic.packets.iter().zip(&outcome.packets);
        let arrived = packets.filter(|(_, times)| window.contains(&times.eject_ps));
        let flits: u64 = arrived.map(|(packet, _)| u64::from(packet.flits)).sum();
        self.per_port_and_cycle(flits)
    }

    fn per_port_and_cycle(&self, flits: u64) -> f64 {
        flits as f64 / (self.measured * self.terminals.ports().len() as u64) as f64
    }

    /// Measures one load: packets ready after the warm-up, each until it arrives.
    ///
    /// # Errors
    /// A diagnostic about the fabric; the chip's author must act.
    pub fn point(&self, fabric: &Fabric, flits_per_million: u64) -> Result<CurvePoint, Diagnostic> {
        let traffic = self.steady(flits_per_million);
        let outcome = self.run(fabric, &traffic)?;
        let window = self.window();
        let mut latency_ps = Histogram::default();
        let mut generated = 0;
        for (packet, times) in traffic.packets.iter().zip(&outcome.packets) {
            if !window.contains(&packet.inject_ps) {
                continue;
            }
            generated += u64::from(packet.flits);
            if times.eject_ps != u64::MAX {
                latency_ps.add(times.eject_ps - packet.inject_ps);
            }
        }
        Ok(CurvePoint {
            offered: flits_per_million as f64 / 1e6,
            generated: self.per_port_and_cycle(generated),
            accepted: self.accepted(&traffic, &outcome),
            latency_ps,
        })
    }

    /// Measures a list of loads.
    ///
    /// # Errors
    /// A diagnostic about the fabric; the chip's author must act.
    ///
    /// # Determinism
    /// The number of threads changes no point.
    pub fn points(
        &self,
        fabric: &Fabric,
        flits_per_million: &[u64],
        threads: NonZero<usize>,
    ) -> Result<Vec<CurvePoint>, Diagnostic> {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut points = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(load) = flits_per_million.get(at) else { return points };
                points.push((at, self.point(fabric, *load)));
            }
        };
        let mut points: Vec<_> = std::thread::scope(|scope| {
            let more = threads.get().min(flits_per_million.len().max(1)) - 1;
            let workers: Vec<_> = (0..more).map(|_| scope.spawn(work)).collect();
            let mut points = work();
            for worker in workers {
                match worker.join() {
                    Ok(part) => points.extend(part),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            points
        });
        points.sort_by_key(|(at, _)| *at);
        points.into_iter().map(|(_, point)| point).collect()
    }

    /// Flits per port and cycle that arrive when so many per port and a million cycles are
    /// offered: with [`FULL_LOAD`] or any load beyond saturation, the saturated throughput.
    ///
    /// # Errors
    /// A diagnostic about the fabric; the chip's author must act.
    pub fn throughput(&self, fabric: &Fabric, flits_per_million: u64) -> Result<f64, Diagnostic> {
        self.carried(fabric, flits_per_million).map(|(_, accepted)| accepted)
    }

    /// Flits that became ready and that arrived, per port and cycle of the measurement.
    fn carried(&self, fabric: &Fabric, load: u64) -> Result<(f64, f64), Diagnostic> {
        let mut traffic = self.steady(load);
        let window = self.window();
        traffic.horizon_ps = Some(window.end);
        let outcome = self.run(fabric, &traffic)?;
        let ready = traffic.packets.iter().filter(|packet| window.contains(&packet.inject_ps));
        let generated = ready.map(|packet| u64::from(packet.flits)).sum();
        Ok((self.per_port_and_cycle(generated), self.accepted(&traffic, &outcome)))
    }

    /// What arrives under the largest load up to `most` that the network carries: no more than a
    /// twentieth of that load stays behind, which is found to a hundredth of `most`. In flits per
    /// port and a million cycles.
    ///
    /// # Errors
    /// A diagnostic about the fabric; the chip's author must act.
    pub fn saturation(&self, fabric: &Fabric, most: u64) -> Result<u64, Diagnostic> {
        let (mut stable, mut unstable, mut arrives) = (0, 101, 0.0);
        while unstable - stable > 1 {
            let middle = (stable + unstable) / 2;
            let (generated, accepted) = self.carried(fabric, most * middle / 100)?;
            if carries(generated, accepted) {
                (stable, arrives) = (middle, accepted.min(generated));
            } else {
                unstable = middle;
            }
        }
        Ok((arrives * FULL_LOAD as f64).round() as u64)
    }

    /// The load at which the busiest link is never idle, from `packets` packets of each source;
    /// no network of these links carries more. `None` where nothing is sent.
    ///
    /// # Errors
    /// A diagnostic about the fabric; the chip's author must act.
    pub fn capacity(&self, fabric: &Fabric, packets: u32) -> Result<Option<Capacity>, Diagnostic> {
        let traffic = self.traffic(Arrivals::Burst { packets, gap: 0 });
        let outcome = self.run(fabric, &traffic)?;
        let busiest = outcome
            .links
            .iter()
            .zip(0..)
            .max_by_key(|(count, at)| (count.busy_ps, std::cmp::Reverse(*at)));
        let offered = f64::from(packets) * f64::from(self.flits) * self.cycle_ps as f64;
        Ok(busiest
            .filter(|(count, _)| count.busy_ps > 0)
            .map(|(count, link)| Capacity { bound: offered / count.busy_ps as f64, link }))
    }
}
