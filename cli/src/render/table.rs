//! Tables without lines.

use comfy_table::{CellAlignment, Table, presets};

/// How a column is aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// A table without lines, one line of text a row, indented by two.
#[must_use]
pub fn aligned(columns: &[(&str, Side)], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if columns.iter().any(|(name, _)| !name.is_empty()) {
        table.set_header(columns.iter().map(|(name, _)| *name));
    }
    table.add_rows(rows);
    for (column, (_, side)) in table.column_iter_mut().zip(columns) {
        column.set_cell_alignment(match side {
            Side::Left => CellAlignment::Left,
            Side::Right => CellAlignment::Right,
        });
    }
    table.lines().map(|line| format!(" {}\n", line.trim_end())).collect()
}
