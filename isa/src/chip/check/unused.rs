//! Notes on what nothing reads yet.

use super::super::file::{AreaFile, ChipFile, CoreTypeFile, HostEntry, ProgramsFile, RegionHolds};
use super::findings::Findings;

/// Notes on values that no compiler pass, engine or report reads yet.
pub(super) fn note_unused(file: &ChipFile, found: &mut Findings) {
    let mesh = &file.mesh;
    let io = mesh.regions.iter().any(|region| region.holds == RegionHolds::Io);
    let one = |unused: bool, path: &str| if unused { vec![path.to_owned()] } else { Vec::new() };
    let core = |unused: fn(&CoreTypeFile) -> bool, field: &str| -> Vec<String> {
        let types = file.core_types.iter().filter(|(_, core_type)| unused(core_type));
        types.map(|(name, _)| format!("core_types.{name}.{field}")).collect()
    };
    let cycles = |core_type: &CoreTypeFile| match &core_type.programs {
        ProgramsFile::Programmable { cycles, .. } => !cycles.is_empty(),
        ProgramsFile::Fixed(_) => false,
    };
    let unused = [
        one(io, "mesh.regions"),
        one(mesh.links.board.is_some(), "mesh.links.board"),
        one(file.host.entry == HostEntry::Relay, "host.entry"),
        one(file.area != AreaFile::default(), "area"),
        core(|core_type| core_type.memory_bits.is_some(), "memory_bits"),
        core(cycles, "programs.cycles"),
        core(|core_type| core_type.threshold_configurations.is_some(), "threshold_configurations"),
        core(|core_type| core_type.list_formats.is_some(), "list_formats"),
        core(|core_type| core_type.destination_groups.is_some(), "destination_groups"),
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
