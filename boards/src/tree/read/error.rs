//! A value that does not fit its type.

use serde::de;

use super::super::Origin;

/// A value that does not fit the type, and where.
#[derive(Clone, Debug)]
pub(crate) struct ReadError {
    /// What is wrong.
    pub(crate) fault: Fault,
    /// Names and positions from the outside in.
    pub(crate) path: Vec<String>,
    /// The place, once the walk back has passed one.
    pub(crate) origin: Option<Origin>,
}

/// What does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A field that the type does not have.
    UnknownField(String, &'static [&'static str]),
    /// A name that the enumeration does not have.
    UnknownName(String, &'static [&'static str]),
    /// A field that the type needs.
    MissingField(&'static str),
    /// A value of the wrong kind: what it is, and what was expected.
    Mismatch(String, String),
    /// Anything else, in words.
    Other(String),
}

impl ReadError {
    /// A fault with no place yet.
    pub(super) fn new(fault: Fault) -> Self {
        Self { fault, path: Vec::new(), origin: None }
    }

    /// A fault in words.
    pub(super) fn other(message: String) -> Self {
        Self::new(Fault::Other(message))
    }

    /// Adds the name or position that the walk back passes, and the place if there is none yet.
    pub(super) fn below(mut self, step: impl Into<String>, origin: Origin) -> Self {
        self.path.insert(0, step.into());
        self.origin.get_or_insert(origin);
        self
    }
}

impl std::fmt::Display for ReadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.fault)
    }
}

impl std::error::Error for ReadError {}

impl de::Error for ReadError {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self::other(message.to_string())
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(Fault::UnknownField(field.to_owned(), expected))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::new(Fault::UnknownName(variant.to_owned(), expected))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(Fault::MissingField(field))
    }

    fn invalid_type(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::other(format!("expected {expected}"))
    }

    fn invalid_length(length: usize, expected: &dyn de::Expected) -> Self {
        Self::other(format!("expected {expected}, found {length} values"))
    }
}
