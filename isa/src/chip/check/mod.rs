//! The rules on chip files: what is written becomes a chip whose values are always valid.
//!
//! Every broken rule is reported, not the first one alone; rules that build on sizes run only when
//! the sizes hold, so no file can ask for memory before a rule has bounded it.

mod core_type;
mod counts;
mod faults;
mod figures;
mod findings;
mod layout;
mod learning;
mod mesh;
mod price;
mod program;
mod services;
mod synapse;
mod timing;
mod unused;

use super::file::ChipFile;
use super::{Chip, Faults};
use crate::diagnostic::Diagnostic;
use crate::quantity::Picoseconds;
use findings::Findings;

/// The version of the chip file format that this library reads.
pub const FORMAT_VERSION: u32 = 1;

/// Checks a chip file into a chip, with warnings and notes.
///
/// Labels name paths of the file; who read the text adds its name and the spans.
///
/// # Errors
/// Every rule that the file breaks; the chip's author must act.
pub fn check_chip(file: &ChipFile) -> Result<(Chip, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut found = Findings::default();
    check_header(file, &mut found);
    mesh::check_sizes(file, &mut found);
    if file.core_types.is_empty() {
        let message = "`core_types` is empty, but a chip needs a kind of core";
        found.error("QC026", "core_types", message, "describe a core type and name it");
    }
    if found.broken() {
        return Err(found.into_result().err().unwrap_or_default());
    }
    let mesh = mesh::check_mesh(file, &mut found);
    let core_types = file
        .core_types
        .iter()
        .map(|(name, core_type)| core_type::check_core_type(name, core_type, &mut found))
        .collect();
    let synchronisation = timing::check_synchronisation(file, &mut found);
    let host = timing::check_host(file, &mesh, &mut found);
    let prices = price::check_prices(file, &mut found);
    let static_power = price::check_static_power(file, &mut found);
    let area = price::check_area(file, &mut found);
    unused::note_unused(file, &mut found);
    let cores = layout::check_layout(file, &mesh, &mut found);
    let name = file.name.clone();
    let faults = Faults::default();
    let mut chip = Chip {
        name,
        mesh,
        core_types,
        cores,
        synchronisation,
        host,
        prices,
        static_power,
        area,
        faults,
    };
    faults::check_faults(file, &mut chip, &mut found);
    Ok((chip, found.into_result()?))
}

/// Format version and name.
fn check_header(file: &ChipFile, found: &mut Findings) {
    if file.format != FORMAT_VERSION {
        let message = format!(
            "`format` is {}, but this version reads chip files of format {FORMAT_VERSION}",
            file.format
        );
        found.error("QC025", "format", message, format!("write `format: {FORMAT_VERSION}`"));
    }
    let plain = |name: &str| {
        !name.is_empty()
            && name.len() <= 64
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
    };
    let names = std::iter::once(("name".to_owned(), &file.name))
        .chain(file.core_types.keys().map(|name| (format!("core_types.{name}"), name)));
    for (path, name) in names {
        if !plain(name) {
            let message = format!(
                "`{path}` is named {name:?}, but a name has 1 to 64 letters, digits, `-` and `_`"
            );
            found.error("QC026", &path, message, "choose a plain name, such as my-chip_2");
        }
    }
}

/// A clock or timer period: a time that is not zero.
fn period(found: &mut Findings, path: &str, figure_ns: f64) -> Picoseconds {
    let period = figures::time(found, path, figure_ns);
    if period == Picoseconds::ZERO && (0.0..1.0).contains(&figure_ns) {
        let message = format!("`{path}` is {figure_ns}, but a period has at least 0.001 ns");
        found.error("QC038", path, message, "write the period in ns");
    }
    period
}
