//! The container of a run's activity (see [`crate::container`]): a head, then the records in order,
//! several to a section.

use serde::{Deserialize, Serialize};

use super::Activity;
use crate::container::{ContainerError, Kind};

const SECTION_HEAD: [u8; 4] = *b"HEAD";
const SECTION_RECORDS: [u8; 4] = *b"STEP";
/// Size at which a section is closed, in entries of its records: some megabytes.
const SECTION_ENTRIES: usize = 1 << 20;

const KIND: Kind = Kind {
    name: "stored activity",
    magic: *b"QUARACTV",
    version: 1,
    tags: &[SECTION_HEAD, SECTION_RECORDS],
    sections_max: 1 << 20,
    plain_max: 1 << 30,
};

/// What the records belong to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivityHead {
    /// Identity of the program that ran.
    pub program: String,
    /// Number of its populations.
    pub populations: u32,
    /// Number of records.
    pub records: u64,
}

/// Writes the records of a run.
///
/// # Errors
/// [`ContainerError::Encode`]: a timestep too large to store, or our bug.
pub fn encode_activity(
    program: &str,
    populations: u32,
    records: &[Activity],
) -> Result<Vec<u8>, ContainerError> {
    let head = ActivityHead { program: program.into(), populations, records: records.len() as u64 };
    let mut sections = vec![KIND.pack(SECTION_HEAD, &head)?];
    let mut rest = records;
    while !rest.is_empty() {
        let mut entries = 0;
        let small = rest.iter().take_while(|record| {
            entries += record.segments.len() + record.destinations.len() + record.cores.len();
            entries <= SECTION_ENTRIES
        });
        let (section, behind) = rest.split_at(small.count().max(1));
        sections.push(KIND.pack(SECTION_RECORDS, section)?);
        rest = behind;
    }
    KIND.encode(&sections)
}

/// Reads the records of a run.
///
/// # Errors
/// [`ContainerError`]: wrong file, other version or damage; sizes are checked before memory is
/// asked for. That the records fit a chip is not checked here.
pub fn decode_activity(bytes: &[u8]) -> Result<(ActivityHead, Vec<Activity>), ContainerError> {
    let mut head: Option<ActivityHead> = None;
    let mut records: Vec<Activity> = Vec::new();
    KIND.decode(bytes, |section| {
        let unreadable = || KIND.damaged("a section does not parse");
        match (section.tag, &head) {
            (SECTION_HEAD, None) => {
                head = Some(postcard::from_bytes(&section.plain).map_err(|_| unreadable())?);
            }
            (SECTION_RECORDS, Some(_)) => {
                let part: Vec<Activity> =
                    postcard::from_bytes(&section.plain).map_err(|_| unreadable())?;
                records.extend(part);
            }
            _ => return Err(KIND.damaged("its sections are out of order")),
        }
        Ok(())
    })?;
    let head = head.ok_or(KIND.damaged("its head is missing"))?;
    if head.records != records.len() as u64 {
        return Err(KIND.damaged("it has more or fewer records than its head says"));
    }
    Ok((head, records))
}
