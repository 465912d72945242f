//! The reference's router settings in our terms.

use quarrion_emulator::mesh::{
    ChannelRelease, Choice, Fabric, GridSpec, LinkTiming, PlaneUse, RouterClock, RouterTiming,
    Routing, Speculation, Switching, Wrap,
};

/// Picoseconds of one reference cycle; the reference knows cycles only.
pub const CYCLE_PS: u64 = 1000;

/// One router setting of the reference.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its name in the reference's files.
    pub name: &'static str,
    /// Virtual channels.
    pub channels: u32,
    /// Flits of buffer per virtual channel.
    pub buffer: u32,
    /// Cycles for routing before allocation.
    pub routing_cycles: u32,
    /// Speculative switch allocation.
    pub speculation: Speculation,
    /// When a channel is free again.
    pub release: ChannelRelease,
    /// Cycles between a credit's arrival and its use.
    pub credit_delay: u64,
    /// x first, or one of the two orders at random.
    pub mixed: Mixed,
}

/// Whether routes mix the two orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mixed {
    /// x first always.
    No,
    /// One of both per packet.
    Yes,
}

const PLAIN: Setting = Setting {
    name: "",
    channels: 1,
    buffer: 8,
    routing_cycles: 0,
    speculation: Speculation::Off,
    release: ChannelRelease::TailSent,
    credit_delay: 1,
    mixed: Mixed::No,
};

/// Every setting of the reference.
pub const SETTINGS: [Setting; 10] = [
    Setting { name: "v1b2", buffer: 2, ..PLAIN },
    Setting { name: "v1b4", buffer: 4, ..PLAIN },
    Setting { name: "v1b8", ..PLAIN },
    Setting { name: "v1b16", buffer: 16, ..PLAIN },
    Setting { name: "v1b8spec", speculation: Speculation::On, ..PLAIN },
    Setting { name: "v2b4", channels: 2, buffer: 4, ..PLAIN },
    Setting { name: "v4b4", channels: 4, buffer: 4, ..PLAIN },
    Setting { name: "v4b8p4", channels: 4, routing_cycles: 1, ..PLAIN },
    Setting { name: "v2b4xyyx", channels: 2, buffer: 4, mixed: Mixed::Yes, ..PLAIN },
    Setting { name: "sanafe", release: ChannelRelease::TailCredit, credit_delay: 0, ..PLAIN },
];

/// Finds a setting by its name.
#[must_use]
pub fn setting(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

impl Setting {
    /// Zero-load cycles per hop.
    #[must_use]
    pub fn cycles_per_hop(&self) -> u64 {
        match self.speculation {
            Speculation::On => 3 + u64::from(self.routing_cycles),
            Speculation::Off => 4 + u64::from(self.routing_cycles),
        }
    }

    /// A mesh of `side` x `side` tiles with one core each.
    ///
    /// # Panics
    /// If the setting is not a valid fabric, which none of [`SETTINGS`] is.
    #[must_use]
    pub fn mesh(&self, side: u32) -> Fabric {
        self.grid(side, side).build().expect("the reference's settings are valid")
    }

    /// The figures of a mesh with one core a tile.
    #[must_use]
    pub fn grid(&self, width: u32, height: u32) -> GridSpec {
        let link = |latency: u64, credit: u64| LinkTiming {
            latency_ps: latency * CYCLE_PS,
            flit_ps: CYCLE_PS,
            credit_ps: credit * CYCLE_PS,
            buffer_flits: self.buffer,
        };
        let between = link(1, 2 + self.credit_delay);
        GridSpec {
            width,
            height,
            wrap: Wrap::Mesh,
            cores_per_tile: 1,
            hosts: Vec::new(),
            east_west: between,
            north_south: between,
            inject: link(2, 2),
            eject: between,
            edges: Vec::new(),
            planes: 1,
            plane_use: PlaneUse::Alternate,
            timing: RouterTiming {
                clock: RouterClock::Clocked {
                    period_ps: CYCLE_PS,
                    routing_cycles: self.routing_cycles,
                    speculation: self.speculation,
                },
                virtual_channels: self.channels,
                release: self.release,
                switching: Switching::Wormhole,
            },
            routing: match self.mixed {
                Mixed::No => Routing::XFirst,
                Mixed::Yes => Routing::Mixed { choice: Choice::Drawn(1) },
            },
            drop_after_ps: None,
        }
    }
}
