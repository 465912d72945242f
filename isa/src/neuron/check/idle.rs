//! What `idle when` says about ranges, and what follows for one update.

use super::statements::Place;
use super::{Checker, Variable};
use crate::neuron::idle::IdleRanges;
use crate::neuron::program::{Checked, Statement};
use crate::neuron::range::Range;
use crate::neuron::syntax::Text;

/// The ranges under `idle when`; `None` where the text has no such condition.
///
/// The text has been checked: this checks it again as if the condition held.
pub(super) fn idle_ranges(text: &Text, checked: &Checked, source: &str) -> Option<IdleRanges> {
    let idle = checked.idle.as_ref()?;
    let mut checker = Checker::new(source);
    checker.declarations(&text.declarations);
    let given = checker.environment.given(idle, true);
    let ranges = |count: usize, variable: fn(usize) -> Variable| -> Vec<Range> {
        (0..count).map(|index| given.range(variable(index))).collect()
    };
    let inputs = ranges(checked.inputs.len(), Variable::Input);
    let state = ranges(checked.state.len(), Variable::State);
    let parameters = ranges(checked.parameters.len(), Variable::Parameter);
    // What the condition makes of the other condition and of the body.
    checker.environment.clone_from(&given);
    let (active, _) = checker.declared_conditions(&text.declarations);
    checker.environment = given;
    let body = checker.statements(&text.body, Place::Top);
    let inactive = active.is_some_and(|active| active.range.truth() == Some(false));
    let silent = body.iter().all(|statement| match statement {
        Statement::Spike { condition, .. } => condition.range.truth() == Some(false),
        Statement::Output { value } => value.range == Range::exactly(0),
        _ => true,
    });
    let unchanged = state.iter().enumerate().all(|(word, before)| {
        let after = checker.environment.range(Variable::State(word));
        let untouched = !checker
            .symbols
            .values()
            .any(|symbol| symbol.variable == Variable::State(word) && symbol.written);
        untouched || (before.is_single() && after == *before)
    });
    Some(IdleRanges { inputs, state, parameters, proved: inactive && silent && unchanged })
}
