//! Latency curves and saturation beside the reference's.

use quarrion_emulator::mesh::{
    CurveSpec, FULL_LOAD, Fidelity, Grid, Pattern, PortId, Terminals, Wrap,
};

use super::folder::{CurvePoint, Problem};
use super::settings::{CYCLE_PS, setting};

/// One curve: the reference's points and where it saturates.
#[derive(Clone, Debug)]
pub struct Curve {
    /// Side of the mesh.
    pub side: u32,
    /// Router setting.
    pub router: String,
    /// Packet length.
    pub flits: u32,
    /// Pattern.
    pub pattern: String,
    /// Stable points: offered flits per node and cycle, mean latency.
    pub points: Vec<(f64, f64)>,
    /// Accepted flits per node and cycle when every node always has a packet.
    pub saturation: f64,
}

/// Errors of one curve.
#[derive(Clone, Debug)]
pub struct CurveErrors {
    /// Ours over theirs, minus one, at the points with at most twice the lowest latency.
    pub latency: Vec<f64>,
    /// Ours over theirs, minus one.
    pub saturation: f64,
}

/// Joins the rows of the reference's table to curves.
#[must_use]
pub fn join(rows: &[CurvePoint]) -> Vec<Curve> {
    let mut curves: Vec<Curve> = Vec::new();
    for row in rows {
        let same = |curve: &Curve| {
            (curve.side, curve.flits) == (row.side, row.flits)
                && curve.router == row.router
                && curve.pattern == row.pattern
        };
        let at = curves.iter().position(same).unwrap_or_else(|| {
            curves.push(Curve {
                side: row.side,
                router: row.router.clone(),
                flits: row.flits,
                pattern: row.pattern.clone(),
                points: Vec::new(),
                saturation: 0.0,
            });
            curves.len() - 1
        });
        match (row.mode.as_str(), row.latency) {
            ("saturation", _) => curves[at].saturation = row.accepted,
            (_, Some(latency)) if row.stable => curves[at].points.push((row.offered, latency)),
            _ => {}
        }
    }
    curves
}

impl Curve {
    fn spec(&self, fidelity: Fidelity) -> CurveSpec {
        // The reference's warm-up and length.
        let pattern = match self.pattern.as_str() {
            "transpose" => Pattern::Transpose,
            // On the command line the reference reads one hot spot only.
            "hotspot1" => Pattern::Hotspot {
                ports: vec![PortId(if self.side == 8 { 18 } else { 68 })],
                per_mille: 1000,
            },
            _ => Pattern::Uniform,
        };
        let grid = Grid { width: self.side, height: self.side, wrap: Wrap::Mesh };
        CurveSpec {
            fidelity,
            terminals: Terminals::one_a_tile(grid),
            pattern,
            flits: self.flits,
            cycle_ps: CYCLE_PS,
            warm_up: 3000,
            measured: 7000,
            seed: 1,
        }
    }

    /// Measures the curve with one of our models.
    ///
    /// # Errors
    /// An unknown router name or a broken fabric.
    pub fn measure(&self, fidelity: Fidelity) -> Result<CurveErrors, Problem> {
        let setting =
            setting(&self.router).ok_or_else(|| format!("unknown router {}", self.router))?;
        let fabric = setting.mesh(self.side);
        let spec = self.spec(fidelity);
        let saturation = spec.throughput(&fabric, FULL_LOAD).map_err(|e| e.to_string())?;
        let mut latency = Vec::new();
        // Close to saturation latency grows as long as one measures.
        let lowest = self.points.iter().map(|point| point.1).fold(f64::INFINITY, f64::min);
        let calm = self.points.iter().filter(|point| point.1 <= 2.0 * lowest);
        for (offered, theirs) in calm {
            let millionths = (offered * 1e6).round() as u64;
            let ours = spec.point(&fabric, millionths).map_err(|e| e.to_string())?;
            if ours.latency_ps.count() > 2000 {
                latency.push(ours.latency_ps.mean() / CYCLE_PS as f64 / theirs - 1.0);
            }
        }
        Ok(CurveErrors { latency, saturation: saturation / self.saturation - 1.0 })
    }
}
