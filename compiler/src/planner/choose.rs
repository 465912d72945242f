//! The best of several mappings by an objective.

use super::Candidate;
use super::options::Objective;
use super::predict::Prediction;

/// Timesteps closer than this count as equal, so that fewer cores decide.
const CLOSE: f64 = 1.01;

/// The best candidate for an objective, the first of equals.
pub(super) fn choose<'c>(
    candidates: &'c [Candidate],
    objective: &Objective,
) -> Option<&'c Candidate> {
    let least = |key: &dyn Fn(&Prediction) -> f64| {
        let score = |candidate: &Candidate| key(&candidate.prediction);
        candidates.iter().min_by(|a, b| score(a).total_cmp(&score(b)))
    };
    match objective {
        Objective::Latency => {
            let shortest = least(&|p| p.step_ps)?.prediction.step_ps;
            let close = candidates.iter().filter(|c| c.prediction.step_ps <= shortest * CLOSE);
            close.min_by(|a, b| {
                let (a, b) = (&a.prediction, &b.prediction);
                (a.cores.cmp(&b.cores)).then(a.step_ps.total_cmp(&b.step_ps))
            })
        }
        Objective::Cores => candidates.iter().min_by(|a, b| {
            let (a, b) = (&a.prediction, &b.prediction);
            (a.cores.cmp(&b.cores)).then(a.step_ps.total_cmp(&b.step_ps))
        }),
        Objective::Traffic | Objective::Energy | Objective::Mix(_) => {
            least(&|p| score(objective, p))
        }
    }
}

/// The figure that an objective makes small.
pub(super) fn score(objective: &Objective, p: &Prediction) -> f64 {
    match objective {
        Objective::Cores => f64::from(p.cores),
        Objective::Latency => p.step_ps,
        Objective::Traffic => p.packets,
        Objective::Energy => p.energy_pj,
        Objective::Mix(weights) => {
            weights.cores * f64::from(p.cores.max(1)).ln()
                + weights.traffic * p.packets.max(1e-9).ln()
                + weights.latency * p.step_ps.max(1e-9).ln()
                + weights.energy * p.energy_pj.max(1e-9).ln()
        }
    }
}
