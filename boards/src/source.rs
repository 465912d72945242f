//! The texts that a description was made of, by name.

use quarrion_isa::diagnostic::{Diagnostic, Label, Span};

use crate::tree::{Layer, Node, Origin};

/// One text that a description was made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceText {
    /// Its name in labels: a path as the user gave it, `builtin:NAME`, or `--set`.
    pub name: String,
    /// The text that spans of labels count in.
    pub text: String,
}

/// The texts that a description was made of: base files first, `--set` last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources(Vec<SourceText>);

impl Sources {
    /// The text of the named source.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|source| source.name == name).map(|source| source.text.as_str())
    }

    /// Every text, base files first, `--set` last.
    #[must_use]
    pub fn texts(&self) -> &[SourceText] {
        &self.0
    }

    /// Adds a text on top and returns its layer.
    pub(crate) fn push(&mut self, name: String, text: String) -> Layer {
        self.0.push(SourceText { name, text });
        self.0.len() - 1
    }

    /// The name of a layer.
    pub(crate) fn name(&self, layer: Layer) -> &str {
        self.0.get(layer).map_or("", |source| source.name.as_str())
    }

    /// The line of an origin, from 1.
    pub(crate) fn line(&self, origin: Origin) -> usize {
        let text = self.0.get(origin.layer).map_or("", |source| source.text.as_str());
        let before = text.get(..origin.span.start).unwrap_or_default();
        before.matches('\n').count() + 1
    }

    /// A label at an origin.
    pub(crate) fn label(&self, origin: Origin, path: &str, text: impl Into<String>) -> Label {
        Label {
            source: self.name(origin.layer).to_owned(),
            span: Some(origin.span),
            path: path.to_owned(),
            text: text.into(),
        }
    }

    /// The place of the value at a path; of a value on several lines its name or first bracket.
    pub(crate) fn place(&self, tree: &Node, path: &str) -> Origin {
        let (node, name) = tree.nearest(path);
        let text = self.0.get(node.origin.layer).map_or("", |source| source.text.as_str());
        let span = node.origin.span;
        let lines = text.get(span.start..span.end).is_some_and(|value| value.contains('\n'));
        match name.filter(|name| name.layer == node.origin.layer) {
            _ if !lines => node.origin,
            Some(name) => name,
            None => Origin { span: Span { end: span.start + 1, ..span }, ..node.origin },
        }
    }

    /// Gives labels that name a path only the place where the tree holds that path.
    pub(crate) fn locate(&self, mut diagnostic: Diagnostic, tree: &Node) -> Diagnostic {
        for label in &mut diagnostic.labels {
            if label.source.is_empty() {
                let origin = self.place(tree, &label.path);
                *label = self.label(origin, &label.path, label.text.as_str());
            }
        }
        diagnostic
    }
}
