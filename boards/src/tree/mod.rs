//! A RON text as a tree whose every value knows where it was written.
//!
//! The `ron` crate decides what is RON; this tree only locates. It carries what `ron` does not: the
//! span of each value, repeated keys, the layer (base file, derived file, `--set`) that set a
//! value.

mod inspect;
mod lex;
mod merge;
mod parse;
mod path;
mod print;
mod read;

pub(crate) use inspect::{Flaw, flaws};
pub(crate) use merge::{PartialFigure, merge};
pub(crate) use parse::parse;
pub(crate) use path::{Step, parse_path};
pub(crate) use print::print;
pub(crate) use read::{Fault, ReadError, read};

use quarrion_isa::diagnostic::Span;

/// Position of a source among the texts that make up one description, oldest first.
pub(crate) type Layer = usize;

/// Where a value was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The text.
    pub(crate) layer: Layer,
    /// The place in it.
    pub(crate) span: Span,
}

/// A value with its origin.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// The value.
    pub(crate) value: Value,
    /// Where it was written.
    pub(crate) origin: Origin,
}

/// A RON value.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// A number as it was written, without underscores.
    Number(String),
    /// A string.
    Text(String),
    /// `true` or `false`.
    Flag(bool),
    /// A bare name: an enumeration value.
    Name(String),
    /// `[a, b]`.
    List(Vec<Node>),
    /// `(a, b)` or `Name(a, b)`.
    Tuple(Option<String>, Vec<Node>),
    /// `(a: 1, b: 2)` or `Name(a: 1, b: 2)`.
    Record(Option<String>, Vec<Field>),
    /// `{ "a": 1, "b": 2 }`.
    Map(Vec<Field>),
}

/// A named value of a record or map.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// The name.
    pub(crate) key: String,
    /// How the name is written.
    pub(crate) style: KeyStyle,
    /// Where the name was written.
    pub(crate) key_origin: Origin,
    /// The value.
    pub(crate) node: Node,
}

/// How the name of a field is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyStyle {
    /// Bare.
    Plain,
    /// In quotes.
    Quoted,
}

impl Node {
    /// The named values of a record or map.
    pub(crate) fn fields(&self) -> &[Field] {
        match &self.value {
            Value::Record(_, fields) | Value::Map(fields) => fields,
            _ => &[],
        }
    }

    /// The named values of a record or map, to change.
    pub(crate) fn fields_mut(&mut self) -> Option<&mut Vec<Field>> {
        match &mut self.value {
            Value::Record(_, fields) | Value::Map(fields) => Some(fields),
            _ => None,
        }
    }

    /// The items of a list or tuple.
    pub(crate) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) | Value::Tuple(_, items) => items,
            _ => &[],
        }
    }

    /// The named value.
    pub(crate) fn field(&self, key: &str) -> Option<&Node> {
        self.fields().iter().find(|field| field.key == key).map(|field| &field.node)
    }

    /// Puts a value under a name, in place of the one that has it.
    pub(crate) fn set_field(&mut self, key: &str, node: Node, origin: Origin) {
        let style = match &self.value {
            Value::Map(_) => KeyStyle::Quoted,
            _ => KeyStyle::Plain,
        };
        let Some(fields) = self.fields_mut() else { return };
        match fields.iter_mut().find(|field| field.key == key) {
            Some(field) => field.node = node,
            None => {
                fields.push(Field { key: key.to_owned(), style, key_origin: origin, node });
            }
        }
    }

    /// The names or positions one step down.
    pub(crate) fn step_names(&self) -> Vec<String> {
        let node = self.inner();
        let names = node.fields().iter().map(|field| field.key.clone());
        names.chain((0..node.items().len()).map(|position| position.to_string())).collect()
    }

    /// Calls `change` with the origin of this value, of what it holds, and of every name.
    pub(crate) fn each_origin(&mut self, change: &mut impl FnMut(&mut Origin)) {
        change(&mut self.origin);
        match &mut self.value {
            Value::List(items) | Value::Tuple(_, items) => {
                items.iter_mut().for_each(|item| item.each_origin(change));
            }
            Value::Record(_, fields) | Value::Map(fields) => {
                for field in fields {
                    change(&mut field.key_origin);
                    field.node.each_origin(change);
                }
            }
            _ => {}
        }
    }

    /// Whether the value is a figure or group of figures that carries its own source.
    pub(crate) fn is_sourced(&self) -> bool {
        matches!(self.value, Value::Record(..)) && self.field("source").is_some()
    }
}
