//! Place: a core for every part.
//!
//! Parts come in the order of the signal, so cores are taken along a snake through the tiles: one
//! row to the east, the next back to the west. Neighbouring parts lie on neighbouring tiles.

use quarrion_isa::chip::Chip;
use quarrion_isa::id::CoreId;

use super::Draft;
use crate::compile::CompileFailure;
use crate::layout::{CoreMapping, Mapping};

pub(super) fn run(draft: &mut Draft<'_>) -> Result<(), CompileFailure> {
    if draft.options.mapping.is_some() {
        return Ok(());
    }
    let order = snake(draft.chip);
    let mut taken = vec![false; order.len()];
    let mut cores = Vec::with_capacity(draft.parts.len());
    for part in &draft.parts {
        let free = (0..order.len()).find(|&at| {
            !taken[at] && draft.chip.cores[order[at].index()].core_type == part.core_type
        });
        // Partition has counted the cores of every kind.
        let at = free.expect("partition leaves no more parts than cores");
        taken[at] = true;
        cores.push(CoreMapping { core: order[at], slices: part.slices.clone() });
    }
    cores.sort_by_key(|core| core.core);
    draft.mapping = Mapping { cores };
    Ok(())
}

/// All cores along the snake.
fn snake(chip: &Chip) -> Vec<CoreId> {
    let mut order: Vec<CoreId> = (0..chip.cores.len()).map(CoreId::from_index).collect();
    let along = |core: &CoreId| {
        let at = chip.mesh.position(chip.tile_of(*core));
        let x = if at.y.is_multiple_of(2) { at.x } else { chip.mesh.board_width() - 1 - at.x };
        (at.y, x, *core)
    };
    order.sort_by_key(along);
    order
}
