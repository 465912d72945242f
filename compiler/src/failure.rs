//! Why there is no program: findings, or a network that is too large.

use std::fmt;

use quarrion_isa::diagnostic::Diagnostic;

use crate::infeasible::DoesNotFit;

/// Why there is no program.
#[derive(Clone, Debug, PartialEq)]
pub enum CompileFailure {
    /// The network asks for what the chip has not, or an input is wrong: its author must act.
    Diagnostics(Vec<Diagnostic>),
    /// Both are valid, but the network is too large for the chip.
    DoesNotFit(Box<DoesNotFit>),
}

impl From<Diagnostic> for CompileFailure {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Diagnostics(vec![diagnostic])
    }
}

impl From<Box<DoesNotFit>> for CompileFailure {
    fn from(result: Box<DoesNotFit>) -> Self {
        Self::DoesNotFit(result)
    }
}

impl fmt::Display for CompileFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Diagnostics(diagnostics) => {
                let mut texts = diagnostics.iter().map(Diagnostic::to_string);
                f.write_str(&texts.next().unwrap_or_default())?;
                texts.try_for_each(|text| write!(f, "\n{text}"))
            }
            Self::DoesNotFit(result) => result.fmt(f),
        }
    }
}

impl std::error::Error for CompileFailure {}
