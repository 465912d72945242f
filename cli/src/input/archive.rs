//! The `.npz` archive: named NumPy arrays, bounded before they are unpacked.

use std::io::{Cursor, Read};

use quarrion_isa::diagnostic::Diagnostic;
use zip::ZipArchive;
use zip::result::ZipError;

use super::array::{ArrayError, Go, Header, Number};

/// Most bytes that one array may unpack to: 16 GiB of spikes that are never held at once.
pub(super) const ARRAY_BYTES_MAX: u64 = 1 << 34;
/// Bytes that one byte of a deflated entry can unpack to, at most (1,032 by its format).
const EXPANSION_MAX: u64 = 1040;
/// Most entries of an archive.
const ENTRIES_MAX: usize = 1 << 10;

/// An opened archive.
pub(super) struct Archive<'a> {
    source: &'a str,
    zip: ZipArchive<Cursor<&'a [u8]>>,
}

/// What can go wrong while elements are visited.
pub(super) enum VisitError {
    /// The array itself.
    Array(ArrayError),
    /// What the visitor found.
    Found(Diagnostic),
}

impl From<ArrayError> for VisitError {
    fn from(error: ArrayError) -> Self {
        Self::Array(error)
    }
}

impl From<Diagnostic> for VisitError {
    fn from(found: Diagnostic) -> Self {
        Self::Found(found)
    }
}

impl<'a> Archive<'a> {
    /// Opens the archive that the user knows as `source`.
    pub(super) fn open(bytes: &'a [u8], source: &'a str) -> Result<Self, Diagnostic> {
        if bytes.starts_with(b"\x93NUMPY") {
            return Err(Diagnostic::error(
                "QI001",
                "the input is a single NumPy array, not an .npz",
            )
            .at(source, "", "a .npy file")
            .help("name the array: np.savez_compressed(FILE, spikes=array, labels=labels)"));
        }
        if !bytes.starts_with(b"PK") {
            let message = "the input is neither a NumPy archive (.npz) nor a table ending in .csv";
            return Err(Diagnostic::error("QI001", message)
                .at(source, "", "no zip archive: it does not start with PK")
                .help("write it with np.savez_compressed(FILE, spikes=spikes, labels=labels)"));
        }
        let zip =
            ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(source, "", &error))?;
        if zip.len() > ENTRIES_MAX {
            let message = format!("an input has at most {ENTRIES_MAX} arrays, not {}", zip.len());
            return Err(Diagnostic::error("QI010", message).at(source, "", "too many entries"));
        }
        Ok(Self { source, zip })
    }

    /// Whether the archive has the array.
    pub(super) fn has(&self, array: &str) -> bool {
        self.zip.index_for_name(&entry_name(array)).is_some()
    }

    /// The names of the arrays, for messages.
    pub(super) fn names(&self) -> Vec<String> {
        let names = self.zip.file_names();
        let names = names.filter_map(Result::ok);
        let mut names: Vec<String> =
            names.map(|name| name.strip_suffix(".npy").unwrap_or(&name).to_owned()).collect();
        names.sort_unstable();
        names
    }

    /// The array's header, checked against what the archive holds for it.
    pub(super) fn header(&mut self, array: &str) -> Result<Header, Diagnostic> {
        let source = self.source;
        let mut entry =
            self.zip.by_name(&entry_name(array)).map_err(|error| damaged(source, array, &error))?;
        let header = Header::read(&mut entry).map_err(|error| refuse(source, array, &error))?;
        if header.bytes > ARRAY_BYTES_MAX {
            let message = format!(
                "an input array unpacks to at most 16 GiB, but `{array}` claims {} bytes",
                header.bytes
            );
            return Err(Diagnostic::error("QI010", message)
                .at(source, array, format!("shape {:?}", header.shape))
                .help("split the samples over several files, or store events (sample, t, i)"));
        }
        // No entry can hold more than its stored bytes can unpack to, whatever it claims.
        let unpacked = entry.size().min(entry.compressed_size().saturating_mul(EXPANSION_MAX));
        if unpacked < header.bytes {
            let message = format!(
                "`{array}` claims {} bytes of data, but the archive holds at most {unpacked}",
                header.bytes
            );
            return Err(Diagnostic::error("QI002", message)
                .at(source, array, format!("shape {:?}", header.shape))
                .help("the file is damaged: write or copy it again"));
        }
        Ok(header)
    }

    /// Calls `visit` with every element that is not zero, in stored order.
    pub(super) fn visit_nonzero(
        &mut self,
        array: &str,
        visit: impl FnMut(u64, Number) -> Result<Go, VisitError>,
    ) -> Result<(), Diagnostic> {
        let source = self.source;
        let mut entry =
            self.zip.by_name(&entry_name(array)).map_err(|error| damaged(source, array, &error))?;
        let header = Header::read(&mut entry).map_err(|error| refuse(source, array, &error))?;
        let result = header.visit_nonzero(&mut entry, visit).and_then(|()| {
            // The checksum is compared when the reader meets the end of the entry.
            let rest = entry.read(&mut [0]);
            rest.map(|_| ()).map_err(|error| ArrayError::Data(error.to_string()).into())
        });
        result.map_err(|error| match error {
            VisitError::Array(error) => refuse(source, array, &error),
            VisitError::Found(found) => found,
        })
    }

    /// All elements of an array of at most `most` elements, with its header.
    pub(super) fn numbers(
        &mut self,
        array: &str,
        most: u64,
    ) -> Result<(Header, Vec<Number>), Diagnostic> {
        let header = self.header(array)?;
        if header.elements > most {
            let message = format!("`{array}` has at most {most} elements, not {}", header.elements);
            return Err(Diagnostic::error("QI010", message).at(
                self.source,
                array,
                format!("shape {:?}", header.shape),
            ));
        }
        let length = usize::try_from(header.elements).unwrap_or(usize::MAX);
        let mut numbers = vec![Number::Integer(0); length];
        self.visit_nonzero(array, |at, number| {
            numbers[at as usize] = number;
            Ok(Go::On)
        })?;
        Ok((header, numbers))
    }
}

fn entry_name(array: &str) -> String {
    format!("{array}.npy")
}

/// The archive does not open or an entry does not unpack.
fn damaged(source: &str, array: &str, error: &ZipError) -> Diagnostic {
    Diagnostic::error("QI002", format!("the archive cannot be unpacked: {error}"))
        .at(source, array, "damaged or of an unknown kind")
        .help("write it again with np.savez or np.savez_compressed")
}

/// The array is not one that is read.
fn refuse(source: &str, array: &str, error: &ArrayError) -> Diagnostic {
    match error {
        ArrayError::Header(what) => {
            Diagnostic::error("QI004", format!("the header of `{array}` cannot be read: {what}"))
                .at(source, array, "not a NumPy array")
                .help("write it again with np.savez or np.savez_compressed")
        }
        ArrayError::ElementType(descr) => {
            let message = format!("`{array}` has elements of type {descr}, which is not read");
            Diagnostic::error("QI004", message)
                .at(source, array, "bool, integers of 8 to 64 bits, float32 and float64 are read")
                .help(format!("convert it, for instance {array}.astype('uint8')"))
        }
        ArrayError::Data(what) => {
            Diagnostic::error("QI002", format!("the data of `{array}` cannot be read: {what}"))
                .at(source, array, "damaged")
                .help("write or copy the file again")
        }
    }
}
