//! Tiles, links and routes.
//!
//! Chips of a board lie in a grid; their tiles form one global grid, and a link that crosses from
//! one chip to the next belongs to the class [`LinkClass::ChipEdge`]. A router has four outgoing
//! mesh links (east, west, south, north); the link's number follows from tile and direction alone.

use serde::{Deserialize, Serialize};

use super::routes::RouteTable;
use crate::id::{ChipId, LinkId, TileId};
use crate::quantity::Picoseconds;

/// The mesh of tiles with its links, routers and rules of the road.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mesh {
    /// Mesh or torus.
    pub topology: Topology,
    /// Tiles of one chip from west to east.
    pub width: u32,
    /// Tiles of one chip from north to south.
    pub height: u32,
    /// Chips of the board from west to east.
    pub chips_x: u32,
    /// Chips of the board from north to south.
    pub chips_y: u32,
    /// Route computation.
    pub routing: Routing,
    /// How one spike reaches several cores.
    pub multicast: Multicast,
    /// Physical planes and how packets choose one.
    pub planes: Planes,
    /// The router.
    pub router: Router,
    /// Bits of a spike packet without payload.
    pub packet_bits: u32,
    /// Latency, occupancy and width by class; position = [`LinkClass`].
    pub links: [LinkClassFigures; 4],
    /// A packet that has waited so long at a router is dropped there; `None` for never.
    pub drop_after: Option<Picoseconds>,
    /// Links that carry nothing, ascending.
    pub dead_links: Vec<LinkId>,
    /// Tiles whose routers are dead, ascending.
    pub dead_tiles: Vec<TileId>,
    /// Routes by table, where the routing asks for them; ports are [`Direction`]s.
    pub table: Option<RouteTable>,
}

/// Mesh or torus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topology {
    /// Edges end.
    Mesh,
    /// Edges wrap around.
    Torus,
}

/// Route computation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Routing {
    /// X first, then Y.
    Xy,
    /// Y first, then X.
    Yx,
    /// XY or YX by packet, in two virtual channel classes.
    XyYx,
    /// By table.
    Table,
}

/// How one spike reaches several cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Multicast {
    /// One packet per destination core.
    Copies,
    /// One packet that branches along the XY tree.
    Tree,
    /// By table in every router.
    Table,
}

/// Physical planes of the mesh and how packets choose one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Planes {
    /// One plane.
    Single,
    /// A core's packets alternate over the planes.
    Alternate(u32),
    /// Each message class has its plane.
    ByClass(u32),
}

impl Planes {
    /// How many there are.
    #[must_use]
    pub fn count(self) -> u32 {
        match self {
            Self::Single => 1,
            Self::Alternate(planes) | Self::ByClass(planes) => planes.max(1),
        }
    }
}

/// The router of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Router {
    /// No clock: a hop takes its link class's latency.
    Asynchronous {
        /// Flits that an input buffer holds.
        buffer_flits: u32,
    },
    /// A clocked pipeline before each link.
    Clocked {
        /// Clock period.
        period: Picoseconds,
        /// Pipeline cycles a hop, link included.
        pipeline_cycles: u32,
        /// Virtual channels per input.
        virtual_channels: u32,
        /// Flits that one virtual channel's buffer holds.
        buffer_flits: u32,
        /// Whether switch allocation is speculative.
        speculative: bool,
    },
}

/// Classes of link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkClass {
    /// Between a core and its tile's router.
    Tile,
    /// East or west, inside a chip.
    EastWest,
    /// North or south, inside a chip.
    NorthSouth,
    /// Over the edge between two chips.
    ChipEdge,
}

/// Figures of one class of link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkClassFigures {
    /// Time of a flit over the hop, router included.
    pub latency: Picoseconds,
    /// Time until the next flit may follow.
    pub occupancy: Picoseconds,
    /// Width in bits: a packet of more bits takes several flits.
    pub width_bits: u32,
}

/// A place in the global grid of tiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Tiles from the west.
    pub x: u32,
    /// Tiles from the north.
    pub y: u32,
}

/// How many hops of each class a route has; the passage in and out of the tiles is not a hop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hops {
    /// Hops east or west inside chips.
    pub east_west: u32,
    /// Hops north or south inside chips.
    pub north_south: u32,
    /// Hops over chip edges.
    pub chip_edge: u32,
}

/// Outgoing directions of a router, in the order of link numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Towards larger x.
    East,
    /// Towards smaller x.
    West,
    /// Towards larger y.
    South,
    /// Towards smaller y.
    North,
}

impl Direction {
    /// Every direction, in the order of link numbers.
    pub const ALL: &[Self] = &[Self::East, Self::West, Self::South, Self::North];

    /// Its name, as chip files and tables have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::East => "east",
            Self::West => "west",
            Self::South => "south",
            Self::North => "north",
        }
    }

    /// The direction back.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::East => Self::West,
            Self::West => Self::East,
            Self::South => Self::North,
            Self::North => Self::South,
        }
    }
}

/// Outgoing mesh links of a router.
const DIRECTIONS: u32 = 4;

impl Mesh {
    /// Tiles of the board.
    #[must_use]
    pub fn tiles(&self) -> u32 {
        self.board_width() * self.board_height()
    }

    /// Directed mesh links of the board; those over an outer edge of a mesh exist by number only.
    #[must_use]
    pub fn link_count(&self) -> u32 {
        self.tiles() * DIRECTIONS
    }

    /// Tiles of the board from west to east.
    #[must_use]
    pub fn board_width(&self) -> u32 {
        self.width * self.chips_x
    }

    /// Tiles of the board from north to south.
    #[must_use]
    pub fn board_height(&self) -> u32 {
        self.height * self.chips_y
    }

    /// Where the tile lies.
    #[must_use]
    pub fn position(&self, tile: TileId) -> Position {
        Position { x: tile.0 % self.board_width(), y: tile.0 / self.board_width() }
    }

    /// The tile at a place.
    #[must_use]
    pub fn tile_at(&self, position: Position) -> TileId {
        TileId(position.y * self.board_width() + position.x)
    }

    /// The chip that the tile lies on.
    #[must_use]
    pub fn chip_of(&self, tile: TileId) -> ChipId {
        let at = self.position(tile);
        ChipId(at.y / self.height * self.chips_x + at.x / self.width)
    }

    /// Figures of a link class.
    #[must_use]
    pub fn link(&self, class: LinkClass) -> LinkClassFigures {
        self.links[class as usize]
    }

    /// The link that leaves `tile` towards `direction`.
    #[must_use]
    pub fn link_towards(&self, tile: TileId, direction: Direction) -> LinkId {
        LinkId(tile.0 * DIRECTIONS + direction as u32)
    }

    /// The link's first tile and its direction.
    #[must_use]
    pub fn link_ends(&self, link: LinkId) -> (TileId, Direction) {
        (TileId(link.0 / DIRECTIONS), Direction::ALL[(link.0 % DIRECTIONS) as usize])
    }

    /// The link in words: its first tile and its direction.
    #[must_use]
    pub fn link_name(&self, link: LinkId) -> String {
        let (tile, direction) = self.link_ends(link);
        let Position { x, y } = self.position(tile);
        format!("tile ({x}, {y}) {}", direction.name())
    }

    /// The class of a mesh link.
    #[must_use]
    pub fn link_class(&self, link: LinkId) -> LinkClass {
        let (tile, direction) = self.link_ends(link);
        let at = self.position(tile);
        let crosses = |at: u32, size: u32, forward: bool| {
            if forward { (at + 1).is_multiple_of(size) } else { at.is_multiple_of(size) }
        };
        let edge = match direction {
            Direction::East => self.chips_x > 1 && crosses(at.x, self.width, true),
            Direction::West => self.chips_x > 1 && crosses(at.x, self.width, false),
            Direction::South => self.chips_y > 1 && crosses(at.y, self.height, true),
            Direction::North => self.chips_y > 1 && crosses(at.y, self.height, false),
        };
        match direction {
            _ if edge => LinkClass::ChipEdge,
            Direction::East | Direction::West => LinkClass::EastWest,
            Direction::South | Direction::North => LinkClass::NorthSouth,
        }
    }

    /// The place one step towards `direction`, around the edge on a torus.
    #[must_use]
    pub fn neighbour(&self, at: Position, direction: Direction) -> Position {
        let (width, height) = (self.board_width(), self.board_height());
        match direction {
            Direction::East => Position { x: (at.x + 1) % width, y: at.y },
            Direction::West => Position { x: (at.x + width - 1) % width, y: at.y },
            Direction::South => Position { x: at.x, y: (at.y + 1) % height },
            Direction::North => Position { x: at.x, y: (at.y + height - 1) % height },
        }
    }

    /// The hops between two tiles.
    ///
    /// # Complexity
    /// Linear in the number of hops.
    #[must_use]
    pub fn hops(&self, from: TileId, to: TileId) -> Hops {
        let mut hops = Hops::default();
        self.route(from, to, |link| match self.link_class(link) {
            LinkClass::EastWest => hops.east_west += 1,
            LinkClass::NorthSouth => hops.north_south += 1,
            LinkClass::ChipEdge | LinkClass::Tile => hops.chip_edge += 1,
        });
        hops
    }

    /// Flits of a packet with `payload_bits` bits of payload on a link of the class.
    #[must_use]
    pub fn flits(&self, class: LinkClass, payload_bits: u32) -> u32 {
        (self.packet_bits + payload_bits).div_ceil(self.link(class).width_bits.max(1)).max(1)
    }

    /// How many binary spikes a packet with `payload_bits` bits of payload is as long as, in flits
    /// of a link of the class; what is begun counts whole. Hops are counted by it, as their
    /// prices are those of a binary spike.
    #[must_use]
    pub fn spikes_long(&self, class: LinkClass, payload_bits: u32) -> u32 {
        self.flits(class, payload_bits).div_ceil(self.flits(class, 0))
    }
}

impl Hops {
    /// All hops together.
    #[must_use]
    pub fn total(self) -> u32 {
        self.east_west + self.north_south + self.chip_edge
    }
}
