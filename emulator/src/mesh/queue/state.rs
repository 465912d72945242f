//! State of the `queue` model, laid out so that one move touches few cache lines.
//!
//! Sizes are compile-time constants, powers of two: `P` slots per router, `V` channels per slot.

use crate::mesh::plan::{TREE, Ticket, plain_step};
use crate::mesh::routing::Order;

/// Marks a lane of another region; the region's number follows above the lane's.
pub(super) const FOREIGN: u32 = 1 << 31;
/// Where the region's number begins in a foreign lane.
pub(super) const REGION_SHIFT: u32 = 24;
/// The lane's own number.
pub(super) const LANES: u32 = (1 << REGION_SHIFT) - 1;

/// Flits of one packet that reach a buffer one after the other, in three words.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Burst {
    /// When the first of them arrives.
    pub(super) at: u64,
    /// Packet (32 bits), destination (16 + 16).
    who: u64,
    /// Flits, ticks between two of them, flits of the packet (16 each), slot at the destination
    /// router, next slot and order (8, 7, 1).
    how: u64,
}

const SLOT: u64 = 0x7F << 56;
/// Stands for the slots of a packet that branches.
pub(super) const BRANCHES: u8 = 0x7F;

impl Burst {
    /// The flits of a packet that a source sends.
    #[inline]
    pub(super) fn new(ticket: &Ticket, at: u64, flits: u16, spacing: u16) -> Self {
        let who = u64::from(ticket.packet) | u64::from(ticket.x) << 32 | u64::from(ticket.y) << 48;
        let how = u64::from(ticket.flits) << 32
            | u64::from(ticket.eject) << 48
            | u64::from(ticket.order == Order::YFirst) << 63;
        Self { at, who, how }.part(at, flits, u64::from(spacing))
    }

    /// So many flits of the same packet.
    #[inline]
    pub(super) fn part(&self, at: u64, flits: u16, spacing: u64) -> Self {
        let how = self.how & !0xFFFF_FFFF | u64::from(flits) | (spacing & 0xFFFF) << 16;
        Self { at, who: self.who, how }
    }

    /// The same flits at another time.
    #[inline]
    pub(super) fn arriving(self, at: u64) -> Self {
        Self { at, ..self }
    }

    #[inline]
    pub(super) fn flits(&self) -> u16 {
        self.how as u16
    }

    #[inline]
    pub(super) fn spacing(&self) -> u64 {
        self.how >> 16 & 0xFFFF
    }

    /// Flits of the whole packet.
    #[inline]
    pub(super) fn whole(&self) -> u16 {
        (self.how >> 32) as u16
    }

    /// Where it leaves the router whose buffer it is in.
    #[inline]
    pub(super) fn slot(&self) -> u8 {
        (self.how >> 56) as u8 & 0x7F
    }

    #[inline]
    pub(super) fn set_slot(&mut self, slot: u8) {
        self.how = self.how & !SLOT | u64::from(slot) << 56;
    }

    /// Whether it is a whole packet of one flit, to one destination.
    #[inline]
    pub(super) fn is_single(&self) -> bool {
        self.how & 0xFFFF_0000_FFFF == 0x0001_0000_0001 && !self.in_tree()
    }

    /// The slot in which it leaves a router of a mesh where any channel will do.
    #[inline]
    pub(super) fn plain_slot(&self, at: (u16, u16)) -> u8 {
        let to = ((self.who >> 32) as u16, (self.who >> 48) as u16);
        plain_step(at, to, self.order(), (self.how >> 48) as u8) as u8
    }

    #[inline]
    fn order(&self) -> Order {
        if self.how >> 63 == 0 { Order::XFirst } else { Order::YFirst }
    }

    /// Whether it belongs to a tree's packet.
    #[inline]
    pub(super) fn in_tree(&self) -> bool {
        (self.how >> 48) as u8 == TREE
    }

    /// The node or leaf of the tree that it goes to.
    #[inline]
    pub(super) fn tree_node(&self) -> u32 {
        (self.who >> 32) as u32
    }

    /// The same flits on their way to another node or leaf.
    #[inline]
    pub(super) fn to_tree_node(self, node: u32) -> Self {
        Self { who: self.who & 0xFFFF_FFFF | u64::from(node) << 32, ..self }
    }

    #[inline]
    pub(super) fn packet(&self) -> u32 {
        self.who as u32
    }

    #[inline]
    pub(super) fn ticket(&self) -> Ticket {
        Ticket {
            packet: self.packet(),
            x: (self.who >> 32) as u16,
            y: (self.who >> 48) as u16,
            flits: self.whole(),
            eject: (self.how >> 48) as u8,
            order: self.order(),
        }
    }

    /// Sum of the ticks of flits that move from `tick` on.
    #[inline]
    pub(super) fn sum(flits: u16, tick: u64, spacing: u64) -> u64 {
        if flits == 1 {
            return tick;
        }
        let flits = u64::from(flits);
        flits * tick + flits * (flits - 1) / 2 * spacing
    }
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

/// An input buffer (one virtual channel of an in slot): one cache line with its front burst.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
pub(super) struct Lane {
    /// The front burst; those behind it are in the store.
    pub(super) burst: Burst,
    /// When the front burst can be worked on; where there is none, the next packet's first tick.
    pub(super) ready: u64,
    /// Sum of the ticks that flits have spent here.
    pub(super) queue: u64,
    /// Position of the front in the ring, and bursts with it; the last may still be on the link.
    pub(super) first: u16,
    pub(super) len: u16,
    /// Flits of the front packet that have not been sent.
    pub(super) left: u16,
    /// Ticks between two flits on the link that ends here.
    pub(super) spacing: u16,
    /// Lane of the sender, where credits go, and the ticks they travel.
    pub(super) back: u32,
    pub(super) credit: u32,
    pub(super) front: Front,
    /// Channel of the front packet in its output slot, once it is active.
    pub(super) channel: u8,
    /// Round-robin pointer over out channels.
    pub(super) pointer: u8,
    /// Place of the router.
    pub(super) place: (u16, u16),
}

impl Lane {
    /// The ticks of flits that leave from `tick` on, less those in which they came.
    #[inline]
    pub(super) fn leave(&mut self, burst: &Burst, flits: u16, tick: u64, spacing: u64) {
        let came = Burst::sum(flits, burst.at, burst.spacing());
        let went = Burst::sum(flits, tick, spacing);
        self.queue = self.queue.wrapping_add(went).wrapping_sub(came);
    }
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
pub(super) struct Channel {
    /// A new packet may move from this tick on.
    pub(super) usable: u64,
    /// Room ahead, now and at least.
    pub(super) credits: u16,
    pub(super) lowest: u16,
    /// Local in lane that holds it.
    pub(super) holder: u8,
    pub(super) hold: Hold,
    /// Round-robin pointer over in lanes.
    pub(super) pointer: u8,
}

/// An out slot of a node with its channels and link: one cache line for one channel.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Out<const V: usize> {
    /// In lanes whose front packet wants a virtual channel here.
    pub(super) waiting: u64,
    /// In lanes that could send here now.
    pub(super) want: u64,
    /// The link is occupied before this tick.
    pub(super) ready: u64,
    /// Lane behind the link.
    pub(super) ahead: u32,
    /// Ticks from the grant to the arrival there.
    pub(super) latency: u32,
    pub(super) flit: u16,
    /// Virtual channels that no packet holds, and those that may not be usable yet.
    pub(super) free: u8,
    pub(super) resting: u8,
    /// Round-robin pointer over in slots, for the switch.
    pub(super) pointer: u8,
    /// Buffer behind the link, flits per channel.
    pub(super) buffer: u16,
    /// Flits and packets sent.
    pub(super) flits: u32,
    pub(super) packets: u32,
    pub(super) channels: [Channel; V],
}

impl<const V: usize> Default for Out<V> {
    fn default() -> Self {
        Self {
            waiting: 0,
            want: 0,
            ready: 0,
            ahead: 0,
            latency: 0,
            flit: 1,
            free: 0,
            resting: 0,
            pointer: 0,
            buffer: 0,
            flits: 0,
            packets: 0,
            channels: [Channel::default(); V],
        }
    }
}

/// An in slot of a router, as the switch sees it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Input {
    /// It is sending before this tick.
    pub(super) busy: u64,
    /// Round-robin pointer over out slots.
    pub(super) pointer: u8,
    /// Round-robin pointer over its channels.
    pub(super) channel: u8,
}

/// A router.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Router<const P: usize, const V: usize> {
    /// Some in slot is sending before this tick.
    pub(super) busy: u64,
    /// Out slots with waiting or wanting lanes; one that has become idle may linger.
    pub(super) live: u64,
    pub(super) outs: [Out<V>; P],
    pub(super) lanes: [[Lane; V]; P],
    pub(super) inputs: [Input; P],
}

impl<const P: usize, const V: usize> Default for Router<P, V> {
    fn default() -> Self {
        Self {
            busy: 0,
            live: 0,
            outs: [Out::default(); P],
            lanes: [[Lane::default(); V]; P],
            inputs: [Input::default(); P],
        }
    }
}

impl<const P: usize, const V: usize> Router<P, V> {
    /// The buffer with this number.
    #[inline]
    pub(super) fn lane(&mut self, local: u32) -> &mut Lane {
        &mut self.lanes.as_flattened_mut()[local as usize & (P * V - 1)]
    }

    /// The buffer with this number and the out slot with that one.
    #[inline]
    pub(super) fn pair(&mut self, local: u32, port: u32) -> (&mut Lane, &mut Out<V>) {
        let lane = &mut self.lanes.as_flattened_mut()[local as usize & (P * V - 1)];
        (lane, &mut self.outs[port as usize & (P - 1)])
    }

    /// A lane's last flit enters the switch at `end` and takes `cross` ticks, or as long as the
    /// link if that is 0: its in slot is busy meanwhile.
    #[inline]
    pub(super) fn cross(&mut self, local: u32, end: u64, cross: u64) {
        if V > 1 {
            let cross = match cross {
                0 => u64::from(self.lane(local).spacing),
                cross => cross,
            };
            let busy = end + cross;
            self.inputs[(local as usize / V) & (P - 1)].busy = busy;
            self.busy = self.busy.max(busy);
        }
    }

    /// The out slot with this number.
    #[inline]
    pub(super) fn out(&mut self, port: u32) -> &mut Out<V> {
        &mut self.outs[port as usize & (P - 1)]
    }
}

/// A burst on its way to the next buffer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub(super) lane: u32,
    /// The head of the packet is in it.
    pub(super) head: bool,
    pub(super) burst: Burst,
}

/// A core or host port: in one plane, its link into the mesh and the buffers of the one out of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Side<const V: usize> {
    pub(super) out: Out<V>,
    pub(super) lanes: [Lane; V],
}

impl<const V: usize> Default for Side<V> {
    fn default() -> Self {
        Self { out: Out::default(), lanes: [Lane::default(); V] }
    }
}

/// What a core or host port is doing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Terminal {
    /// The core is busy before this tick.
    pub(super) busy: u64,
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
