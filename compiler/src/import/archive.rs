//! The thin layer over the HDF5 reader: folders, numbers and texts, all within a budget.
//!
//! The reader crate is seen nowhere else. A file can claim far more than it holds, so whatever is
//! asked for is first taken from a budget that follows from the length of the file itself.

use std::cell::Cell;

use hdf5_reader::error::Error as Hdf5Error;
use hdf5_reader::group::Group;
use hdf5_reader::{ByteOrder, Dataset, Datatype, Hdf5File, OpenOptions, StringSize};
use quarrion_isa::diagnostic::Diagnostic;

/// Deflate cannot expand a stream by more than about 1,032 to 1.
const MAX_EXPANSION: u64 = 1_100;
/// What a small file may always claim, in bytes.
const FREE_BYTES: u64 = 1 << 16;
/// No file may claim more than this, in bytes of its own.
const MAX_BYTES: u64 = 1 << 33;
/// Numbers that one file may hold; each takes eight bytes of memory, whatever the file spends.
const MAX_NUMBERS: u64 = 1 << 29;
/// Folders and datasets that one file may have.
const MAX_OBJECTS: u32 = 1 << 20;
/// Largest chunk that the reader may unpack at once, in bytes.
const MAX_CHUNK_BYTES: usize = 1 << 28;
/// HDF5 filter number of LZF, which h5py offers and the reader lacks.
const LZF_FILTER: &str = "filter id 32000";

/// Numbers with their shape, as one dataset holds them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Numbers {
    /// Extents, outermost first; empty for a scalar.
    pub(super) shape: Vec<usize>,
    /// Values in row-major order; every stored number type is widened to f64.
    pub(super) values: Vec<f64>,
}

/// What a dataset holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// Integers, floats or truth values.
    Numbers(Numbers),
    /// One string or several in row-major order.
    Texts(Vec<String>),
}

/// How messages speak of one kind of file.
#[derive(Clone, Copy)]
pub(super) struct Wording {
    /// What the file is, with its article.
    pub(super) file: &'static str,
    /// How to get one that is.
    pub(super) export: &'static str,
    /// How to get one without damage.
    pub(super) rewrite: &'static str,
    /// How to get one with everything in it.
    pub(super) complete: &'static str,
}

/// An open file with what may still be asked of it.
pub(super) struct Archive<'a> {
    source: &'a str,
    wording: Wording,
    bytes_left: Cell<u64>,
    numbers_left: Cell<u64>,
    objects_left: Cell<u32>,
}

/// One group of the file.
pub(super) struct Folder<'a> {
    archive: &'a Archive<'a>,
    group: Group,
    path: String,
}

/// The names in one group, in the order of the file.
pub(super) struct Listing {
    /// Names of the groups.
    pub(super) folders: Vec<String>,
    /// Names of the datasets.
    pub(super) datasets: Vec<String>,
}

impl<'a> Archive<'a> {
    /// Prepares the budget for a file of `length` bytes that the user knows as `source`.
    pub(super) fn new(source: &'a str, length: usize, wording: Wording) -> Self {
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        let bytes = length.saturating_mul(MAX_EXPANSION).saturating_add(FREE_BYTES);
        Self {
            source,
            wording,
            bytes_left: Cell::new(bytes.min(MAX_BYTES)),
            numbers_left: Cell::new(MAX_NUMBERS),
            objects_left: Cell::new(MAX_OBJECTS),
        }
    }

    /// Opens the root group.
    pub(super) fn open(&'a self, bytes: &[u8]) -> Result<Folder<'a>, Diagnostic> {
        let limit = usize::try_from(self.bytes_left.get()).unwrap_or(usize::MAX);
        let options = OpenOptions::default()
            .with_max_read_bytes(limit)
            .with_max_chunk_bytes(MAX_CHUNK_BYTES.min(limit))
            .with_max_object_header_bytes(bytes.len().max(1 << 12));
        let root = Hdf5File::from_bytes_with_options(bytes, options)
            .and_then(|file| file.root_group())
            .map_err(|error| self.explain(&error, "/"))?;
        Ok(Folder { archive: self, group: root, path: String::new() })
    }

    /// Name of the file as the user gave it.
    pub(super) fn source(&self) -> &'a str {
        self.source
    }

    /// How messages speak of the file.
    pub(super) fn wording(&self) -> Wording {
        self.wording
    }

    /// Takes `bytes` from what the file may still claim, for `what` at `path`.
    fn claim(&self, bytes: u64, what: &str, path: &str) -> Result<(), Diagnostic> {
        if take(&self.bytes_left, bytes) {
            return Ok(());
        }
        Err(Diagnostic::error("QN004", format!("{what} is more than this file can hold"))
            .at(self.source, path, "this dataset")
            .help("write the file again; this one is damaged or hostile"))
    }

    /// Takes `count` from the numbers that one file may hold.
    fn claim_numbers(&self, count: u64, path: &str) -> Result<(), Diagnostic> {
        if take(&self.numbers_left, count) {
            return Ok(());
        }
        Err(Diagnostic::error("QN004", format!("the file holds more than {MAX_NUMBERS} numbers"))
            .at(self.source, path, "reached the limit here")
            .help("split the network"))
    }

    fn claim_objects(&self, count: usize, path: &str) -> Result<(), Diagnostic> {
        let left = self.objects_left.get();
        match u32::try_from(count).ok().and_then(|count| left.checked_sub(count)) {
            Some(rest) => {
                self.objects_left.set(rest);
                Ok(())
            }
            None => Err(Diagnostic::error(
                "QN004",
                format!("the file lists more than {MAX_OBJECTS} groups and datasets"),
            )
            .at(self.source, path, "reached the limit here")
            .help("write the file again; this one is damaged or hostile")),
        }
    }

    /// Turns an error of the reader into a diagnostic at `path`.
    fn explain(&self, error: &Hdf5Error, path: &str) -> Diagnostic {
        let mut cause = error;
        while let Hdf5Error::Context { source, .. } = cause {
            cause = source;
        }
        match cause {
            Hdf5Error::InvalidMagic => {
                let message = format!("{} is an HDF5 file, and this one is not", self.wording.file);
                Diagnostic::error("QN001", message)
                    .at(self.source, path, "no HDF5 signature")
                    .help(self.wording.export)
            }
            Hdf5Error::UnsupportedFilter(filter) => {
                let name = if filter == LZF_FILTER { "LZF" } else { filter };
                Diagnostic::error("QN003", format!("compression by {name} is not supported"))
                    .at(self.source, path, "this dataset")
                    .help("re-save with compression='gzip'")
            }
            Hdf5Error::ResourceLimit(_) => Diagnostic::error(
                "QN004",
                format!("the file asks for more memory than it can hold: {cause}"),
            )
            .at(self.source, path, "this object")
            .help("write the file again; this one is damaged or hostile"),
            _ => Diagnostic::error("QN002", format!("the HDF5 structure is damaged: {cause}"))
                .at(self.source, path, "cannot be read")
                .help(self.wording.rewrite),
        }
    }
}

impl<'a> Folder<'a> {
    /// Path of this folder inside the file.
    pub(super) fn path(&self) -> &str {
        if self.path.is_empty() { "/" } else { &self.path }
    }

    /// The file that this folder is part of.
    pub(super) fn archive(&self) -> &'a Archive<'a> {
        self.archive
    }

    /// Path of the member `name`.
    pub(super) fn path_of(&self, name: &str) -> String {
        format!("{}/{name}", self.path)
    }

    /// The names of everything in this folder.
    pub(super) fn list(&self) -> Result<Listing, Diagnostic> {
        let (folders, datasets) =
            self.group.member_names().map_err(|error| self.archive.explain(&error, self.path()))?;
        self.archive.claim_objects(1 + folders.len() + datasets.len(), self.path())?;
        Ok(Listing { folders, datasets })
    }

    /// Opens the group `name`.
    pub(super) fn folder(&self, name: &str) -> Result<Folder<'a>, Diagnostic> {
        let path = self.path_of(name);
        let group = self.group.group(name).map_err(|error| self.archive.explain(&error, &path))?;
        Ok(Folder { archive: self.archive, group, path })
    }

    /// Reads the dataset `name`.
    pub(super) fn value(&self, name: &str) -> Result<Value, Diagnostic> {
        let path = self.path_of(name);
        let explain = |error: Hdf5Error| self.archive.explain(&error, &path);
        let dataset = self.group.dataset(name).map_err(explain)?;
        let elements = dataset.num_elements().unwrap_or(u64::MAX);
        let size = dataset.raw_element_size().map_err(explain)?;
        let size = u64::try_from(size).unwrap_or(u64::MAX);
        let what = format!("a dataset of shape {:?}", dataset.shape());
        self.archive.claim(elements.saturating_mul(size.max(1)), &what, &path)?;
        if let Some(layout) = text_layout(dataset.dtype()) {
            if layout == TextLayout::Referenced {
                self.claim_referenced(&dataset, &path)?;
            }
            return dataset.read_strings().map(Value::Texts).map_err(explain);
        }
        let Some(number) = NumberLayout::of(dataset.dtype()) else {
            return Err(Diagnostic::error(
                "QN006",
                "a dataset holds neither numbers nor texts".to_owned(),
            )
            .at(self.archive.source, &path, format!("its type is {:?}", dataset.dtype()))
            .help("store the parameter as an array of float32 or float64"));
        };
        self.archive.claim_numbers(elements, &path)?;
        let raw = dataset.read_raw_bytes().map_err(explain)?;
        let shape = dataset
            .shape()
            .iter()
            .map(|&extent| usize::try_from(extent).unwrap_or(usize::MAX))
            .collect();
        let values = raw.chunks_exact(number.bytes).map(|bytes| number.widen(bytes)).collect();
        Ok(Value::Numbers(Numbers { shape, values }))
    }

    /// Claims the length of every string that a dataset refers to, before one is read.
    fn claim_referenced(&self, dataset: &Dataset, path: &str) -> Result<(), Diagnostic> {
        let raw = dataset.read_raw_bytes().map_err(|error| self.archive.explain(&error, path))?;
        let total: u64 = raw
            .chunks_exact(dataset.vlen_reference_size())
            .filter_map(|reference| reference.first_chunk::<4>())
            .map(|length| u64::from(u32::from_le_bytes(*length)))
            .sum();
        self.archive.claim(total, &format!("text of {total} bytes"), path)
    }
}

/// Takes `amount` from what is left, if there is that much.
fn take(left: &Cell<u64>, amount: u64) -> bool {
    let rest = left.get().checked_sub(amount);
    left.set(rest.unwrap_or_else(|| left.get()));
    rest.is_some()
}

/// How a dataset stores strings.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TextLayout {
    Inline,
    Referenced,
}

fn text_layout(datatype: &Datatype) -> Option<TextLayout> {
    match datatype {
        Datatype::String { size: StringSize::Fixed(_), .. } => Some(TextLayout::Inline),
        Datatype::String { .. } => Some(TextLayout::Referenced),
        Datatype::VarLen { base, .. } if base.is_vlen_string_base() => Some(TextLayout::Referenced),
        _ => None,
    }
}

/// How a dataset stores one number.
#[derive(Clone, Copy)]
struct NumberLayout {
    bytes: usize,
    class: NumberClass,
    big_endian: bool,
}

#[derive(Clone, Copy)]
enum NumberClass {
    Float,
    Signed,
    Unsigned,
}

impl NumberLayout {
    fn of(datatype: &Datatype) -> Option<Self> {
        let (bytes, class, order) = match datatype {
            Datatype::FloatingPoint { size: size @ (2 | 4 | 8), byte_order } => {
                (*size, NumberClass::Float, *byte_order)
            }
            Datatype::FixedPoint { size: size @ (1 | 2 | 4 | 8), signed, byte_order } => {
                let class = if *signed { NumberClass::Signed } else { NumberClass::Unsigned };
                (*size, class, *byte_order)
            }
            // h5py stores truth values as an enumeration over a small integer.
            Datatype::Enum { base, .. } if matches!(**base, Datatype::FixedPoint { .. }) => {
                return Self::of(base);
            }
            _ => return None,
        };
        let big_endian = order == ByteOrder::BigEndian;
        Some(Self { bytes: usize::from(bytes), class, big_endian })
    }

    /// Widens one stored number; integers above 2^53 round to the nearest f64.
    fn widen(self, stored: &[u8]) -> f64 {
        let mut little = [0_u8; 8];
        for (place, byte) in stored.iter().enumerate() {
            let place = if self.big_endian { stored.len() - 1 - place } else { place };
            little[place] = *byte;
        }
        let bits = u64::from_le_bytes(little);
        let unused = 64 - 8 * self.bytes;
        match self.class {
            NumberClass::Unsigned => bits as f64,
            NumberClass::Signed => ((bits << unused).cast_signed() >> unused) as f64,
            NumberClass::Float => match self.bytes {
                2 => widen_half(bits as u16),
                4 => f64::from(f32::from_bits(bits as u32)),
                _ => f64::from_bits(bits),
            },
        }
    }
}

/// Widens an IEEE 754 half-precision number.
fn widen_half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let exponent = i32::from((bits >> 10) & 0x1f);
    let fraction = f64::from(bits & 0x3ff) / 1024.0;
    match exponent {
        0 => sign * fraction * 2_f64.powi(-14),
        31 if fraction == 0.0 => sign * f64::INFINITY,
        31 => f64::NAN,
        _ => sign * (1.0 + fraction) * 2_f64.powi(exponent - 15),
    }
}

#[cfg(test)]
mod tests {
    use super::{NumberClass, NumberLayout, widen_half};

    #[test]
    fn half_precision_covers_every_class() {
        assert_eq!(widen_half(0x3c00), 1.0);
        assert_eq!(widen_half(0xc500), -5.0);
        assert_eq!(widen_half(0x0001), 2_f64.powi(-24));
        assert_eq!(widen_half(0xfc00), f64::NEG_INFINITY);
        assert!(widen_half(0x7e00).is_nan());
    }

    #[test]
    fn integers_keep_sign_and_byte_order() {
        let of = |bytes, class, big_endian| NumberLayout { bytes, class, big_endian };
        assert_eq!(of(1, NumberClass::Signed, false).widen(&[0xff]), -1.0);
        assert_eq!(of(2, NumberClass::Signed, true).widen(&[0xff, 0xfe]), -2.0);
        assert_eq!(of(2, NumberClass::Unsigned, true).widen(&[1, 2]), 258.0);
        assert_eq!(of(8, NumberClass::Signed, false).widen(&[3, 0, 0, 0, 0, 0, 0, 0]), 3.0);
        assert_eq!(of(4, NumberClass::Float, true).widen(&1.5_f32.to_be_bytes()), 1.5);
    }
}
