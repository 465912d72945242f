//! Chips as tables and as JSON.

use std::collections::BTreeMap;

use quarrion_boards::{FigureRow, LoadedChip};
use quarrion_isa::chip::{Chip, Synchronisation};
use serde_json::json;

use super::table::{Side, aligned};
use crate::args::Format;

/// Longest source that a table shows whole.
const SOURCE_COLUMNS: usize = 60;

/// A value in which two chips differ: path, left, right; `None` where one has no such value.
pub type Difference = (String, Option<String>, Option<String>);

/// One line a chip.
#[must_use]
pub fn list(chips: &[LoadedChip], format: Format) -> String {
    match format {
        Format::Human => {
            let row = |loaded: &LoadedChip| {
                let name = loaded.chip.name.clone();
                vec![name, loaded.chip.cores.len().to_string(), loaded.file.about.clone()]
            };
            let columns = [("chip", Side::Left), ("cores", Side::Right), ("about", Side::Left)];
            aligned(&columns, chips.iter().map(row).collect())
        }
        Format::Json => pretty(&chips.iter().map(identity).collect::<Vec<_>>().into()),
    }
}

/// What `chip check` says of a good chip.
#[must_use]
pub fn verdict(loaded: &LoadedChip, [warnings, notes]: [usize; 2], format: Format) -> String {
    match format {
        Format::Human => format!(
            "{}: a valid chip of {}; {warnings} warnings, {notes} notes\n",
            loaded.chip.name,
            extent(&loaded.chip)
        ),
        Format::Json => {
            let mut value = identity(loaded);
            value["warnings"] = warnings.into();
            value["notes"] = notes.into();
            pretty(&value)
        }
    }
}

/// Every value with its source and standing.
#[must_use]
pub fn figures(loaded: &LoadedChip, rows: &[&FigureRow], format: Format) -> String {
    match format {
        Format::Human => {
            let line = |row: &&FigureRow| {
                let source = row.source.as_deref().unwrap_or("-");
                vec![
                    row.path.clone(),
                    row.value.clone(),
                    row.standing.clone().unwrap_or_else(|| "-".into()),
                    shortened(source),
                ]
            };
            let columns = ["value", "", "standing", "source"].map(|name| (name, Side::Left));
            let about = &loaded.file.about;
            let head = format!("{}: {}\n{about}\n\n", loaded.chip.name, extent(&loaded.chip));
            head + &aligned(&columns, rows.iter().map(line).collect())
        }
        Format::Json => {
            let mut value = identity(loaded);
            let rows = rows.iter().map(|row| {
                json!({
                    "path": row.path,
                    "value": row.value,
                    "standing": row.standing,
                    "source": row.source,
                    "set_in": row.set_in,
                })
            });
            value["figures"] = rows.collect::<Vec<_>>().into();
            pretty(&value)
        }
    }
}

/// The values in which two chips differ, in the order of the first chip's, then the second's.
#[must_use]
pub fn differences(left: &LoadedChip, right: &LoadedChip) -> Vec<Difference> {
    let by_path = |loaded: &LoadedChip| -> BTreeMap<String, String> {
        loaded.provenance.iter().map(|row| (row.path.clone(), row.value.clone())).collect()
    };
    let (lefts, rights) = (by_path(left), by_path(right));
    let mine = left.provenance.iter().map(|row| &row.path);
    let theirs = right.provenance.iter().map(|row| &row.path);
    let new = theirs.filter(|path| !lefts.contains_key(*path));
    mine.chain(new)
        .filter(|path| lefts.get(*path) != rights.get(*path))
        .map(|path| (path.clone(), lefts.get(path).cloned(), rights.get(path).cloned()))
        .collect()
}

/// The difference of two chips.
#[must_use]
pub fn diff(differences: &[Difference], chips: [&LoadedChip; 2], format: Format) -> String {
    let [left, right] = chips.map(|loaded| loaded.chip.name.as_str());
    match format {
        Format::Human if differences.is_empty() => format!("{left} and {right} do not differ\n"),
        Format::Human => {
            let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".into());
            let row =
                |(path, left, right): &Difference| vec![path.clone(), shown(left), shown(right)];
            let columns = [("value", Side::Left), (left, Side::Right), (right, Side::Right)];
            aligned(&columns, differences.iter().map(row).collect())
        }
        Format::Json => {
            let row = |(path, left, right): &Difference| json!({ "path": path, "left": left, "right": right });
            let rows: Vec<_> = differences.iter().map(row).collect();
            pretty(&json!({ "left": left, "right": right, "differences": rows }))
        }
    }
}

/// Name and size of a chip.
fn identity(loaded: &LoadedChip) -> serde_json::Value {
    let mesh = &loaded.chip.mesh;
    json!({
        "chip": loaded.chip.name,
        "about": loaded.file.about,
        "cores": loaded.chip.cores.len(),
        "chips": mesh.chips_x * mesh.chips_y,
        "tiles": mesh.tiles(),
    })
}

fn extent(chip: &Chip) -> String {
    let mesh = &chip.mesh;
    let cores = chip.cores.len();
    let cores = if cores == 1 { "1 core".into() } else { format!("{cores} cores") };
    let synchronisation = match chip.synchronisation {
        Synchronisation::Barrier(_) => "a barrier",
        Synchronisation::GlobalTick { .. } => "a global tick",
        Synchronisation::FreeRunning { .. } => "timers of its own",
    };
    let (width, height) = (mesh.board_width(), mesh.board_height());
    format!("{cores} on {width} x {height} tiles with {synchronisation}")
}

fn shortened(source: &str) -> String {
    if source.chars().count() <= SOURCE_COLUMNS {
        return source.into();
    }
    let mut text: String = source.chars().take(SOURCE_COLUMNS - 3).collect();
    text.push_str("...");
    text
}

/// JSON with a newline at its end.
#[must_use]
pub fn pretty(value: &serde_json::Value) -> String {
    format!("{value:#}\n")
}
