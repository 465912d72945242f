//! The container of a program: magic, version, section table, checked sections, identity.
//!
//! Layout, little-endian: magic (8 bytes), version (u32), number of sections (u32), then per
//! section tag (4 bytes), stored length (u64), plain length (u64), crc32 of the stored bytes (u32);
//! then the stored sections (zstd) one after the other, then the BLAKE3 hash of everything before
//! it. The hash is the program's identity.

use super::Program;

/// First bytes of every container.
pub const MAGIC: [u8; 8] = *b"QUARPROG";

/// The only version that this build reads and writes.
pub const VERSION: u32 = 2;

/// Section with the program as postcard.
const SECTION_PROGRAM: [u8; 4] = *b"PROG";
/// Largest plain section that a reader unpacks: 4 GiB.
const PLAIN_BYTES_MAX: u64 = 1 << 32;
/// Most sections that a reader accepts.
const SECTIONS_MAX: u32 = 64;
const HEADER_BYTES: usize = 16;
const ENTRY_BYTES: usize = 24;
const HASH_BYTES: usize = 32;
const COMPRESSION_LEVEL: i32 = 3;

/// Why a container cannot be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContainerError {
    /// The bytes are not a program: the user named the wrong file.
    #[error("not a compiled program: the file does not start with the magic bytes QUARPROG")]
    NotAProgram,
    /// The program is of another version: compile the network again.
    #[error("the program has format version {found}, this build reads version {VERSION}")]
    Version {
        /// Version of the file.
        found: u32,
    },
    /// The file is damaged: copy or compile it again.
    #[error("the program file is damaged: {what}")]
    Damaged {
        /// What contradicts what.
        what: &'static str,
    },
    /// The program cannot be written: this is our bug.
    #[error("the program cannot be encoded: {what}")]
    Encode {
        /// The encoder's words.
        what: String,
    },
}

impl Program {
    /// Writes the program as a container.
    ///
    /// # Errors
    /// [`ContainerError::Encode`], which is our bug.
    pub fn encode(&self) -> Result<Vec<u8>, ContainerError> {
        let encode = |what: String| ContainerError::Encode { what };
        let plain = postcard::to_stdvec(self).map_err(|e| encode(e.to_string()))?;
        let stored =
            zstd::bulk::compress(&plain, COMPRESSION_LEVEL).map_err(|e| encode(e.to_string()))?;
        let mut bytes = Vec::with_capacity(stored.len() + 128);
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend(SECTION_PROGRAM);
        bytes.extend((stored.len() as u64).to_le_bytes());
        bytes.extend((plain.len() as u64).to_le_bytes());
        bytes.extend(crc32fast::hash(&stored).to_le_bytes());
        bytes.extend(stored);
        let hash = blake3::hash(&bytes);
        bytes.extend(hash.as_bytes());
        Ok(bytes)
    }

    /// Reads a program from a container.
    ///
    /// # Errors
    /// [`ContainerError`]: wrong file, other version or damage; sizes are checked before memory is
    /// asked for.
    pub fn decode(bytes: &[u8]) -> Result<Self, ContainerError> {
        let damaged = |what| ContainerError::Damaged { what };
        if bytes.get(..MAGIC.len()) != Some(&MAGIC) {
            return Err(ContainerError::NotAProgram);
        }
        let header = bytes.get(..HEADER_BYTES).ok_or(damaged("the header is cut off"))?;
        let version = read_u32(header, 8);
        if version != VERSION {
            return Err(ContainerError::Version { found: version });
        }
        let sections = read_u32(header, 12);
        if sections == 0 || sections > SECTIONS_MAX {
            return Err(damaged("the number of sections is out of range"));
        }
        let body = bytes.len().checked_sub(HASH_BYTES).ok_or(damaged("the hash is cut off"))?;
        if blake3::hash(&bytes[..body]).as_bytes()[..] != bytes[body..] {
            return Err(damaged("its hash does not match its content"));
        }
        let plain = read_section(&bytes[..body], sections as usize)?;
        postcard::from_bytes(&plain).map_err(|_| damaged("the program section does not parse"))
    }

    /// The program's identity: the BLAKE3 hash of its container, in hexadecimal.
    ///
    /// # Errors
    /// [`ContainerError::Encode`], which is our bug.
    pub fn identity(&self) -> Result<String, ContainerError> {
        let bytes = self.encode()?;
        Ok(bytes[bytes.len() - HASH_BYTES..].iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// Finds, checks and unpacks the program section.
fn read_section(body: &[u8], sections: usize) -> Result<Vec<u8>, ContainerError> {
    let damaged = |what| ContainerError::Damaged { what };
    let table = body
        .get(HEADER_BYTES..HEADER_BYTES + sections * ENTRY_BYTES)
        .ok_or(damaged("the section table is cut off"))?;
    let mut start = HEADER_BYTES + table.len();
    let mut program = None;
    for entry in table.chunks_exact(ENTRY_BYTES) {
        let stored = usize::try_from(read_u64(entry, 4)).map_err(|_| damaged("a length"))?;
        let end = start.checked_add(stored).ok_or(damaged("a section length overflows"))?;
        let section = body.get(start..end).ok_or(damaged("a section is cut off"))?;
        start = end;
        if entry[..4] != SECTION_PROGRAM {
            return Err(damaged("it has a section that this build does not know"));
        }
        if crc32fast::hash(section) != read_u32(entry, 20) {
            return Err(damaged("a section's checksum does not match"));
        }
        program = Some((section, read_u64(entry, 12)));
    }
    let (section, plain) = program.ok_or(damaged("the program section is missing"))?;
    if plain > PLAIN_BYTES_MAX {
        return Err(damaged("a section claims more than 4 GiB"));
    }
    zstd::bulk::decompress(section, plain as usize)
        .map_err(|_| damaged("a section does not unpack"))
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
