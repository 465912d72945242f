//! State of the `queue` model, laid out so that one move touches few cache lines.

use crate::mesh::plan::Ticket;

/// Flits of one packet that reach a buffer one after the other.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Burst {
    /// When the first of them arrives.
    pub(super) at: u64,
    pub(super) ticket: Ticket,
    pub(super) flits: u16,
    /// Ticks between two of them.
    pub(super) spacing: u16,
}

/// What the front packet of an input buffer is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Front {
    /// There is none, or it is not ready yet.
    #[default]
    Idle,
    /// It wants a virtual channel of its output.
    Waiting,
    /// It has one.
    Active,
}

/// An input buffer (one virtual channel of an in slot): one cache line.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
pub(super) struct InLane {
    /// The ring of bursts in the store; the last ones may still be on the link.
    pub(super) first: u16,
    pub(super) len: u16,
    /// Flits of the front packet that have not been sent.
    pub(super) left: u16,
    pub(super) front: Front,
    /// Output slot of the front packet, and its local out lane once active.
    pub(super) slot: u8,
    pub(super) out: u8,
    /// Ticks between two flits on the link that ends here.
    pub(super) spacing: u16,
    /// Channels that the front packet may take.
    pub(super) allowed: u16,
    /// Ticks that a credit travels.
    pub(super) credit: u32,
    /// Lane of the sender, where credits go.
    pub(super) back: u32,
    /// Bursts of the ring that have been seen to arrive, their flits, and the most of those.
    pub(super) seen: u16,
    pub(super) stored: u16,
    pub(super) peak: u16,
    /// When the front burst can be worked on.
    pub(super) ready: u64,
    /// The next packet cannot be worked on before this tick.
    pub(super) floor: u64,
    /// Sum of departure ticks minus sum of arrival ticks, over all flits.
    pub(super) queue: u64,
}

/// Who has a virtual channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Hold {
    /// Nobody.
    #[default]
    Free,
    /// The packet of an in lane.
    Held,
    /// A packet that is gone, whose credits are still out.
    Draining,
}

/// A virtual channel of an out slot and the sender's view of the buffer behind it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OutLane {
    /// A new packet may move from this tick on.
    pub(super) usable: u64,
    pub(super) credits: u16,
    pub(super) buffer: u16,
    /// Local in lane that holds it.
    pub(super) holder: u8,
    pub(super) hold: Hold,
}

/// An out slot of a node with its channels and link: one cache line for one channel.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct OutSlot<const V: usize> {
    /// In lanes whose front packet wants a virtual channel here.
    pub(super) waiting: u64,
    /// In lanes that could send here now.
    pub(super) want: u64,
    /// The link is occupied before this tick.
    pub(super) ready: u64,
    /// Lane behind the link.
    pub(super) lane: u32,
    pub(super) latency: u32,
    pub(super) flit: u16,
    /// Virtual channels that no packet holds.
    pub(super) free: u16,
    /// Round-robin pointers: in lanes for channels, channels, in slots for the switch.
    pub(super) channel_pointer: u8,
    pub(super) next_channel: u8,
    pub(super) pointer: u8,
    /// Flits and packets sent.
    pub(super) flits: u32,
    pub(super) packets: u32,
    pub(super) lanes: [OutLane; V],
}

impl<const V: usize> Default for OutSlot<V> {
    fn default() -> Self {
        Self {
            waiting: 0,
            want: 0,
            ready: 0,
            lane: 0,
            latency: 0,
            flit: 1,
            free: 0,
            channel_pointer: 0,
            next_channel: 0,
            pointer: 0,
            flits: 0,
            packets: 0,
            lanes: [OutLane::default(); V],
        }
    }
}

/// An in slot of a router.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct InSlot {
    /// It is sending before this tick.
    pub(super) busy: u64,
    /// Round-robin pointer over out slots.
    pub(super) pointer: u8,
    /// Round-robin pointer over its channels.
    pub(super) channel: u8,
}

/// What a visit asks about a node first.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Node {
    /// Lanes whose front burst is not ready yet.
    pub(super) pending: u64,
    /// Out slots with waiting or wanting lanes; one that has become idle may linger.
    pub(super) live: u64,
}

/// The sending side of a core or host port.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Source {
    /// The next packet, if `current` is set.
    pub(super) ticket: Ticket,
    pub(super) current: bool,
    pub(super) plane: u8,
    /// Channel of the current packet.
    pub(super) channel: u8,
    /// Where the search for a channel starts.
    pub(super) pointer: u8,
    /// Flits of the current packet that are gone.
    pub(super) sent: u16,
    /// Packets taken from the line.
    pub(super) next: u32,
}
