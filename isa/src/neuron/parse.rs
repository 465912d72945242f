//! Tokens to a syntax tree: recursive descent with a bounded depth.

use super::lex::{Language, Token, TokenKind, split_tokens};
use super::syntax::{Declaration, Name, Node, NodeKind, StatementNode, Text, WidthNode};
use crate::diagnostic::{Diagnostic, Span};

/// Deepest nesting of brackets, operators and blocks.
const DEEPEST: u32 = 64;

/// Binary operators by rank, loosest first.
const RANKS: [&[&str]; 10] = [
    &["or"],
    &["and"],
    &["==", "!=", "<", "<=", ">", ">="],
    &["|"],
    &["&"],
    &["<<", ">>"],
    &["+", "-"],
    &["*"],
    // Read in learning rules only.
    &["^"],
    &[],
];
/// Rank of the comparisons, which do not chain.
const COMPARISON: usize = 2;

/// Words that start a declaration or statement or are operators, so name nothing else.
pub(super) const RESERVED: [&str; 18] = [
    "program",
    "input",
    "join",
    "state",
    "group",
    "compartment",
    "active",
    "idle",
    "let",
    "when",
    "else",
    "output",
    "spike",
    "and",
    "or",
    "not",
    "wrap",
    "saturate",
];

pub(crate) type Parsed<T> = Result<T, Diagnostic>;

/// Parses a whole text.
///
/// # Errors
/// The first place where the text leaves the grammar; the author of the text acts.
pub(super) fn parse_text(text: &str, source: &str) -> Parsed<Text> {
    let tokens = split_tokens(text, source, Language::Neuron)?;
    Parser::new(&tokens, source).text()
}

/// Reads tokens; the grammar of learning rules is in `learning::parse`.
pub(crate) struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: u32,
    source: &'a str,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(tokens: &'a [Token], source: &'a str) -> Self {
        Self { tokens, at: 0, depth: 0, source }
    }
}

impl Parser<'_> {
    pub(crate) fn peek(&self) -> &Token {
        // The last token is `End` and is never passed.
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    pub(crate) fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    pub(crate) fn is_sign(&self, sign: &str) -> bool {
        matches!(&self.peek().kind, TokenKind::Sign(found) if *found == sign)
    }

    pub(crate) fn is_word(&self, word: &str) -> bool {
        matches!(&self.peek().kind, TokenKind::Name(found) if found == word)
    }

    pub(crate) fn take_sign(&mut self, sign: &str) -> bool {
        let found = self.is_sign(sign);
        self.at += usize::from(found);
        found
    }

    pub(crate) fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    pub(crate) fn wrong(&self, expected: &str) -> Diagnostic {
        let found = self.peek();
        Diagnostic::error("QP003", format!("expected {expected}, found {}", found.describe()))
            .at_span(self.source, found.span, format!("expected {expected}"))
            .help("a line holds one declaration or one statement; the manual shows their forms")
    }

    pub(crate) fn expect_sign(&mut self, sign: &str, expected: &str) -> Parsed<()> {
        if self.take_sign(sign) { Ok(()) } else { Err(self.wrong(expected)) }
    }

    pub(crate) fn expect_word(&mut self, word: &str) -> Parsed<()> {
        if self.take_word(word) { Ok(()) } else { Err(self.wrong(&format!("`{word}`"))) }
    }

    pub(crate) fn name(&mut self, expected: &str) -> Parsed<Name> {
        match &self.peek().kind {
            TokenKind::Name(text) if !RESERVED.contains(&text.as_str()) => {
                let name = Name { text: text.clone(), span: self.peek().span };
                self.at += 1;
                Ok(name)
            }
            _ => Err(self.wrong(expected)),
        }
    }

    fn deeper(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > DEEPEST { Err(self.too_deep(self.peek().span)) } else { Ok(()) }
    }

    fn too_deep(&self, span: Span) -> Diagnostic {
        Diagnostic::error("QP004", format!("nesting goes at most {DEEPEST} deep"))
            .at_span(self.source, span, "too deep here")
            .help("name a part of the expression with `let`")
    }

    pub(crate) fn skip_breaks(&mut self) {
        while self.peek().kind == TokenKind::Break {
            self.at += 1;
        }
    }

    pub(crate) fn end_of_line(&mut self) -> Parsed<()> {
        match self.peek().kind {
            TokenKind::Break => {
                self.skip_breaks();
                Ok(())
            }
            TokenKind::End => Ok(()),
            TokenKind::Sign("}") => Ok(()),
            _ => Err(self.wrong("the end of the line")),
        }
    }

    fn text(&mut self) -> Parsed<Text> {
        self.skip_breaks();
        self.expect_word("program")?;
        let name = self.name("the program's name")?;
        self.end_of_line()?;
        let mut declarations = Vec::new();
        while let Some(declaration) = self.declaration()? {
            self.end_of_line()?;
            declarations.push(declaration);
        }
        let body = self.statements()?;
        if self.peek().kind != TokenKind::End {
            return Err(self.wrong("a statement"));
        }
        Ok(Text { name, declarations, body })
    }

    fn declaration(&mut self) -> Parsed<Option<Declaration>> {
        let start = self.peek().span;
        if self.take_word("input") {
            let name = self.name("the input's name")?;
            let (width, saturate) = self.sum()?;
            return Ok(Some(Declaration::Input { name, width, saturate }));
        }
        if self.take_word("join") {
            let name = self.name("the joined value's name")?;
            let (width, saturate) = self.sum()?;
            return Ok(Some(Declaration::Join { name, width, saturate }));
        }
        if self.take_word("state") {
            let name = self.name("the state word's name")?;
            let width = self.width()?;
            let initial = if self.take_sign("=") { Some(self.expression()?) } else { None };
            return Ok(Some(Declaration::State { name, width, initial }));
        }
        let group = self.is_word("group");
        if group || self.is_word("compartment") {
            self.at += 1;
            return self.parameter(group).map(Some);
        }
        let active = self.is_word("active");
        if active || self.is_word("idle") {
            self.at += 1;
            self.expect_word("when")?;
            let condition = self.expression()?;
            let span = Span { start: start.start, end: condition.span.end };
            return Ok(Some(if active {
                Declaration::Active { span, condition }
            } else {
                Declaration::Idle { span, condition }
            }));
        }
        Ok(None)
    }

    fn parameter(&mut self, group: bool) -> Parsed<Declaration> {
        let name = self.name("the parameter's name")?;
        self.expect_sign(":", "`:` and a range such as 0..4095")?;
        let low = self.expression()?;
        self.expect_sign("..", "`..` and the largest value")?;
        let high = self.expression()?;
        let default = if self.take_sign("=") { Some(self.expression()?) } else { None };
        Ok(Declaration::Parameter { name, group, low, high, default })
    }

    /// The width of a sum, and whether it saturates.
    fn sum(&mut self) -> Parsed<(WidthNode, bool)> {
        let width = self.width()?;
        if self.take_word("saturate") {
            Ok((width, true))
        } else if self.take_word("wrap") {
            Ok((width, false))
        } else {
            Err(self.wrong("`wrap` or `saturate`"))
        }
    }

    pub(crate) fn width(&mut self) -> Parsed<WidthNode> {
        self.expect_sign(":", "`:` and a width such as s24 or u6")?;
        let token = self.peek().clone();
        let TokenKind::Name(text) = &token.kind else {
            return Err(self.wrong("a width such as s24 or u6"));
        };
        let bits = text.get(1..).and_then(|digits| digits.parse().ok());
        let signed = match text.as_bytes()[0] {
            b's' => true,
            b'u' => false,
            _ => return Err(self.wrong("a width such as s24 or u6")),
        };
        let Some(bits) = bits else {
            return Err(self.wrong("a width such as s24 or u6"));
        };
        self.at += 1;
        Ok(WidthNode { signed, bits, span: token.span })
    }

    /// Statements up to `}` or the end of the text.
    fn statements(&mut self) -> Parsed<Vec<StatementNode>> {
        self.deeper()?;
        let mut body = Vec::new();
        self.skip_breaks();
        while !self.is_sign("}") && self.peek().kind != TokenKind::End {
            body.push(self.statement()?);
            self.end_of_line()?;
        }
        self.depth -= 1;
        Ok(body)
    }

    fn statement(&mut self) -> Parsed<StatementNode> {
        let start = self.peek().span;
        if self.take_word("let") {
            let name = self.name("the value's name")?;
            self.expect_sign("=", "`=`")?;
            return Ok(StatementNode::Let { name, value: self.expression()? });
        }
        if self.take_word("when") {
            let condition = self.expression()?;
            let body = self.block()?;
            let otherwise = if self.take_word("else") { self.block()? } else { Vec::new() };
            return Ok(StatementNode::When { condition, body, otherwise });
        }
        if self.take_word("output") {
            let value = self.expression()?;
            let span = Span { start: start.start, end: value.span.end };
            return Ok(StatementNode::Output { span, value });
        }
        if self.take_word("spike") {
            let payload = if self.is_word("when") { None } else { Some(self.expression()?) };
            self.expect_word("when")?;
            let condition = self.expression()?;
            let span = Span { start: start.start, end: condition.span.end };
            let body = if self.is_sign("{") { self.block()? } else { Vec::new() };
            return Ok(StatementNode::Spike { span, payload, condition, body });
        }
        if let TokenKind::Name(word) = &self.peek().kind
            && ["input", "join", "state", "group", "compartment", "active", "idle", "program"]
                .contains(&word.as_str())
        {
            return Err(self.wrong("a statement (declarations come before the first one)"));
        }
        let name = self.name("a declaration or a statement")?;
        self.expect_sign("=", "`=`")?;
        Ok(StatementNode::Assign { name, value: self.expression()? })
    }

    fn block(&mut self) -> Parsed<Vec<StatementNode>> {
        self.expect_sign("{", "`{`")?;
        let body = self.statements()?;
        self.expect_sign("}", "`}`")?;
        Ok(body)
    }

    pub(crate) fn expression(&mut self) -> Parsed<Node> {
        self.ranked(0)
    }

    /// Operators of `rank` and tighter.
    fn ranked(&mut self, rank: usize) -> Parsed<Node> {
        if rank == COMPARISON && self.is_word("not") {
            let start = self.next().span;
            self.deeper()?;
            let operand = self.ranked(rank)?;
            self.depth -= 1;
            return self.operator("not", vec![operand], start);
        }
        let Some(&operators) = RANKS.get(rank).filter(|operators| !operators.is_empty()) else {
            return self.prefixed();
        };
        let mut left = self.ranked(rank + 1)?;
        while let Some(operator) = self.operator_of(operators) {
            self.at += 1;
            let right = self.ranked(rank + 1)?;
            let start = left.span;
            left = self.operator(operator, vec![left, right], start)?;
            if rank == COMPARISON && self.operator_of(operators).is_some() {
                return Err(self.wrong("one comparison (join several with `and`)"));
            }
        }
        Ok(left)
    }

    fn operator_of(&self, operators: &[&'static str]) -> Option<&'static str> {
        let found = match &self.peek().kind {
            TokenKind::Sign(sign) => sign,
            TokenKind::Name(word) => word.as_str(),
            _ => return None,
        };
        operators.iter().copied().find(|operator| *operator == found)
    }

    fn operator(&self, sign: &'static str, operands: Vec<Node>, start: Span) -> Parsed<Node> {
        let end = operands.last().map_or(start, |last| last.span).end;
        self.node(NodeKind::Operator(sign, operands), Span { start: start.start, end })
    }

    fn node(&self, kind: NodeKind, span: Span) -> Parsed<Node> {
        let height = match &kind {
            NodeKind::Operator(_, parts) | NodeKind::Call(_, parts) => {
                1 + parts.iter().map(|part| part.height).max().unwrap_or(0)
            }
            _ => 0,
        };
        if height > DEEPEST { Err(self.too_deep(span)) } else { Ok(Node { kind, span, height }) }
    }

    fn prefixed(&mut self) -> Parsed<Node> {
        self.deeper()?;
        let start = self.peek().span;
        let node = if self.take_sign("-") {
            let operand = self.prefixed()?;
            self.operator("-", vec![operand], start)?
        } else if self.take_sign("(") {
            let mut inner = self.expression()?;
            inner.span = Span { start: start.start, end: self.peek().span.end };
            self.expect_sign(")", "`)`")?;
            inner
        } else if let TokenKind::Number(value) = self.peek().kind {
            self.at += 1;
            self.node(NodeKind::Number(value), start)?
        } else {
            let name = self.name("a value")?;
            if self.take_sign("(") {
                self.call(name)?
            } else {
                self.node(NodeKind::Name(name.text), name.span)?
            }
        };
        self.depth -= 1;
        Ok(node)
    }

    fn call(&mut self, name: Name) -> Parsed<Node> {
        let mut arguments = Vec::new();
        while !self.is_sign(")") {
            arguments.push(self.expression()?);
            if !self.take_sign(",") {
                break;
            }
        }
        let span = Span { start: name.span.start, end: self.peek().span.end };
        self.expect_sign(")", "`,` or `)`")?;
        self.node(NodeKind::Call(name, arguments), span)
    }
}
