//! One NumPy array (`.npy`): its header, and its elements one after the other.
//!
//! The format is read here and not by a crate because the header must be judged before a byte of
//! data is asked for, and the crates at hand allocate what the header claims and parse its
//! dictionary by recursion.

use std::io::Read;

const MAGIC: &[u8] = b"\x93NUMPY";
/// Longest header accepted; NumPy's own are 128 bytes.
const HEADER_BYTES_MAX: u32 = 1 << 16;
/// Most dimensions accepted, as in NumPy.
const DIMENSIONS_MAX: usize = 32;
/// Bytes decoded at once; a multiple of every element size.
const CHUNK_BYTES: usize = 1 << 16;

/// Why an array cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ArrayError {
    /// The header is not NumPy's, or is cut off.
    Header(&'static str),
    /// The element type is none of ours.
    ElementType(String),
    /// The data ends before its last element or does not unpack.
    Data(String),
}

/// What the header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Type of the elements.
    pub(super) element: Element,
    /// Whether the first index runs fastest.
    pub(super) fortran: bool,
    /// Length of each dimension; none for a single number.
    pub(super) shape: Vec<u64>,
    /// Number of elements.
    pub(super) elements: u64,
    /// Bytes of the elements.
    pub(super) bytes: u64,
}

/// The type of an array's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Element {
    kind: ElementKind,
    bytes: usize,
    big_endian: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ElementKind {
    Unsigned,
    Signed,
    Float,
}

/// One element.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    /// An integer; one beyond 64 bits with sign is its largest.
    Integer(i64),
    /// A floating-point number.
    Real(f64),
}

impl Number {
    /// The number as an integer, unless it has a fraction or is not finite.
    pub(super) fn whole(self) -> Option<i64> {
        match self {
            Self::Integer(value) => Some(value),
            Self::Real(value) if value.fract() == 0.0 => Some(value as i64),
            Self::Real(_) => None,
        }
    }

    /// The number as a floating-point number.
    pub(super) fn real(self) -> f64 {
        match self {
            Self::Integer(value) => value as f64,
            Self::Real(value) => value,
        }
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Integer(value) => value.fmt(f),
            Self::Real(value) => value.fmt(f),
        }
    }
}

impl Element {
    fn parse(descr: &str) -> Option<Self> {
        let (order, rest) = descr.split_at_checked(1)?;
        let (kind, bytes) = rest.split_at_checked(1)?;
        let bytes: usize = bytes.parse().ok()?;
        let kind = match (kind, bytes) {
            ("b" | "u", 1) | ("u", 2 | 4 | 8) => ElementKind::Unsigned,
            ("i", 1 | 2 | 4 | 8) => ElementKind::Signed,
            ("f", 4 | 8) => ElementKind::Float,
            _ => return None,
        };
        match order {
            "<" | "|" | "=" => Some(Self { kind, bytes, big_endian: false }),
            ">" => Some(Self { kind, bytes, big_endian: true }),
            _ => None,
        }
    }

    fn decode(self, bytes: &[u8]) -> Number {
        let mut word = [0; 8];
        word[..bytes.len()].copy_from_slice(bytes);
        if self.big_endian {
            word[..bytes.len()].reverse();
        }
        let unsigned = u64::from_le_bytes(word);
        match self.kind {
            ElementKind::Unsigned => Number::Integer(i64::try_from(unsigned).unwrap_or(i64::MAX)),
            ElementKind::Signed => {
                let unused = 64 - 8 * bytes.len() as u32;
                Number::Integer((unsigned as i64) << unused >> unused)
            }
            ElementKind::Float if bytes.len() == 4 => {
                Number::Real(f64::from(f32::from_bits(unsigned as u32)))
            }
            ElementKind::Float => Number::Real(f64::from_bits(unsigned)),
        }
    }
}

impl Header {
    /// Reads the header and leaves the reader at the first element.
    pub(super) fn read(reader: &mut impl Read) -> Result<Self, ArrayError> {
        let cut_off = |_| ArrayError::Header("it is cut off");
        let mut start = [0; 8];
        reader.read_exact(&mut start).map_err(cut_off)?;
        if &start[..6] != MAGIC {
            return Err(ArrayError::Header("it does not start with NumPy's magic bytes"));
        }
        let mut length = [0; 4];
        match start[6] {
            1 => reader.read_exact(&mut length[..2]).map_err(cut_off)?,
            2 | 3 => reader.read_exact(&mut length).map_err(cut_off)?,
            _ => return Err(ArrayError::Header("its format version is not 1, 2 or 3")),
        }
        let length = u32::from_le_bytes(length);
        if length > HEADER_BYTES_MAX {
            return Err(ArrayError::Header("it is longer than 64 KiB"));
        }
        let mut text = vec![0; length as usize];
        reader.read_exact(&mut text).map_err(cut_off)?;
        let text = std::str::from_utf8(&text).map_err(|_| ArrayError::Header("it is not text"))?;
        Self::parse(text)
    }

    fn parse(text: &str) -> Result<Self, ArrayError> {
        let malformed = ArrayError::Header("its dictionary is malformed");
        let (descr, fortran, shape) = Dictionary::parse(text).ok_or(malformed)?;
        let element = Element::parse(&descr).ok_or(ArrayError::ElementType(descr))?;
        let size = element.bytes as u64;
        let elements = shape.iter().try_fold(1_u64, |product, &d| product.checked_mul(d));
        let bytes = elements.and_then(|elements| elements.checked_mul(size));
        let (Some(elements), Some(bytes)) = (elements, bytes) else {
            return Err(ArrayError::Header("its shape has more than 2^64 bytes"));
        };
        Ok(Self { element, fortran, shape, elements, bytes })
    }

    /// Calls `visit` with the position (in stored order) and value of every element that is not
    /// zero, until `visit` has had enough.
    pub(super) fn visit_nonzero<E: From<ArrayError>>(
        &self,
        reader: &mut impl Read,
        mut visit: impl FnMut(u64, Number) -> Result<Go, E>,
    ) -> Result<(), E> {
        let size = self.element.bytes;
        let mut chunk = vec![0; CHUNK_BYTES];
        let mut position = 0;
        while position < self.elements {
            let left = usize::try_from((self.elements - position) * size as u64);
            let bytes = &mut chunk[..left.unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES)];
            reader.read_exact(bytes).map_err(|error| ArrayError::Data(error.to_string()))?;
            for (at, element) in bytes.chunks_exact(size).enumerate() {
                if element.iter().all(|&byte| byte == 0) {
                    continue;
                }
                if let Go::Stop = visit(position + at as u64, self.element.decode(element))? {
                    return Ok(());
                }
            }
            position += (bytes.len() / size) as u64;
        }
        Ok(())
    }
}

/// Whether a visit goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Go {
    /// More elements, please.
    On,
    /// Enough.
    Stop,
}

/// Reads the header's dictionary: a Python literal with three keys.
struct Dictionary<'a> {
    rest: &'a str,
}

impl<'a> Dictionary<'a> {
    fn parse(text: &'a str) -> Option<(String, bool, Vec<u64>)> {
        let mut dictionary = Self { rest: text };
        let (mut descr, mut fortran, mut shape) = (None, None, None);
        dictionary.take("{")?;
        while dictionary.take("}").is_none() {
            let key = dictionary.string()?;
            dictionary.take(":")?;
            match key {
                "descr" => descr = Some(dictionary.descr()?),
                "fortran_order" => fortran = Some(dictionary.truth()?),
                "shape" => shape = Some(dictionary.tuple()?),
                _ => return None,
            }
            if dictionary.take(",").is_none() {
                dictionary.take("}")?;
                break;
            }
        }
        dictionary.rest.trim().is_empty().then_some(())?;
        Some((descr?, fortran?, shape?))
    }

    fn take(&mut self, token: &str) -> Option<()> {
        self.rest = self.rest.trim_start().strip_prefix(token)?;
        Some(())
    }

    fn string(&mut self) -> Option<&'a str> {
        let text = self.rest.trim_start();
        let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let (inside, after) = text[1..].split_once(quote)?;
        self.rest = after;
        Some(inside)
    }

    /// The element type; a structured one is taken as text, which no element type matches.
    fn descr(&mut self) -> Option<String> {
        if let Some(text) = self.string() {
            return Some(text.into());
        }
        let end = self.rest.find(']')?;
        let list = self.rest[..=end].trim().to_owned();
        self.rest = &self.rest[end + 1..];
        Some(list)
    }

    fn truth(&mut self) -> Option<bool> {
        let no = self.take("False").map(|()| false);
        no.or_else(|| self.take("True").map(|()| true))
    }

    fn tuple(&mut self) -> Option<Vec<u64>> {
        self.take("(")?;
        let (inside, after) = self.rest.split_once(')')?;
        self.rest = after;
        let numbers = inside.split(',').map(str::trim).filter(|number| !number.is_empty());
        let shape: Option<Vec<u64>> =
            numbers.map(|n| n.trim_end_matches('L').parse().ok()).collect();
        shape.filter(|shape| shape.len() <= DIMENSIONS_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(descr: &str, data: &[u8]) -> Vec<(u64, Number)> {
        let element = Element::parse(descr).expect("a known type");
        let elements = (data.len() / element.bytes) as u64;
        let bytes = data.len() as u64;
        let header = Header { element, fortran: false, shape: vec![elements], elements, bytes };
        let mut all = Vec::new();
        let visit = |at, number| {
            all.push((at, number));
            Ok::<_, ArrayError>(Go::On)
        };
        header.visit_nonzero(&mut &data[..], visit).expect("whole data");
        all
    }

    #[test]
    fn every_element_type_decodes() {
        use Number::{Integer, Real};
        let cases: [(&str, &[u8], Number); 10] = [
            ("|b1", &[1], Integer(1)),
            ("|u1", &[255], Integer(255)),
            ("|i1", &[255], Integer(-1)),
            ("<u2", &[2, 1], Integer(258)),
            (">u2", &[1, 2], Integer(258)),
            ("<i4", &[254, 255, 255, 255], Integer(-2)),
            (">i8", &[255, 255, 255, 255, 255, 255, 255, 253], Integer(-3)),
            ("<u8", &[255; 8], Integer(i64::MAX)),
            ("<f4", &1.5_f32.to_le_bytes(), Real(1.5)),
            (">f8", &(-2.25_f64).to_be_bytes(), Real(-2.25)),
        ];
        for (descr, data, expected) in cases {
            assert_eq!(numbers(descr, data), [(0, expected)], "{descr}");
        }
        assert_eq!(numbers("<i2", &[0, 0, 7, 0]), [(1, Integer(7))], "zeros are skipped");
    }

    #[test]
    fn headers_of_numpy_parse_and_others_are_refused() {
        let good = "{'descr': '|u1', 'fortran_order': True, 'shape': (500, 20, 64), }      \n";
        let header = Header::parse(good).expect("NumPy's own spelling");
        assert_eq!((header.shape, header.fortran), (vec![500, 20, 64], true));
        let scalar = "{'descr': '<f8', 'fortran_order': False, 'shape': ()}";
        assert_eq!(Header::parse(scalar).expect("a scalar").elements, 1);
        for bad in [
            "",
            "{",
            "{}",
            "{'descr': '<f8', 'shape': ()}",
            "{'descr': '<f8', 'fortran_order': Maybe, 'shape': ()}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (1,)} more",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296)}",
            &format!("{{'shape': {}", "(".repeat(60_000)),
        ] {
            assert!(matches!(Header::parse(bad), Err(ArrayError::Header(_))), "{bad:.80}");
        }
        for other in ["<c16", "|O", "<U4", "<f2", "[('x', '<f4')]"] {
            let quoted = if other.starts_with('[') { other.into() } else { format!("'{other}'") };
            let text = format!("{{'descr': {quoted}, 'fortran_order': False, 'shape': (1,)}}");
            assert_eq!(Header::parse(&text), Err(ArrayError::ElementType(other.into())));
        }
    }
}
