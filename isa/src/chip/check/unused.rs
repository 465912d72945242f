//! Notes on what nothing reads yet.

use super::super::file::{ChipFile, HostEntry, RegionHolds, RouterFile};
use super::super::{Multicast, Planes, Routing};
use super::findings::Findings;

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
