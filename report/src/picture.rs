//! The mesh as a picture: which cores work how long, and which links carry how much.

use std::collections::BTreeMap;
use std::fmt::Write;

use quarrion_isa::chip::{Chip, Direction, Position};
use quarrion_isa::id::{CoreId, TileId};
use quarrion_isa::ledger::Ledger;

/// Side of a tile in picture points.
const TILE: u32 = 56;
/// Distance between tiles.
const GAP: u32 = 24;
/// Margin around the picture.
const MARGIN: u32 = 16;
/// Tiles a side that a picture has room for.
const TILES_MAX: u32 = 48;
/// Links that are named as the hottest.
const HOTTEST: usize = 10;

/// The part of the board that a picture shows.
struct Window {
    west: u32,
    north: u32,
    width: u32,
    height: u32,
}

impl Window {
    /// The tiles that the run used, or the first ones of a board that is too large.
    fn around(chip: &Chip, ledger: &Ledger) -> Self {
        let mesh = &chip.mesh;
        let cores = ledger.cores.iter().map(|row| chip.tile_of(row.core));
        let links = ledger.links.iter().map(|row| mesh.link_ends(row.link).0);
        let used = cores.chain(links).chain([chip.host.port]);
        let (mut west, mut north, mut east, mut south) = (u32::MAX, u32::MAX, 0, 0);
        for at in used.map(|tile| mesh.position(tile)) {
            (west, north) = (west.min(at.x), north.min(at.y));
            (east, south) = (east.max(at.x), south.max(at.y));
        }
        if mesh.board_width() <= TILES_MAX && mesh.board_height() <= TILES_MAX {
            let (width, height) = (mesh.board_width(), mesh.board_height());
            return Self { west: 0, north: 0, width, height };
        }
        let (width, height) = (east - west + 1, south - north + 1);
        Self { west, north, width: width.min(TILES_MAX), height: height.min(TILES_MAX) }
    }

    fn shows(&self, at: Position) -> bool {
        (self.west..self.west + self.width).contains(&at.x)
            && (self.north..self.north + self.height).contains(&at.y)
    }

    /// Corner of a tile in the picture.
    fn corner(&self, at: Position) -> (u32, u32) {
        let step = TILE + GAP;
        (MARGIN + (at.x - self.west) * step, MARGIN + (at.y - self.north) * step)
    }
}

/// Draws the board of a run as SVG.
///
/// Cores are darker the longer they worked, links wider and redder the more packets they carried.
/// Of a board that is too large the part around the used tiles is shown.
#[must_use]
pub fn draw_mesh(chip: &Chip, ledger: &Ledger) -> String {
    let window = Window::around(chip, ledger);
    let step = TILE + GAP;
    let (width, height) =
        (2 * MARGIN + window.width * step - GAP, 2 * MARGIN + window.height * step - GAP);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"10\">\n"
    );
    draw_tiles(chip, ledger, &window, &mut svg);
    draw_links(chip, ledger, &window, &mut svg);
    svg.push_str("</svg>\n");
    svg
}

fn draw_tiles(chip: &Chip, ledger: &Ledger, window: &Window, svg: &mut String) {
    let busy: BTreeMap<CoreId, u64> =
        ledger.cores.iter().map(|row| (row.core, row.update_time.0 + row.synapse_time.0)).collect();
    let most = busy.values().copied().max().unwrap_or(0).max(1);
    let mut cores: BTreeMap<TileId, Vec<CoreId>> = BTreeMap::new();
    for (index, site) in chip.cores.iter().enumerate() {
        cores.entry(site.tile).or_default().push(CoreId::from_index(index));
    }
    for y in window.north..window.north + window.height {
        for x in window.west..window.west + window.width {
            let at = Position { x, y };
            let (left, top) = window.corner(at);
            let tile = chip.mesh.tile_at(at);
            let port = if tile == chip.host.port { "#2060c0" } else { "#999" };
            // Writing to a string cannot fail.
            let _ = writeln!(
                svg,
                "<rect x=\"{left}\" y=\"{top}\" width=\"{TILE}\" height=\"{TILE}\" fill=\"none\" \
                 stroke=\"{port}\"/>"
            );
            let own = cores.get(&tile).map_or(&[][..], Vec::as_slice);
            draw_cores(own, (left, top), &busy, most, svg);
        }
    }
}

/// The cores of a tile in a square, darker the longer they worked.
fn draw_cores(
    cores: &[CoreId],
    (left, top): (u32, u32),
    busy: &BTreeMap<CoreId, u64>,
    most: u64,
    svg: &mut String,
) {
    let side = (1..).find(|side| side * side >= cores.len()).unwrap_or(1) as u32;
    let pitch = TILE / side.max(1);
    for (slot, core) in (0..).zip(cores) {
        let time = busy.get(core);
        let (x, y) = (left + slot % side * pitch + 2, top + slot / side * pitch + 2);
        let size = pitch.saturating_sub(4).max(1);
        let fill = match time {
            None => "#f4f4f4".to_owned(),
            Some(time) => {
                let light = 220 - (u128::from(*time) * 180 / u128::from(most)) as u32;
                format!("rgb({light},{light},255)")
            }
        };
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{size}\" height=\"{size}\" fill=\"{fill}\">\
             <title>core {core}: {} ns of work</title></rect>",
            time.unwrap_or(&0) / 1000
        );
    }
}

fn draw_links(chip: &Chip, ledger: &Ledger, window: &Window, svg: &mut String) {
    let most = ledger.links.iter().map(|row| row.packets).max().unwrap_or(0).max(1);
    let mut hottest: Vec<_> = ledger.links.iter().collect();
    hottest.sort_by_key(|row| (std::cmp::Reverse(row.packets), row.link));
    hottest.truncate(HOTTEST);
    for row in &ledger.links {
        let (tile, direction) = chip.mesh.link_ends(row.link);
        let at = chip.mesh.position(tile);
        if !window.shows(at) {
            continue;
        }
        let (left, top) = window.corner(at);
        // Both directions of a pair lie side by side.
        let (third, rest) = (TILE / 3, TILE - TILE / 3);
        let (x1, y1, dx, dy) = match direction {
            Direction::East => (left + TILE, top + third, i64::from(GAP), 0),
            Direction::West => (left, top + rest, -i64::from(GAP), 0),
            Direction::South => (left + rest, top + TILE, 0, i64::from(GAP)),
            Direction::North => (left + third, top, 0, -i64::from(GAP)),
        };
        let (x2, y2) = (i64::from(x1) + dx, i64::from(y1) + dy);
        let width = 1 + row.packets * 5 / most;
        let hot = hottest.iter().any(|hot| hot.link == row.link);
        let colour = if hot { "#c02020" } else { "#e0a0a0" };
        let _ = writeln!(
            svg,
            "<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" stroke=\"{colour}\" \
             stroke-width=\"{width}\"><title>link {}: {} packets, {} flits</title></line>",
            row.link, row.packets, row.flits
        );
    }
}
