//! Packets of one length: what they take of every link, worked out once.

use quarrion_isa::chip::{Chip, LinkClass};
use quarrion_isa::id::LinkId;

/// What a packet takes of one link.
#[derive(Clone, Copy, Debug)]
pub struct LinkTake {
    /// Flits on it.
    pub flits: u32,
    /// Time until the link is free again, in picoseconds.
    pub time_ps: u64,
}

/// Packets of one length on one chip.
#[derive(Clone, Debug)]
pub struct Length {
    /// Payload bits.
    pub payload_bits: u32,
    /// Flits inside a tile.
    pub tile_flits: u32,
    /// Time by which the last flit follows the first, in picoseconds.
    pub tail_ps: u64,
    /// How many binary spikes the packet is as long as, by link class.
    spikes_long: [u32; 4],
    links: Vec<LinkTake>,
}

impl Length {
    /// Works out what packets with `payload_bits` bits of payload take.
    #[must_use]
    pub fn new(chip: &Chip, payload_bits: u32) -> Self {
        let mesh = &chip.mesh;
        let tile_flits = mesh.flits(LinkClass::Tile, payload_bits);
        let take = |link: u32| {
            let link = LinkId(link);
            let flits = mesh.flits(mesh.link_class(link), payload_bits);
            LinkTake { flits, time_ps: u64::from(flits) * chip.link_occupancy(link).0 }
        };
        let mut spikes_long = [0; 4];
        for class in
            [LinkClass::Tile, LinkClass::EastWest, LinkClass::NorthSouth, LinkClass::ChipEdge]
        {
            spikes_long[class as usize] = mesh.spikes_long(class, payload_bits);
        }
        Self {
            payload_bits,
            tile_flits,
            tail_ps: u64::from(tile_flits - 1) * mesh.link(LinkClass::Tile).occupancy.0,
            spikes_long,
            links: (0..mesh.link_count()).map(take).collect(),
        }
    }

    /// What a packet takes of a link.
    #[must_use]
    pub fn on(&self, link: LinkId) -> LinkTake {
        self.links[link.index()]
    }

    /// How many binary spikes a packet is as long as on links of a class.
    #[must_use]
    pub fn spikes_long(&self, class: LinkClass) -> u32 {
        self.spikes_long[class as usize]
    }
}
