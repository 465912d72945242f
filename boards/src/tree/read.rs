//! A tree into typed values, with the place of whatever does not fit.

use serde::de::{
    self, DeserializeOwned, DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

use super::{Field, Node, Origin, Value};

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
    /// Anything else, in words.
    Other(String),
}

impl ReadError {
    /// A fault with no place yet.
    fn new(fault: Fault) -> Self {
        Self { fault, path: Vec::new(), origin: None }
    }

    /// A fault in words.
    fn other(message: String) -> Self {
        Self::new(Fault::Other(message))
    }

    /// Adds the name or position that the walk back passes, and the place if there is none yet.
    fn below(mut self, step: impl Into<String>, origin: Origin) -> Self {
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
        let mut error = ReadError::other(format!("is {}, but expected {expected}", kind(self.0)));
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
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match &self.0.value {
            Value::Record(_, fields) => visitor.visit_map(Fields::new(fields)),
            Value::Tuple(_, items) if items.is_empty() => visitor.visit_map(Fields::new(&[])),
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

/// The items of a list, one after the other.
struct Items<'a> {
    items: std::iter::Enumerate<std::slice::Iter<'a, Node>>,
}

impl<'a> Items<'a> {
    fn new(items: &'a [Node]) -> Self {
        Self { items: items.iter().enumerate() }
    }
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = ReadError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ReadError> {
        let Some((position, item)) = self.items.next() else {
            return Ok(None);
        };
        let below = |error: ReadError| error.below(position.to_string(), item.origin);
        seed.deserialize(Reader(item)).map(Some).map_err(below)
    }
}

/// The fields of a record or map, one after the other.
struct Fields<'a> {
    fields: std::slice::Iter<'a, Field>,
    value: Option<&'a Field>,
}

impl<'a> Fields<'a> {
    fn new(fields: &'a [Field]) -> Self {
        Self { fields: fields.iter(), value: None }
    }
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ReadError> {
        self.value = self.fields.next();
        let Some(field) = self.value else {
            return Ok(None);
        };
        let value = Value::Name(field.key.clone());
        let key = Node { value, origin: field.key_origin };
        let below = |mut error: ReadError| {
            error.origin = Some(field.key_origin);
            error.below(&field.key, field.key_origin)
        };
        seed.deserialize(KeyReader(&key)).map(Some).map_err(below)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, ReadError> {
        let Some(field) = self.value.take() else {
            return Err(ReadError::other("a value was asked for before its name".into()));
        };
        let below = |error: ReadError| error.below(&field.key, field.node.origin);
        seed.deserialize(Reader(&field.node)).map_err(below)
    }
}

/// A field's name on its way into a type: text and name alike.
struct KeyReader<'a>(&'a Node);

impl<'de> de::Deserializer<'de> for KeyReader<'_> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        Reader(self.0).deserialize_str(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        Reader(self.0).deserialize_enum(name, variants, visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// A named alternative with what it holds.
struct Choice<'a>(&'a Node);

impl<'de> EnumAccess<'de> for Choice<'_> {
    type Error = ReadError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), ReadError> {
        let name = match &self.0.value {
            Value::Name(name) | Value::Text(name) => name.as_str(),
            Value::Tuple(Some(name), _) | Value::Record(Some(name), _) => name.as_str(),
            _ => "",
        };
        let name: de::value::StrDeserializer<'_, ReadError> = name.into_deserializer();
        let chosen = seed.deserialize(name).map_err(|mut error| {
            error.origin.get_or_insert(self.0.origin);
            error
        })?;
        Ok((chosen, self))
    }
}

impl<'de> VariantAccess<'de> for Choice<'_> {
    type Error = ReadError;

    fn unit_variant(self) -> Result<(), ReadError> {
        match &self.0.value {
            Value::Name(_) | Value::Text(_) => Ok(()),
            _ => Err(Reader(self.0).mismatch("the name alone, without brackets")),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, ReadError> {
        match &self.0.value {
            Value::Tuple(_, items) if items.len() == 1 => seed.deserialize(Reader(&items[0])),
            _ => Err(Reader(self.0).mismatch("the name with one value in brackets")),
        }
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, ReadError> {
        match &self.0.value {
            Value::Tuple(_, items) => visitor.visit_seq(Items::new(items)),
            _ => Err(Reader(self.0).mismatch("the name with values in brackets")),
        }
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match &self.0.value {
            Value::Record(_, fields) => visitor.visit_map(Fields::new(fields)),
            Value::Tuple(_, items) if items.is_empty() => visitor.visit_map(Fields::new(&[])),
            _ => Err(Reader(self.0).mismatch("the name with fields in brackets")),
        }
    }
}
