//! The way of a packet through the network of a chip, in time.
//!
//! Times are picoseconds from the beginning of the packet's timestep.

use std::fmt::{Display, Formatter, Result};

use serde::{Deserialize, Serialize};

use crate::chip::Direction;
use crate::id::{CoreId, LinkId};

/// One link that a packet crosses, of whatever kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Passage {
    /// Out of a core into the mesh.
    FromCore(CoreId),
    /// From the host into the mesh.
    FromHost,
    /// From one tile to the next.
    Link {
        /// The link.
        link: LinkId,
        /// Column of the tile that it leaves.
        x: u32,
        /// Row of that tile, counted from the north.
        y: u32,
        /// Where it leads.
        towards: Direction,
        /// Physical plane; `None` where there is one.
        plane: Option<u32>,
    },
    /// Out of the mesh into a core.
    IntoCore(CoreId),
    /// Out of the mesh to the host.
    IntoHost,
}

/// A packet crosses a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WayLeg {
    /// The link.
    pub passage: Passage,
    /// When its head was let onto it.
    pub depart_ps: u64,
    /// How much later that was than without any other packet.
    pub waited_ps: u64,
}

/// A packet, or one copy of it, arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WayEnd {
    /// Where; `None` for the host.
    pub core: Option<CoreId>,
    /// When the last flit was taken.
    pub arrived_ps: u64,
    /// How much later that was than the last link alone would have made it: the packet, or its
    /// end, waited in front of the core or was held up behind its head.
    pub waited_ps: u64,
    /// When the core was done with it.
    pub done_ps: u64,
}

/// The way of one packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Way {
    /// Sample.
    pub sample: u32,
    /// Timestep in the sample.
    pub step: u32,
    /// Number of the packet in its timestep.
    pub packet: u32,
    /// Who sent it; `None` for the host.
    pub source: Option<CoreId>,
    /// Length.
    pub flits: u32,
    /// When its source had it ready.
    pub ready_ps: u64,
    /// Its links, in the order in which its head, or the heads of its copies, were let onto them.
    pub legs: Vec<WayLeg>,
    /// Its arrivals; a copy that was dropped has none.
    pub ends: Vec<WayEnd>,
}

impl Way {
    /// When the last core was done with it; 0 where none was.
    #[must_use]
    pub fn done_ps(&self) -> u64 {
        self.ends.iter().map(|end| end.done_ps).max().unwrap_or(0)
    }

    /// The places where it waited, in words, with how long, in the order of its way.
    pub fn waits(&self) -> impl Iterator<Item = (String, u64)> + '_ {
        let legs = self.legs.iter().map(|leg| (format!("for {}", leg.passage), leg.waited_ps));
        let ends =
            self.ends.iter().map(|end| (format!("at {}", end_name(end.core)), end.waited_ps));
        legs.chain(ends).filter(|(_, waited)| *waited > 0)
    }

    /// Its source and its destinations in words.
    #[must_use]
    pub fn ends_in_words(&self) -> String {
        let to: Vec<String> = self.ends.iter().map(|end| end_name(end.core)).collect();
        let to = if to.is_empty() { "nowhere".into() } else { to.join(" and ") };
        format!("{} to {to}", end_name(self.source))
    }
}

/// A core, or the host, in words.
#[must_use]
pub fn end_name(core: Option<CoreId>) -> String {
    core.map_or_else(|| "the host".into(), |core| format!("core {core}"))
}

impl Display for Passage {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::FromCore(core) => write!(f, "core {core} into the mesh"),
            Self::FromHost => write!(f, "the host into the mesh"),
            Self::Link { x, y, towards, plane, .. } => {
                write!(f, "tile ({x}, {y}) {}", towards.name())?;
                plane.map_or(Ok(()), |plane| write!(f, ", plane {plane}"))
            }
            Self::IntoCore(core) => write!(f, "the mesh into core {core}"),
            Self::IntoHost => write!(f, "the mesh into the host"),
        }
    }
}
