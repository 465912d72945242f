//! The checked program: everything in it is resolved, in range and bounded.

use super::meaning::{Binary, Unary};
use super::range::Range;
use crate::delivery::Overflow;

/// Bits of a word and whether one of them is the sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Width {
    /// Bits, 1..=32.
    pub bits: u32,
    /// Whether the word is two's complement (`s24`) or counts from zero (`u6`).
    pub signed: bool,
}

impl Width {
    /// The values that the word holds.
    #[must_use]
    pub const fn range(self) -> Range {
        Range::of_width(self.bits, self.signed)
    }
}

/// An input: what delivery, or the joined compartments, hand over each timestep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputDecl {
    /// Its name.
    pub name: String,
    /// The values that it may take.
    pub width: Width,
    /// What is done with a sum beyond its width.
    pub overflow: Overflow,
}

/// What a state word holds before the first timestep of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Initial {
    /// A number.
    Constant(i32),
    /// The value of the parameter at this position of [`super::NeuronProgram::parameters`].
    Parameter(usize),
}

/// A state word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateDecl {
    /// Its name.
    pub name: String,
    /// Its width.
    pub width: Width,
    /// What it starts from.
    pub initial: Initial,
}

/// Who shares a parameter's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All compartments of one group.
    Group,
    /// Nobody: each compartment has its own.
    Compartment,
}

/// A parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterDecl {
    /// Its name.
    pub name: String,
    /// Who shares its value.
    pub scope: Scope,
    /// Its position among the parameters of the same scope.
    pub slot: usize,
    /// The values that it may take; they fit an `i32`.
    pub range: Range,
    /// Its value where nobody gives one.
    pub default: i32,
}

impl ParameterDecl {
    /// Bits that the range needs.
    #[must_use]
    pub const fn bits(&self) -> u32 {
        let positive = 64 - self.range.high.leading_zeros();
        let negative = 64 - (-(self.range.low + 1)).leading_zeros();
        if self.range.low >= 0 {
            positive
        } else if positive > negative || self.range.high < 0 {
            positive + 1
        } else {
            negative + 1
        }
    }
}

/// Instructions of one update; each operator is one, and so is a copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Instructions {
    /// Those of every update.
    pub update: u32,
    /// Those that an update with a spike executes on top.
    pub spike: u32,
}

/// A checked expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expression {
    pub(super) kind: Kind,
    /// The values that it can take.
    pub(super) range: Range,
}

/// What a checked expression is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Constant(i64),
    Input(usize),
    State(usize),
    Parameter(usize),
    Local(usize),
    Unary(Unary, Box<Expression>),
    Binary(Binary, Box<[Expression; 2]>),
    /// Condition, value if true, value if false.
    Select(Box<[Expression; 3]>),
    /// Value, low, high.
    Clip(Box<[Expression; 3]>),
    /// Bits, and which call of the text this is.
    Random {
        bits: u32,
        site: u32,
    },
}

impl Expression {
    /// The operands.
    pub(super) fn parts(&self) -> &[Expression] {
        match &self.kind {
            Kind::Unary(_, part) => std::slice::from_ref(part),
            Kind::Binary(_, parts) => parts.as_slice(),
            Kind::Select(parts) | Kind::Clip(parts) => parts.as_slice(),
            Kind::Constant(_)
            | Kind::Input(_)
            | Kind::State(_)
            | Kind::Parameter(_)
            | Kind::Local(_)
            | Kind::Random { .. } => &[],
        }
    }

    /// Operators in it.
    pub(super) fn instructions(&self) -> u32 {
        let own = match self.kind {
            Kind::Constant(_)
            | Kind::Input(_)
            | Kind::State(_)
            | Kind::Parameter(_)
            | Kind::Local(_) => 0,
            _ => 1,
        };
        own + self.parts().iter().map(Self::instructions).sum::<u32>()
    }
}

/// A checked statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Statement {
    Let { local: usize, value: Expression },
    Output { value: Expression },
    Assign { state: usize, value: Expression },
    When { condition: Expression, body: Vec<Statement>, otherwise: Vec<Statement> },
    Spike { payload: Option<Expression>, condition: Expression, body: Vec<Statement> },
}

/// Everything that a text says, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Checked {
    pub(super) name: String,
    /// The accumulators, then the joined value.
    pub(super) inputs: Vec<InputDecl>,
    /// Whether the last of the inputs comes from joined compartments.
    pub(super) joins: bool,
    pub(super) state: Vec<StateDecl>,
    pub(super) parameters: Vec<ParameterDecl>,
    pub(super) locals: Vec<String>,
    pub(super) active: Option<Expression>,
    pub(super) idle: Option<Expression>,
    pub(super) body: Vec<Statement>,
    /// Calls of `rand` in the text.
    pub(super) sites: u32,
}

/// Instructions of an update.
pub(super) fn count_instructions(body: &[Statement]) -> Instructions {
    let mut total = Instructions::default();
    for statement in body {
        match statement {
            Statement::Spike { payload, condition, body } => {
                total.update += condition.instructions();
                let payload = payload.as_ref().map_or(0, Expression::instructions);
                total.spike += 1 + payload + body.iter().map(length).sum::<u32>();
            }
            other => total.update += length(other),
        }
    }
    total
}

/// Instructions of a statement that is no spike.
fn length(statement: &Statement) -> u32 {
    match statement {
        Statement::Let { value, .. }
        | Statement::Output { value }
        | Statement::Assign { value, .. } => value.instructions().max(1),
        Statement::When { condition, body, otherwise } => {
            condition.instructions() + body.iter().chain(otherwise).map(length).sum::<u32>()
        }
        Statement::Spike { .. } => 0,
    }
}
