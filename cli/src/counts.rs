//! The `--counts` file: output spike counts per sample as a NumPy archive.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Bytes that a header is padded to, as NumPy does.
const HEADER_ALIGNMENT: usize = 64;
/// Magic, version and length of the header.
const PREFIX_BYTES: usize = 10;

/// A NumPy archive under construction; the same arrays give the same bytes.
pub struct ArchiveWriter {
    zip: ZipWriter<Cursor<Vec<u8>>>,
}

impl Default for ArchiveWriter {
    fn default() -> Self {
        Self { zip: ZipWriter::new(Cursor::new(Vec::new())) }
    }
}

impl ArchiveWriter {
    /// Adds an array of 64-bit integers in C order.
    ///
    /// # Errors
    /// What the archive writer says; this is our bug, as it writes to memory.
    pub fn add_integers(
        &mut self,
        name: &str,
        shape: &[usize],
        values: impl Iterator<Item = i64>,
    ) -> std::io::Result<()> {
        let data: Vec<u8> = values.flat_map(i64::to_le_bytes).collect();
        self.add_bytes(name, "<i8", shape, &data)
    }

    /// Adds an array of elements that are bytes already.
    ///
    /// # Errors
    /// As [`Self::add_integers`].
    pub fn add_bytes(
        &mut self,
        name: &str,
        descr: &str,
        shape: &[usize],
        data: &[u8],
    ) -> std::io::Result<()> {
        // Without a clock, so that the same counts are the same file.
        let options = SimpleFileOptions::DEFAULT.compression_method(CompressionMethod::Deflated);
        self.zip.start_file(format!("{name}.npy"), options)?;
        let lengths: String = shape.iter().map(|length| format!("{length}, ")).collect();
        let dictionary =
            format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({lengths}), }}");
        let bytes = (PREFIX_BYTES + dictionary.len() + 1).next_multiple_of(HEADER_ALIGNMENT);
        let padded = bytes - PREFIX_BYTES;
        self.zip.write_all(b"\x93NUMPY\x01\x00")?;
        self.zip.write_all(&u16::try_from(padded).map_err(std::io::Error::other)?.to_le_bytes())?;
        writeln!(self.zip, "{dictionary:<width$}", width = padded - 1)?;
        self.zip.write_all(data)
    }

    /// The finished archive.
    ///
    /// # Errors
    /// As [`Self::add_integers`].
    pub fn finish(self) -> std::io::Result<Vec<u8>> {
        Ok(self.zip.finish()?.into_inner())
    }
}

/// The `--counts` file: `counts` (samples, outputs), `predictions`, and `labels` where known.
///
/// # Errors
/// What the archive writer says; this is our bug, as it writes to memory.
pub fn encode_counts(
    counts: &[Vec<u32>],
    predictions: &[u32],
    labels: Option<&[u32]>,
) -> std::io::Result<Vec<u8>> {
    let mut archive = ArchiveWriter::default();
    let outputs = counts.first().map_or(0, Vec::len);
    let flat = counts.iter().flatten().map(|&count| i64::from(count));
    archive.add_integers("counts", &[counts.len(), outputs], flat)?;
    let whole = |values: &[u32]| values.iter().map(|&v| i64::from(v)).collect::<Vec<_>>();
    archive.add_integers("predictions", &[predictions.len()], whole(predictions).into_iter())?;
    if let Some(labels) = labels {
        archive.add_integers("labels", &[labels.len()], whole(labels).into_iter())?;
    }
    archive.finish()
}
