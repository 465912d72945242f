//! Latency against offered load, and where a network saturates.

use quarrion_isa::diagnostic::Diagnostic;

use super::fabric::{Fabric, Grid, Wrap};
use super::model::Fidelity;
use super::synthetic::{Arrivals, Pattern, Synthetic};
use super::traffic::{Detail, Traffic};

/// How a curve is measured.
#[derive(Clone, Debug)]
pub struct CurveSpec {
    /// Timing model.
    pub fidelity: Fidelity,
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
    /// Flits that arrived per port and cycle of the measurement.
    pub accepted: f64,
    /// Packets that were ready in the measurement.
    pub packets: u64,
    /// Mean latency of these in cycles, waiting at the source included.
    pub mean: f64,
    /// Half of them had at most this latency.
    pub p50: u64,
    /// 95 in a hundred had at most this latency.
    pub p95: u64,
    /// 99 in a hundred had at most this latency.
    pub p99: u64,
    /// The longest latency.
    pub max: u64,
}

impl CurvePoint {
    /// Column names of [`CurvePoint::csv_row`].
    pub const CSV_HEADER: &'static str =
        "offered,accepted,packets,latency_mean,latency_p50,latency_p95,latency_p99,latency_max";

    /// The point as a line of CSV.
    #[must_use]
    pub fn csv_row(&self) -> String {
        format!(
            "{:.6},{:.6},{},{:.3},{},{},{},{}",
            self.offered,
            self.accepted,
            self.packets,
            self.mean,
            self.p50,
            self.p95,
            self.p99,
            self.max
        )
    }
}

fn grid_of(fabric: &Fabric) -> Grid {
    let ports = fabric.ports.len() as u32;
    fabric.grid.unwrap_or(Grid { width: ports, height: 1, wrap: Wrap::Mesh })
}

impl CurveSpec {
    fn traffic(&self, fabric: &Fabric, flits_per_million: u64, cycles: u64) -> Traffic {
        Synthetic {
            pattern: self.pattern.clone(),
            arrivals: Arrivals::Bernoulli { flits_per_million, cycles },
            flits: self.flits,
            cycle_ps: self.cycle_ps,
            service_ps: 0,
            seed: self.seed,
        }
        .generate(grid_of(fabric))
    }

    /// Measures one load: packets ready after the warm-up, each until it arrives.
    ///
    /// # Errors
    /// A diagnostic about the fabric; the chip's author must act.
    pub fn point(&self, fabric: &Fabric, flits_per_million: u64) -> Result<CurvePoint, Diagnostic> {
        let end = self.warm_up + self.measured;
        let traffic = self.traffic(fabric, flits_per_million, end);
        let outcome = self.fidelity.model(fabric)?.run(&traffic, Detail::Packets)?;
        let window = self.warm_up * self.cycle_ps..end * self.cycle_ps;
        let mut latencies = Vec::new();
        let mut arrived = 0u64;
        for (packet, times) in traffic.packets.iter().zip(&outcome.packets) {
            if window.contains(&times.eject_ps) {
                arrived += u64::from(packet.flits);
            }
            if window.contains(&packet.inject_ps) && times.eject_ps != u64::MAX {
                latencies.push((times.eject_ps - packet.inject_ps) / self.cycle_ps);
            }
        }
        latencies.sort_unstable();
        let at = |share: usize| {
            latencies.get((latencies.len() * share / 100).min(latencies.len().max(1) - 1))
        };
        let sum: u64 = latencies.iter().sum();
        let spread = (self.measured * fabric.ports.len() as u64) as f64;
        Ok(CurvePoint {
            offered: flits_per_million as f64 / 1e6,
            accepted: arrived as f64 / spread,
            packets: latencies.len() as u64,
            mean: sum as f64 / latencies.len().max(1) as f64,
            p50: at(50).copied().unwrap_or(0),
            p95: at(95).copied().unwrap_or(0),
            p99: at(99).copied().unwrap_or(0),
            max: latencies.last().copied().unwrap_or(0),
        })
    }

    /// Measures a list of loads.
    ///
    /// # Errors
    /// A diagnostic about the fabric; the chip's author must act.
    pub fn points(
        &self,
        fabric: &Fabric,
        flits_per_million: &[u64],
    ) -> Result<Vec<CurvePoint>, Diagnostic> {
        flits_per_million.iter().map(|load| self.point(fabric, *load)).collect()
    }

    /// The largest offered load, to a thousandth of a flit per port and cycle, at which mean
    /// latency stays below `factor` times that of the lightest load.
    ///
    /// # Errors
    /// A diagnostic about the fabric; the chip's author must act.
    pub fn largest_stable(&self, fabric: &Fabric, factor: f64) -> Result<f64, Diagnostic> {
        let base = self.point(fabric, 1000)?.mean;
        let (mut stable, mut unstable) = (1, 1001);
        while unstable - stable > 1 {
            let middle = (stable + unstable) / 2;
            let point = self.point(fabric, middle * 1000)?;
            if point.mean <= factor * base { stable = middle } else { unstable = middle }
        }
        Ok(stable as f64 / 1000.0)
    }

    /// Flits per port and cycle that arrive when every source always has a packet.
    ///
    /// # Errors
    /// A diagnostic about the fabric; the chip's author must act.
    pub fn saturation(&self, fabric: &Fabric) -> Result<f64, Diagnostic> {
        let end = self.warm_up + self.measured;
        let mut traffic = self.traffic(fabric, 1_000_000, end);
        traffic.horizon_ps = Some(end * self.cycle_ps);
        let outcome = self.fidelity.model(fabric)?.run(&traffic, Detail::Packets)?;
        let window = self.warm_up * self.cycle_ps..end * self.cycle_ps;
        let packets = traffic.packets.iter().zip(&outcome.packets);
        let arrived = packets.filter(|(_, times)| window.contains(&times.eject_ps));
        let flits: u64 = arrived.map(|(packet, _)| u64::from(packet.flits)).sum();
        Ok(flits as f64 / (self.measured * fabric.ports.len() as u64) as f64)
    }
}
