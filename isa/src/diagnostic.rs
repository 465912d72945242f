//! Diagnostics as values: what is wrong, where, under which rule, and one way out.
//!
//! A diagnostic never prints itself; `cli` renders it (human or JSON) and chooses the exit code.

use serde::{Deserialize, Serialize};

/// How much a diagnostic matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something that is said once and changes nothing.
    Note,
    /// The result stands, but a reader should doubt it until this is settled.
    Warning,
    /// The work cannot go on.
    Error,
}

/// A byte range of the named source text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// A place in a source with what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// Name of the source as the user gave it: a path, or `--set`.
    pub source: String,
    /// Where in the source; `None` for a source without text (an HDF5 node, an array).
    pub span: Option<Span>,
    /// Path of the value inside the source, such as `core_types.neuro.compartments`.
    pub path: String,
    /// What is said about this place.
    pub text: String,
}

/// One finding about an input: a code, a message, places, a way out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Stable code such as `QC012`; `explain` tells its rule at length.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// One sentence: the rule and the value that broke it.
    pub message: String,
    /// Where; the first label is the cause.
    pub labels: Vec<Label>,
    /// One way out.
    pub help: Option<String>,
}

impl Diagnostic {
    /// Starts an error with its code and one-sentence message.
    #[must_use]
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, message.into())
    }

    /// Starts a warning with its code and one-sentence message.
    #[must_use]
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, message.into())
    }

    /// Starts a note with its code and one-sentence message.
    #[must_use]
    pub fn note(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Note, message.into())
    }

    fn new(code: &'static str, severity: Severity, message: String) -> Self {
        Self { code, severity, message, labels: Vec::new(), help: None }
    }

    /// Adds a place in a source without a known span: an HDF5 node or an array.
    #[must_use]
    pub fn at(mut self, source: &str, path: &str, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            source: source.into(),
            span: None,
            path: path.into(),
            text: text.into(),
        });
        self
    }

    /// Adds a place in a source text.
    #[must_use]
    pub fn at_span(mut self, source: &str, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            source: source.into(),
            span: Some(span),
            path: String::new(),
            text: text.into(),
        });
        self
    }

    /// Adds the way out.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl std::fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} [{}]", self.message, self.code)?;
        for label in &self.labels {
            write!(f, "\n  at {} {}: {}", label.source, label.path, label.text)?;
        }
        match &self.help {
            Some(help) => write!(f, "\n  help: {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Diagnostic {}

/// The long explanation of one code, as `explain` prints it.
#[derive(Clone, Copy, Debug)]
pub struct CodeEntry {
    /// The code.
    pub code: &'static str,
    /// The rule in one line.
    pub title: &'static str,
    /// Why the rule exists and what to do, in a few sentences.
    pub explanation: &'static str,
}
