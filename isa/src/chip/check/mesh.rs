//! Rules on the mesh, its links and routers.

use super::super::file::{ChipFile, LinkFigure, RouterFile};
use super::super::{
    LinkClass, LinkClassFigures, Mesh, Multicast, Planes, Router, Routing, Topology,
};
use super::counts;
use super::figures::time;
use super::findings::Findings;

/// The most tiles of a board that are laid out; a reader's limit, no chip's.
const READER_TILES: u128 = 1 << 20;

/// Sizes of the mesh: nothing may be built on them before this holds.
pub(super) fn check_sizes(file: &ChipFile, found: &mut Findings) {
    let mesh = &file.mesh;
    let sizes = [
        ("mesh.width", mesh.width),
        ("mesh.height", mesh.height),
        ("mesh.chips_x", mesh.chips_x),
        ("mesh.chips_y", mesh.chips_y),
        ("mesh.cores_per_tile", mesh.cores_per_tile),
        ("mesh.packet_bits", mesh.packet_bits),
    ];
    for (path, size) in sizes {
        counts::at_least_one(found, path, u64::from(size));
    }
    let tiles: u128 = sizes[..4].iter().map(|&(_, size)| u128::from(size)).product();
    if tiles > READER_TILES {
        let (path, size) = sizes[..4].iter().max_by_key(|(_, size)| *size).unwrap_or(&sizes[0]);
        let message = format!(
            "`{path}` is {size}, which makes a board of {tiles} tiles, but at most {READER_TILES} \
             are laid out"
        );
        found.error("QC021", path, message, "make the mesh or the grid of chips smaller");
    }
}

/// The mesh of the file, with every rule on links, routers and planes.
pub(super) fn check_mesh(file: &ChipFile, found: &mut Findings) -> Mesh {
    let mesh = &file.mesh;
    let checked = Mesh {
        topology: mesh.topology,
        width: mesh.width,
        height: mesh.height,
        chips_x: mesh.chips_x,
        chips_y: mesh.chips_y,
        routing: mesh.routing,
        multicast: mesh.multicast,
        planes: mesh.planes,
        router: router(&mesh.router, found),
        packet_bits: mesh.packet_bits,
        links: links(file, found),
        drop_after: mesh.drop_after_ns.map(|ns| super::period(found, "mesh.drop_after_ns", ns)),
        dead_links: Vec::new(),
        dead_tiles: Vec::new(),
        table: None,
    };
    check_planes(&checked, found);
    check_channels(&checked, found);
    check_mixed(&checked, found);
    check_multicast(file, &checked, found);
    check_table(&checked, found);
    checked
}

/// Figures of every class; a class that the board has no link of stays zero.
fn links(file: &ChipFile, found: &mut Findings) -> [LinkClassFigures; 4] {
    let mesh = &file.mesh;
    let wide = u64::from(mesh.width) * u64::from(mesh.chips_x) > 1 && mesh.width > 1;
    let tall = u64::from(mesh.height) * u64::from(mesh.chips_y) > 1 && mesh.height > 1;
    let classes = [
        (LinkClass::Tile, "tile", Some(&mesh.links.tile), None),
        (
            LinkClass::EastWest,
            "east_west",
            mesh.links.east_west.as_ref(),
            wide.then_some("mesh.width"),
        ),
        (
            LinkClass::NorthSouth,
            "north_south",
            mesh.links.north_south.as_ref(),
            tall.then_some("mesh.height"),
        ),
        (LinkClass::ChipEdge, "chip_edge", mesh.links.chip_edge.as_ref(), edge_cause(file)),
    ];
    let mut figures = [LinkClassFigures::default(); 4];
    for (class, name, link, needed_by) in classes {
        match (link, needed_by) {
            (Some(link), _) => figures[class as usize] = link_class(file, name, link, found),
            (None, Some(cause)) => {
                let message = format!(
                    "`{cause}` makes links of the class `{name}`, but `mesh.links` has none such"
                );
                let help = format!("add `{name}: (latency_ns: …, occupancy_ns: …, …)`");
                found.clash("QC057", (cause, "mesh.links"), message, help);
            }
            (None, None) => {}
        }
    }
    figures
}

/// The value that makes links over chip edges, where there is one.
fn edge_cause(file: &ChipFile) -> Option<&'static str> {
    match (file.mesh.chips_x > 1, file.mesh.chips_y > 1) {
        (true, _) => Some("mesh.chips_x"),
        (false, true) => Some("mesh.chips_y"),
        (false, false) => None,
    }
}

/// The most flits of a packet: beyond it a width is taken for a slip.
const READER_FLITS: u32 = 64;

/// One class of link.
fn link_class(
    file: &ChipFile,
    name: &str,
    link: &LinkFigure,
    found: &mut Findings,
) -> LinkClassFigures {
    let path = format!("mesh.links.{name}");
    let width = format!("{path}.width_bits");
    if counts::at_least_one(found, &width, u64::from(link.width_bits)) {
        let flits = file.mesh.packet_bits.div_ceil(link.width_bits);
        if flits > READER_FLITS {
            let message = format!(
                "`{width}` is {}, which cuts a packet of {} bits into {flits} flits, but at most \
                 {READER_FLITS} are followed",
                link.width_bits, file.mesh.packet_bits
            );
            let help = "widen the link or shorten the packet";
            found.clash("QC056", (&width, "mesh.packet_bits"), message, help);
        }
    }
    LinkClassFigures {
        latency: time(found, &format!("{path}.latency_ns"), link.latency_ns),
        occupancy: time(found, &format!("{path}.occupancy_ns"), link.occupancy_ns),
        width_bits: link.width_bits,
    }
}

/// The router of every tile.
fn router(file: &RouterFile, found: &mut Findings) -> Router {
    match *file {
        RouterFile::Asynchronous { buffer_flits } => {
            counts::at_least_one(found, "mesh.router.buffer_flits", u64::from(buffer_flits));
            Router::Asynchronous { buffer_flits }
        }
        RouterFile::Clocked {
            period_ns,
            pipeline_cycles,
            virtual_channels,
            buffer_flits,
            speculative,
        } => {
            let counted = [
                ("mesh.router.pipeline_cycles", pipeline_cycles),
                ("mesh.router.virtual_channels", virtual_channels),
                ("mesh.router.buffer_flits", buffer_flits),
            ];
            for (path, count) in counted {
                counts::at_least_one(found, path, u64::from(count));
            }
            let period = super::period(found, "mesh.router.period_ns", period_ns);
            Router::Clocked { period, pipeline_cycles, virtual_channels, buffer_flits, speculative }
        }
    }
}

/// Planes: at least one.
fn check_planes(mesh: &Mesh, found: &mut Findings) {
    if let Planes::Alternate(planes) | Planes::ByClass(planes) = mesh.planes {
        counts::at_least_one(found, "mesh.planes", u64::from(planes));
    }
}

/// Virtual channels that keep a topology or routing free of deadlock. Routers without a clock have
/// one.
fn check_channels(mesh: &Mesh, found: &mut Findings) {
    let (path, has, help) = match mesh.router {
        Router::Clocked { virtual_channels, .. } if virtual_channels >= 2 => return,
        Router::Clocked { virtual_channels, .. } => {
            let path = "mesh.router.virtual_channels";
            (path, format!("`{path}` is {virtual_channels}"), "give the router 2 channels")
        }
        Router::Asynchronous { .. } => (
            "mesh.router",
            "`mesh.router` is asynchronous, with 1 virtual channel".to_owned(),
            "use a clocked router with 2 channels, or `routing: table`",
        ),
    };
    if mesh.topology == Topology::Torus && mesh.routing != Routing::Table {
        let message = format!(
            "{has}, but a torus needs 2: without a dateline channel its rings can deadlock"
        );
        found.clash("QC052", (path, "mesh.topology"), message, help);
    }
    if mesh.routing == Routing::XyYx && mesh.topology == Topology::Mesh {
        let message = format!(
            "{has}, but xy_yx routing needs 2: one channel class for XY packets and one for YX \
             packets"
        );
        found.clash("QC053", (path, "mesh.routing"), message, help);
    }
}

/// XY-YX routing: its classes of channels are not those of a torus.
fn check_mixed(mesh: &Mesh, found: &mut Findings) {
    if mesh.routing == Routing::XyYx && mesh.topology == Topology::Torus {
        let message = "`mesh.routing` is `xy_yx` on a torus, but both need the classes of virtual \
                       channels for themselves";
        let help = "use `routing: xy` on the torus, or `topology: mesh`";
        found.clash("QC086", ("mesh.routing", "mesh.topology"), message, help);
    }
}

/// Branching packets: one must fit into a buffer whole, and its branches take any channel. Packets
/// are dropped only where they branch by table.
fn check_multicast(file: &ChipFile, mesh: &Mesh, found: &mut Findings) {
    let name = match mesh.multicast {
        Multicast::Copies => "copies",
        Multicast::Tree => "tree",
        Multicast::Table => "table",
    };
    if mesh.drop_after.is_some() && mesh.multicast != Multicast::Table {
        let message = format!(
            "`mesh.drop_after_ns` is given, but with `multicast: {name}` a packet waits until it \
             can go on"
        );
        let help = "use `multicast: table`, or leave `drop_after_ns` out";
        found.clash("QC083", ("mesh.drop_after_ns", "mesh.multicast"), message, help);
    }
    if mesh.multicast == Multicast::Copies {
        return;
    }
    let (Router::Asynchronous { buffer_flits } | Router::Clocked { buffer_flits, .. }) =
        mesh.router;
    let classes =
        [LinkClass::Tile, LinkClass::EastWest, LinkClass::NorthSouth, LinkClass::ChipEdge];
    let used = classes.into_iter().filter(|class| mesh.link(*class).width_bits > 0);
    let payload = file.core_types.values().map(|kind| kind.payload_bits).max().unwrap_or(0);
    let flits = used.map(|class| mesh.flits(class, payload)).max().unwrap_or(1);
    if buffer_flits < flits {
        let message = format!(
            "`mesh.router.buffer_flits` is {buffer_flits}, but a packet has {flits} flits and \
             `multicast: {name}` needs room for all of them: a branching packet that holds one \
             output while it waits for another can deadlock"
        );
        let help = format!("hold {flits} flits in a buffer, or use `multicast: copies`");
        found.clash("QC051", ("mesh.router.buffer_flits", "mesh.multicast"), message, help);
    }
    let torus = mesh.topology == Topology::Torus && mesh.routing != Routing::Table;
    let other = if torus { "mesh.topology" } else { "mesh.routing" };
    let mixed = mesh.routing == Routing::XyYx && mesh.topology == Topology::Mesh;
    if torus || mixed {
        let message = format!(
            "`mesh.multicast` is `{name}`, but a torus and xy_yx routing keep packets free of \
             deadlock by classes of channels, and the branches of one packet would need several"
        );
        let help = "use `routing: table`, which needs no classes, or `multicast: copies`";
        found.clash("QC084", ("mesh.multicast", other), message, help);
    }
}

/// The most tiles for which a route table is laid out; a reader's limit, no chip's.
const READER_TABLE_TILES: u32 = 1 << 13;

/// Table routing: the table grows with the square of the tiles.
fn check_table(mesh: &Mesh, found: &mut Findings) {
    let tiles = mesh.tiles();
    if mesh.routing == Routing::Table && tiles > READER_TABLE_TILES {
        let message = format!(
            "`mesh.routing` is `table` on a board of {tiles} tiles, but tables are laid out for at \
             most {READER_TABLE_TILES}"
        );
        found.error("QC085", "mesh.routing", message, "use xy or yx, or fewer tiles");
    }
}
