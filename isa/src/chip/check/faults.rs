//! Rules on faults: they name parts that are there, and shares of a whole.

use super::super::file::{ChipFile, LinkPlaceFile};
use super::super::{Chip, Drawn, Position};
use super::findings::Findings;
use crate::id::{CoreId, LinkId, TileId};

/// A whole in millionths.
const MILLION: f64 = 1.0e6;

/// Breaks what the file says is broken.
pub(super) fn check_faults(file: &ChipFile, chip: &mut Chip, found: &mut Findings) {
    let faults = &file.faults;
    for (at, core) in faults.dead_cores.iter().enumerate() {
        if (*core as usize) < chip.cores.len() {
            chip.faults.dead_cores.push(CoreId(*core));
        } else {
            let path = format!("faults.dead_cores.{at}");
            let message =
                format!("`{path}` is {core}, but the board has {} cores", chip.cores.len());
            found.error("QC080", &path, message, "name cores by their number, from 0 on");
        }
    }
    for (at, place) in faults.dead_routers.iter().enumerate() {
        let path = format!("faults.dead_routers.{at}");
        if let Some(tile) = tile(chip, (place.x, place.y), &path, found) {
            if tile == chip.host.port {
                let message = format!("`{path}` is the host's, through which all input enters");
                found.clash("QC080", (&path, "host.port"), message, "move the host's port");
            }
            chip.kill_router(tile);
        }
    }
    for (at, place) in faults.dead_links.iter().enumerate() {
        let path = format!("faults.dead_links.{at}");
        if let Some((tile, _)) = link(chip, *place, &path, found) {
            chip.kill_link(tile, place.towards);
        }
    }
    for (at, slow) in faults.slow_links.iter().enumerate() {
        let path = format!("faults.slow_links.{at}");
        let place = LinkPlaceFile { x: slow.x, y: slow.y, towards: slow.towards };
        let part = share(&format!("{path}.speed"), slow.speed, (1.0 / MILLION, 1.0), found);
        if let (Some((_, link)), Some(part)) = (link(chip, place, &path, found), part) {
            let millionths = (part * MILLION).round() as u32;
            let both = [link, chip.mesh.reverse(link)];
            chip.faults.slow_links.extend(both.map(|link| (link, millionths.max(1))));
        }
    }
    if let Some(loss) = share("faults.packet_loss", faults.packet_loss, (0.0, 1.0), found) {
        chip.faults.loss = (loss * 4_294_967_296.0) as u32;
    }
    check_drawn(file, chip, found);
    if !found.broken() {
        chip.settle_faults();
    }
}

/// Parts that the seed breaks: no more than there are.
fn check_drawn(file: &ChipFile, chip: &mut Chip, found: &mut Findings) {
    let faults = &file.faults;
    let links = (0..chip.mesh.link_count()).filter(|link| chip.mesh.has_link(LinkId(*link)));
    let there = [
        ("faults.drawn_links", faults.drawn_links, links.count() / 2, "links"),
        (
            "faults.drawn_routers",
            faults.drawn_routers,
            chip.mesh.tiles() as usize - 1,
            "routers beside the host's",
        ),
        ("faults.drawn_cores", faults.drawn_cores, chip.cores.len(), "cores"),
    ];
    for (path, wanted, most, parts) in there {
        if wanted as usize > most {
            let message = format!("`{path}` is {wanted}, but the board has {most} {parts}");
            found.error("QC082", path, message, "break fewer parts");
        }
    }
    chip.faults.drawn = Drawn {
        links: faults.drawn_links,
        routers: faults.drawn_routers,
        cores: faults.drawn_cores,
    };
}

/// A share within `range`, the larger end excepted.
fn share(path: &str, share: f64, (least, end): (f64, f64), found: &mut Findings) -> Option<f64> {
    let inside = (least..end).contains(&share);
    if !inside {
        let message = format!("`{path}` is {share}, but it must lie from {least} to below {end}");
        found.error("QC081", path, message, "write a share of the whole, such as 0.25");
    }
    inside.then_some(share)
}

/// The tile at a place of the board.
fn tile(chip: &Chip, (x, y): (u32, u32), path: &str, found: &mut Findings) -> Option<TileId> {
    let inside = x < chip.mesh.board_width() && y < chip.mesh.board_height();
    if !inside {
        let (width, height) = (chip.mesh.board_width(), chip.mesh.board_height());
        let message =
            format!("`{path}` is at ({x}, {y}), outside the board of {width} x {height} tiles");
        found.error("QC080", path, message, "name a tile of the board, from (0, 0) on");
    }
    inside.then(|| chip.mesh.tile_at(Position { x, y }))
}

/// The link between a tile and its neighbour.
fn link(
    chip: &Chip,
    place: LinkPlaceFile,
    path: &str,
    found: &mut Findings,
) -> Option<(TileId, LinkId)> {
    let tile = tile(chip, (place.x, place.y), path, found)?;
    let link = chip.mesh.link_towards(tile, place.towards);
    if !chip.mesh.has_link(link) {
        let message = format!("`{path}` leads over the edge of the board, where no link is");
        found.error("QC080", path, message, "name a link between two tiles");
        return None;
    }
    Some((tile, link))
}
