//! State of the `cycle` model: buffers, channels, allocator pointers, sources.

use crate::mesh::fabric::ChannelRelease;
use crate::mesh::plan::Ticket;

/// A flit of a packet; the ticket's packet number carries [`HEAD`] and [`TAIL`].
pub(super) type Flit = Ticket;

/// Bit of a head flit.
pub(super) const HEAD: u32 = 1 << 31;
/// Bit of a tail flit.
pub(super) const TAIL: u32 = 1 << 30;
/// Number of no packet: an [`Arrival`] of it says that a dropped packet's next flit may leave.
pub(super) const DROP: u32 = 1;
/// The packet's number.
pub(super) const PACKET: u32 = TAIL - 1;

/// A flit that reaches the buffer of a lane; one of 0 flits says that the front has been routed, or
/// is being dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Arrival {
    pub(super) lane: u32,
    pub(super) flit: Flit,
}

/// What the front of an input buffer is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Front {
    /// No packet.
    #[default]
    Idle,
    /// A packet that is still being routed.
    Routing,
    /// A packet that wants a virtual channel of its output.
    Waiting,
    /// A packet that has one.
    Active,
    /// A packet that branches: its copies have channels or want them.
    Forked,
    /// A packet that is dropped.
    Dropping,
}

/// An input buffer (one virtual channel of an in slot).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct InLane {
    /// First flit in the store's ring, and flits stored.
    pub(super) first: u16,
    pub(super) len: u16,
    pub(super) front: Front,
    /// Output slot of the front packet, and its local out lane once active.
    pub(super) slot: u8,
    pub(super) out: u8,
    /// Round-robin pointer over out lanes.
    pub(super) pointer: u8,
    /// Channels that the waiting packet may take.
    pub(super) allowed: u16,
    /// Lane of the sender, where credits go, and the ticks they travel.
    pub(super) back: u32,
    pub(super) credit: u32,
    /// Sum of departure ticks minus sum of arrival ticks.
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
    /// Room ahead, now, at least and at most.
    pub(super) credits: u16,
    pub(super) lowest: u16,
    pub(super) buffer: u16,
    /// Local in lane that holds it.
    pub(super) holder: u8,
    pub(super) hold: Hold,
    /// Round-robin pointer over in lanes.
    pub(super) pointer: u8,
}

/// An out slot of a node with its channels and link.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct OutSlot<const V: usize> {
    /// In lanes whose front packet wants a virtual channel here.
    pub(super) waiting: u64,
    /// In lanes that could send a flit here now.
    pub(super) want: u64,
    /// The link is occupied before this tick.
    pub(super) ready: u64,
    /// Virtual channels that no packet holds, and those with a credit.
    pub(super) free: u16,
    pub(super) credited: u16,
    /// Round-robin pointer over in slots, as the first lane of one.
    pub(super) pointer: u8,
    pub(super) flit: u16,
    /// Lane behind the link.
    pub(super) lane: u32,
    pub(super) latency: u32,
    /// Flits and packets sent.
    pub(super) flits: u32,
    pub(super) packets: u32,
    pub(super) lanes: [OutLane; V],
}

impl<const V: usize> OutSlot<V> {
    /// Counts a flit that leaves at `tick` and takes its credit; says how many are left. A tail
    /// gives its channel up, as `release` says.
    #[inline]
    pub(super) fn send(
        &mut self,
        tick: u64,
        channel: usize,
        tail: bool,
        release: ChannelRelease,
    ) -> u16 {
        let lane = &mut self.lanes[channel];
        lane.credits -= 1;
        lane.lowest = lane.lowest.min(lane.credits);
        if lane.credits == 0 {
            self.credited &= !(1 << channel);
        }
        if tail {
            match release {
                ChannelRelease::TailSent => {
                    lane.hold = Hold::Free;
                    self.free |= 1 << channel;
                }
                ChannelRelease::TailCredit => lane.hold = Hold::Draining,
            }
        }
        self.ready = tick + u64::from(self.flit);
        self.flits += 1;
        self.packets += u32::from(tail);
        lane.credits
    }
}

impl<const V: usize> Default for OutSlot<V> {
    fn default() -> Self {
        Self {
            waiting: 0,
            want: 0,
            ready: 0,
            free: 0,
            credited: 0,
            pointer: 0,
            flit: 1,
            lane: 0,
            latency: 0,
            flits: 0,
            packets: 0,
            lanes: [OutLane::default(); V],
        }
    }
}

/// An in slot of a router.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct InSlot {
    /// Round-robin pointer over out slots.
    pub(super) pointer: u8,
    /// Round-robin pointer over its channels.
    pub(super) channel: u8,
}

/// What a visit asks about a node first.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Node {
    /// Last tick at which the node was put on the list, plus one; 0 in a run that left it alone.
    pub(super) stamp: u64,
    /// Out slots with waiting or wanting lanes; one that has become idle may linger.
    pub(super) live: u64,
}

/// The sending side of a core or host port.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Source {
    /// It is sending before this tick, in whatever plane.
    pub(super) ready: u64,
    /// The packet that is being sent, if `current` is set.
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
