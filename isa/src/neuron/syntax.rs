//! The syntax tree of a neuron program: names and spans, nothing resolved yet.

use crate::diagnostic::Span;

/// A name with its place.
#[derive(Clone, Debug)]
pub(super) struct Name {
    pub(super) text: String,
    pub(super) span: Span,
}

/// An expression with its place and its height above the leaves.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: NodeKind,
    pub(super) span: Span,
    pub(super) height: u32,
}

/// What an expression is.
#[derive(Clone, Debug)]
pub(super) enum NodeKind {
    Number(i64),
    Name(String),
    Operator(&'static str, Vec<Node>),
    Call(Name, Vec<Node>),
}

/// A width such as `s24` or `u6`.
#[derive(Clone, Copy, Debug)]
pub(super) struct WidthNode {
    pub(super) signed: bool,
    pub(super) bits: u32,
    pub(super) span: Span,
}

/// A declaration.
#[derive(Clone, Debug)]
pub(super) enum Declaration {
    Input { name: Name, width: WidthNode, saturate: bool },
    State { name: Name, width: WidthNode, initial: Option<Node> },
    Parameter { name: Name, group: bool, low: Node, high: Node, default: Option<Node> },
    Active { span: Span, condition: Node },
    Idle { span: Span, condition: Node },
}

/// A statement of the body.
#[derive(Clone, Debug)]
pub(super) enum StatementNode {
    Let { name: Name, value: Node },
    Assign { name: Name, value: Node },
    When { condition: Node, body: Vec<StatementNode>, otherwise: Vec<StatementNode> },
    Spike { span: Span, payload: Option<Node>, condition: Node, body: Vec<StatementNode> },
}

/// A whole text.
#[derive(Clone, Debug)]
pub(super) struct Text {
    pub(super) name: Name,
    pub(super) declarations: Vec<Declaration>,
    pub(super) body: Vec<StatementNode>,
}

impl Text {
    /// The place of `idle when`; of the name where there is none.
    pub(super) fn idle_span(&self) -> Span {
        let idle = self.declarations.iter().find_map(|declaration| match declaration {
            Declaration::Idle { span, .. } => Some(*span),
            _ => None,
        });
        idle.unwrap_or(self.name.span)
    }
}
