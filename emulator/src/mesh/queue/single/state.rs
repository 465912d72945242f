//! State of packets of a single flit, laid out so that a hop touches few cache lines.
//!
//! Sizes are compile-time constants, powers of two: `P` slots per router, `V` channels per slot.

/// Later than anything: not known yet.
pub(super) const NEVER: u64 = u64::MAX;
/// No channel.
pub(super) const NONE: u8 = u8::MAX;

/// A virtual channel of an in slot: a ring of places.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lane {
    /// When to look at it next; without a packet, the first tick for the next one.
    pub(super) look: u64,
    pub(super) first: u16,
    pub(super) len: u16,
    /// Out slot of the front packet, and its channel there once it has one.
    pub(super) slot: u8,
    pub(super) channel: u8,
    /// Round-robin pointer over out channels.
    pub(super) pointer: u8,
}

impl Default for Lane {
    fn default() -> Self {
        Self { look: 0, first: 0, len: 0, slot: 0, channel: NONE, pointer: 0 }
    }
}

/// An in slot of a node.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct In<const V: usize> {
    /// Sum of the ticks that packets have spent here.
    pub(super) queue: u64,
    /// It is sending before this tick.
    pub(super) busy: u64,
    /// First lane of the sender, where credits go, and the ticks they travel.
    pub(super) back: u32,
    pub(super) credit: u32,
    /// Place of the router.
    pub(super) place: (u16, u16),
    /// Flits that each channel holds.
    pub(super) buffer: u16,
    /// Ticks between two flits on the link that ends here.
    pub(super) spacing: u16,
    /// Round-robin pointers over out slots and over its channels.
    pub(super) pointer: u8,
    pub(super) channel: u8,
    pub(super) lanes: [Lane; V],
}

impl<const V: usize> Default for In<V> {
    fn default() -> Self {
        Self {
            queue: 0,
            busy: 0,
            back: 0,
            credit: 0,
            place: (0, 0),
            buffer: 0,
            spacing: 0,
            pointer: 0,
            channel: 0,
            lanes: [Lane::default(); V],
        }
    }
}

/// What a link leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Router,
    Core,
    /// A buffer of another region.
    Foreign,
}

/// An out slot of a node.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Out<const V: usize> {
    /// In lanes whose front packet wants a virtual channel here.
    pub(super) waiting: u64,
    /// In lanes that have one and could send.
    pub(super) want: u64,
    /// The link is occupied before this tick.
    pub(super) ready: u64,
    /// First lane behind the link.
    pub(super) ahead: u32,
    /// Ticks from the grant to the arrival there.
    pub(super) latency: u32,
    /// Packets sent.
    pub(super) count: u32,
    pub(super) flit: u16,
    pub(super) kind: Kind,
    /// Channels that no packet holds, and those that may not be usable yet.
    pub(super) free: u8,
    pub(super) resting: u8,
    /// Round-robin pointer over in slots, for the switch.
    pub(super) pointer: u8,
    /// By channel: a new packet may have it from this tick on.
    pub(super) usable: [u64; V],
    /// From when there is room ahead.
    pub(super) room: [u64; V],
    /// Most packets whose credits were not back.
    pub(super) peak: [u16; V],
    /// Round-robin pointer over in lanes.
    pub(super) pointers: [u8; V],
    /// In lane that holds it.
    pub(super) holder: [u8; V],
}

impl<const V: usize> Default for Out<V> {
    fn default() -> Self {
        Self {
            waiting: 0,
            want: 0,
            ready: 0,
            ahead: 0,
            latency: 0,
            count: 0,
            flit: 1,
            kind: Kind::Router,
            free: 0,
            resting: 0,
            pointer: 0,
            usable: [0; V],
            room: [0; V],
            peak: [0; V],
            pointers: [0; V],
            holder: [0; V],
        }
    }
}

/// A router.
#[derive(Clone, Copy, Debug)]
pub(super) struct Router<const P: usize, const V: usize> {
    pub(super) outs: [Out<V>; P],
    pub(super) ins: [In<V>; P],
}

impl<const P: usize, const V: usize> Default for Router<P, V> {
    fn default() -> Self {
        Self { outs: [Out::default(); P], ins: [In::default(); P] }
    }
}

impl<const P: usize, const V: usize> Router<P, V> {
    /// A lane of the router, and the out slot that its front packet wants.
    #[inline]
    pub(super) fn front(&mut self, local: u32) -> (&mut Lane, &mut Out<V>) {
        let lane = &mut self.ins[(local as usize / V) & (P - 1)].lanes[local as usize % V];
        let out = &mut self.outs[lane.slot as usize & (P - 1)];
        (lane, out)
    }

    #[inline]
    pub(super) fn lane(&mut self, local: u32) -> &mut Lane {
        &mut self.ins[(local as usize / V) & (P - 1)].lanes[local as usize % V]
    }

    #[inline]
    pub(super) fn out(&mut self, port: u32) -> &mut Out<V> {
        &mut self.outs[port as usize & (P - 1)]
    }
}

/// A core or host port in one plane.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Side<const V: usize> {
    pub(super) out: Out<V>,
    pub(super) input: In<V>,
}

/// What a core or host port is doing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Core {
    /// It is busy with a packet before this tick.
    pub(super) busy: u64,
    /// It is sending before this tick, in whatever plane.
    pub(super) ready: u64,
    /// When to look at its line, and at its buffers.
    pub(super) looks: [u64; 2],
    /// Where the search for a channel starts.
    pub(super) pointer: u8,
    /// It has sent or got anything.
    pub(super) touched: bool,
    /// Positions of the next packet of its line, and of the line's end.
    pub(super) next: u32,
    pub(super) end: u32,
}

impl Default for Core {
    fn default() -> Self {
        Self { busy: 0, ready: 0, looks: [NEVER; 2], pointer: 0, touched: false, next: 0, end: 0 }
    }
}
