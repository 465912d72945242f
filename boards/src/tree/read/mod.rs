//! A tree into typed values, with the place of whatever does not fit.

mod access;
mod error;

use serde::de::{self, DeserializeOwned, Visitor};

use super::{Node, Value};
use access::{Choice, Fields, Items};
pub(crate) use error::{Fault, ReadError};

/// Reads the tree into a value.
///
/// # Errors
/// The first value that does not fit, with its path and place.
pub(crate) fn read<T: DeserializeOwned>(node: &Node) -> Result<T, ReadError> {
    T::deserialize(Reader(node)).map_err(|mut error| {
        error.origin.get_or_insert(node.origin);
        error
    })
}

/// What a value is called in messages.
fn kind(node: &Node) -> String {
    match &node.value {
        Value::Number(number) => format!("the number {number}"),
        Value::Text(text) => format!("the text {text:?}"),
        Value::Flag(flag) => format!("`{flag}`"),
        Value::Name(name) => format!("the name `{name}`"),
        Value::List(_) => "a list".into(),
        Value::Tuple(Some(name), _) | Value::Record(Some(name), _) => format!("`{name}(…)`"),
        Value::Tuple(None, _) => "a list in round brackets".into(),
        Value::Record(None, _) => "a group of fields".into(),
        Value::Map(_) => "a map".into(),
    }
}

/// One value on its way into a type.
struct Reader<'a>(&'a Node);

impl Reader<'_> {
    /// The value is not what the type expects.
    fn mismatch(&self, expected: &str) -> ReadError {
        let mut error = ReadError::new(Fault::Mismatch(kind(self.0), expected.to_owned()));
        error.origin = Some(self.0.origin);
        error
    }
}

/// Integers: whole numbers within the type's limits.
macro_rules! integers {
    ($($method:ident, $visit:ident, $int:ty;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            let Value::Number(number) = &self.0.value else {
                return Err(self.mismatch("a whole number"));
            };
            match integer(number).and_then(|number| <$int>::try_from(number).ok()) {
                Some(number) => visitor.$visit(number),
                None => {
                    let (low, high) = (<$int>::MIN, <$int>::MAX);
                    Err(self.mismatch(&format!("a whole number from {low} to {high}")))
                }
            }
        })*
    };
}

/// A whole number, also with a radix prefix.
fn integer(number: &str) -> Option<i128> {
    let (negative, digits) = match number.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, number.strip_prefix('+').unwrap_or(number)),
    };
    let radix = match digits.get(..2) {
        Some("0x") => 16,
        Some("0o") => 8,
        Some("0b") => 2,
        _ => 10,
    };
    let digits = if radix == 10 { digits } else { &digits[2..] };
    if !digits.starts_with(|c: char| c.is_ascii_hexdigit()) {
        return None;
    }
    let size = i128::from_str_radix(digits, radix).ok()?;
    Some(if negative { -size } else { size })
}

impl<'de> de::Deserializer<'de> for Reader<'_> {
    type Error = ReadError;

    integers! {
        deserialize_i8, visit_i8, i8;
        deserialize_i16, visit_i16, i16;
        deserialize_i32, visit_i32, i32;
        deserialize_i64, visit_i64, i64;
        deserialize_u8, visit_u8, u8;
        deserialize_u16, visit_u16, u16;
        deserialize_u32, visit_u32, u32;
        deserialize_u64, visit_u64, u64;
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.0.value {
            Value::Number(_) => self.deserialize_f64(visitor),
            Value::Text(_) | Value::Name(_) => self.deserialize_str(visitor),
            Value::Flag(flag) => visitor.visit_bool(*flag),
            Value::List(_) | Value::Tuple(..) => self.deserialize_seq(visitor),
            Value::Record(..) | Value::Map(_) => self.deserialize_map(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.0.value {
            Value::Flag(flag) => visitor.visit_bool(flag),
            _ => Err(self.mismatch("`true` or `false`")),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let Value::Number(number) = &self.0.value else {
            return Err(self.mismatch("a decimal number"));
        };
        match number.parse::<f64>() {
            Ok(figure) if figure.is_finite() => visitor.visit_f64(figure),
            _ => Err(self.mismatch("a finite decimal number")),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.0.value {
            Value::Text(text) | Value::Name(text) => visitor.visit_str(text),
            _ => Err(self.mismatch("a text in quotes")),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.0.value {
            Value::Text(text) => visitor.visit_str(text),
            _ => Err(self.mismatch("a text in quotes")),
        }
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.0.value {
            Value::Name(name) if name == "None" => visitor.visit_none(),
            Value::Tuple(Some(name), items) if name == "Some" && items.len() == 1 => {
                visitor.visit_some(Reader(&items[0]))
            }
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.0.value {
            Value::List(items) | Value::Tuple(None, items) => visitor.visit_seq(Items::new(items)),
            _ => Err(self.mismatch("a list in square brackets")),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.0.value {
            Value::Map(fields) | Value::Record(None, fields) => {
                visitor.visit_map(Fields::new(fields))
            }
            Value::Tuple(None, items) if items.is_empty() => visitor.visit_map(Fields::new(&[])),
            _ => Err(self.mismatch("a map in curly brackets")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        own: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let fits = |name: &Option<String>| name.as_ref().is_none_or(|name| name == own);
        match &self.0.value {
            Value::Record(name, fields) if fits(name) => visitor.visit_map(Fields::new(fields)),
            Value::Tuple(name, items) if fits(name) && items.is_empty() => {
                visitor.visit_map(Fields::new(&[]))
            }
            _ => Err(self.mismatch("a group of fields `(name: value, …)`")),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match &self.0.value {
            Value::Name(_)
            | Value::Text(_)
            | Value::Tuple(Some(_), _)
            | Value::Record(Some(_), _) => visitor.visit_enum(Choice(self.0)),
            _ => Err(self.mismatch("a name, or a name with fields")),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! { char bytes byte_buf unit unit_struct tuple_struct }
}
