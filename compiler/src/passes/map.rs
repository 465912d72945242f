//! Map: which neurons lie on which core, by the planner or as given.

use super::Draft;
use crate::compile::CompileFailure;
use crate::planner;

pub(super) fn run(draft: &mut Draft<'_>) -> Result<(), CompileFailure> {
    let options = draft.options;
    let given = options.mapping.as_ref();
    let mut plan =
        planner::plan(&draft.quantised, draft.chip, &options.planner, given, options.seed)?;
    draft.mapping = std::mem::take(&mut plan.mapping);
    draft.notes.append(&mut plan.notes);
    draft.plan = plan;
    Ok(())
}
