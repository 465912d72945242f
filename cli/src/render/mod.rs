//! What people see: findings, tables, progress.

pub mod chip;
pub mod finding;
mod levers;
pub mod mapping;
pub mod packets;
pub mod table;
pub mod utilisation;

use quarrion_compiler::infeasible::DoesNotFit;
use serde_json::json;

/// A network that does not fit, for programs: one line.
#[must_use]
pub fn misfit_json(result: &DoesNotFit) -> String {
    let mut value = json!({ "does_not_fit": result });
    let inner = &mut value["does_not_fit"];
    inner["total"] = result.total().into();
    inner["gap"] = result.gap().into();
    format!("{value}\n")
}
