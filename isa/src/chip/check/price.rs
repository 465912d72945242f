//! Rules on prices, static power and area.

use super::super::file::{ChipFile, ProgramsFile};
use super::super::{Area, PriceTable, StaticPower};
use super::figures;
use super::findings::Findings;
use crate::event::EventKind;

/// The price table; a kind that the file does not price is noted as not modelled.
pub(super) fn check_prices(file: &ChipFile, found: &mut Findings) -> PriceTable {
    let mut table = PriceTable::new();
    for (&kind, price) in &file.prices {
        let path = format!("prices.{}", kind.name());
        table.insert(kind, figures::price(found, &path, price));
    }
    check_kinds(file, found);
    let missing: Vec<&str> = EventKind::ALL
        .iter()
        .filter(|kind| !table.contains_key(kind) && applies(file, **kind))
        .map(|kind| kind.name())
        .collect();
    if !missing.is_empty() {
        found.note("QC092", "prices", format!("energy not modelled: {}", missing.join(", ")));
    }
    table
}

/// Whether the chip has cores that make events of the kind.
fn applies(file: &ChipFile, kind: EventKind) -> bool {
    let (fixed, programmable) = program_kinds(file);
    match kind {
        EventKind::NeuronInactive | EventKind::NeuronActive | EventKind::NeuronSpiking => fixed,
        EventKind::Instruction => programmable,
        EventKind::HopChipEdge => file.mesh.chips_x > 1 || file.mesh.chips_y > 1,
        EventKind::HopEastWest => file.mesh.width > 1,
        EventKind::HopNorthSouth => file.mesh.height > 1,
        EventKind::SynapticUpdate | EventKind::TraceUpdate => {
            file.core_types.values().any(|core| core.learning.is_some())
        }
        _ => true,
    }
}

/// Whether the file has core types with fixed programs, and programmable ones.
fn program_kinds(file: &ChipFile) -> (bool, bool) {
    let fixed = |programs: &ProgramsFile| matches!(programs, ProgramsFile::Fixed(_));
    let mut kinds = (false, false);
    for core_type in file.core_types.values() {
        if fixed(&core_type.programs) { kinds.0 = true } else { kinds.1 = true }
    }
    kinds
}

/// Fixed cores price updates, programmable cores price instructions; never both.
fn check_kinds(file: &ChipFile, found: &mut Findings) {
    let kinds = [
        EventKind::NeuronInactive,
        EventKind::NeuronActive,
        EventKind::NeuronSpiking,
        EventKind::Instruction,
    ];
    let priced = kinds.into_iter().filter(|kind| file.prices.contains_key(kind));
    for kind in priced.filter(|kind| !applies(file, *kind)) {
        let path = format!("prices.{}", kind.name());
        let programs = file
            .core_types
            .keys()
            .next()
            .map_or_else(String::new, |name| format!("core_types.{name}.programs"));
        let rule = if kind == EventKind::Instruction {
            "only programmable cores price instructions, and the chip has none"
        } else {
            "only cores with fixed programs price whole updates, and the chip has none"
        };
        let message = format!("`{path}` is given, but {rule}");
        found.clash("QC055", (&path, &programs), message, format!("drop `{}`", kind.name()));
    }
}

/// Static power, each part where the file gives it.
pub(super) fn check_static_power(file: &ChipFile, found: &mut Findings) -> StaticPower {
    let parts = &file.static_power;
    let missing: Vec<&str> = [
        ("core", parts.core.is_none()),
        ("chip", parts.chip.is_none()),
        ("host", parts.host.is_none()),
    ]
    .iter()
    .filter(|(_, missing)| *missing)
    .map(|&(name, _)| name)
    .collect();
    if !missing.is_empty() {
        let message = format!("static power not modelled: {}", missing.join(", "));
        found.note("QC092", "static_power", message);
    }
    let mut power = |name: &str, part: &Option<super::super::file::PowerFigure>| {
        let path = format!("static_power.{name}.power_mw");
        part.as_ref().map(|figure| figures::power(found, &path, figure.power_mw))
    };
    StaticPower {
        core: power("core", &parts.core),
        chip: power("chip", &parts.chip),
        host: power("host", &parts.host),
    }
}

/// Area, each part where the file gives it.
pub(super) fn check_area(file: &ChipFile, found: &mut Findings) -> Area {
    let mut area = |name: &str, part: &Option<super::super::file::AreaFigure>| {
        let path = format!("area.{name}.area_mm2");
        part.as_ref().map(|figure| figures::area(found, &path, figure.area_mm2))
    };
    Area {
        core_mm2: area("core", &file.area.core),
        die_mm2: area("die", &file.area.die),
        sram_kib_mm2: area("sram_kib", &file.area.sram_kib),
        router_mm2: area("router", &file.area.router),
    }
}
