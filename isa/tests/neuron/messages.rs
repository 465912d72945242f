//! One text per message: each differs from `good.neuron` in one place, and its golden text says
//! what the checker answers. `UPDATE_GOLDEN=1` writes the golden texts anew, to be read and judged.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use quarrion_isa::diagnostic::{Diagnostic, Severity, Span};
use quarrion_isa::neuron::{CODES, NeuronProgram};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/neuron")
}

/// Line and column, both from 1.
fn place(text: &str, at: usize) -> String {
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.len() - before.rfind('\n').map_or(0, |newline| newline + 1) + 1;
    format!("{line}:{column}")
}

pub(super) fn render(text: &str, diagnostics: &[Diagnostic]) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        let severity = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        let Diagnostic { code, message, .. } = diagnostic;
        writeln!(out, "{severity}[{code}]: {message}").expect("a string");
        for label in &diagnostic.labels {
            let Span { start, end } = label.span.expect("a place in the text");
            let part = &text[start..end];
            writeln!(out, "  {} `{part}`: {}", place(text, start), label.text).expect("a string");
        }
        if let Some(help) = &diagnostic.help {
            writeln!(out, "  help: {help}").expect("a string");
        }
    }
    out
}

#[test]
fn every_message_equals_its_golden_text() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let good = std::fs::read_to_string(folder().join("good.neuron")).expect("good.neuron");
    let program = NeuronProgram::parse(&good, "good.neuron").expect("the good text is good");
    assert_eq!(program.warnings(), []);
    let mut seen = BTreeSet::new();
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder())
        .expect("the folder of texts")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "neuron"))
        .collect();
    paths.sort();
    for path in &paths {
        let name = path.file_stem().expect("a name").to_string_lossy();
        if name == "good" {
            continue;
        }
        let text = std::fs::read_to_string(path).expect("a text");
        let diagnostics = match NeuronProgram::parse(&text, &name) {
            Ok(program) => program.warnings().to_vec(),
            Err(diagnostics) => diagnostics,
        };
        let code = &name[..5];
        assert!(diagnostics.iter().any(|each| each.code == code), "{name}: {diagnostics:#?}");
        seen.extend(diagnostics.iter().map(|diagnostic| diagnostic.code));
        let golden = path.with_extension("txt");
        let rendered = render(&text, &diagnostics);
        if update {
            std::fs::write(&golden, &rendered).expect("the golden text is written");
        }
        let expected = std::fs::read_to_string(&golden).expect("a golden text");
        assert_eq!(rendered, expected, "{name}");
    }
    // Tracing and delivery have no texts of their own; their messages are tested beside them.
    let parts: BTreeSet<&str> =
        CODES.iter().map(|entry| entry.code).filter(|code| *code < "QP030").collect();
    assert_eq!(seen, parts, "every code has a text, and every text a listed code");
}
