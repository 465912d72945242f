//! The container of a program (see [`crate::container`]). Its hash is the program's identity.

use super::Program;
use crate::container::{ContainerError, HASH_BYTES, Kind};

/// First bytes of every program.
pub const MAGIC: [u8; 8] = *b"QUARPROG";

/// The only version that this build reads and writes.
pub const VERSION: u32 = 4;

/// Section with the program as postcard.
const SECTION_PROGRAM: [u8; 4] = *b"PROG";

const KIND: Kind = Kind {
    name: "compiled program",
    magic: MAGIC,
    version: VERSION,
    tags: &[SECTION_PROGRAM],
    sections_max: 1,
    plain_max: 1 << 32,
};

impl Program {
    /// Writes the program as a container.
    ///
    /// # Errors
    /// [`ContainerError::Encode`], which is our bug.
    pub fn encode(&self) -> Result<Vec<u8>, ContainerError> {
        KIND.encode(&[KIND.pack(SECTION_PROGRAM, self)?])
    }

    /// Reads a program from a container.
    ///
    /// # Errors
    /// [`ContainerError`]: wrong file, other version or damage; sizes are checked before memory is
    /// asked for.
    pub fn decode(bytes: &[u8]) -> Result<Self, ContainerError> {
        let mut program = None;
        KIND.decode(bytes, |section| {
            let parsed = postcard::from_bytes(&section.plain);
            program = Some(parsed.map_err(|_| KIND.damaged("its section does not parse"))?);
            Ok(())
        })?;
        program.ok_or(KIND.damaged("its section is missing"))
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
