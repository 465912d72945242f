//! One compartment at a time, straight from the checked tree: slow and obvious.
//!
//! This is what a program *means*. Every faster way is tested against it.

use super::NeuronProgram;
use super::meaning::{binary, clip, unary};
use super::program::{Expression, Kind, Scope, Statement};

/// What one update of one compartment did besides changing its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whether the compartment counts as active: `active when` on the state before the update.
    pub active: bool,
    /// The payload of the spike, if it spiked; 1 where the program names none.
    pub spike: Option<i32>,
    /// What it hands to the compartment that joins it; 0 where the program puts nothing out.
    pub output: i32,
}

/// Updates one compartment.
///
/// # Shape
/// `state`, `inputs` (the joined value last) and `parameters` are in the order of the
/// declarations; every value must lie in its declared range. `random` gives 32 random bits for a
/// call of `rand`, which is named by its position in the text.
pub fn step_compartment(
    program: &NeuronProgram,
    state: &mut [i32],
    inputs: &[i32],
    parameters: &[i32],
    random: &mut dyn FnMut(u32) -> u32,
) -> Outcome {
    let checked = &program.checked;
    debug_assert_eq!(state.len(), checked.state.len());
    debug_assert_eq!(inputs.len(), checked.inputs.len());
    debug_assert_eq!(parameters.len(), checked.parameters.len());
    let locals = vec![0; checked.locals.len()];
    let mut step = Step { state, inputs, parameters, locals, random, spike: None, output: 0 };
    let active = checked.active.as_ref().is_none_or(|condition| step.value(condition) != 0);
    step.run(&checked.body);
    Outcome { active, spike: step.spike, output: step.output }
}

/// Whether the program says that the compartment needs no update.
#[must_use]
pub fn is_idle(program: &NeuronProgram, state: &[i32], inputs: &[i32], parameters: &[i32]) -> bool {
    let Some(condition) = &program.checked.idle else { return false };
    let mut state = state.to_vec();
    let mut random = |_| 0;
    let mut step = Step {
        state: &mut state,
        inputs,
        parameters,
        locals: Vec::new(),
        random: &mut random,
        spike: None,
        output: 0,
    };
    step.value(condition) != 0
}

struct Step<'a> {
    state: &'a mut [i32],
    inputs: &'a [i32],
    parameters: &'a [i32],
    locals: Vec<i64>,
    random: &'a mut dyn FnMut(u32) -> u32,
    spike: Option<i32>,
    output: i32,
}

impl Step<'_> {
    fn run(&mut self, body: &[Statement]) {
        for statement in body {
            match statement {
                Statement::Let { local, value } => self.locals[*local] = self.value(value),
                Statement::Output { value } => self.output = narrow(self.value(value)),
                Statement::Assign { state, value } => {
                    self.state[*state] = narrow(self.value(value));
                }
                Statement::When { condition, body, otherwise } => {
                    let chosen = if self.value(condition) != 0 { body } else { otherwise };
                    self.run(chosen);
                }
                Statement::Spike { payload, condition, body } => {
                    if self.value(condition) != 0 {
                        let payload = payload.as_ref().map_or(1, |payload| self.value(payload));
                        self.spike = Some(narrow(payload));
                        self.run(body);
                    }
                }
            }
        }
    }

    fn value(&mut self, expression: &Expression) -> i64 {
        match &expression.kind {
            Kind::Constant(value) => *value,
            Kind::Input(index) => self.inputs[*index].into(),
            Kind::State(index) => self.state[*index].into(),
            Kind::Parameter(index) => self.parameters[*index].into(),
            Kind::Local(index) => self.locals[*index],
            Kind::Unary(op, part) => unary(*op, self.value(part)),
            Kind::Binary(op, parts) => {
                let [x, y] = parts.as_ref();
                let x = self.value(x);
                binary(*op, x, self.value(y))
            }
            Kind::Select(parts) => {
                let [condition, x, y] = parts.as_ref();
                if self.value(condition) != 0 { self.value(x) } else { self.value(y) }
            }
            Kind::Clip(parts) => {
                let [x, low, high] = parts.as_ref();
                let x = self.value(x);
                let low = self.value(low);
                clip(x, low, self.value(high))
            }
            Kind::Random { bits, site } => {
                let draw = (self.random)(*site);
                i64::from(draw >> (32 - bits))
            }
        }
    }
}

/// The checker has proved that the value fits.
fn narrow(value: i64) -> i32 {
    debug_assert!(i32::try_from(value).is_ok(), "the checker proved that {value} fits");
    value as i32
}

/// Default parameter values in the order of the declarations.
#[must_use]
pub fn default_parameters(program: &NeuronProgram) -> Vec<i32> {
    program.parameters().iter().map(|parameter| parameter.default).collect()
}

/// Splits parameter values in declaration order by who shares them: group, compartment.
#[must_use]
pub fn split_parameters(program: &NeuronProgram, values: &[i32]) -> (Vec<i32>, Vec<i32>) {
    let of = |scope: Scope| {
        let pairs = program.parameters().iter().zip(values);
        pairs.filter(|(decl, _)| decl.scope == scope).map(|(_, value)| *value).collect()
    };
    (of(Scope::Group), of(Scope::Compartment))
}
