//! Routing: from a router and a packet's destination to an output port and its channels.

use quarrion_isa::chip::RouteTable;

use super::fabric::{Fabric, Grid, Wrap, direction};

/// How packets find their way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Routing {
    /// First x, then y.
    XFirst,
    /// First y, then x.
    YFirst,
    /// One of the two for each packet; the lower half of the channels is for x first.
    Mixed {
        /// Which of them.
        choice: Choice,
    },
    /// What the table says.
    Table(RouteTable),
}

/// How mixed routing chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Drawn packet by packet, with this seed.
    Drawn(u32),
    /// x first where the numbers of the source's and the destination's routers have an even sum.
    Places,
}

/// Which dimension a packet travels first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Order {
    /// x, then y.
    #[default]
    XFirst,
    /// y, then x.
    YFirst,
}

/// Which virtual channels a packet may take on its next link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Every one.
    Any,
    /// The lower half.
    Low,
    /// The upper half.
    High,
}

impl Class {
    /// The channels as a mask over `channels` of them.
    #[must_use]
    pub const fn mask(self, channels: u32) -> u64 {
        let all = (1 << channels) - 1;
        let low = (1 << (channels / 2)) - 1;
        match self {
            Self::Any => all,
            Self::Low => low,
            Self::High => all & !low,
        }
    }
}

/// One step of a route through a grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Output port.
    pub port: u32,
    /// Channels that may be taken.
    pub class: Class,
}

/// The next step from `at` to `to` through a grid, or `None` at the destination.
///
/// On a torus a packet uses the upper channels of a dimension while it still has to cross the
/// dateline (the wrap link) and the lower ones after that, so no ring of channels closes.
#[must_use]
#[inline]
pub fn grid_step(grid: Grid, order: Order, at: (u32, u32), to: (u32, u32)) -> Option<Step> {
    let x = || dimension(grid.wrap, grid.width, at.0, to.0, (direction::EAST, direction::WEST));
    let y = || dimension(grid.wrap, grid.height, at.1, to.1, (direction::NORTH, direction::SOUTH));
    match order {
        Order::XFirst => x().or_else(y),
        Order::YFirst => y().or_else(x),
    }
}

fn dimension(wrap: Wrap, size: u32, at: u32, to: u32, ports: (u32, u32)) -> Option<Step> {
    if at == to {
        return None;
    }
    let up = match wrap {
        Wrap::Mesh => to > at,
        // The shorter way; half the ring goes up from even places and down from odd ones.
        Wrap::Torus => {
            let ahead = (to + size - at) % size;
            2 * ahead < size || (2 * ahead == size && at.is_multiple_of(2))
        }
    };
    let class = match wrap {
        Wrap::Mesh => Class::Any,
        Wrap::Torus if up == (to > at) => Class::Low,
        Wrap::Torus => Class::High,
    };
    Some(Step { port: if up { ports.0 } else { ports.1 }, class })
}

/// The hops (router-to-router links) between two ports' routers in one plane.
#[must_use]
pub fn hops(fabric: &Fabric, from: u32, to: u32) -> u32 {
    let (a, b) = (fabric.routers[from as usize], fabric.routers[to as usize]);
    match fabric.grid {
        Some(grid) => {
            let one = |p: u32, q: u32, size: u32| {
                let direct = p.abs_diff(q);
                match grid.wrap {
                    Wrap::Mesh => direct,
                    Wrap::Torus => direct.min(size - direct),
                }
            };
            one(a.x, b.x, grid.width) + one(a.y, b.y, grid.height)
        }
        None => 0,
    }
}
