//! A place of a buffer of single flits.

use crate::mesh::plan::{Plan, Ticket, plain_step};
use crate::mesh::routing::Order;

/// Times in ticks leave room for sixteen bits; this much is over a minute in picoseconds.
pub(super) const LATEST: u64 = 1 << 46;

/// With a packet in it: when it came and where it goes; without one: from when on the sender may
/// use it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    /// Tick (48 bits), order (1), slot at the destination router (7), slot at this router (8).
    when: u64,
    /// Packet (32 bits), place of the destination router (twice 16).
    what: u64,
}

impl Place {
    #[inline]
    pub(super) fn new(ticket: &Ticket, at: u64) -> Self {
        let order = u64::from(ticket.order == Order::YFirst) << 15;
        let when = (at << 16) | order | u64::from(ticket.eject & 0x7F) << 8;
        let to = u64::from(ticket.x) | u64::from(ticket.y) << 16;
        Self { when, what: u64::from(ticket.packet) | to << 32 }
    }

    #[inline]
    pub(super) fn at(&self) -> u64 {
        self.when >> 16
    }

    #[inline]
    pub(super) fn packet(&self) -> u32 {
        self.what as u32
    }

    #[inline]
    fn to(&self) -> (u16, u16) {
        ((self.what >> 32) as u16, (self.what >> 48) as u16)
    }

    /// The same at another tick.
    #[inline]
    pub(super) fn moved(self, at: u64) -> Self {
        Self { when: (self.when & 0xFFFF) | (at << 16), ..self }
    }

    /// The slot in which it leaves the router where it is.
    #[inline]
    pub(super) fn slot(&self) -> u8 {
        self.when as u8
    }

    /// The same in the buffer of a router of a mesh.
    #[inline]
    pub(super) fn in_mesh(self, at: (u16, u16)) -> Self {
        let slot = plain_step(at, self.to(), self.order(), (self.when >> 8) as u8 & 0x7F);
        self.leaving(slot)
    }

    /// The same in the buffer of any router.
    #[inline]
    pub(super) fn in_router(self, plan: &Plan, router: u32) -> Self {
        self.leaving(plan.step(router, &self.ticket()).port)
    }

    #[inline]
    fn leaving(self, slot: u32) -> Self {
        Self { when: self.when & !0xFF | u64::from(slot & 0xFF), ..self }
    }

    #[inline]
    fn order(&self) -> Order {
        if self.when & 0x8000 == 0 { Order::XFirst } else { Order::YFirst }
    }

    fn ticket(&self) -> Ticket {
        Ticket {
            packet: self.packet(),
            x: self.to().0,
            y: self.to().1,
            flits: 1,
            eject: (self.when >> 8) as u8 & 0x7F,
            order: self.order(),
        }
    }
}
