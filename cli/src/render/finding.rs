//! Findings as text that points at its source, or as JSON, one object a line.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};
use quarrion_isa::diagnostic::{Diagnostic, Label, Severity};

use crate::texts::Texts;

/// Columns that a message may take.
const WIDTH: usize = 100;
/// A label without text in its source is said in words.
const MARK: AnnotationKind = AnnotationKind::Primary;

/// Whether findings are coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// On a terminal.
    Always,
    /// In a file, or with `NO_COLOR`.
    Never,
}

/// A finding for people.
#[must_use]
pub fn to_text(finding: &Diagnostic, texts: &Texts, colour: Colour) -> String {
    let renderer = match colour {
        Colour::Always => Renderer::styled(),
        Colour::Never => Renderer::plain(),
    };
    let renderer = renderer.term_width(WIDTH).decor_style(DecorStyle::Ascii);
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(finding.message.as_str()).id(finding.code);
    let places = finding.labels.iter().flat_map(|label| elements(label, texts));
    let help = finding.help.as_deref().map(|help| Level::HELP.message(help).into());
    let group: Group<'_> = title.elements(places.chain(help).collect::<Vec<Element<'_>>>());
    let mut text = renderer.render(&[group]);
    text.push('\n');
    text
}

/// A finding for programs: one line.
#[must_use]
pub fn to_json(finding: &Diagnostic) -> String {
    let mut text = serde_json::to_string(finding)
        .expect("a finding is plain text and numbers, which always serialise");
    text.push('\n');
    text
}

/// The place of a label: its line of text, or its name alone.
fn elements<'a>(label: &'a Label, texts: &'a Texts) -> Vec<Element<'a>> {
    let span = label.span.and_then(|span| {
        let text = texts.find(&label.source)?;
        let start = floor_boundary(text, span.start);
        let end = floor_boundary(text, span.end).max(start);
        Some((text, start..end))
    });
    if let Some((text, range)) = span {
        let mark = MARK.span(range).label(label.text.as_str());
        let snippet = Snippet::source(text).path(label.source.as_str()).annotation(mark);
        return vec![snippet.into()];
    }
    let inside = if label.path.is_empty() { String::new() } else { format!(": {}", label.path) };
    let origin = Origin::path(format!("{}{inside}", label.source));
    vec![origin.into(), Level::NOTE.no_name().message(label.text.as_str()).into()]
}

/// The last character boundary of the text at or before a byte.
fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
