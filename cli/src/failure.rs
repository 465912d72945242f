//! How a command ends without a result.

use quarrion_compiler::infeasible::DoesNotFit;
use quarrion_isa::diagnostic::Diagnostic;

use crate::exit;

/// Why a command ended without a result, or with one that says no.
#[derive(Debug)]
pub enum Failure {
    /// What the user gave is wrong; the findings say what.
    Input(Vec<Diagnostic>),
    /// Everything is valid, but the chip is too small.
    DoesNotFit(Box<DoesNotFit>),
    /// A limit was reached.
    Limit(Diagnostic),
    /// A comparison found a difference; the result has been printed.
    Differs,
    /// The user interrupted.
    Interrupted,
    /// Nobody reads stdout any more.
    NobodyReads,
    /// A fault of ours, in words.
    Bug(String),
}

impl Failure {
    /// The exit code.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NobodyReads => exit::GOOD,
            Self::Bug(_) => exit::OUR_BUG,
            Self::Input(_) => exit::BAD_INPUT,
            Self::DoesNotFit(_) => exit::DOES_NOT_FIT,
            Self::Limit(_) => exit::LIMIT_REACHED,
            Self::Differs => exit::DIFFERS,
            Self::Interrupted => exit::INTERRUPTED,
        }
    }
}

impl From<Diagnostic> for Failure {
    fn from(found: Diagnostic) -> Self {
        Self::Input(vec![found])
    }
}

impl From<Vec<Diagnostic>> for Failure {
    fn from(found: Vec<Diagnostic>) -> Self {
        Self::Input(found)
    }
}
