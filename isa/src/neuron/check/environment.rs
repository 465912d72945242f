//! What is known of each variable's value at one place of the program.

use std::collections::BTreeMap;

use super::Variable;
use crate::neuron::meaning::{Binary, Unary};
use crate::neuron::program::{Expression, Kind};
use crate::neuron::range::Range;

/// The range of each variable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::neuron) struct Environment {
    ranges: BTreeMap<Variable, Range>,
}

impl Environment {
    /// The range of `variable`; unknown ones (already reported) count as zero.
    pub(in crate::neuron) fn range(&self, variable: Variable) -> Range {
        self.ranges.get(&variable).copied().unwrap_or(Range::exactly(0))
    }

    pub(in crate::neuron) fn set(&mut self, variable: Variable, range: Range) {
        self.ranges.insert(variable, range);
    }

    /// What is known where two ways meet.
    pub(in crate::neuron) fn join(&mut self, other: &Self) {
        for (variable, range) in &mut self.ranges {
            if let Some(theirs) = other.ranges.get(variable) {
                *range = range.union(*theirs);
            }
        }
    }

    /// What is known when `condition` turned out as `outcome`.
    #[must_use]
    pub(in crate::neuron) fn given(&self, condition: &Expression, outcome: bool) -> Self {
        let mut refined = self.clone();
        refined.learn(condition, outcome);
        refined
    }

    fn learn(&mut self, condition: &Expression, outcome: bool) {
        match &condition.kind {
            Kind::Unary(Unary::Not, part) => self.learn(part, !outcome),
            Kind::Binary(Binary::And, parts) if outcome => {
                parts.iter().for_each(|part| self.learn(part, true));
            }
            Kind::Binary(Binary::Or, parts) if !outcome => {
                parts.iter().for_each(|part| self.learn(part, false));
            }
            Kind::Binary(op, parts) => {
                let [left, right] = parts.as_ref();
                if let Some(variable) = variable_of(left) {
                    self.learn_bound(variable, *op, right.range, outcome);
                }
                if let (Some(variable), Some(op)) = (variable_of(right), mirrored(*op)) {
                    self.learn_bound(variable, op, left.range, outcome);
                }
            }
            _ => {
                if let Some(variable) = variable_of(condition) {
                    self.learn_bound(variable, Binary::Unequal, Range::exactly(0), outcome);
                }
            }
        }
    }

    /// `variable op bound` turned out as `outcome`.
    fn learn_bound(&mut self, variable: Variable, op: Binary, bound: Range, outcome: bool) {
        let now = self.range(variable);
        let op = if outcome { Some(op) } else { denied(op) };
        let allowed = match op {
            Some(Binary::Less) => Range { low: i64::MIN, high: bound.high.saturating_sub(1) },
            Some(Binary::LessEqual) => Range { low: i64::MIN, high: bound.high },
            Some(Binary::Greater) => Range { low: bound.low.saturating_add(1), high: i64::MAX },
            Some(Binary::GreaterEqual) => Range { low: bound.low, high: i64::MAX },
            Some(Binary::Equal) => bound,
            Some(Binary::Unequal) if bound.is_single() && bound.low == now.low => {
                Range { low: now.low.saturating_add(1), high: i64::MAX }
            }
            Some(Binary::Unequal) if bound.is_single() && bound.low == now.high => {
                Range { low: i64::MIN, high: now.high.saturating_sub(1) }
            }
            _ => return,
        };
        // No value at all: the place is never reached, and anything may be said of it.
        if let Some(range) = now.overlap(allowed) {
            self.set(variable, range);
        }
    }
}

/// The comparison that holds where `op` does not.
fn denied(op: Binary) -> Option<Binary> {
    Some(match op {
        Binary::Less => Binary::GreaterEqual,
        Binary::LessEqual => Binary::Greater,
        Binary::Greater => Binary::LessEqual,
        Binary::GreaterEqual => Binary::Less,
        Binary::Equal => Binary::Unequal,
        Binary::Unequal => Binary::Equal,
        _ => return None,
    })
}

/// The comparison with its sides exchanged.
fn mirrored(op: Binary) -> Option<Binary> {
    Some(match op {
        Binary::Less => Binary::Greater,
        Binary::LessEqual => Binary::GreaterEqual,
        Binary::Greater => Binary::Less,
        Binary::GreaterEqual => Binary::LessEqual,
        Binary::Equal | Binary::Unequal => op,
        _ => return None,
    })
}

fn variable_of(expression: &Expression) -> Option<Variable> {
    Some(match expression.kind {
        Kind::Input(index) => Variable::Input(index),
        Kind::State(index) => Variable::State(index),
        Kind::Parameter(index) => Variable::Parameter(index),
        Kind::Local(index) => Variable::Local(index),
        _ => return None,
    })
}
