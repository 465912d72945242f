//! Diagnostics as plain text with the value that they point at.

use std::fmt::Write;
use std::path::PathBuf;

use quarrion_boards::Sources;
use quarrion_isa::diagnostic::{Diagnostic, Label, Severity};

/// The folder of chip files and golden messages.
pub(super) fn data() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data/chips")
}

/// A diagnostic as golden files hold it.
pub(super) fn render(found: &Diagnostic, sources: &Sources) -> String {
    let severity = match found.severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    };
    let mut text = format!("{severity}[{}]: {}\n", found.code, found.message);
    for label in &found.labels {
        render_label(label, sources, &mut text);
    }
    if let Some(help) = &found.help {
        writeln!(text, "help: {help}").expect("writing to a string");
    }
    text
}

/// A label with line and column, its path, and the first line of what it points at.
fn render_label(label: &Label, sources: &Sources, text: &mut String) {
    write!(text, "  --> {}", label.source).expect("writing to a string");
    if let (Some(span), Some(source)) = (label.span, sources.text(&label.source)) {
        let before = &source[..span.start];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        write!(text, ":{line}:{column}").expect("writing to a string");
        let pointed: String = source[span.start..span.end].lines().next().unwrap_or("").into();
        let pointed: String = pointed.chars().take(60).collect();
        write!(text, " `{pointed}`").expect("writing to a string");
    }
    let path = if label.path.is_empty() { String::new() } else { format!(" {}", label.path) };
    writeln!(text, "{path}: {}", label.text).expect("writing to a string");
}

/// Compares with a golden file, or writes it where `UPDATE` is set.
pub(super) fn golden(name: &str, text: &str) -> Result<(), String> {
    let path = data().join("golden").join(format!("{name}.txt"));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().expect("golden files lie in a folder"))
            .and_then(|()| std::fs::write(&path, text))
            .map_err(|error| format!("{name}: {error}"))?;
        return Ok(());
    }
    let expected = std::fs::read_to_string(&path).map_err(|error| format!("{name}: {error}"))?;
    if expected == text {
        return Ok(());
    }
    Err(format!(
        "{name}: the message is not the golden one.\nexpected:\n{expected}\nfound:\n{text}"
    ))
}
