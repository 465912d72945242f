//! The container of stored values: magic, version, section table, checked sections, hash.
//!
//! Layout, little-endian: magic (8 bytes), version (u32), number of sections (u32), then per
//! section tag (4 bytes), stored length (u64), plain length (u64), crc32 of the stored bytes (u32);
//! then the stored sections (zstd) one after the other, then the BLAKE3 hash of everything before
//! it. A reader checks every length against the bytes that are there, and the plain lengths against
//! a limit, before it asks for memory.

const HEADER_BYTES: usize = 16;
const ENTRY_BYTES: usize = 24;
/// Bytes of the hash at the end.
pub(crate) const HASH_BYTES: usize = 32;
const COMPRESSION_LEVEL: i32 = 3;

/// One kind of stored value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    /// What it is, for messages.
    pub(crate) name: &'static str,
    /// First bytes.
    pub(crate) magic: [u8; 8],
    /// The only version that this build reads and writes.
    pub(crate) version: u32,
    /// Tags of the sections that this build knows.
    pub(crate) tags: &'static [[u8; 4]],
    /// Most sections that a reader accepts.
    pub(crate) sections_max: u32,
    /// Largest plain section that a reader unpacks.
    pub(crate) plain_max: u64,
}

/// A section that has been unpacked.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    pub(crate) tag: [u8; 4],
    pub(crate) plain: Vec<u8>,
}

/// A section that has been compressed.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    tag: [u8; 4],
    plain_bytes: u64,
    bytes: Vec<u8>,
}

/// Why a container cannot be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContainerError {
    /// The bytes are of another kind: the user named the wrong file.
    #[error("not a {name}: the file does not start with the magic bytes {magic}")]
    OtherKind {
        /// What was expected.
        name: &'static str,
        /// First bytes of that.
        magic: String,
    },
    /// The value is of another version: make it again.
    #[error("the {name} has format version {found}, this build reads version {known}")]
    Version {
        /// What it is.
        name: &'static str,
        /// Version of the file.
        found: u32,
        /// Version of this build.
        known: u32,
    },
    /// The file is damaged: copy it or make it again.
    #[error("the {name} file is damaged: {what}")]
    Damaged {
        /// What it is.
        name: &'static str,
        /// What contradicts what.
        what: &'static str,
    },
    /// The value cannot be written: this is our bug.
    #[error("the {name} cannot be encoded: {what}")]
    Encode {
        /// What it is.
        name: &'static str,
        /// The encoder's words.
        what: String,
    },
}

impl Kind {
    /// The error of a damaged file.
    pub(crate) fn damaged(&self, what: &'static str) -> ContainerError {
        ContainerError::Damaged { name: self.name, what }
    }

    /// The error of a value that cannot be written.
    pub(crate) fn unwritable(&self, what: impl std::fmt::Display) -> ContainerError {
        ContainerError::Encode { name: self.name, what: what.to_string() }
    }

    /// Compresses a value as one section.
    pub(crate) fn pack(
        &self,
        tag: [u8; 4],
        value: &(impl serde::Serialize + ?Sized),
    ) -> Result<Stored, ContainerError> {
        let plain = postcard::to_stdvec(value).map_err(|error| self.unwritable(error))?;
        if plain.len() as u64 > self.plain_max {
            return Err(self.unwritable(format!("a section of {} bytes", plain.len())));
        }
        let bytes = zstd::bulk::compress(&plain, COMPRESSION_LEVEL);
        let bytes = bytes.map_err(|error| self.unwritable(error))?;
        Ok(Stored { tag, plain_bytes: plain.len() as u64, bytes })
    }

    /// Writes a container.
    pub(crate) fn encode(&self, sections: &[Stored]) -> Result<Vec<u8>, ContainerError> {
        if sections.len() as u64 > u64::from(self.sections_max) {
            return Err(self.unwritable(format!("{} sections", sections.len())));
        }
        let mut bytes = Vec::new();
        bytes.extend(self.magic);
        bytes.extend(self.version.to_le_bytes());
        bytes.extend((sections.len() as u32).to_le_bytes());
        for section in sections {
            bytes.extend(section.tag);
            bytes.extend((section.bytes.len() as u64).to_le_bytes());
            bytes.extend(section.plain_bytes.to_le_bytes());
            bytes.extend(crc32fast::hash(&section.bytes).to_le_bytes());
        }
        for section in sections {
            bytes.extend(&section.bytes);
        }
        let hash = blake3::hash(&bytes);
        bytes.extend(hash.as_bytes());
        Ok(bytes)
    }

    /// Reads a container and hands over its sections one after the other.
    pub(crate) fn decode(
        &self,
        bytes: &[u8],
        mut take: impl FnMut(Section) -> Result<(), ContainerError>,
    ) -> Result<(), ContainerError> {
        if bytes.get(..self.magic.len()) != Some(&self.magic) {
            let magic = String::from_utf8_lossy(&self.magic).into_owned();
            return Err(ContainerError::OtherKind { name: self.name, magic });
        }
        let header = bytes.get(..HEADER_BYTES).ok_or(self.damaged("the header is cut off"))?;
        let version = read_u32(header, 8);
        if version != self.version {
            let (name, known) = (self.name, self.version);
            return Err(ContainerError::Version { name, found: version, known });
        }
        let sections = read_u32(header, 12);
        if sections == 0 || sections > self.sections_max {
            return Err(self.damaged("the number of sections is out of range"));
        }
        let body = bytes.len().checked_sub(HASH_BYTES).ok_or(self.damaged("it is cut off"))?;
        if blake3::hash(&bytes[..body]).as_bytes()[..] != bytes[body..] {
            return Err(self.damaged("its hash does not match its content"));
        }
        let table = bytes[..body]
            .get(HEADER_BYTES..HEADER_BYTES + sections as usize * ENTRY_BYTES)
            .ok_or(self.damaged("the section table is cut off"))?;
        let mut rest = &bytes[HEADER_BYTES + table.len()..body];
        for entry in table.chunks_exact(ENTRY_BYTES) {
            let stored = usize::try_from(read_u64(entry, 4)).ok();
            let split = stored.and_then(|stored| rest.split_at_checked(stored));
            let (section, behind) = split.ok_or(self.damaged("a section is cut off"))?;
            rest = behind;
            take(self.unpack(entry, section)?)?;
        }
        if rest.is_empty() { Ok(()) } else { Err(self.damaged("bytes belong to no section")) }
    }

    /// Checks and unpacks one section.
    fn unpack(&self, entry: &[u8], stored: &[u8]) -> Result<Section, ContainerError> {
        let tag = [entry[0], entry[1], entry[2], entry[3]];
        if !self.tags.contains(&tag) {
            return Err(self.damaged("it has a section that this build does not know"));
        }
        if crc32fast::hash(stored) != read_u32(entry, 20) {
            return Err(self.damaged("a section's checksum does not match"));
        }
        let plain = read_u64(entry, 12);
        if plain > self.plain_max {
            return Err(self.damaged("a section claims more bytes than any has"));
        }
        let plain = zstd::bulk::decompress(stored, plain as usize)
            .map_err(|_| self.damaged("a section does not unpack"))?;
        Ok(Section { tag, plain })
    }
}

fn read_u32(bytes: &[u8], at: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(word)
}

fn read_u64(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}
