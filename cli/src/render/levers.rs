//! Why a network takes so many cores, and what would make them fewer.

use quarrion_compiler::infeasible::Lever;
use quarrion_report::figures;

use super::table::{Side, aligned};
use crate::pipeline::levers::{LeverSurvey, Volume};

/// What was found, as two tables.
#[must_use]
pub(super) fn survey(survey: &LeverSurvey) -> String {
    let most = survey.volumes.first();
    let bound = most.map_or_else(String::new, |volume| {
        format!(
            "  {} cores when mapped for few; most of all they are asked for by {}: {} of them\n",
            survey.now.cores,
            volume.resource.name(),
            volume.cores
        )
    });
    let vain = match survey.in_vain.as_slice() {
        [] => String::new(),
        kinds => format!("  no fewer cores by {}\n", kinds.join(", ")),
    };
    format!("{bound}\n{}\n{}{vain}", volumes(&survey.volumes), levers(survey))
}

fn volumes(volumes: &[Volume]) -> String {
    let row = |volume: &Volume| {
        let Volume { resource, used, a_core, cores } = volume;
        let mut row = vec![resource.name().to_owned()];
        row.extend([used, a_core, cores].map(u64::to_string));
        row
    };
    let columns = [
        ("asks for cores", Side::Left),
        ("in use", Side::Right),
        ("a core has", Side::Right),
        ("full cores", Side::Right),
    ];
    aligned(&columns, volumes.iter().map(row).collect())
}

fn levers(survey: &LeverSurvey) -> String {
    let row = |lever: &Lever| {
        vec![
            lever.change.clone(),
            lever.cores.to_string(),
            figures::time(lever.step_ps as f64),
            lever.sets.join(" "),
        ]
    };
    let columns = [
        ("lever", Side::Left),
        ("cores", Side::Right),
        ("predicted step", Side::Right),
        ("--set", Side::Left),
    ];
    aligned(&columns, std::iter::once(&survey.now).chain(&survey.levers).map(row).collect())
}
