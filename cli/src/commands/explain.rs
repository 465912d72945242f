//! `explain CODE`: the rule behind a message.

use quarrion_isa::diagnostic::{CodeEntry, Diagnostic};
use serde_json::json;

use crate::args::{ExplainArgs, Format};
use crate::failure::Failure;
use crate::render::chip::pretty;
use crate::render::table::{Side, aligned};
use crate::terminal::Terminal;

/// Columns of an explanation.
const WIDTH: usize = 90;

/// Every code of every part, in order.
#[must_use]
pub fn all_codes() -> Vec<&'static CodeEntry> {
    let tables = [
        quarrion_boards::CODES,
        quarrion_isa::codes::CODES,
        quarrion_compiler::codes::CODES,
        quarrion_emulator::codes::CODES,
        quarrion_emulator::mesh::codes::CODES,
        quarrion_reference::CODES,
        quarrion_report::CODES,
        crate::CODES,
    ];
    let mut codes: Vec<&CodeEntry> = tables.into_iter().flatten().collect();
    codes.sort_by_key(|entry| entry.code);
    codes
}

/// Explains one code, or lists them all.
///
/// # Errors
/// QU003: there is no such code.
pub fn run(args: &ExplainArgs, terminal: &Terminal) -> Result<(), Failure> {
    let codes = all_codes();
    let Some(code) = &args.code else {
        return terminal.result(&list(&codes, terminal.format));
    };
    let wanted = code.to_ascii_uppercase();
    let Some(entry) = codes.iter().find(|entry| entry.code == wanted) else {
        let found = Diagnostic::error("QU003", format!("there is no code {wanted:?}"))
            .at("explain", "", "asked for here")
            .help("`quarrion explain` without a code lists them all");
        return Err(found.into());
    };
    terminal.result(&match terminal.format {
        Format::Json => pretty(&in_json(entry)),
        Format::Human => {
            format!("{}: {}\n\n{}\n", entry.code, entry.title, wrapped(entry.explanation))
        }
    })
}

fn list(codes: &[&CodeEntry], format: Format) -> String {
    match format {
        Format::Json => {
            pretty(&codes.iter().map(|entry| in_json(entry)).collect::<Vec<_>>().into())
        }
        Format::Human => {
            let row = |entry: &&CodeEntry| vec![entry.code.to_owned(), entry.title.to_owned()];
            let columns = [("code", Side::Left), ("rule", Side::Left)];
            aligned(&columns, codes.iter().map(row).collect())
        }
    }
}

fn in_json(entry: &CodeEntry) -> serde_json::Value {
    json!({ "code": entry.code, "title": entry.title, "explanation": entry.explanation })
}

/// Breaks a paragraph into lines.
fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.last_mut().filter(|line| line.len() + 1 + word.len() <= WIDTH);
        match last {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
            None => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}
