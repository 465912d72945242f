//! Where cores sit: the region map becomes a list of core sites.

use super::super::file::{ChipFile, RegionFile, RegionHolds};
use super::super::{CoreSite, Mesh, Position};
use super::counts;
use super::findings::Findings;
use crate::id::TileId;

/// The most cores of a board that are laid out; a reader's limit, no chip's.
const READER_CORES: u64 = 1 << 22;

/// What one tile of a chip holds.
#[derive(Clone, Copy)]
struct Holding {
    /// Position of the core type; `None` for tiles without cores.
    core_type: Option<u32>,
    /// Cores on the tile.
    cores: u32,
    /// Whether the tile is an I/O tile.
    io: bool,
}

/// The cores of the board, chip by chip, tile by tile, core by core.
pub(super) fn check_layout(file: &ChipFile, mesh: &Mesh, found: &mut Findings) -> Vec<CoreSite> {
    let Some(holdings) = holdings(file, found) else {
        return Vec::new();
    };
    check_port(file, mesh, &holdings, found);
    let chips = u64::from(mesh.chips_x) * u64::from(mesh.chips_y);
    let per_chip: u64 = holdings.iter().map(|tile| u64::from(tile.cores)).sum();
    if per_chip == 0 {
        let message = "the region map leaves no tile with cores, but a chip needs one";
        found.error("QC046", "mesh.regions", message, "leave some tiles out of the regions");
        return Vec::new();
    }
    if per_chip.saturating_mul(chips) > READER_CORES {
        let message = format!(
            "`mesh.cores_per_tile` is {}, which makes {per_chip} cores a chip on {chips} chips, \
             but at most {READER_CORES} cores are laid out",
            file.mesh.cores_per_tile
        );
        let help = "make the mesh, the tiles or the grid of chips smaller";
        found.error("QC021", "mesh.cores_per_tile", message, help);
        return Vec::new();
    }
    if found.broken() {
        return Vec::new();
    }
    place(mesh, &holdings, (per_chip * chips) as usize)
}

/// Lists the cores of a board whose every chip has the holdings.
fn place(mesh: &Mesh, holdings: &[Holding], cores: usize) -> Vec<CoreSite> {
    let mut sites = Vec::with_capacity(cores);
    for chip in 0..mesh.chips_x * mesh.chips_y {
        let (west, north) = (chip % mesh.chips_x * mesh.width, chip / mesh.chips_x * mesh.height);
        for (index, holding) in (0_u32..).zip(holdings) {
            let Some(core_type) = holding.core_type else { continue };
            let at = Position { x: west + index % mesh.width, y: north + index / mesh.width };
            let tile: TileId = mesh.tile_at(at);
            sites.extend((0..holding.cores).map(|_| CoreSite { tile, core_type }));
        }
    }
    sites
}

/// What each tile of a chip holds, row by row.
fn holdings(file: &ChipFile, found: &mut Findings) -> Option<Vec<Holding>> {
    let mesh = &file.mesh;
    let fill = fill_type(file, found)?;
    let fill = Holding { core_type: Some(fill), cores: mesh.cores_per_tile, io: false };
    let mut tiles = vec![fill; mesh.width as usize * mesh.height as usize];
    let mut owner = vec![None; tiles.len()];
    for (position, region) in mesh.regions.iter().enumerate() {
        let holding = region_holding(file, position, region, found)?;
        for y in region.y..region.y + region.height {
            for x in region.x..region.x + region.width {
                let tile = y as usize * mesh.width as usize + x as usize;
                if let Some(earlier) = owner[tile].replace(position) {
                    let paths = [position, earlier].map(|region| format!("mesh.regions.{region}"));
                    let message = format!(
                        "`{}` and `{}` both speak of tile ({x}, {y}), but a tile holds one thing",
                        paths[0], paths[1]
                    );
                    let help = "move or shrink one of the regions";
                    found.clash("QC047", (&paths[0], &paths[1]), message, help);
                    return None;
                }
                tiles[tile] = holding;
            }
        }
    }
    Some(tiles)
}

/// The kind of core on tiles that no region speaks of.
fn fill_type(file: &ChipFile, found: &mut Findings) -> Option<u32> {
    match &file.mesh.core_type {
        Some(name) => core_type(file, "mesh.core_type", name, found),
        None if file.core_types.len() == 1 => Some(0),
        None => {
            let names: Vec<&str> = file.core_types.keys().map(String::as_str).collect();
            let message = format!(
                "`core_types` has {} kinds of core, but `mesh.core_type` does not say which one \
                 fills the tiles",
                names.len()
            );
            let help = format!("add `core_type` to `mesh`: one of {}", names.join(", "));
            found.error("QC048", "core_types", message, help);
            None
        }
    }
}

/// Position of a named kind of core.
fn core_type(file: &ChipFile, path: &str, name: &str, found: &mut Findings) -> Option<u32> {
    let position = (0_u32..).zip(file.core_types.keys()).find(|(_, known)| *known == name);
    if position.is_none() {
        let names: Vec<&str> = file.core_types.keys().map(String::as_str).collect();
        let message = format!("`{path}` is `{name}`, but `core_types` has no such kind of core");
        found.error("QC048", path, message, format!("use one of {}", names.join(", ")));
    }
    position.map(|(position, _)| position)
}

/// What a region's tiles hold, once the region lies inside the chip.
fn region_holding(
    file: &ChipFile,
    position: usize,
    region: &RegionFile,
    found: &mut Findings,
) -> Option<Holding> {
    let path = format!("mesh.regions.{position}");
    let axes = [
        ("width", "mesh.width", region.x, region.width, file.mesh.width),
        ("height", "mesh.height", region.y, region.height, file.mesh.height),
    ];
    for (axis, whole_path, start, size, whole) in axes {
        let place = format!("{path}.{axis}");
        if !counts::at_least_one(found, &place, u64::from(size)) {
            return None;
        }
        let end = u64::from(start) + u64::from(size);
        if end > u64::from(whole) {
            let message = format!(
                "`{place}` is {size} from {start} on, which ends at {end}, but `{whole_path}` is \
                 {whole}"
            );
            found.clash("QC046", (&place, whole_path), message, "shrink or move the region");
            return None;
        }
    }
    let holding = match &region.holds {
        RegionHolds::Cores { core_type: name, per_tile } => {
            counts::at_least_one(found, &format!("{path}.holds.per_tile"), u64::from(*per_tile));
            let kind = core_type(file, &format!("{path}.holds.core_type"), name, found)?;
            Holding { core_type: Some(kind), cores: *per_tile, io: false }
        }
        RegionHolds::Io => Holding { core_type: None, cores: 0, io: true },
        RegionHolds::Empty => Holding { core_type: None, cores: 0, io: false },
    };
    Some(holding)
}

/// The host port lies on the board, and on an I/O tile where the chip has some.
fn check_port(file: &ChipFile, mesh: &Mesh, holdings: &[Holding], found: &mut Findings) {
    let port = file.host.port;
    let axes = [
        ("host.port.x", "mesh.width", port.x, mesh.board_width()),
        ("host.port.y", "mesh.height", port.y, mesh.board_height()),
    ];
    for (path, whole_path, at, whole) in axes {
        if at >= whole {
            let message = format!(
                "`{path}` is {at}, outside the board, whose tiles run from 0 to {}",
                whole - 1
            );
            found.clash("QC049", (path, whole_path), message, "move the port onto a tile");
            return;
        }
    }
    let tile =
        (port.y % mesh.height) as usize * mesh.width as usize + (port.x % mesh.width) as usize;
    if holdings.iter().any(|tile| tile.io) && !holdings[tile].io {
        let message = format!(
            "`host.port` is at ({}, {}), which is no I/O tile, but `mesh.regions` has I/O tiles",
            port.x, port.y
        );
        let help = "move the port to a tile of a region that holds `io`";
        found.clash("QC050", ("host.port", "mesh.regions"), message, help);
    }
}
