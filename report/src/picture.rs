//! The mesh as a picture: what cores do or hold, and which links carry how much.

use std::collections::BTreeMap;
use std::fmt::Write;

use quarrion_isa::chip::{Chip, Direction, Position};
use quarrion_isa::id::{CoreId, LinkId, TileId};
use quarrion_isa::ledger::Ledger;

use crate::figures;
use crate::summary::ratio;

/// Side of a tile in picture points.
const TILE: u32 = 56;
/// Distance between tiles.
const GAP: u32 = 24;
/// Margin around the picture.
const MARGIN: u32 = 16;
/// Tiles a side that a picture has room for.
const TILES_MAX: u32 = 48;
/// Links that are painted as the hottest.
const HOTTEST: usize = 10;
/// The hottest links that the legend names.
const NAMED: usize = 3;
/// The part of a core that even the smallest share of it takes, so that it is seen: 1 in so many.
const NARROWEST: u64 = 12;
/// Colour of the hottest links.
const HOT: &str = "#c02020";
/// Height of a line of the legend.
const LINE: u32 = 16;
/// Colours of layers, in turn.
const COLOURS: [&str; 10] = [
    "#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#76b7b2", "#edc948", "#b07aa1", "#9c755f",
    "#ff9da7", "#bab0ac",
];

/// What a picture says about one core.
struct CoreMark {
    /// Colours from left to right, and what share of the core each takes among the others.
    stripes: Vec<(String, u32)>,
    title: String,
}

/// What a picture says about one link.
struct LinkMark {
    link: LinkId,
    load: u64,
    title: String,
}

/// What is drawn onto the board.
struct Sketch<'a> {
    chip: &'a Chip,
    window: Window,
    cores: BTreeMap<CoreId, CoreMark>,
    /// What is said about cores without a mark.
    idle: &'a str,
    links: Vec<LinkMark>,
    legend: Vec<(&'static str, String)>,
}

/// What a placement puts where.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlacementMarks {
    /// Layers by name; colours are given in this order.
    pub layers: Vec<String>,
    /// Used cores with their layers, by position in `layers`, and the neurons of each there.
    pub cores: Vec<(CoreId, Vec<(usize, u32)>)>,
    /// Used links with their packets a timestep.
    pub links: Vec<(LinkId, f64)>,
}

/// The part of the board that a picture shows.
struct Window {
    west: u32,
    north: u32,
    width: u32,
    height: u32,
}

impl Window {
    /// The whole board, or of one that is too large the part around cores and links.
    fn around(
        chip: &Chip,
        cores: impl Iterator<Item = CoreId>,
        links: impl Iterator<Item = LinkId>,
    ) -> Self {
        let mesh = &chip.mesh;
        let cores = cores.map(|core| chip.tile_of(core));
        let links = links.map(|link| mesh.link_ends(link).0);
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
    let time = |row: &quarrion_isa::ledger::CoreRow| row.update_time.0 + row.synapse_time.0;
    let most = ledger.cores.iter().map(time).max().unwrap_or(0).max(1);
    let core = |row: &quarrion_isa::ledger::CoreRow| {
        let light = 220 - (u128::from(time(row)) * 180 / u128::from(most)) as u32;
        let fill = format!("rgb({light},{light},255)");
        let stripes = vec![(fill, 1)];
        (row.core, CoreMark { stripes, title: format!("{} ns of work", time(row) / 1000) })
    };
    let run: u64 = ledger.samples.iter().map(|sample| sample.time.0).sum();
    let per_time = |amount: u64| ratio(amount as f64, run as f64);
    let planes = u64::from(chip.mesh.planes.count());
    let link = |row: &quarrion_isa::ledger::LinkRow| {
        let busy = figures::share(per_time(row.busy.0 / planes));
        let mut title = format!("{} packets, {} flits, busy {busy}", row.packets, row.flits);
        let found = ledger.queues.binary_search_by_key(&row.link, |queue| queue.link);
        if let Ok(at) = found {
            let queue = &ledger.queues[at];
            let (mean, most) = (per_time(queue.waiting_flit_ps), queue.ahead_flits_max);
            title += &format!(", mean queue {mean:.2} flits, most ahead {most}");
        }
        LinkMark { link: row.link, load: row.packets, title }
    };
    let (cores, links) = (ledger.cores.iter(), ledger.links.iter());
    Sketch {
        chip,
        window: Window::around(chip, cores.clone().map(|c| c.core), links.clone().map(|l| l.link)),
        cores: cores.map(core).collect(),
        idle: "0 ns of work",
        links: links.map(link).collect(),
        legend: Vec::new(),
    }
    .draw()
}

/// Draws where the layers of a network lie as SVG: cores in the colours of their layers, each as
/// wide as its share of the neurons there, links wider and redder the more packets they carry. The
/// legend names the hottest links.
#[must_use]
pub fn draw_placement(chip: &Chip, marks: &PlacementMarks) -> String {
    let colour = |layer: usize| COLOURS[layer % COLOURS.len()];
    let core = |(core, held): &(CoreId, Vec<(usize, u32)>)| {
        let name = |layer: usize| marks.layers.get(layer).map_or("", String::as_str);
        let said: Vec<String> =
            held.iter().map(|&(layer, neurons)| format!("{neurons} of {}", name(layer))).collect();
        let stripes = held.iter().map(|&(layer, neurons)| (colour(layer).to_owned(), neurons));
        (*core, CoreMark { stripes: stripes.collect(), title: said.join(", ") })
    };
    let link = |&(link, packets): &(LinkId, f64)| LinkMark {
        link,
        load: (packets * 1e6).round() as u64,
        title: format!("{packets:.3} packets a timestep"),
    };
    let (cores, links) = (marks.cores.iter(), marks.links.iter());
    let layers = marks.layers.iter().enumerate().map(|(at, name)| (colour(at), name.clone()));
    let mut hottest: Vec<&(LinkId, f64)> = marks.links.iter().collect();
    hottest.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let hottest = hottest.into_iter().take(NAMED).map(|&(link, packets)| {
        (HOT, format!("{}: {packets:.1} packets a timestep", chip.mesh.link_name(link)))
    });
    Sketch {
        chip,
        window: Window::around(chip, cores.clone().map(|c| c.0), links.clone().map(|l| l.0)),
        cores: cores.map(core).collect(),
        idle: "not used",
        links: links.map(link).collect(),
        legend: layers.chain(hottest).collect(),
    }
    .draw()
}

impl Sketch<'_> {
    fn draw(&self) -> String {
        let step = TILE + GAP;
        let (width, board) = (
            2 * MARGIN + self.window.width * step - GAP,
            2 * MARGIN + self.window.height * step - GAP,
        );
        let height = board + LINE * self.legend.len() as u32;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"10\">\n"
        );
        self.draw_tiles(&mut svg);
        self.draw_links(&mut svg);
        for (line, (colour, name)) in (0..).zip(&self.legend) {
            let y = board + line * LINE;
            // Writing to a string cannot fail.
            let _ = writeln!(
                svg,
                "<rect x=\"{MARGIN}\" y=\"{y}\" width=\"10\" height=\"10\" fill=\"{colour}\"/>\
                 <text x=\"{}\" y=\"{}\">{}</text>",
                MARGIN + 14,
                y + 9,
                escape(name)
            );
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn draw_tiles(&self, svg: &mut String) {
        let (chip, window) = (self.chip, &self.window);
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
                let _ = writeln!(
                    svg,
                    "<rect x=\"{left}\" y=\"{top}\" width=\"{TILE}\" height=\"{TILE}\" fill=\"none\" \
                     stroke=\"{port}\"/>"
                );
                let own = cores.get(&tile).map_or(&[][..], Vec::as_slice);
                self.draw_cores(own, (left, top), svg);
            }
        }
    }

    /// The cores of a tile in a square.
    fn draw_cores(&self, cores: &[CoreId], (left, top): (u32, u32), svg: &mut String) {
        let side = (1..).find(|side| side * side >= cores.len()).unwrap_or(1) as u32;
        let pitch = TILE / side.max(1);
        for (slot, core) in (0..).zip(cores) {
            let (x, y) = (left + slot % side * pitch + 2, top + slot / side * pitch + 2);
            let size = pitch.saturating_sub(4).max(1);
            let mark = self.cores.get(core);
            let title = mark.map_or(self.idle, |mark| mark.title.as_str());
            let _ = write!(svg, "<g><title>core {core}: {}</title>", escape(title));
            let idle = [("#f4f4f4".to_owned(), 1)];
            let stripes = mark.map_or(&idle[..], |mark| &mark.stripes);
            let whole: u64 = stripes.iter().map(|stripe| u64::from(stripe.1)).sum();
            let wide = |share: u32| u64::from(share).max(whole.div_ceil(NARROWEST)).max(1);
            let all: u64 = stripes.iter().map(|stripe| wide(stripe.1)).sum();
            let mut before = 0;
            for (fill, share) in stripes {
                // In hundredths of a point, so that stripes join without gaps.
                let at = |sum: u64| u64::from(x) * 100 + u64::from(size) * 100 * sum / all;
                let (from, to) = (at(before), at(before + wide(*share)));
                before += wide(*share);
                let _ = write!(
                    svg,
                    "<rect x=\"{}\" y=\"{y}\" width=\"{}\" height=\"{size}\" fill=\"{fill}\"/>",
                    hundredths(from),
                    hundredths(to - from)
                );
            }
            let _ = writeln!(svg, "</g>");
        }
    }

    fn draw_links(&self, svg: &mut String) {
        let most = self.links.iter().map(|mark| mark.load).max().unwrap_or(0).max(1);
        let mut hottest: Vec<_> = self.links.iter().map(|mark| (mark.load, mark.link)).collect();
        hottest.sort_by_key(|&(load, link)| (std::cmp::Reverse(load), link));
        hottest.truncate(HOTTEST);
        for mark in &self.links {
            let (tile, direction) = self.chip.mesh.link_ends(mark.link);
            let at = self.chip.mesh.position(tile);
            if !self.window.shows(at) {
                continue;
            }
            let (left, top) = self.window.corner(at);
            // Both directions of a pair lie side by side.
            let (third, rest) = (TILE / 3, TILE - TILE / 3);
            let (x1, y1, dx, dy) = match direction {
                Direction::East => (left + TILE, top + third, i64::from(GAP), 0),
                Direction::West => (left, top + rest, -i64::from(GAP), 0),
                Direction::South => (left + rest, top + TILE, 0, i64::from(GAP)),
                Direction::North => (left + third, top, 0, -i64::from(GAP)),
            };
            let (x2, y2) = (i64::from(x1) + dx, i64::from(y1) + dy);
            let width = 1 + mark.load * 5 / most;
            let hot = hottest.iter().any(|&(_, link)| link == mark.link);
            let colour = if hot { HOT } else { "#e0a0a0" };
            let _ = writeln!(
                svg,
                "<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" stroke=\"{colour}\" \
                 stroke-width=\"{width}\"><title>{}: {}</title></line>",
                self.chip.mesh.link_name(mark.link),
                mark.title
            );
        }
    }
}

/// Hundredths of a point as SVG has them.
fn hundredths(value: u64) -> String {
    match value % 100 {
        0 => (value / 100).to_string(),
        rest => format!("{}.{rest:02}", value / 100),
    }
}

/// Text inside an element.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
