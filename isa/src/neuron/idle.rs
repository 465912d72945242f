//! Is `idle when` true? First a proof by ranges, then a search for a counterexample.

use super::NeuronProgram;
use super::interpret::{is_idle, step_compartment};
use super::program::Checked;
use super::range::Range;
use crate::diagnostic::{Diagnostic, Span};
use crate::random::{Counter, Purpose, draw};

/// Why skipping an idle compartment is believed to change nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdleEvidence {
    /// The ranges leave no other outcome.
    Proved,
    /// So many random cases in which the condition held, and none against it.
    Searched {
        /// Cases in which the condition held.
        cases: u32,
    },
}

/// Cases that the search tries.
const TRIES: u32 = 4000;

/// The ranges of the inputs, state words and parameters where the condition can hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct IdleRanges {
    pub(super) inputs: Vec<Range>,
    pub(super) state: Vec<Range>,
    pub(super) parameters: Vec<Range>,
    /// Whether the ranges alone show that an idle update changes nothing.
    pub(super) proved: bool,
}

/// Confirms the condition, or shows values against it.
///
/// # Errors
/// A case in which an idle compartment changes, spikes or counts as active; the text's author acts.
pub(super) fn confirm(
    program: &NeuronProgram,
    ranges: &IdleRanges,
    span: Span,
    source: &str,
) -> Result<IdleEvidence, Diagnostic> {
    if ranges.proved {
        return Ok(IdleEvidence::Proved);
    }
    let mut cases = 0;
    for case in 0..TRIES {
        let mut dice = Dice { case, rolls: 0 };
        let parameters = dice.values(&ranges.parameters);
        let inputs = dice.values(&ranges.inputs);
        let before = dice.values(&ranges.state);
        if !is_idle(program, &before, &inputs, &parameters) {
            continue;
        }
        cases += 1;
        let mut after = before.clone();
        let mut random = |_| dice.roll();
        let did = step_compartment(program, &mut after, &inputs, &parameters, &mut random);
        if after == before && did.spike.is_none() && !did.active && did.output == 0 {
            continue;
        }
        let consequence = if did.spike.is_some() {
            "the update spikes".into()
        } else if did.active {
            "the compartment counts as active".into()
        } else if did.output != 0 {
            format!("the update puts out {}", did.output)
        } else {
            let changed = before.iter().zip(&after).position(|(before, after)| before != after);
            let word = changed.unwrap_or(0);
            format!("the update makes `{}` {}", program.state()[word].name, after[word])
        };
        let values = describe(&program.checked, &before, &inputs, &parameters);
        let message = format!("`idle when` holds for {values}, but {consequence}");
        return Err(Diagnostic::error("QP020", message)
            .at_span(source, span, "not idle")
            .help("ask for more in the condition, or leave it out"));
    }
    if cases > 0 {
        return Ok(IdleEvidence::Searched { cases });
    }
    let message = format!("`idle when` held in none of {TRIES} cases, so it cannot be confirmed");
    Err(Diagnostic::error("QP020", message)
        .at_span(source, span, "never seen to hold")
        .help("ask for less in the condition, or leave it out"))
}

fn describe(checked: &Checked, state: &[i32], inputs: &[i32], parameters: &[i32]) -> String {
    let inputs = checked.inputs.iter().map(|decl| &decl.name).zip(inputs);
    let state = checked.state.iter().map(|decl| &decl.name).zip(state);
    let parameters = checked.parameters.iter().map(|decl| &decl.name).zip(parameters);
    let all = inputs.chain(state).chain(parameters);
    let values: Vec<String> = all.map(|(name, value)| format!("{name} = {value}")).collect();
    values.join(", ")
}

/// Values for one case of the search, the same in every run.
struct Dice {
    case: u32,
    rolls: u32,
}

impl Dice {
    fn roll(&mut self) -> u32 {
        self.rolls += 1;
        let at = Counter { ordinal: self.case, draw: self.rolls, ..Counter::default() };
        draw(0, Purpose::Stimulus, at)
    }

    fn values(&mut self, ranges: &[Range]) -> Vec<i32> {
        ranges.iter().map(|range| self.value(*range)).collect()
    }

    /// Bounds, zero and small numbers often; they are where conditions turn.
    fn value(&mut self, range: Range) -> i32 {
        let span = range.high.abs_diff(range.low).saturating_add(1);
        let anywhere = range.low + (u64::from(self.roll()) % span) as i64;
        let value = match self.roll() % 8 {
            0 => range.low,
            1 => range.high,
            2..=4 => 0,
            5 => anywhere >> (self.roll() % 32),
            _ => anywhere,
        };
        // The range of a declaration fits 32 bits.
        value.clamp(range.low, range.high) as i32
    }
}
