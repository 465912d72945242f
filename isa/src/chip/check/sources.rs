//! Rules on citations, and notes on what nothing reads yet.

use super::super::file::{ChipFile, HostEntry, RegionHolds, RouterFile};
use super::super::{Multicast, Planes, Routing};
use super::findings::Findings;

/// Every `[key]` in a source is a key of `sources`.
pub(super) fn check_sources(file: &ChipFile, found: &mut Findings) {
    for (path, source) in cited(file) {
        let mut rest = source;
        while let Some((_, after)) = rest.split_once('[') {
            let Some((key, after)) = after.split_once(']') else { break };
            if !file.sources.contains_key(key) {
                let message = format!("`{path}` cites [{key}], but `sources` has no such key");
                let known: Vec<&str> = file.sources.keys().map(String::as_str).collect();
                let help = if known.is_empty() {
                    format!("add `sources: {{ {key:?}: \"…\" }}`")
                } else {
                    format!("add it to `sources`, or cite one of {}", known.join(", "))
                };
                found.error("QC063", &path, message, help);
            }
            rest = after;
        }
    }
}

/// Sources of the figures that carry one, by path.
fn cited(file: &ChipFile) -> Vec<(String, &str)> {
    let mut cited = Vec::new();
    for (path, provenance) in &file.provenance {
        cited.push((format!("provenance.{path}.source"), provenance.source.as_str()));
    }
    for (kind, price) in &file.prices {
        let path = format!("prices.{}", kind.name());
        for (position, law) in price.scaling.iter().enumerate() {
            cited.push((format!("{path}.scaling.{position}.source"), law.source.as_str()));
        }
        cited.push((format!("{path}.source"), price.source.as_str()));
    }
    cited
}

/// Notes on values that no compiler pass, engine or report reads yet.
pub(super) fn note_unused(file: &ChipFile, found: &mut Findings) {
    let mesh = &file.mesh;
    let clocked = matches!(mesh.router, RouterFile::Clocked { .. });
    let core = |given: bool, field: &str| -> Vec<String> {
        let names = file.core_types.keys().filter(|_| given);
        names.map(|name| format!("core_types.{name}.{field}")).collect()
    };
    let learning = file.core_types.values().any(|core| core.learning.is_some());
    let shared = file.core_types.values().any(|core| core.memory_bits.is_some());
    let io = mesh.regions.iter().any(|region| region.holds == RegionHolds::Io);
    let one = |unused: bool, path: &str| if unused { vec![path.to_owned()] } else { Vec::new() };
    let unused = [
        one(mesh.planes != Planes::Single, "mesh.planes"),
        one(mesh.multicast != Multicast::Copies, "mesh.multicast"),
        one(mesh.routing == Routing::Table, "mesh.routing"),
        one(true, "mesh.router.buffer_flits"),
        one(clocked, "mesh.router.virtual_channels"),
        one(clocked, "mesh.router.speculative"),
        one(io, "mesh.regions"),
        one(mesh.links.board.is_some(), "mesh.links.board"),
        one(file.host.entry == HostEntry::Relay, "host.entry"),
        one(file.area != super::super::file::AreaFile::default(), "area"),
        core(learning, "learning"),
        core(shared, "memory_bits"),
    ];
    let unused: Vec<String> = unused.into_iter().flatten().collect();
    for path in unused {
        found.note(
            "QC090",
            &path,
            format!("not used yet: `{path}` is checked, but nothing reads it"),
        );
    }
}
