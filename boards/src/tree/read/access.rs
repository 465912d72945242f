//! What a list, a group of fields or a named alternative hands to its type.

use serde::de::{
    self, DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};

use super::super::{Field, Node, Value};
use super::{Fault, ReadError, Reader};

/// The items of a list, one after the other.
pub(super) struct Items<'a> {
    items: std::iter::Enumerate<std::slice::Iter<'a, Node>>,
}

impl<'a> Items<'a> {
    pub(super) fn new(items: &'a [Node]) -> Self {
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
pub(super) struct Fields<'a> {
    fields: std::slice::Iter<'a, Field>,
    value: Option<&'a Field>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(fields: &'a [Field]) -> Self {
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
            if let Fault::UnknownName(name, known) = error.fault {
                error.fault = Fault::UnknownField(name, known);
            }
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
pub(super) struct Choice<'a>(pub(super) &'a Node);

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
