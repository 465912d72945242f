//! Rules of the body.

use super::declarations::in_words;
use super::{Checker, Reported, Variable};
use crate::diagnostic::Span;
use crate::neuron::program::{Expression, Statement};
use crate::neuron::range::Range;
use crate::neuron::syntax::{Name, Node, StatementNode};

/// Where a statement stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In the body itself.
    Top,
    /// In a `when` or `spike` block.
    Block,
}

impl Checker<'_> {
    /// Checks statements in order; those in error are left out.
    pub(super) fn statements(&mut self, nodes: &[StatementNode], place: Place) -> Vec<Statement> {
        let mut body = Vec::new();
        for node in nodes {
            if let Ok(statement) = self.statement(node, place) {
                body.push(statement);
            }
        }
        body
    }

    fn statement(&mut self, node: &StatementNode, place: Place) -> Result<Statement, Reported> {
        match node {
            StatementNode::Let { name, value } => {
                let value = self.expression(value);
                // The name is known either way, so that one fault is said once.
                let local = self.locals.len();
                self.locals.push(name.text.clone());
                self.declare(name, Variable::Local(local));
                let value = value?;
                self.environment.set(Variable::Local(local), value.range);
                Ok(Statement::Let { local, value })
            }
            StatementNode::Assign { name, value } => self.assign(name, value),
            StatementNode::When { condition, body, otherwise } => {
                let condition = self.expression(condition)?;
                let (body, otherwise) = self.blocks(&condition, body, otherwise);
                Ok(Statement::When { condition, body, otherwise })
            }
            StatementNode::Output { span, value } => self.output(*span, value, place),
            StatementNode::Spike { span, payload, condition, body } => {
                self.spikes += 1;
                if place == Place::Block || self.spikes > 1 {
                    let message = "a program spikes in at most one place, outside of every block";
                    let help = "compute the condition first, then `spike when` it";
                    self.error("QP013", message.into(), *span, "not here", help);
                }
                let condition = self.expression(condition)?;
                let payload = match payload {
                    Some(node) => Some(self.payload(node, &condition)?),
                    None => None,
                };
                let (body, _) = self.blocks(&condition, body, &[]);
                Ok(Statement::Spike { payload, condition, body })
            }
        }
    }

    /// What is handed to the compartment that joins this one.
    fn output(&mut self, span: Span, value: &Node, place: Place) -> Result<Statement, Reported> {
        self.outputs += 1;
        if place == Place::Block || self.outputs > 1 {
            let message = "a program puts out one value, outside of every block";
            let help = "choose with sel(condition, value, 0), then `output` it";
            self.error("QP013", message.into(), span, "not here", help);
        }
        let value = self.expression(value)?;
        if value.range.is_narrow() {
            return Ok(Statement::Output { value });
        }
        let message =
            format!("an output fits 32 bits, but this one can be {}", in_words(value.range));
        let help = "narrow it with clip or wrap32";
        Err(self.error("QP009", message, span, "too wide", help))
    }

    /// The payload is computed only where the condition holds.
    fn payload(&mut self, node: &Node, condition: &Expression) -> Result<Expression, Reported> {
        let before = self.environment.clone();
        self.environment = before.given(condition, true);
        let payload = self.expression(node);
        self.environment = before;
        let payload = payload?;
        if payload.range.is_narrow() {
            return Ok(payload);
        }
        let message =
            format!("a payload fits 32 bits, but this one can be {}", in_words(payload.range));
        let help = "narrow it with clip or wrap32";
        Err(self.error("QP009", message, node.span, "too wide", help))
    }

    /// The statements for a condition that holds, and for one that does not.
    fn blocks(
        &mut self,
        condition: &Expression,
        body: &[StatementNode],
        otherwise: &[StatementNode],
    ) -> (Vec<Statement>, Vec<Statement>) {
        let denied = self.environment.given(condition, false);
        self.environment = self.environment.given(condition, true);
        let body = self.block(body);
        let after_body = std::mem::replace(&mut self.environment, denied);
        let otherwise = self.block(otherwise);
        match condition.range.truth() {
            Some(true) => self.environment = after_body,
            Some(false) => {}
            None => self.environment.join(&after_body),
        }
        (body, otherwise)
    }

    fn block(&mut self, nodes: &[StatementNode]) -> Vec<Statement> {
        let first_local = self.locals.len();
        let body = self.statements(nodes, Place::Block);
        self.leave_scope(first_local);
        body
    }

    fn assign(&mut self, name: &Name, value: &Node) -> Result<Statement, Reported> {
        let checked = self.expression(value);
        let target = match self.symbols.get_mut(&name.text) {
            Some(symbol) => {
                symbol.written = true;
                Some(symbol.variable)
            }
            None => None,
        };
        let state = match target {
            Some(Variable::State(state)) => state,
            Some(_) => {
                let message = format!("only a state word is assigned, but `{}` is none", name.text);
                let help = "declare a state word, or name a value with `let`";
                return Err(self.error("QP007", message, name.span, "assigned here", help));
            }
            None => {
                let message = format!("`{}` is assigned but never declared", name.text);
                let help = format!(
                    "declare it (`state {}: s24`) or name a value (`let {} = ...`)",
                    name.text, name.text
                );
                return Err(self.error("QP005", message, name.span, "unknown", &help));
            }
        };
        let value_range = checked?;
        let word = self.state[state].width.range();
        let fits = word.holds(value_range.range);
        // After an error the word still holds what it may hold.
        let known = if fits { value_range.range } else { word };
        self.environment.set(Variable::State(state), known);
        if fits {
            return Ok(Statement::Assign { state, value: value_range });
        }
        let message = format!(
            "`{}` holds {} to {}, but this can be {}",
            name.text,
            word.low,
            word.high,
            in_words(value_range.range)
        );
        let help = self.narrowing_help(state, word);
        Err(self.error("QP008", message, value.span, "can leave the word", &help))
    }

    fn narrowing_help(&self, state: usize, word: Range) -> String {
        let width = self.state[state].width;
        if width.signed {
            format!("say how it is narrowed: wrap{}(...) or clip(..., low, high)", width.bits)
        } else {
            format!("say how it is narrowed: clip(..., 0, {})", word.high)
        }
    }
}
