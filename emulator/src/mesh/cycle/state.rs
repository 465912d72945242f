//! State of the `cycle` model: buffers, channels, allocator pointers, endpoints.

/// What the head of an input buffer is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Head {
    /// No packet.
    #[default]
    Idle,
    /// A packet that is still being routed.
    Routing,
    /// A packet that wants a virtual channel of its output.
    Waiting,
    /// A packet that has one.
    Active,
}

/// An input buffer (one virtual channel of an in slot).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct InLane {
    /// First flit in the store's ring.
    pub(super) first: u16,
    /// Flits stored.
    pub(super) len: u16,
    pub(super) head: Head,
    /// Output: the slot while waiting, and the local out lane once active.
    pub(super) slot: u8,
    pub(super) out: u8,
    /// Round-robin pointer over out lanes.
    pub(super) pointer: u8,
    /// Channels that the waiting packet may take.
    pub(super) allowed: u64,
}

/// A virtual channel of an out slot and the sender's view of the buffer behind it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OutLane {
    pub(super) credits: u32,
    pub(super) buffer: u32,
    /// Local in lane that holds it.
    pub(super) holder: u8,
    pub(super) held: bool,
    /// Its packet's tail has left, and the credits are still out.
    pub(super) draining: bool,
    /// Round-robin pointer over in lanes.
    pub(super) pointer: u8,
}

impl OutLane {
    pub(super) fn with_buffer(flits: u32) -> Self {
        Self { credits: flits, buffer: flits, ..Self::default() }
    }
}

/// An out slot of a node.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OutSlot {
    /// In lanes whose head wants a virtual channel here.
    pub(super) waiting: u64,
    /// In lanes that could send a flit here now.
    pub(super) want: u64,
    /// Virtual channels that no packet holds.
    pub(super) free: u64,
    /// Virtual channels with a credit.
    pub(super) credited: u64,
    /// The link is occupied before this tick.
    pub(super) ready: u64,
    /// Round-robin pointer over in lanes at slot granularity.
    pub(super) pointer: u8,
}

/// An in slot of a router.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct InSlot {
    /// Round-robin pointer over out slots.
    pub(super) pointer: u8,
    /// Round-robin pointer over its channels.
    pub(super) channel: u8,
}

/// The sending side of a core or host port.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Source {
    /// Packets gone.
    pub(super) next: u32,
    /// Flits of the current packet that are gone.
    pub(super) sent: u32,
    /// Channel of the current packet.
    pub(super) channel: u8,
    /// Where the search for a channel starts.
    pub(super) pointer: u8,
}

/// The receiving side of a core or host port.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sink {
    /// The core serves a packet before this tick.
    pub(super) busy: u64,
}
