//! Neuron programs: what a compartment computes each timestep, as text.
//!
//! A program is read by [`NeuronProgram::parse`], which checks it completely: a value of this type
//! is in range, bounded in length and free of undefined names. Two interpreters give it meaning,
//! equal bit for bit: [`step_compartment`] walks the tree for one compartment (the reference), and
//! [`step_lane`] runs each instruction over a lane of compartments (the fast one). The language is
//! described in `MANUAL.md` beside this crate; the programs that come with it are in [`library`].

mod check;
mod codes;
mod idle;
mod interpret;
mod lane;
pub(crate) mod lex;
pub mod library;
pub mod meaning;
pub(crate) mod parse;
mod print;
mod program;
mod range;
pub(crate) mod syntax;
mod trace;

pub use codes::CODES;
pub use idle::IdleEvidence;
pub use interpret::{Outcome, default_parameters, is_idle, split_parameters, step_compartment};
pub use lane::{
    Idling, Kernels, LaneInputs, LaneOptions, LaneOutcome, LaneRandom, LaneScratch, LaneState,
    step_lane,
};
pub use program::{Initial, InputDecl, Instructions, ParameterDecl, Scope, StateDecl, Width};
pub use range::Range;
pub use trace::{TraceRow, set_parameters, trace};

pub use crate::delivery::Overflow;
use crate::diagnostic::Diagnostic;
use program::{Checked, Expression, Statement};

/// A neuron program, valid by construction.
#[derive(Clone, Debug)]
pub struct NeuronProgram {
    checked: Checked,
    text: String,
    warnings: Vec<Diagnostic>,
    lane: lane::LaneCode,
    hand: Option<lane::Hand>,
    idle_evidence: Option<idle::IdleEvidence>,
}

impl PartialEq for NeuronProgram {
    fn eq(&self, other: &Self) -> bool {
        self.checked == other.checked
    }
}

impl Eq for NeuronProgram {}

impl NeuronProgram {
    /// Reads and checks a program text; `source` names it in messages.
    ///
    /// # Errors
    /// Every rule that the text breaks (and the warnings); its author must act.
    pub fn parse(text: &str, source: &str) -> Result<Self, Vec<Diagnostic>> {
        let tree = parse::parse_text(text, source).map_err(|diagnostic| vec![diagnostic])?;
        let check::Findings { checked, warnings, idle } = check::check_text(&tree, source)?;
        let text = print::print_program(&checked);
        let lane = lane::lower_program(&checked);
        let hand = lane::Hand::of(&checked);
        let mut program = Self { checked, text, warnings, lane, hand, idle_evidence: None };
        if let Some(ranges) = idle {
            let evidence = idle::confirm(&program, &ranges, tree.idle_span(), source);
            program.idle_evidence = Some(evidence.map_err(|diagnostic| vec![diagnostic])?);
        }
        Ok(program)
    }

    /// The program's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.checked.name
    }

    /// The canonical text, without comments; parsing it gives the same program.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is odd but not wrong: declarations that nothing uses.
    #[must_use]
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// The accumulators that it reads.
    #[must_use]
    pub fn inputs(&self) -> &[InputDecl] {
        &self.checked.inputs[..self.checked.inputs.len() - usize::from(self.checked.joins)]
    }

    /// What it reads from the compartments that it joins.
    #[must_use]
    pub fn joined(&self) -> Option<&InputDecl> {
        self.checked.inputs.last().filter(|_| self.checked.joins)
    }

    /// All that an update reads from outside: the accumulators, then the joined value.
    #[must_use]
    pub fn columns(&self) -> &[InputDecl] {
        &self.checked.inputs
    }

    /// The values that it hands to the compartment that joins it; `None` where it puts out nothing.
    #[must_use]
    pub fn output_range(&self) -> Option<Range> {
        self.checked.body.iter().find_map(|statement| match statement {
            Statement::Output { value } => Some(value.range),
            _ => None,
        })
    }

    /// Its state words.
    #[must_use]
    pub fn state(&self) -> &[StateDecl] {
        &self.checked.state
    }

    /// Its parameters, in the order of declaration.
    #[must_use]
    pub fn parameters(&self) -> &[ParameterDecl] {
        &self.checked.parameters
    }

    /// The position of the state word called `name`.
    #[must_use]
    pub fn state_index(&self, name: &str) -> Option<usize> {
        self.state().iter().position(|word| word.name == name)
    }

    /// The position of the parameter called `name`.
    #[must_use]
    pub fn parameter_index(&self, name: &str) -> Option<usize> {
        self.parameters().iter().position(|parameter| parameter.name == name)
    }

    /// The position of the input called `name`.
    #[must_use]
    pub fn input_index(&self, name: &str) -> Option<usize> {
        self.inputs().iter().position(|input| input.name == name)
    }

    /// What the state words hold before the first timestep, given all parameters in order.
    #[must_use]
    pub fn initial_state(&self, parameters: &[i32]) -> Vec<i32> {
        let value = |word: &StateDecl| match word.initial {
            Initial::Constant(value) => value,
            Initial::Parameter(index) => parameters[index],
        };
        self.state().iter().map(value).collect()
    }

    /// Instructions of an update.
    #[must_use]
    pub fn instruction_count(&self) -> Instructions {
        program::count_instructions(&self.checked.body)
    }

    /// State bits of a compartment.
    #[must_use]
    pub fn state_bits(&self) -> u32 {
        self.state().iter().map(|word| word.width.bits).sum()
    }

    /// Bits of the parameters of one scope.
    #[must_use]
    pub fn parameter_bits(&self, scope: Scope) -> u32 {
        let own = self.parameters().iter().filter(|parameter| parameter.scope == scope);
        own.map(ParameterDecl::bits).sum()
    }

    /// Whether it says when a compartment needs no update.
    #[must_use]
    pub fn has_idle(&self) -> bool {
        self.checked.idle.is_some()
    }

    /// Why its `idle when` is believed, if it has one.
    #[must_use]
    pub fn idle_evidence(&self) -> Option<IdleEvidence> {
        self.idle_evidence
    }

    /// Whether the fast engine has a hand-written kernel for it: it is a shipped program of which
    /// there is one, in everything but its name.
    #[must_use]
    pub fn has_kernel(&self) -> bool {
        self.hand.is_some()
    }

    /// How many calls of `rand` the text has; each draws once an update.
    #[must_use]
    pub fn random_calls(&self) -> u32 {
        self.checked.sites
    }

    /// Bits that carry every payload of the program; 0 where spikes are binary.
    #[must_use]
    pub fn payload_bits(&self) -> u32 {
        let Some(payloads) = self.payload_range() else { return 0 };
        let signed = payloads.low < 0;
        let fits = |bits: &u32| Range::of_width(*bits, signed).holds(payloads);
        (1..i32::BITS).find(fits).unwrap_or(i32::BITS)
    }

    /// The values that a spike's payload can take; `None` where spikes are binary or absent.
    #[must_use]
    pub fn payload_range(&self) -> Option<Range> {
        self.checked.body.iter().find_map(|statement| match statement {
            Statement::Spike { payload: Some(Expression { range, .. }), .. } => Some(*range),
            _ => None,
        })
    }
}
