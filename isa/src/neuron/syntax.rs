//! The syntax tree of a neuron program: names and spans, nothing resolved yet.

use crate::diagnostic::Span;

/// A name with its place.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) span: Span,
}

/// An expression with its place and its height above the leaves.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) kind: NodeKind,
    pub(crate) span: Span,
    pub(crate) height: u32,
}

/// What an expression is.
#[derive(Clone, Debug)]
pub(crate) enum NodeKind {
    Number(i64),
    Name(String),
    Operator(&'static str, Vec<Node>),
    Call(Name, Vec<Node>),
}

/// A width such as `s24` or `u6`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WidthNode {
    pub(crate) signed: bool,
    pub(crate) bits: u32,
    pub(crate) span: Span,
}

/// A declaration.
#[derive(Clone, Debug)]
pub(crate) enum Declaration {
    Input { name: Name, width: WidthNode, saturate: bool },
    Join { name: Name, width: WidthNode, saturate: bool },
    State { name: Name, width: WidthNode, initial: Option<Node> },
    Parameter { name: Name, group: bool, low: Node, high: Node, default: Option<Node> },
    Active { span: Span, condition: Node },
    Idle { span: Span, condition: Node },
}

/// A statement of the body.
#[derive(Clone, Debug)]
pub(crate) enum StatementNode {
    Let { name: Name, value: Node },
    Assign { name: Name, value: Node },
    When { condition: Node, body: Vec<StatementNode>, otherwise: Vec<StatementNode> },
    Output { span: Span, value: Node },
    Spike { span: Span, payload: Option<Node>, condition: Node, body: Vec<StatementNode> },
}

/// A whole text.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    pub(crate) name: Name,
    pub(crate) declarations: Vec<Declaration>,
    pub(crate) body: Vec<StatementNode>,
}

impl Text {
    /// The place of `idle when`; of the name where there is none.
    pub(crate) fn idle_span(&self) -> Span {
        let idle = self.declarations.iter().find_map(|declaration| match declaration {
            Declaration::Idle { span, .. } => Some(*span),
            _ => None,
        });
        idle.unwrap_or(self.name.span)
    }
}
