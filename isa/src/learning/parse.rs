//! The grammar of a rule, on the tokens and expressions of neuron programs.

use crate::diagnostic::{Diagnostic, Span};
use crate::neuron::lex::{Language, TokenKind, split_tokens};
use crate::neuron::parse::{Parsed, Parser};
use crate::neuron::syntax::{Name, Node, WidthNode};

/// A line of a rule.
pub(super) enum Line {
    /// `epoch N`.
    Epoch { span: Span, steps: Node },
    /// `trace NAME: WIDTH, impulse N, tau N`.
    Trace(TraceLine),
    /// `tag t: WIDTH`.
    Tag { name: Name, width: WidthNode },
    /// `reward r: WIDTH from host` or `from compartment WORD`.
    Reward { name: Name, width: WidthNode, word: Option<Name> },
    /// `weights mixed`.
    Mixed,
    /// `dw = SUM`.
    Change { name: Name, value: Node },
}

/// The declaration of a trace.
pub(super) struct TraceLine {
    pub(super) name: Name,
    pub(super) width: WidthNode,
    pub(super) impulse: Node,
    pub(super) tau: Option<Node>,
    pub(super) decay: Option<Node>,
}

/// A whole text.
pub(super) struct RuleText {
    pub(super) name: Name,
    pub(super) lines: Vec<Line>,
}

/// Parses a whole text.
///
/// # Errors
/// The first place where the text leaves the grammar; the author of the text acts.
pub(super) fn parse_rule(text: &str, source: &str) -> Parsed<RuleText> {
    let tokens = split_tokens(text, source, Language::Rule)?;
    Parser::new(&tokens, source).rule()
}

impl Parser<'_> {
    fn rule(&mut self) -> Parsed<RuleText> {
        self.skip_breaks();
        self.expect_word("rule")?;
        let name = self.name("the rule's name")?;
        self.end_of_line()?;
        let mut lines = Vec::new();
        while self.peek().kind != TokenKind::End {
            lines.push(self.line()?);
            if self.is_sign("}") {
                return Err(self.stray());
            }
            self.end_of_line()?;
        }
        Ok(RuleText { name, lines })
    }

    fn stray(&self) -> Diagnostic {
        self.wrong("a declaration or a change such as `dw = ...`")
    }

    fn line(&mut self) -> Parsed<Line> {
        let start = self.peek().span;
        if self.take_word("epoch") {
            let steps = self.expression()?;
            return Ok(Line::Epoch {
                span: Span { start: start.start, end: steps.span.end },
                steps,
            });
        }
        if self.take_word("trace") {
            return self.trace_line().map(Line::Trace);
        }
        if self.take_word("tag") {
            let name = self.name("`t`")?;
            return Ok(Line::Tag { name, width: self.width()? });
        }
        if self.take_word("reward") {
            return self.reward_line();
        }
        if self.take_word("weights") {
            self.expect_word("mixed")?;
            return Ok(Line::Mixed);
        }
        let name = self.name("a declaration or a change such as `dw = ...`")?;
        self.expect_sign("=", "`=`")?;
        Ok(Line::Change { name, value: self.expression()? })
    }

    fn trace_line(&mut self) -> Parsed<TraceLine> {
        let name = self.name("a trace: x1, x2, y1, y2 or y3")?;
        let width = self.width()?;
        self.expect_sign(",", "`,` and the impulse")?;
        self.expect_word("impulse")?;
        let mut line =
            TraceLine { name, width, impulse: self.expression()?, tau: None, decay: None };
        if self.take_sign(",") {
            if self.take_word("tau") {
                line.tau = Some(self.expression()?);
            } else if self.take_word("decay") {
                line.decay = Some(self.expression()?);
            } else {
                return Err(self.wrong("`tau` or `decay`"));
            }
        }
        Ok(line)
    }

    fn reward_line(&mut self) -> Parsed<Line> {
        let name = self.name("`r`")?;
        let width = self.width()?;
        self.expect_word("from")?;
        let word = if self.take_word("host") {
            None
        } else if self.take_word("compartment") {
            Some(self.name("a state word or parameter")?)
        } else {
            return Err(self.wrong("`host` or `compartment` and a word"));
        };
        Ok(Line::Reward { name, width, word })
    }
}
