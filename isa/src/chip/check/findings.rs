//! The list that rules write their findings to.

use crate::diagnostic::{Diagnostic, Severity};

/// Findings about one chip file, in the order of the rules.
///
/// Labels carry paths only; who read the file adds source and span.
#[derive(Default)]
pub(super) struct Findings {
    errors: Vec<Diagnostic>,
    others: Vec<Diagnostic>,
}

impl Findings {
    /// Files a finding under its severity.
    fn file(&mut self, finding: Diagnostic) {
        match finding.severity {
            Severity::Error => self.errors.push(finding),
            Severity::Warning | Severity::Note => self.others.push(finding),
        }
    }

    /// Records a broken rule at the value that broke it.
    pub(super) fn error(
        &mut self,
        code: &'static str,
        path: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.file(Diagnostic::error(code, message).at("", path, "set here").help(help));
    }

    /// Records a broken rule between two values: the cause first, then the other one.
    pub(super) fn clash(
        &mut self,
        code: &'static str,
        (cause, other): (&str, &str),
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let finding = Diagnostic::error(code, message)
            .at("", cause, "this value")
            .at("", other, "does not go with this one")
            .help(help);
        self.file(finding);
    }

    /// Records something that a reader of results should doubt.
    pub(super) fn warning(
        &mut self,
        code: &'static str,
        path: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.file(Diagnostic::warning(code, message).at("", path, "set here").help(help));
    }

    /// Records something that is said once and changes nothing.
    pub(super) fn note(&mut self, code: &'static str, path: &str, message: impl Into<String>) {
        self.file(Diagnostic::note(code, message).at("", path, "set here"));
    }

    /// Whether any rule is broken so far.
    pub(super) fn broken(&self) -> bool {
        !self.errors.is_empty()
    }

    /// Warnings and notes, or every error where there is one.
    pub(super) fn into_result(self) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
        if self.errors.is_empty() { Ok(self.others) } else { Err(self.errors) }
    }
}
