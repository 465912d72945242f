//! Verify: prove the program by decoding it.

use quarrion_isa::diagnostic::Diagnostic;

use super::{Draft, codes};
use crate::failure::CompileFailure;
use crate::verify::verify;

pub(super) fn run(draft: &mut Draft<'_>) -> Result<(), CompileFailure> {
    let Some(program) = &draft.program else { return Ok(()) };
    verify(program, &draft.quantised, draft.chip).map_err(|violations| {
        let diagnostic = |violation: crate::verify::Violation| {
            Diagnostic::error(codes::VERIFY, "the program is not the network")
                .at(&program.name, &violation.place, violation.what)
                .help("this is a fault of the compiler: please report it with the network")
        };
        CompileFailure::Diagnostics(violations.into_iter().map(diagnostic).collect())
    })
}
